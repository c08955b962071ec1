"""What Persian business letters say: numbers, dates, attachments, titles, names, sentences.

Digits are ASCII here; `shaped` converts them to Persian or Arabic digits.
"""

import re
import zlib
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np

from training.data.persian import ARABIC_DIGITS, DIGITS, LETTERS, other_words
from training.data.texts import one_of
from zoo.letter.values import MONTHS

Rng = np.random.Generator
Shape = Literal["persian", "arabic", "latin"]  # of digits
SHAPES: dict[Shape, str] = {"persian": DIGITS, "arabic": ARABIC_DIGITS, "latin": "0123456789"}
JOINT = "\N{ZERO WIDTH NON-JOINER}"
PRESENT, ABSENT = ("دارد", "یک برگ", "دو برگ", "یک جلد", "به شرح متن"), ("ندارد", "-", "")
KINDS = "شرکت", "سازمان", "بانک", "موسسه", "اداره کل", "دانشگاه", "بیمه", "شهرداری", "وزارت", "مرکز"
GREETINGS = "با سلام و احترام", "با سلام", "سلام علیکم", "با احترام", "با درود فراوان"
CLOSINGS = "با تشکر", "با احترام", "و من الله التوفیق", "پیشاپیش از همکاری شما سپاسگزارم"
HONOURS = "جناب آقای", "سرکار خانم", "مدیریت محترم", "ریاست محترم", "همکار گرامی"
POSTS = "مدیر عامل", "معاون اداری", "رئیس هیئت مدیره", "مدیر مالی", "رئیس دفتر", "کارشناس مسئول"
HEADS = "بسمه تعالی", "به نام خدا", "باسمه تعالی"


@cache
def dictionary(held_out: bool) -> tuple[str, ...]:
    """Persian words of 2 to 12 letters of the npm package dictionary-fa (Lilak, Apache-2.0); one in twenty held out.

    Raises:
        FileNotFoundError: it is not installed.
    """
    path = Path(__file__).parents[1] / "node_modules" / "dictionary-fa" / "index.dic"
    if not path.exists():
        raise FileNotFoundError("the Persian word list is not installed; run: make fonts")
    spelled = re.compile(rf"(?=.{{2,12}}$)[{LETTERS}]+(?:{JOINT}[{LETTERS}]+)?")
    words = (line.split("/")[0] for line in path.read_text(encoding="utf-8").splitlines()[1:])
    return tuple(w for w in dict.fromkeys(words) if spelled.fullmatch(w) and _held_out(w) == held_out)


def _held_out(word: str) -> bool:
    return zlib.crc32(word.encode()) % 20 == 0


def shaped(text: str, shape: Shape) -> str:
    """A text with its ASCII digits in another shape."""
    return text.translate(str.maketrans("0123456789", SHAPES[shape]))


def digits(rng: Rng, fewest: int, most: int) -> str:
    """A random number of `fewest` to `most` digits, without leading zeros."""
    count = int(rng.integers(fewest, most + 1))
    return str(int(rng.integers(10 ** (count - 1), 10**count)))


def year(rng: Rng) -> int:
    """A year of the Persian calendar."""
    return int(rng.integers(1368, 1406))


def number(rng: Rng) -> str:
    """The number of a letter, as an office's register has it."""
    letter = one_of(rng, "الفبجدصمنط".replace("الف", "")) if rng.random() < 0.7 else "الف"
    short = f"{year(rng) % 100:02}"
    forms = (
        digits(rng, 2, 7), f"{short}/{digits(rng, 2, 5)}", f"{digits(rng, 2, 5)}/{short}",
        f"{year(rng)}/{digits(rng, 2, 5)}",
        f"{letter}/{digits(rng, 2, 5)}", f"{digits(rng, 2, 5)}/{letter}", f"{short}/{letter}/{digits(rng, 2, 5)}",
        f"{digits(rng, 1, 3)}-{digits(rng, 2, 5)}", f"{digits(rng, 1, 3)}/{digits(rng, 1, 3)}/{digits(rng, 2, 5)}",
    )  # fmt: skip
    return forms[rng.choice(9, p=(0.2, 0.16, 0.12, 0.12, 0.08, 0.08, 0.08, 0.08, 0.08))]


def date(rng: Rng) -> str:
    """A letter's date: mostly of the Persian calendar, in figures or with the month's name."""
    y, m, d = year(rng), int(rng.integers(1, 13)), int(rng.integers(1, 30))
    forms = (
        f"{y}/{m:02}/{d:02}", f"{y % 100:02}/{m:02}/{d:02}", f"{y}/{m}/{d}", f"{y}-{m:02}-{d:02}", f"{y}.{m:02}.{d:02}",
        f"{d} {MONTHS[m - 1]} {y}", f"{d:02}/{m:02}/{y}", f"{y + 621}/{m:02}/{min(d, 28):02}",
    )  # fmt: skip
    return forms[rng.choice(8, p=(0.4, 0.14, 0.1, 0.06, 0.04, 0.14, 0.06, 0.06))]


def attachment(rng: Rng) -> str:
    """What is attached; "" where the place stays empty."""
    if rng.random() < 0.2:
        return f"{rng.integers(1, 30)} {one_of(rng, ('برگ', 'صفحه', 'نسخه'))}"
    return one_of(rng, PRESENT if rng.random() < 0.4 else ABSENT)


VALUES = {"number": number, "date": date, "attachment": attachment}


def word(rng: Rng, held_out: bool) -> str:
    """A random word: one common in business letters, or one of the dictionary."""
    if rng.random() < 0.35:
        return one_of(rng, other_words())
    return one_of(rng, dictionary(held_out))


def words(rng: Rng, count: int, held_out: bool) -> str:
    return " ".join(word(rng, held_out) for _ in range(count))


def title(rng: Rng, held_out: bool) -> str:
    """What a letter is about, in a line."""
    return words(rng, int(rng.integers(2, 6)), held_out)


def sentence(rng: Rng, held_out: bool) -> str:
    """Words with a number, a date or brackets at times, and a full stop."""
    words = [word(rng, held_out) for _ in range(int(rng.integers(6, 20)))]
    place = int(rng.integers(len(words)))
    kind = rng.random()
    if kind < 0.15:
        words[place] = number(rng)
    elif kind < 0.25:
        words[place] = f"{year(rng)}/{rng.integers(1, 13):02}/{rng.integers(1, 30):02}"
    elif kind < 0.35:
        words[place] = f"({words[place]})"
    elif kind < 0.6:
        words[place] += "،"
    return " ".join(words) + "."


def organisation(rng: Rng, held_out: bool) -> str:
    """An organisation's name."""
    return f"{one_of(rng, KINDS)} {words(rng, int(rng.integers(1, 4)), held_out)}"


def person(rng: Rng, held_out: bool) -> str:
    return words(rng, 2, held_out)


def address(rng: Rng, held_out: bool) -> str:
    """The postal address and the phone number of an office."""
    phone = digits(rng, 8, 8)
    return f"نشانی: {words(rng, int(rng.integers(3, 7)), held_out)} تلفن: {phone}"
