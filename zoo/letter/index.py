"""A folder of letters as one searchable table in SQLite.

A search ignores which digits and which forms of ye and kaf are typed or printed: `searchable` normalises both. Words of
three characters or more use the full-text index of trigrams; shorter ones scan every letter.
"""

from __future__ import annotations

import csv
import json
import sqlite3
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from zoo.errors import InputError
from zoo.images.documents import SUFFIXES, pages
from zoo.images.quads import crop
from zoo.letter.finder import FIELDS
from zoo.letter.result import MEANING, Letter
from zoo.text.normalise import searchable

TRIGRAM = 3  # characters
COLUMNS = "path", "number", "date", "gregorian", "attachment", "title", "doubts", "text"
SCHEMA = """
CREATE TABLE IF NOT EXISTS letters (
    path TEXT PRIMARY KEY, changed INTEGER, size INTEGER, fields TEXT, text TEXT, doubts TEXT, error TEXT
);
CREATE TABLE IF NOT EXISTS corrections (
    path TEXT, field TEXT, text TEXT, at REAL, PRIMARY KEY (path, field)
);
CREATE VIRTUAL TABLE IF NOT EXISTS words USING fts5 (fields, text, tokenize = 'trigram');
"""


@dataclass(frozen=True)
class Row:
    """A letter in the table."""

    path: str  # of its file, relative to the folder, with "/" between parts
    # as in `Letter`, with corrections
    number: str
    date: str
    gregorian: str
    attachment: str
    title: str
    text: str  # the body, line by line
    doubts: tuple[str, ...] = ()  # reasons to check it, a sentence for each field
    error: str = ""  # why it cannot be read, or ""

    @property
    def to_check(self) -> bool:
        """Whether a person should check it."""
        return bool(self.doubts or self.error)


@dataclass(frozen=True)
class Updated:
    """The counts of an update: files read, unchanged, deleted since, unreadable."""

    read: int
    kept: int
    gone: int
    failed: int


def files(folder: Path) -> list[Path]:
    """The letters in a folder and its subfolders, sorted by path.

    Raises:
        InputError: there is no such folder.
    """
    if not folder.is_dir():
        raise InputError(f"There is no folder {str(folder)!r}; name one with scans or PDFs in it.")
    return sorted(
        path
        for path in folder.rglob("*")
        if path.suffix.lower() in SUFFIXES
        and path.is_file()
        and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    )


class Index:
    """The table, stored in a file.

    Args:
        path: of the file; it is created if absent.

    Raises:
        InputError: the file is no index or cannot be opened.
    """

    def __init__(self, path: Path) -> None:
        try:
            self._database = sqlite3.connect(path, timeout=60)
            self._database.executescript(SCHEMA)
        except sqlite3.Error as error:
            raise InputError(f"{path} is no index of letters, or cannot be opened ({error}); name another.") from error

    def close(self) -> None:
        """Closes the file; all changes are stored already."""
        self._database.close()

    def update(
        self, folder: Path, read: Callable[[Path], Letter], tell: Callable[[int, int], None] = lambda *_: None
    ) -> Updated:
        """Reads the new and changed files of a folder and removes letters whose files are gone.

        Each letter is stored as soon as it is read, so an interrupted update continues where it stopped.

        Args:
            folder: of the letters.
            read: reads a file.
            tell: called after every file with the numbers of files done and of all files.

        Raises:
            InputError: there is no such folder.
        """
        found = {path.relative_to(folder).as_posix(): path for path in files(folder)}
        known = {path: state for path, *state in self._database.execute("SELECT path, changed, size FROM letters")}
        gone = [path for path in known if path not in found]
        with self._database:
            for path in gone:
                self._forget(path)
        counts = {"read": 0, "kept": 0, "failed": 0}
        for done, (name, path) in enumerate(found.items(), 1):
            state = [path.stat().st_mtime_ns, path.stat().st_size]
            if known.get(name) == state:
                counts["kept"] += 1
            else:
                letter, error = None, ""
                try:
                    letter = read(path)
                except InputError as failure:
                    error = str(failure)
                counts["failed" if error else "read"] += 1
                with self._database:
                    self._forget(name)
                    self._keep(name, state, letter, error)
            tell(done, len(found))
        return Updated(gone=len(gone), **counts)

    def _forget(self, path: str) -> None:
        self._database.execute("DELETE FROM words WHERE rowid = (SELECT rowid FROM letters WHERE path = ?)", (path,))
        self._database.execute("DELETE FROM letters WHERE path = ?", (path,))

    def _keep(self, path: str, state: Sequence[int], letter: Letter | None, error: str) -> None:
        fields = {
            one.name: {
                "text": one.value.text, "normal": one.value.normal, "gregorian": one.value.gregorian,
                "page": one.page, "box": None if one.box is None else np.round(one.box, 1).tolist(),
            }
            for one in (letter.fields if letter else ())
        }  # fmt: skip
        doubts = [f"{one.name}: {one.problem}" for one in letter.doubtful] if letter else []
        body = letter.text if letter else ""
        values = (path, *state, json.dumps(fields), body, json.dumps(doubts, ensure_ascii=False), error)
        number = self._database.execute("INSERT INTO letters VALUES (?, ?, ?, ?, ?, ?, ?)", values).lastrowid
        self._index(number, fields, body)

    def _index(self, number: int | None, fields: dict[str, dict[str, object]], body: str) -> None:
        words = " ".join(str(one[key]) for one in fields.values() for key in ("text", "normal", "gregorian"))
        self._database.execute("DELETE FROM words WHERE rowid = ?", (number,))
        self._database.execute(
            "INSERT INTO words (rowid, fields, text) VALUES (?, ?, ?)", (number, searchable(words), searchable(body))
        )

    def search(self, wanted: str = "") -> list[Row]:
        """The letters that contain every word of `wanted` in their fields or text; all if it is empty."""
        where, given = ["1"], []
        for word in searchable(wanted).split():
            if len(word) >= TRIGRAM:
                where.append("rowid IN (SELECT rowid FROM words WHERE words MATCH ?)")
                given.append('"' + word.replace('"', '""') + '"')
            else:
                where.append("rowid IN (SELECT rowid FROM words WHERE instr(fields || ' ' || text, ?))")
                given.append(word)
        query = f"SELECT path, fields, text, doubts, error FROM letters WHERE {' AND '.join(where)} ORDER BY path"
        return [self._row(*one) for one in self._database.execute(query, given)]

    @staticmethod
    def _row(path: str, fields: str, text: str, doubts: str, error: str) -> Row:
        known = json.loads(fields)
        normal = {name: known.get(name, {}).get("normal", "") for name in FIELDS}
        gregorian = known.get("date", {}).get("gregorian", "")
        return Row(path, **normal, gregorian=gregorian, text=text, doubts=tuple(json.loads(doubts)), error=error)

    def correct(self, path: str, name: str, text: str) -> None:
        """Replaces the text of a field, removes its doubt and stores the correction.

        Raises:
            InputError: there is no such letter or field.
        """
        found = self._database.execute(
            "SELECT rowid, fields, text, doubts FROM letters WHERE path = ?", (path,)
        ).fetchone()
        if found is None or name not in MEANING:
            raise InputError(f"There is no field {name!r} of a letter {path!r} in this index.")
        number, fields, body, doubts = found[0], json.loads(found[1]), found[2], json.loads(found[3])
        value = MEANING[name](text)
        typed = {"text": text, "normal": value.normal, "gregorian": value.gregorian}
        fields[name] = fields.get(name, {"page": 0, "box": None}) | typed
        doubts = [one for one in doubts if not one.startswith(f"{name}: ")]
        with self._database:
            self._database.execute(
                "UPDATE letters SET fields = ?, doubts = ? WHERE rowid = ?",
                (json.dumps(fields), json.dumps(doubts, ensure_ascii=False), number),
            )
            self._database.execute(
                "INSERT OR REPLACE INTO corrections VALUES (?, ?, ?, ?)", (path, name, text, time.time())
            )
            self._index(number, fields, body)

    def corrections(self, folder: Path, out: Path) -> int:
        """Writes crops of the corrected values as an ImageFolder to train on; returns their number.

        Args:
            folder: of the letters.
            out: folder to write; it is created if absent.

        Raises:
            InputError: a letter cannot be read any more.
        """
        out.mkdir(parents=True, exist_ok=True)
        rows: list[dict[str, str]] = []
        for path, name, text in self._database.execute(
            "SELECT path, field, text FROM corrections ORDER BY path, field"
        ):
            found = self._database.execute("SELECT fields FROM letters WHERE path = ?", (path,)).fetchone()
            known = json.loads(found[0]).get(name, {}) if found else {}
            if not known.get("box"):
                continue
            page = next(page for i, page in enumerate(pages(folder / path)) if i == known["page"])
            file = f"{len(rows):05}.png"
            crop(page, np.array(known["box"], np.float32)).picture.save(out / file)
            rows.append({"file_name": file, "text": text})
        with (out / "metadata.csv").open("w", encoding="utf-8", newline="") as table:
            writer = csv.DictWriter(table, ("file_name", "text"), lineterminator="\n")
            writer.writeheader()
            writer.writerows(rows)
        return len(rows)


def export(rows: Iterable[Row], path: Path) -> None:
    """Writes letters as a table, CSV or Excel by the ending of `path`.

    Raises:
        InputError: the ending is neither .csv nor .xlsx.
    """
    lines = [[getattr(row, name) if name != "doubts" else " ".join(row.doubts) for name in COLUMNS] for row in rows]
    if path.suffix.lower() == ".csv":
        with path.open("w", encoding="utf-8-sig", newline="") as file:
            csv.writer(file).writerows([COLUMNS, *map(_without_formulas, lines)])
    elif path.suffix.lower() == ".xlsx":
        import openpyxl

        book = openpyxl.Workbook()
        sheet = book.active
        sheet.sheet_view.rightToLeft = True
        for line in ([*COLUMNS], *lines):
            sheet.append(line)
        for cells in sheet.iter_rows():
            for cell in cells:
                cell.data_type = "s"  # text, never a formula
        book.save(path)
    else:
        raise InputError(f"{path.name} should end in .csv or .xlsx.")


def _without_formulas(line: Sequence[str]) -> list[str]:
    """Quotes the cells that a spreadsheet would run as formulas."""
    return [f"'{value}" if value.startswith(tuple("=+-@\t\r")) else value for value in line]
