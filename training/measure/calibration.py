"""Confidence that means something: temperature scaling and its measure (Guo et al. 2017)."""

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.floating]


def expected_calibration_error(confidence: npt.ArrayLike, right: npt.ArrayLike, bins: int = 15) -> float:
    """ECE: the mean gap between confidence and accuracy over equal intervals of confidence, weighted by their counts.

    Args:
        confidence: (n,) 0…1.
        right: (n,) whether each answer was right.
        bins: how many intervals.
    """
    sure, hit = np.asarray(confidence, float), np.asarray(right, float)
    place = np.clip((sure * bins).astype(int), 0, bins - 1)
    gaps = np.bincount(place, sure - hit, bins)
    return float(np.abs(gaps).sum() / max(len(sure), 1))


def coverage(confidence: npt.ArrayLike, right: npt.ArrayLike, precision: float = 0.99) -> float:
    """The largest share of answers, the most confident ones, of which a share `precision` is right: 0…1.

    Args:
        confidence: (n,) 0…1.
        right: (n,) whether each answer was right.
        precision: asked for.
    """
    sure, hit = np.asarray(confidence, float), np.asarray(right, float)
    order = np.argsort(-sure, kind="stable")
    enough = np.cumsum(hit[order]) >= precision * np.arange(1, len(sure) + 1)
    return float((np.flatnonzero(enough).max(initial=-1) + 1) / max(len(sure), 1))


def fit_temperature(score: Callable[[float], float]) -> float:
    """The temperature in 0.25…4, to half a percent, at which a score of the calibrated answers is least."""
    grid = np.exp(np.arange(np.log(0.25), np.log(4), 0.005))
    return float(grid[int(np.argmin([score(float(t)) for t in grid]))])


def binary_cross_entropy(confidence: npt.ArrayLike, right: npt.ArrayLike) -> float:
    """Mean −log of what the confidences (n,) gave to what happened (n,): a proper score of whole answers."""
    sure, hit = np.clip(np.asarray(confidence, float), 1e-7, 1 - 1e-7), np.asarray(right, bool)
    return float(-np.log(np.where(hit, sure, 1 - sure)).mean())


def threshold(confidence: npt.ArrayLike, keep: float = 0.985) -> float:
    """The confidence that a share `keep` of the given answers reaches."""
    return float(np.quantile(np.asarray(confidence, float), 1 - keep))
