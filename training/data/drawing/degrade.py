"""Backgrounds, colours and damage: what makes a drawn text hard to read.

Images are float32 (H, W, 3) in 0…255 until the end. Every function takes its random generator, so that a seed decides
everything. Backgrounds are split as fonts are: a test on unseen backgrounds uses kinds that training never drew.
"""

import io
from collections.abc import Callable

import numpy as np
from PIL import Image, ImageDraw, ImageFilter

Array = np.ndarray
Rng = np.random.Generator


def colour(rng: Rng) -> Array:
    """A random RGB colour, (3,)."""
    return rng.uniform(0, 255, 3).astype(np.float32)


def luma(rgb: Array) -> float:
    """Brightness of an RGB colour by ITU-R BT.601, 0…255."""
    return float(rgb @ np.array([0.299, 0.587, 0.114]))


def ink_colour(rng: Rng, paper: Array, contrast: float) -> Array:
    """A colour of any hue, darker or lighter than the paper by `contrast` grey levels, as far as there are any."""
    lighter, darker = luma(paper) + contrast <= 255, luma(paper) - contrast >= 0
    up = rng.random() < 0.5 if lighter == darker else lighter
    target = np.clip(luma(paper) + (contrast if up else -contrast), 0, 255)
    hue = colour(rng)
    return np.clip(hue + target - luma(hue), 0, 255).astype(np.float32)


def smooth(rng: Rng, size: tuple[int, int], cells: int) -> Array:
    """Smooth random field, (H, W) in -1…1, with about `cells` bumps across."""
    width, height = size
    rough = rng.uniform(-1, 1, (max(cells * height // width, 2), max(cells, 2))).astype(np.float32)
    return np.asarray(Image.fromarray(rough).resize(size, Image.Resampling.BICUBIC))


def plain(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    return np.broadcast_to(paper, (size[1], size[0], 3)).copy()


def gradient(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    angle, depth = rng.uniform(0, 2 * np.pi), rng.uniform(15, 60)
    x, y = np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1])
    ramp = x[None, :] * np.cos(angle) + y[:, None] * np.sin(angle)
    return paper + (ramp[..., None] * rng.uniform(-depth, depth, 3)).astype(np.float32)


def blotches(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    field = smooth(rng, size, int(rng.integers(4, 30)))
    return paper + field[..., None] * rng.uniform(-50, 50, 3).astype(np.float32)


def grain(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    """Paper: fine fibres over slow unevenness."""
    fine = rng.standard_normal((size[1], size[0]), np.float32) * rng.uniform(4, 14)
    return paper + (fine + smooth(rng, size, 6) * rng.uniform(5, 25))[..., None]


def stripes(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    angle, period = rng.uniform(0, np.pi), rng.uniform(4, 24)
    phase = np.arange(size[0])[None, :] * np.cos(angle) + np.arange(size[1])[:, None] * np.sin(angle)
    band = np.sin(2 * np.pi * phase / period + rng.uniform(0, 6.3))
    band = np.sign(band) if rng.random() < 0.5 else band
    return paper + (band[..., None] * rng.uniform(-28, 28, 3)).astype(np.float32)


def dots(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    image = Image.fromarray(np.clip(plain(rng, size, paper), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(20, 90))):
        x, y, r = rng.uniform(0, size[0]), rng.uniform(0, size[1]), rng.uniform(0.5, 3)
        tint = np.clip(paper + rng.uniform(-60, 60, 3), 0, 255).astype(int)
        draw.ellipse((x - r, y - r, x + r, y + r), fill=tuple(tint.tolist()))
    return np.asarray(image, np.float32)


def shapes(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    """Large overlapping polygons and ellipses, as a photo out of focus has them."""
    image = Image.fromarray(np.clip(plain(rng, size, paper), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    for _ in range(int(rng.integers(2, 8))):
        tint = tuple(np.clip(paper + rng.uniform(-45, 45, 3), 0, 255).astype(int).tolist())
        points = [tuple(p) for p in (rng.uniform(-0.2, 1.2, (int(rng.integers(3, 6)), 2)) * size).tolist()]
        if rng.random() < 0.5:
            draw.polygon(points, fill=tint)
        else:
            (x0, x1), (y0, y1) = sorted((points[0][0], points[1][0])), sorted((points[0][1], points[1][1]))
            draw.ellipse((x0, y0, x1, y1), fill=tint)
    if rng.random() < 0.7:
        image = image.filter(ImageFilter.GaussianBlur(rng.uniform(0.5, 4)))
    return np.asarray(image, np.float32)


def checks(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    cell = int(rng.integers(3, 14))
    board = (np.arange(size[0])[None, :] // cell + np.arange(size[1])[:, None] // cell) % 2 * 2 - 1
    return paper + (board[..., None] * rng.uniform(-25, 25, 3)).astype(np.float32)


def rings(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    x, y = np.arange(size[0]) - rng.uniform(0, size[0]), np.arange(size[1]) - rng.uniform(-1, 2) * size[1]
    band = np.sin(np.hypot(x[None, :], y[:, None]) * 2 * np.pi / rng.uniform(6, 30))
    return paper + (band[..., None] * rng.uniform(-35, 35, 3)).astype(np.float32)


def marble(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    vein = np.sin(np.pi * (smooth(rng, size, 8) * rng.uniform(1.5, 4) + np.linspace(0, rng.uniform(1, 6), size[0])))
    return paper + (np.abs(vein)[..., None] * rng.uniform(-60, 60, 3)).astype(np.float32)


def scribble(rng: Rng, size: tuple[int, int], paper: Array) -> Array:
    """Faint hatching, as on a cheque."""
    image = Image.fromarray(np.clip(plain(rng, size, paper), 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(image)
    tint = tuple(np.clip(paper + rng.uniform(-40, 40, 3), 0, 255).astype(int).tolist())
    slope = rng.uniform(-2, 2)
    for x in np.arange(-2 * size[1], size[0] + 2 * size[1], rng.uniform(5, 14)):
        draw.line((x, 0, x + slope * size[1], size[1]), fill=tint)
        draw.line((x, size[1], x + slope * size[1], 0), fill=tint)
    return np.asarray(image, np.float32)


def scene(rng: Rng, size: tuple[int, int]) -> Array:
    """What a photo is made of: things before things, of every size, each with its own shade, grain and blur.

    The dead leaves model of natural images (Lee, Mumford & Huang 2001): radii follow a power law.
    """
    width, height = size
    few = rng.uniform(0, 255, (int(rng.integers(2, 7)), 3)).astype(np.float32)  # a scene has few materials
    grey = few.mean(1, keepdims=True)
    few = grey + (few - grey) * rng.choice([0, 0.3, 0.6, 1])
    if rng.random() < 0.25:
        few[0] = rng.uniform(225, 255)  # a thing on white
    image = to_image(gradient(rng, size, few[0]))
    centre = rng.uniform(0.2, 0.8, 2) * size
    together = rng.random() < 0.4  # one thing in the middle of the picture, or things all over it
    for _ in range(int(rng.integers(5, 45))):
        radius = min(0.05 * (1 - rng.random()) ** -0.8, 0.5) * max(size)
        at = rng.normal(centre, 0.15 * max(size), 2) if together else rng.random(2) * size
        turn, flat = rng.uniform(0, np.pi), rng.uniform(0.2, 1)
        angular = rng.random() < 0.4
        angles = np.sort(rng.uniform(0, 2 * np.pi, rng.integers(3, 6))) if angular else np.linspace(0, 6.2, 24)
        x, y = np.cos(angles) * radius, np.sin(angles) * radius * flat
        points = np.stack([x * np.cos(turn) - y * np.sin(turn), x * np.sin(turn) + y * np.cos(turn)], 1) + at
        mask = Image.new("L", size)
        ink = ImageDraw.Draw(mask)
        if rng.random() < 0.25:  # a branch, a wire, an edge
            ink.line([tuple(point) for point in points[: len(points) // 2 + 1].tolist()], 255, int(rng.integers(1, 5)))
        else:
            ink.polygon([tuple(point) for point in points.tolist()], 255)
        thing = few[rng.integers(len(few))] + rng.uniform(-25, 25, 3)
        skin = gradient(rng, size, thing) + smooth(rng, size, int(rng.integers(6, 60)))[..., None] * rng.uniform(0, 40)
        image.paste(to_image(skin), mask=mask)
    return blur(np.asarray(image, np.float32), rng.uniform(0, 1.2))


Background = Callable[[Rng, tuple[int, int], Array], Array]
BACKGROUNDS: dict[str, tuple[Background, ...]] = {
    "train": (plain, gradient, blotches, grain, stripes, dots, shapes),
    "validation": (plain, marble),
    "test": (checks, rings, scribble),
}
BY_NAME: dict[str, Background] = {kind.__name__: kind for split in BACKGROUNDS.values() for kind in split}


def strokes(rng: Rng, image: Array, tint: Array, count: int, bent: float = 0.5) -> Array:
    """Lines and arcs across the picture in the ink's colour or near it, a share `bent` of them arcs."""
    canvas = Image.fromarray(np.clip(image, 0, 255).astype(np.uint8))
    draw = ImageDraw.Draw(canvas)
    width, height = canvas.size
    for _ in range(count):
        ink = tuple(np.clip(tint + rng.uniform(-40, 40, 3), 0, 255).astype(int).tolist())
        x0, x1 = np.sort(rng.uniform(-0.1, 1.1, 2)) * width
        y0, y1 = rng.uniform(0, height, 2)
        thick = int(rng.integers(1, 3))
        if rng.random() < 1 - bent:
            draw.line((x0, y0, x1, y1), fill=ink, width=thick)
        else:
            start = rng.uniform(0, 360)
            box = (x0, min(y0, y1) - 0.3 * height, x1 + 1, max(y0, y1) + 0.3 * height)
            draw.arc(box, start, start + rng.uniform(60, 200), fill=ink, width=thick)
    return np.asarray(canvas, np.float32)


def polyline(rng: Rng, image: Array, tint: Array) -> Array:
    """One stroke with joints from side to side or through a part, as thick as a letter's at most."""
    canvas = to_image(image)
    width, height = canvas.size
    joints = int(rng.integers(2, 6))
    x = np.sort(rng.uniform(-0.05, 1.05, joints)) * width
    y = np.clip(rng.uniform(0, height) + np.cumsum(rng.normal(0, 0.2 * height, joints)), -2, height + 2)
    points = np.stack([x, y], 1).tolist()
    thick = rng.integers(1, max(height // 14, 2) + 1, joints)
    draw = ImageDraw.Draw(canvas)
    for (x0, y0), (x1, y1), wide in zip(points, points[1:], thick.tolist(), strict=False):
        draw.line((x0, y0, x1, y1), fill=tuple(np.clip(tint, 0, 255).astype(int).tolist()), width=wide)
    return np.asarray(canvas, np.float32)


def ripple(rng: Rng, image: Array, amplitude: float, axis: int) -> Array:
    """Rows (axis 1) or columns (axis 0) shifted by whole pixels along a sine: ragged edges, as cheap captchas have."""
    lines = np.arange(image.shape[1 - axis])
    shift = np.rint(amplitude * np.sin(2 * np.pi * lines / rng.uniform(3, 60) + rng.uniform(0, 6.3))).astype(int)
    along = np.arange(image.shape[axis])
    taken = np.clip(along[:, None] + shift[None, :], 0, len(along) - 1)  # (along, lines)
    return image[taken, lines[None, :]] if axis == 0 else image[lines[:, None], taken.T]


def scatter(rng: Rng, image: Array, radius: float) -> Array:
    """Pixels taken from up to `radius` away, more in one part of the picture than in another."""
    height, width = image.shape[:2]
    reach = (smooth(rng, (width, height), int(rng.integers(2, 6))) + 1) / 2 * radius
    dy, dx = (np.rint(rng.uniform(-1, 1, (height, width)) * reach * rng.uniform(0.2, 1)).astype(int) for _ in "yx")
    y = np.clip(np.arange(height)[:, None] + dy, 0, height - 1)
    x = np.clip(np.arange(width)[None, :] + dx, 0, width - 1)
    return image[y, x]


def speckle(rng: Rng, image: Array, share: float) -> Array:
    """A share of the pixels replaced by random colours."""
    count = int(share * image.shape[0] * image.shape[1])
    image = image.copy()
    rows, columns = rng.integers(0, image.shape[0], count), rng.integers(0, image.shape[1], count)
    image[rows, columns] = rng.uniform(0, 255, (count, 3))
    return image


def gaussian_noise(rng: Rng, image: Array, sigma: float) -> Array:
    """Independent noise on every pixel and channel; sigma in grey levels of 255."""
    return image + rng.standard_normal(image.shape, np.float32) * np.float32(sigma)


def resample(image: Array, factor: float) -> Array:
    """The picture scaled down by `factor` and up again: the loss of a small upload."""
    picture = to_image(image)
    small = picture.resize((max(int(picture.width * factor), 8), max(int(picture.height * factor), 8)))
    return np.asarray(small.resize(picture.size, Image.Resampling.BILINEAR), np.float32)


def blur(image: Array, radius: float) -> Array:
    return np.asarray(to_image(image).filter(ImageFilter.GaussianBlur(radius)), np.float32)


def jpeg(image: Array, quality: int) -> Array:
    buffer = io.BytesIO()
    to_image(image).save(buffer, "JPEG", quality=quality)
    return np.asarray(Image.open(buffer), np.float32)


def to_image(image: Array) -> Image.Image:
    return Image.fromarray(np.clip(np.rint(image), 0, 255).astype(np.uint8))
