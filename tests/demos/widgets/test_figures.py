import numpy as np
import pytest
from PIL import Image

from demos.widgets import figures


def test_overlay_warms_where_the_map_is_hot_and_only_there() -> None:
    picture = Image.new("RGB", (192, 48), (90, 140, 200))
    heat = np.zeros((48, 192), np.float32)
    heat[:, :40] = 1
    shown = np.asarray(figures.overlay(picture, heat)).astype(int)
    assert shown.shape == (120, 480, 3)
    hot, cold = shown[:, :60].mean((0, 1)), shown[:, 200:].mean((0, 1))
    assert hot[0] > hot[2] + 50, "hot is yellow"
    assert np.ptp(cold) < 2, "cold is the picture in grey"
    assert abs(cold[0] - np.asarray(picture.convert("L")).mean()) < 2


def test_overlay_of_nothing_is_the_picture_in_grey() -> None:
    picture = Image.effect_noise((192, 48), 60).convert("RGB")
    shown = figures.overlay(picture, np.zeros((48, 192), np.float32), (192, 48))
    assert np.array_equal(np.asarray(shown), np.asarray(picture.convert("L").convert("RGB")))


@pytest.mark.parametrize("size", [(4, 3000), (3000, 4), (1000, 900), (5, 5)])
def test_overlay_fits_its_room_whatever_the_shape(size: tuple[int, int]) -> None:
    shown = figures.overlay(Image.new("RGB", size), np.ones(size[::-1], np.float32))
    assert shown.width <= 480
    assert shown.height <= 360


@pytest.mark.parametrize(
    ("share", "words"),
    [(0.0, "<1 %"), (0.0099, "<1 %"), (0.413, "41 %"), (0.99, "99 %"), (0.9999, ">99 %"), (1.0, ">99 %")],
)
def test_percent_never_claims_certainty(share: float, words: str) -> None:
    assert figures.percent(share) == words


@pytest.mark.parametrize("labels", [3, 200])
def test_a_plot_of_points_tells_which_is_which(labels: int) -> None:
    points = np.random.default_rng(0).random((400, 2))
    names = [f"Label {i % labels}" for i in range(400)]
    figure = figures.scatter(points, names)
    assert len(figure.data) == (labels if labels == 3 else 1)
    numbers = np.concatenate([trace.customdata for trace in figure.data])
    assert sorted(numbers) == list(range(400))
    for trace in figure.data:
        assert [names[i] for i in trace.customdata] == list(trace.text)
        assert np.array_equal(points[trace.customdata], np.stack([trace.x, trace.y], axis=1))


def test_a_training_of_one_epoch_is_seen() -> None:
    run = {"epoch": [1.0], "loss/train": [0.5], "loss/validation": [0.6]}
    figure = figures.curves({"frozen": run}, "loss")
    assert [trace.y for trace in figure.data] == [(0.5,), (0.6,)]
    assert all("markers" in trace.mode for trace in figure.data)
