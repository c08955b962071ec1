"""A text to a captcha: laid out, inked on a background, damaged."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from PIL import ImageChops, ImageFilter

from training.data import folder
from training.data.drawing import degrade, fonts, render

SIZE = (192, 48)  # width, height of most captchas


@dataclass(frozen=True)
class Captcha:
    """A drawn captcha: uint8 (H, W, 3), its text, its letters' boxes in pixels (n, 4), its font family."""

    image: np.ndarray
    text: str
    boxes: np.ndarray
    family: str = ""


def row_of(drawn: Captcha) -> folder.Row:
    """A captcha's row of metadata; boxes are left, top, right, bottom of each letter, separated by spaces."""
    return {"text": drawn.text, "font": drawn.family, "boxes": " ".join(f"{v:.1f}" for v in drawn.boxes.ravel())}


def draw(rng: np.random.Generator, text: str, split: fonts.Split, size: tuple[int, int] = SIZE) -> Captcha:
    """A captcha of a random kind in the split's fonts and on the split's backgrounds; blank for an empty text."""
    kinds = degrade.BACKGROUNDS["train" if split == "study" else split]
    paper = degrade.colour(rng)
    image = kinds[rng.integers(len(kinds))](rng, size, paper)
    contrast = rng.uniform(60, 110) if rng.random() < 0.35 else rng.uniform(90, 220)
    tint = degrade.ink_colour(rng, paper, contrast)
    boxes, family = np.zeros((0, 4), np.float32), ""
    if text:
        face = fonts.faces(split)[rng.integers(len(fonts.faces(split)))]
        ink = lay_out(rng, text, face.path, size)
        boxes, family = ink.boxes, face.family
        mask = ink.mask
        if contrast > 120 and rng.random() < 0.05:  # outlined letters
            mask = ImageChops.difference(mask.filter(ImageFilter.MaxFilter(3)), mask)
        alpha = np.asarray(mask, np.float32)[..., None] / 255 * rng.uniform(0.85, 1.0)
        fade = degrade.smooth(rng, size, 3)[..., None] * rng.uniform(-40, 40, 3) if rng.random() < 0.3 else 0.0
        image = image * (1 - alpha) + (tint + fade) * alpha
    image = damage(rng, np.asarray(image, np.float32), tint, contrast)
    return Captcha(np.clip(np.rint(image), 0, 255).astype(np.uint8), text, boxes, family)


def sample(
    text: str, font: Path, background: str, noise: float, ink: tuple[int, int, int], rng: np.random.Generator
) -> Captcha:
    """A captcha as asked for: straight text in one font on a background of `degrade.BY_NAME`.

    The paper is light under dark ink and dark under light ink; `noise` is a standard deviation in grey levels.
    """
    tint = np.array(ink, np.float32)
    paper = np.array([232, 226, 214] if degrade.luma(tint) < 128 else [44, 48, 58], np.float32)
    image = degrade.BY_NAME[background](rng, SIZE, paper)
    line = render.line(text, font, 36)
    drawn = render.place(
        line, SIZE, min(0.92 * SIZE[0] / line.mask.width, 0.8 * SIZE[1] / line.mask.height), 0, 0, (0.5, 0.5)
    )
    alpha = np.asarray(drawn.mask, np.float32)[..., None] / 255
    image = degrade.gaussian_noise(rng, image * (1 - alpha) + tint * alpha, noise)
    return Captcha(np.asarray(degrade.to_image(image)), text, drawn.boxes, font.stem)


def lay_out(rng: np.random.Generator, text: str, font: Path, size: tuple[int, int]) -> render.Ink:
    """Text as captchas set it: in a line or dancing, waved, scaled, sheared, turned, anywhere on the canvas."""
    if rng.random() < 0.7:
        ink = render.line(text, font, 36, max(rng.normal(0.5, 2.0), -1.5) if rng.random() < 0.5 else 0.0)
    else:
        ink = render.dance(text, [font] * len(text), 36, rng, turn=18, hop=0.12, overlap=rng.uniform(-0.02, 0.08))
    fill = rng.uniform(0.65, 1.0) * size[0] / ink.mask.width, rng.uniform(0.45, 0.95) * size[1] / ink.mask.height
    at = (float(rng.random()), float(rng.random()))
    ink = render.place(ink, size, min(*fill, 1.4), float(rng.normal(0, 3)), float(rng.normal(0, 0.12)), at)
    if rng.random() < 0.25:
        ink = render.wave(ink, rng.uniform(1, 0.07 * size[1]), rng.uniform(0.3, 1.5) * size[0], rng.uniform(0, 6.3))
    return ink


def damage(rng: np.random.Generator, image: np.ndarray, tint: np.ndarray, contrast: float) -> np.ndarray:
    """Lines, blur, a small upload, noise, speckle, compression: each sometimes, none beyond what a person can read."""
    if rng.random() < 0.25:
        image = degrade.strokes(rng, image, tint, int(rng.integers(1, 5)))
    if rng.random() < 0.2:
        image = degrade.blur(image, rng.uniform(0.4, 1.1))
    if rng.random() < 0.2:
        image = degrade.resample(image, rng.uniform(0.5, 0.9))
    if rng.random() < 0.65:
        image = degrade.gaussian_noise(rng, image, rng.uniform(3, min(0.3 * contrast, 30)))
    if rng.random() < 0.2:
        image = degrade.speckle(rng, image, rng.uniform(0.01, 0.08))
    if rng.random() < 0.3:
        image = degrade.jpeg(image, int(rng.integers(15, 75)))
    return image


def draw_scene(rng: np.random.Generator) -> Captcha:
    """A picture like a photo, without text: a captcha's or a photo's shape, at times damaged as captchas are."""
    size = SIZE if rng.random() < 0.3 else (int(rng.integers(60, 193)), int(rng.integers(40, 193)))
    image = degrade.scene(rng, size)
    if rng.random() < 0.3:
        image = damage(rng, image, degrade.colour(rng), 120)
    return Captcha(np.asarray(degrade.to_image(image)), "", np.zeros((0, 4), np.float32))
