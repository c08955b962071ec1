"""Values of fields: dates of either calendar, numbers, attachments, and values that make no sense."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from training.data.texts import persian_texts
from zoo.letter import values
from zoo.text import direction


@pytest.mark.parametrize(
    ("text", "normal", "gregorian"),
    [
        ("۱۳۹۷/۱۰/۲۰", "1397/10/20", "2019-01-10"),
        ("١٣٩٧/١٠/٢٠", "1397/10/20", "2019-01-10"),
        ("97/10/20", "1397/10/20", "2019-01-10"),
        ("۲۰ دی ۱۳۹۷", "1397/10/20", "2019-01-10"),
        ("۲۰ دي ۱۳۹۷", "1397/10/20", "2019-01-10"),
        ("20/10/1397", "1397/10/20", "2019-01-10"),
        ("1397-1-5", "1397/01/05", "2018-03-25"),
        ("02/01/01", "1402/01/01", "2023-03-21"),
        ("2019/01/10", "1397/10/20", "2019-01-10"),
        ("1399/12/30", "1399/12/30", "2021-03-20"),
    ],
)
def test_a_date_is_the_same_day_however_it_is_written(text: str, normal: str, gregorian: str) -> None:
    assert values.date(text) == values.Value(text, normal, gregorian)


@pytest.mark.parametrize("text", ["1397/13/20", "1397/12/30", "1397/10", "دارد", "", "1597/01/01", "1397/10-20"])
def test_what_is_no_day_is_not_guessed(text: str) -> None:
    found = values.date(text)
    assert found.problem and not found.gregorian and found.text == text


def test_a_day_that_lost_its_last_digit_is_doubtful() -> None:
    for text in ("1377/01/1", "1377/1/01", "97-04-2"):
        assert values.date(text).problem == "A digit of it may be missing." and values.date(text).gregorian
    for text in ("1377/1/1", "1377/01/01", "1377/11/1", "1377/11/01", "1 آذر 1380", "01 آذر 1380", "12 فروردین 1380"):
        assert not values.date(text).problem


def test_every_drawn_date_is_understood() -> None:
    import numpy as np

    rng = np.random.default_rng(3)
    for _ in range(500):
        text = persian_texts.shaped(persian_texts.date(rng), ("persian", "arabic", "latin")[int(rng.integers(3))])
        assert not values.date(text).problem or "29" in text or "30" in text, text


@given(st.text())
def test_any_text_is_told_without_an_error(text: str) -> None:
    for read in (values.date, values.number, values.attachment):
        assert read(text).text == text


def test_numbers_and_attachments() -> None:
    assert values.number("۱۲ / ص / ۹۷").normal == "12/ص/97" and not values.number("۱۲").problem
    assert values.number("ص").problem
    assert values.attachment("ندارد").normal == values.attachment(" - ").normal == ""
    assert values.attachment("۲ برگ").normal == "2 برگ"


def test_misspelled_words_are_corrected_if_only_one_known_word_is_close() -> None:
    said = {"date": "۱۹ آیان ۱۳۷۳", "attachment": "بله شرح متن"}
    assert values.correct_words("date", said["date"]) == "۱۹ آبان ۱۳۷۳"
    assert values.correct_words("attachment", said["attachment"]) == "به شرح متن"
    assert values.correct_words("date", "۳آذر۱۳۸۵") == "۳ آذر ۱۳۸۵", "words stand apart from digits"
    assert values.correct_words("attachment", "یک\N{ZERO WIDTH NON-JOINER}جلد") == "یک جلد"
    assert values.correct_words("attachment", "۱۲برگ") == "۱۲ برگ" and values.correct_words("number", "ب۱۲") == "ب۱۲"
    for field, text in (("number", "یرگ/۱۲"), ("title", "دو یرگ"), ("date", "۱ تهر ۱۳۸۰"), ("date", "۱۲ مهر ماه ۱۳۹۷")):
        assert values.correct_words(field, text) == text
    assert values.without_label("number", "نامه: ۱۲/۳") == "۱۲/۳"
    assert values.without_label("date", "نامه") == "", "the end of the label"
    assert values.without_label("date", "۱۳۹۷.۰۲.۰۳..") == "۱۳۹۷.۰۲.۰۳", "the dots of a form"
    assert values.without_label("title", "نامه اداری") == "نامه اداری"
    for text in ("دارد", "ندارد", "بدارد", "دارذ", "-", "", "۱۲ برگ", "به شرح ذیل"):
        assert values.correct_words("attachment", text) == text, "as it is, or like two"
    for text in ("دارد", "ندارد", "-", "", "۱۲ برگ", "دو نسخه", "به شرح متن"):
        assert not values.attachment(text).problem
    for text in ("بدارد", "جلد", "۱۳-صفحه", "شکلات"):
        assert values.attachment(text).problem


@pytest.mark.parametrize(
    ("field", "text", "value"),
    [
        ("number", "شماره: ۱۲/۳", "۱۲/۳"), ("number", "شمازه ۱۲/۳", "۱۲/۳"), ("number", "شماره نامه :۱۲", "۱۲"),
        ("number", "ش: ۱۲", "۱۲"), ("attachment", "پیوست‌ها: ۲ برگ", "۲ برگ"), ("attachment", "پیوست  ندارد", "ندارد"),
        ("attachment", "پیوست:", ""), ("date", "تارخ: ۱ دی ۱۳۸۰", "۱ دی ۱۳۸۰"),
        ("number", "تاریخ: ۱۲", None), ("number", "۱۲/۳", None), ("number", "", None), ("date", "بانک ۱۳۸۰", None),
    ],
)  # fmt: skip
def test_a_value_stands_behind_its_own_label(field: str, text: str, value: str | None) -> None:
    assert values.after_label(field, text) == value


@pytest.mark.parametrize("label", ["تاریخ: ", "مورخ ", ""])
def test_a_dashed_value_keeps_its_order_behind_its_label(label: str) -> None:
    """UAX #9 swaps its parts on a line with Persian letters; what is compared is how it stands in the picture."""
    displayed = "۱۳۷۷-۰۷-۱۸" + direction.visual(label).text
    line = direction.logical(displayed).text
    value = values.after_label("date", line) if label else values.without_label("date", line)
    assert value == "۱۳۷۷-۰۷-۱۸" and values.date(value).gregorian == "1998-10-10"
