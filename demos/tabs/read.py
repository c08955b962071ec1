"""The Read tab: every network reads any pictures; the most confident answer comes first, with an explanation."""

import csv
import html
import json
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

import zoo
from demos.widgets import answers, boxes
from zoo.hub import catalog
from zoo.images import preprocess
from zoo.readers import page as pages
from zoo.readers.page import Page

MOST = 200  # pictures per upload
ORDER = "ok", "unsure", "empty"  # of statuses, the best first
THUMBNAIL = 320, 120  # pixels: largest width and height, twice as large as shown
OTHER = "\N{REPLACEMENT CHARACTER}"  # the text of a class of everything else
COLUMNS = "file", "rank", "network", "text", "label", "confidence", "status", "error"
INVITATION = (
    '<div class="invitation"><p><b>Drop any pictures: a captcha, a letter, a word, one or two hundred.</b></p>'
    "<p>Every network here reads them, and the surest answer comes first. Where none is sure, it says so.</p></div>"
)
UNSURE = "No network is sure of this one: these are guesses."
EMPTY = "There is nothing to read in this one."
CHOOSE = """for (const kind of ["click", "keydown"]) element.addEventListener(kind, (event) => {
    const row = event.target.closest("[data-index]");
    if (row && (kind === "click" || event.key === "Enter")) trigger("click", {index: Number(row.dataset.index)});
})"""
Progress = Callable[[tuple[int, int]], object]


@dataclass(frozen=True)
class Answer:
    """A network's answer to a picture and its duration."""

    network: str
    page: Page
    milliseconds: float

    @property
    def rank(self) -> tuple[int, float]:
        """Sort key: by status, then by calibrated confidence; answers that name no text come last."""
        return ORDER.index(self.page.status) + len(ORDER) * (self.page.text == OTHER), -self.page.confidence


@dataclass(frozen=True)
class Read:
    """The answers of all networks to a picture, the best first; or why it cannot be read."""

    file: str
    thumbnail: Image.Image | None = None  # whole photos would fill the memory
    note: str = ""
    answers: tuple[Answer, ...] = ()
    problem: str = ""

    @property
    def status(self) -> str:
        return self.answers[0].page.status if self.answers else ""


def read(path: str) -> Read:
    """Reads a file with every network."""
    try:
        given = preprocess.load(path)
    except zoo.InputError as error:
        return Read(Path(path).name, problem=str(error))
    every = []
    for name in zoo.names():
        start = time.perf_counter()
        page = pages.read(answers.reader(name), given.rgb)
        every.append(Answer(name, page, 1000 * (time.perf_counter() - start)))
    small = given.rgb.copy()
    small.thumbnail(THUMBNAIL)
    return Read(Path(path).name, small, answers.note(given), tuple(sorted(every, key=lambda answer: answer.rank)))


def read_every(paths: Sequence[str], progress: Progress) -> list[Read]:
    """Reads files with every network.

    Raises:
        InputError: there are more than MOST.
    """
    if len(paths) > MOST:
        raise zoo.InputError(f"These are {len(paths)} pictures; give {MOST} at a time.")
    pictures = []
    for i, path in enumerate(paths):
        progress((i, len(paths)))
        pictures.append(read(path))
    return pictures


def as_json(one: Read) -> dict[str, Any]:
    """The answers to a picture as JSON, for programs."""
    every = [
        {
            "network": answer.network,
            "label": answer.page.label,
            **answers.as_json(answer.page, answer.milliseconds),
            "words": answer.page.rows(),
        }
        for answer in one.answers
    ]
    return {"file": one.file, "answers": every, "error": one.problem or None}


@answers.endpoint()
def read_pictures(files: list[str] | None, progress: gr.Progress = gr.Progress()) -> list[dict[str, Any]]:
    """Reads pictures with every network.

    Args:
        files: Pictures, such as PNG or JPEG files, at most 200.
        progress: Reports how many are read.

    Returns:
        For each file its name, an error (a sentence, or null) and the answers of all networks, the surest first: the
        network, the text, a classifier's label, the confidence (the calibrated probability that all of the text is
        right, 0 to 1), the status (ok, unsure or empty), the five best alternatives with their probabilities (of a crop
        of one line), the milliseconds that it took, and each word with its four corners and its confidence.
    """
    return [as_json(one) for one in read_every(files or [], progress)]


def tables(pictures: Sequence[Read]) -> list[str]:
    """Writes the answers for download, as CSV with a row per picture and network and as JSON; returns the paths."""
    folder = Path(tempfile.mkdtemp())
    with (folder / "readings.csv").open(
        "w", encoding="utf-8-sig", newline=""
    ) as out:  # Excel needs the byte order mark
        table = csv.DictWriter(out, COLUMNS, extrasaction="ignore")
        table.writeheader()
        for one in map(as_json, pictures):
            rows = [answer | {"rank": rank} for rank, answer in enumerate(one["answers"], 1)] or [{}]
            table.writerows({"file": one["file"], "error": one["error"], **row} for row in rows)
    text = json.dumps([as_json(one) for one in pictures], indent=1, ensure_ascii=False)
    (folder / "readings.json").write_text(text + "\n", encoding="utf-8")
    return [str(folder / name) for name in ("readings.csv", "readings.json")]


def _nothing(message: str = "") -> list[Any]:
    return [message, [], gr.Column(visible=False), gr.Column(visible=True), *[gr.skip()] * 4]


@answers.on_error(_nothing)
def show(files: list[str] | None, progress: gr.Progress = gr.Progress()) -> list[Any]:
    """Handles an upload; returns updates of message, paths, panels, invitation, table, two downloads, first picture."""
    if not files:
        return _nothing()
    pictures = read_every(files, progress)
    table = listing(pictures) if len(pictures) > 1 else ""
    taken = [gr.DownloadButton(value=path) for path in tables(pictures)]
    first = next((i for i, one in enumerate(pictures) if one.answers), 0)
    return ["", files, gr.Column(visible=True), gr.Column(visible=False), table, *taken, detail(files[first])]


def _chosen(files: list[str], event: gr.EventData) -> str:
    return detail(files[event.index])


def listing(pictures: Sequence[Read]) -> str:
    """Pictures as an HTML table: thumbnail, file, best answer, its network, its confidence."""
    rows = "".join(f'<tr tabindex="0" data-index="{i}">{_cells(one)}</tr>' for i, one in enumerate(pictures))
    heads = "".join(f"<th>{name}</th>" for name in ("picture", "file", "best answer", "network", "how sure"))
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{rows}</tbody></table></div>'


def _cells(one: Read) -> str:
    file = f"<td>{html.escape(one.file)}</td>"
    if one.thumbnail is None:
        return f'<td></td>{file}<td colspan="3" class="bad">{html.escape(one.problem)}</td>'
    width, height = (max(side // 2, 1) for side in one.thumbnail.size)
    best = one.answers[0]
    text = answers.spelled(best.page.text).replace("\n", " / ") if one.status != "empty" else "—"
    return (
        f'<td><img src="{answers.data_url(one.thumbnail)}" alt="" width="{width}" height="{height}"></td>{file}'
        f'<td class="text" dir="auto">{text}</td><td>{best.network if one.status != "empty" else ""}</td>'
        f"<td>{answers.verdict(best.page)}</td>"
    )


def detail(path: str) -> str:
    """One picture as HTML: all answers, the best first, and the best network's heat map or words."""
    one = read(path)
    if one.problem:
        return f'<p class="problem" role="alert">{html.escape(one.file)}: {html.escape(one.problem)}</p>'
    doubt = {"unsure": UNSURE, "empty": EMPTY}.get(one.status, "")
    every = "".join(
        f'<li class="answer {answer.page.status}"><output class="reading" dir="auto">{_text(answer.page)}</output>'
        f'<p class="verdict">{answers.verdict(answer.page)}</p>'
        f"<p><b>{answer.network}</b>: {html.escape(catalog.entry(answer.network).summary)}</p></li>"
        for answer in one.answers
    )
    looked = ""
    if one.status != "empty":
        name, page, rgb = one.answers[0].network, one.answers[0].page, preprocess.load(path).rgb
        if page.answer:
            maps = answers.heat_maps(answers.overlays(name, rgb, found=page.answer)[:1])
            looked = f"<h4>Where {name} looked</h4>{maps}"
        else:
            looked = f"<h4>The words that {name} read</h4>{boxes.words(rgb, page)}"
    warning = f'<p class="note" role="status">{doubt}</p>' if doubt else ""
    return f"<h3>{html.escape(one.file)}</h3>{one.note}{warning}<ol class='every'>{every}</ol>{looked}"


def _text(page: Page) -> str:
    return answers.spelled(page.text).replace("\n", "<br>") if page.status != "empty" else "—"


def build() -> None:
    """Adds the tab's widgets and events to the gr.Blocks around."""
    files = gr.State([])
    given = gr.File(label="Pictures", file_count="multiple", type="filepath", height=150, elem_id="read-files")
    message = gr.HTML(elem_id="read-message")
    with gr.Column() as invitation:
        gr.HTML(INVITATION)
    with gr.Column(visible=False, elem_id="read-answers") as panels, gr.Row(equal_height=False):
        with gr.Column(scale=3, min_width=300):
            table = gr.HTML(js_on_load=CHOOSE, elem_id="read-table")
            with gr.Row():
                taken = [
                    gr.DownloadButton(f"Take away as {kind}", size="sm", elem_id=f"read-{kind.lower()}")
                    for kind in ("CSV", "JSON")
                ]
        with gr.Column(scale=2, min_width=300, elem_classes="card"):
            best = gr.HTML(elem_id="read-best")
    outputs = [message, files, panels, invitation, table, *taken, best]
    given.change(show, given, outputs, show_progress_on=[message], api_visibility="private", **answers.ALONE)
    table.click(_chosen, files, best, **answers.HIDDEN, **answers.ALONE)
    gr.on([], read_pictures, given, gr.JSON(visible=False), api_name="read_pictures", **answers.ALONE)
