"""Boxes of characters and words over a picture, as SVG."""

import html

from PIL import Image

from demos.widgets import figures
from demos.widgets.answers import data_url
from zoo.readers.page import Page
from zoo.readers.prediction import Prediction


def characters(picture: Image.Image, found: Prediction) -> str:
    """The picture with each character's box, coloured by its probability."""
    width, height = picture.size
    room = 0.35 * height  # for the characters below the picture
    marks = "".join(
        f"<g><title>{html.escape(character)} {figures.percent(share)}</title>"
        f'<rect x="{box[0]:.1f}" y="{box[1]:.1f}" width="{box[2] - box[0]:.1f}" height="{box[3] - box[1]:.1f}" '
        f'style="--sure: {share:.2f}"/><text x="{(box[0] + box[2]) / 2:.1f}" y="{height + 0.8 * room:.1f}" '
        f'font-size="{0.8 * room:.1f}">{html.escape(character)}</text></g>'
        for character, share, box in found.characters
        if box
    )
    return _drawn(picture, (width, height + room), "The box of each character", marks)


def words(picture: Image.Image, read: Page) -> str:
    """The picture with each word's outline, coloured by its confidence."""
    marks = "".join(
        f"<g><title>{html.escape(word.text)} {figures.percent(word.confidence)}</title>"
        f'<polygon points="{" ".join(f"{x:.1f},{y:.1f}" for x, y in word.box)}" '
        f'style="--sure: {word.confidence:.2f}"/></g>'
        for word in read.words
    )
    return _drawn(picture, picture.size, "Where each word was found", marks, "page")


def _drawn(picture: Image.Image, size: tuple[float, float], label: str, marks: str, kind: str = "") -> str:
    return (
        f'<svg class="boxes {kind}" viewBox="0 0 {size[0]} {size[1]:.0f}" role="img" aria-label="{label}">'
        f'<image href="{data_url(picture)}" width="{picture.width}" height="{picture.height}"/>{marks}</svg>'
    )
