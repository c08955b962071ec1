"""What a network learns by heart, as a program with few pictures and a network of timm's that is small."""

import dataclasses
import json
from functools import partial
from pathlib import Path

import numpy as np
import pytest

from demos.studies import memorization as page
from demos.widgets import plots
from tests.sets import save
from training.data import memorization as sets
from training.data.texts.english import WORDS
from training.recipes import recipe_of
from training.studies import memorization


def test_only_labels_or_pixels_differ() -> None:
    true = [sets.draw(i, sets.TRUE) for i in range(40)]
    shuffled = [sets.draw(i, sets.SHUFFLED) for i in range(40)]
    noise = [sets.draw(i, sets.NOISE) for i in range(40)]
    assert all(np.array_equal(a[0], b[0]) for a, b in zip(true, shuffled, strict=True))
    assert [row["text"] for _, row in true] == [row["word"] for _, row in true] == [row["text"] for _, row in noise]
    assert np.mean([row["text"] == row["word"] for _, row in shuffled]) < 0.2
    assert {row["text"] for _, row in shuffled} <= set(WORDS)
    assert len({np.asarray(picture).tobytes() for picture, _ in noise}) == 40
    assert all(np.asarray(picture).mean() == pytest.approx(127.5, abs=3) for picture, _ in noise)
    assert sorted(sets.elsewhere().tolist()) == list(range(sets.COUNT))
    printed = [sets.draw(i, sets.TRUE) for i in range(0, 1_000, len(WORDS))]
    assert len({picture.tobytes() for picture, _ in printed}) == 10 and len({row["word"] for _, row in printed}) == 1
    tested = sets.draw(0, sets.SHUFFLED, tested=True)[1]
    assert tested["text"] == tested["word"], "what tests is never shuffled"


def test_the_study_as_a_program(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    whole = recipe_of("captcha-resnet18")
    small = dataclasses.replace(whole, architecture="test_resnet", model_args={}, batch=16)
    monkeypatch.setattr(memorization, "recipe_of", lambda name: small)
    for name, value in (("COUNT", 48), ("TESTED", 16), ("EPOCHS", 1), ("SHOWN", 5)):
        monkeypatch.setattr(memorization, name, value)
    out, base = tmp_path / "memorization", tmp_path / "runs" / "memorization"
    for kind in sets.KINDS:
        for part, count in (("train", 48), ("test", 16)):
            save(
                base / f"{kind.replace(' ', '-')}-{part}",
                partial(sets.draw, kind=kind, tested=part == "test"),
                count,
            )
    monkeypatch.setattr("sys.argv", ["x", "--runs", str(tmp_path / "runs"), "--workers", "0", "--out", str(out)])
    memorization.main()
    study = json.loads((out / "study.json").read_text(encoding="utf-8"))
    assert [kind["name"] for kind in study["kinds"]] == list(sets.KINDS)
    for kind in study["kinds"]:
        assert kind["train"]["images"] == 48 and kind["test"]["images"] == 16 and len(kind["history"]["epoch"]) == 1
    assert len(study["pictures"]) == 5 and all(one["printed"] != one["label"] for one in study["pictures"])
    monkeypatch.setattr(plots, "RESULTS", tmp_path)
    assert page.pictures(study).count("<details>") == 5 and page.table(study).count("<tr>") == 4
