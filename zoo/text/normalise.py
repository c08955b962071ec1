"""Texts in a form in which they can be compared: one for each purpose."""

import unicodedata

FOLDED = str.maketrans("٠١٢٣٤٥٦٧٨٩يكىة", "۰۱۲۳۴۵۶۷۸۹یکیه")
ASCII_DIGITS = str.maketrans("۰۱۲۳۴۵۶۷۸۹", "0123456789")


def folded(text: str) -> str:
    """A Persian text in which Arabic digits and ي, ك, ى and ة are their Persian look-alikes."""
    return text.translate(FOLDED)


def ascii_digits(text: str) -> str:
    """A folded text with ASCII digits: ٣ and ۳ are both 3."""
    return folded(text).translate(ASCII_DIGITS)


def single_spaced(text: str) -> str:
    """A folded text with ASCII digits and single spaces."""
    return " ".join(ascii_digits(text).split())


def searchable(text: str) -> str:
    """A text normalised for search: `single_spaced`, in lower case, each zero-width non-joiner replaced by a space."""
    return single_spaced(text.replace("\N{ZERO WIDTH NON-JOINER}", " ")).casefold()


def plain(text: str) -> str:
    """A text as scene-text benchmarks compare it: letters and digits only, lower case; digits of any script in ASCII.

    A text of other signs alone stays as it is.
    """
    kept = (c for c in folded(text.lower()) if c.isalnum())
    return "".join(str(unicodedata.decimal(c, c)) for c in kept) or text
