"""A reader is taught a style from a labelled folder by one command, and says what is wrong with a folder."""

import csv
import json
import subprocess
import sys
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from tests.conftest import ROOT
from tests.sets import save
from training import recipes
from training.__main__ import main
from training.data.captcha import draw_style
from training.learn import finetune
from training.recipes import recipe_of
from zoo.errors import InputError

SEQ2SEQ = recipe_of("captcha-seq2seq")


def labelled(folder: Path, texts: list[str]) -> Path:
    """An ImageFolder of small white pictures with these labels."""
    folder.mkdir()
    for i in range(len(texts)):
        Image.fromarray(np.full((20, 60, 3), 255, np.uint8)).save(folder / f"{i}.png")
    with (folder / "metadata.csv").open("w", newline="") as file:
        csv.writer(file).writerows([("file_name", "text"), *((f"{i}.png", text) for i, text in enumerate(texts))])
    return folder


@pytest.mark.parametrize(
    ("texts", "sentence"),
    [
        (["abc"] * 19, "holds 19 pictures; label at least 20"),
        ([*["abc"] * 20, "a b"], "20.png in .* is labelled 'a b'; a text has up to 12 letters"),
        ([*["abc"] * 20, "x" * 13], "is labelled 'xxxxxxxxxxxxx'"),
        ([*["abc"] * 20, "né"], "without spaces or accents"),
    ],
)
def test_a_folder_that_cannot_be_learned_from_is_refused(texts: list[str], sentence: str, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=sentence):
        finetune.check(SEQ2SEQ, labelled(tmp_path / "site", texts))


def test_what_is_missing_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="holds no metadata.csv"):
        finetune.check(SEQ2SEQ, tmp_path)
    (tmp_path / "metadata.csv").write_text("file_name,label\na.png,b\n")
    with pytest.raises(InputError, match="lacks the column 'text'"):
        finetune.check(SEQ2SEQ, tmp_path)
    with pytest.raises(InputError, match="knows no text but its classes"):
        finetune.check(recipe_of("captcha-resnet18"), tmp_path)


def test_one_command_teaches_a_style(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    save(tmp_path / "site", partial(draw_style, split="validation", seed=8), 24)
    command = ["training", "captcha-seq2seq", "--finetune", str(tmp_path / "site"), "--runs", str(tmp_path / "runs")]
    monkeypatch.setattr(sys, "argv", [*command, "--epochs", "1", "--limit", "4", "--workers", "0"])
    monkeypatch.setattr(recipes, "TAUGHT", 64)
    main()
    folder = tmp_path / "runs" / "checkpoints" / "captcha-seq2seq-site"
    assert (folder / "README.md").exists()
    rows = json.loads((folder / "evaluation.json").read_text())["rows"]
    assert {(row["data"], row["model"]) for row in rows} == {
        ("site, held out", "captcha-seq2seq before"),
        ("site, held out", ""),
    }
    assert {row["count"] for row in rows} == {2}
    reader = zoo.load(folder)
    before = zoo.load("captcha-seq2seq")
    assert reader.settings.temperature == before.settings.temperature  # two pictures are too few to choose by
    assert reader.read([str(tmp_path / "site" / "000" / "000000.png")])[0].confidence > 0


def test_a_bad_folder_ends_the_command_with_one_sentence(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "training", "captcha-seq2seq", "--finetune", str(tmp_path / "none")]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=120)
    assert done.returncode == 2 and "Traceback" not in done.stderr
    assert "holds no metadata.csv; it should be an ImageFolder" in done.stderr
