"""What a page shows of a network's answer: the text and how sure it is, the five best as bars, heat maps. As HTML."""

import base64
import html
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache, wraps
from typing import Any, ParamSpec, TypeVar

import gradio as gr
import numpy as np
from PIL import Image

import zoo
from demos.widgets import figures
from zoo.images import preprocess
from zoo.readers.base import Look
from zoo.readers.page import Page

P, T = ParamSpec("P"), TypeVar("T")
Strokes = list[list[list[float]]]
Draw = Callable[[Strokes], Image.Image]
Shown = Callable[..., list[Any]]  # updates of a tab's outputs, from a picture and possibly a message
Nothing = Callable[..., list[Any]]  # the updates when there is no picture, from a message or none

EXPLAINED = 1024  # pixels of the longer side of a heat map; a long text has dozens of maps
CHARACTER = 240, 180  # pixels: width and height for the heat map of a character
# Networks run one at a time: two readings at once would only slow each other down.
ALONE: dict[str, Any] = {"concurrency_id": "networks", "concurrency_limit": 1}
HIDDEN: dict[str, Any] = {"api_visibility": "private", "show_progress": "hidden"}
# Not queued: of many events in quick succession, gradio's queue may lose one for good, and all that follow with it.
LATEST: dict[str, Any] = {"trigger_mode": "always_last", "queue": False, **HIDDEN}


@dataclass(frozen=True)
class Network:
    """A reader, and what the page says about it."""

    name: str
    title: str
    knows: str
    looked: str


@contextmanager
def endpoint() -> Iterator[None]:
    """Decorates a function for programs: they get the sentence of an InputError as a gradio error."""
    try:
        yield
    except zoo.InputError as error:
        raise gr.Error(str(error), print_exception=False) from error


def on_error(answer: Callable[[str], T]) -> Callable[[Callable[P, T]], Callable[P, T]]:
    """Decorates an event handler: on an InputError it returns `answer(message)`, with the message as HTML."""

    def decorate(function: Callable[P, T]) -> Callable[P, T]:
        @wraps(function)
        def call(*args: P.args, **kwargs: P.kwargs) -> T:
            try:
                return function(*args, **kwargs)
            except zoo.InputError as error:
                return answer(problem(error))

        return call

    return decorate


@cache
def reader(name: str) -> zoo.Reader:
    """A network, loaded at the first picture and warmed up, so that later times are those of reading alone."""
    model = zoo.load(name)
    model.read([np.full((48, 192), 255, np.uint8)])
    return model


def read(name: str, seen: Image.Image | Look, **options: Any) -> tuple[zoo.Prediction, float]:
    """Reads a picture, or a network's look at one; returns the answer and the milliseconds of look and answer.

    Options are those of `Reader.read`.
    """
    model, start = reader(name), time.perf_counter()
    before = seen.seconds if isinstance(seen, Look) else 0.0
    prediction = model.answer(seen if isinstance(seen, Look) else model.look(seen), **options)
    return prediction, 1000 * (before + time.perf_counter() - start)


def overlays(
    name: str, picture: Image.Image, look: Look | None = None, found: zoo.Prediction | None = None
) -> list[tuple[Image.Image, str]]:
    """Heat maps of a network's answer laid over the picture, each with its label; look and answer if known."""
    explained = reader(name).explain(look or picture, found, EXPLAINED)
    small = picture.resize(explained.maps.shape[:0:-1], reducing_gap=2)
    rooms = [figures.ROOM, *[CHARACTER] * (len(explained.maps) - 1)]
    return [
        (figures.overlay(small, *one), label)
        for *one, label in zip(explained.maps, rooms, explained.labels, strict=True)
    ]


def upload(label: str, alt: str, name: str) -> gr.Image:
    """A field for a picture: a file, the clipboard or the camera."""
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


def opened(upload: dict[str, Any] | None) -> preprocess.Picture:
    """Decodes the uploaded file itself: gradio's own decoding fails on a bad one with an error for programmers."""
    return preprocess.load(upload["path"] if upload and upload.get("path") else b"")


def without_picture(places: int, message: str = "") -> list[Any]:
    """Updates that empty a tab and show `message`; its last `places` outputs stay unchanged."""
    return [message, None, gr.Column(visible=False), gr.Column(visible=True), *[gr.skip()] * places]


def with_picture(picture: Image.Image, message: str, places: Sequence[Any]) -> list[Any]:
    """Updates of a tab with a picture: the message, the picture, the panels, no invitation, the places."""
    return [message, picture, gr.Column(visible=True), gr.Column(visible=False), *places]


def to_drawing(drawing: Strokes, draw: Draw, shown: Shown, nothing: Nothing) -> list[Any]:
    """Updates of a tab for the strokes on its canvas, of which `draw` makes a picture."""
    try:
        return shown(draw(drawing)) if drawing else nothing()
    except zoo.InputError as error:
        return nothing(problem(error))


def to_upload(upload: dict[str, Any] | None, shown: Shown, nothing: Nothing, asked: bool = False) -> list[Any]:
    """Updates for an upload: `shown` if it opens, else `nothing`; none at all is an error only if `asked` is set."""
    if not upload and not asked:
        return nothing()
    try:
        picture = opened(upload)
    except zoo.InputError as error:
        return nothing(problem(error))
    return shown(picture.rgb, note(picture))


def as_json(found: zoo.Prediction | Page, milliseconds: float) -> dict[str, Any]:
    """An answer for programs."""
    return {
        "text": found.text,
        "confidence": found.confidence,
        "status": found.status,
        "alternatives": [{"text": text, "probability": share} for text, share in found.alternatives],
        "milliseconds": round(milliseconds, 2),
    }


def panel(network: Network) -> list[gr.HTML]:
    """The panel of a network's answer; returns the places that `respond` fills."""
    with gr.Column(min_width=300, elem_classes="card", elem_id=network.name):
        gr.HTML(f"<h3>{network.title}</h3><p>{network.knows}</p>")
        reading = gr.HTML(elem_classes="said")
        gr.HTML("<h4>The five best readings</h4>")
        chart = gr.HTML()
        gr.HTML(f"<h4>Where it looked</h4><p>{network.looked}</p>")
        maps = gr.HTML(elem_classes="seen")
    return [reading, chart, maps]


def respond(
    network: Network, picture: Image.Image, look: Look | None = None, **options: Any
) -> tuple[zoo.Prediction, list[str]]:
    """A network's answer to a picture, and the HTML of each place of its panel."""
    look = look or reader(network.name).look(picture)
    found, milliseconds = read(network.name, look, **options)
    maps = overlays(network.name, picture, look, found) if found.status != "empty" else []
    return found, [answer(found, milliseconds), bars(found.alternatives), heat_maps(maps)]


def answer(found: zoo.Prediction, milliseconds: float) -> str:
    """The text, the class if it is not the text, the confidence and the time."""
    text = spelled(found.text) if found.status != "empty" else "—"
    differs = found.label and found.label not in (found.text, text)
    name = f'<p class="class">{html.escape(found.label or "")}</p>' if differs else ""
    return (
        f'<div class="answer {found.status}"><output class="reading" dir="auto">{text}</output>{name}'
        f'<p class="verdict">{verdict(found)}</p><p class="took">read in {milliseconds:.1f} ms</p></div>'
    )


def verdict(found: zoo.Prediction | Page) -> str:
    """The confidence of an answer in words."""
    share = html.escape(figures.percent(found.confidence))
    words = {"ok": f"Sure: {share}", "unsure": f"Not sure: {share} – treat as a guess", "empty": "Nothing to read"}
    return words[found.status]


def spelled(text: str) -> str:
    """Escapes a text for HTML; U+FFFD, the text of the class "other", becomes the word other."""
    return "other" if text == "\N{REPLACEMENT CHARACTER}" else html.escape(text)


def bars(alternatives: Sequence[tuple[str, float]]) -> str:
    """Horizontal bars of texts and their probabilities, in the given order."""
    rows = "".join(
        f'<li><span class="text" dir="auto">{spelled(text) or "(nothing)"}</span>'
        f'<span class="bar"><span style="width: {100 * share:.2f}%"></span></span>'
        f'<span class="share">{html.escape(figures.percent(share))}</span></li>'
        for text, share in alternatives
    )
    return f'<ol class="bars">{rows}</ol>'


def heat_maps(maps: Sequence[tuple[Image.Image, str]]) -> str:
    """Figures of heat maps and their labels."""
    if not maps:
        return '<p class="looked">Nothing was read, so there is nothing to show.</p>'
    shown = "".join(
        f'<figure><img src="{data_url(image)}" alt="Heat map: where the network looked for {html.escape(label)}" '
        f'width="{image.width}" height="{image.height}"><figcaption dir="auto">{spelled(label)}</figcaption></figure>'
        for image, label in maps
    )
    return f'<div class="looked">{shown}</div>'


def problem(error: zoo.InputError) -> str:
    """The sentence of an error."""
    return f'<p class="problem" role="alert">{html.escape(str(error))}</p>'


def note(picture: preprocess.Picture) -> str:
    """How the picture was converted; empty for most."""
    return f'<p class="note" role="status">{html.escape(picture.note)}</p>' if picture.note else ""


def data_url(image: Image.Image, lossless: bool = False) -> str:
    """The picture as a data URL."""
    # method 0 is the fastest: a page has dozens
    content = preprocess.encoded(image, "WEBP", quality=85, lossless=lossless, method=0)
    return f"data:image/webp;base64,{base64.b64encode(content).decode()}"
