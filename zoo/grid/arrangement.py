"""From pictures to an arrangement: embed, reduce to the plane, assign to cells, measure."""

import hashlib
import json
import math
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoo import whole
from zoo.errors import InputError
from zoo.grid import assign, embed, quality
from zoo.grid.pictures import Pictures, Progress, of, usual_aspect
from zoo.grid.quality import Quality
from zoo.grid.reduce import METHODS, reduce
from zoo.hub import store
from zoo.images import preprocess

LAYOUTS = (*METHODS, "sorted")
MAX_SIDE = 16_383  # rows or columns: a WebP, which has a pixel or more for each, is no larger
MAX_CELLS = 4  # cells per picture, since empty cells cost time too
FREE = 1024  # cells that a grid of any number of pictures may have
KEPT = 1000  # arrangements, and as many sets of points, cached on the disk; older ones are deleted
EDITION = 2  # part of the cache's keys: raised when the same vectors are arranged differently


@dataclass(frozen=True)
class Arrangement:
    """Pictures in the cells of a grid.

    Attributes:
        rows, cols: size of the grid.
        cells: row and column of each picture, int (n, 2).
        points: each picture's point in the plane, float (n, 2); None if the layout has no points.
        quality: scores of the arrangement.
        random: scores of the same pictures in random cells.
        vectors: vector of each picture, float32 (n, d).
        kept: indices of the n given pictures that could be read.
        skipped: reason by name of each of the others.
        seconds: time spent on each stage.
        embedder: name of the embedder; "" for given vectors.
        fresh: number of pictures embedded now; the other vectors come from the cache.
    """

    rows: int
    cols: int
    cells: npt.NDArray[np.int64]
    points: npt.NDArray[np.float64] | None
    quality: Quality
    random: Quality
    vectors: npt.NDArray[np.float32]
    kept: npt.NDArray[np.int64]
    skipped: Mapping[str, str] = field(default_factory=dict)
    seconds: Mapping[str, float] = field(default_factory=dict)
    embedder: str = ""
    fresh: int = 0

    @property
    def holes(self) -> npt.NDArray[np.int64]:
        """Row and column of each empty cell, int (h, 2)."""
        empty = np.ones((self.rows, self.cols), bool)
        empty[tuple(self.cells.T)] = False
        return np.argwhere(empty)


def arrange(
    images: Pictures | Sequence[preprocess.Source] | npt.NDArray[np.floating],
    rows: int | None = None,
    cols: int | None = None,
    embedder: str | None = None,
    layout: str = "umap",
    keep: Mapping[str, tuple[int, int]] | None = None,
    seed: int = 0,
    progress: Progress | None = None,
) -> Arrangement:
    """Assigns each picture to a cell so that similar pictures lie side by side.

    Args:
        images: the result of `find`, a list of pictures of any kind, or vectors, float (n, d).
        rows: number of rows. By default the whole is about square; cells have the pictures' median aspect ratio.
        cols: number of columns.
        embedder: a checkpoint of the zoo, "colour" or a timm model; see `zoo.grid.embed.embedder`.
        layout: "umap", "tsne" or "sorted".
        keep: row and column by name of pictures that keep their cell, or move to an adjacent one, while the others are
            added. The grid grows if it must.
        seed: of the random numbers.
        progress: called with a stage's name, how much of it is done, and the total.

    Raises:
        InputError: no picture can be read, the grid is too small, or there is no such embedder or layout.
    """
    if layout not in LAYOUTS:
        raise InputError(f"There is no layout {layout!r}; choose from {', '.join(LAYOUTS)}.")
    report = progress or (lambda stage, done, total: None)
    started = time.perf_counter()
    if not len(images):
        raise InputError("There is no picture to arrange; give at least one.")
    if isinstance(images, np.ndarray) and images.ndim == 2 and np.issubdtype(images.dtype, np.floating):
        embedded = embed.Embedded(np.arange(len(images)), np.asarray(images, np.float32), {}, 0)
        if bad := int((~np.isfinite(embedded.vectors)).any(1).sum()):
            raise InputError(f"{bad} of {len(images)} vectors are not finite; leave them out.")
        by, names, aspect = "", [""] * len(images), 1.0
    else:
        pictures = images if isinstance(images, Pictures) else of(list(images))
        report("loading the embedder", 0, 1)
        chosen = embed.embedder(embedder)
        embedded = embed.embed(pictures, chosen, report)
        by, names = chosen.name, [pictures.names[i] for i in embedded.kept]
        aspect = usual_aspect(pictures, embedded.kept)
    vectors, seconds = embedded.vectors, {"embedding": time.perf_counter() - started}
    old = np.array([(keep or {}).get(name, (-1, -1)) for name in names], np.int64)
    rows, cols = shape(len(vectors), rows, cols, old, aspect)
    path = store.home() / "arrangements" / f"{_key(vectors, rows, cols, layout, seed, old.tolist())}.npz"
    if not path.exists():
        laid_out = _lay_out(vectors, rows, cols, layout, old, seed, report)
        seconds |= laid_out.seconds
        _save(path, laid_out)
    return replace(_load(path, vectors), **vars(embedded), seconds=seconds, embedder=by)


def shape(
    count: int, rows: int | None, cols: int | None, old: npt.NDArray[np.int64] | None = None, aspect: float = 1.0
) -> tuple[int, int]:
    """Rows and columns of a grid: as requested, else about square; it holds the cells `old`.

    Args:
        count: number of pictures.
        rows: requested number of rows, or None.
        cols: requested number of columns, or None.
        old: row and column (n, 2) of pictures that keep their cell, -1 for others.
        aspect: width / height of a cell.

    Raises:
        InputError: the grid has fewer cells than pictures, or far more.
    """
    least = old.max(0) + 1 if old is not None and len(old) else np.zeros(2, np.int64)
    if rows is None and cols is None:
        if least.max() > 0:  # a grid that grows keeps its width
            cols = int(least[1])
            return max(int(least[0]), math.ceil(count / cols)), cols
        cols = math.ceil(math.sqrt(count / aspect))
    if cols is None:
        cols = math.ceil(count / max(rows or 1, 1))
    if rows is None:
        rows = math.ceil(count / max(cols, 1))
    if rows < 1 or cols < 1 or rows * cols < count or rows < least[0] or cols < least[1]:
        raise InputError(f"A grid of {rows} × {cols} has no room for {count} pictures; leave out rows= and cols=.")
    if rows * cols > (most := max(MAX_CELLS * count, FREE, int(least.prod()))) or max(rows, cols) > MAX_SIDE:
        raise InputError(
            f"A grid of {rows} × {cols} is too large for {count} pictures; "
            f"give it {most:,} cells at most, and {MAX_SIDE:,} rows and columns."
        )
    return rows, cols


def _lay_out(
    vectors: npt.NDArray[np.float32],
    rows: int,
    cols: int,
    layout: str,
    old: npt.NDArray[np.int64],
    seed: int,
    report: Progress,
) -> Arrangement:
    seconds, points = {}, None
    started = time.perf_counter()
    report("laying out", 0, 1)
    if (old >= 0).any():
        cells = _add(vectors, old, rows, cols)
    elif layout == "sorted":
        from zoo.grid import sort

        used = assign.occupied(rows, cols, len(vectors))
        cells = used[sort.arrange(vectors, used, rows, cols, seed, lambda *done: report("sorting", *done))]
    else:
        points = _points(vectors, layout, seed)
        seconds["laying out"], started = time.perf_counter() - started, time.perf_counter()
        report("assigning to cells", 0, 1)
        cells = assign.to_grid(points, rows, cols)
    seconds["sorting" if points is None else "assigning"] = time.perf_counter() - started
    report("measuring", 0, 1)
    started = time.perf_counter()
    scores = quality.measure(vectors, cells, rows, cols, points)
    random = quality.random(vectors, rows, cols, points)
    seconds["measuring"] = time.perf_counter() - started
    report("measuring", 1, 1)
    return Arrangement(rows, cols, cells, points, scores, random, vectors, np.arange(len(vectors)), seconds=seconds)


def _points(vectors: npt.NDArray[np.float32], layout: str, seed: int) -> npt.NDArray[np.float64]:
    """Points in the plane (n, 2); cached on the disk, since any grid of these vectors uses them."""
    path = store.home() / "points" / f"{_key(vectors, layout, seed)}.npy"
    if not path.exists():
        points = reduce(vectors, layout, seed)
        with _kept(path) as part:
            np.save(part, points)
    return np.asarray(np.load(path), np.float64)


def _add(vectors: npt.NDArray[np.float32], old: npt.NDArray[np.int64], rows: int, cols: int) -> npt.NDArray[np.int64]:
    """Cells of all pictures; each new one lies near the old one that is most similar."""
    from sklearn.neighbors import NearestNeighbors

    cells, is_old = old.copy(), old[:, 0] >= 0
    wanted = old[:0]
    if not is_old.all():
        neighbours = NearestNeighbors(n_neighbors=1).fit(vectors[is_old])
        wanted = old[is_old][neighbours.kneighbors(vectors[~is_old], return_distance=False)[:, 0]]
    cells[is_old], cells[~is_old] = assign.insert(old[is_old], wanted, rows, cols)
    return cells


def _key(vectors: npt.NDArray[np.float32], *options: object) -> str:
    header = json.dumps([EDITION, *map(str, options), list(vectors.shape)]).encode()
    return hashlib.sha256(header + np.ascontiguousarray(vectors).tobytes()).hexdigest()[:32]


def _save(path: Path, laid_out: Arrangement) -> None:
    scores = {"quality": asdict(laid_out.quality), "random": asdict(laid_out.random)}
    facts = {"rows": laid_out.rows, "cols": laid_out.cols} | scores
    points = np.zeros((0, 2)) if laid_out.points is None else laid_out.points
    with _kept(path) as part:
        np.savez(part, facts=json.dumps(facts), cells=laid_out.cells, points=points)


@contextmanager
def _kept(path: Path) -> Iterator[Path]:
    """Writes a file whole or not at all, and deletes the oldest files of its folder beyond KEPT."""
    with whole.file(path) as part:
        yield part
    store.forget(path.parent, KEPT)


def _load(path: Path, vectors: npt.NDArray[np.float32]) -> Arrangement:
    with np.load(path) as file:
        facts, cells, points = json.loads(str(file["facts"])), file["cells"], file["points"]
    scores, random = Quality(**facts["quality"]), Quality(**facts["random"])
    points, every = points if len(points) else None, np.arange(len(vectors))
    return Arrangement(facts["rows"], facts["cols"], cells, points, scores, random, vectors, every)
