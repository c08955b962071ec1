"""Damage of scanned print: what a typewriter, a pen, a stamp, a copier and a camera do to a text.

Text comes as a mask of ink, 8 bits, 255 where there is ink; pictures are float32 (H, W, 3) in 0…255. Every function
takes its random generator, so that a seed decides everything.
"""

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

from training.data.drawing import degrade
from training.data.drawing.degrade import Array, Rng

LEVEL = 4.0  # times its height, what is wider than this is turned less


def bled(rng: Rng, mask: Image.Image, amount: float) -> Image.Image:
    """Ink that has run into the paper, more at some places than at others; `amount` in pixels."""
    soft = np.asarray(mask.filter(ImageFilter.GaussianBlur(amount)), np.float32)
    rough = 127 * (0.55 + 0.25 * degrade.smooth(rng, mask.size, max(mask.width // 6, 2)))
    run = np.clip((soft - rough) * 4 + 128, 0, 255)
    return Image.fromarray(np.maximum(run, np.asarray(mask)).astype(np.uint8))


def broken(rng: Rng, mask: Image.Image, share: float) -> Image.Image:
    """Ink that did not take, in spots and streaks over a share of the text."""
    cells = max(mask.width // int(rng.integers(3, 9)), 2)
    field = degrade.smooth(rng, mask.size, cells)
    gone = field > np.quantile(field, 1 - share)
    return Image.fromarray(np.where(gone, 0, np.asarray(mask)).astype(np.uint8))


def worn(mask: Image.Image) -> Image.Image:
    """Strokes a pixel thinner on all sides, as far as they are not thin already."""
    thin = mask.filter(ImageFilter.MinFilter(3))
    left = (np.asarray(thin) > 127).sum() > 0.35 * (np.asarray(mask) > 127).sum()
    return thin if left else mask


def uneven(rng: Rng, image: Array) -> Array:
    """Light that falls off to a side, or a shadow across."""
    height, width = image.shape[:2]
    light = degrade.smooth(rng, (width, height), int(rng.integers(1, 4))) * rng.uniform(0.05, 0.25)
    return image * (1 - rng.uniform(0, 0.15) + light[..., None])


def ruled(rng: Rng, image: Array) -> Array:
    """Lines of a form, thin, through the whole picture: dotted or full, lying, at times a standing one."""
    picture = degrade.to_image(image)
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    shade = tuple(int(v) for v in np.clip(rng.uniform(30, 150) + rng.normal(0, 12, 3), 0, 255))
    tilt = rng.normal(0, 0.012) * width
    thick = max(round(height * rng.uniform(0.01, 0.04)), 1)
    for _ in range(int(rng.integers(1, 3))):
        if rng.random() < 0.2:
            x = rng.choice([rng.uniform(0, 0.06), rng.uniform(0.94, 1)]) * width
            draw.line((x, 0, x + rng.normal(0, 1), height), shade, thick)
            continue
        y = rng.choice([rng.uniform(0, 0.12), rng.uniform(0.8, 1)]) * height
        if rng.random() < 0.5:
            draw.line((0, y, width, y + tilt), shade, thick)
        else:
            step = rng.uniform(2.5, 5) * thick
            for x in np.arange(rng.uniform(0, step), width, step):
                at = y + tilt * x / width
                draw.ellipse((x, at, x + thick, at + thick), shade)
    return np.asarray(picture, np.float32)


def stamped(rng: Rng, image: Array) -> Array:
    """A piece of a rubber stamp: rings or a frame in blue, violet, red or green, through which the text is seen."""
    height, width = image.shape[:2]
    mask = Image.new("L", (width, height))
    draw = ImageDraw.Draw(mask)
    thick = max(round(height * rng.uniform(0.03, 0.07)), 1)
    x, y, reach = rng.uniform(-0.3, 1.3) * width, rng.uniform(-0.6, 1.6) * height, rng.uniform(0.7, 2.2) * height
    for inner in (0, rng.uniform(2, 4) * thick):
        box = (x - reach + inner, y - reach + inner, x + reach - inner, y + reach - inner)
        if rng.random() < 0.7:
            draw.ellipse(box, outline=255, width=thick)
        else:
            draw.rectangle(box, outline=255, width=thick)
    patchy = np.asarray(mask, np.float32) / 255 * (0.75 + 0.25 * degrade.smooth(rng, mask.size, max(width // 8, 2)))
    tint = np.array([(50, 60, 170), (110, 40, 150), (190, 40, 50), (30, 120, 90)][int(rng.integers(4))], np.float32)
    alpha = patchy[..., None] * rng.uniform(0.25, 0.6)
    return image * (1 - alpha + alpha * tint / 255)


def specked(rng: Rng, image: Array, share: float) -> Array:
    """Dirt and dust: dark and light specks of one to three pixels on a share of the picture."""
    picture = degrade.to_image(image)
    draw = ImageDraw.Draw(picture)
    width, height = picture.size
    for _ in range(rng.poisson(share * width * height / 3)):
        x, y, size = rng.uniform(0, width), rng.uniform(0, height), rng.choice([0, 1, 2], p=(0.6, 0.3, 0.1))
        shade = int(rng.uniform(0, 90) if rng.random() < 0.6 else rng.uniform(190, 255))
        draw.ellipse((x, y, x + size, y + size), (shade,) * 3)
    return np.asarray(picture, np.float32)


def black_or_white(rng: Rng, image: Array) -> Array:
    """Binarises a picture as a fax does: pixels clearly darker than their surroundings become ink."""
    grey = Image.fromarray(np.clip(image.mean(2), 0, 255).astype(np.uint8))
    around = np.asarray(grey.filter(ImageFilter.GaussianBlur(grey.height / 2)), np.float32)
    values = np.asarray(grey, np.float32)
    contrast = max(np.quantile(values, 0.98) - values.min(), 40.0)
    ink = values < around - contrast * rng.uniform(0.12, 0.3)
    return np.repeat(np.where(ink, 0.0, 255.0)[..., None], 3, axis=2).astype(np.float32)


def scanned(rng: Rng, mask: Image.Image, height: int) -> Array:
    """A text as a bad scan has it, `height` pixels high: float32 (height, W, 3).

    Each kind of damage is there sometimes; several together are usual.

    Args:
        rng: decides all.
        mask: the ink with its margins, about twice as large as the result.
        height: of the result.
    """
    if rng.random() < 0.7:
        most = min(1.0, LEVEL * mask.height / mask.width)  # the ends of a long line would leave the picture
        mask = mask.rotate(rng.normal(0, 1.6) * most, Image.Resampling.BICUBIC)
    unit = mask.height / 100
    kind = rng.random()
    if kind < 0.35:
        mask = bled(rng, mask, unit * rng.uniform(1.0, 2.6))
    elif kind < 0.7:
        mask = broken(rng, mask, rng.uniform(0.05, 0.18))
    elif kind < 0.8:
        mask = worn(mask)
    small = mask.resize((max(round(mask.width * height / mask.height), 4), height), Image.Resampling.BOX)
    alpha = np.asarray(small, np.float32)[..., None] / 255
    if (inked := alpha[alpha > 0.05]).size:  # a hair line may be pale, but is there
        alpha = np.minimum(alpha * max(0.7 / float(np.quantile(inked, 0.95)), 1), 1)
    paper = rng.uniform(185, 255) + rng.normal(0, 5, 3)
    tint = rng.uniform(0, 95) + rng.normal(0, 8, 3)
    image = np.asarray(paper * (1 - alpha) + tint * alpha, np.float32)
    if rng.random() < 0.35:
        image = ruled(rng, image)
    if rng.random() < 0.25:
        image = stamped(rng, image)
    if rng.random() < 0.5:
        image = uneven(rng, image)
    if rng.random() < 0.55:
        image = degrade.blur(image, height / 48 * rng.uniform(0.4, 1.2))
    if rng.random() < 0.4:
        image = degrade.resample(image, rng.uniform(0.45, 0.85))
    if rng.random() < 0.6:
        image = degrade.gaussian_noise(rng, image, rng.uniform(3, 20))
    if rng.random() < 0.4:
        image = specked(rng, image, rng.uniform(0.003, 0.02))
    if rng.random() < 0.3:
        image = black_or_white(rng, image)
    if rng.random() < 0.5:
        image = degrade.jpeg(image, int(rng.integers(12, 70)))
    return image
