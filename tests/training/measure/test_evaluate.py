"""A checkpoint's whole evaluation runs and measures what it says."""

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zoo
from tests.sets import save
from training.data.captcha import draw_mixed, draw_nothing, draw_style, draw_test
from training.data.folder import ImageFolder
from training.data.texts.english import WORDS
from training.learn import checkpoint, dataset
from training.learn.calibrate import write_calibrated
from training.learn.module import build
from training.measure import card, card_pictures, evaluate, faithfulness, truth
from training.measure.report import Report
from training.measure.spelling import EDITS
from training.recipes import recipe_of
from zoo.networks.crnn import CRNN


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("sets")
    for name, words in (("test-words", WORDS), ("test-unseen-words", ("zebra", "oyster"))):
        save(out / name, partial(draw_test, words=words, seed=5), 6)
    for name in (*evaluate.REAL, evaluate.WORDS, evaluate.WORN, evaluate.NUMBERS, evaluate.SCENE_WORDS):
        save(out / name, partial(draw_style, split="validation", seed=8), 6)
    save(out / "test-nothing", partial(draw_nothing, seed=6), 4)
    save(out / "validation", partial(draw_mixed, split="validation", seed=7), 8)
    return out


TINY: dict[str, dict[str, Any]] = {
    "captcha-resnet18": {"architecture": "test_resnet"},
    "captcha-seq2seq": {"model_args": {"longest": 12, "width": 32, "hidden": 32}},
    "word-crnn": {"model_args": {"width": 32, "hidden": 16}, "validation": ("validation",), "stream": ""},
}


@pytest.mark.parametrize("name", TINY)
def test_everything_is_measured(name: str, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    recipe = dataclasses.replace(recipe_of(name), train=("validation",), **TINY[name])
    torch.manual_seed(0)
    folder = tmp_path / name
    pictures = dataset.Captchas(recipe, [ImageFolder(data / "validation")])
    network = build(recipe)
    if isinstance(network, CRNN):
        network.head.weight.data *= 30  # or any character may stand in any frame, and it takes minutes to try them
    write_calibrated(network, pictures, np.arange(8), 0, folder)
    monkeypatch.setattr(evaluate, "DIGESTS", tmp_path / "digests.json")
    (tmp_path / "digests.json").write_text("{}")
    # untrained networks read nothing right: measure the maps on whatever they read
    monkeypatch.setattr(faithfulness, "right", lambda prediction, text: True)
    report = evaluate.evaluate(folder, data, tmp_path)
    measured = {(row.data, row.measure): row for row in report.rows.values()}
    readable, strange = evaluate.sets(zoo.load(folder))
    assert measured[readable[0], "word accuracy"].count > 5
    assert measured[readable[0], "same text in onnxruntime and torch"].value == 1
    assert measured[readable[0], "largest difference of a logit, onnxruntime and torch"].value < 1e-3
    assert measured["test-nothing", "status unsure or empty"].count == 4
    assert 0 <= measured[readable[0], "ECE"].value <= 1
    assert (readable[0], "correlation of the map with that of randomised weights") in measured
    assert set(report.digests) == {*readable, *strange} - {"photos"}
    if name == "captcha-resnet18":
        assert measured["test-unseen-words", "status unsure or empty"].count == 6
    if name == "word-crnn":
        rates = [measured["numbers-test", f"{kind} per character"].value for kind in EDITS.values()]
        assert measured["numbers-test", "CER"].value == pytest.approx(sum(rates))
    if name == "captcha-seq2seq":
        assert (
            measured["real captchas", "ECE"].count
            == measured["real captchas", "coverage at 99 % precision"].count
            == 18
        )
    card.write(folder)
    described = (folder / "README.md").read_text(encoding="utf-8")
    for picture in (card_pictures.EXAMPLES, card_pictures.CALIBRATION):
        assert f"]({picture})" in described and Image.open(folder / picture).width > 200
    settings = zoo.load(folder).settings
    assert settings.temperature > 0 and 0 < settings.threshold < 1
    assert zoo.load(folder).config["glyphzoo"]["explained_layer"] in checkpoint.layers(recipe)
    (tmp_path / "less").mkdir()
    (tmp_path / "less" / "test-nothing").symlink_to(data / "test-nothing")
    again = str(evaluate.evaluate(folder, tmp_path / "less", tmp_path)).splitlines()
    assert all(("not rerun" in line) != line.startswith("test-nothing") for line in again)


def test_a_set_that_is_not_the_committed_one_is_refused(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    recipe = dataclasses.replace(recipe_of("captcha-resnet18"), architecture="test_resnet")
    checkpoint.write(recipe, build(recipe), tmp_path / "reader")
    monkeypatch.setattr(evaluate, "DIGESTS", tmp_path / "digests.json")
    (tmp_path / "digests.json").write_text(json.dumps({"test-words": "0" * 64}))
    with pytest.raises(SystemExit, match="draw it again"):
        evaluate.evaluate(tmp_path / "reader", data, tmp_path)
    assert not Report(tmp_path / "reader").rows


def test_the_peak_must_lie_in_the_box() -> None:
    heat = np.zeros((10, 20), np.float32)
    heat[4, 7] = 1
    assert faithfulness.inside(heat, np.array([6, 2, 9, 8]))
    assert not faithfulness.inside(heat, np.array([8, 2, 12, 8]))


def test_covering_what_matters_hurts_and_covering_elsewhere_does_not(monkeypatch: pytest.MonkeyPatch) -> None:
    """A reader that only looks at the left: a map that is hot there is true, one that is hot on the right is not."""
    picture = Image.fromarray(np.random.default_rng(0).integers(0, 256, (20, 100, 3), np.uint8))

    def seen(_reader: object, _case: object, covered: list[Image.Image]) -> np.ndarray:
        return np.array([np.asarray(p)[:, :20].std() for p in covered])

    monkeypatch.setattr(faithfulness, "log_probabilities", seen)
    boxes = np.array([[0.0, 0, 50, 20], [50, 0, 100, 20]], np.float32)
    case = faithfulness.Case(picture, boxes, "")
    left = np.zeros((20, 100), np.float32)
    left[:, 2:12] = 1
    assert faithfulness.hurts_more(None, case, left)
    assert not faithfulness.hurts_more(None, case, left[:, ::-1].copy())


def test_wrong_labels_are_set_right(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures = ImageFolder(data / "test-words")
    names = [name.decode() for name in pictures.columns["file_name"]]
    monkeypatch.setattr(evaluate, "RELABELLED", tmp_path / "relabelled.json")
    (tmp_path / "relabelled.json").write_text(json.dumps({"test-words": {names[3]: "seen"}}))
    found = [(zoo.Prediction("read", 0.9, (("read", 0.9),), (), "ok"), row["text"]) for _, row in pictures]
    right = [text for _, text in evaluate.relabelled("test-words", pictures, found)]
    assert right == [text if i != 3 else "seen" for i, (_, text) in enumerate(found)]
    assert evaluate.relabelled("test-nothing", pictures, found) == found


def test_a_glyph_counts_in_either_case_and_with_its_look_alikes() -> None:
    def read(text: str, second: str) -> zoo.Prediction:
        return zoo.Prediction(text, 0.6, ((text, 0.6), (second, 0.3)), (), "ok", label=text)

    found = [(read("A", "4"), "a"), (read("O", "0"), "0"), (read("1", "7"), "I"), (read("B", "8"), "E")]
    shares = {row.measure: row.value for row in evaluate.accuracy("glyph-test", found)}
    assert shares == {"top-1 accuracy": 0.25, "top-2 accuracy": 0.5, "accuracy, look-alikes merged": 0.75}
    assert [evaluate.exact(*pair) for pair in found] == [True, False, False, False]


def test_a_picture_of_no_class_keeps_its_own_text() -> None:
    reader = zoo.load("persian-resnet34")
    assert truth.expected(reader, {"text": "۵", "label": "5"}) == truth.expected(reader, {"text": "5"}) == "۵"
    assert truth.expected(reader, {"text": "airplanes"}) == "airplanes"
