"""Sorting into cells: like beside like, whatever the number of pictures and holes."""

import threading
import time

import numpy as np
import pytest

from zoo.grid import assign, quality, sort


def test_colours_are_sorted_better_than_by_assignment_alone(monkeypatch: pytest.MonkeyPatch) -> None:
    vectors = np.random.default_rng(0).random((256, 3)).astype(np.float32)
    used = assign.occupied(16, 16, 256)
    full = quality.preservation(vectors, used[sort.arrange(vectors, used, 16, 16)])
    monkeypatch.setattr(sort, "TRIES", 0)
    unpolished = quality.preservation(vectors, used[sort.arrange(vectors, used, 16, 16)])
    assert full.dpq16 > unpolished.dpq16 > 0.85 and full.dpq16 > 0.9


def test_the_same_seed_gives_the_same_cells() -> None:
    vectors = np.random.default_rng(0).random((60, 5)).astype(np.float32)
    used = assign.occupied(8, 9, 60)
    first, again, other = (sort.arrange(vectors, used, 8, 9, seed) for seed in (0, 0, 1))
    assert (first == again).all() and (first != other).any()
    assert sorted(first) == list(range(60))


def test_other_threads_go_on_while_pictures_are_swapped(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort, "TRIES", 100)
    used = assign.occupied(64, 64, 4096)
    vectors = np.random.default_rng(0).random((4096, 3)).astype(np.float32)
    sort.polish(vectors[:9], np.arange(9), used[:9], 0)  # compiled before the time is taken
    thread = threading.Thread(target=sort.polish, args=(vectors, np.arange(4096), used, 0))
    thread.start()
    seen = [time.perf_counter()]
    while thread.is_alive():
        time.sleep(0.005)
        seen.append(time.perf_counter())
    assert max(np.diff(seen)) < (seen[-1] - seen[0]) / 2


def test_many_are_sorted_in_groups(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sort, "DENSE", 100)
    monkeypatch.setattr(sort, "GROUP", 64)
    vectors = np.random.default_rng(0).random((400, 2)).astype(np.float32)
    used = assign.occupied(20, 20, 400)
    seen = np.concatenate(sort.groups(np.random.default_rng(0), used, 20))
    assert sorted(seen) == list(range(400))
    assert quality.preservation(vectors, used[sort.arrange(vectors, used, 20, 20)]).dpq16 > 0.85


@pytest.mark.parametrize("count", [1, 2, 3, 10])
@pytest.mark.parametrize("size", [1, 100])
def test_few_or_equal_pictures_are_sorted(count: int, size: int) -> None:
    used = assign.occupied(4, 4, count)
    for vectors in (np.zeros((count, size), np.float32), np.ones((count, size), np.float32).cumsum(0)):
        assert sorted(sort.arrange(vectors, used, 4, 4)) == list(range(count))
