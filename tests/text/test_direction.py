"""Logical and visual order of Persian lines."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from zoo.text.direction import MIRRORED, places, reordered

ALEPH, BE, DATE = "\u0627", "\u0628", "\u06f1\u06f3\u06f9\u06f7/\u06f1\u06f0"  # 1397/10


@pytest.mark.parametrize(
    ("typed", "seen"),
    [
        (ALEPH + BE, BE + ALEPH),
        (DATE, DATE),
        (f"{ALEPH} {DATE}", f"{DATE} {ALEPH}"),
        (f"12/{ALEPH}/34", f"34/{ALEPH}/12"),
        (f"({ALEPH}{BE})", f"({BE}{ALEPH})"),
        (f"{ALEPH}.", f".{ALEPH}"),
        (f"{ALEPH} ISO-9001 {BE}", f"{BE} ISO-9001 {ALEPH}"),
        ("", ""),
    ],
)
def test_letters_run_from_the_right_and_numbers_from_the_left(typed: str, seen: str) -> None:
    assert reordered(typed) == seen


@given(st.text(st.sampled_from(f"{ALEPH}{BE}\u0648 \u060c.:()/-%12\u06f3\u06f4\u0665aB")))
def test_there_and_back_is_the_same(text: str) -> None:
    assert reordered(reordered(text)) == text
    moved = "".join(text[place] for place in places(text))
    assert sorted(places(text)) == list(range(len(text)))
    assert moved.translate(MIRRORED) == reordered(text).translate(MIRRORED) or "(" in text or ")" in text
