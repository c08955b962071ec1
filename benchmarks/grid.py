"""The grid beside lapjv and UMAP, in one run: cost over the optimum, seconds, memory, and how well like lies by like.

    python -m benchmarks.grid [--data DIR] [assign sorted folder ...]

DIR holds photos.zip for the part "folder"; a part whose data is missing is named and left out.
"""

import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from zipfile import ZipFile

import numpy as np

from training.data import options
from zoo.grid import assign, quality, reduce, sort

SIZES = 256, 1024, 4096, 10_000
DENSE = 4096  # points up to which the least cost is found from nothing
TOLERANCE = 1e-12  # of a path's length
SEEDS = 5


def timed(work: Callable[[], np.ndarray]) -> tuple[np.ndarray, float]:
    start = time.perf_counter()
    found = work()
    return found, time.perf_counter() - start


def uniform(count: int) -> np.ndarray:
    return np.random.default_rng(count).random((count, 2))


def mixture(count: int) -> np.ndarray:
    rng = np.random.default_rng(count)
    middles, widths, which = rng.normal(size=(12, 2)) * 4, rng.uniform(0.1, 1, (12, 1)), rng.integers(12, size=count)
    return middles[which] + rng.normal(size=(count, 2)) * widths[which]


def umap(count: int) -> np.ndarray:
    """UMAP of noisy blobs in 32 dimensions, whose points clump as those of pictures do."""
    rng = np.random.default_rng(count)
    middles, which = rng.normal(size=(30, 32)) * 2, rng.integers(30, size=count)
    return reduce.reduce((middles[which] + rng.normal(size=(count, 32))).astype(np.float32), "umap")


def least_cost(points: np.ndarray, rows: int, cols: int) -> float:
    """The least possible cost, by scipy's dense solver (Crouse 2016), which is exact."""
    from scipy.optimize import linear_sum_assignment
    from scipy.spatial.distance import cdist

    targets = assign.centres(assign.occupied(rows, cols, len(points)), rows, cols)
    table = cdist(assign.normalised(points), targets, "sqeuclidean")
    return float(table[linear_sum_assignment(table)].sum())


def optimum(points: np.ndarray, cells: np.ndarray, rows: int, cols: int) -> float:
    """The least possible cost, found from an assignment: while a ring of points gains by moving on, it moves.

    Klein 1967. Such a ring is a loop among the shortest paths from cell to cell, by Bellman and Ford; where none is
    left, the paths' lengths are dual variables, which prove that nothing costs less.
    """
    from scipy.spatial.distance import cdist

    table = cdist(assign.normalised(points), assign.centres(cells, rows, cols), "sqeuclidean")
    every, parts = np.arange(len(table)), np.array_split(np.arange(len(table)), -(-len(table) // 500))
    lengths = np.zeros(len(table))
    while True:
        own, via, ring = table.diagonal().copy(), np.full(len(table), -1), []
        while not ring:
            before = lengths.copy()
            for part in parts:
                through = table[part] + (lengths - own)[part, None]
                best = through.argmin(0)
                shorter = through[best, every] < lengths - TOLERANCE
                lengths[shorter], via[shorter] = through[best, every][shorter], part[best[shorter]]
            if np.array_equal(before, lengths):
                return float(own.sum())
            ring = _ring(via, int((before - lengths).argmax()))
        table[:, np.roll(ring, -1)] = table[:, ring]


def _ring(via: np.ndarray, start: int) -> list[int]:
    """The loop that one comes into from a start; empty where the way ends."""
    way: dict[int, None] = {}
    while start >= 0 and start not in way:
        way[start] = None
        start = int(via[start])
    return list(way)[list(way).index(start) :] if start >= 0 else []


def lapjv_alone(points: np.ndarray, side: int) -> np.ndarray:
    """Cells by lapjv as it is usually called: on float32 costs."""
    from lapjv import lapjv
    from scipy.spatial.distance import cdist

    used = assign.occupied(side, side, len(points))
    table = cdist(assign.normalised(points), assign.centres(used, side, side), "sqeuclidean").astype(np.float32)
    return used[lapjv(table)[0]]


def assignments() -> None:
    """The sparse solver: its cost over the optimum, and its time beside lapjv's."""
    print(f"{'points':>14} {'cells':>6} {'sparse s':>9} {'lapjv s':>9} {'cost / optimum':>15}")
    for draw in (uniform, mixture, umap):
        for count in SIZES:
            side, points = int(np.ceil(np.sqrt(count))), draw(count)
            ours, seconds = timed(lambda points=points, side=side: assign.to_grid(points, side, side, "sparse"))
            theirs = ""
            if count <= 1024 or (count == 4096 and draw is umap):
                _, spent = timed(lambda points=points, side=side: lapjv_alone(points, side))
                theirs = f"{spent:.2f}"
            least = least_cost(points, side, side) if count <= DENSE else optimum(points, ours, side, side)
            over = assign.cost(points, ours, side, side) / least
            print(f"{draw.__name__:>14} {count:6} {seconds:9.2f} {theirs:>9} {over:15.7f}", flush=True)
    for count in (1024, 16_384, 100_000):
        script = (
            "import resource, time; from benchmarks.grid import mixture; from zoo.grid import assign; "
            f"import ortools.graph.python.linear_sum_assignment, scipy.spatial; points = mixture({count}); "
            "before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss; start = time.perf_counter(); "
            f"assign.to_grid(points, *[{int(np.ceil(np.sqrt(count)))}] * 2, 'sparse'); "
            "print(time.perf_counter() - start, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before)"
        )
        out = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True).stdout
        seconds, kilobytes = map(float, out.split())
        print(f"{'mixture':>14} {count:6} {seconds:9.2f} {'':9} {kilobytes / 1e6:12.2f} GB", flush=True)


def sorting() -> None:
    """Colours and digits: distance preservation quality of `sorted` beside UMAP with lapjv."""
    from sklearn.datasets import load_digits

    used = assign.occupied(32, 32, 1024)
    warm = np.random.default_rng(99).random((64, 3)).astype(np.float32)
    sort.arrange(warm, assign.occupied(8, 8, 64), 8, 8)  # compiles the swaps, once on a machine
    digits = load_digits().data[:1024].astype(np.float32)
    colours = [np.random.default_rng(seed).random((1024, 3)).astype(np.float32) for seed in range(SEEDS)]
    print(f"{'set':>12} {'layout':>12} {'DPQ16':>8} {'DPQ2':>8} {'recall':>8} {'seconds':>8}")
    for name, sets in (("colours", colours), ("digits", [digits])):
        for layout in ("sorted", "umap+lapjv", "random"):
            rows = []
            for vectors in sets:
                if layout == "sorted":
                    cells, spent = timed(lambda v=vectors: used[sort.arrange(v, used, 32, 32)])
                elif layout == "random":
                    cells, spent = np.random.default_rng(0).permutation(used), 0.0
                else:
                    cells, spent = timed(lambda v=vectors: assign.to_grid(reduce.reduce(v, "umap"), 32, 32, "lapjv"))
                scores = quality.preservation(vectors, cells)
                rows.append((scores.dpq16, scores.dpq2, scores.recall, spent))
            print(
                f"{name:>12} {layout:>12} " + " ".join(f"{value:8.4f}" for value in np.mean(rows, axis=0)), flush=True
            )


def folder(data: Path) -> None:
    """1,024 photos, from the folder to the page on the disk, in a process of its own."""
    with tempfile.TemporaryDirectory() as scratch:
        with ZipFile(data / "photos.zip") as archive:
            names = [name for name in sorted(archive.namelist()) if not name.endswith(".csv")][:1024]
            archive.extractall(f"{scratch}/photos", names)
        for run in ("cold", "cached"):
            command = [sys.executable, "-m", "zoo", "grid", f"{scratch}/photos", "--out", f"{scratch}/map.html"]
            start = time.perf_counter()
            env = os.environ | {"GLYPHZOO_HOME": f"{scratch}/home"}
            subprocess.run(command, env=env, check=True, capture_output=True)
            print(f"1,024 photos to map.html, {run}: {time.perf_counter() - start:.1f} s", flush=True)


def main() -> None:
    parser = options.parser("benchmarks.grid", __doc__, "data")
    parser.add_argument("parts", nargs="*", choices=["assign", "sorted", "folder"], help="default: all")
    args = parser.parse_args()
    parts = args.parts or ["assign", "sorted", "folder"]
    if "assign" in parts:
        assignments()
    if "sorted" in parts:
        sorting()
    if "folder" in parts:
        if (args.data / "photos.zip").exists():
            folder(args.data)
        else:
            print(f"{args.data / 'photos.zip'} is missing: the part folder is left out")
    print(f"peak memory of this process: {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e6:.1f} GB")


if __name__ == "__main__":
    main()
