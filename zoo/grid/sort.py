"""Sorts vectors straight into the cells of a grid, without points in the plane.

First linear assignment sorting (Barthel et al. 2023): blur the vectors over the grid, assign each picture to the cell
whose blurred vector is nearest to its own, shrink the blur's radius, repeat. Large grids are assigned in groups of some
hundred cells. Then simulated annealing swaps single pictures to raise the distance preservation quality: it minimises
the distances to the nearest cells, weighed by rank as that measure's derivative weighs them.
"""

import math
from collections.abc import Callable
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.grid.assign import dense

Vectors = npt.NDArray[np.float32]
Ints = npt.NDArray[np.int64]

DENSE = 1024  # pictures up to which all are assigned at once
STEPS = 2**10  # integer levels of cost in an assignment
GROUP = 256  # cells in one assignment of a larger grid
DECAY = 0.92  # factor of the radius from one assignment to the next
LAST_RADIUS = 0.9  # cells: sorting ends below it
SIGMA = 0.65  # standard deviation of the blur, divided by the radius
RING = 8  # nearest cells whose distances count in a swap
TRIES = 500  # swaps tried per picture
MAX_TRIES = 8_000_000  # swaps tried in all
HOT, COLD = 0.012, 0.0003  # first and last temperature, divided by the mean distance of two pictures
DIMENSIONS = 64  # longer vectors are reduced to their principal components


def arrange(
    vectors: Vectors,
    used: Ints,
    rows: int,
    cols: int,
    seed: int = 0,
    progress: Callable[[int, int], None] | None = None,
) -> Ints:
    """Index into `used` of each vector's cell, (n,).

    Args:
        vectors: (n, d).
        used: row and column of the cells that hold a picture, (n, 2), in row-major order.
        rows: number of rows.
        cols: number of columns.
        seed: of the random numbers.
        progress: called with the number of assignments done and their total.
    """
    from scipy.spatial.distance import cdist

    from zoo.grid.reduce import components

    count, rng = len(vectors), np.random.default_rng(seed)
    if count < 3:
        return np.arange(count)
    if vectors.shape[1] > DIMENSIONS:
        vectors = components(vectors, DIMENSIONS)
    held = rng.permutation(count)  # picture in each used cell
    radius = max(rows, cols) / 2
    steps = max(math.ceil(math.log(LAST_RADIUS / radius, DECAY)), 1)
    for step in range(steps):
        wanted = blurred(vectors[held], used, rows, cols, radius * SIGMA)
        for group in groups(rng, used, 4 * radius):
            held[group] = held[group][dense(cdist(wanted[group], vectors[held[group]], "sqeuclidean"), STEPS)]
        radius *= DECAY
        if progress:
            progress(step + 1, steps)
    polish(vectors, held, used, seed)
    return np.argsort(held)


def blurred(held: Vectors, used: Ints, rows: int, cols: int, sigma: float) -> Vectors:
    """Vectors (n, d) of the used cells, blurred over the grid; empty cells are ignored."""
    from scipy.ndimage import gaussian_filter

    grid = np.zeros((rows, cols, held.shape[1] + 1), np.float32)
    grid[used[:, 0], used[:, 1], :-1] = held
    grid[used[:, 0], used[:, 1], -1] = 1
    sums = gaussian_filter(grid, (sigma, sigma, 0), mode="reflect")[used[:, 0], used[:, 1]]
    return np.asarray(sums[:, :-1] / sums[:, -1:], np.float32)


def groups(rng: np.random.Generator, used: Ints, side: float) -> list[Ints]:
    """Indices of cells to assign together: all, or on a large grid random groups of about GROUP cells per window."""
    if len(used) <= DENSE:
        return [np.arange(len(used))]
    side = max(int(side), 2 * math.isqrt(GROUP))
    window = (used + rng.integers(side, size=2)) // side
    key = window[:, 0] * (window[:, 1].max() + 1) + window[:, 1]
    order = np.lexsort((rng.random(len(used)), key))
    ends = np.flatnonzero(np.diff(key[order])) + 1
    windows = np.split(order, ends)
    return [group for cells in windows for group in np.array_split(cells, math.ceil(len(cells) / GROUP))]


def polish(vectors: Vectors, held: Ints, used: Ints, seed: int) -> None:
    """Swaps pictures in `held` (n,), in place, by simulated annealing, so that similar ones come closer."""
    from scipy.spatial import cKDTree

    from zoo.grid.anneal import anneal  # loads a compiler

    count = len(held)
    ring = min(RING, count - 1)
    apart, near = cKDTree(used).query(used, ring + 1)
    near, ties = near[:, 1:], np.rint(apart[:, 1:] ** 2).astype(np.int64)
    order = np.lexsort((near, ties), axis=1)  # the tree returns cells at the same distance in any order
    near, ties = np.take_along_axis(near, order, 1), np.take_along_axis(ties, order, 1)
    listed = np.argsort(near.ravel(), kind="stable")  # where `near` lists cell 0, cell 1, …
    starts = np.searchsorted(near.ravel()[listed], np.arange(count + 1))
    similar = cKDTree(vectors).query(vectors, min(9, count))[1][:, 1:]
    sample = np.random.default_rng(seed).integers(count, size=(2, 10_000))
    mean = float(np.linalg.norm(vectors[sample[0]] - vectors[sample[1]], axis=1).mean())
    if mean > 0:
        tables = vectors.astype(np.float32), held, near, ties, listed, starts, similar, _weights(ring)
        numbers = min(TRIES * count, MAX_TRIES), HOT * mean, COLD * mean, seed
        options: Any = *map(np.ascontiguousarray, tables), *numbers  # numba compiles each memory layout anew
        anneal(*options)


def _weights(ring: int) -> npt.NDArray[np.float64]:
    """How fast DPQ16 falls with the distance of the r-th nearest cell, for r = 1…ring, up to a factor.

    DPQ16 is the p-norm of the gains 1 − D(k), where D(k) is the mean distance of the k nearest cells over that of all.
    Its derivative is the sum over k ≥ r of gain(k)^15 / k. A well sorted grid gains about 0.93 · k^-0.07.
    """
    k = np.arange(1, 65)
    tail: npt.NDArray[np.float64] = ((0.93 * k**-0.07) ** 15 / k)[::-1].cumsum()[::-1]
    return tail[:ring]
