"""Simulated annealing of a grid by swaps of two pictures; numba compiles the loop once per machine."""

import math
from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def distance(one: Any, other: Any) -> Any:
    """Euclidean distance of two vectors (d,)."""
    total = 0.0
    for d in range(one.shape[0]):
        total += (one[d] - other[d]) ** 2
    return math.sqrt(total)


@njit(cache=True)
def copy(row: Any, into: Any) -> None:
    """Copies a row into another; a loop compiles many times faster than a slice."""
    for k in range(len(row)):
        into[k] = row[k]


@njit(cache=True)
def energy(distances: Any, ties: Any, weights: Any, row: Any) -> Any:
    """Weighted sum of distances (k,), sorted before within each run of equal `ties`. `row` is scratch space."""
    total = 0.0
    for k in range(len(row)):
        value, place = distances[k], k
        while place > 0 and ties[place - 1] == ties[k] and row[place - 1] > value:
            row[place] = row[place - 1]
            place -= 1
        row[place] = value
    for k in range(len(row)):
        total += row[k] * weights[k]
    return total


@njit(cache=True, nogil=True)  # runs for seconds: other threads must renew a lease or serve a page meanwhile
def anneal(
    vectors: Any,
    held: Any,
    near: Any,
    ties: Any,
    listed: Any,
    starts: Any,
    similar: Any,
    weights: Any,
    tries: int,
    hot: float,
    cold: float,
    seed: int,
) -> None:
    """Swaps pictures in `held`, in place, so that the sum of the cells' energies falls.

    Args:
        vectors: vector of each picture, float32 (n, d).
        held: picture in each cell, int64 (n,); changed in place.
        near: nearest cells of each cell, the nearest first, int64 (n, k).
        ties: squared distances of those cells, int64 (n, k); equal numbers are ties.
        listed: inverse of `near`: the positions in `near.ravel()` that hold cell 0, then cell 1, …, int64 (n · k,).
        starts: cell c has the positions listed[starts[c] : starts[c + 1]], int64 (n + 1,).
        similar: most similar pictures of each picture, int64 (n, m).
        weights: weight of the nearest cell's distance, the second nearest, …, float64 (k,).
        tries: number of swaps to try.
        hot: first temperature.
        cold: last temperature.
        seed: of the random numbers.
    """
    np.random.seed(seed)
    count, ring = near.shape
    cell_of, energies, row = np.empty(count, np.int64), np.empty(count), np.empty(ring)
    far = np.empty((count, ring))  # distances of each cell's picture from those in its near cells
    for cell in range(count):
        cell_of[held[cell]] = cell
        for k in range(ring):
            far[cell, k] = distance(vectors[held[cell]], vectors[held[near[cell, k]]])
        energies[cell] = energy(far[cell], ties[cell], weights, row)
    stamp = np.full(count, -1, np.int64)
    touched, changed, rows = np.empty(count, np.int64), np.empty(count), np.empty((count, ring))
    for turn in range(tries):
        a = np.random.randint(count)
        centre = a  # swap with a cell near a, or near a picture similar to the one in a
        if np.random.random() < 0.6:
            centre = cell_of[similar[held[a], np.random.randint(similar.shape[1])]]
        b = near[centre, np.random.randint(ring)]
        if a == b:
            continue
        held[a], held[b] = held[b], held[a]
        m = 0
        for c in (a, b):
            stamp[c] = turn
            touched[m] = c
            for k in range(ring):
                rows[m, k] = distance(vectors[held[c]], vectors[held[near[c, k]]])
            m += 1
        for c in (a, b):  # the cells that count a or b among their nearest
            for s in range(starts[c], starts[c + 1]):
                other = listed[s] // ring
                if stamp[other] != turn:
                    stamp[other] = turn
                    touched[m] = other
                    copy(far[other], rows[m])
                    for k in range(ring):
                        if near[other, k] == a or near[other, k] == b:
                            rows[m, k] = distance(vectors[held[other]], vectors[held[near[other, k]]])
                    m += 1
        gain = 0.0
        for i in range(m):
            changed[i] = energy(rows[i], ties[touched[i]], weights, row)
            gain += energies[touched[i]] - changed[i]
        if gain >= 0 or np.random.random() < math.exp(gain / (hot * (cold / hot) ** (turn / tries))):
            cell_of[held[a]], cell_of[held[b]] = a, b
            for i in range(m):
                energies[touched[i]] = changed[i]
                copy(rows[i], far[touched[i]])
        else:
            held[a], held[b] = held[b], held[a]
