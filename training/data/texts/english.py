"""What captchas say: the study's hundred words, English words, random strings."""

import zlib
from functools import cache
from pathlib import Path

import numpy as np

from zoo.text.alphabets import ALPHANUMERIC

WORDS: tuple[str, ...] = tuple((Path(__file__).parent / "words.txt").read_text().split())
LONGEST = 12  # letters


@cache
def dictionary(held_out: bool) -> tuple[str, ...]:
    """English words of 4 to 12 letters that are not in WORDS: the 1/20 held out (by CRC-32), or the others."""
    path = Path(__file__).parents[1] / "node_modules" / "word-list" / "words.txt"
    if not path.exists():
        raise FileNotFoundError("the word list is not installed; run: make fonts")
    known = set(WORDS)
    words = (w for w in path.read_text().split() if 4 <= len(w) <= LONGEST and w not in known)
    return tuple(w for w in words if (zlib.crc32(w.encode()) % 20 == 0) == held_out)


def recase(rng: np.random.Generator, word: str) -> str:
    """The word in lower, upper, title or letter-by-letter random case."""
    kind = rng.random()
    if kind < 0.4:
        return word
    if kind < 0.6:
        return word.upper()
    if kind < 0.75:
        return word.title()
    return "".join(c.upper() if up else c for c, up in zip(word, rng.random(len(word)) < 0.5, strict=True))


def random_string(rng: np.random.Generator) -> str:
    """Letters and digits of any case, 1 to 12 of them, mostly 4 to 8; at times digits or one case only."""
    length = int(rng.integers(4, 9)) if rng.random() < 0.6 else int(rng.integers(1, LONGEST + 1))
    digits, lower, upper = ALPHANUMERIC[:10], ALPHANUMERIC[10:36], ALPHANUMERIC[36:]
    pools = (ALPHANUMERIC, digits, digits + lower, digits + upper, lower + upper)
    pool = pools[rng.choice(5, p=(0.4, 0.15, 0.15, 0.15, 0.15))]
    return "".join(pool[i] for i in rng.integers(len(pool), size=length))


def one_of(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return recase(rng, words[rng.integers(len(words))])
