"""The page of the picture grid; demos/grid.py serves it."""

import hashlib
import io
import os
import re
import sys
import zipfile
from collections.abc import Callable, Sequence
from functools import partial
from importlib import resources
from pathlib import Path
from typing import Any, Literal, TypeVar

import numpy as np
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

import zoo
from demos.grid_view import maps, sets
from demos.widgets import figures
from zoo import grid, whole
from zoo.grid import assign, embed, mosaic
from zoo.hub import store
from zoo.images import preprocess

T = TypeVar("T")
FLAG = "--local-folders"  # after -- when the server is started; without it visitors cannot name local folders
FOLDERS = FLAG in sys.argv
OTHER = {
    "A zip of pictures": "zip",
    **({"A folder of this machine": "folder"} if FOLDERS else {}),
    "A data set on the Hub": "hub",
}
EMBEDDERS = {
    "": "what suits photos (MobileNetV4, else colours and edges)",
    "captcha-seq2seq": "what a captcha says (captcha-seq2seq)",
    "captcha-resnet18": "which of a hundred words it is (captcha-resnet18)",
    "glyph-efficientnet": "which digit or letter it is (glyph-efficientnet)",
    embed.PRETRAINED: "what a photo shows (MobileNetV4, from the Hub)",
    embed.COLOUR: "colours and edges (no network)",
}
LAYOUTS = {"umap": "UMAP, then cells", "tsne": "t-SNE, then cells", "sorted": "sorted into cells"}
COLOURS = {"": "nothing", "label": "label", "prediction": "what the reader says", "right": "right or wrong"}
SUITED = {  # the network for each set, until the visitor chooses another
    "A thousand drawn captchas": "captcha-seq2seq",
    "Handwritten digits": "glyph-efficientnet",
    "Drawn letters and digits": "glyph-efficientnet",
}
NETWORKS = "alike", "reader"  # keys of the widgets that choose a network
MEANING = {
    "dpq16": ("Neighbours alike", "DPQ, p = 16: how much more alike neighbours are than any two pictures; 1 is best."),
    "dpq2": ("Order at large", "DPQ, p = 2: the same for the order of the whole grid; 1 is best."),
    "recall": ("Neighbours kept", "Share of a picture's eight most alike that are among the eight nearest cells."),
    "displacement": ("Cells moved", "How far pictures were moved from their points in the plane, in cells; 0 is best."),
    "cost": ("Cost of moving", "Sum of the squares of all ways from point to cell, in a plane of side 1; 0 is best."),
    "over_optimum": (
        "Cost over the least",
        f"That sum over the least that any cells have; 1 is best. Known up to {assign.DENSE:,} cells.",
    ),
}
NEAREST = 12
DOTS = 10_000  # points in the plot, at most; the grid itself can show more
ZIP_MB = 500
UPLOADS = 10  # zips on the disk; older ones are deleted
LINK: Literal["query-params"] = "query-params"  # choices become part of the page's address


@st.cache_resource
def viewer() -> Any:
    """The component that draws the grid on a canvas."""
    shown, page = resources.files("zoo.grid"), resources.files("demos.grid_view")
    return st.components.v2.component(
        "glyphzoo_grid",
        html=page.joinpath("grid_view.html").read_text(encoding="utf-8"),
        css=page.joinpath("grid_view.css").read_text(encoding="utf-8"),
        js=shown.joinpath("viewer.js").read_text(encoding="utf-8")
        + page.joinpath("grid_view.js").read_text(encoding="utf-8"),
    )


def choose(place: DeltaGenerator) -> Path | None:
    """The chosen folder, zip or data set; None until it is named."""
    name = st.selectbox(
        "Pictures",
        [*sets.SETS, *OTHER],
        key="pictures",
        bind=LINK,
        on_change=suit,
        help=None if FOLDERS else f"Started with {FLAG}, the page shows folders of its own machine too.",
    )
    if name in sets.SETS:
        return with_progress(place, lambda progress: sets.folder(name, progress))
    if OTHER[name] == "zip":
        upload = st.file_uploader("Zip", type="zip", max_upload_size=ZIP_MB)
        return stored(upload.getvalue()) if upload else None
    if OTHER[name] == "folder":
        path = st.text_input("Folder", placeholder="/home/me/pictures", key="folder", bind=LINK)
        return Path(path).expanduser() if path else None
    name = st.text_input("Data set", placeholder="user/name", key="data", bind=LINK)
    return fetched(name) if name else None


# the folder of a data set of the Hub, fetched at most once an hour
fetched = st.cache_data(grid.fetch, ttl=3600, show_spinner="Fetching the data set")


def stored(content: bytes) -> Path:
    """Stores an uploaded zip under its hash."""
    path = store.home() / "uploads" / f"{hashlib.sha256(content).hexdigest()[:24]}.zip"
    if not path.exists():
        with whole.file(path) as part:
            part.write_bytes(content)
    os.utime(path)
    store.forget(path.parent, UPLOADS)
    return path


def with_progress(place: DeltaGenerator, work: Callable[[grid.Progress], T]) -> T:
    """Calls `work` and returns its result; meanwhile a progress bar in `place` shows the stage."""

    def report(stage: str, done: int, total: int) -> None:
        place.progress(min(done / max(total, 1), 1.0), f"{stage} {f'{done:,} of {total:,}' if total > 1 else '…'}")

    result = work(report)
    place.empty()
    return result


def arranged(
    place: DeltaGenerator, source: Path, embedder: str, layout: str, rows: int | None, cols: int | None
) -> maps.Map:
    """The map of the pictures in `source`; computed again only after a file has changed."""
    if not source.exists():
        raise zoo.InputError(f"{source} does not exist; name a folder of pictures or a zip of one.")
    request = str(source), maps.stamp(source), embedder, layout, rows, cols
    if shown := maps.opened(request):
        return shown
    pictures = grid.find(source)
    found = with_progress(
        place, lambda progress: grid.arrange(pictures, rows, cols, embedder or None, layout, progress=progress)
    )
    return with_progress(place, lambda progress: maps.show(request, pictures, found, progress))


def options(place: DeltaGenerator) -> maps.Map | None:
    """Adds the side bar; returns the map of its choices."""
    with st.sidebar:
        source = choose(place)
        suit([key for key in NETWORKS if key not in st.session_state and key not in st.query_params])
        embedder = st.selectbox(
            "Alike by",
            list(EMBEDDERS),
            format_func=lambda name: EMBEDDERS.get(name, name),
            key="alike",
            bind=LINK,
            accept_new_options=True,
            help="Or type the name of any timm model with weights on the Hub, such as resnet18.a1_in1k.",
        )
        layout = st.selectbox("Laid out by", list(LAYOUTS), format_func=LAYOUTS.get, key="layout", bind=LINK)
        rows = st.number_input("Rows", 1, 1000, None, placeholder="as it fits", key="rows", bind=LINK)
        cols = st.number_input("Columns", 1, 1000, None, placeholder="as it fits", key="columns", bind=LINK)
    if source is None:
        st.info("Name some pictures at the side.")
        return None
    return arranged(place, source, embedder, layout, rows, cols)


def quality(found: grid.Arrangement) -> None:
    """Shows each measure beside that of random cells, and what it means."""
    scores = {name: (getattr(found.quality, name), getattr(found.random, name)) for name in MEANING}
    known = [name for name in MEANING if None not in scores[name]]
    if found.points is None:
        known.remove("displacement")
    for start in range(0, len(known), 3):
        for place, name in zip(st.columns(3), known[start : start + 3], strict=False):
            (title, sentence), (value, random) = MEANING[name], scores[name]
            place.metric(title, f"{value:#.4g}", f"random {random:#.4g}", delta_color="off", delta_arrow="off")
            place.caption(sentence)


def downloads(shown: maps.Map, chosen: list[int] | None, title: str) -> None:
    """Adds buttons that download the map, or the chosen pictures."""
    pictures, found = shown.pictures, shown.arrangement
    if chosen is None:
        files = {
            "PNG": ("png", lambda: preprocess.encoded(mosaic.montage(pictures, found), "PNG")),
            "Page": ("html", lambda: mosaic.page(pictures, found, title)),
            "Table": ("csv", lambda: mosaic.table(pictures, found)),
        }
    else:
        files = {
            "PNG": ("png", lambda: preprocess.encoded(mosaic.montage(pictures, mosaic.part(found, chosen)), "PNG")),
            "Zip": ("zip", lambda: packed(pictures, [pictures.names[found.kept[i]] for i in chosen])),
            "Table": ("csv", lambda: mosaic.table(pictures, found, chosen)),
        }
    for place, (label, (kind, make)) in zip(st.columns(len(files)), files.items(), strict=True):
        name = f"{title}{'' if chosen is None else '-selection'}.{kind}"
        place.download_button(label, make, name, key=f"{kind} {chosen is None}", width="stretch", on_click="ignore")


def packed(pictures: grid.Pictures, names: list[str]) -> bytes:
    """A zip of the named pictures, unchanged."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name in names:
            archive.writestr(name.lstrip("/"), pictures.read(name))
    return buffer.getvalue()


embedder = st.cache_resource(embed.embedder)  # shared by all visitors


def alike(shown: maps.Map) -> tuple[list[int], list[float]]:
    """Indices and distances of the nearest pictures to the one clicked or uploaded last."""
    found, state = shown.arrangement, st.session_state
    clicked, upload = getattr(state.get(f"grid {shown.key}"), "clicked", None), state.get("upload")
    if state.get("by") == "upload" and upload:
        try:
            vector = embedder(found.embedder).embed([preprocess.load(upload.getvalue()).rgb])[0]
        except zoo.InputError as error:
            st.error(plain(str(error)))
            return [], []
    elif clicked is not None:
        vector = found.vectors[clicked]
    else:
        return [], []
    distance = np.linalg.norm(found.vectors - vector, axis=1)
    nearest = np.argsort(distance, kind="stable")[:NEAREST]
    return nearest.tolist(), distance[nearest].tolist()


def search(shown: maps.Map, nearest: list[int], distances: list[float]) -> None:
    """Adds the upload of a picture, and shows the nearest ones."""
    st.file_uploader(
        "Search by a picture: upload one, or click one on the grid",
        type=["png", "jpg", "jpeg", "webp"],
        key="upload",
        on_change=searched,
        args=("upload",),
    )
    with st.container(horizontal=True):
        for i, distance in zip(nearest, distances, strict=True):
            name = shown.pictures.names[shown.arrangement.kept[i]]
            st.image(shown.pictures.read(name), f"{plain(name)} · {distance:.2f}", width=120)


def plain(text: str) -> str:
    """Escapes a text for Markdown, on one line."""
    return re.sub(r"([!-/:-@[-`{-~])", r"\\\1", " ".join(text.split()))


def searched(by: str) -> None:
    """Remembers what the visitor searched by last."""
    st.session_state["by"] = by


def suit(keys: Sequence[str] = NETWORKS) -> None:
    """Sets the widgets of `keys` to the network that suits the chosen pictures."""
    for key in keys:
        st.session_state[key] = SUITED.get(st.session_state["pictures"], "")


def main() -> None:
    st.set_page_config("Glyphzoo · grid", layout="wide")
    st.title("Pictures on a grid")
    st.caption("A network turns each picture into a vector; like vectors come to lie beside each other, one to a cell.")
    place = st.empty()  # of the progress bar
    try:
        shown = options(place)
        if shown is None:
            return
        found = shown.arrangement
        bar = st.columns([2, 2, 2, 1])
        colour = bar[0].selectbox("Colour by", list(COLOURS), format_func=COLOURS.get, key="colour", bind=LINK)
        readers = ["", *zoo.names()]
        reader = bar[1].selectbox("Reader", readers, format_func=lambda name: name or "none", key="reader", bind=LINK)
        start = bar[2].radio("Show", ["grid", "points"], horizontal=True, disabled=found.points is None)
        select = bar[3].toggle("Select", help="Draw a box on the grid; Shift does the same.")
        nearest, distances = alike(shown)
        unread = bool(reader) and not maps.readings(shown, reader).exists()
        data = {
            "url": shown.url,
            "colour": colour,
            "reader": reader,
            "says": maps.readings(shown, reader).name if reader and not unread else "",
            "select": select,
            "points": start == "points",
            "lit": nearest,
        }
        at = viewer()(
            data=data,
            key=f"grid {shown.key}",
            on_clicked_change=partial(searched, "click"),
            on_selected_change=lambda: None,
        )
        quality(found)
        picked: list[int] = []
        if found.points is not None and len(found.kept) <= DOTS:
            with st.expander("The points in the plane"):
                event = st.plotly_chart(
                    figures.scatter(found.points, [shown.pictures.labels[i] for i in found.kept]),
                    on_select="rerun",
                    selection_mode=("box", "lasso"),
                    key=f"points {shown.key}",
                )
                picked = [point["customdata"] for point in event.selection.points]
        st.subheader("Most alike")
        search(shown, nearest, distances)
        chosen = at.selected or picked
        st.subheader(f"Selected: {len(chosen):,} pictures" if chosen else "Take it away")
        downloads(shown, chosen or None, "grid")
        skipped = {**shown.pictures.skipped, **found.skipped}
        if skipped:
            with st.expander(f"{len(skipped):,} files were left out"):
                rows = list(skipped.items())[:500]
                st.table([{"file": plain(name), "reason": plain(reason)} for name, reason in rows])
        if unread:  # last, so that the pictures can be looked at meanwhile
            with_progress(place, lambda progress: maps.read(shown, reader, progress))
            st.rerun()
    except zoo.InputError as error:
        st.error(plain(str(error)))


main()
