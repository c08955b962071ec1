"""What the fields of a letter say, in a form that can be compared and sorted, and whether it makes sense.

Nothing is guessed: what makes no sense is told as such, with the reason.
"""

import difflib
import re
from dataclasses import dataclass

import jdatetime

from zoo.text.normalise import ascii_digits, folded, single_spaced

LABELS = {  # of the fields, as they are printed
    "number": ("شماره", "شماره نامه", "ش"),
    "date": ("تاریخ", "مورخ", "تاریخ نامه"),
    "attachment": ("پیوست", "پیوست‌ها", "ضمیمه"),
    "title": ("موضوع",),
}
ALIKE = 0.75  # share of two labels that is the same (Ratcliff & Obershelp) when one is the other, badly read
MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
DASHES = "-", "ـ", "--"
NONE = "ندارد", *DASHES, ""
# of what is attached: so many sheets, pages, copies, volumes or items; or whether anything is
UNITS = "برگ", "صفحه", "نسخه", "جلد", "فقره", "مورد"
COUNTS = "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده"
ATTACHED = "دارد", "ندارد", "به", "شرح", "متن", "ذیل"
USUAL = re.compile(rf"دارد|به شرح (?:متن|ذیل)|(?:\d+|{'|'.join(COUNTS)}) (?:{'|'.join(UNITS)})")
ENDING = re.compile(r"^(?:نامه?|ها)?[\s:…]*(?=\W|\d|$)")  # of a label, which may be found as part of the value
LABELLED = re.compile(r"([^\s:\d]+(?: نامه)?)[\s:.…،]*")  # what a line begins with that begins with a label
NEAR, APART = 0.6, 0.15  # likeness of a misread word to the one that is meant, and how far it is from any other
JALALI, GREGORIAN = range(1300, 1500), range(1900, 2100)  # years of either calendar
TURN = 30  # of two digits, years from here on are of the 1300s, those before of the 1400s


@dataclass(frozen=True)
class Value:
    """What a field says.

    Attributes:
        text: as it is printed, in logical order.
        normal: the same to compare and sort by: ASCII digits; of a date the day in the Persian calendar, YYYY/MM/DD; of
            an attachment "" where there is none.
        gregorian: of a date the same day as YYYY-MM-DD, else "".
        problem: why it makes no sense, in a sentence, or "".
    """

    text: str
    normal: str
    gregorian: str = ""
    problem: str = ""


def label(text: str) -> str:
    """The field that a text is the label of, though a letter of it be wrong; "" for none.

    >>> label("تاریخ :"), label("شمازه")
    ('date', 'number')
    """
    known = {folded(one): name for name, every in LABELS.items() for one in every}
    near = difflib.get_close_matches(folded(text).strip(" :.-…"), known, 1, ALIKE)
    return known[near[0]] if near else ""


def number(text: str) -> Value:
    """A letter's number."""
    normal = re.sub(r"\s*([-/.])\s*", r"\1", ascii_digits(text).strip())
    return Value(text, normal, problem="" if re.search(r"\d", normal) else "There is no digit in it.")


def meant(word: str, known: tuple[str, ...]) -> str:
    """The one of the known words that another is, a letter of it misread; itself where it is like none or like two.

    >>> meant("بههن", MONTHS), meant("تهر", MONTHS)
    ('بهمن', 'تهر')
    """
    if word in known:
        return word
    like = sorted(((difflib.SequenceMatcher(None, word, one).ratio(), one) for one in known), reverse=True)
    return like[0][1] if like[0][0] >= NEAR and like[0][0] - like[1][0] >= APART else word


def bare(field: str, text: str) -> str:
    """A value as it was read, without the end of its label and the dots that it stands on.

    >>> bare("number", "نامه: ۱۲/۳...")
    '۱۲/۳'
    """
    return text if field == "title" else re.sub(r"(?<=\w)[\s.:…]+$", "", ENDING.sub("", text))


def labelled(field: str, text: str) -> str | None:
    """The value on a line that begins with its field's label; None where it does not.

    >>> labelled("number", "شمازه نامه: ۱۲/۳"), labelled("date", "شماره: ۱۲/۳")
    ('۱۲/۳', None)
    """
    found = LABELLED.match(text)
    return bare(field, text[found.end() :]) if found and label(found[1]) == field else None


def mended(field: str, text: str) -> str:
    """A value in which words that can only be others there are those: months, and what is attached.

    They stand apart from digits.

    >>> mended("attachment", "دو یرگ"), mended("date", "۲۱بههن ۱۴۰۰")
    ('دو برگ', '۲۱ بهمن ۱۴۰۰')
    """
    known = {"date": (*MONTHS, "ماه"), "attachment": (*UNITS, *COUNTS, *ATTACHED)}.get(field, ())
    if not known:
        return text
    apart = re.sub(r"\u200c|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)", " ", text)
    return re.sub(r"[^\W\d]+", lambda found: meant(folded(found[0]), known), apart)


def attachment(text: str) -> Value:
    """What is attached; anything but what is usual is to be looked at."""
    normal = single_spaced(text)
    if normal in NONE:
        return Value(text, "")
    return Value(text, normal, problem="" if USUAL.fullmatch(normal) else "It is no usual attachment.")


def date(text: str) -> Value:
    """A date of either calendar, in figures or with a Persian month's name, the year or the day first.

    >>> date("۲۰ دی ۱۳۹۷").gregorian
    '2019-01-10'
    """
    plain = single_spaced(text)
    if found := re.fullmatch(rf"(\d{{1,2}}) ?({'|'.join(MONTHS)}) ?(?:ماه )?(\d{{4}}|\d{{2}})", plain):
        parts = [found[3], str(MONTHS.index(found[2]) + 1).zfill(len(found[1])), found[1]]
    elif found := re.fullmatch(r"(\d{1,4}) ?([-/.]) ?(\d{1,2}) ?\2 ?(\d{1,4})", plain):
        parts = [found[1], found[3], found[4]]
        if len(parts[2]) == 4:
            parts.reverse()
    else:
        return Value(text, plain, problem="It is no date.")
    year, month, day = map(int, parts)
    if len(parts[0]) <= 2:
        year += 1300 if year >= TURN else 1400
    try:
        if year in JALALI:
            own = jdatetime.date(year, month, day)
            other = own.togregorian()
        elif year in GREGORIAN:
            own = jdatetime.date.fromgregorian(year=year, month=month, day=day)
            other = own.togregorian()
        else:
            raise ValueError
    except ValueError:
        return Value(text, plain, problem="There is no such day.")
    filled = {len(part) == 2 for part in parts[1:] if int(part) < 10}  # with a zero before a lone digit, or not
    cut = "A digit of it may be missing." if len(filled) > 1 else ""
    return Value(text, own.strftime("%Y/%m/%d"), other.isoformat(), cut)
