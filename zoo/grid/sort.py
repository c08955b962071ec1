"""Vectors straight to the cells of a grid, without a plane between: linear assignment sorting, then swaps.

Sorting is that of Barthel et al. 2023: the grid's vectors are smoothed, every picture moves to the cell whose smoothed
vector is most like its own, by linear assignment, and the radius of smoothing shrinks. On larger grids the assignments
are made among some hundred cells at a time. Simulated annealing then swaps single pictures for what the distance
preservation quality counts: the nearest cells' distances, each weighed by its rank as that measure's derivative does.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.grid.assign import dense

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

DENSE = 1024  # pictures up to which all of them are assigned at once
STEPS = 2**10  # of the costs of an assignment
GROUP = 256  # cells in an assignment of a larger grid
DECAY = 0.92  # of the radius, from one assignment to the next
LAST = 0.9  # radius in cells at which it ends
SPREAD = 0.65  # the smoothing's standard deviation over its radius
RING = 8  # cells around a cell that swaps look at
TRIES = 500  # swaps tried for each picture
MOST = 8_000_000  # swaps tried in all
HEAT = 0.012, 0.0003  # first and last temperature over the mean distance
DIMENSIONS = 64  # that longer vectors are reduced to


def arrange(
    vectors: Vectors,
    used: Ints,
    rows: int,
    cols: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Ints:
    """The index into `used` of each vector's cell.

    Args:
        vectors: (n, d).
        used: (n, 2), row and column of the cells that hold a picture, row by row.
        rows: of the grid.
        cols: of the grid.
        seed: of all chance.
        progress: is told how many assignments are done, and of how many.
    """
    from scipy.spatial.distance import cdist

    from zoo.grid.reduce import components

    count, rng = len(vectors), np.random.default_rng(seed)
    if count < 3:
        return np.arange(count)
    if vectors.shape[1] > DIMENSIONS:
        vectors = components(vectors, DIMENSIONS)
    held = rng.permutation(count)  # the picture in each used cell
    radius = max(rows, cols) / 2
    steps = max(math.ceil(math.log(LAST / radius, DECAY)), 1)
    for step in range(steps):
        wanted = smoothed(vectors[held], used, rows, cols, radius * SPREAD)
        for group in groups(rng, used, 4 * radius):
            held[group] = held[group][dense(cdist(wanted[group], vectors[held[group]], "sqeuclidean"), STEPS)]
        radius *= DECAY
        if progress:
            progress(step + 1, steps)
    polish(vectors, held, used, seed)
    where = np.empty(count, np.int64)
    where[held] = np.arange(count)
    return where


def smoothed(held: Vectors, used: Ints, rows: int, cols: int, sigma: float) -> Vectors:
    """The cells' vectors (n, d) blurred over the grid; holes count for nothing."""
    from scipy.ndimage import gaussian_filter

    grid = np.zeros((rows, cols, held.shape[1] + 1), np.float32)
    grid[used[:, 0], used[:, 1], :-1] = held
    grid[used[:, 0], used[:, 1], -1] = 1
    blurred = gaussian_filter(grid, (sigma, sigma, 0), mode="reflect")[used[:, 0], used[:, 1]]
    return np.asarray(blurred[:, :-1] / blurred[:, -1:], np.float32)


def groups(rng: np.random.Generator, used: Ints, side: float) -> list[Ints]:
    """Cells that are assigned together: all, or at random GROUP of those that lie in a window of that side."""
    if len(used) <= DENSE:
        return [np.arange(len(used))]
    side = max(int(side), 2 * math.isqrt(GROUP))
    window = (used + rng.integers(side, size=2)) // side
    key = window[:, 0] * (window[:, 1].max() + 1) + window[:, 1]
    order = np.lexsort((rng.random(len(used)), key))
    ends = np.flatnonzero(np.diff(key[order])) + 1
    parts = []
    for part in np.split(order, ends):
        parts += np.array_split(part, math.ceil(len(part) / GROUP))
    return parts


def polish(vectors: Vectors, held: Ints, used: Ints, seed: int) -> None:
    """Swaps the pictures of cells in place where that brings the like nearer, by simulated annealing."""
    from scipy.spatial import cKDTree

    from zoo.grid.anneal import anneal  # loads a compiler

    count = len(held)
    ring = min(RING, count - 1)
    apart, near = cKDTree(used).query(used, ring + 1)
    near, ties = near[:, 1:], np.rint(apart[:, 1:] ** 2).astype(np.int64)
    order = np.lexsort((near, ties), axis=1)  # a tree gives cells that are equally far in any order
    near, ties = np.take_along_axis(near, order, 1), np.take_along_axis(ties, order, 1)
    seen_by = _seen_by(near)
    like = cKDTree(vectors).query(vectors, min(9, count))[1][:, 1:]
    sample = np.random.default_rng(seed).integers(count, size=(2, 10_000))
    mean = float(np.linalg.norm(vectors[sample[0]] - vectors[sample[1]], axis=1).mean())
    if mean > 0:
        tries = min(TRIES * count, MOST)
        heat = HEAT[0] * mean, HEAT[1] * mean
        tables = (vectors.astype(np.float32), held, near, ties, *seen_by, like, _weights(ring))
        options: Any = *map(np.ascontiguousarray, tables), tries, *heat, seed  # else each way to lie is compiled anew
        anneal(*options)


def _seen_by(near: Ints) -> tuple[Ints, Ints]:
    """Where each cell is named in `near`, flat, one list behind the other, and where each list begins (n + 1,)."""
    order = np.argsort(near.ravel(), kind="stable")
    return order, np.searchsorted(near.ravel()[order], np.arange(len(near) + 1))


def _weights(ring: int) -> npt.NDArray[np.float64]:
    """How much DPQ16 falls with the distance of the r-th nearest cell, for each r, up to a factor.

    It is the p-norm of gains 1 − D(k), D(k) the mean distance of the k nearest over that of all, so its derivative is
    the sum over k ≥ r of gain(k)^15 / k. The gains are those of a well sorted grid, about 0.93 · k^-0.07.
    """
    k = np.arange(1, 65)
    tail: npt.NDArray[np.float64] = ((0.93 * k**-0.07) ** 15 / k)[::-1].cumsum()[::-1]
    return tail[:ring]
