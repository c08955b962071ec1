"""Captchas in the styles of many sites: any size, sparse or crowded, letters of many colours, ragged, crossed out."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from training.data.drawing import degrade, fonts, render
from training.data.drawing.captchas import Captcha, damage

WIDEST = 780  # pixels
DRAWN = 48  # pixels: the size that letters are drawn at, before they are scaled


@dataclass(frozen=True)
class Style:
    """How a site draws its captchas."""

    height: int = 50  # of the picture, in pixels
    letter: float = 32  # size of the letters, in pixels
    gap: float = 0.1  # between letters, times their size; negative where they overlap
    turn: float = 0.0  # by how many degrees a letter is turned at most
    hop: float = 0.0  # by how much it stands higher or lower at most, times its size
    room: float = 1.0  # to the left and right of the text together, times the letters' size
    slant: float = 0.0  # of the whole text
    white: bool = True  # whether the paper is white
    background: str = "plain"  # kind of paper, of `degrade.BY_NAME`
    contrast: float = 180  # between ink and paper, in grey levels
    coloured: bool = False  # whether every letter has a colour of its own, at times a faint one
    smooth: bool = True  # whether letters' edges are smoothed
    # what crosses the text: nothing, hair lines and arcs, straight black hair lines, or thick strokes with joints
    lines: Literal["", "hair", "straight", "thick"] = ""
    behind: bool = False  # whether they run behind the letters
    wave: float = 0.0  # by how many pixels the text is waved
    ripple: tuple[float, float] = (0.0, 0.0)  # by how many pixels columns and rows of the whole picture are shifted
    scatter: float = 0.0  # from how many pixels away a pixel's colour is taken
    damaged: bool = False  # whether blur, noise, speckle, compression and more lines come on top
    framed: bool = False  # whether a line runs round the picture


def random_style(rng: np.random.Generator, backgrounds: Sequence[degrade.Background]) -> Style:
    """A style of captchas 26 to 84 pixels high, on white or on one of the backgrounds."""

    def at_times(share: float, least: float, most: float) -> float:
        return rng.uniform(least, most) if rng.random() < share else 0.0

    height = int(rng.integers(26, 85))
    letter = max(height * rng.uniform(0.38, 0.9), 13)
    gaps = ((-0.12, 0.05), (0.0, 0.35), (0.35, 1.8))
    turned = rng.random() < 0.7
    kind = degrade.plain if rng.random() < 0.5 else backgrounds[rng.integers(len(backgrounds))]
    return Style(
        height=height,
        letter=letter,
        gap=rng.uniform(*gaps[rng.choice(3, p=(0.25, 0.45, 0.3))]),
        turn=rng.choice([6.0, 12.0, 25.0, 45.0]) if turned else 0.0,
        hop=rng.uniform(0, 0.2) if turned else 0.0,
        room=rng.uniform(0.2, 2) if rng.random() < 0.7 else rng.uniform(2, 8),
        slant=rng.normal(0, 0.1),
        white=rng.random() < 0.4,
        background=kind.__name__,
        contrast=rng.uniform(45, 110) if rng.random() < 0.3 else rng.uniform(90, 230),
        coloured=rng.random() < 0.45,
        smooth=rng.random() < 0.65,
        lines=("", "hair", "thick")[rng.choice(3, p=(0.35, 0.35, 0.3))],
        behind=rng.random() < 0.3,
        wave=at_times(0.25, 1, 0.1 * height),
        ripple=(at_times(0.3, 0.6, 0.06 * letter), at_times(0.3, 0.6, 0.06 * letter)),
        scatter=at_times(0.15, 0.8, 0.1 * letter),
        damaged=rng.random() < 0.5,
        framed=rng.random() < 0.15,
    )


def sparse_style(rng: np.random.Generator) -> Style:
    """A style of wide white captchas with small letters far apart, of many colours, crossed by black hair lines."""
    height = int(rng.integers(64, 88))
    return Style(
        height=height,
        letter=height * rng.uniform(0.26, 0.66),
        gap=rng.uniform(0, 1.7),
        turn=rng.choice([0.0, 6.0, 12.0, 25.0]),
        hop=rng.uniform(0, 0.15),
        room=rng.uniform(0.5, 10),
        slant=rng.normal(0, 0.15),
        coloured=True,
        smooth=rng.random() < 0.85,
        lines="straight",
        behind=rng.random() < 0.5,
    )


def draw(rng: np.random.Generator, text: str, faces: Sequence[fonts.Face], style: Style) -> Captcha:
    """A captcha in a style, at most 780 pixels wide, blank for an empty text.

    Each letter is drawn in one of the faces. Where they have no lower case, the text becomes upper case.
    """
    if faces and all(capital(face.path) for face in faces):
        text = text.upper()
    scale = style.letter / DRAWN
    ink = lay_out(rng, text, [faces[i].path for i in rng.integers(len(faces), size=len(text))], style) if text else None
    width = (ink.mask.width * scale if ink else 3 * style.letter) + style.room * style.letter
    size = int(np.clip(width, 2.2 * style.height, WIDEST)), style.height
    paper = np.full(3, 255.0, np.float32) if style.white else degrade.colour(rng)
    tint = degrade.ink_colour(rng, paper, style.contrast)
    line = np.zeros(3, np.float32) if rng.random() < 0.4 else tint
    image, boxes = degrade.BY_NAME[style.background](rng, size, paper), np.zeros((0, 4), np.float32)
    if style.behind:
        image = cross(rng, image, line, style.lines)
    if ink:
        at = float(rng.random()), float(rng.random())
        ink = render.place(ink, size, scale, float(rng.normal(0, 2)), style.slant, at)
        if style.wave:
            ink = render.wave(ink, style.wave, rng.uniform(0.5, 3) * style.height, rng.uniform(0, 6.3))
        boxes = ink.boxes
        alpha = np.asarray(ink.mask, np.float32)[..., None] / 255
        alpha = alpha if style.smooth else np.float32(alpha > 0.45)
        image = image * (1 - alpha) + (colours(rng, ink, paper) if style.coloured else tint) * alpha
    if not style.behind:
        image = cross(rng, image, line, style.lines)
    for axis, amplitude in enumerate(style.ripple):
        image = degrade.ripple(rng, image, amplitude, axis) if amplitude else image
    image = degrade.scatter(rng, image, style.scatter) if style.scatter else image
    image = damage(rng, image, tint, style.contrast) if style.damaged else image
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if style.framed:
        image[[0, -1]] = image[:, [0, -1]] = line.astype(np.uint8)
    return Captcha(image, text, boxes, faces[0].family if text else "")


@cache
def capital(path: Path) -> bool:
    """Whether a face draws lower case as small or large capitals, so that case cannot be read."""

    def shape(letter: str) -> np.ndarray:
        mask = render.line(letter, path, 36).mask
        return np.asarray(mask.resize((24, 24), Image.Resampling.BILINEAR)) > 96

    def alike(a: np.ndarray, b: np.ndarray) -> float:
        return float((a & b).sum() / max((a | b).sum(), 1))

    return float(np.mean([alike(shape(c), shape(c.upper())) for c in "aeghnqrt"])) > 0.75


def lay_out(rng: np.random.Generator, text: str, faces: Sequence[Path], style: Style) -> render.Ink:
    """Letters of size DRAWN in a row, not much wider than WIDEST once they have the style's size."""
    gap = min(style.gap, WIDEST / (style.letter * len(text)) - 0.65)
    if not style.turn and len(set(faces)) == 1:
        return render.line(text, faces[0], DRAWN, gap * DRAWN)
    return render.dance(text, faces, DRAWN, rng, style.turn, style.hop, -gap)


def cross(rng: np.random.Generator, image: np.ndarray, tint: np.ndarray, lines: str) -> np.ndarray:
    """The picture crossed by a style's lines."""
    if lines == "hair":
        return degrade.strokes(rng, image, tint, int(rng.integers(1, 9)))
    if lines == "straight":
        return degrade.strokes(rng, image, np.zeros(3, np.float32), int(rng.integers(0, 8)), bent=0)
    for _ in range(int(rng.integers(1, 4)) if lines == "thick" else 0):
        image = degrade.polyline(rng, image, tint)
    return image


def colours(rng: np.random.Generator, ink: render.Ink, paper: np.ndarray) -> np.ndarray:
    """A random ink colour for each letter, some faint; a column takes its nearest letter's colour: (1, W, 3)."""
    each = [
        degrade.ink_colour(rng, paper, rng.uniform(22, 60) if rng.random() < 0.12 else rng.uniform(60, 230))
        for _ in ink.text
    ]
    centres = (ink.boxes[:, 0] + ink.boxes[:, 2]) / 2
    nearest = np.abs(np.arange(ink.mask.width)[:, None] - centres[None, :]).argmin(1)
    return np.stack(each)[nearest][None]
