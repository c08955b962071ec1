"""From pictures to an arrangement: embed, lay out in the plane, assign to cells, measure."""

import hashlib
import json
import math
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import numpy as np
import numpy.typing as npt

from zoo import whole
from zoo.errors import InputError
from zoo.grid import assign, quality
from zoo.grid.pictures import Pictures, of, usual_aspect
from zoo.grid.quality import Quality
from zoo.grid.reduce import METHODS, reduce
from zoo.hub import store
from zoo.images import preprocess

Progress = Callable[[str, int, int], None]  # a stage's name, how much of it is done, and of how much

LAYOUTS = (*METHODS, "sorted")
SIDE = 16_383  # rows or columns, at most: as a WebP has a pixel for each
ROOMY = 4  # cells for each picture, at most, for holes cost time too
FREE = 1024  # cells that any number of pictures may have
KEPT = 1000  # arrangements, and as many sets of points, on the disk: of more, the oldest are deleted
EDITION = 2  # raised when the same vectors come to lie elsewhere: what was kept on disk is then of no use


@dataclass(frozen=True)
class Arrangement:
    """Where every picture lies.

    Attributes:
        rows, cols: of the grid.
        cells: row and column of each picture, int (n, 2).
        points: of each in the plane, float (n, 2); None where the layout has none.
        quality: what the grid is worth.
        random: what the same pictures in random cells are.
        vectors: of each picture, float32 (n, d).
        kept: of the pictures given, the indices of those n that could be read.
        skipped: names of the others, and why.
        seconds: spent on each stage.
        embedder: what made the vectors; "" for vectors that were given.
        fresh: how many of the pictures were embedded now; the others' vectors were kept from before.
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
        """Row and column of the empty cells, (h, 2)."""
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
    """A cell for every picture, like beside like.

    Args:
        images: what `find` found, a list of pictures of any kind, or vectors, float (n, d).
        rows: of the grid; by default the whole is about square, with cells of the pictures' usual shape.
        cols: of the grid.
        embedder: a checkpoint of the zoo, "colour" or a timm model; see `zoo.grid.embed.embedder`.
        layout: "umap", "tsne" or "sorted".
        keep: row and column, by name, of pictures that shall stay in their cells or next to them while the others are
            added; the grid grows where it must.
        seed: of all chance.
        progress: is told each stage's name, how much of it is done, and of how much.

    Raises:
        InputError: no picture can be read, the grid is too small, or there is no such embedder or layout.
    """
    if layout not in LAYOUTS:
        raise InputError(f"There is no layout {layout!r}; choose from {', '.join(LAYOUTS)}.")
    tell = progress or (lambda stage, done, total: None)
    started = time.perf_counter()
    aspect = 1.0
    kept, by, skipped, fresh, names = np.arange(len(images)), "", {}, 0, [""] * len(images)
    if not len(images):
        raise InputError("There is no picture to arrange; give at least one.")
    if isinstance(images, np.ndarray) and images.ndim == 2 and np.issubdtype(images.dtype, np.floating):
        vectors: npt.NDArray[np.float32] = np.asarray(images, np.float32)
        if bad := int((~np.isfinite(vectors)).any(1).sum()):
            raise InputError(f"{bad} of {len(vectors)} vectors are not finite; leave them out.")
    else:
        from zoo.grid import embed

        pictures = images if isinstance(images, Pictures) else of(list(images))
        tell("loading the embedder", 0, 1)
        chosen = embed.embedder(embedder)
        found = embed.embed(pictures, chosen, tell)
        vectors, kept, by, skipped, fresh = found.vectors, found.kept, chosen.name, found.skipped, found.fresh
        names = [pictures.names[i] for i in kept]
        aspect = usual_aspect(pictures, kept)
    seconds = {"embedding": time.perf_counter() - started}
    old = np.array([(keep or {}).get(name, (-1, -1)) for name in names], np.int64)
    rows, cols = shape(len(vectors), rows, cols, old, aspect)
    path = store.home() / "arrangements" / f"{_key(vectors, rows, cols, layout, seed, old.tolist())}.npz"
    if not path.exists():
        laid = _lay_out(vectors, rows, cols, layout, old, seed, tell)
        seconds |= laid.seconds
        _save(path, laid)
    return replace(_load(path, vectors), kept=kept, skipped=skipped, seconds=seconds, embedder=by, fresh=fresh)


def shape(
    count: int,
    rows: int | None,
    cols: int | None,
    old: npt.NDArray[np.int64] | None = None,
    aspect: float = 1.0,
) -> tuple[int, int]:
    """Rows and columns of a grid for that many pictures: as wished, else about square, and no smaller than `old` is.

    Args:
        count: of pictures.
        rows: wished, or None.
        cols: wished, or None.
        old: row and column (n, 2) of pictures that shall stay, -1 for others.
        aspect: a cell's width over its height.

    Raises:
        InputError: it has fewer cells than there are pictures, or far more.
    """
    least = old.max(0) + 1 if old is not None and len(old) else np.zeros(2, np.int64)
    if rows is None and cols is None:
        if least.max() > 0:  # what is there keeps its width
            cols = int(least[1])
            return max(int(least[0]), math.ceil(count / cols)), cols
        cols = math.ceil(math.sqrt(count / aspect))
    if cols is None:
        cols = math.ceil(count / max(rows or 1, 1))
    if rows is None:
        rows = math.ceil(count / max(cols, 1))
    if rows < 1 or cols < 1 or rows * cols < count or rows < least[0] or cols < least[1]:
        raise InputError(f"A grid of {rows} × {cols} has no room for {count} pictures; leave out rows= and cols=.")
    if rows * cols > (most := max(ROOMY * count, FREE, int(least.prod()))) or max(rows, cols) > SIDE:
        raise InputError(
            f"A grid of {rows} × {cols} is too large for {count} pictures; "
            f"give it {most:,} cells at most, and {SIDE:,} rows and columns."
        )
    return rows, cols


def _lay_out(
    vectors: npt.NDArray[np.float32],
    rows: int,
    cols: int,
    layout: str,
    old: npt.NDArray[np.int64],
    seed: int,
    tell: Progress,
) -> Arrangement:
    seconds, points = {}, None
    is_old = old[:, 0] >= 0
    started = time.perf_counter()
    tell("laying out", 0, 1)
    if is_old.any():
        cells = _added(vectors, old, is_old, rows, cols)
    elif layout == "sorted":
        from zoo.grid import sort

        used = assign.occupied(rows, cols, len(vectors))
        cells = used[sort.arrange(vectors, used, rows, cols, seed, lambda *done: tell("sorting", *done))]
    else:
        points = _points(vectors, layout, seed)
        seconds["laying out"], started = time.perf_counter() - started, time.perf_counter()
        tell("assigning to cells", 0, 1)
        cells = assign.to_grid(points, rows, cols)
    seconds["sorting" if points is None else "assigning"] = time.perf_counter() - started
    tell("measuring", 0, 1)
    started = time.perf_counter()
    found = quality.measure(vectors, cells, rows, cols, points)
    random = quality.random(vectors, rows, cols, points)
    seconds["measuring"] = time.perf_counter() - started
    tell("measuring", 1, 1)
    return Arrangement(rows, cols, cells, points, found, random, vectors, np.arange(len(vectors)), seconds=seconds)


def _points(vectors: npt.NDArray[np.float32], layout: str, seed: int) -> npt.NDArray[np.float64]:
    """Points in the plane (n, 2); kept on the disk, for they stay the same in any grid."""
    path = store.home() / "points" / f"{_key(vectors, layout, seed)}.npy"
    if not path.exists():
        points = reduce(vectors, layout, seed)
        with _kept(path) as part:
            np.save(part, points)
    return np.asarray(np.load(path), np.float64)


def _added(
    vectors: npt.NDArray[np.float32],
    old: npt.NDArray[np.int64],
    is_old: npt.NDArray[np.bool_],
    rows: int,
    cols: int,
) -> npt.NDArray[np.int64]:
    """Cells of all pictures: of the new ones near the old one that is most like them."""
    from sklearn.neighbors import NearestNeighbors

    cells = old.copy()
    alike = NearestNeighbors(n_neighbors=1).fit(vectors[is_old])
    wishes = (
        old[is_old][alike.kneighbors(vectors[~is_old], return_distance=False)[:, 0]] if not is_old.all() else old[:0]
    )
    cells[is_old], cells[~is_old] = assign.insert(old[is_old], wishes, rows, cols)
    return cells


def _key(vectors: npt.NDArray[np.float32], *options: object) -> str:
    told = json.dumps([EDITION, *map(str, options), list(vectors.shape)]).encode()
    return hashlib.sha256(told + np.ascontiguousarray(vectors).tobytes()).hexdigest()[:32]


def _save(path: Path, found: Arrangement) -> None:
    facts = {"rows": found.rows, "cols": found.cols, "quality": asdict(found.quality), "random": asdict(found.random)}
    points = np.zeros((0, 2)) if found.points is None else found.points
    with _kept(path) as part:
        np.savez(part, facts=json.dumps(facts), cells=found.cells, points=points)


@contextmanager
def _kept(path: Path) -> Iterator[Path]:
    """Writes a file whole or not at all, and deletes the oldest files of its folder beyond KEPT."""
    with whole.file(path) as part:
        yield part
    store.forget(path.parent, KEPT)


def _load(path: Path, vectors: npt.NDArray[np.float32]) -> Arrangement:
    with np.load(path) as file:
        facts, cells, points = json.loads(str(file["facts"])), file["cells"], file["points"]
    return Arrangement(
        facts["rows"],
        facts["cols"],
        cells,
        points if len(points) else None,
        Quality(**facts["quality"]),
        Quality(**facts["random"]),
        vectors,
        np.arange(len(vectors)),
    )
