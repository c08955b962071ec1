"""Reads the files of a folder or a zip one by one; a zip is never unpacked to the disk."""

import os
import stat
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePosixPath
from typing import Any

from zoo.errors import InputError

MAX_BYTES = 64 * 2**20  # size of a file in a zip: a larger one is no picture but a bomb


def printable(name: str) -> str:
    r"""A name that can be encoded as UTF-8: bytes of a file's name that cannot are escaped, as in \udce9."""
    return name.encode("utf-8", "backslashreplace").decode()


class Files:
    """A folder or a zip.

    Attributes:
        path: path of the folder or the zip.
        refused: reason by name of each unsafe entry of a zip: links, paths that lead out of it, bombs.

    Raises:
        InputError: the path is neither.
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = Path(path)
        self.refused: dict[str, str] = {}
        self._zip: tuple[int, zipfile.ZipFile] | None = None
        self._on_disk: dict[str, str] = {}  # names on the disk that are not printable, by printable name
        if not self.path.is_dir() and not zipfile.is_zipfile(self.path):
            problem = "is neither a folder nor a zip" if self.path.exists() else "does not exist"
            raise InputError(f"{self.path} {problem}; name a folder of pictures or a zip of one.")

    def __getstate__(self) -> dict[str, Any]:
        return self.__dict__ | {"_zip": None}  # an open file cannot be sent to another process

    def names(self) -> list[str]:
        """Sorted names of all files, relative, printable, with forward slashes.

        Hidden files and refused entries are left out.

        Raises:
            InputError: the zip is damaged.
        """
        if self.path.is_dir():
            paths = [path.relative_to(self.path).as_posix() for path in self._walk()]
            self._on_disk = {printable(path): path for path in paths if printable(path) != path}
            return sorted({printable(path) for path in paths})
        entries = [entry for entry in self._archive().infolist() if not entry.is_dir() and self._allow(entry)]
        return sorted({entry.filename for entry in entries if not _hidden(PurePosixPath(entry.filename))})

    def size(self) -> int:
        """Unpacked size of a zip in bytes, as its table of contents states it; 0 for a folder."""
        return 0 if self.path.is_dir() else sum(entry.file_size for entry in self._archive().infolist())

    def read(self, name: str) -> bytes:
        """The bytes of a file.

        Raises:
            OSError: there is no such file.
            InputError: the entry of the zip is damaged or too large.
        """
        if self.path.is_dir():
            return (self.path / self._on_disk.get(name, name)).read_bytes()
        try:
            entry = self._archive().getinfo(name)
        except KeyError:
            raise FileNotFoundError(f"{self.path} holds no {name}") from None
        if not self._allow(entry):
            raise InputError(f"{name}: {self.refused[name]}.")
        try:
            with self._archive().open(entry) as file:  # reads no more than the table of contents states
                return file.read(entry.file_size)
        except Exception as error:  # zipfile, zlib, bz2 and lzma raise many types
            raise InputError(
                f"{name}: it is damaged, encrypted or packed in an unknown way; pack it anew as a plain zip."
            ) from error

    def _walk(self) -> Iterator[Path]:
        for folder, folders, files in os.walk(self.path):
            folders[:] = [name for name in folders if not name.startswith(".")]
            yield from (Path(folder) / name for name in files if not name.startswith("."))

    def _archive(self) -> zipfile.ZipFile:
        if self._zip is None or self._zip[0] != os.getpid():  # processes must not share a file position after a fork
            try:
                self._zip = os.getpid(), zipfile.ZipFile(self.path)
            except (zipfile.BadZipFile, NotImplementedError, ValueError, OSError) as error:
                raise InputError(f"{self.path} is a damaged zip or an unknown kind of one; pack it anew.") from error
        return self._zip[1]

    def _allow(self, entry: zipfile.ZipInfo) -> bool:
        path = PurePosixPath(entry.filename.replace("\\", "/"))
        reason = ""
        if path.is_absolute() or ".." in path.parts or any(":" in part for part in path.parts[:1]):
            reason = "its path leads out of the zip"
        elif stat.S_ISLNK(entry.external_attr >> 16):
            reason = "it is a link"
        elif entry.file_size > MAX_BYTES:
            reason = f"it is larger than {MAX_BYTES // 2**20} MB"
        if reason:
            self.refused[entry.filename] = reason
        return not reason


def _hidden(path: PurePosixPath) -> bool:
    return any(part.startswith(".") or part == "__MACOSX" for part in path.parts)
