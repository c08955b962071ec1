"""Points in the plane to the cells of a grid, each cell at most once, so that the points move as little as they can.

The squared distances between points and cells, both in the unit square, are summed up and made as small as possible: a
linear assignment problem. `lapjv` (Jonker & Volgenant 1987) solves it from the whole n × n table of costs; "sparse"
solves it from the few arcs that matter, in memory that grows with n: a guess from coarse to fine, then exact
assignments among near cells, again and again until nothing is gained.
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
COARSE = 600  # points below which a guess needs no coarser one
BESIDE = 25  # cells about a point's own that it may move to
NEAR = 7  # points beside a point whose cells it may take
SCALE = 1e9  # costs become integers for OR-Tools
STEPS = 2**22  # of costs for lapjv, from least to most
STAY = 2.0  # weight of an old picture's move against a new one's
GAIN = 1e-6  # share of the cost: what is less is no gain


def to_grid(points: npt.ArrayLike, rows: int, cols: int, solver: str | None = None) -> Ints:
    """The cell of every point.

    Args:
        points: (n, 2), x to the right and y down, in any unit; both axes are stretched to [0, 1].
        rows: of the grid.
        cols: of the grid; rows · cols ≥ n, and where it has more cells, the holes are spread evenly.
        solver: "lapjv" or "sparse"; by default lapjv up to 1,024 cells.

    Returns:
        (n, 2), each point's row and column.

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
    """The points (n, 2) with both axes stretched to [0, 1]; an axis without extent becomes 0.5.

    Raises:
        InputError: they are not finite or have another shape.
    """
    where = np.asarray(points, np.float64)
    if where.ndim != 2 or where.shape[1] != 2:
        raise InputError(f"Points are an array (n, 2), not {where.shape}.")
    if bad := int((~np.isfinite(where)).any(1).sum()):
        raise InputError(f"{bad} of {len(where)} points are not finite; leave them out.")
    where = where / 2  # so that no extent is more than a float holds
    low, high = where.min(0, initial=np.inf), where.max(0, initial=-np.inf)
    extent = np.where(high > low, high - low, 1)
    return np.where(high > low, (where - low) / extent, 0.5)


def occupied(rows: int, cols: int, count: int) -> Ints:
    """Row and column of `count` cells of a grid (count, 2), row by row, with the holes between them spread evenly.

    Holes follow the R2 sequence (Roberts 2018), whose points keep apart from each other.

    Raises:
        InputError: the grid is too small.
    """
    cells = rows * cols
    if rows < 1 or cols < 1 or count > cells:
        raise InputError(f"A grid of {rows} × {cols} has no room for {count} pictures; give it {count} cells or more.")
    few = min(count, cells - count)  # cells that are chosen: those with pictures or the holes, whichever are fewer
    plastic = 1.32471795724474602596
    chosen, tried = np.zeros(0, np.int64), few
    while len(chosen) < few:
        tried *= 2
        at = (0.5 + np.arange(tried)[:, None] / np.array([plastic, plastic**2])) % 1
        row, col = (at * [rows, cols]).astype(np.int64).T
        found, first = np.unique(row * cols + col, return_index=True)
        chosen = found[np.argsort(first)][:few]
        if tried > 64 * cells:  # a grid so regular that the sequence leaves out some of its cells
            chosen = np.concatenate([chosen, np.setdiff1d(np.arange(cells), chosen)])[:few]
    taken = np.zeros(cells, bool)
    taken[chosen] = True
    return np.stack(np.divmod(np.flatnonzero(taken == (few == count)), cols), axis=1)


def centres(cells: Ints, rows: int, cols: int) -> Points:
    """Where cells (n, 2) lie in the unit square, as x and y (n, 2): the outermost on its edges."""
    row, col = cells.T
    return np.stack([col / (cols - 1) if cols > 1 else col + 0.5, row / (rows - 1) if rows > 1 else row + 0.5], axis=1)


def cost(points: npt.ArrayLike, cells: Ints, rows: int, cols: int) -> float:
    """The sum of squared distances of points to their cells, in the unit square."""
    return float(((normalised(points) - centres(cells, rows, cols)) ** 2).sum())


def dense(table: Points, steps: int = STEPS) -> Ints:
    """The column for each row of a table of costs (n, n), each column once, so that the sum is least: by lapjv.

    Costs are rounded to whole steps, or lapjv's row reduction would creep along by differences that are mere roundings:
    it would take a hundred times as long.

    Raises:
        InputError: a cost is not finite, at which lapjv would end the whole process.
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
    """As `dense`, in linear memory: assignments among near cells, until nothing is gained."""
    from scipy.spatial import cKDTree

    count = len(points)
    if count < 2:
        return np.arange(count)
    beside = cKDTree(targets).query(targets, min(BESIDE, count))[1]
    near = cKDTree(points).query(points, min(NEAR + 1, count))[1][:, 1:]
    return _settle(
        _guess(points, targets, rows, cols),
        lambda cell: np.concatenate([beside[cell], cell[near]], axis=1),
        lambda tails, ends: ((points[tails] - targets[ends]) ** 2).sum(1),
    )


def _settle(cell: Ints, heads: Callable[[Ints], Ints], price: Callable[[Ints, Ints], Points]) -> Ints:
    """Assigns again and again, until nothing is gained.

    Args:
        cell: (n,), where each of n items is; every one of n cells is taken.
        heads: from that, the cells (n, k) that each may move to, its own among them.
        price: of items (m,) being in cells (m,): float (m,).
    """
    every = np.arange(len(cell))
    paid = price(every, cell).sum()
    while True:
        found = _exact(heads(cell), price)
        better = price(every, found).sum()
        if better >= paid * (1 - GAIN):
            return found if better < paid else cell
        cell, paid = found, better


def _exact(heads: Ints, price: Callable[[Ints, Ints], Points]) -> Ints:
    """The best assignment of items to cells among the arcs from item i to each of heads[i]."""
    from ortools.graph.python import linear_sum_assignment

    heads = np.sort(heads, axis=1)
    new = np.ones(heads.shape, bool)
    new[:, 1:] = heads[:, 1:] != heads[:, :-1]  # OR-Tools wants no arc twice
    tails = np.repeat(np.arange(len(heads)), new.sum(1))
    ends = heads[new]
    solver: Any = linear_sum_assignment.SimpleLinearSumAssignment()
    solver.add_arcs_with_cost(
        tails.astype(np.int32), ends.astype(np.int32), np.rint(price(tails, ends) * SCALE).astype(np.int64)
    )
    if solver.solve() != solver.OPTIMAL:
        raise RuntimeError("OR-Tools found no assignment, though every item has its own cell to stay in.")
    return np.fromiter((solver.right_mate(i) for i in range(len(heads))), np.int64, len(heads))


def insert(old: Ints, wishes: Ints, rows: int, cols: int) -> tuple[Ints, Ints]:
    """Room for new pictures in a grid whose old pictures stay in their cells or move to one beside it.

    Args:
        old: (n, 2), row and column of the pictures that are there.
        wishes: (m, 2), row and column of the cell near which each new one would like to be.
        rows: of the grid.
        cols: of the grid; rows · cols ≥ n + m.

    Returns:
        The cells of the old pictures (n, 2) and of the new ones (m, 2).

    Raises:
        InputError: the grid is too small, or an old picture lies outside of it or in another's cell.
    """
    from scipy.spatial import cKDTree

    grid = np.stack(np.divmod(np.arange(rows * cols), cols), axis=1)
    at = old @ [cols, 1]
    if ((old < 0) | (old >= [rows, cols])).any() or len(np.unique(at)) < len(at):
        raise InputError(f"The old pictures do not fit into {rows} × {cols} cells, one in each.")
    if len(old) + len(wishes) > len(grid):
        raise InputError(f"{len(old)} old and {len(wishes)} new pictures do not fit into {rows} × {cols} cells.")
    free = np.setdiff1d(np.arange(len(grid)), at)
    few = free[np.linspace(0, len(free) - 1, len(wishes)).round().astype(np.int64)]  # settled from there
    first = few[_bisect(wishes.astype(np.float64), grid[few].astype(np.float64))] if len(wishes) else few
    start = np.concatenate([at, first, np.setdiff1d(free, few)])  # old, new, and the holes as items of their own
    beside = cKDTree(grid).query(grid, min(BESIDE, len(grid)))[1]
    around = np.clip(old[:, None] + np.stack(np.divmod(np.arange(9), 3), axis=1) - 1, 0, [rows - 1, cols - 1])
    stay = np.pad(around @ [cols, 1], ((0, 0), (0, 2 * beside.shape[1] - 9)), mode="edge")
    wished = beside[wishes @ [cols, 1]]
    home = np.concatenate([old, wishes, grid[start[len(old) + len(wishes) :]]]).astype(np.float64)
    weight = np.repeat([STAY, 1.0, 0.0], [len(old), len(wishes), len(free) - len(wishes)])

    def heads(cell: Ints) -> Ints:
        moving = beside[cell[len(old) :]]
        other = np.concatenate([wished, moving[len(wishes) :]])
        return np.concatenate([stay, np.concatenate([moving, other], axis=1)])

    def price(items: Ints, cells: Ints) -> Points:
        return np.asarray(weight[items] * ((home[items] - grid[cells]) ** 2).sum(1))

    cell = grid[_settle(start, heads, price)]
    return cell[: len(old)], cell[len(old) : len(old) + len(wishes)]


def _guess(points: Points, targets: Points, rows: int, cols: int) -> Ints:
    """A good assignment: a quarter of the points on a grid half as fine shows in which direction the others move."""
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
    """Points and targets halved along x and y in turn until one is left of each: the pairs."""
    sides = [points, targets]
    orders = [np.arange(len(points)) for _ in sides]
    group = np.zeros(len(points), np.int64)
    for level in range(math.ceil(math.log2(len(points)))):
        orders = [order[np.lexsort((side[order, level % 2], group))] for side, order in zip(sides, orders, strict=True)]
        start = np.searchsorted(group, group)
        size = np.searchsorted(group, group, "right") - start
        group = 2 * group + (np.arange(len(group)) - start >= (size + 1) // 2)
    pairs = np.empty(len(points), np.int64)
    pairs[orders[0]] = orders[1]
    return pairs
