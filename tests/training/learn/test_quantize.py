"""A network in 8-bit integers: it reads as in floats, each picture by itself, and stays only where it is worth it."""

import dataclasses
import json
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import onnx
import pytest
from PIL import Image

import zoo
from tests.conftest import write_crnn
from training.learn import checkpoint, quantize
from training.learn.module import build
from training.recipes import recipe_of
from zoo.hub import store
from zoo.readers.classifier import Classifier
from zoo.readers.crnn import CRNNReader
from zoo.runtime.torch import export

PICTURES = [
    Image.fromarray(np.random.default_rng(i).integers(0, 256, (8, 8, 3), np.uint8)).resize((48, 32)) for i in range(12)
]


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLYPHZOO_HOME", str(tmp_path / "home"))
    return write_crnn(tmp_path / "tiny-crnn", "abcABC", 12)


@pytest.fixture
def pictures() -> Any:
    return SimpleNamespace(image=PICTURES.__getitem__, texts=np.array([b"a"] * len(PICTURES)))


def frames(folder: Path) -> np.ndarray:
    reader = zoo.load(folder)
    assert isinstance(reader, CRNNReader)
    return reader.frames(reader.look_at(np.concatenate([reader.prepare(picture)[0] for picture in PICTURES]), []))


def test_it_answers_much_as_in_floats_and_each_picture_by_itself(folder: Path, pictures: Any) -> None:
    before = frames(folder)
    quantize.keep(folder, quantize.ranges(zoo.load(folder), pictures, np.arange(12)))
    after = frames(folder)
    away = np.abs(np.exp(after) - np.exp(before))
    assert away.max() > 1e-4 and away.mean() < 0.02, "rounded, but little"
    reader = zoo.load(folder)
    assert isinstance(reader, CRNNReader)
    alone = [reader.frames(reader.look(picture))[0] for picture in PICTURES]
    assert np.array_equal(after, alone), "what others are beside it changes nothing"
    sizes = sorted(path.stat().st_size for path in (folder.parent / "home").rglob("*.onnx"))
    assert len(sizes) == 2 and sizes[0] < sizes[1] / 2


def test_layers_that_are_named_stay_in_floats(folder: Path, pictures: Any) -> None:
    reader = zoo.load(folder, runtime="torch")
    every = quantize.ranges(reader, pictures, np.arange(12))["frames"]
    found = quantize.ranges(reader, pictures, np.arange(12), ["stem", "blocks.0", "squeeze.0"])["frames"]
    kept = {"stem.0", "blocks.0.conv1", "blocks.0.conv2", "blocks.0.shortcut.0", "squeeze.0"}
    assert every.keys() - found.keys() == kept
    graph = dataclasses.replace(reader.graphs(reader.network)["frames"], ranges=found)
    nodes = onnx.load_from_string(export(graph)).graph.node
    made = {out: node.op_type for node in nodes for out in node.output}
    rounded = [made.get(node.input[0]) == "DequantizeLinear" for node in nodes if node.op_type == "Conv"]
    assert rounded.count(True) == len(found) and rounded.count(False) == len(kept)


def test_what_a_relu_makes_zero_takes_no_room_in_a_range(folder: Path, pictures: Any) -> None:
    found = quantize.ranges(zoo.load(folder, runtime="torch"), pictures, np.arange(12))["frames"]
    assert all(found[f"blocks.{i}.conv1"][2] == 0 < found[f"blocks.{i}.conv1"][3] for i in range(6))
    assert all(found[f"blocks.{i}.conv2"][2] < 0 for i in range(6)), "to these a shortcut is added first"


def test_a_classifier_answers_so_too_though_it_sees_many_at_once(
    tmp_path: Path, pictures: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GLYPHZOO_HOME", str(tmp_path / "home"))
    recipe = dataclasses.replace(recipe_of("captcha-resnet18"), architecture="test_resnet", model_args={})
    checkpoint.write(recipe, build(recipe), folder := tmp_path / "tiny", temperature=1.0, threshold=0.5)

    def logits() -> tuple[np.ndarray, np.ndarray]:
        reader = zoo.load(folder)
        assert isinstance(reader, Classifier)
        inputs = [reader.prepare(picture)[0] for picture in PICTURES]
        return reader.logits(np.concatenate(inputs)), np.concatenate([reader.logits(one) for one in inputs])

    before, _ = logits()
    quantize.keep(folder, quantize.ranges(zoo.load(folder), pictures, np.arange(12)))
    after, alone = logits()
    assert 1e-4 < np.abs(after - before).max() < 0.3 * np.ptp(before)
    assert after == pytest.approx(alone, abs=1e-5)


def test_ranges_of_another_network_are_a_sentence(folder: Path, pictures: Any) -> None:
    found = quantize.ranges(zoo.load(folder), pictures, np.arange(2))
    for damaged, told in (
        ({"frames": {"stem.0": [0, 1]}}, "four numbers"),
        ({"frames": {"stem.1": [0, 1, 0, 1]}}, "another network"),
        ({"pages": found["frames"]}, "four numbers"),
    ):
        quantize.keep(folder, damaged)
        with pytest.raises(zoo.InputError, match=told):
            zoo.load(folder)


@pytest.mark.parametrize(
    ("after", "fast", "kept"), [(11, 0.5, True), (12, 1.0, False), (8, 0.5, False)], ids=["good", "slow", "worse"]
)
def test_it_stays_where_it_is_faster_and_not_worse(
    folder: Path, pictures: Any, monkeypatch: pytest.MonkeyPatch, after: int, fast: float, kept: bool
) -> None:
    results = iter([(11, 1.0), (after, fast)])
    monkeypatch.setattr(quantize, "exact", lambda *_: next(results))
    monkeypatch.setattr(quantize, "ranges", lambda *_: {"frames": {"stem.0": [0.0, 1.0, 0.0, 1.0]}})
    monkeypatch.setattr(zoo, "load", lambda _: None)
    assert quantize.quantize(folder, pictures, np.arange(12)) == kept
    assert ("ranges" in json.loads((folder / store.CONFIG).read_text())["glyphzoo"]) == kept
