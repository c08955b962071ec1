"""How well a grid puts similar pictures side by side; compare each score with that of a random arrangement.

Distance preservation quality (DPQ) follows Barthel, Hezel, Jung & Schall 2023 ("Improved Evaluation and Generation of
Grid Layouts using Distance Preservation Quality and Linear Assignment Sorting"). For each k: how far does the mean
distance to the vectors in the k nearest cells lie below the mean of all pairs? The k nearest vectors are the best case.
The p-norm over k combines these gains; a large p favours small k.
"""

from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from zoo.grid import assign

Vectors = npt.NDArray[np.float32]
NEIGHBOURS = 8  # cells around a cell
PAIRS = 20_000_000  # most pairs of pictures compared; of more, a random sample of the pictures stands for all
AT_ONCE = 4_000_000  # pairs compared at once, which bounds the memory


@dataclass(frozen=True)
class Quality:
    """Scores of an arrangement.

    Attributes:
        dpq16: distance preservation quality with p = 16, which looks at the nearest cells; 1 is best.
        dpq2: the same with p = 2, for the order of the whole grid.
        recall: share of a picture's 8 nearest pictures that are among its 8 nearest on the grid.
        displacement: mean distance between a picture's cell and its point in the plane, in cells; 0 without points.
        cost: sum of the squared displacements in the unit square; None without points.
        over_optimum: cost divided by the lowest possible cost; None where that is unknown.
    """

    dpq16: float
    dpq2: float
    recall: float
    displacement: float = 0.0
    cost: float | None = None
    over_optimum: float | None = None


def preservation(vectors: Vectors, cells: npt.NDArray[np.int64]) -> Quality:
    """DPQ and recall of vectors (n, d) in cells (n, 2), whatever points they come from."""
    count = len(vectors)
    if count < 3:
        return Quality(1.0, 1.0, 1.0)
    sample = np.random.default_rng(0).permutation(count)[: max(PAIRS // count, 100)]
    by_cell, by_vector, shared = np.zeros(count - 1), np.zeros(count - 1), 0.0  # sums of distances by rank
    k = min(NEIGHBOURS, count - 1)
    size = max(AT_ONCE // count, 1)
    for start in range(0, len(sample), size):
        part = sample[start : start + size]
        far = distances(vectors[part], vectors)
        apart = distances(cells[part].astype(np.float32), cells.astype(np.float32))
        rows = np.arange(len(part))
        far[rows, part] = apart[rows, part] = -1  # the picture itself comes first, and is left out
        # ties on the grid are broken by the vectors, so that the order of the files does not matter
        on_grid = np.lexsort((far, np.rint(apart * 1e3)), axis=1)[:, 1:]
        nearest = np.argsort(far, axis=1)[:, 1:]
        by_cell += np.take_along_axis(far, on_grid, 1).sum(0)
        by_vector += np.take_along_axis(far, nearest, 1).sum(0)
        shared += sum(len(np.intersect1d(a, b)) for a, b in zip(on_grid[:, :k], nearest[:, :k], strict=True)) / k
    recall, mean = shared / len(sample), by_vector.sum() / (len(sample) * (count - 1))
    if mean == 0:
        return Quality(1.0, 1.0, recall)
    pairs = np.arange(1, count) * len(sample)
    gains, best = (np.clip(1 - sums.cumsum() / pairs / mean, 0, None) for sums in (by_cell, by_vector))
    dpq16, dpq2 = (_norm(gains, power) / _norm(best, power) for power in (16, 2))
    return Quality(dpq16, dpq2, recall)


def _norm(gains: npt.NDArray[np.float64], power: int) -> float:
    return float(np.linalg.norm(gains, power)) or 1e-12  # never 0: the norm of the best gains is divided by


def distances(some: Vectors, others: Vectors) -> npt.NDArray[np.float32]:
    """Euclidean distances (m, n) between vectors (m, d) and (n, d)."""
    squares = (some**2).sum(1)[:, None] + (others**2).sum(1)[None] - 2 * some @ others.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)


def measure(
    vectors: Vectors, cells: npt.NDArray[np.int64], rows: int, cols: int, points: npt.NDArray[np.float64] | None
) -> Quality:
    """The quality of an arrangement of vectors (n, d) in cells (n, 2); points (n, 2) if the layout has them."""
    scores = preservation(vectors, cells)
    if points is None or not len(points):
        return scores
    moved = assign.normalised(points) - assign.centres(cells, rows, cols)
    displacement = float(np.hypot(*(moved * [max(cols - 1, 1), max(rows - 1, 1)]).T).mean())
    cost, optimum = assign.cost(points, cells, rows, cols), None
    if rows * cols <= assign.DENSE:
        optimum = assign.cost(points, assign.to_grid(points, rows, cols, "lapjv"), rows, cols)
    return replace(scores, displacement=displacement, cost=cost, over_optimum=cost / optimum if optimum else None)


def random(vectors: Vectors, rows: int, cols: int, points: npt.NDArray[np.float64] | None) -> Quality:
    """The quality of the same pictures in random cells."""
    cells = np.random.default_rng(0).permutation(assign.occupied(rows, cols, len(vectors)))
    return measure(vectors, cells, rows, cols, points)
