"""Maps that the grid's page keeps: known again only while nothing about them has changed."""

import json
import os
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import zoo
from demos.grid_view import maps
from zoo import grid
from zoo.hub import catalog
from zoo.images import preprocess

COUNT = 70  # more than are read at once


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLYPHZOO_HOME", str(tmp_path / "home"))
    monkeypatch.setattr(maps, "_opened", type(maps._opened)())
    return tmp_path / "home"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Plain pictures, every other one labelled."""
    path = tmp_path / "pictures"
    path.mkdir()
    for i in range(COUNT):
        Image.new("RGB", (16, 16), (3 * i, 90, 255 - 3 * i)).save(path / f"{i:02}.png")
    label(path, "even")
    return path


def label(folder: Path, text: str) -> None:
    rows = [f"{i:02}.png,{text if i % 2 == 0 else ''}" for i in range(COUNT)]
    (folder / "metadata.csv").write_text("\n".join(["file_name,label", *rows]))


def shown(folder: Path, request: str = "request") -> maps.Map:
    pictures = grid.find(folder)
    return maps.show(request, pictures, grid.arrange(pictures, embedder="colour", layout="sorted"))


def test_a_request_is_known_until_its_tiles_are_gone(folder: Path) -> None:
    found = shown(folder)
    assert maps.opened("request") is found and maps.opened("another") is None
    (maps.folder(found.key) / "data.json").unlink()
    assert maps.opened("request") is None


def test_other_labels_are_another_map(folder: Path) -> None:
    before = shown(folder).key
    assert shown(folder).key == before
    label(folder, "odd")
    assert shown(folder).key != before


def test_the_oldest_map_is_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maps, "KEPT", 2)
    keys = []
    for text in "abc":
        label(folder, text)
        keys.append(shown(folder, text).key)
        os.utime(maps.folder(keys[-1]), (len(keys), len(keys)))
    assert [maps.folder(key).exists() for key in keys] == [False, True, True]


def test_the_stamp_changes_with_every_file_and_bears_a_link_to_nowhere(folder: Path) -> None:
    stamps = {maps.stamp(folder)}
    (folder / "link.png").symlink_to(folder / "nowhere.png")
    stamps.add(maps.stamp(folder))
    Image.new("RGB", (9, 9)).save(folder / "00.png")
    stamps.add(maps.stamp(folder))
    (folder / "01.png").unlink()
    stamps.add(maps.stamp(folder))
    assert len(stamps) == 4
    assert maps.stamp(folder) in stamps


class Reader:
    """Says how red a picture is, and counts the pictures that it is given."""

    def __init__(self) -> None:
        self.given = 0

    def read(self, pictures: Sequence[Any]) -> list[zoo.Prediction]:
        self.given += len(pictures)
        reds = [str(np.asarray(preprocess.load(picture).rgb)[0, 0, 0]) for picture in pictures]
        return [zoo.Prediction(red, 1.0, ((red, 1.0),), (), "ok") for red in reds]


def test_reading_goes_on_where_it_was_broken_off(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, reader, name = shown(folder), Reader(), "captcha-seq2seq"
    monkeypatch.setattr(zoo, "load", lambda _name: reader)

    def click(stage: str, done: int, total: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        maps.read(found, name, click)
    assert not maps.readings(found, name).exists() and 0 < reader.given < COUNT
    maps.read(found, name)
    assert reader.given == COUNT
    said = json.loads(maps.readings(found, name).read_text())
    assert [text for text, _ in said] == [str(3 * int(found.pictures.names[i][:2])) for i in found.arrangement.kept]


def test_other_weights_say_something_else(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    found, name = shown(folder), "captcha-seq2seq"
    before = maps.readings(found, name)
    entry = catalog.Entry(name, "text-recognition", "", "0" * 64)
    monkeypatch.setattr(catalog, "CATALOG", {name: entry})
    assert maps.readings(found, name) != before
    assert maps.FILES.fullmatch(before.name)
