"""Logical and visual order of Persian lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.text.alphabets import PERSIAN
from zoo.text.direction import MIRRORED, logical, runs, visual

DATE, DASHED, JOINER = "۱۴۰۳/۰۵/۱۲", "1403-05-12", "\N{ZERO WIDTH NON-JOINER}"
WORDS = "تاریخ", f"می{JOINER}رود", DATE, DASHED, "٣/١٢-١", "۱۲٬۵۰۰", "5.000", "50%", "۵۰٪", "(", ")", "«", "»", ":", "؟"


@pytest.mark.parametrize(
    ("typed", "shown"),
    [
        ("اب", "با"),
        (DATE, DATE),
        (DASHED, DASHED),
        ("١٢-٣", "١٢-٣"),
        (f"ا {DATE}", f"{DATE} ا"),
        (f"ا {DASHED}", "12-05-1403 ا"),
        (f"ا ١٢-٣ {DASHED}", "12-05-1403 ٣-١٢ ا"),
        ("12/ا/34", "34/ا/12"),
        ("(اب) [١]", "[١] (با)"),
        ("«اب» < 1", "1 > «با»"),
        ("ا.", ".ا"),
        ("ا 50% ۱۲٪", "٪۱۲ %50 ا"),
        ("50% ا", "ا 50%"),
        ("ا ISO-9001 ب", "ب ISO-9001 ا"),
        (f"می{JOINER}رود", f"دور{JOINER}یم"),
        ("", ""),
    ],
)
def test_letters_run_from_the_right_and_numbers_from_the_left(typed: str, shown: str) -> None:
    assert visual(typed).text == shown and logical(shown).text == typed


def check(text: str, shown: str, places: tuple[int, ...]) -> None:
    assert sorted(places) == list(range(len(text))), "a permutation"
    assert all(c in (text[i], text[i].translate(MIRRORED)) for c, i in zip(shown, places, strict=True))


@given(st.text(st.characters(max_codepoint=0x20FF)))
def test_no_character_is_lost(text: str) -> None:
    check(text, *visual(text))
    check(text, *logical(text))
    assert "".join(part for part, _ in runs(text)) == text


@given(st.lists(st.sampled_from(WORDS)).map(" ".join) | st.text(PERSIAN) | st.text(f"اب12۳/-.:%+() {JOINER}"))
def test_what_is_read_is_displayed_as_it_was_read(text: str) -> None:
    shown = visual(text).text
    assert visual(logical(shown).text).text == shown


@given(st.lists(st.sampled_from((*WORDS, "ISO-9001", "b"))).map(" ".join))
def test_words_and_numbers_come_back_as_they_were_typed(text: str) -> None:
    shown = visual(text).text
    assert visual(logical(shown).text).text == shown
    if text.isascii() or not any(word in text for word in ("ISO", "b")):
        assert logical(shown).text == text


@given(st.lists(st.sampled_from(["اب", "ISO-9001", "12-3", "c"]), min_size=1).map(" ".join), st.text("()ا1 "))
def test_what_runs_from_the_left_is_in_order_and_brackets_of_the_rest_are_mirrored(text: str, other: str) -> None:
    line = text + other
    shown = "".join(part if ltr else part[::-1].translate(MIRRORED) for part, ltr in reversed(runs(line)))
    assert visual(line).text == shown


def test_where_no_text_looks_so_it_is_one_that_nearly_does() -> None:
    line = logical("%a-1ب")
    check("%a-1ب", *line)
    assert line.text == "بa-1%" and visual(line.text).text == "a-1%ب"
