"""Points come to cells at the least cost there is, with whatever the points are."""

from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import zoo
from zoo.grid import assign

Draw = Callable[[np.random.Generator, int], np.ndarray]


def uniform(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.random((count, 2))


def mixture(rng: np.random.Generator, count: int) -> np.ndarray:
    middles, widths, which = rng.normal(size=(6, 2)) * 5, rng.uniform(0.1, 1, (6, 1)), rng.integers(6, size=count)
    return middles[which] + rng.normal(size=(count, 2)) * widths[which]


def line(rng: np.random.Generator, count: int) -> np.ndarray:
    return np.stack([rng.random(count), np.full(count, 3.0)], axis=1)


def alike(rng: np.random.Generator, count: int) -> np.ndarray:
    return rng.integers(0, 3, (count, 2)).astype(float)


@pytest.mark.parametrize("draw", [uniform, mixture, line, alike])
@pytest.mark.parametrize(("count", "rows", "cols"), [(256, 16, 16), (200, 15, 17), (30, 1, 40), (700, 28, 27)])
def test_the_sparse_solver_finds_the_optimum(draw: Draw, count: int, rows: int, cols: int) -> None:
    points = draw(np.random.default_rng(count), count)
    ours, best = (assign.to_grid(points, rows, cols, solver) for solver in ("sparse", "lapjv"))
    for cells in (ours, best):
        assert cells.shape == (count, 2) and len(np.unique(cells, axis=0)) == count
        assert (cells >= 0).all() and (cells < [rows, cols]).all()
    assert assign.cost(points, ours, rows, cols) <= 1.0001 * assign.cost(points, best, rows, cols)


@pytest.mark.parametrize("solver", ["lapjv", "sparse"])
def test_points_on_the_cells_stay_there(solver: str) -> None:
    row, col = np.divmod(np.arange(60), 10)
    order = np.random.default_rng(0).permutation(60)
    points = np.stack([col, row], axis=1)[order] * [3.0, -7.0] + 1e6  # a flipped axis and a large offset
    cells = assign.to_grid(points, 6, 10, solver)
    assert cells.tolist() == np.stack([5 - row, col], axis=1)[order].tolist()


@settings(max_examples=40, deadline=None)
@given(st.integers(1, 40), st.integers(1, 12), st.integers(0, 3), st.sampled_from(["lapjv", "sparse"]))
def test_any_number_has_its_grid(count: int, cols: int, spare: int, solver: str) -> None:
    rows = -(-count // cols) + spare
    cells = assign.to_grid(np.random.default_rng(count).normal(size=(count, 2)), rows, cols, solver)
    assert len(np.unique(cells, axis=0)) == count and (cells < [rows, cols]).all()


def test_holes_are_spread() -> None:
    for holes in (4, 16, 64):
        cells = assign.occupied(16, 16, 256 - holes)
        full = np.zeros((16, 16), bool)
        full[tuple(cells.T)] = True
        empty = np.argwhere(~full)
        quarters = np.bincount((empty // 8) @ [2, 1], minlength=4)
        assert len(empty) == holes and np.ptp(quarters) <= 2
        apart = np.sqrt(((empty[:, None] - empty[None]) ** 2).sum(2))[~np.eye(holes, dtype=bool)]
        assert apart.min() >= 0.5 * 16 / np.sqrt(holes)


@pytest.mark.parametrize("solver", ["lapjv", "sparse"])
@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_what_is_not_finite_is_refused(solver: str, value: float) -> None:
    points = np.random.default_rng(0).random((9, 2))
    points[4] = value
    with pytest.raises(zoo.InputError, match="1 of 9 points are not finite"):
        assign.to_grid(points, 3, 3, solver)


@pytest.mark.parametrize("solver", ["lapjv", "sparse"])
def test_points_as_far_as_floats_go_are_assigned(solver: str) -> None:
    points = np.array([[1.7e308, 1], [-1.7e308, 0], [0, 1], [0, 0], [1.7e308, 0], [-1.7e308, 1]])
    assert assign.to_grid(points, 2, 3, solver).tolist() == [[1, 2], [0, 0], [1, 1], [0, 1], [0, 2], [1, 0]]


@pytest.mark.parametrize("solver", ["lapjv", "sparse"])
def test_no_points_need_no_cells(solver: str) -> None:
    cells = assign.to_grid(np.zeros((0, 2)), 2, 3, solver)
    assert cells.shape == (0, 2) and cells.dtype == np.int64


@pytest.mark.parametrize("value", [np.nan, np.inf, -1.7e308])
def test_costs_that_are_not_finite_never_reach_lapjv(value: float) -> None:
    table = np.full((3, 3), 1.7e308)
    table[1] = value
    with pytest.raises(zoo.InputError, match="Some costs are not finite"):
        assign.dense(table)  # lapjv would abort this process


def test_what_cannot_be_done_is_said() -> None:
    with pytest.raises(zoo.InputError, match="no room for 10"):
        assign.to_grid(np.zeros((10, 2)), 3, 3)
    with pytest.raises(zoo.InputError, match=r"\(n, 2\), not \(4, 3\)"):
        assign.to_grid(np.zeros((4, 3)), 2, 2)
    with pytest.raises(zoo.InputError, match="no solver 'best'"):
        assign.to_grid(np.zeros((4, 2)), 2, 2, "best")


def test_new_pictures_come_near_to_where_they_wish_and_the_old_hardly_move() -> None:
    rng = np.random.default_rng(0)
    old = rng.permutation(assign.occupied(20, 20, 340))
    wishes = rng.integers(8, 12, (40, 2))
    stayed, new = assign.insert(old, wishes, 20, 20)
    assert len(np.unique(np.concatenate([stayed, new]), axis=0)) == 380
    assert np.abs(stayed - old).max() <= 1
    free = np.argwhere(~np.isin(np.arange(400), old @ [20, 1]).reshape(20, 20))
    unmoved = np.abs(wishes[:, None] - free[None]).max(2).min(1)  # what is free at the very least
    assert np.hypot(*(new - wishes).T).mean() < 4 and (unmoved >= 0).all()


def test_old_pictures_stay_where_nothing_is_added() -> None:
    old = np.random.default_rng(1).permutation(assign.occupied(7, 9, 50))
    stayed, new = assign.insert(old, np.zeros((0, 2), np.int64), 7, 9)
    assert (stayed == old).all() and new.shape == (0, 2)
    with pytest.raises(zoo.InputError, match="do not fit into 7 × 9"):
        assign.insert(old, np.zeros((20, 2), np.int64), 7, 9)
    with pytest.raises(zoo.InputError, match="one in each"):
        assign.insert(np.array([[0, 0], [0, 0]]), np.zeros((0, 2), np.int64), 2, 2)
