"""The ablation as a program, with networks and pictures that are small."""

import dataclasses
import json
from functools import partial
from pathlib import Path

import pytest

from demos import lstm_ablation as page
from tests.sets import save
from tests.training.test_stream import draw, recipe
from training import lstm_ablation
from training.recipes import Recipe

__all__ = ["recipe"]


def test_three_networks_are_measured_on_the_same_words(
    recipe: Recipe, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("words-validation", "words-test"):
        save(tmp_path / "data" / name, partial(draw, seed=1), 40)
    small = dataclasses.replace(recipe, samples=(64,), epochs=1)
    monkeypatch.setattr(lstm_ablation, "recipe_of", lambda name: small)
    monkeypatch.setattr(lstm_ablation, "SAMPLES", 64)
    monkeypatch.setattr(lstm_ablation, "CNN_SAMPLES", 64)
    command = ["lstm_ablation", "--data", str(tmp_path / "data"), "--runs", str(tmp_path / "runs"), "--workers", "0"]
    monkeypatch.setattr("sys.argv", [*command, "--out", str(tmp_path / "out")])
    lstm_ablation.main()
    study = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    assert [row["name"] for row in study["networks"]] == list(lstm_ablation.NETWORKS) and study["samples"] == 64
    layers = [lstm_ablation.variant(title).model_args for title in lstm_ablation.NETWORKS]
    assert [args.get("directions", 2) for args in layers] == [2, 1, 2] and layers[0]["layers"] == 0
    for row in study["networks"]:
        assert row["images"] == 40 and row["interval"][0] <= row["accuracy"] <= row["interval"][1]
    shown = page.table(study)
    assert shown.count("<tr>") == 4 and "LSTMs both ways" in shown


def test_strokes_are_counted_where_they_were_taken_for_another() -> None:
    assert lstm_ablation.mistaken([("lt", "it"), ("bi11", "bill"), ("cat", "cut"), ("Fall", "Fail")]) == (4, 6)
