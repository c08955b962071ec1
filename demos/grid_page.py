"""What the picture grid's page shows; demos/grid.py serves it."""

import hashlib
import io
import os
import zipfile
from collections.abc import Callable
from importlib import resources
from itertools import cycle
from pathlib import Path
from typing import Any, TypeVar

import numpy as np
import streamlit as st

import zoo
from demos import figures, maps, sets
from zoo import grid, store
from zoo.grid import embed, mosaic

T = TypeVar("T")
OTHER = {"A zip of pictures": "zip", "A folder of this machine": "folder", "A data set on the Hub": "hub"}
EMBEDDERS = {
    "captcha-seq2seq": "what a captcha says (captcha-seq2seq)",
    "captcha-resnet18": "which of a hundred words it is (captcha-resnet18)",
    embed.PRETRAINED: "what a photo shows (MobileNetV4, from the Hub)",
    embed.COLOUR: "colours and edges (no network)",
}
LAYOUTS = {"umap": "UMAP, then cells", "tsne": "t-SNE, then cells", "sorted": "sorted into cells"}
COLOURS = {"": "nothing", "label": "label", "prediction": "what the reader says", "right": "right or wrong"}
MEANING = {
    "dpq16": ("Neighbours alike", "DPQ, p = 16: how much more alike neighbours are than any two pictures; 1 is best."),
    "dpq2": ("Order at large", "DPQ, p = 2: the same for the order of the whole grid; 1 is best."),
    "recall": ("Neighbours kept", "Share of a picture's eight most alike that are among the eight nearest cells."),
    "displacement": ("Cells moved", "How far pictures were moved from their points in the plane, in cells; 0 is best."),
}
NEAREST = 12
ZIP_MB = 500


@st.cache_resource
def viewer() -> Any:
    """The grid on a canvas, as a component of the page."""
    shown, page = resources.files("zoo.grid"), resources.files("demos")
    return st.components.v2.component(
        "glyphzoo_grid",
        html=page.joinpath("grid_view.html").read_text(encoding="utf-8"),
        css=page.joinpath("grid_view.css").read_text(encoding="utf-8"),
        js=shown.joinpath("viewer.js").read_text(encoding="utf-8")
        + page.joinpath("grid_view.js").read_text(encoding="utf-8"),
    )


def choose() -> Path | str | None:
    """The folder, zip or data set that the visitor chose; None as long as it is not named."""
    name = st.selectbox("Pictures", [*sets.SETS, *OTHER])
    if name in sets.SETS:
        return told(lambda tell: sets.folder(name, tell))
    if OTHER[name] == "zip":
        upload = st.file_uploader("Zip", type="zip", max_upload_size=ZIP_MB)
        return kept(upload.getvalue()) if upload else None
    if OTHER[name] == "folder":
        if os.environ.get("SPACE_ID"):
            st.info("Here the machine is a server; run the page yourself to see a folder of your own.")
            return None
        path = st.text_input("Folder", placeholder="/home/me/pictures")
        return Path(path) if path else None
    name = st.text_input("Data set", placeholder="user/name")
    return fetched(name) if name else None


@st.cache_data(ttl=3600, show_spinner="Fetching the data set")
def fetched(name: str) -> Path:
    """A data set of the Hub, asked for once an hour."""
    return grid.fetch(name)


def kept(content: bytes) -> Path:
    """An uploaded zip on the disk, by what it holds."""
    path = store.home() / "uploads" / f"{hashlib.sha256(content).hexdigest()[:24]}.zip"
    if not path.exists():
        path.parent.mkdir(parents=True, exist_ok=True)
        part = path.with_suffix(".part")
        part.write_bytes(content)
        part.replace(path)
    return path


def told(work: Callable[[grid.Progress], T]) -> T:
    """Does some work under a progress bar that names its stage."""
    place = st.empty()

    def tell(stage: str, done: int, total: int) -> None:
        place.progress(min(done / max(total, 1), 1.0), f"{stage} {f'{done:,} of {total:,}' if total > 1 else '…'}")

    found = work(tell)
    place.empty()
    return found


def arranged(source: Path | str, embedder: str, layout: str, rows: int | None, cols: int | None) -> maps.Map:
    """The map of some pictures; computed once in a session, and kept on the disk beyond."""
    key = str(source), embedder, layout, rows, cols
    known = st.session_state.setdefault("maps", {})
    if key not in known:
        pictures = grid.find(source)
        found = told(lambda tell: grid.arrange(pictures, rows, cols, embedder, layout, progress=tell))
        known[key] = told(lambda tell: maps.show(pictures, found, tell))
        st.session_state.pop("lit", None)
    return known[key]


def options() -> maps.Map | None:
    """The side bar: what is shown, and how."""
    with st.sidebar:
        source = choose()
        embedder = st.selectbox("Alike by", list(EMBEDDERS), format_func=EMBEDDERS.get)
        layout = st.selectbox("Laid out by", list(LAYOUTS), format_func=LAYOUTS.get)
        rows = st.number_input("Rows", 1, 1000, None, placeholder="about square")
        cols = st.number_input("Columns", 1, 1000, None, placeholder="about square")
    if source is None:
        st.info("Name some pictures at the side.")
        return None
    return arranged(source, embedder, layout, rows, cols)


def quality(found: grid.Arrangement) -> None:
    """The figures, each beside what random cells score, and a sentence on what it means."""
    for place, (name, (title, sentence)) in zip(st.columns(len(MEANING)), MEANING.items(), strict=True):
        value, random = getattr(found.quality, name), getattr(found.random, name)
        if name == "displacement" and found.points is None:
            continue
        place.metric(title, f"{value:.2f}", f"random {random:.2f}", delta_color="off", delta_arrow="off", help=sentence)


def downloads(shown: maps.Map, chosen: list[int] | None, title: str) -> None:
    """Buttons that give the whole map, or the pictures chosen, as files."""
    pictures, found = shown.pictures, shown.found
    if chosen is None:
        files = {
            "PNG": ("png", lambda: png(mosaic.montage(pictures, found))),
            "Page": ("html", lambda: mosaic.page(pictures, found, title)),
            "Table": ("csv", lambda: mosaic.table(pictures, found)),
        }
    else:
        files = {
            "PNG": ("png", lambda: png(mosaic.montage(pictures, mosaic.part(found, chosen)))),
            "Zip": ("zip", lambda: packed(pictures, [pictures.names[found.kept[i]] for i in chosen])),
            "Table": ("csv", lambda: mosaic.table(pictures, found, chosen)),
        }
    for place, (label, (kind, make)) in zip(st.columns(len(files)), files.items(), strict=True):
        name = f"{title}{'' if chosen is None else '-selection'}.{kind}"
        place.download_button(label, make, name, key=f"{kind} {chosen is None}", width="stretch", on_click="ignore")


def png(picture: Any) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "PNG")
    return buffer.getvalue()


def packed(pictures: grid.Pictures, names: list[str]) -> bytes:
    """A zip of some pictures, as they are."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name.lstrip("/"), pictures.read(name))
    return buffer.getvalue()


def search(shown: maps.Map) -> None:
    """The pictures most alike one that was clicked or uploaded: they light up, and are listed."""
    upload = st.file_uploader("Search by a picture: upload one, or click one on the grid", type=["png", "jpg", "webp"])
    found, clicked = shown.found, st.session_state.get("clicked")
    if upload:
        by = embed.embedder(found.embedder)
        vector = by.embed([zoo.image.load(upload.getvalue()).rgb])[0]
    elif clicked is not None:
        vector = found.vectors[clicked]
    else:
        return
    distance = np.linalg.norm(found.vectors - vector, axis=1)
    nearest = np.argsort(distance, kind="stable")[:NEAREST]
    st.session_state["lit"] = nearest.tolist()
    for i, place in zip(nearest, cycle(st.columns(6)), strict=False):
        name = shown.pictures.names[found.kept[i]]
        place.image(shown.pictures.read(name), f"{name} · {distance[i]:.2f}", width="stretch")


def main() -> None:
    st.set_page_config("Glyphzoo · grid", layout="wide")
    st.title("Pictures on a grid")
    st.caption("A network turns each picture into a vector; like vectors come to lie beside each other, one to a cell.")
    try:
        shown = options()
        if shown is None:
            return
        found = shown.found
        bar = st.columns([2, 2, 2, 1])
        colour = bar[0].selectbox("Colour by", list(COLOURS), format_func=COLOURS.get)
        reader = bar[1].selectbox("Reader", ["", *zoo.names()], format_func=lambda name: name or "none")
        start = bar[2].radio("Show", ["grid", "points"], horizontal=True, disabled=found.points is None)
        select = bar[3].toggle("Select", help="Draw a box on the grid; Shift does the same.")
        if reader:
            told(lambda tell: maps.say(shown, reader, tell))
        data = {
            "url": shown.url,
            "colour": colour,
            "reader": reader,
            "select": select,
            "points": start == "points",
            "lit": st.session_state.get("lit", []),
        }
        at = viewer()(
            data=data, key=f"grid {shown.key}", on_clicked_change=lambda: None, on_selected_change=lambda: None
        )
        st.session_state["clicked"] = at.clicked
        quality(found)
        if found.points is not None:
            with st.expander("The points in the plane"):
                event = st.plotly_chart(
                    figures.scatter(found.points, [shown.pictures.labels[i] for i in found.kept]),
                    on_select="rerun",
                    selection_mode=("box", "lasso"),
                    key=f"points {shown.key}",
                )
        st.subheader("Most alike")
        search(shown)
        chosen = at.selected or (found.points is not None and [p["customdata"] for p in event.selection.points]) or []
        st.subheader(f"Selected: {len(chosen):,} pictures" if chosen else "Take it away")
        downloads(shown, chosen or None, "grid")
        skipped = {**shown.pictures.skipped, **found.skipped}
        if skipped:
            with st.expander(f"{len(skipped):,} files were left out"):
                st.table([{"file": name, "reason": reason} for name, reason in list(skipped.items())[:500]])
    except zoo.InputError as error:
        st.error(str(error))


main()
