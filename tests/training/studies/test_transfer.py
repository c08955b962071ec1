"""The transfer study runs whole, on small networks and few pictures, and does not train anything twice."""

import shutil
from dataclasses import replace
from functools import partial
from pathlib import Path

import pytest
import torch

import zoo
from tests.sets import save
from training.data.captcha import draw_style
from training.learn import checkpoint
from training.learn.module import build
from training.measure.evaluate import REAL
from training.measure.report import Report
from training.recipes import Recipe, finetuning, recipe_of
from training.studies import transfer

TINY = {"longest": 12, "width": 32, "hidden": 32}


def small(recipe: Recipe) -> Recipe:
    return replace(recipe, model_args=TINY, epochs=1, batch=8, samples=tuple(8 for _ in recipe.train))


def test_every_row_is_measured_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    data, runs = tmp_path / "data", tmp_path / "runs"
    draw = partial(draw_style, split="validation", seed=9)
    for name in ("train", "styles", "sparse", "validation", "styles-validation"):
        save(data / name, draw, 10)
    for name in REAL:
        for part in ("train", "test"):
            folder = data / name.replace("test", part)
            save(folder, draw, 10)
            shutil.make_archive(str(folder), "zip", folder)
    recipe = small(recipe_of("captcha-seq2seq"))
    monkeypatch.setattr(transfer, "recipe_of", lambda _name: recipe)
    monkeypatch.setattr(transfer, "finetuning", lambda *args: small(finetuning(*args)))
    monkeypatch.setattr(transfer.zoo, "load", partial(zoo.load, runtime="torch"))  # nothing to export
    monkeypatch.setattr(transfer, "SHOTS", (8,))
    monkeypatch.setattr(transfer, "FOLDS", 2)
    torch.manual_seed(0)
    checkpoint.write(recipe, build(recipe).eval(), runs / "checkpoints" / "captcha-seq2seq-drawn")
    teacher = transfer.Teacher(data, runs, 0)
    transfer.study(teacher, report := Report(tmp_path / "report"))
    counted = {(row.data, row.model): row.count for row in report.rows.values() if row.measure == "word accuracy"}
    expected = {(name, model): 10 for name in REAL for model in ("drawn captchas only", "without this style")}
    expected[("captcha-five-test", "drawn captchas, then 8 of this style")] = 10
    assert counted == expected | {("captcha-five, five folds", "drawn captchas, then 600 of this style"): 10}
    without = {folder.name for folder in (runs / "checkpoints").glob("*-without-*")}
    assert len(without) == 3
    for name in REAL:
        unseen = f"{name.removesuffix('-test')}-train.zip"
        others = transfer.without(recipe, unseen)
        assert unseen in recipe.train and unseen not in others.train + others.validation
        assert len(others.samples) == len(others.train) == len(recipe.train) - 1
    before = {path: path.stat().st_mtime_ns for path in (runs / "checkpoints").rglob("*.safetensors")}
    transfer.study(teacher, report)
    assert before == {path: path.stat().st_mtime_ns for path in (runs / "checkpoints").rglob("*.safetensors")}
