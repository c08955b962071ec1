"""The Letters tab's answers: files become a table, a search, a letter with its boxes; corrections stay."""

import csv
from pathlib import Path
from types import SimpleNamespace

import gradio as gr
import numpy as np
import pytest
from PIL import Image

import zoo
from demos.tabs import letters
from training.data.folder import ImageFolder
from zoo.hub import store
from zoo.letter.finder import FIELDS
from zoo.letter.result import MEANING, Field, Letter
from zoo.readers.page import Line, Page

BOX = np.array([[100, 20], [160, 20], [160, 40], [100, 40]], np.float32)
LABEL = BOX + [80, 0]
SAID = {"one.png": "۱۲/۵", "two.png": "<b>7</b>"}


def progress(*_: object) -> None:
    """Nobody looks at it."""


def read(path: Path) -> Letter:
    if path.name not in SAID:
        raise zoo.InputError("The picture is damaged.")
    values = {"number": SAID[path.name], "date": "۱۳۹۷/۱۰/۲۰", "attachment": "", "title": ""}
    doubt = {"number": "It is hard to read."} if path.name == "two.png" else {}
    fields = [
        Field(
            name,
            MEANING[name](values[name]),
            "doubtful" if name in doubt else "ok" if values[name] else "missing",
            0.9,
            BOX if values[name] else None,
            LABEL.astype(np.float32),
            0,
            doubt.get(name, ""),
        )
        for name in FIELDS
    ]
    return Letter(tuple(fields), (Page((Line("با سلام", 0.9, BOX + 100),), (300, 400)),))


@pytest.fixture
def files(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> list[str]:
    monkeypatch.setattr(letters.letter, "read", read)
    monkeypatch.setenv("GLYPHZOO_HOME", str(tmp_path / "home"))
    for name in (*SAID, "broken.png"):
        Image.new("RGB", (300, 400), "white").save(tmp_path / name)
    return [str(tmp_path / name) for name in (*SAID, "broken.png")]


def shown(files: list[str], words: str = "") -> tuple[letters.Given, str, list[str], str]:
    """What the visitor has, the table, the files to take away, the letter that is looked at."""
    _, given, _, _, table, *taken, one = letters.show(files, words, progress)
    return given, table, taken, one


def test_files_become_a_table_and_the_first_is_looked_at(files: list[str]) -> None:
    given, table, taken, one = shown(files)
    assert table.count("data-path=") == 3 and "1397/10/20" in table and "The picture is damaged." in table
    assert given.chosen == "one.png" and 'value="۱۲/۵"' in one and "12/5" in one and "2019-01-10" in one
    assert one.count("<polygon") == 7, "four labels, two values, a line"
    assert 'data-box="80 0 180 60"' in one, "the label and its value, with as much around them as they are high"
    with Path(taken[0]).open(encoding="utf-8-sig", newline="") as file:
        assert [row["number"] for row in csv.DictReader(file)] == ["", "12/5", "<b>7</b>"]


def test_what_is_read_is_shown_as_text(files: list[str]) -> None:
    given, table, _, _ = shown(files)
    assert "<b>7</b>" not in table and "&lt;b&gt;7" in table
    _, one = letters.choose(given, SimpleNamespace(letter="two.png"))
    assert 'value="&lt;b&gt;7' in one and "look at it" in one and "It is hard to read." in one


def test_a_search_leaves_what_has_the_words(files: list[str]) -> None:
    given, *_ = shown(files)
    table = letters.search(given, "12/5")[4]
    assert table.count("data-path=") == 1 and "one.png" in table
    assert "No letter has" in letters.search(given, "absent words")[4]


def test_a_correction_is_shown_and_kept_to_learn_from(files: list[str]) -> None:
    given, *_ = shown(files)
    letters.choose(given, SimpleNamespace(letter="two.png"))
    *_, table, _, _, one = letters.correct(given, "", SimpleNamespace(field="number", text="۸"))
    assert 'value="۸"' in one and "look at it" not in one and "&lt;b&gt;" not in table
    [kept] = (store.home() / "corrections" / "letters").iterdir()
    assert ImageFolder(kept).row(0)["text"] == "۸"


def test_too_many_are_a_sentence_and_none_is_the_invitation(files: list[str]) -> None:
    message, given, panels, *_ = letters.show(files * 70, "", progress)
    assert "more than 200 letters" in message and given is None and panels.visible is False
    assert letters.show(None, "", progress)[0] == ""


def test_programs_get_the_fields(files: list[str]) -> None:
    found = letters.read_letter(Path(files[0]))
    assert (found["number"], found["date"], found["attachment"]) == ("12/5", "1397/10/20", "")
    date = next(one for one in found["fields"] if one["name"] == "date")
    assert date["text"] == "۱۳۹۷/۱۰/۲۰" and date["gregorian"] == "2019-01-10" and date["box"] == BOX.tolist()
    with pytest.raises(gr.Error, match="damaged"):
        letters.read_letter(Path(files[2]))


def test_what_a_value_means_runs_its_own_way() -> None:
    """ط between digits would turn them round in a cell that runs from the left."""
    one = Field("number", MEANING["number"]("۸۸/ط/۷۷"), "ok", 0.9, BOX, LABEL)
    assert "<td><bdi>88/ط/77</bdi></td>" in letters._field(one, Letter((one,), ()))
