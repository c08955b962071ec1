"""The study of Persian crops as a program, with a network of timm's that is small."""

import dataclasses
import json
from functools import partial
from pathlib import Path

import pytest

from demos.studies import persian_study as page
from tests.sets import save
from training.data import persian
from training.recipes import Recipe, recipe_of
from training.studies import persian_study


def small(name: str) -> Recipe:
    """The recipe in small: the same phases in their order, a tiny network that knows nothing yet."""
    whole = recipe_of(name)
    phases = tuple((title, values | {"epochs": 1, "learning_rate": 0.01}) for title, values in whole.phases)
    tiny = {"architecture": "test_resnet", "model_args": {}, "start": "", "pretrained": False, "finder": False}
    return dataclasses.replace(whole, **tiny, phases=phases, samples=(130,), batch=32)


def test_every_line_is_measured_on_the_same_held_out_crops(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    draw = partial(persian.draw_any, splits=("test",), damage="clean", seed=1)
    save(tmp_path / "data" / "persian-study", draw, 180)
    monkeypatch.setattr(persian_study, "recipe_of", small)
    monkeypatch.setattr(persian_study, "RANGES", ((1e-5, 1e-3), (1e-2, 1e-2)))
    command = ["persian_study", "--data", str(tmp_path / "data"), "--runs", str(tmp_path / "runs"), "--workers", "0"]
    monkeypatch.setattr("sys.argv", [*command, "--out", str(tmp_path / "out")])
    persian_study.main()
    study = json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8"))
    rows = [(row["name"], row["detail"]) for row in study["models"]]
    own = "from scratch, learning rates 0.001 to 0.01"
    assert rows == [
        ("ResNet-34, frozen", "from scratch"),
        ("ResNet-34", own),
        ("ResNet-34", "from the same stage, learning rates 1e-05 to 0.001"),
        ("ResNet-34", "from the same stage, learning rates 0.01 to 0.01"),
        ("ResNet-34 from scratch, frozen", "from scratch"),
        ("ResNet-34 from scratch", own),
        ("ResNet-50, frozen", "from scratch"),
        ("ResNet-50", own),
    ]
    assert [row["study"] for row in study["models"]] == [[0.98, 0.992], [0.9973], *[None] * 5, [0.9973]]
    for row in study["models"]:
        assert row["images"] == 18 and 0 <= row["accuracy"] <= 1
        assert row["interval"][0] <= row["accuracy"] <= row["interval"][1]
    shown = page.table(study)
    assert shown.count("<tr>") == 1 + len(rows) and "98.00 to 99.20" in shown and "drawn data" in shown
    # what is trained stays so, and answers the same
    persian_study.main()
    assert json.loads((tmp_path / "out" / "study.json").read_text(encoding="utf-8")) == study
