"""What the pages show of a classifier's evaluation."""

import json
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

import zoo
from tests.sets import save
from training.data.folder import Drawing, ImageFolder
from training.measure import views
from zoo.readers.classifier import Classifier


def draw(index: int) -> Drawing:
    """Noise, each its own, under one of the tiny network's two names, or one that it does not know."""
    noise = np.random.default_rng(index).integers(0, 256, (24, 60, 3), np.uint8)
    return Image.fromarray(noise), {"text": ("left", "right", "up")[index % 3]}


@pytest.fixture
def reader(tiny: Path) -> Classifier:
    found = zoo.load(tiny)
    assert isinstance(found, Classifier)
    return found


def test_the_worst_answers_come_first_with_their_own_pictures(reader: Classifier, tmp_path: Path) -> None:
    save(tmp_path / "noise", draw, 60)
    pictures = ImageFolder(tmp_path / "noise")
    found, seen = views.evaluation(reader, pictures)
    counts = np.array(found["confusion"])
    assert found["classes"] == ["left", "right"] and counts.sum() == 40, "what it does not know is left out"
    assert len(found["errors"]) == counts.sum() - np.trace(counts)
    assert len(found["worst"]) == views.WORST
    losses = [answer["loss"] for answer in found["worst"]]
    assert losses == sorted(losses, reverse=True)
    # each tile is the picture whose answer it stands for, as the network sees it
    by_loss: dict[float, np.ndarray] = {}
    for picture, row in pictures:
        if row["text"] == "up":
            continue
        [answer] = reader.read([picture])
        share = dict(answer.alternatives)[row["text"]]
        by_loss[float(-np.log(share))] = reader.prepare(picture)[0][0]
    for answer in found["worst"]:
        loss = min(by_loss, key=lambda known: abs(known - answer["loss"]))
        pixels = by_loss[loss].transpose(1, 2, 0) * reader.settings.std + reader.settings.mean
        assert loss == pytest.approx(answer["loss"], abs=1e-3)
        assert np.abs(seen[answer["tile"]] / 255 - pixels).max() < 0.01


def test_a_run_tells_its_phases_and_what_the_finder_tried(tmp_path: Path) -> None:
    for phase, epochs in (("1-frozen", 1), ("2-whole", 2)):
        log = tmp_path / phase / "csv" / "version_0"
        log.mkdir(parents=True)
        names = "epoch", "loss/train_epoch", "accuracy/train_epoch", "loss/validation", "accuracy/validation"
        lines = [",".join(names), *(f"{epoch},1.5,0.5,1.0,0.75" for epoch in range(epochs))]
        (log / "metrics.csv").write_text("\n".join(lines))
    finder = {"rates": [1e-5, 1e-3], "losses": [3.0, 2.0], "taken": 1e-4}
    (tmp_path / "1-frozen" / views.FINDER).write_text(json.dumps(finder))
    found = views.history(tmp_path)
    assert list(found) == ["1-frozen", "2-whole"]
    assert found["1-frozen"]["finder"] == finder and "finder" not in found["2-whole"]
    assert found["2-whole"]["epoch"] == [1, 2] and found["2-whole"]["loss/validation"] == [1.0, 1.0]
