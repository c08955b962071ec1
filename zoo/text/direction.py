"""Converts Persian lines from logical order (as typed) to visual order (as displayed, from the left) and back.

The library stores texts in logical order. Pictures and networks use visual order. The Unicode bidirectional algorithm
(UAX #9) converts logical to visual order; here the base direction is always right to left. The package python-bidi
computes it, without rule N0. That affects only brackets around Latin words.
"""

from functools import lru_cache
from itertools import groupby
from typing import NamedTuple
from unicodedata import category

from bidi import algorithm, mirror

from zoo.text.normalise import folded

MIRRORED = str.maketrans(mirror.MIRRORED)  # brackets
LTR = 2  # the embedding level of what runs from left to right; that of all else is 1
ROUNDS = 5  # guesses; texts without Latin words need three at most
CACHED = 2**14  # texts


class Line(NamedTuple):
    """A reordered line: its text, and for each character its index before reordering."""

    text: str
    places: tuple[int, ...]


@lru_cache(CACHED)
def visual(text: str) -> Line:
    """A logical text as it is displayed, brackets mirrored.

    >>> visual("ب (12)").text
    '(12) ب'
    """
    return _reversed(text, _levels(text))


@lru_cache(CACHED)
def logical(text: str) -> Line:
    """The logical text that is displayed as `text`: the inverse of `visual`, found by search.

    UAX #9 has no inverse. The first guess takes its embedding levels from the visual text. Each further guess takes
    them from the guess before it. The search ends when a guess is displayed as `text`. It finds every text without
    Latin words. If percent signs or Latin words allow several texts, the first match is returned. If no guess matches,
    as for some misread texts, the guess whose display differs in the fewest characters is returned.

    >>> logical("(12) ب").text
    'ب (12)'
    """
    levels, differences = _levels(text), {}
    for _ in range(ROUNDS):
        guess = _reversed(text, levels)
        displayed = visual(guess.text).text
        differences[guess] = sum(one != other for one, other in zip(displayed, text, strict=True))
        if not differences[guess]:
            break
        by_place = dict(zip(guess.places, _levels(guess.text), strict=True))
        levels = [by_place[i] for i in range(len(text))]
    return min(differences, key=differences.__getitem__)


def end(text: str, start: int) -> str:
    """The rest of a logical line from index `start`, rewritten so that it looks the same when it stands alone.

    After a Persian letter, 3-12 is displayed as 12-3. To look the same alone, it must be stored as 12-3:

    >>> end("ش: 3-12", 3)
    '12-3'
    """
    line = visual(text)
    return logical("".join(c for c, place in zip(line.text, line.places, strict=True) if place >= start)).text


def runs(text: str) -> list[tuple[str, bool]]:
    """The parts of a line in logical order, each with whether it runs from left to right."""
    parts = groupby(zip(text, _levels(text), strict=True), lambda pair: pair[1])
    return [("".join(character for character, _ in part), level == LTR) for level, part in parts]


def _levels(text: str) -> list[int]:
    """The embedding level of each character.

    Arabic digits count as Persian ones, and invisible characters as letters: the algorithm would leave those out.
    """
    storage = algorithm.get_empty_storage() | {"base_level": 1, "base_dir": "R"}
    letters = ("ا" if category(character).startswith("C") else character for character in folded(text))
    algorithm.get_embedding_levels(letters, storage)
    algorithm.explicit_embed_and_overrides(storage)
    algorithm.resolve_weak_types(storage)
    algorithm.resolve_neutral_types(storage, debug=False)
    algorithm.resolve_implicit_levels(storage, debug=False)
    return [character["level"] for character in storage["chars"]]


def _reversed(text: str, levels: list[int]) -> Line:
    """A line from its other end: the runs of LTR keep their order, all else is mirrored."""
    places: list[int] = []
    for level, run in groupby(reversed(range(len(text))), levels.__getitem__):
        places += sorted(run, reverse=level != LTR)
    mirrored = text.translate(MIRRORED)
    return Line("".join([text[i] if levels[i] == LTR else mirrored[i] for i in places]), tuple(places))
