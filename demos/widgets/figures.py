"""Heat maps over pictures, and plotly figures. Pure functions."""

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import plotly.colors
import plotly.graph_objects as go
from PIL import Image

HEAT = 255 * np.array(plotly.colors.sample_colorscale("Inferno", np.linspace(0, 1, 256), colortype="tuple"), np.float32)
ROOM = 480, 360  # pixels: width and height for a heat map
INK = "#6366f1"  # of bars; readable on light and dark pages
MANY = 60  # labels; above that they are not grouped in a plot


def overlay(picture: Image.Image, heat: npt.NDArray[np.float32], room: tuple[int, int] = ROOM) -> Image.Image:
    """Lays a heat map (H, W), 0…1, over its RGB picture: grey where it is 0, dark red to yellow above.

    The result is scaled to fit `room`, width and height in pixels.
    """
    scale = min(room[0] / picture.width, room[1] / picture.height)
    size = max(round(picture.width * scale), 1), max(round(picture.height * scale), 1)
    paper = np.asarray(picture.convert("L").resize(size, Image.Resampling.BICUBIC), np.float32)[..., None]
    # Smooth, for the map is as coarse as the network's grid and its cells mean nothing.
    # The square root keeps the rest visible beside a single peak.
    warmth = np.clip(np.asarray(Image.fromarray(np.sqrt(heat)).resize(size, Image.Resampling.BICUBIC)), 0, 1)[..., None]
    colour = HEAT[np.rint(255 * warmth[..., 0]).astype(np.uint8)]
    alpha = 0.8 * warmth
    return Image.fromarray(np.rint(paper * (1 - alpha) + colour * alpha).astype(np.uint8))


def scatter(points: npt.NDArray[np.float64], labels: Sequence[str]) -> go.Figure:
    """Scatter plot of points (n, 2) in the grid's colours by label; `customdata` holds their indices."""
    names = np.array(labels)
    values, numbers = np.unique(np.char.lower(names), return_inverse=True)
    if len(values) <= MANY:
        groups = [
            (value or "no label", hue(k), np.flatnonzero(numbers == k)) for k, value in enumerate(values.tolist())
        ]
    else:
        groups = [("", [hue(k) for k in numbers.tolist()], np.arange(len(points)))]
    figure = go.Figure()
    for name, colour, at in groups:
        figure.add_scattergl(
            x=points[at, 0],
            y=points[at, 1],
            mode="markers",
            name=name,
            customdata=at,
            text=names[at],
            marker={"size": 5, "color": colour},
            hovertemplate="%{text}<extra></extra>",
        )
    figure.update_yaxes(autorange="reversed", scaleanchor="x", visible=False)  # down, as rows go
    figure.update_xaxes(visible=False)
    figure.update_layout(margin={"l": 0, "r": 0, "t": 0, "b": 0}, showlegend=len(values) <= 20, height=480)
    return figure


def hue(k: int) -> str:
    """The colour of the k-th value, as in grid_view.js: hues a golden angle apart."""
    return f"hsl({k * 137.508 % 360:.3f}, 70%, {38 if k % 2 else 52}%)"


def percent(share: float) -> str:
    """A probability in percent, never rounded to 0 or 100."""
    if share > 0.99:
        return ">99 %"
    if share < 0.01:
        return "<1 %"
    return f"{share:.0%}".replace("%", " %")


def learning_curve(points: Sequence[tuple[int, float, tuple[float, float]]]) -> go.Figure:
    """Accuracy, 0…1, by the number of labelled pictures, with 95 % intervals; the points are sorted."""
    counts, shares, spans = zip(*points, strict=True)
    lows, highs = zip(*spans, strict=True)
    labelled = [str(count) for count in counts]
    error = {"array": np.subtract(highs, shares), "arrayminus": np.subtract(shares, lows), "color": INK, "thickness": 1}
    text = [f"{100 * share:.0f} %" for share in shares]
    figure = go.Figure(
        [
            go.Scatter(x=labelled, y=shares, mode="lines+markers", line={"color": INK}, error_y=error),
            go.Scatter(x=labelled, y=lows, mode="text", text=text, textposition="bottom center"),
        ]
    )
    figure.update_traces(hoverinfo="skip")
    x = {"title": "labelled pictures of the style", "type": "category"}
    y = {"title": "read right", "tickformat": ".0%", "range": (0, 1.05)}
    return _plain(figure, 260, x, y, showlegend=False)


def curves(runs: Mapping[str, Mapping[str, Sequence[float]]], measure: str) -> go.Figure:
    """A measure by epoch for several trainings: full lines on training images, dotted ones on validation.

    Each of the `runs` has "epoch" and, of the same length, for the measure "loss" "loss/train" and "loss/validation".
    """
    figure = go.Figure()
    for k, (name, run) in enumerate(runs.items()):
        for part, dash in (("train", "solid"), ("validation", "dot")):
            figure.add_scatter(
                x=run["epoch"],
                y=run[f"{measure}/{part}"],
                name=name,
                legendgroup=name,
                showlegend=part == "train",
                mode="lines+markers",  # one epoch alone makes no line
                marker={"size": 4},
                line={"color": hue(k), "dash": dash},
            )
    return _plain(figure, 320, {"title": "epoch"}, {"title": measure})


def finder(runs: Mapping[str, Mapping[str, Any]]) -> go.Figure:
    """Loss against a growing learning rate for several trainings, and the rate that was chosen.

    Each of the `runs` has "rates" and "losses" of the same length, and "taken", a rate between them.
    """
    figure = go.Figure()
    for k, (name, found) in enumerate(runs.items()):
        figure.add_scatter(x=found["rates"], y=found["losses"], name=name, mode="lines", line={"color": hue(k)})
        figure.add_scatter(
            x=[found["taken"]],
            y=[float(np.interp(found["taken"], found["rates"], found["losses"]))],
            showlegend=False,
            mode="markers",
            marker={"color": hue(k), "size": 10},
        )
    return _plain(figure, 320, {"title": "learning rate", "type": "log"}, {"title": "loss"})


def distribution(classes: Sequence[str], counts: Sequence[int]) -> go.Figure:
    """Number of images of each class, as bars on a logarithmic scale."""
    figure = go.Figure(go.Bar(x=list(classes), y=list(counts), marker={"color": INK}))
    return _plain(figure, 240, {"type": "category", "tickangle": 0}, {"type": "log", "dtick": 1})


def _plain(figure: go.Figure, height: int, x: dict[str, Any], y: dict[str, Any], **layout: Any) -> go.Figure:
    """The figure without a background of its own, and without zoom, which would catch a finger that scrolls."""
    figure.update_xaxes(fixedrange=True, showgrid=False, **x).update_yaxes(fixedrange=True, gridcolor="#8885", **y)
    return figure.update_layout(
        height=height,
        margin={"l": 0, "r": 20, "t": 10, "b": 0},
        dragmode=False,
        paper_bgcolor="rgba(0,0,0,0)",
        plot_bgcolor="rgba(0,0,0,0)",
        legend={"orientation": "h", "y": -0.25},
        **layout,
    )
