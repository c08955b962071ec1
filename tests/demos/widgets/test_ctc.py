"""CTC as the page shows it: every frame in its place, and the two steps from a path to its text."""

import re

import numpy as np
from PIL import Image

from demos.widgets import ctc as shown
from zoo.decoding import ctc

ALPHABET = "ehlo <"
PATH = [1 + "ehlo <".index(c) if c != "-" else 0 for c in "hhe--lll-llo"]
PICTURE = Image.new("RGB", (48, 32), "white")
GAP = re.compile(r'class="(\w+)" style="grid-area: (\d+) / (\d+) / auto / (\d+)">([^<]*)<')


def frames(path: list[int]) -> np.ndarray:
    shares = np.full((len(path), 1 + len(ALPHABET)), 0.01)
    shares[np.arange(len(path)), path] = 1 - 0.01 * len(ALPHABET)
    return np.log(shares)


def rows(page: str) -> dict[int, list[tuple[str, int, int]]]:
    """Of each line of symbols, by its place: what is written, and from which frame to which."""
    found: dict[int, list[tuple[str, int, int]]] = {}
    for _, row, first, last, written in GAP.findall(page):
        found.setdefault(int(row), []).append((written, int(first) - 2, int(last) - 2))
    return found


def test_repeats_are_merged_and_blanks_dropped_in_their_places() -> None:
    page = shown.ribbon(PICTURE, frames(PATH), ALPHABET)
    path, merged, kept = (line for _, line in sorted(rows(page).items()))
    assert "".join(sign for sign, _, _ in path) == "hheεεlllεllo" and len(path) == len(PATH)
    assert [sign for sign, _, _ in merged] == list("heεlεlo")
    assert merged[0] == ("h", 0, 2) and merged[3] == ("l", 5, 8)
    assert "".join(sign for sign, _, _ in kept) == "hello" and kept == [run for run in merged if run[0] != "ε"]
    assert 'spells hello"' in page and "--frames: 12" in page


def test_only_what_a_frame_may_be_is_drawn() -> None:
    page = shown.ribbon(PICTURE, frames(PATH), ALPHABET)
    assert page.count("<i ") == len(PATH), "one symbol a frame is likely"
    assert re.findall(r"<b [^>]*>(.)</b>", page) == list("helo") + ["ε"], "in the order in which they come up"
    assert 'title="frame 1: h 94 %"' in page


def test_signs_are_seen_and_are_no_markup() -> None:
    page = shown.ribbon(PICTURE, frames([5, 6]), ALPHABET)
    assert "␣" in page and "&lt;" in page and "<<" not in page


def test_alignments_are_ranked() -> None:
    found = ctc.alignments(frames(PATH), [2, 1, 3, 3, 4], 3)
    page = shown.aligned(PICTURE, frames(PATH), found, ALPHABET)
    lines = [line for _, line in sorted(rows(page).items())]
    assert len(lines) == 3
    for line in lines:
        assert [sign for sign, _, _ in line if sign != "ε"] == list("hello")
        assert line[0][1] == 0 and line[-1][2] == len(PATH)
    assert "1. a path of 48 %" in page


def test_why_a_text_has_too_few_frames() -> None:
    said = shown.too_short("hello", (2, 1, 3, 3, 4), 4)
    assert "hello needs 6 frames, 5 for its characters and 1 for the blanks" in said and "has 4" in said


def test_survivors_share_what_is_left() -> None:
    trace: list[list[ctc.Followed]] = []
    ctc.beam_search(frames(PATH), trace=trace)
    assert len(trace) == len(PATH)
    names = "εehlo <"
    held = shown.survivors(trace[-1], lambda text: "".join(names[s] for s in text))
    assert held[0][0] == "hello" and abs(sum(share for _, share in held) - 1) < 1e-9


def test_ways_are_compared() -> None:
    page = shown.compared([("beam", "a<b", 0.5), ("best path", "", 0.999)])
    assert "a&lt;b" in page and "(nothing)" in page and "50 %" in page and ">99 %" in page.replace("&gt;", ">")
