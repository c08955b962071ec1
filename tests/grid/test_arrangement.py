"""From pictures to their cells: embedded once, arranged once, and added to."""

from collections.abc import Sequence
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import timm
import torch
from PIL import Image
from safetensors.torch import save_file
from timm.data import create_transform, resolve_model_data_config

import zoo
from tests import clients
from tests.conftest import Hub
from tests.grid.conftest import HUES, paint
from zoo import grid
from zoo.grid import arrangement, embed, find
from zoo.hub import store
from zoo.images import preprocess


def neighbours_of_one_label(found: grid.Arrangement, labels: Sequence[str]) -> float:
    """The share of pairs of adjacent cells that have the same label."""
    table = np.full((found.rows, found.cols), -1)
    numbers = np.unique(np.array(labels), return_inverse=True)[1]
    table[tuple(found.cells.T)] = numbers[found.kept]
    pairs = [(table[1:], table[:-1]), (table[:, 1:], table[:, :-1])]
    same = np.concatenate([(a == b)[(a >= 0) & (b >= 0)] for a, b in pairs])
    return float(same.mean())


@pytest.mark.parametrize("layout", grid.LAYOUTS)
def test_like_lies_beside_like(folder: Path, layout: str) -> None:
    pictures, stages = find(folder), []
    found = grid.arrange(pictures, cols=8, layout=layout, embedder="colour", progress=lambda *done: stages.append(done))
    assert (found.rows, found.cols) == (8, 8) and found.cells.shape == (60, 2) and found.holes.shape == (4, 2)
    assert neighbours_of_one_label(found, pictures.labels) > 0.75
    assert found.quality.dpq16 > found.random.dpq16 + 0.2 and found.quality.recall > found.random.recall
    assert (found.points is None) == (layout == "sorted")
    assert {"embedding", "measuring"} <= {stage for stage, _, _ in stages}
    assert found.embedder == "colour" and {"embedding", "measuring"} <= set(found.seconds)


def test_labels_that_are_shuffled_are_noticed(folder: Path) -> None:
    pictures = find(folder)
    found = grid.arrange(pictures, embedder="colour")
    shuffled = np.random.default_rng(0).permutation(pictures.labels).tolist()
    assert neighbours_of_one_label(found, shuffled) < 0.55


def test_a_second_run_computes_nothing_and_a_third_only_what_is_new(
    folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seen: list[int] = []
    whole = embed.describe
    monkeypatch.setattr(embed, "describe", lambda picture: (seen.append(1), whole(picture))[1])
    first = grid.arrange(find(folder), embedder="colour")
    assert len(seen) == 60
    with monkeypatch.context() as patch:
        patch.setattr(arrangement, "_lay_out", None)  # would fail if it were called
        again = grid.arrange(find(folder), embedder="colour")
    assert len(seen) == 60 and (again.cells == first.cells).all() and again.quality == first.quality
    (folder / "red" / "00.png").rename(folder / "red" / "renamed.png")
    paint(np.random.default_rng(9), "red").save(folder / "red" / "new.png")
    grid.arrange(find(folder), embedder="colour")
    assert len(seen) == 61


def test_a_killed_run_keeps_what_it_embedded(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "BATCH", 16)
    whole, seen = embed.describe, []

    def killed(picture: Image.Image) -> np.ndarray:
        if len(seen) == 40:
            raise KeyboardInterrupt
        seen.append(1)
        return whole(picture)

    monkeypatch.setattr(embed, "describe", killed)
    with pytest.raises(KeyboardInterrupt):
        grid.arrange(find(folder), embedder="colour")
    seen.clear()
    grid.arrange(find(folder), embedder="colour")
    assert len(seen) == 60 - 32  # two whole batches were kept


def test_the_vectors_that_were_made_first_are_forgotten(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(embed, "KEPT", 40)
    monkeypatch.setattr(embed, "BATCH", 16)
    by = embed.embedder("colour")
    assert [embed.embed(find(folder), by).fresh, embed.embed(find(folder), by).fresh] == [60, 60]
    monkeypatch.setattr(embed, "KEPT", 60)
    assert [embed.embed(find(folder), by).fresh for _ in range(3)][1:] == [0, 0]


def test_pictures_that_cannot_be_read_are_named(folder: Path) -> None:
    (folder / "red" / "05.png").write_bytes(b"no picture")
    (folder / "red" / "06.png").write_bytes((folder / "red" / "07.png").read_bytes()[:200])
    pictures = find(folder)
    found = grid.arrange(pictures, embedder="colour")
    assert len(found.cells) == len(found.kept) == 58 and set(found.skipped) == {"red/05.png", "red/06.png"}
    assert "red/05.png" not in {pictures.names[i] for i in found.kept}
    for name in pictures.names:
        (folder / name).write_bytes(b"no picture")
    with pytest.raises(zoo.InputError, match="None of the 60 pictures"):
        grid.arrange(find(folder), embedder="colour")


def test_pictures_whose_vectors_are_not_finite_are_named(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    bad = [folder / "red" / "05.png", folder / "blue" / "06.png"]
    for path in bad:
        Image.new("RGB", (30, 20), "white").save(path)
    whole = embed.describe
    monkeypatch.setattr(
        embed, "describe", lambda picture: whole(picture) * (np.nan if np.min(picture) == 255 else np.float32(1))
    )
    for _ in range(2):  # the second time from what was kept
        found = grid.arrange(find(folder), embedder="colour", layout="sorted")
        assert len(found.kept) == 58 and set(found.skipped) == {"red/05.png", "blue/06.png"}
        assert set(found.skipped.values()) == {"colour makes a vector of it that is not finite."}


def test_the_whole_is_about_square_whatever_the_pictures_shape(folder: Path) -> None:
    rng = np.random.default_rng(1)
    for size, shape in (((40, 40), (8, 8)), ((160, 40), (16, 4)), ((30, 60), (6, 12))):
        painted = [paint(rng, "red").resize(size) for _ in range(64)]
        found = grid.arrange(painted, embedder="colour", layout="sorted")
        assert (found.rows, found.cols) == shape
        wide, tall = found.cols * size[0], found.rows * size[1]
        assert 0.8 < wide / tall < 1.25


def test_added_pictures_leave_the_old_ones_where_they_are(folder: Path) -> None:
    pictures = find(folder)
    first = grid.arrange(pictures, cols=8, embedder="colour")
    cells = dict(zip(pictures.names, map(tuple, first.cells.tolist()), strict=True))
    rng = np.random.default_rng(5)
    for i in range(12):
        paint(rng, "green").save(folder / "green" / f"new{i}.png")
    more = find(folder)
    second = grid.arrange(more, embedder="colour", keep=cells)
    assert (second.rows, second.cols) == (9, 8) and len(np.unique(second.cells, axis=0)) == 72
    moved = [
        np.abs(cell - cells[name]).max() for name, cell in zip(more.names, second.cells, strict=True) if name in cells
    ]
    assert max(moved) <= 1 and np.mean(moved) < 0.5
    assert neighbours_of_one_label(second, more.labels) > 0.7


@pytest.mark.filterwarnings("ignore:overflow encountered in cast")
def test_vectors_and_lists_of_pictures_are_arranged_too(folder: Path) -> None:
    rng = np.random.default_rng(0)
    vectors = rng.normal(size=(30, 6)).astype(np.float32)
    found = grid.arrange(vectors, rows=5, cols=8)
    assert (found.rows, found.cols) == (5, 8) and found.embedder == "" and (found.vectors == vectors).all()
    painted = [paint(rng, colour) for colour in HUES for _ in range(3)]
    found = grid.arrange(painted, embedder="colour", layout="sorted")
    assert found.cells.shape == (9, 2) and found.rows == 3
    for value in (np.nan, 1e300):  # no float32 holds the latter
        with pytest.raises(zoo.InputError, match="1 of 30 vectors"):
            grid.arrange(np.where(np.arange(30)[:, None] == 3, value, vectors.astype(np.float64)))


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 17])
@pytest.mark.parametrize("layout", grid.LAYOUTS)
def test_any_number_is_arranged(count: int, layout: str) -> None:
    for vectors in (np.random.default_rng(0).random((count, 3)), np.ones((count, 3))):
        found = grid.arrange(vectors, layout=layout)
        assert len(np.unique(found.cells, axis=0)) == count and len(found.holes) == found.rows * found.cols - count


def test_the_oldest_of_many_arrangements_is_forgotten(own_home: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(arrangement, "KEPT", 2)
    for count in (2, 3, 4, 5):
        found = grid.arrange(np.random.default_rng(0).random((count, 3)))
    for kind in ("arrangements", "points"):
        assert len(list((own_home / kind).iterdir())) == 2
    monkeypatch.setattr(arrangement, "_lay_out", None)  # would fail if it were called
    assert (grid.arrange(np.random.default_rng(0).random((5, 3))).cells == found.cells).all()


def test_what_cannot_be_done_is_said(folder: Path) -> None:
    for options, why in (
        ({"layout": "spiral"}, "no layout 'spiral'"),
        ({"rows": 3, "cols": 3}, "no room for 60"),
        ({"rows": 1000, "cols": 1000}, "1000 × 1000 is too large for 60 pictures; give it 1,024 cells at most"),
        ({"rows": 20_000}, "20000 × 1 is too large"),
        ({"embedder": "nothing"}, "no embedder 'nothing'"),
        ({"embedder": "resnet18"}, "could not be fetched from the Hub"),
    ):
        with pytest.raises(zoo.InputError, match=why):
            grid.arrange(find(folder), **options)
    with pytest.raises(zoo.InputError, match="no picture to arrange"):
        grid.arrange([])


def test_a_reader_of_the_zoo_embeds(folder: Path) -> None:
    reader = zoo.load("captcha-resnet18")
    images = [folder / "red" / "00.png", folder / "blue" / "00.png", folder / "red" / "00.png"]
    features = reader.features(images)
    assert features.shape == (3, 512) and features.dtype == np.float32
    assert np.allclose(features[0], features[2], atol=1e-5) and not np.allclose(features[0], features[1], atol=1e-2)
    network = reader.network
    with torch.inference_mode():
        logits = network.get_classifier()(torch.from_numpy(features[:1]))
        inputs, _ = reader.prepare(images[0])
        assert torch.allclose(logits, network(torch.from_numpy(inputs)), atol=1e-2)
    found = grid.arrange(find(folder), embedder="captcha-resnet18")
    assert found.vectors.shape == (60, 512) and found.embedder == "captcha-resnet18"


def test_a_pretrained_network_comes_from_the_hub_and_is_loaded_only_for_new_pictures(
    hub: Hub, tmp_path: Path, folder: Path
) -> None:
    torch.manual_seed(0)
    network = timm.create_model(embed.PRETRAINED).eval()
    (tmp_path / "pretrained").mkdir()
    save_file(network.state_dict(), tmp_path / "pretrained" / store.WEIGHTS)
    digest = hub.push(tmp_path / "pretrained", f"timm/{embed.PRETRAINED}")
    reds = folder / "red"
    client = partial(clients.run, clients.arrange, reds, home=tmp_path, HF_ENDPOINT=hub.url)
    first = client()
    assert first["embedder"] == embed.PRETRAINED and first["fresh"] == 20
    transform = create_transform(**resolve_model_data_config(network), is_training=False)
    picture = transform(preprocess.load(reds / find(reds).names[0]).rgb)
    with torch.inference_mode():
        pooled = network.forward_head(network.forward_features(picture[None]), pre_logits=True)
    assert np.allclose(first["vectors"][0], pooled[0], rtol=1e-3, atol=1e-4)
    assert hub.requests.count(f"GET /cdn/{digest}") == 1
    hub.requests.clear()
    again = client()
    assert again["fresh"] == 0 and not again["loaded"] and (again["vectors"] == first["vectors"]).all()
    assert hub.requests == []


def test_without_a_network_the_default_needs_no_weights(folder: Path) -> None:
    assert grid.arrange(find(folder)).embedder == "colour"
