"""A folder, a zip or a Hub data set of pictures, in any nesting, with their labels."""

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

SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".gif", ".bmp"})
TABLES = "metadata.csv", "metadata.jsonl"
REPO = re.compile(r"\w[\w.-]*/\w[\w.-]*")  # a name on the Hub
LABELS = "label", "text"  # columns of a table that label a picture: the first that is there


@dataclass(frozen=True)
class Pictures:
    """Named and labelled pictures, read one by one.

    Attributes:
        names: of the files, sorted.
        labels: of each; "" where there is none.
        read: the bytes of a file by its name.
        skipped: names of files that are no pictures, and why.
    """

    names: tuple[str, ...]
    labels: tuple[str, ...]
    read: Callable[[str], bytes]
    skipped: Mapping[str, str]

    def __len__(self) -> int:
        return len(self.names)


def find(source: str | Path) -> Pictures:
    """The pictures of a folder, a zip or a data set on the Hugging Face Hub.

    Labels come from the columns label or text of metadata.csv or metadata.jsonl files (an ImageFolder), else from the
    names of folders.

    Args:
        source: a path, or the data set's name on the Hub, as in "user/name".

    Raises:
        InputError: there is no such thing, it cannot be fetched, no picture is in it, or a table of it is damaged.
    """
    path = Path(source).expanduser()
    files = Files(path if path.exists() or not REPO.fullmatch(str(source)) else fetch(str(source)))
    names = files.names()
    chosen = [name for name in names if PurePosixPath(name).suffix.lower() in SUFFIXES]
    if not chosen:
        raise InputError(f"{source} holds no picture; the names of pictures end in {', '.join(sorted(SUFFIXES))}.")
    noted: dict[str, str] = {}
    for name in names:
        if PurePosixPath(name).name in TABLES:
            noted |= _labels(files, name)
    top = {PurePosixPath(name).parent for name in chosen}
    folders = {name: PurePosixPath(name).parent.name if len(top) > 1 else "" for name in chosen}
    labels = noted if noted else folders
    skipped = dict(files.refused)
    skipped |= {n: "it is no picture" for n in names if n not in folders and PurePosixPath(n).name not in TABLES}
    return Pictures(tuple(chosen), tuple(labels.get(name, "") for name in chosen), files.read, skipped)


def fetch(repo: str, most: int | None = None, count: int | None = None, cache: Path | None = None) -> Path:
    """The folder of a data set of pictures on the Hugging Face Hub, on this machine.

    Args:
        repo: its name, as in "user/name".
        most: bytes that it may have.
        count: files that it may have.
        cache: the folder to keep it in; by default the Hub's own.

    Raises:
        InputError: it cannot be fetched or is larger.
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
            except DryRunError:  # what is here already may still be used
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
    """What the names of pictures match, in capitals or not."""
    either = (re.sub("[a-z]", lambda letter: f"[{letter[0]}{letter[0].upper()}]", suffix) for suffix in SUFFIXES)
    return [f"**{suffix}" for suffix in sorted(either)]


def of(images: Sequence[preprocess.Source]) -> Pictures:
    """Pictures of any kind that `zoo.images.preprocess.load` takes, named by their file or their number."""
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
        buffer = io.BytesIO()
        preprocess.load(one).rgb.save(buffer, "PNG", compress_level=1)
        return buffer.getvalue()

    return Pictures(names, ("",) * len(names), read, {})


def usual_aspect(pictures: Pictures, kept: npt.NDArray[np.int64]) -> float:
    """The usual width over height of those of the pictures that can be read, in 1/4…4."""
    some = kept[np.linspace(0, len(kept) - 1, min(32, len(kept))).astype(int)]
    sizes = np.array([preprocess.load(pictures.read(pictures.names[i])).rgb.size for i in some])
    return float(np.clip(np.exp(np.median(np.log(sizes[:, 0] / sizes[:, 1]))), 1 / 4, 4))


def _labels(files: Files, table: str) -> dict[str, str]:
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
