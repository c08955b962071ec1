"""A classifier answers with its labels, says when there is nothing to read, and shows where it looked."""

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays
from PIL import Image
from torch import nn

import zoo
from zoo.errors import InputError
from zoo.hub import store
from zoo.images.preprocess import Placement
from zoo.readers.checkpoint import Settings
from zoo.readers.classifier import Classifier
from zoo.readers.explain import activation_map, to_picture

NOISE = np.random.default_rng(0).integers(0, 256, (40, 90, 3), np.uint8)


@pytest.fixture
def reader(tiny: Path) -> Classifier:
    reader = zoo.load(tiny, runtime="torch")
    assert isinstance(reader, Classifier)
    return reader


def test_a_prediction_is_a_label_with_calibrated_probabilities(reader: Classifier) -> None:
    [p] = reader.read([NOISE])
    assert p.text == p.label == p.alternatives[0][0] and p.text in ("left", "right")
    assert sum(probability for _, probability in p.alternatives) == pytest.approx(1)
    reader.settings = store_replace(reader, temperature=4.0)
    [flatter] = reader.read([NOISE])
    assert flatter.text == p.text and 0.5 <= flatter.confidence < p.confidence


def store_replace(reader: Classifier, **values: float) -> Settings:
    return replace(reader.settings, **values)


def test_status_follows_the_checkpoints_threshold(reader: Classifier) -> None:
    for threshold, status in ((0.0, "ok"), (1.01, "unsure")):
        reader.settings = store_replace(reader, threshold=threshold)
        assert reader.read([NOISE])[0].status == status
    assert reader.read([np.full((40, 90, 3), 200, np.uint8)])[0].status == "empty"


def test_onnx_gives_torchs_logits_and_is_exported_once(tiny: Path, reader: Classifier) -> None:
    onnx = zoo.load(tiny)
    assert isinstance(onnx, Classifier)
    inputs = np.random.default_rng(0).normal(size=(5, 3, 16, 32)).astype(np.float32)
    np.testing.assert_allclose(onnx.logits(inputs), reader.logits(inputs), atol=1e-3)
    files = {path: path.stat().st_mtime_ns for path in (store.home() / "onnx").rglob("*.onnx")}
    zoo.load(tiny).read([NOISE])
    assert files == {path: path.stat().st_mtime_ns for path in (store.home() / "onnx").rglob("*.onnx")}


def test_a_second_start_builds_no_torch_network(tiny: Path) -> None:
    zoo.load(tiny).read([NOISE])
    again = zoo.load(tiny)
    again.read([NOISE])
    assert "network" not in vars(again)


def test_timm_loads_the_folder_with_the_same_logits(tiny: Path, reader: Classifier) -> None:
    network = timm.create_model(f"local-dir:{tiny}", pretrained=True).eval()
    inputs = torch.randn(2, 3, 16, 32)
    with torch.inference_mode():
        np.testing.assert_allclose(network(inputs).numpy(), reader.logits(inputs.numpy()), atol=1e-5)


def test_labels_must_be_as_many_as_classes(tiny: Path) -> None:
    config = json.loads((tiny / store.CONFIG).read_text())
    config["label_names"].append("up")
    (tiny / store.CONFIG).write_text(json.dumps(config))
    with pytest.raises(InputError, match="label_names"):
        zoo.load(tiny)


@pytest.mark.parametrize("options", [{"decode": "beam"}, {"lexicon": ["left"]}])
def test_a_classifier_has_no_decoding(reader: Classifier, options: dict[str, object]) -> None:
    with pytest.raises(InputError, match=next(iter(options))):
        reader.read([NOISE], **options)


def test_a_single_picture_instead_of_a_list_is_explained(reader: Classifier) -> None:
    with pytest.raises(InputError, match="brackets"):
        reader.read("word.png")


def test_an_unknown_runtime_or_device_is_named(tiny: Path) -> None:
    with pytest.raises(InputError, match="'tensorrt'"):
        zoo.load(tiny, runtime="tensorrt")
    with pytest.raises(InputError, match="CPU only"):
        zoo.load(tiny, device="cuda", runtime="onnx")


@settings(max_examples=60, deadline=None)
@given(
    data=st.one_of(
        st.binary(max_size=300), arrays(np.uint8, st.lists(st.integers(0, 60), min_size=1, max_size=4).map(tuple))
    )
)
def test_whatever_is_thrown_at_read_is_read_or_refused(data: bytes | np.ndarray, shared: Classifier) -> None:
    try:
        [p] = shared.read([data])
    except InputError as error:
        assert str(error).endswith(".")
    else:
        assert p.status in ("ok", "unsure", "empty") and 0 <= p.confidence <= 1


@pytest.fixture(scope="module")
def shared(tmp_path_factory: pytest.TempPathFactory) -> Classifier:
    from tests.conftest import write_tiny

    reader = zoo.load(write_tiny(tmp_path_factory.mktemp("shared")), runtime="torch")
    assert isinstance(reader, Classifier)
    return reader


class Corner(nn.Module):
    """Scores class 0 by the brightness of the picture's right half: its map can only be there."""

    def __init__(self) -> None:
        super().__init__()
        self.features = nn.Identity()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        grid = self.features(x.relu())
        return torch.stack([grid[..., grid.shape[3] // 2 :].mean((1, 2, 3)), grid.mean((1, 2, 3))], 1)


def test_activations_count_with_their_own_gradients() -> None:
    network = Corner()
    inputs = torch.zeros(1, 1, 4, 8)
    inputs[..., 5] = 1
    inputs[..., 1] = 1  # as bright, but the score does not see it
    heat = activation_map(network.features, lambda: network(inputs.requires_grad_())[0, 0])
    assert heat.shape == (4, 8) and heat[:, 5].min() > 0 and np.delete(heat, 5, 1).max() == 0


def test_maps_come_back_to_where_the_picture_was() -> None:
    coarse = np.zeros((1, 3, 12), np.float32)
    coarse[0, 1, 7] = 1
    # a 100 × 50 picture in a 48 × 192 input: scaled by 0.96, 48 pixels in from the left
    fine = to_picture(coarse, (48, 192), Placement(0.96, 48, 0, (100, 50)))
    y, x = np.unravel_index(fine[0].argmax(), (50, 100))
    assert fine.shape == (1, 50, 100) and fine.max() == 1 and fine.min() == 0
    assert abs(y + 0.5 - 24 / 0.96) < 2 and abs(x + 0.5 - (7.5 * 16 - 48) / 0.96) < 2


def test_an_explanation_has_the_pictures_size(reader: Classifier) -> None:
    picture = Image.fromarray(NOISE)
    explanation = reader.explain(picture)
    assert explanation.maps.shape == (1, 40, 90)
    assert explanation.labels == (reader.read([picture])[0].text,)


def test_activations_lie_where_their_cause_is(reader: Classifier) -> None:
    """What a spot changes in a layer is at the spot, in the picture's own coordinates; a layer's size is its own."""
    assert reader.layers[0] != reader.layers[-1]
    flat = np.full((40, 90, 3), 128, np.uint8)
    spot = flat.copy()
    spot[4:12, 70:78] = 255
    blank, bright = (reader.activations(pixels, reader.layers[0]) for pixels in (flat, spot))
    assert bright.channels.dtype == np.float32 and bright.channels.ndim == 3
    changed = np.abs(bright.channels - blank.channels)
    y, x = np.unravel_index(replace(bright, channels=changed).over().argmax(), (40, 90))
    assert abs(y - 8) < 8 and abs(x - 74) < 12
    assert bright.over().shape == bright.over(0).shape == (40, 90)
    np.testing.assert_allclose(bright.over(), replace(bright, channels=bright.channels.mean(0, keepdims=True)).over(0))
    assert not np.allclose(bright.over(0), bright.over(1))
    deep = reader.activations(spot, reader.layers[-1])
    assert deep.channels.shape[1] < bright.channels.shape[1]
    with pytest.raises(InputError, match=rf"has no layer 'fc'; choose from {reader.layers[0]}, "):
        reader.activations(spot, "fc")


def test_what_is_printed_need_not_be_the_classs_name(tiny: Path, tmp_path: Path) -> None:
    folder = tmp_path / "persian"
    shutil.copytree(tiny, folder)
    config = json.loads((folder / store.CONFIG).read_text())
    config["glyphzoo"]["texts"] = ["چپ", "راست"]
    (folder / store.CONFIG).write_text(json.dumps(config))
    reader = zoo.load(folder, runtime="torch")
    [p] = reader.read([NOISE])
    assert (p.label, p.text) in (("left", "چپ"), ("right", "راست"))
    assert p.alternatives[0][0] == p.text and "".join(c for c, *_ in p.characters) == p.text
    assert reader.explain(NOISE).labels == (p.text,)
    config["glyphzoo"]["texts"] = ["چپ"]
    (folder / store.CONFIG).write_text(json.dumps(config))
    with pytest.raises(InputError, match="the field 'texts' has 1 texts for 2 classes"):
        zoo.load(folder)
