"""How likely texts are as words: a character n-gram model, by which a reader weighs what it may have seen."""

import os
from collections.abc import Sequence
from functools import cache
from pathlib import Path
from string import digits

import numpy as np
import numpy.typing as npt

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

ENGLISH = Path(__file__).with_name("english.npz")


class NGram:
    """A character n-gram model with the interpolation of Witten & Bell 1991.

    The chance of a character after the n − 1 before it is what was counted there, smoothed by its chance after n − 2,
    and so on down to an equal chance for all. Case does not count.

    Args:
        alphabet: its letters, in lower case.
        order: n.
        grams: (m,) every n-gram that was counted, ascending: a number in base len(alphabet) + 1, whose digits are the
            letters' places in the alphabet, from 1, or 0 before a word's first letter and behind its last.
        counts: (m,) how often.
    """

    def __init__(self, alphabet: str, order: int, grams: Ints, counts: Ints) -> None:
        self.alphabet, self.order, self.grams, self.counts = alphabet, order, grams, counts
        self._place = {letter: i for i, letter in enumerate(alphabet, 1)}
        self._base = len(alphabet) + 1
        self._suffix = self._base ** np.arange(1, order + 1)  # a gram's remainder by it is that of its last 1 … n
        self._apart = np.arange(order) * self._base**order  # tells grams of 1 … n letters from one another
        shares, backoffs = [], []
        for suffix, apart in zip(self._suffix, self._apart, strict=True):
            shorter, times = _summed(grams % suffix, counts)
            before, place, kinds = np.unique(shorter // self._base, return_inverse=True, return_counts=True)
            total = np.bincount(place, times, len(before)) + kinds
            shares.append((shorter + apart, times / total[place]))
            backoffs.append((before + apart, kinds / total))
        # a letter's chance is its share after n − 1 letters and, times their back-off weight, its chance after n − 2
        self._seen, self._share = map(np.concatenate, zip(*shares, strict=True))
        self._before, self._backoff = map(np.concatenate, zip(*backoffs, strict=True))

    @classmethod
    def of(cls, words: Sequence[str], alphabet: str, order: int) -> "NGram":
        """The model of some words, each of letters of the alphabet."""
        empty = cls(alphabet, order, np.zeros(0, np.int64), np.zeros(0, np.int64))
        grams, _ = empty._grams(words)
        return cls(alphabet, order, *np.unique(grams, return_counts=True))

    @classmethod
    def load(cls, path: str | os.PathLike[str]) -> "NGram":
        """A model that `save` wrote."""
        with np.load(path) as kept:
            grams = kept["gaps"].astype(np.int64).cumsum()
            return cls(str(kept["alphabet"]), int(kept["order"]), grams, kept["counts"])

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the model: half a megabyte to some."""
        gaps = np.diff(self.grams, prepend=0).astype(np.uint32)
        np.savez_compressed(path, alphabet=self.alphabet, order=self.order, gaps=gaps, counts=self.counts)

    def log_probability(self, texts: Sequence[str], ended: npt.ArrayLike = True) -> Floats:
        """Natural logarithm of each text's probability, (n,); −inf for what has other characters.

        Of a text that has not `ended`, (n,), it is that of all texts that begin like it.
        """
        known = np.array([bool(text) and set(text.lower()) <= self._place.keys() for text in texts], bool)
        grams, owner = self._grams([text for text, ours in zip(texts, known, strict=True) if ours])
        real = (grams % self._base > 0) | (np.zeros(len(texts), bool) | ended)[known][owner]
        grams, owner = grams[real], owner[real]
        shorter = grams[:, None] % self._suffix
        place, there = _find(self._seen, shorter + self._apart)
        shares = self._share[place] * there
        place, there = _find(self._before, shorter // self._base + self._apart)
        backoffs = np.where(there, self._backoff[place], 1.0)
        chance: Floats = np.full(len(grams), 1 / self._base)
        for share, backoff in zip(shares.T, backoffs.T, strict=True):
            chance = share + backoff * chance
        found = np.full(len(texts), -np.inf)
        found[known] = np.bincount(owner, np.log(chance), known.sum())
        return found

    def gains(self, texts: Sequence[str], kinds: int, longest: int, ended: npt.ArrayLike = True) -> Floats:
        """How much likelier each text is where every other one is a word, natural logarithm (n,): 0 for no word.

        A word may have digits before and behind it: one more is half as likely as none, and all ten are alike. The
        other texts are of 1 to `longest` characters of `kinds`, whatever comes. Of a text that has not `ended`, (n,),
        it is the gain of all that begin like it.
        """
        words = [text.strip(digits) for text in texts]
        lengths = np.array([len(text) for text in texts])
        around = lengths - [len(word) for word in words]
        closed = np.array([text[-1:].isdigit() for text in texts], bool) | ended
        random = -np.log(longest) * np.asarray(ended) - np.log(kinds) * lengths
        return np.asarray(np.logaddexp(0, self.log_probability(words, closed) - np.log(20) * around - random))

    def _grams(self, texts: Sequence[str]) -> tuple[Ints, Ints]:
        """The n-grams that end at each letter of the texts and behind its last, and the number of the text of each."""
        found, longest = [], self._base**self.order
        for text in texts:
            gram = 0
            for place in (*(self._place[letter] for letter in text.lower()), 0):
                gram = (gram * self._base + place) % longest
                found.append(gram)
        return np.array(found, np.int64), np.repeat(np.arange(len(texts)), [len(text) + 1 for text in texts])


def weighed(probabilities: npt.ArrayLike, gains: npt.ArrayLike, weight: float) -> Floats:
    """Probabilities of texts, (n,), once their gains are counted in by Bayes' rule.

    All texts that are not named here are taken for no words.

    Args:
        probabilities: (n,) what a picture alone says of each; together at most 1.
        gains: (n,) as `NGram.gains` has them.
        weight: what the gains count, from 0, nothing, to 1.
    """
    before = np.asarray(probabilities, float)
    after = before * np.exp(weight * np.asarray(gains, float))
    return np.asarray(after / (after.sum() + max(1 - before.sum(), 0)))


def _summed(keys: Ints, counts: Ints) -> tuple[Ints, Ints]:
    """Each key once, ascending, and the sum of its counts."""
    once, place = np.unique(keys, return_inverse=True)
    return once, np.bincount(place, counts, len(once)).astype(np.int64)


def _find(keys: Ints, wanted: Ints) -> tuple[Ints, npt.NDArray[np.bool_]]:
    """The places of those wanted among ascending keys, and whether they are there."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    return place, keys[place] == wanted


@cache
def english() -> NGram:
    """English words, those held out for tests left out; made by `python -m training.language`."""
    return NGram.load(ENGLISH)
