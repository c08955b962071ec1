"""What a page says of a network's answer: the text and how sure it is, the five best as bars, heat maps. As HTML."""

import base64
import html
import io
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

import zoo
from demos.widgets import figures
from zoo.images import preprocess
from zoo.readers.base import Look
from zoo.readers.page import Page

Strokes = list[list[list[float]]]
Drawn = Callable[[Strokes], Image.Image]
Shown = Callable[..., list[Any]]  # of a picture, and at times a message: what goes to each of a tab's places
Nothing = Callable[..., list[Any]]  # the same where there is no picture, with a message or none

EXPLAINED = 1024  # pixels of the longer side of maps of a large photo; there may be one for each character


@dataclass(frozen=True)
class Network:
    """A reader, and what the page says about it."""

    name: str
    title: str
    knows: str
    looked: str


@cache
def reader(name: str) -> zoo.Reader:
    """A network, loaded when the first picture comes, and warm, so that the times shown are those of reading."""
    model = zoo.load(name)
    model.read([np.full((48, 192), 255, np.uint8)])
    return model


def read(name: str, seen: Image.Image | Look, **options: Any) -> tuple[zoo.Prediction, float]:
    """What a network reads in a picture, or in what it made of one, and the milliseconds that both took.

    Options are those of `Reader.read`.
    """
    model, start = reader(name), time.perf_counter()
    before = seen.seconds if isinstance(seen, Look) else 0.0
    prediction = model.answer(seen if isinstance(seen, Look) else model.look(seen), **options)
    return prediction, 1000 * (before + time.perf_counter() - start)


def overlays(
    name: str, picture: Image.Image, look: Look | None = None, found: zoo.Prediction | None = None
) -> list[tuple[Image.Image, str]]:
    """The heat maps of a network's answer over the picture, with what each belongs to.

    Args:
        name: of the network.
        picture: the picture.
        look: what the network made of it, if that is known.
        found: its answer to that.
    """
    explained = reader(name).explain(look or picture, found, EXPLAINED)
    small = picture.resize(explained.maps.shape[:0:-1], reducing_gap=2)
    return [(figures.overlay(small, heat), label) for heat, label in zip(explained.maps, explained.labels, strict=True)]


def upload(label: str, alt: str, name: str) -> gr.Image:
    """Where a visitor gives a picture: a file, from the clipboard, or from the camera."""
    return gr.Image(
        label=label,
        sources=["upload", "clipboard", "webcam"],
        format="png",
        height=190,
        buttons=[],
        placeholder="Drop a picture here\n- or -\nclick to choose one",
        alt_text=alt,
        elem_id=name,
    )


def opened(given: dict[str, Any] | None) -> preprocess.Picture:
    """The very file that was uploaded: gradio's own decoding would fail on a bad one with an error for programmers."""
    return preprocess.load(given["path"] if given and given.get("path") else b"")


def to_drawing(drawing: Strokes, draw: Drawn, shown: Shown, nothing: Nothing) -> list[Any]:
    """What a tab says to the strokes that are on its canvas, of which `draw` makes a picture."""
    try:
        return shown(draw(drawing)) if drawing else nothing()
    except zoo.InputError as error:
        return nothing(problem(error))


def to_upload(upload: dict[str, Any] | None, shown: Shown, nothing: Nothing) -> list[Any]:
    """What a tab says to an uploaded picture; None when it was taken away."""
    if not upload:
        return nothing()
    try:
        picture = opened(upload)
    except zoo.InputError as error:
        return nothing(problem(error))
    return shown(picture.rgb, note(picture))


def told(found: zoo.Prediction | Page, milliseconds: float) -> dict[str, Any]:
    """An answer as programs get it."""
    return {
        "text": found.text,
        "confidence": found.confidence,
        "status": found.status,
        "alternatives": [{"text": text, "probability": share} for text, share in found.alternatives],
        "milliseconds": round(milliseconds, 2),
    }


def panel(network: Network) -> list[gr.HTML]:
    """The panel of one network's answer: the places that `say` fills."""
    with gr.Column(min_width=300, elem_classes="card", elem_id=network.name):
        gr.HTML(f"<h3>{network.title}</h3><p>{network.knows}</p>")
        said = gr.HTML(elem_classes="said")
        gr.HTML("<h4>The five best readings</h4>")
        chart = gr.HTML()
        gr.HTML(f"<h4>Where it looked</h4><p>{network.looked}</p>")
        seen = gr.HTML(elem_classes="seen")
    return [said, chart, seen]


def say(
    network: Network, picture: Image.Image, look: Look | None = None, **options: Any
) -> tuple[zoo.Prediction, list[str]]:
    """What a network reads in a picture, and what its panel says of it, for each of its places."""
    look = look or reader(network.name).look(picture)
    found, milliseconds = read(network.name, look, **options)
    maps = overlays(network.name, picture, look, found) if found.status != "empty" else []
    return found, [answer(found, milliseconds), bars(found.alternatives), looked(maps)]


def answer(found: zoo.Prediction, milliseconds: float) -> str:
    """A network's answer in words."""
    text = spelled(found.text) if found.status != "empty" else "—"
    # what is printed and the class that it is of, where those differ
    differs = found.label and found.label not in (found.text, text)
    name = f'<p class="class">{html.escape(found.label or "")}</p>' if differs else ""
    return (
        f'<div class="answer {found.status}"><output class="reading" dir="auto">{text}</output>{name}'
        f'<p class="verdict">{verdict(found)}</p><p class="took">read in {milliseconds:.1f} ms</p></div>'
    )


def verdict(found: zoo.Prediction | Page) -> str:
    """How sure a network is of its answer, in words."""
    share = html.escape(figures.percent(found.confidence))
    said = {"ok": f"Sure: {share}", "unsure": f"Not sure: {share} – treat as a guess", "empty": "Nothing to read"}
    return said[found.status]


def spelled(text: str) -> str:
    """A text as the page shows it: the class of all else has none."""
    return "other" if text == "\N{REPLACEMENT CHARACTER}" else html.escape(text)


def bars(alternatives: Sequence[tuple[str, float]]) -> str:
    """Texts and their probabilities as horizontal bars, the best on top."""
    rows = "".join(
        f'<li><span class="text" dir="auto">{spelled(text) or "(nothing)"}</span>'
        f'<span class="bar"><span style="width: {100 * share:.2f}%"></span></span>'
        f'<span class="share">{html.escape(figures.percent(share))}</span></li>'
        for text, share in alternatives
    )
    return f'<ol class="bars">{rows}</ol>'


def looked(maps: Sequence[tuple[Image.Image, str]]) -> str:
    """Where a network looked: one picture for the whole answer, and one for each character if there are such."""
    if not maps:
        return '<p class="looked">Nothing was read, so there is nothing to show.</p>'
    shown = "".join(
        f'<figure><img src="{data_url(image)}" alt="Heat map: where the network looked for {html.escape(label)}" '
        f'width="{image.width}" height="{image.height}"><figcaption dir="auto">{spelled(label)}</figcaption></figure>'
        for image, label in maps
    )
    return f'<div class="looked">{shown}</div>'


def problem(error: zoo.InputError) -> str:
    """What is wrong with what a visitor gave, and what to do about it."""
    return f'<p class="problem" role="alert">{html.escape(str(error))}</p>'


def note(picture: preprocess.Picture) -> str:
    """What was done to a picture so that it could be read; empty for most."""
    return f'<p class="note" role="status">{html.escape(picture.note)}</p>' if picture.note else ""


def data_url(image: Image.Image, lossless: bool = False) -> str:
    """The picture in an address of its own, to be put into HTML without a further request."""
    buffer = io.BytesIO()
    image.save(buffer, "WEBP", quality=85, lossless=lossless, method=0)  # the fastest: a page has dozens
    return f"data:image/webp;base64,{base64.b64encode(buffer.getvalue()).decode()}"
