"""Writes a file whole or not at all."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path


@contextmanager
def file(path: Path) -> Iterator[Path]:
    """Gives a path to write to; what is written there replaces `path` when the block ends.

    An error leaves `path` as it was. The path given is hidden, in the same folder and has the same suffix; the folder
    is made if it is missing. Several processes may write the same file at once: the last one wins.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    part = path.with_name(f".{secrets.token_hex(8)}{path.suffix}")
    try:
        yield part
        part.replace(path)
    finally:
        part.unlink(missing_ok=True)
