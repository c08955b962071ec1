"""Values of a letter's fields: cleaned, normalised to compare and sort, and checked.

A value that makes no sense carries the reason.
"""

import difflib
import re
from dataclasses import dataclass

import jdatetime

from zoo.text import direction
from zoo.text.normalise import ascii_digits, folded, single_spaced

LABELS = {  # printed labels of each field
    "number": ("شماره", "شماره نامه", "ش"),
    "date": ("تاریخ", "مورخ", "تاریخ نامه"),
    "attachment": ("پیوست", "پیوست‌ها", "ضمیمه"),
    "title": ("موضوع",),
}
ALIKE = 0.75  # least similarity (Ratcliff & Obershelp) of a misread label to the printed one
MONTHS = (
    "فروردین", "اردیبهشت", "خرداد", "تیر", "مرداد", "شهریور", "مهر", "آبان", "آذر", "دی", "بهمن", "اسفند",
)  # fmt: skip
DASHES = "-", "ـ", "--"
NONE = "ندارد", *DASHES, ""
# words of attachments: sheets, pages, copies, volumes and items, with their counts; whether there is any
UNITS = "برگ", "صفحه", "نسخه", "جلد", "فقره", "مورد"
COUNTS = "یک", "دو", "سه", "چهار", "پنج", "شش", "هفت", "هشت", "نه", "ده"
ATTACHED = "دارد", "ندارد", "به", "شرح", "متن", "ذیل"
USUAL = re.compile(rf"دارد|به شرح (?:متن|ذیل)|(?:\d+|{'|'.join(COUNTS)}) (?:{'|'.join(UNITS)})")
ENDING = re.compile(r"^(?:نامه?|ها)?[\s:…]*(?=\W|\d|$)")  # the end of a label before a value
START = re.compile(r"([^\s:\d]+(?: نامه)?)[\s:.…،]*")  # the first words of a line that may be a label
NEAR = 0.6  # least similarity of a misspelled word to the known one
APART = 0.15  # least lead in similarity over the second known word
JALALI, GREGORIAN = range(1300, 1500), range(1900, 2100)  # years of either calendar
TURN = 30  # years of two digits: from here on 13xx, below 14xx


@dataclass(frozen=True)
class Value:
    """The value of a field.

    Attributes:
        text: as printed, in logical order.
        normal: normalised, with ASCII digits; a date as YYYY/MM/DD of the Persian calendar; "" for no attachment.
        gregorian: a date as YYYY-MM-DD; "" for other fields.
        problem: why the value makes no sense, in a sentence, or "".
    """

    text: str
    normal: str
    gregorian: str = ""
    problem: str = ""


def label(text: str) -> str:
    """The field that a label names, even if a letter is misread; "" if `text` is no label.

    >>> label("تاریخ :"), label("شمازه")
    ('date', 'number')
    """
    known = {folded(one): name for name, every in LABELS.items() for one in every}
    nearest = difflib.get_close_matches(folded(text).strip(" :.-…"), known, 1, ALIKE)
    return known[nearest[0]] if nearest else ""


def number(text: str) -> Value:
    """The number of a letter, without spaces around its signs."""
    normal = re.sub(r"\s*([-/.])\s*", r"\1", ascii_digits(text).strip())
    return Value(text, normal, problem="" if re.search(r"\d", normal) else "There is no digit in it.")


def nearest_word(word: str, known: tuple[str, ...]) -> str:
    """The known word that `word` misspells; `word` itself if none or several are close.

    >>> nearest_word("بههن", MONTHS), nearest_word("تهر", MONTHS)
    ('بهمن', 'تهر')
    """
    if word in known:
        return word
    ranked = sorted(((difflib.SequenceMatcher(None, word, one).ratio(), one) for one in known), reverse=True)
    (best, nearest), (second, _) = ranked[:2]
    return nearest if best >= NEAR and best - second >= APART else word


def without_label(field: str, text: str) -> str:
    """A value without the end of its label before it and the dots of a form behind it.

    >>> without_label("number", "نامه: ۱۲/۳...")
    '۱۲/۳'
    """
    if field == "title":
        return text
    if (label_end := ENDING.match(text)) and label_end[0]:
        text = direction.end(text, label_end.end())
    return re.sub(r"(?<=\w)[\s.:…]+$", "", text)


def after_label(field: str, text: str) -> str | None:
    """The value on a line that begins with the label of `field`; None if it begins otherwise.

    >>> after_label("number", "شمازه نامه: ۱۲/۳"), after_label("date", "شماره: ۱۲/۳")
    ('۱۲/۳', None)
    """
    start = START.match(text)
    if start is None or label(start[1]) != field:
        return None
    return without_label(field, direction.end(text, start.end()))


def correct_words(field: str, text: str) -> str:
    """Corrects misspelled months and words of attachments, and separates words from digits.

    >>> correct_words("attachment", "دو یرگ"), correct_words("date", "۲۱بههن ۱۴۰۰")
    ('دو برگ', '۲۱ بهمن ۱۴۰۰')
    """
    known = {"date": (*MONTHS, "ماه"), "attachment": (*UNITS, *COUNTS, *ATTACHED)}.get(field, ())
    if not known:
        return text
    separate = re.sub(r"\u200c|(?<=\d)(?=[^\W\d])|(?<=[^\W\d])(?=\d)", " ", text)
    return re.sub(r"[^\W\d]+", lambda match: nearest_word(folded(match[0]), known), separate)


def attachment(text: str) -> Value:
    """An attachment; an unusual one has a problem."""
    normal = single_spaced(text)
    if normal in NONE:
        return Value(text, "")
    return Value(text, normal, problem="" if USUAL.fullmatch(normal) else "It is no usual attachment.")


def date(text: str) -> Value:
    """A date of the Persian or Gregorian calendar: digits or a Persian month's name, year or day first.

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
            persian = jdatetime.date(year, month, day)
        elif year in GREGORIAN:
            persian = jdatetime.date.fromgregorian(year=year, month=month, day=day)
        else:
            raise ValueError
        gregorian = persian.togregorian()
    except ValueError:
        return Value(text, plain, problem="There is no such day.")
    padded = {len(part) == 2 for part in parts[1:] if int(part) < 10}  # below 10: with a leading zero?
    problem = "A digit of it may be missing." if len(padded) > 1 else ""
    return Value(text, persian.strftime("%Y/%m/%d"), gregorian.isoformat(), problem)
