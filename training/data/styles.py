"""Captchas in the styles of many sites: any size, sparse or crowded, letters of many colours, ragged, crossed out."""

import random
from functools import cache
from pathlib import Path
from unittest import mock

import captcha.image
import numpy as np
from PIL import Image

from training.data import degrade, fonts, render
from training.data.drawing import Captcha, damage

WIDEST = 780  # pixels
DRAWN = 48  # pixels: the size that letters are drawn at, before they are scaled


def draw(rng: np.random.Generator, text: str, split: fonts.Split) -> Captcha:
    """A captcha of a random style, 26 to 84 pixels high and 70 to 780 wide; blank for an empty text.

    The split's own fonts are used; in training, also those of `display`.
    """
    if text and rng.random() < 0.1:
        return packaged(rng, text, split)
    height = int(rng.integers(26, 85))
    letter = max(height * rng.uniform(0.38, 0.9), 13)  # height of the letters
    faces = choose(rng, len(text), split)
    if all(capital(face.path) for face in faces):
        text = text.upper()
    scale = letter / DRAWN
    ink = lay_out(rng, text, [face.path for face in faces], WIDEST / scale) if text else None
    room = letter * (rng.uniform(0.2, 2) if rng.random() < 0.7 else rng.uniform(2, 8))
    width = int(np.clip((ink.mask.width * scale if ink else 3 * letter) + room, 2.2 * height, WIDEST))
    size = width, height
    paper = np.full(3, 255.0, np.float32) if rng.random() < 0.4 else degrade.colour(rng)
    kinds = degrade.BACKGROUNDS[split]
    kind = degrade.plain if rng.random() < 0.5 else kinds[rng.integers(len(kinds))]
    image = kind(rng, size, paper)
    contrast = rng.uniform(45, 110) if rng.random() < 0.3 else rng.uniform(90, 230)
    tint = degrade.ink_colour(rng, paper, contrast)
    line = np.zeros(3, np.float32) if rng.random() < 0.4 else tint
    behind = rng.random() < 0.3  # lines run behind the letters or over them
    boxes = np.zeros((0, 4), np.float32)
    if behind:
        image = lines(rng, image, line)
    if ink:
        at = float(rng.random()), float(rng.random())
        ink = render.place(ink, size, scale, float(rng.normal(0, 2)), float(rng.normal(0, 0.1)), at)
        if rng.random() < 0.25:
            ink = render.wave(ink, rng.uniform(1, 0.1 * height), rng.uniform(0.5, 3) * height, rng.uniform(0, 6.3))
        boxes = ink.boxes
        alpha = np.asarray(ink.mask, np.float32)[..., None] / 255
        if rng.random() < 0.35:  # drawn without smoothing
            alpha = np.float32(alpha > 0.45)
        image = image * (1 - alpha) + colours(rng, ink, paper, tint) * alpha
    if not behind:
        image = lines(rng, image, line)
    if rng.random() < 0.3:
        image = degrade.ripple(rng, image, rng.uniform(0.6, 0.06 * letter), 0)
    if rng.random() < 0.3:
        image = degrade.ripple(rng, image, rng.uniform(0.6, 0.06 * letter), 1)
    if rng.random() < 0.15:
        image = degrade.scatter(rng, image, rng.uniform(0.8, 0.1 * letter))
    if rng.random() < 0.5:
        image = damage(rng, image, tint, contrast)
    image = np.clip(np.rint(image), 0, 255).astype(np.uint8)
    if rng.random() < 0.15:  # a frame
        image[[0, -1]] = image[:, [0, -1]] = line.astype(np.uint8)
    return Captcha(image, text, boxes, faces[0].family if faces else "")


def choose(rng: np.random.Generator, letters: int, split: fonts.Split) -> list[fonts.Face]:
    """A face for every letter, mostly one and the same."""
    odd = split == "train" and rng.random() < 0.5
    every = fonts.faces("display" if odd else split)
    if rng.random() < 0.8:
        return [every[rng.integers(len(every))]] * letters
    few = [every[i] for i in rng.integers(len(every), size=3)]
    return [few[i] for i in rng.integers(3, size=letters)]


@cache
def capital(path: Path) -> bool:
    """Whether a face draws lower case as small or large capitals, so that case cannot be read."""

    def shape(letter: str) -> np.ndarray:
        mask = render.line(letter, path, 36).mask
        return np.asarray(mask.resize((24, 24), Image.Resampling.BILINEAR)) > 96

    def alike(a: np.ndarray, b: np.ndarray) -> float:
        return float((a & b).sum() / max((a | b).sum(), 1))

    return float(np.mean([alike(shape(c), shape(c.upper())) for c in "aeghnqrt"])) > 0.75


def lay_out(rng: np.random.Generator, text: str, faces: list[Path], widest: float) -> render.Ink:
    """Letters of size DRAWN in a row, crowded or far apart, straight or turned, about `widest` pixels at most."""
    crowding = rng.random()
    gap = rng.uniform(-0.12, 0.05) if crowding < 0.25 else rng.uniform(0, 0.35)
    if crowding > 0.7:
        gap = rng.uniform(0.35, 1.8)
    gap = min(gap, widest / (DRAWN * len(text)) - 0.65)
    if len(set(faces)) == 1 and rng.random() < 0.4:
        return render.line(text, faces[0], DRAWN, gap * DRAWN)
    turn = 0.0 if rng.random() < 0.25 else rng.choice([12.0, 25.0, 45.0])
    return render.dance(text, faces, DRAWN, rng, turn, rng.uniform(0, 0.2), -gap)


def lines(rng: np.random.Generator, image: np.ndarray, tint: np.ndarray) -> np.ndarray:
    """No line, or a few: hair lines, arcs, or thick ones with joints."""
    kind = rng.random()
    if kind < 0.35:
        return image
    if kind < 0.7:
        return degrade.strokes(rng, image, tint, int(rng.integers(1, 9)))
    for _ in range(int(rng.integers(1, 4))):
        image = degrade.polyline(rng, image, tint)
    return image


def colours(rng: np.random.Generator, ink: render.Ink, paper: np.ndarray, tint: np.ndarray) -> np.ndarray:
    """The ink's colour at every pixel, (1, W, 3): one for all letters, or each its own, at times a faint one."""
    if rng.random() < 0.55:
        return tint[None, None]
    each = [
        degrade.ink_colour(rng, paper, rng.uniform(22, 60) if rng.random() < 0.12 else rng.uniform(60, 230))
        for _ in ink.text
    ]
    centres = (ink.boxes[:, 0] + ink.boxes[:, 2]) / 2
    nearest = np.abs(np.arange(ink.mask.width)[:, None] - centres[None, :]).argmin(1)
    return np.stack(each)[nearest][None]


class Dice(random.Random):
    """A seeded stand-in for the module `secrets`, in the three functions that the package captcha asks of it."""

    def randbelow(self, limit: int) -> int:
        return self.randrange(limit)

    def randbits(self, bits: int) -> int:
        return self.getrandbits(bits)


def packaged(rng: np.random.Generator, text: str, split: fonts.Split) -> Captcha:
    """A captcha of the package `captcha` (its letters' places are not told)."""
    height = int(rng.integers(40, 85))
    width = int(min(height * max(0.55 * len(text) + rng.uniform(0, 0.6), 1.5), WIDEST))
    face = choose(rng, 1, split)[0]
    if capital(face.path):
        text = text.upper()
    sizes = tuple(int(round(height / 12) * 12 * part) for part in (0.6, 0.72, 0.85))
    maker = captcha.image.ImageCaptcha(width, height, [str(face.path)], sizes)
    with mock.patch.object(captcha.image, "secrets", Dice(int(rng.integers(2**32)))):
        image = maker.generate_image(text)
    return Captcha(np.asarray(image.convert("RGB")), text, np.zeros((0, 4), np.float32), face.family)
