"""Numbers are kept, replaced and printed as what they are."""

import dataclasses
from pathlib import Path

import pytest

from training.data.folder import ImageFolder
from training.learn import checkpoint
from training.learn.module import build
from training.measure import card
from training.measure.report import Report, Row, share
from training.recipes import recipe_of


def test_a_row_measured_again_replaces_the_old_one_and_the_others_stay(tmp_path: Path) -> None:
    first = Report(tmp_path)
    first.add(Row("a", "word accuracy", 0.5, 10), Row("b", "word accuracy", 0.25, 20, (0.1, 0.4), "peer"))
    first.save()
    second = Report(tmp_path)
    second.add(share("a", "word accuracy", [True] * 9 + [False]))
    second.save()
    rows = Report(tmp_path).rows
    assert rows["a", "word accuracy", ""].value == 0.9
    assert rows["b", "word accuracy", "peer"] == Row("b", "word accuracy", 0.25, 20, (0.1, 0.4), "peer")
    printed = {line.split()[0]: line for line in str(second).splitlines()}
    assert "not rerun" in printed["b"] and "not rerun" not in printed["a"]


def test_rows_of_a_kind_that_may_not_come_again_are_dropped(tmp_path: Path) -> None:
    report = Report(tmp_path)
    kept = [
        Row("set", "CER", 0.1, 9),
        Row("other", "l read as I", 0.1, 9),
        Row("set", "l read as I", 0.1, 9, model="Peer"),
    ]
    report.add(*kept, Row("set", "l read as 1", 0.1, 9))
    report.forget("set", " read as ")
    assert list(report.rows.values()) == kept


def test_the_card_says_what_was_measured(tmp_path: Path) -> None:
    folder = tmp_path / "captcha-resnet18"
    recipe = dataclasses.replace(recipe_of("captcha-resnet18"), architecture="test_resnet")
    checkpoint.write(recipe, build(recipe), folder, temperature=1.25, threshold=0.5)
    report = Report(folder)
    report.add(share("test-words", "word accuracy", [True] * 97 + [False] * 3))
    report.save()
    card.keep(folder, [Row("test-words", "ms an image alone on one core, median", 8.04, 100)])
    text = (folder / "README.md").read_text()
    whole, costs = text.split("## What a reading costs")
    assert "| 8.0 |" in costs and "97.00 %" not in costs and " ms " not in whole
    assert "97.00 %" in text and "91.55 % – 98.97 %" in text
    assert "model-index" in text and "value: 0.97" in text
    assert "1.250" in text


def test_a_damaged_set_is_noticed(tmp_path: Path) -> None:
    from PIL import Image

    (tmp_path / "metadata.csv").write_text("file_name,text\na.png,x\n")
    Image.new("RGB", (4, 4), (1, 2, 3)).save(tmp_path / "a.png")
    before = ImageFolder(tmp_path).digest()
    assert before == ImageFolder(tmp_path).digest()
    Image.new("RGB", (4, 4), (1, 2, 4)).save(tmp_path / "a.png")
    assert ImageFolder(tmp_path).digest() != before


def test_a_set_without_metadata_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="metadata.csv"):
        ImageFolder(tmp_path / "no.zip")
