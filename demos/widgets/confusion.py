"""A confusion matrix whose cells show the pictures behind them."""

import html
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from demos.widgets import answers, figures

MANY = 50  # classes; above that the pairs stand below the matrix
PER_ROW = 32  # pictures in a row of a sheet by training.measure.confusion
LEGEND = (
    "a row for each true class, a column for each answer; the darker, the larger its share of the row. Point at a "
    "cell, or tap it, to see the pictures in it."
)
CODE = """
const shown = element.querySelector(".errors"), said = element.querySelector(".cell");
function show(cell) {
    if (!cell?.dataset.tiles) return;
    said.textContent = cell.title;
    shown.replaceChildren(...cell.dataset.tiles.split(" ").filter(Boolean).map((tile) => {
        const picture = document.createElement("span");
        picture.className = "tile";
        picture.style.backgroundPosition = `${-WIDTH * (tile % PER_ROW)}px ${-HEIGHT * Math.floor(tile / PER_ROW)}px`;
        return picture;
    }));
}
for (const kind of ["mouseover", "focusin", "click"])
    element.addEventListener(kind, (event) => show(event.target.closest("[data-tiles]")));
"""


def matrix(found: dict[str, Any], sheet: Path, tile: tuple[int, int], around: str) -> gr.HTML:
    """Adds the row-normalised matrix and the most confused pairs; cells with errors show their pictures.

    `found` has "classes", "confusion", "errors" and "pairs" of training.measure.confusion.summary. The picture `sheet`
    has a tile for each error, of that height and width in pixels; tiles in the element with the id `around` show it.
    """
    code = CODE.replace("HEIGHT", str(tile[0])).replace("WIDTH", str(tile[1])).replace("PER_ROW", str(PER_ROW))
    picture = Image.open(sheet)
    source = min((answers.data_url(picture, lossless) for lossless in (True, False)), key=len)
    style = f"background-image: url({source}); width: {tile[1]}px; height: {tile[0]}px"
    return gr.HTML(f"<style>#{around} .tile {{ {style} }}</style>{_table(found, tile)}", js_on_load=code)


def _table(found: dict[str, Any], tile: tuple[int, int]) -> str:
    classes = [html.escape(name) for name in found["classes"]]
    tiles: dict[tuple[int, int], list[int]] = {}
    for error in found["errors"]:
        tiles.setdefault((error["true"], error["read"]), []).append(error["tile"])
    corner, names = "<th></th>", "".join(f"<th scope=col><span>{name}</span></th>" for name in classes)
    rows = []
    for true, counts in enumerate(found["confusion"]):
        total = sum(counts)
        cells = "".join(
            _cell(classes[true], classes[read], count, total, tiles.get((true, read), []))
            for read, count in enumerate(counts)
        )
        rows.append(f"<tr><th scope=row>{classes[true]}</th>{cells}</tr>")
    pairs = "".join(
        f"<li><b>{classes[pair['true']]}</b> taken for <b>{classes[pair['read']]}</b>, "
        f"{'once' if pair['count'] == 1 else str(pair['count']) + ' times'}"
        f"<span>{''.join(tile_of(number, tile) for number in tiles[pair['true'], pair['read']][:6])}</span></li>"
        for pair in found["pairs"]
    )
    named, many = " named" * (max(map(len, found["classes"])) > 2), " many" * (len(classes) > MANY)
    return (
        f'<div class="confusion{named}{many}" style="--classes: {len(classes)}">'
        f"<div class=wide><table>{corner}{names}{''.join(rows)}</table></div>"
        f"<div><p class=cell role=status>No cell chosen yet</p><div class=errors></div>"
        f"<h4>Most often confused</h4><ol class=pairs>{pairs}</ol></div></div>"
    )


def _cell(true: str, read: str, count: int, total: int, tiles: list[int]) -> str:
    if not count:
        return "<td></td>"
    share = count / total
    title = f"{true} read as {read}: {count} of {total} ({html.escape(figures.percent(share))})"
    # The square root keeps one error in a hundred visible.
    style = f"background: color-mix(in srgb, {figures.INK} {100 * share**0.5:.0f}%, transparent)"
    more = f' tabindex=0 data-tiles="{" ".join(map(str, tiles))}"' if tiles else ""
    return f'<td title="{title}" style="{style}"{more}></td>'


def tile_of(number: int, tile: tuple[int, int]) -> str:
    """A tile of the sheet by its number, as HTML, for use in the element `around` the matrix."""
    row, column = divmod(number, PER_ROW)
    return f'<span class=tile style="background-position: {-tile[1] * column}px {-tile[0] * row}px"></span>'
