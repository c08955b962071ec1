"""The Letters tab: reads scans of Persian letters and shows their fields in a searchable table."""

import html
import shutil
import tempfile
from contextlib import closing
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import gradio as gr
import numpy as np
from PIL import Image

import zoo
from demos.widgets import answers, figures
from zoo import letter
from zoo.hub import catalog, store
from zoo.images.documents import pages
from zoo.letter.finder import FIELDS
from zoo.letter.index import Index, Row, export
from zoo.letter.reading import FINDER, READER
from zoo.letter.result import Field, Letter

MOST = 200  # letters per upload
SHOWN = 5  # pages shown of each letter
HOUR = 3_600  # seconds until a visitor's letters are deleted after the last use
LONG = 1600  # pixels: longer side of a page as shown
NAMES = {"number": "شماره", "date": "تاریخ", "attachment": "پیوست", "title": "موضوع"}
STATUS = {"ok": "sure", "doubtful": "look at it", "empty": "empty", "missing": "not there", "corrected": "corrected"}
INVITATION = (
    '<div class="invitation"><p><b>Drop scans of Persian letters: pictures, PDFs, TIFFs, one or many.</b></p>'
    "<p>Networks find the number, the date and the attachment on each and read all of its lines. What is doubtful is "
    "marked. They learned from drawn letters alone, not from a real archive: check what matters.</p></div>"
)
KEPT = (
    "Write over what is wrong and press Enter: the correction is kept on this server, with its crop of the scan, so "
    "that networks can learn from it."
)
# Chooses a row (as `letter`: gradio takes data with a `path` for a file), zooms to a field or back to the page, and
# sends what is typed over a value
LISTEN = """
const zoom = (row) => {
    const svg = element.querySelector(`svg[data-page="${row.dataset.page}"]`);
    if (!svg || !row.dataset.box) return;
    const same = svg.getAttribute("viewBox") === row.dataset.box;
    for (const other of element.querySelectorAll("svg[data-page]")) other.setAttribute("viewBox", other.dataset.whole);
    if (!same) svg.setAttribute("viewBox", row.dataset.box);
    svg.scrollIntoView({behavior: "smooth", block: "nearest"});
};
for (const kind of ["click", "keydown"]) element.addEventListener(kind, (event) => {
    if (kind === "keydown" && event.key !== "Enter") return;
    if (event.target.matches("input")) {
        if (kind === "keydown" && event.target.value !== event.target.defaultValue)
            trigger("click", {field: event.target.name, text: event.target.value});
        return;
    }
    const row = event.target.closest("[data-path], [data-box]");
    if (row?.dataset.path) trigger("click", {letter: row.dataset.path});
    else if (row) zoom(row);
});
"""


@dataclass
class Given:
    """A visitor's letters: files and index in a folder of the visitor's own, and the readings."""

    folder: Path = field(default_factory=lambda: Path(tempfile.mkdtemp(prefix="letters-")))
    letters: dict[str, Letter] = field(default_factory=dict)
    chosen: str = ""

    @property
    def files(self) -> Path:
        return self.folder / "files"

    def index(self) -> Index:
        return Index(self.folder / "letters.db")

    def add(self, paths: list[str], progress: gr.Progress) -> None:
        """Reads files; one with a name that exists gets another name.

        Raises:
            InputError: there are more than MOST.
        """
        self.files.mkdir(exist_ok=True)
        if len(paths) + len(list(self.files.iterdir())) > MOST:
            raise zoo.InputError(f"These are more than {MOST} letters; python -m zoo letters reads any number.")
        for given in map(Path, paths):
            names = (f"{given.stem}{f'-{i}' if i else ''}{given.suffix}" for i in range(MOST))
            shutil.copy(given, self.files / next(name for name in names if not (self.files / name).exists()))

        def read(path: Path) -> Letter:
            self.letters[path.name] = letter.read(path)
            return self.letters[path.name]

        with closing(self.index()) as index:
            index.update(self.files, read, lambda done, total: progress((done, total)))


def present() -> bool:
    """Whether the zoo has the networks that read letters."""
    return {FINDER, READER} <= catalog.CATALOG.keys()


def as_json(found: Letter) -> dict[str, Any]:
    """A letter as JSON, for programs."""
    return {
        **{name: getattr(found, name) for name in (*FIELDS, "text")},
        "words": [page.rows() for page in found.pages],
        "fields": [
            {
                "name": one.name, "text": one.value.text, "normal": one.value.normal,
                "gregorian": one.value.gregorian or None, "status": one.status, "problem": one.problem or None,
                "confidence": round(one.confidence, 4), "page": one.page,
                "box": None if one.box is None else np.round(one.box, 1).tolist(),
            }
            for one in found.fields
        ],
    }  # fmt: skip


@answers.endpoint()
def read_letter(file: str) -> dict[str, Any]:
    """Reads a Persian business letter.

    Args:
        file: A scan: a picture, a TIFF or a PDF of one or more pages.

    Returns:
        Its number, date (in the Persian calendar), attachment and title with digits in ASCII, its text, and fields: of
        each the text as printed, the day in the Gregorian calendar if it is a date, the status (ok, doubtful, empty or
        missing), the problem of a doubtful one, the confidence, the page from 0, and the four corners in pixels;
        and words: for each page those of its text, each with its four corners, itself and its confidence.
    """
    return as_json(letter.read(file))


def listing(rows: list[Row]) -> str:
    """Letters as an HTML table."""
    heads = "".join(f"<th>{name}</th>" for name in ("file", *NAMES.values(), "to check"))
    body = "".join(
        f'<tr tabindex="0" data-path="{html.escape(row.path)}"><td dir="auto">{html.escape(row.path)}</td>'
        + "".join(_cell(label, getattr(row, name)) for name, label in NAMES.items())
        + f'<td class="bad">{html.escape(row.error or " ".join(row.doubts))}</td></tr>'
        for row in rows
    )
    none = "" if rows else '<p class="note">No letter has all of these words.</p>'
    return f'<div class="wide"><table><thead><tr>{heads}</tr></thead><tbody>{body}</tbody></table>{none}</div>'


def _cell(label: str, text: str) -> str:
    """A cell of the table; its text keeps its own direction in a cell that starts at the left."""
    content = f'<span dir="auto">{html.escape(text)}</span>' if text else ""
    return f'<td data-name="{label}">{content}</td>'


def detail(given: Given) -> str:
    """The chosen letter as HTML: its fields, its pages with boxes, its text."""
    found = given.letters.get(given.chosen)
    if found is None:
        return ""
    numbered = zip(range(SHOWN), pages(given.files / given.chosen), strict=False)
    shown = [_page(page, number, found) for number, page in numbered]
    rows = "".join(_field(one, found) for one in found.fields)
    more = f"<p>Only {SHOWN} of its {len(found.pages)} pages are shown.</p>" if len(found.pages) > SHOWN else ""
    return (
        f'<h3 dir="auto">{html.escape(given.chosen)}</h3><table class="fields">{rows}</table><p>{KEPT}</p>'
        f'{"".join(shown)}{more}<h4>Its text</h4><div class="body" dir="rtl">{html.escape(found.text)}</div>'
    )


def _page(page: Image.Image, number: int, found: Letter) -> str:
    width, height = page.size
    small = page.copy()
    small.thumbnail((LONG, LONG))
    marks = [
        f'<polygon class="{one.status}" points="{_points(box)}"><title>{NAMES[one.name]}</title></polygon>'
        for one in found.fields
        for box in (one.label, one.box)
        if box is not None and one.page == number
    ] + [f'<polygon points="{_points(line.box)}"/>' for line in found.pages[number].lines]
    whole = f"0 0 {width} {height}"
    return (
        f'<svg class="boxes letter" data-page="{number}" viewBox="{whole}" data-whole="{whole}" '
        f'style="aspect-ratio: {width} / {height}" role="img" aria-label="Page {number + 1} and what was found on it">'
        f'<image href="{answers.data_url(small)}" width="{width}" height="{height}"/>{"".join(marks)}</svg>'
    )


def _points(box: np.ndarray) -> str:
    return " ".join(f"{x:.1f},{y:.1f}" for x, y in box)


def _field(one: Field, found: Letter) -> str:
    """A row of HTML: the name of a field, its editable value, its meaning, its confidence."""
    boxes = [box for box in (one.label, one.box) if box is not None]
    zoomed = ""
    if boxes:
        (left, top), (right, bottom) = np.concatenate(boxes).min(0), np.concatenate(boxes).max(0)
        margin = bottom - top
        zoomed = f"{left - margin:.0f} {top - margin:.0f} {right - left + 2 * margin:.0f} {3 * margin:.0f}"
    meanings = dict.fromkeys(part for part in (one.value.normal, one.value.gregorian) if part)
    meaning = " · ".join(f"<bdi>{html.escape(part)}</bdi>" for part in meanings)  # each in its own direction
    sure = f" {figures.percent(one.confidence)}" if one.box is not None and one.status != "corrected" else ""
    return (
        f'<tr tabindex="0" data-page="{one.page}" data-box="{zoomed}"><th dir="rtl">{NAMES[one.name]}</th>'
        f'<td><input name="{one.name}" dir="auto" value="{html.escape(one.value.text)}" '
        f'aria-label="{NAMES[one.name]}"></td><td>{meaning}</td>'
        f'<td class="{one.status}"><b>{STATUS[one.status]}</b>{html.escape(sure)} {html.escape(one.problem)}</td></tr>'
    )


def _nothing(message: str = "") -> list[Any]:
    return [message, None, gr.Column(visible=False), gr.Column(visible=True), "", None, None, ""]


def _shown(given: Given, words: str) -> list[Any]:
    with closing(given.index()) as index:
        rows = index.search(words)
    files = [given.folder / f"letters.{kind}" for kind in ("csv", "xlsx")]
    for path in files:
        export(rows, path)
    if given.chosen not in given.letters:
        given.chosen = next((row.path for row in rows if not row.error), "")
    panels, invitation = gr.Column(visible=True), gr.Column(visible=False)
    return ["", given, panels, invitation, listing(rows), *map(str, files), detail(given)]


@answers.on_error(_nothing)
def show(files: list[str] | None, words: str, progress: gr.Progress = gr.Progress()) -> list[Any]:
    """Updates of the tab after an upload."""
    if not files:
        return _nothing()
    given = Given()
    given.add(files, progress)
    return _shown(given, words)


def search(given: Given | None, words: str) -> list[Any]:
    """Updates of the tab with the letters that contain all of the words."""
    return _shown(given, words) if given else _nothing()


def choose(given: Given | None, event: gr.EventData) -> list[Any]:
    """Updates of the tab after a click on a letter in the table."""
    if given is None:
        return [gr.skip(), gr.skip()]
    given.chosen = event.letter
    return [given, detail(given)]


@answers.on_error(lambda problem: [problem, *[gr.skip()] * 7])
def correct(given: Given | None, words: str, event: gr.EventData) -> list[Any]:
    """Replaces the text of a field in the index and stores the correction for training; returns updates of the tab."""
    if given is None:
        return _nothing()
    with closing(given.index()) as index:
        index.correct(given.chosen, event.field, event.text)
        index.corrections(given.files, store.home() / "corrections" / "letters" / given.folder.name)
    given.letters[given.chosen] = given.letters[given.chosen].corrected(event.field, event.text)
    return _shown(given, words)


def build() -> None:
    """Adds the tab's widgets and events to the gr.Blocks around."""
    given = gr.State(None, time_to_live=HOUR, delete_callback=lambda old: old and shutil.rmtree(old.folder, True))
    upload = gr.File(
        label="Letters", file_count="multiple", file_types=["image", ".pdf", ".tif", ".tiff"], type="filepath",
        height=150, elem_id="letters-files",
    )  # fmt: skip
    message = gr.HTML(elem_id="letters-message")
    with gr.Column() as invitation:
        gr.HTML(INVITATION)
    with gr.Column(visible=False, elem_id="letters-page") as panels:
        words = gr.Textbox(
            "",
            label="Search",
            placeholder="۱۳۹۷/۱۰",
            info="Any digits, any ی and ک, in fields and text.",
            elem_id="letters-search",
        )
        table = gr.HTML(js_on_load=LISTEN, elem_id="letters-table")
        with gr.Row():
            taken = [gr.DownloadButton(f"Take away as {kind}", size="sm") for kind in ("CSV", "Excel")]
        one = gr.HTML(js_on_load=LISTEN, elem_id="letters-one", elem_classes="card")
    outputs = [message, given, panels, invitation, table, *taken, one]
    upload.change(show, [upload, words], outputs, show_progress_on=[message], api_visibility="private", **answers.ALONE)
    words.change(search, [given, words], outputs, trigger_mode="always_last", **answers.HIDDEN)
    table.click(choose, given, [given, one], **answers.HIDDEN)
    one.click(correct, [given, words], outputs, **answers.HIDDEN)
    gr.on([], read_letter, gr.File(visible=False), gr.JSON(visible=False), api_name="read_letter", **answers.ALONE)
