"""Assigns points in the plane to the cells of a grid, at most one point to a cell.

This is a linear assignment problem: minimise the sum of squared distances between points and cells, both in the unit
square. "lapjv" (Jonker & Volgenant 1987) solves it from the whole n × n table of costs. "sparse" needs memory linear in
n: it starts from a coarse-to-fine guess, then repeats exact assignments among nearby cells until the cost stops
falling.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError

Points = npt.NDArray[np.float64]
Ints = npt.NDArray[np.int64]

DENSE = 1024  # cells up to which lapjv is the default
COARSE = 600  # points up to which the guess is made by bisection alone
NEAR_CELLS = 25  # cells that a point may move to: its own and the nearest around it
NEAR_POINTS = 7  # nearest points whose cells a point may take
SCALE = 1e9  # OR-Tools takes integer costs: a cost of 1 becomes this
STEPS = 2**22  # integer levels of cost for lapjv, from the lowest to the highest
OLD_WEIGHT = 2.0  # cost of moving an old picture; moving a new one costs 1
MIN_GAIN = 1e-6  # share of the cost: the search stops when a round gains less


def to_grid(points: npt.ArrayLike, rows: int, cols: int, solver: str | None = None) -> Ints:
    """Assigns each point to a cell of its own.

    Args:
        points: (n, 2), x to the right and y down, in any unit; both axes are stretched to [0, 1].
        rows: number of rows.
        cols: number of columns; rows · cols ≥ n. Cells left empty are spread evenly.
        solver: "lapjv" or "sparse"; by default lapjv up to 1,024 cells.

    Returns:
        Row and column of each point, int (n, 2).

    Raises:
        InputError: the points are not finite, have another shape or are too many.
    """
    where = normalised(points)
    used = occupied(rows, cols, len(where))
    solver = solver or ("lapjv" if rows * cols <= DENSE else "sparse")
    if solver not in ("lapjv", "sparse"):
        raise InputError(f"There is no solver {solver!r}; choose 'lapjv' or 'sparse'.")
    targets = centres(used, rows, cols)
    if solver == "sparse":
        return used[_sparse(where, targets, rows, cols)]
    return used[dense(((where[:, None] - targets[None]) ** 2).sum(2))]


def normalised(points: npt.ArrayLike) -> Points:
    """Points (n, 2) with both axes stretched to [0, 1]; a constant axis becomes 0.5.

    Raises:
        InputError: the points are not finite or have another shape.
    """
    where = np.asarray(points, np.float64)
    if where.ndim != 2 or where.shape[1] != 2:
        raise InputError(f"Points are an array (n, 2), not {where.shape}.")
    if bad := int((~np.isfinite(where)).any(1).sum()):
        raise InputError(f"{bad} of {len(where)} points are not finite; leave them out.")
    where = where / 2  # keeps high - low within the range of a float
    low, high = where.min(0, initial=np.inf), where.max(0, initial=-np.inf)
    extent = np.where(high > low, high - low, 1)
    return np.where(high > low, (where - low) / extent, 0.5)


def occupied(rows: int, cols: int, count: int) -> Ints:
    """Row and column (count, 2) of the cells that hold a picture, in row-major order; empty cells are spread evenly.

    The empty cells follow the R2 sequence (Roberts 2018), whose points keep apart from each other.

    Raises:
        InputError: the grid is too small.
    """
    cells = rows * cols
    if rows < 1 or cols < 1 or count > cells:
        raise InputError(f"A grid of {rows} × {cols} has no room for {count} pictures; give it {count} cells or more.")
    few = min(count, cells - count)  # chosen by the sequence: the occupied or the empty cells, whichever are fewer
    plastic = 1.32471795724474602596
    chosen, tried = np.zeros(0, np.int64), few
    while len(chosen) < few:
        tried *= 2
        at = (0.5 + np.arange(tried)[:, None] / np.array([plastic, plastic**2])) % 1
        row, col = (at * [rows, cols]).astype(np.int64).T
        found, first = np.unique(row * cols + col, return_index=True)
        chosen = found[np.argsort(first)][:few]
        if tried > 64 * cells:  # the sequence misses some cells of very regular grids
            chosen = np.concatenate([chosen, np.setdiff1d(np.arange(cells), chosen)])[:few]
    taken = np.zeros(cells, bool)
    taken[chosen] = True
    return np.stack(np.divmod(np.flatnonzero(taken == (few == count)), cols), axis=1)


def centres(cells: Ints, rows: int, cols: int) -> Points:
    """Centres of cells (n, 2) in the unit square, x and y (n, 2); the outermost cells lie on its edges."""
    row, col = cells.T
    return np.stack([col / (cols - 1) if cols > 1 else col + 0.5, row / (rows - 1) if rows > 1 else row + 0.5], axis=1)


def cost(points: npt.ArrayLike, cells: Ints, rows: int, cols: int) -> float:
    """Sum of squared distances between points and their cells, in the unit square."""
    return float(((normalised(points) - centres(cells, rows, cols)) ** 2).sum())


def dense(table: Points, steps: int = STEPS) -> Ints:
    """Assigns each row of a table of costs (n, n) to a column of its own at the least total cost, by lapjv.

    Costs are rounded to integers: on rounding errors of floats lapjv's row reduction takes a hundred times as long.

    Raises:
        InputError: a cost is not finite; lapjv would abort the process.
    """
    from lapjv import lapjv

    if not len(table):
        return np.zeros(0, np.int64)
    low, high = float(table.min()), float(table.max())
    if not math.isfinite(high - low):
        raise InputError("Some costs are not finite; leave out the points or vectors that they come from.")
    whole = np.rint((table - low) * (steps / (high - low) if high > low else 0))
    return np.asarray(lapjv(whole, force_doubles=True)[0], np.int64)


def _sparse(points: Points, targets: Points, rows: int, cols: int) -> Ints:
    """Assigns points to targets as `dense` does, in linear memory."""
    from scipy.spatial import cKDTree

    count = len(points)
    if count < 2:
        return np.arange(count)
    near_cells = cKDTree(targets).query(targets, min(NEAR_CELLS, count))[1]
    near_points = cKDTree(points).query(points, min(NEAR_POINTS + 1, count))[1][:, 1:]
    return _improve(
        _guess(points, targets, rows, cols),
        lambda cell: np.concatenate([near_cells[cell], cell[near_points]], axis=1),
        lambda items, cells: ((points[items] - targets[cells]) ** 2).sum(1),
    )


def _improve(cell: Ints, candidates: Callable[[Ints], Ints], price: Callable[[Ints, Ints], Points]) -> Ints:
    """Repeats exact assignments among candidate cells until the cost stops falling.

    Args:
        cell: cell of each item, a permutation (n,).
        candidates: maps `cell` to the cells (n, k) that each item may move to, its own among them.
        price: cost (m,) of putting items (m,) into cells (m,).
    """
    items = np.arange(len(cell))
    before = price(items, cell).sum()
    while True:
        moved = _exact(candidates(cell), price)
        after = price(items, moved).sum()
        if after >= before * (1 - MIN_GAIN):
            return moved if after < before else cell
        cell, before = moved, after


def _exact(candidates: Ints, price: Callable[[Ints, Ints], Points]) -> Ints:
    """The cheapest assignment in which item i takes one of the cells candidates[i]."""
    from ortools.graph.python import linear_sum_assignment

    candidates = np.sort(candidates, axis=1)
    distinct = np.ones(candidates.shape, bool)
    distinct[:, 1:] = candidates[:, 1:] != candidates[:, :-1]  # OR-Tools wants no arc twice
    items, cells = np.nonzero(distinct)[0], candidates[distinct]
    costs = np.rint(price(items, cells) * SCALE).astype(np.int64)
    solver: Any = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(items.astype(np.int32), cells.astype(np.int32), costs)
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-Tools found no assignment, though every item has its own cell to stay in.")
    return np.fromiter(map(solver.right_mate, range(len(candidates))), np.int64)


def insert(old: Ints, wanted: Ints, rows: int, cols: int) -> tuple[Ints, Ints]:
    """Adds new pictures to a grid; old ones keep their cell or move to an adjacent one.

    Args:
        old: row and column of each old picture, (n, 2).
        wanted: row and column that each new picture should be near, (m, 2).
        rows: number of rows.
        cols: number of columns; rows · cols ≥ n + m.

    Returns:
        Cells of the old pictures (n, 2) and of the new ones (m, 2).

    Raises:
        InputError: the grid is too small, or an old picture lies outside it or shares a cell.
    """
    from scipy.spatial import cKDTree

    grid = np.stack(np.divmod(np.arange(rows * cols), cols), axis=1)
    at = old @ [cols, 1]
    if ((old < 0) | (old >= [rows, cols])).any() or len(np.unique(at)) < len(at):
        raise InputError(f"The old pictures do not fit into {rows} × {cols} cells, one in each.")
    n, m = len(old), len(wanted)
    if n + m > len(grid):
        raise InputError(f"{n} old and {m} new pictures do not fit into {rows} × {cols} cells.")
    free = np.setdiff1d(np.arange(len(grid)), at)
    spread = free[np.linspace(0, len(free) - 1, m).round().astype(np.int64)]  # free cells that the new ones start from
    first = spread[_bisect(wanted.astype(np.float64), grid[spread].astype(np.float64))] if m else spread
    start = np.concatenate([at, first, np.setdiff1d(free, spread)])  # items: old pictures, new ones, empty cells
    near = cKDTree(grid).query(grid, min(NEAR_CELLS, len(grid)))[1]
    adjacent = np.clip(old[:, None] + np.stack(np.divmod(np.arange(9), 3), axis=1) - 1, 0, [rows - 1, cols - 1])
    of_old = np.pad(adjacent @ [cols, 1], ((0, 0), (0, 2 * near.shape[1] - 9)), mode="edge")
    near_wanted = near[wanted @ [cols, 1]]
    home = np.concatenate([old, wanted, grid[start[n + m :]]]).astype(np.float64)
    weight = np.repeat([OLD_WEIGHT, 1.0, 0.0], [n, m, len(free) - m])

    def candidates(cell: Ints) -> Ints:
        near_own = near[cell[n:]]
        others = np.concatenate([near_wanted, near_own[m:]])
        return np.concatenate([of_old, np.concatenate([near_own, others], axis=1)])

    def price(items: Ints, cells: Ints) -> Points:
        return np.asarray(weight[items] * ((home[items] - grid[cells]) ** 2).sum(1))

    cells = grid[_improve(start, candidates, price)]
    return cells[:n], cells[n : n + m]


def _guess(points: Points, targets: Points, rows: int, cols: int) -> Ints:
    """A good assignment: a quarter of the points, assigned to a grid half as fine, shows how the others move."""
    from scipy.spatial import cKDTree

    count = len(points)
    if count <= COARSE:
        return _bisect(points, targets)
    some = np.random.default_rng(count).choice(count, count // 4, replace=False)
    down, across = math.ceil(rows / 2), math.ceil(cols / 2)
    coarse = centres(occupied(down, across, len(some)), down, across)
    shift = coarse[_sparse(points[some], coarse, down, across)] - points[some]
    distance, which = cKDTree(points[some]).query(points, 4)
    weight = 1 / (distance**2 + 1e-9)
    return _bisect(points + (shift[which] * weight[..., None]).sum(1) / weight.sum(1)[:, None], targets)


def _bisect(points: Points, targets: Points) -> Ints:
    """Pairs points with targets: halves both along x and y in turn until one of each is left."""
    sides = [points, targets]
    orders = [np.arange(len(points)) for _ in sides]
    group = np.zeros(len(points), np.int64)
    for level in range(math.ceil(math.log2(len(points)))):
        orders = [order[np.lexsort((side[order, level % 2], group))] for side, order in zip(sides, orders, strict=True)]
        start = np.searchsorted(group, group)
        size = np.searchsorted(group, group, "right") - start
        group = 2 * group + (np.arange(len(group)) - start >= (size + 1) // 2)
    return orders[1][np.argsort(orders[0])]
