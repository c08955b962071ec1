"""Shallow fusion (Gulcehre et al. 2015): a language model has a say in the texts of a beam and in the answer."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.decoding.ngram import Floats, NGram

LM_WEIGHT = 0.5  # of a language model while texts are followed, and in all for a checkpoint calibrated without


@dataclass(frozen=True)
class Fusion:
    """A language model beside a network."""

    model: NGram  # of the words that are read
    kinds: int  # what other texts there may be, as `NGram.gains` takes it
    longest: int  # the same
    weight: float = LM_WEIGHT  # what the model counts in the answer, from 0, nothing, to 1

    def preference(self, texts: Sequence[str], ended: npt.ArrayLike = False) -> Floats:
        """What is added to the logarithms of the probabilities of texts so far, (n,)."""
        return LM_WEIGHT * self.model.gains(texts, self.kinds, self.longest, ended)

    def weighed(self, texts: Sequence[str], probabilities: npt.ArrayLike) -> Floats:
        """The probabilities of texts, (n,), once the model has weighed them."""
        return weighed(probabilities, self.model.gains(texts, self.kinds, self.longest), self.weight)


def weighed(probabilities: npt.ArrayLike, gains: npt.ArrayLike, weight: float) -> Floats:
    """Reweights the probabilities of texts (n,) with a language model: p · exp(weight · gain), normalised.

    If the given probabilities sum to less than 1, the rest belongs to texts that are not listed; their gain is 0.
    """
    before = np.asarray(probabilities, float)
    after = before * np.exp(weight * np.asarray(gains, float))
    return np.asarray(after / (after.sum() + max(1 - before.sum(), 0)))
