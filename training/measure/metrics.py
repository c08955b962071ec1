"""How well a reader reads, with the uncertainty of the count."""

from typing import Any

import numpy as np
import numpy.typing as npt


def wilson(hits: float, count: int) -> tuple[float, float]:
    """The 95 % score interval of a proportion (Wilson 1927), 0…1; (0, 1) for no trials."""
    if not count:
        return 0.0, 1.0
    z = 1.959964
    share = hits / count
    centre = (share + z * z / (2 * count)) / (1 + z * z / count)
    half = z / (1 + z * z / count) * np.sqrt(share * (1 - share) / count + z * z / (4 * count * count))
    return max(float(centre - half), 0.0), min(float(centre + half), 1.0)


def bootstrap(values: npt.ArrayLike, statistic: Any, draws: int = 1000, seed: int = 0) -> tuple[float, float]:
    """The 95 % bootstrap interval of `statistic(rows)`, from resampled rows of `values` (Efron 1979).

    The percentiles are corrected for bias, because the calibration error of a resample is larger on average.
    """
    rows = np.asarray(values)
    rng = np.random.default_rng(seed)
    found = [statistic(rows[rng.integers(len(rows), size=len(rows))]) for _ in range(draws)]
    low, high = np.percentile(found, (2.5, 97.5)) - np.mean(found) + statistic(rows)
    return float(low), float(high)
