"""The study beside the Draw tab: which models learn single characters how well, and what they take for what."""

import html
import json
from pathlib import Path
from typing import Any

import gradio as gr
from PIL import Image

from demos import answers, figures

FOLDER = Path(__file__).parent / "results" / "glyph_study"  # as python -m training.glyph_study leaves it
TILE, PER_ROW = 56, 32  # pixels; of the picture of all errors
INTRODUCTION = """\
### The study: one set of characters, several models

A recruitment study compared four models on {total:,} characters of very unequal classes: one has a single image, the
others from 102 to 3,291. Its pictures are not public. Here the same is done with characters drawn from pen strokes,
MNIST and fonts, as many of each class; no drawing and no font is in two parts. `python -m training.glyph_study` does it
again.
"""
HOVER = (
    "**What is taken for what** by {best}: a row for each true class, a column for each answer; the darker, the larger "
    "its share of the row. Point at a cell, or tap it, to see the characters in it."
)
CODE = """
const shown = element.querySelector(".errors"), said = element.querySelector(".cell");
function show(cell) {
    if (!cell?.dataset.tiles) return;
    said.textContent = cell.title;
    shown.replaceChildren(...cell.dataset.tiles.split(" ").filter(Boolean).map((tile) => {
        const picture = document.createElement("span");
        picture.className = "tile";
        picture.style.backgroundPosition = `${-SIDE * (tile % PER_ROW)}px ${-SIDE * Math.floor(tile / PER_ROW)}px`;
        return picture;
    }));
}
for (const kind of ["mouseover", "focusin", "click"])
    element.addEventListener(kind, (event) => show(event.target.closest("[data-tiles]")));
""".replace("SIDE", str(TILE)).replace("PER_ROW", str(PER_ROW))


def build() -> None:
    """The study's table, confusion matrix and curves; call it inside gr.Blocks."""
    study = json.loads((FOLDER / "study.json").read_text(encoding="utf-8"))
    parts = study["protocol"]
    with gr.Column(elem_id="glyph-study"):
        gr.Markdown(INTRODUCTION.format(total=parts["train"] + parts["validation"] + parts["test"]))
        gr.HTML(table(study))
        with gr.Accordion("What was tried for the last rows", open=False, elem_id="glyph-grid"):
            gr.HTML(grid(study))
        gr.Markdown(HOVER.format(best=study["best"]))
        gr.HTML(matrix(study), js_on_load=CODE, elem_id="glyph-confusion")
        gr.Markdown(ambiguous(study))
        with gr.Row():
            for measure in ("loss", "accuracy"):
                with gr.Column(min_width=300):
                    gr.Markdown(
                        f"**{measure.title()}** by epoch: a full line for training, a dotted one for validation"
                    )
                    gr.Plot(
                        figures.curves(study["curves"], measure),
                        label=f"{measure.title()} by epoch",
                        show_label=False,
                        container=False,
                        elem_classes="chart",
                    )
        gr.Markdown("**How many of each class** there are to learn from")
        gr.Plot(
            figures.distribution(study["classes"], study["counts"]["train"]),
            label="Images of each class",
            show_label=False,
            container=False,
            elem_classes="chart",
        )


def table(study: dict[str, Any]) -> str:
    """Every model's accuracy and macro-F1 on the test images, with 95 % intervals, beside the original study's."""
    rows = "".join(
        f"<tr><th scope=row>{html.escape(model['name'])}<small>{html.escape(_how(model))}</small></th>"
        f"<td>{_with_interval(model, 'accuracy')}</td><td>{_with_interval(model, 'macro_f1')}</td>"
        f"<td>{_percent(model['merged_accuracy'])}</td>"
        f"<td>{' / '.join(map(_percent, model['study'])) if model['study'] else '–'}</td></tr>"
        for model in study["models"]
    )
    head = "".join(
        f"<th scope=col>{name}</th>"
        for name in ("model", "accuracy", "macro-F1", "accuracy with look-alikes merged", "the original study")
    )
    caption = f"Percent of {study['protocol']['test']:,} test images, with 95 % intervals"
    return f"<div class=wide><table><caption>{caption}</caption><tr>{head}</tr>{rows}</table></div>"


def grid(study: dict[str, Any]) -> str:
    """The networks among which the last rows' size, learning rate and dropout were chosen, on validation images."""
    tried = study["grid"]
    best = max(tried, key=lambda row: (row["accuracy"], row["macro_f1"]))
    rows = "".join(
        f"<tr{' class=best' if row is best else ''}><th scope=row>{row['size']}</th><td>{row['learning_rate']:g}</td>"
        f"<td>{row['dropout']:g}</td><td>{_percent(row['accuracy'])}</td><td>{_percent(row['macro_f1'])}</td></tr>"
        for row in tried
    )
    names = "network", "learning rate", "dropout", "accuracy", "macro-F1"
    head = "".join(f"<th scope=col>{name}</th>" for name in names)
    count = f"{study['protocol']['validation']:,}"
    caption = f"Percent of {count} validation images after a short training; the best is bold"
    return f"<div class=wide><table><caption>{caption}</caption><tr>{head}</tr>{rows}</table></div>"


def _how(model: dict[str, Any]) -> str:
    spread = ""
    if model["deviation"]:
        accuracy, macro = (f"{100 * value:.1f}" for value in model["deviation"])
        spread = f"; over the folds ± {accuracy} and ± {macro}"
    return ", ".join(filter(None, (model["weights"], model["detail"]))) + spread


def _with_interval(model: dict[str, Any], measure: str) -> str:
    low, high = map(_percent, model[f"{measure}_interval"])
    return f"{_percent(model[measure])} <small>{low} – {high}</small>"


def _percent(share: float) -> str:
    return f"{100 * share:.1f}"


def matrix(study: dict[str, Any]) -> str:
    """The row-normalised confusion matrix; cells with errors can be reached and show their pictures."""
    classes, confusion = study["classes"], study["confusion"]
    tiles: dict[tuple[int, int], list[str]] = {}
    for error in study["errors"]:
        tiles.setdefault((error["true"], error["read"]), []).append(str(error["tile"]))
    corner, names = "<th></th>", "".join(f"<th scope=col>{name}</th>" for name in classes)
    rows = []
    for true, counts in enumerate(confusion):
        total = sum(counts)
        cells = "".join(
            _cell(classes[true], classes[read], count, total, tiles.get((true, read), []))
            for read, count in enumerate(counts)
        )
        rows.append(f"<tr><th scope=row>{classes[true]}</th>{cells}</tr>")
    pairs = "".join(
        f"<li><b>{classes[pair['true']]}</b> taken for <b>{classes[pair['read']]}</b>, {pair['count']} times"
        f"<span>{''.join(map(_tile, tiles[pair['true'], pair['read']][:6]))}</span></li>"
        for pair in study["pairs"]
    )
    sprite = answers.data_url(Image.open(FOLDER / "errors.png"), lossless=True)
    return (
        f"<style>#glyph-confusion .tile {{ background-image: url({sprite}) }}</style>"
        f"<div class=confusion><div class=wide><table>{corner}{names}{''.join(rows)}</table></div>"
        f"<div><p class=cell role=status>No cell chosen yet</p><div class=errors></div>"
        f"<h4>Most often confused</h4><ol class=pairs>{pairs}</ol></div></div>"
    )


def _cell(true: str, read: str, count: int, total: int, tiles: list[str]) -> str:
    if not count:
        return "<td></td>"
    share = count / total
    title = f"{true} read as {read}: {count} of {total} ({figures.percent(share)})"
    # by the square root: else one error in a hundred could not be seen
    style = f"background: color-mix(in srgb, {figures.INK} {100 * share**0.5:.0f}%, transparent)"
    more = f' tabindex=0 data-tiles="{" ".join(tiles)}"' if tiles else ""
    return f'<td title="{html.escape(title)}" style="{style}"{more}></td>'


def _tile(tile: str) -> str:
    row, column = divmod(int(tile), PER_ROW)
    return f'<span class=tile style="background-position: {-TILE * column}px {-TILE * row}px"></span>'


def ambiguous(study: dict[str, Any]) -> str:
    """How many of the errors a person would make too."""
    groups = ", ".join("/".join(group) for group in study["ambiguous"]["groups"])
    share = figures.percent(study["ambiguous"]["share_of_errors"])
    return (
        f"**{share} of these errors** are between {groups}: characters that nobody tells apart for certain when one "
        "stands alone. The table's last but one column counts those as right."
    )
