"""The ablation as a program, with networks and pictures that are small."""

import dataclasses
import json
from functools import partial
from pathlib import Path

import pytest
import torch

from demos.studies import lstm_ablation as page
from tests.sets import save
from tests.training.learn.test_stream import draw, recipe
from training.recipes import Recipe
from training.studies import lstm_ablation

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
    for row in study["networks"]:
        assert row["images"] == 40 and row["interval"][0] <= row["accuracy"] <= row["interval"][1]
    shown = page.table(study)
    assert shown.count("<tr>") == 4 and "LSTMs both ways" in shown


@pytest.mark.parametrize(("directions", "left", "right"), [(0, False, False), (1, True, False), (2, True, True)])
def test_a_frame_knows_what_its_directions_tell(directions: int, left: bool, right: bool) -> None:
    torch.manual_seed(0)
    network = lstm_ablation.Beside(5, directions, width=32, hidden=32).eval()
    pictures = torch.zeros(3, 3, 32, 640)
    pictures[1, ..., :240], pictures[2, ..., -240:] = 1, 1
    with torch.inference_mode():
        before = network(pictures)
        assert torch.equal(before, network.head(network.look(pictures))), "at first there is nothing to add"
        if network.context is not None:
            for weights in (network.added.weight, *network.context.parameters()):  # it forgets fast at first
                torch.nn.init.normal_(weights, std=0.3)
        blank, *others = network(pictures)[:, 80]  # the frame in the middle
    assert [not torch.allclose(other, blank, atol=1e-6) for other in others] == [left, right]


def test_strokes_are_counted_where_they_were_taken_for_another() -> None:
    assert lstm_ablation.mistaken([("lt", "it"), ("bi11", "bill"), ("cat", "cut"), ("Fall", "Fail")]) == (4, 6)


def test_what_the_page_says_was_found() -> None:
    """The intervals overlap; and a frame of the CNN alone sees as far as the page says, and no farther."""
    rows = json.loads((lstm_ablation.OUT / "study.json").read_text(encoding="utf-8"))["networks"]
    for measure in ("interval", "strokes_interval"):
        lows, highs = zip(*(row[measure] for row in rows), strict=True)
        assert max(lows) < min(highs), measure
    network = lstm_ablation.Beside(5, 0).eval()
    pictures = torch.rand(1, 3, 32, 640).repeat(2, 1, 1, 1)
    pictures[1, :, :, 320:324] += 1
    with torch.inference_mode():
        one, other = network(pictures)
    seen = torch.nonzero((one - other).abs().amax(1)).ravel() * 4
    assert 320 - 76 <= seen.min() < 256 and 384 < seen.max() <= 320 + 76
