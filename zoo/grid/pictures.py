"""Pictures and their labels from a folder, a zip or a data set on the Hub, nested in any way."""

import csv
import io
import json
import os
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path, PurePosixPath
from typing import Any

import numpy as np
import numpy.typing as npt

from zoo.errors import InputError
from zoo.hub import store
from zoo.images import preprocess
from zoo.images.files import Files, printable
from zoo.images.preprocess import SUFFIXES

TABLES = "metadata.csv", "metadata.jsonl"
REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*")  # a name on the Hub
LABELS = "label", "text"  # columns of a table that hold labels: the first one present is used

Progress = Callable[[str, int, int], None]  # takes a stage's name, how much of it is done, and the total


@dataclass(frozen=True)
class Pictures:
    """Named and labelled pictures, read one by one.

    Attributes:
        names: names of the files, sorted.
        labels: label of each; "" if it has none.
        read: returns the bytes of a file by its name.
        skipped: reason by name of each file that is no picture.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    read: Callable[[str], bytes]
    skipped: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.names)


def find(source: str | Path) -> Pictures:
    """Finds the pictures of a folder, a zip or a data set on the Hugging Face Hub.

    Labels come from the column label or text of metadata.csv or metadata.jsonl files (an ImageFolder), else from the
    names of folders.

    Args:
        source: a path, or the name of a data set on the Hub, such as "user/name".

    Raises:
        InputError: the source does not exist, cannot be fetched or holds no picture, or one of its tables is damaged.
    """
    path = Path(source).expanduser()
    files = Files(path if path.exists() or not REPO.fullmatch(str(source)) else fetch(str(source)))
    names = files.names()
    images = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not images:
        raise InputError(f"{source} holds no picture; the names of pictures end in {', '.join(sorted(SUFFIXES))}.")
    tables = [name for name in names if PurePosixPath(name).name in TABLES]
    labels = {name: label for table in tables for name, label in _labels(files, table).items()}
    if not labels and len({PurePosixPath(name).parent for name in images}) > 1:
        labels = {name: PurePosixPath(name).parent.name for name in images}
    others = set(names) - set(images) - set(tables)
    skipped = files.refused | {name: "it is no picture" for name in names if name in others}
    return Pictures(tuple(images), tuple(labels.get(name, "") for name in images), files.read, skipped)


def fetch(repo: str, most: int | None = None, count: int | None = None, cache: Path | None = None) -> Path:
    """Downloads a data set of pictures from the Hugging Face Hub and returns its folder.

    Args:
        repo: name of the data set, such as "user/name".
        most: size limit in bytes.
        count: limit on the number of files.
        cache: folder to keep it in; by default the Hub's cache.

    Raises:
        InputError: the data set cannot be fetched or is too large.
    """
    from huggingface_hub import snapshot_download
    from huggingface_hub.errors import DryRunError

    if not REPO.fullmatch(repo):
        raise InputError(f"{repo!r} is no name of a data set on the Hub; those are like user/name.")
    get: Any = partial(
        snapshot_download,
        repo,
        repo_type="dataset",
        allow_patterns=[f"{folder}{table}" for folder in ("", "**/") for table in TABLES] + _patterns(),
        cache_dir=cache,
    )
    reached = True
    try:
        if most is not None or count is not None:
            try:
                files = get(dry_run=True)
            except DryRunError:  # the Hub is out of reach, but a copy may be in the cache
                files, reached = [], False
            if most is not None and (size := sum(file.file_size or 0 for file in files)) > most:
                raise InputError(f"{repo} has {size / 1e6:,.0f} MB of pictures; {most / 1e6:,.0f} MB are taken.")
            if count is not None and len(files) > count:
                raise InputError(f"{repo} has {len(files):,} files of pictures; {count:,} are taken.")
        return Path(get(local_files_only=not reached))
    except store.UNREACHABLE as error:
        raise InputError(
            f"There is no folder {repo!r} here, and no data set of that name could be fetched from the Hub: "
            "check the name and the connection."
        ) from error


def _patterns() -> list[str]:
    """Patterns that match the names of pictures, in upper or lower case."""
    either = (re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", suffix) for suffix in SUFFIXES)
    return [f"**{suffix}" for suffix in sorted(either)]


def of(images: Sequence[preprocess.Source]) -> Pictures:
    """Pictures of any kind that `zoo.images.preprocess.load` takes, named by their path or their number."""
    names = tuple(
        printable(os.fspath(one)) if isinstance(one, str | os.PathLike) else str(i) for i, one in enumerate(images)
    )
    if len(set(names)) < len(names):
        names = tuple(f"{i} {name}" for i, name in enumerate(names))
    by_name = dict(zip(names, images, strict=True))

    def read(name: str) -> bytes:
        one = by_name[name]
        if isinstance(one, bytes):
            return one
        if isinstance(one, str | os.PathLike):
            return Path(one).read_bytes()
        return preprocess.encoded(preprocess.load(one).rgb, "PNG", compress_level=1)

    return Pictures(names, ("",) * len(names), read, {})


def usual_aspect(pictures: Pictures, kept: npt.NDArray[np.int64]) -> float:
    """Median aspect ratio (width / height) of a sample of the readable pictures `kept`, clipped to 1/4…4."""
    sample = kept[np.linspace(0, len(kept) - 1, min(32, len(kept))).astype(int)]
    sizes = np.array([preprocess.load(pictures.read(pictures.names[i])).rgb.size for i in sample])
    return float(np.clip(np.exp(np.median(np.log(sizes[:, 0] / sizes[:, 1]))), 1 / 4, 4))


def _labels(files: Files, table: str) -> dict[str, str]:
    """Label by name of the pictures in a table; {} if it has no column of labels."""
    try:
        text = io.StringIO(files.read(table).decode("utf-8-sig", "replace"), newline=None)  # any line ends
        is_csv = table.endswith(".csv")
        rows = list(csv.DictReader(text)) if is_csv else [dict(json.loads(line)) for line in text if line.strip()]
    except (csv.Error, ValueError, TypeError, RecursionError, OSError) as error:
        raise InputError(f"{table} cannot be read ({error}); mend it or leave it out.") from error
    column = next((name for name in LABELS if any(name in row for row in rows)), None)
    folder = PurePosixPath(table).parent
    named = [(row["file_name"], row.get(column)) for row in rows if column and isinstance(row.get("file_name"), str)]
    return {(folder / name).as_posix(): "" if label is None else printable(str(label)) for name, label in named}
