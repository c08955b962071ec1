"""The quality of a grid: perfect, random and in between, against a plain reading of the definition."""

from dataclasses import astuple

import numpy as np
import pytest

from zoo.grid import assign, quality


def plainly(vectors: np.ndarray, cells: np.ndarray, power: int) -> float:
    """Distance preservation quality as its paper defines it, picture by picture."""
    count = len(vectors)
    gains = {}
    mean = np.mean([np.linalg.norm(a - b) for i, a in enumerate(vectors) for j, b in enumerate(vectors) if i != j])
    for name in ("grid", "best"):
        sums = np.zeros(count - 1)
        for i in range(count):
            others = [j for j in range(count) if j != i]
            far = {j: np.linalg.norm(vectors[i] - vectors[j]) for j in others}
            apart = {j: round(float(np.linalg.norm(cells[i] - cells[j])), 6) for j in others}
            order = sorted(others, key=lambda j: (apart[j], far[j]) if name == "grid" else far[j])
            sums += [far[j] for j in order]
        of_k = sums.cumsum() / np.arange(1, count) / count
        gains[name] = np.maximum(1 - of_k / mean, 0)
    return float((gains["grid"] ** power).sum() ** (1 / power) / (gains["best"] ** power).sum() ** (1 / power))


def test_it_is_what_the_definition_says() -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 4)).astype(np.float32)
    cells = rng.permutation(assign.occupied(6, 6, 30))
    scores = quality.preservation(vectors, cells)
    assert scores.dpq16 == pytest.approx(plainly(vectors, cells, 16), rel=1e-5)
    assert scores.dpq2 == pytest.approx(plainly(vectors, cells, 2), rel=1e-5)


def test_a_grid_of_its_own_coordinates_is_perfect_and_a_shuffled_one_is_not() -> None:
    cells = assign.occupied(12, 12, 144)
    vectors = cells.astype(np.float32)
    best, random = (quality.preservation(vectors, c) for c in (cells, np.random.default_rng(0).permutation(cells)))
    assert astuple(best)[:3] == pytest.approx((1, 1, 1), abs=0.08)  # fewer than eight cells surround a corner
    assert random.dpq16 < 0.6 and random.dpq2 < 0.3 and random.recall < 0.15


def test_a_part_of_the_pictures_stands_for_all(monkeypatch: pytest.MonkeyPatch) -> None:
    cells = assign.occupied(30, 30, 900)
    vectors = (cells + np.random.default_rng(0).normal(size=(900, 2)) * 2).astype(np.float32)
    every = quality.preservation(vectors, cells)
    monkeypatch.setattr(quality, "PAIRS", 300 * 900)
    monkeypatch.setattr(quality, "AT_ONCE", 50 * 900)
    assert astuple(quality.preservation(vectors, cells))[:3] == pytest.approx(astuple(every)[:3], abs=0.03)


def test_displacement_and_cost_are_of_the_points() -> None:
    row, col = np.divmod(np.arange(20), 5)
    points = np.stack([col, row], axis=1).astype(float)
    cells = np.stack([row, col], axis=1)
    vectors = points.astype(np.float32)
    here = quality.measure(vectors, cells, 4, 5, points)
    assert here.displacement == 0 and here.cost == 0
    moved = quality.measure(vectors, np.roll(cells, 1, axis=0), 4, 5, points)
    assert moved.displacement == pytest.approx((16 * 1 + 3 * np.hypot(4, 1) + np.hypot(4, 3)) / 20)
    assert moved.cost > 0
    random = quality.random(vectors, 4, 5, points)
    assert random.displacement > 1 and random.dpq16 < here.dpq16


@pytest.mark.parametrize("count", [1, 2, 3, 9])
def test_few_or_equal_pictures_have_a_quality(count: int) -> None:
    cells = assign.occupied(3, 3, count)
    for vectors in (np.zeros((count, 5), np.float32), np.eye(count, 5, dtype=np.float32)):
        scores = quality.preservation(vectors, cells)
        assert np.isfinite([scores.dpq16, scores.dpq2, scores.recall]).all()
