"""A folder of letters as a table: updates, searches, corrections, exports."""

import csv
import json
import os
from collections.abc import Iterator
from pathlib import Path

import numpy as np
import openpyxl
import pytest
from PIL import Image

from tests import clients
from training.data.folder import ImageFolder
from zoo.errors import InputError
from zoo.letter import index as module
from zoo.letter.finder import FIELDS
from zoo.letter.index import Index, Row, export
from zoo.letter.result import MEANING, Field, Letter
from zoo.readers.page import Line, Page

BOX = np.array([[10, 10], [60, 10], [60, 30], [10, 30]], np.float32)
# what stands in each file, number, date, text: the second date is written in words, the third letter's ye is Arabic
SAID = {
    "a.png": ("۱۲/۳۴۵", "۱۳۹۷/۱۰/۲۰", "گزارش ماهانه"),
    "deep/b.png": ("987-6", "۲۰ دی ۱۳۹۸", "قرارداد"),
    "c.png": ("55", "1399/02/31", "شرکت ايراني"),
}


def letter(path: Path) -> Letter:
    """The letter in one of the files, as a reader gives it."""
    if path.suffix == ".tif":
        raise InputError("The picture is damaged.")
    number, date, text = next(said for name, said in SAID.items() if path.as_posix().endswith(name))
    given = {"number": number, "date": date, "attachment": "", "title": ""}
    fields = []
    for name in FIELDS:
        value = MEANING[name](given[name])
        doubt = "It is hard to read." if path.name == "c.png" and name == "number" else ""
        status = "doubtful" if doubt else "ok" if given[name] else "missing"
        fields.append(Field(name, value, status, 0.9, BOX, BOX, 0, doubt))
    return Letter(tuple(fields), (Page((Line(text, 0.9, BOX),), (80, 40)),))


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    found = tmp_path / "letters"
    for name in SAID:
        (found / name).parent.mkdir(parents=True, exist_ok=True)
        Image.new("RGB", (80, 40), "white").save(found / name)
    (found / "broken.tif").write_bytes(b"II*\0")
    (found / "notes.txt").write_text("no letter")
    return found


@pytest.fixture
def index(tmp_path: Path, folder: Path) -> Iterator[Index]:
    made = Index(tmp_path / "letters.db")
    made.update(folder, letter)
    yield made
    made.close()


def paths(rows: list[Row]) -> list[str]:
    return [row.path for row in rows]


def test_only_what_is_new_or_changed_is_read(index: Index, folder: Path) -> None:
    seen: list[Path] = []

    def read(path: Path) -> Letter:
        seen.append(path)
        return letter(path)

    done = index.update(folder, read)
    assert (done.read, done.kept, done.gone, done.failed) == (0, 4, 0, 0) and not seen
    os.utime(folder / "a.png", (1, 1))
    (folder / "c.png").unlink()
    told: list[tuple[int, int]] = []
    done = index.update(folder, read, lambda *counts: told.append(counts))
    assert (done.read, done.kept, done.gone, done.failed) == (1, 2, 1, 0) and [path.name for path in seen] == ["a.png"]
    assert told == [(1, 3), (2, 3), (3, 3)]
    assert paths(index.search()) == ["a.png", "broken.tif", "deep/b.png"] and not index.search("55")


def test_after_a_stop_it_goes_on_where_it_was(tmp_path: Path, folder: Path) -> None:
    def stopped(path: Path) -> Letter:
        if path.name == "c.png":
            raise KeyboardInterrupt
        return letter(path)

    index = Index(tmp_path / "stopped.db")
    with pytest.raises(KeyboardInterrupt):
        index.update(folder, stopped)
    index.close()
    again = Index(tmp_path / "stopped.db")
    done = again.update(folder, letter)
    again.close()
    assert (done.read, done.kept) == (2, 2)


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        ("۱۳۹۷/۱۰", ["a.png"]),
        ("1397/10", ["a.png"]),
        ("١٣٩٧/١٠", ["a.png"]),
        ("1398/10/20", ["deep/b.png"]),
        ("2019-01-10", ["a.png"]),
        ("۱۲/۳", ["a.png"]),
        ("55", ["c.png"]),
        ("ایرانی", ["c.png"]),
        ("شرکت 1399", ["c.png"]),
        ("شرکت 1397", []),
        ('"', []),
        ("fields:a OR b*", []),
        ("", ["a.png", "broken.tif", "c.png", "deep/b.png"]),
    ],
)
def test_a_letter_is_found_whichever_digits_and_letters_are_typed(index: Index, wanted: str, found: list[str]) -> None:
    assert paths(index.search(wanted)) == found


def test_what_is_doubtful_or_unreadable_is_to_be_checked(index: Index) -> None:
    rows = {row.path: row for row in index.search() if row.to_check}
    assert list(rows) == ["broken.tif", "c.png"]
    assert rows["broken.tif"].error == "The picture is damaged." and rows["c.png"].doubts == (
        "number: It is hard to read.",
    )


def test_a_correction_is_kept_found_and_learned_from(index: Index, folder: Path, tmp_path: Path) -> None:
    index.correct("c.png", "number", "۵۶")
    [row] = index.search("56")
    assert row.path == "c.png" and row.number == "56" and not row.doubts and not index.search("55")
    assert index.corrections(folder, tmp_path / "corrected") == 1
    pictures = ImageFolder(tmp_path / "corrected")
    assert pictures.row(0)["text"] == "۵۶" and pictures.image(0).width >= 50
    for path, name in (("absent.png", "number"), ("a.png", "colour")):
        with pytest.raises(InputError, match="no field"):
            index.correct(path, name, "1")


def test_it_is_exported_for_spreadsheets(index: Index, tmp_path: Path) -> None:
    rows = [*index.search(), Row("=evil()", "-1", "", "", "", "", "+text")]
    export(rows, tmp_path / "letters.csv")
    with (tmp_path / "letters.csv").open(encoding="utf-8-sig", newline="") as file:
        table = list(csv.DictReader(file))
    assert [row["date"] for row in table][:1] == ["1397/10/20"] and table[-1]["path"] == "'=evil()"
    export(rows, tmp_path / "letters.xlsx")
    sheet = openpyxl.load_workbook(tmp_path / "letters.xlsx").active
    assert sheet is not None and [cell.value for cell in sheet[1]] == list(module.COLUMNS)
    assert sheet.cell(len(rows) + 1, 1).value == "=evil()" and sheet.cell(len(rows) + 1, 1).data_type == "s"
    with pytest.raises(InputError, match="csv or"):
        export(rows, tmp_path / "letters.pdf")


def test_what_is_no_index_or_no_folder_is_a_sentence(tmp_path: Path, index: Index) -> None:
    (tmp_path / "picture.db").write_bytes(b"no table" * 100)
    with pytest.raises(InputError, match="no index of letters"):
        Index(tmp_path / "picture.db")
    with pytest.raises(InputError, match="There is no folder"):
        index.update(tmp_path / "absent", letter)


def test_the_command_searches_an_index(index: Index, tmp_path: Path) -> None:
    path = str(tmp_path / "letters.db")
    told = clients.command("letters", "--index", path, "--search", "1397/10", "--json")
    assert told["code"] == 0 and [row["path"] for row in json.loads(told["out"])] == ["a.png"]
    told = clients.command("letters", "--index", path, "--doubtful", "--out", str(tmp_path / "check.csv"))
    assert told["code"] == 1 and "It is hard to read." in told["out"] and "damaged" in told["err"]
    assert (tmp_path / "check.csv").exists()
    told = clients.command("letters", "--index", str(tmp_path / "absent.db"))
    assert told["code"] == 1 and "name the folder" in told["err"]
