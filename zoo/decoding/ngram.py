"""How likely texts are as words: a character n-gram model."""

import math
import os
from collections.abc import Iterator, Sequence
from functools import cache, lru_cache
from pathlib import Path
from string import digits

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

CACHED = 2**16  # chances
ENGLISH, PERSIAN = (Path(__file__).with_name(name) for name in ("english.npz", "persian.npz"))


class NGram:
    """A character n-gram model with the interpolation of Witten & Bell 1991; it ignores case.

    The probability of a character after n − 1 others is its relative frequency there, interpolated with its
    probability after n − 2 others, and so on down to the uniform distribution.

    Args:
        alphabet: its letters, in lower case.
        order: n.
        grams: (m,) the counted n-grams, ascending, each as a number in base len(alphabet) + 1. A letter's digit is its
            place in the alphabet, from 1. The digit 0 stands for the start and the end of a word.
        counts: (m,) how often each was counted.
    """

    def __init__(self, alphabet: str, order: int, grams: Ints, counts: Ints) -> None:
        self.alphabet, self.order, self.grams, self.counts = alphabet, order, grams, counts
        self._place = {letter: i for i, letter in enumerate(alphabet, 1)}
        self._base = len(alphabet) + 1
        self._longest = self._base**order
        self._suffix = self._base ** np.arange(1, order + 1)  # a gram's remainder by it is that of its last 1 … n
        # keeps grams of 1 … n letters apart from one another, and from those that a letter follows
        self._apart = np.arange(2 * order) * self._longest
        shares, backoffs = [], []
        for suffix, apart, apart_before in zip(self._suffix, *self._apart.reshape(2, order), strict=True):
            shorter, place = np.unique(grams % suffix, return_inverse=True)
            times = np.bincount(place, counts, len(shorter))
            before, place, kinds = np.unique(shorter // self._base, return_inverse=True, return_counts=True)
            total = np.bincount(place, times, len(before)) + kinds
            shares.append((shorter + apart, times / total[place]))
            backoffs.append((before + apart_before, kinds / total))
        # a letter's chance is its share after n − 1 letters and, times their back-off weight, its chance after n − 2
        self._keys, self._values = map(np.concatenate, zip(*shares, *backoffs, strict=True))
        self._unseen = np.repeat([0.0, 1.0], order)
        self._log_chance = lru_cache(CACHED)(self._computed)

    @classmethod
    def of(cls, words: Sequence[str], alphabet: str, order: int) -> "NGram":
        """A model of words in letters of the alphabet."""
        empty = cls(alphabet, order, np.zeros(0, np.int64), np.zeros(0, np.int64))
        grams = np.array([gram for word in words for gram in empty._grams(word)], np.int64)
        return cls(alphabet, order, *np.unique(grams, return_counts=True))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "NGram":
        """A model that `save` wrote."""
        with np.load(path) as kept:
            grams = kept["gaps"].astype(np.int64).cumsum()
            return cls(str(kept["alphabet"]), int(kept["order"]), grams, kept["counts"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model, which takes half a megabyte and more."""
        gaps = np.diff(self.grams, prepend=0).astype(np.uint32)
        np.savez_compressed(path, alphabet=self.alphabet, order=self.order, gaps=gaps, counts=self.counts)

    def log_probability(self, texts: Sequence[str], ended: npt.ArrayLike = True) -> Floats:
        """Natural logarithm of each text's probability, (n,); −inf for texts with other characters.

        For a text that has not `ended`, (n,), it is the probability of all texts that begin with it.
        """
        flags = np.broadcast_to(ended, len(texts)).tolist()
        return np.array([self._log_probability(*pair) for pair in zip(texts, flags, strict=True)], float)

    def _log_probability(self, text: str, ended: bool) -> float:
        grams = list(self._grams(text))
        if not text or len(grams) <= len(text):
            return -math.inf
        return sum(map(self._log_chance, grams if ended else grams[:-1]))

    def _computed(self, gram: int) -> float:
        """Natural logarithm of the chance of a gram's last letter after those before it."""
        shorter = gram % self._suffix
        wanted = np.concatenate([shorter, shorter // self._base]) + self._apart
        place = np.minimum(np.searchsorted(self._keys, wanted), len(self._keys) - 1)
        values = np.where(self._keys[place] == wanted, self._values[place], self._unseen).tolist()
        chance = 1 / self._base
        for share, backoff in zip(values[: self.order], values[self.order :], strict=True):
            chance = share + backoff * chance
        return math.log(chance)

    def gains(self, texts: Sequence[str], kinds: int, longest: int, ended: npt.ArrayLike = True) -> Floats:
        """What the word model adds to each log-probability, (n,): log(1 + P(word) / P(random)); 0 if it is no word.

        P(word) allows digits before and after the word; each multiplies it by 1/20. P(random) is uniform, for 1 to
        `longest` characters of `kinds`. For a text that has not `ended`, (n,), it is the gain of all texts that begin
        with it.
        """
        random, flags = (math.log(longest), math.log(kinds)), np.broadcast_to(ended, len(texts)).tolist()
        return np.array([self._gain(*pair, *random) for pair in zip(texts, flags, strict=True)], float)

    def _gain(self, text: str, ended: bool, lengths: float, kinds: float) -> float:
        word = text.strip(digits)
        likely = self._log_probability(word, ended or text[-1:].isdigit()) - (len(text) - len(word)) * math.log(20)
        likelier = likely + lengths * ended + kinds * len(text)
        return max(likelier, 0.0) + math.log1p(math.exp(-abs(likelier)))

    def _grams(self, text: str) -> Iterator[int]:
        """The n-grams that end at each letter of a text and after its last, up to a letter outside the alphabet."""
        gram = 0
        for letter in text.lower():
            if (place := self._place.get(letter)) is None:
                return
            gram = (gram * self._base + place) % self._longest
            yield gram
        yield gram * self._base % self._longest


@cache
def english() -> NGram:
    """English words, those held out for tests left out; made by `python -m training.language`."""
    return NGram.load(ENGLISH)


@cache
def persian() -> NGram:
    """Persian words, those held out for tests left out; made by `python -m training.language`."""
    return NGram.load(PERSIAN)
