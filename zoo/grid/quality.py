"""How well a grid keeps like beside like, always to be read beside what a random arrangement scores.

Distance preservation quality is that of Barthel, Hezel, Jung & Schall 2023 ("Improved Evaluation and Generation of Grid
Layouts using Distance Preservation Quality and Linear Assignment Sorting"): for every k, how much nearer than average
the k cells nearest on the grid are in the vectors' space, against the k truly nearest; p weighs the small k.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from zoo.grid import assign

Vectors = npt.NDArray[np.float32]
NEIGHBOURS = 8  # cells around a cell
PAIRS = 20_000_000  # of pictures that are compared; of more, some drawn at random stand for all
AT_ONCE = 4_000_000  # bounds the memory


@dataclass(frozen=True)
class Quality:
    """What a grid is worth.

    Attributes:
        dpq16, dpq2: distance preservation quality with p = 16, which looks at the nearest cells, and p = 2.
        recall: share of a picture's 8 nearest pictures that are among the 8 nearest on the grid.
        displacement: mean distance of a picture's cell from its point in the plane, in cells; 0 without points.
        cost: sum of the squared displacements in the unit square; None without points.
        over_optimum: that cost over the least possible, where that is known.
    """

    dpq16: float
    dpq2: float
    recall: float
    displacement: float
    cost: float | None = None
    over_optimum: float | None = None


def preservation(vectors: Vectors, cells: npt.NDArray[np.int64]) -> tuple[float, float, float]:
    """DPQ16, DPQ2 and the recall of the 8 nearest.

    Args:
        vectors: (n, d).
        cells: (n, 2), row and column of each.
    """
    count = len(vectors)
    if count < 3:
        return 1.0, 1.0, 1.0
    chosen = np.random.default_rng(0).permutation(count)[: max(PAIRS // count, 100)]
    on_grid, truly, shared, total = np.zeros(count - 1), np.zeros(count - 1), 0.0, 0.0
    few = min(NEIGHBOURS, count - 1)
    for part in _parts(chosen, count):
        far = distances(vectors[part], vectors)
        apart = distances(cells[part].astype(np.float32), cells.astype(np.float32))
        rows = np.arange(len(part))
        far[rows, part] = apart[rows, part] = -1  # itself comes first, and is left out
        # cells that are equally far on the grid are ranked by the vectors, which favours no order of the files
        rank = np.lexsort((far, np.rint(apart * 1e3)), axis=1)[:, 1:]
        nearest = np.argsort(far, axis=1)[:, 1:]
        on_grid += np.take_along_axis(far, rank, 1).sum(0)
        sorted_far = np.take_along_axis(far, nearest, 1)
        truly += sorted_far.sum(0)
        total += sorted_far.sum()
        shared += sum(len(np.intersect1d(a, b)) for a, b in zip(rank[:, :few], nearest[:, :few], strict=True)) / few
    mean = total / (len(chosen) * (count - 1))
    if mean == 0:
        return 1.0, 1.0, shared / len(chosen)
    each = np.arange(1, count) * len(chosen)
    got, best = (np.clip(1 - sums.cumsum() / each / mean, 0, None) for sums in (on_grid, truly))
    return _norm(got, 16) / _norm(best, 16), _norm(got, 2) / _norm(best, 2), shared / len(chosen)


def _norm(gains: npt.NDArray[np.float64], power: int) -> float:
    top = gains.max(initial=0)
    return float(top * ((gains / top) ** power).sum() ** (1 / power)) if top > 0 else 1e-12


def _parts(chosen: npt.NDArray[np.int64], count: int) -> Iterator[npt.NDArray[np.int64]]:
    size = max(AT_ONCE // count, 1)
    return (chosen[i : i + size] for i in range(0, len(chosen), size))


def distances(some: Vectors, all_of_them: Vectors) -> npt.NDArray[np.float32]:
    """Euclidean distances (m, n) between vectors (m, d) and (n, d)."""
    squares = (some**2).sum(1)[:, None] + (all_of_them**2).sum(1)[None] - 2 * some @ all_of_them.T
    return np.asarray(np.sqrt(np.maximum(squares, 0)), np.float32)


def measure(
    vectors: Vectors, cells: npt.NDArray[np.int64], rows: int, cols: int, points: npt.NDArray[np.float64] | None
) -> Quality:
    """The quality of an arrangement of vectors (n, d) in cells (n, 2), from points (n, 2) or from none."""
    found = preservation(vectors, cells)
    if points is None or not len(points):
        return Quality(*found, displacement=0.0)
    moved = assign.normalised(points) - assign.centres(cells, rows, cols)
    displacement = float(np.hypot(*(moved * [max(cols - 1, 1), max(rows - 1, 1)]).T).mean())
    paid, optimum = assign.cost(points, cells, rows, cols), None
    if rows * cols <= assign.DENSE:
        optimum = assign.cost(points, assign.to_grid(points, rows, cols, "lapjv"), rows, cols)
    return Quality(*found, displacement, paid, paid / optimum if optimum else None)


def random(vectors: Vectors, rows: int, cols: int, points: npt.NDArray[np.float64] | None, seed: int = 0) -> Quality:
    """The quality of the same pictures in random cells."""
    cells = np.random.default_rng(seed).permutation(assign.occupied(rows, cols, len(vectors)))
    return measure(vectors, cells, rows, cols, points)
