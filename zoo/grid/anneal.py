"""Simulated annealing of a grid: single pictures are swapped, and the loop is compiled, once for a machine."""

import math
from typing import Any

import numpy as np
from numba import njit


@njit(cache=True)
def distance(one: Any, other: Any) -> Any:
    """The Euclidean distance of two vectors (d,)."""
    total = 0.0
    for d in range(one.shape[0]):
        total += (one[d] - other[d]) ** 2
    return math.sqrt(total)


@njit(cache=True)
def copy(row: Any, into: Any) -> None:
    """Copies a row into another: a loop compiles in a fraction of the time that a slice takes."""
    for k in range(len(row)):
        into[k] = row[k]


@njit(cache=True)
def energy(distances: Any, ties: Any, weights: Any, row: Any) -> Any:
    """The weighed sum of distances; of cells that are equally far the more alike come first. Sorts them in `row`."""
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


@njit(cache=True, nogil=True)  # it takes seconds, in which other threads have a lease to renew or a page to serve
def anneal(
    vectors: Any,
    held: Any,
    near: Any,
    ties: Any,
    seers: Any,
    starts: Any,
    like: Any,
    weights: Any,
    tries: int,
    hot: float,
    cold: float,
    seed: int,
) -> None:
    """Swaps pictures in place.

    Args:
        vectors: of the pictures, float32 (n, d).
        held: the picture in each cell, int64 (n,); it is changed.
        near: the nearest cells of each cell, the nearest first, int64 (n, k).
        ties: equal numbers where those are equally far, int64 (n, k).
        seers: where each cell is named in `near`, flat, one list behind the other, int64 (n · k,).
        starts: where each of these lists begins, int64 (n + 1,).
        like: of each picture those most like it, int64 (n, m).
        weights: of the nearest distance, the second, …, float64 (k,).
        tries: how many swaps are tried.
        hot: first temperature.
        cold: last temperature.
        seed: of all chance.
    """
    np.random.seed(seed)
    count, ring = near.shape
    cell_of, energies, row = np.empty(count, np.int64), np.empty(count), np.empty(ring)
    far = np.empty((count, ring))  # of each cell's picture from those around
    for cell in range(count):
        cell_of[held[cell]] = cell
        for k in range(ring):
            far[cell, k] = distance(vectors[held[cell]], vectors[held[near[cell, k]]])
        energies[cell] = energy(far[cell], ties[cell], weights, row)
    stamp = np.full(count, -1, np.int64)
    touched, changed, rows = np.empty(count, np.int64), np.empty(count), np.empty((count, ring))
    for turn in range(tries):
        a = np.random.randint(count)
        beside = a  # swaps with a near cell, or with one near to where a picture like its own is
        if np.random.random() < 0.6:
            beside = cell_of[like[held[a], np.random.randint(like.shape[1])]]
        b = near[beside, np.random.randint(ring)]
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
        for c in (a, b):
            for s in range(starts[c], starts[c + 1]):
                seer = seers[s] // ring
                if stamp[seer] != turn:
                    stamp[seer] = turn
                    touched[m] = seer
                    copy(far[seer], rows[m])
                    for k in range(ring):
                        if near[seer, k] == a or near[seer, k] == b:
                            rows[m, k] = distance(vectors[held[seer]], vectors[held[near[seer, k]]])
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
