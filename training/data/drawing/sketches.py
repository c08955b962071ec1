"""Persian digits in shapes that no font has: pen strokes along a few control points, each time other ones.

Fonts are few beside the ways in which a digit can be drawn, and most of them are alike; a network that knows no other
takes an unusual two for a three. Here a two is a stem with one cup beside its top, round or square, wide or narrow, and
whatever pen it is drawn with.
"""

import numpy as np
from PIL import Image, ImageDraw
from scipy.interpolate import CubicSpline

LINE = 96  # pixels: height of a line
FINE = 2  # times as large while it is drawn

# The ways to draw a digit: strokes, apart by a slash, of points x,y in percent of the digit's height, from its top.
SHAPES = {
    "۱": (
        "30,0 34,50 36,100",
        "22,12 32,0 36,50 38,100",
    ),
    "۲": (
        "20,100 18,50 12,0 22,27 50,30 68,0",
        "20,100 20,50 20,0 / 20,30 45,32 70,30 70,0",
        "24,100 20,50 10,2 40,20 75,8",
        "20,100 20,2 70,2",
    ),
    "۳": (
        "20,100 18,50 10,0 20,25 36,25 42,2 50,25 70,25 78,0",
        "20,100 20,50 20,0 / 20,30 80,30 80,0 / 50,30 50,2",
        "22,100 18,50 8,0 28,28 44,2 62,28 86,0",
    ),
    "۴": (
        "20,100 18,50 12,0 / 72,4 40,10 36,30 72,34 / 72,34 16,40",
        "20,100 20,0 / 75,5 45,5 45,32 / 75,32 20,32",
        "20,100 20,50 20,4 / 20,8 58,2 72,20 58,36 20,36",
        "20,100 18,50 12,0 18,34 44,36 62,20 46,4",
        "20,100 20,0 / 76,6 52,4 46,24 72,32 / 72,32 20,32",
    ),
    "٤": (
        "62,6 25,12 20,36 52,44 / 52,44 12,60 14,88 66,98",
        "60,2 16,24 52,46 / 52,46 8,72 62,98",
    ),
    "۵": (
        "42,0 12,40 6,80 26,100 42,78 60,100 80,78 72,40 42,0",
        "30,0 62,30 78,75 58,98 40,75 22,98 6,70 18,35 44,10",
        "12,14 10,92 58,98 66,2 12,14",
    ),
    "٥": (
        "40,8 10,30 10,75 40,98 70,75 70,30 40,8",
        "12,14 10,92 58,98 66,2 12,14",
        "40,46 12,60 14,86 40,98 66,86 66,60 40,46",
    ),
    "۶": (
        "70,2 30,4 16,24 36,40 74,36 / 74,36 36,55 14,100",
        "72,5 20,5 20,38 75,38 20,100",
    ),
    "٦": (
        "8,6 40,10 66,2 66,50 72,100",
        "10,0 12,14 62,12 62,50 62,100",
    ),
    "۷": (
        "5,0 24,50 40,100 56,50 75,0",
        "8,0 12,70 40,100 68,70 72,0",
    ),
    "۸": (
        "5,100 24,50 40,0 56,50 75,100",
        "8,100 12,30 40,0 68,30 72,100",
    ),
    "۹": (
        "64,30 40,2 12,22 34,46 64,36 / 62,10 64,50 70,100",
        "66,40 14,40 14,3 66,3 66,50 66,100",
        "62,34 36,2 10,24 32,46 62,34 50,70 30,100",
    ),
}
SAME = dict(zip("٠١٢٣٧٨٩", "۰۱۲۳۷۸۹", strict=True))  # Arabic digits that have the shape of the Persian ones


def strokes(shape: str) -> list[np.ndarray]:
    """The control points of each stroke of a shape, (n, 2), 0…1."""
    return [np.array([point.split(",") for point in stroke.split()], float) / 100 for stroke in shape.split("/")]


def path(rng: np.random.Generator, stroke: np.ndarray, slack: float) -> np.ndarray:
    """A stroke's points, (n, 2), close together: angular, round, or between the two."""
    points = stroke + rng.normal(0, slack, stroke.shape)
    at = np.linspace(0, len(points) - 1, 24 * (len(points) - 1) + 1)
    straight = np.stack([np.interp(at, range(len(points)), points[:, axis]) for axis in (0, 1)], 1)
    if len(points) == 2:
        return straight
    # by the lengths between them, so that no loop comes where two are close
    apart = np.cumsum([0, *np.maximum(np.hypot(*np.diff(points, axis=0).T), 0.03)])
    round_ = CubicSpline(apart, points)(np.interp(at, range(len(points)), apart))
    share = rng.choice([0.0, 1.0, rng.random()], p=(0.35, 0.4, 0.25))
    return np.asarray(share * round_ + (1 - share) * straight)


def sketched(rng: np.random.Generator, digit: str) -> Image.Image:
    """A digit as ink (L, white on black) on a line LINE pixels high."""
    digit = SAME.get(digit, digit)
    tall = LINE * FINE * rng.uniform(0.42, 0.68)
    foot = LINE * FINE * rng.uniform(0.66, 0.84)
    stretch, slant = rng.uniform(0.7, 1.35), rng.normal(0, 0.12)
    if digit == "۰":
        pen, lines = tall * rng.uniform(0.13, 0.26), [np.array([[0.4, rng.uniform(0.35, 0.65)]])]
    else:
        pen = tall * float(np.exp(rng.uniform(np.log(0.05), np.log(0.22))))
        shape = SHAPES[digit][int(rng.integers(len(SHAPES[digit])))]
        lines = [path(rng, stroke, 0.035) for stroke in strokes(shape)]
    flat, turn = rng.choice([1.0, rng.uniform(0.25, 0.7)], p=(0.65, 0.35)), rng.uniform(0, np.pi)
    flat = max(flat, 0.7) if digit == "۰" else flat  # else it would be a dash
    corners = np.linspace(0, 2 * np.pi, 13 if rng.random() < 0.7 else 5)[:-1] + turn
    nib = np.stack([np.cos(corners), flat * np.sin(corners)], 1) * pen / 2
    nib = nib @ np.array([[np.cos(turn), np.sin(turn)], [-np.sin(turn), np.cos(turn)]])
    canvas = Image.new("L", (int(tall * (stretch + 1)), LINE * FINE))
    draw = ImageDraw.Draw(canvas)
    for line in lines:
        x = (line[:, 0] * stretch - slant * (line[:, 1] - 1)) * tall + 0.4 * tall
        y = line[:, 1] * (tall - pen) + foot - tall + pen / 2
        gone = np.cumsum([0, *np.hypot(np.diff(x), np.diff(y))])
        steps = np.linspace(0, gone[-1], int(gone[-1] / (0.2 * flat * pen)) + 2)
        for at in np.stack([np.interp(steps, gone, x), np.interp(steps, gone, y)], 1):
            draw.polygon([tuple(corner) for corner in (nib + at).tolist()], 255)
    left, _, right, _ = canvas.getbbox() or (0, 0, 1, 1)
    return canvas.crop((left, 0, right, canvas.height)).resize(((right - left) // FINE + 1, LINE), Image.Resampling.BOX)
