"""Persian digits in endless hands: strokes with joints that every hand puts elsewhere and rounds as it likes.

No set of fonts is large enough to know a digit by: a reader that has seen ۸ with straight sides alone takes one with a
round head for ۵. A digit here is one or a few strokes in a box that is 1 high, the baseline at y = 1.
"""

from dataclasses import dataclass

import numpy as np
from PIL import Image, ImageDraw

Rng = np.random.Generator
Stroke = list[tuple[float, float]]
DRAWN = frozenset("۰۱۲۳۴۵۶۷۸۹٠١٢٣٤٥٦٧٨٩/-.")
FINE = 3  # pixels across which a pen draws for one that is kept


def _mixed(share: float, one: Stroke, other: Stroke) -> Stroke:
    """Strokes between two with as many joints."""
    return [(a + share * (c - a), b + share * (d - b)) for (a, b), (c, d) in zip(one, other, strict=True)]


def _ring(x: float, y: float, wide: float, high: float) -> Stroke:
    turns = np.linspace(0, 2 * np.pi, 9)
    return list(zip((x + wide * np.sin(turns)).tolist(), (y - high * np.cos(turns)).tolist(), strict=True))


@dataclass(frozen=True)
class Hand:
    """How one hand writes: the same digit is always alike."""

    arched: float  # 0 for straight sides to 1 for arches, of ۷ and ۸
    cut: float  # how much of every joint is rounded off, 0 to 0.25 of the strokes beside it
    dip: float  # depth of the teeth of ۲ and ۳
    notch: float  # depth of the notch of ۵ from below
    wide: float  # width of a digit, times the usual
    gap: float  # between two digits
    thick: float  # width of the pen
    upright: float  # width of an upright stroke, times that of a lying one
    slant: float  # how far the top is to the right of the foot
    zero: float  # radius of a zero
    hollow: bool  # whether a zero is a ring
    butt: bool  # whether strokes end straight rather than round
    shaken: np.ndarray  # how far joints stand from their places, (12, 2)

    @staticmethod
    def of(rng: Rng) -> "Hand":
        """Any hand."""
        return Hand(
            arched=float(rng.choice([0.0, 1.0, rng.random()])),
            cut=rng.uniform(0.0, 0.25),
            dip=rng.uniform(0.0, 0.3),
            notch=rng.uniform(0.0, 0.35),
            wide=rng.uniform(0.7, 1.3),
            gap=rng.uniform(0.12, 0.34),
            thick=rng.uniform(0.06, 0.2),
            upright=rng.uniform(0.6, 1.4),
            slant=rng.normal(0, 0.08),
            zero=rng.uniform(0.09, 0.17),
            hollow=bool(rng.random() < 0.3),
            butt=bool(rng.random() < 0.5),
            shaken=rng.normal(0, 0.025, (12, 2)),
        )

    def strokes(self, sign: str) -> list[Stroke]:
        """The strokes of a sign of DRAWN, one that is a dot as a single place."""
        d, n = self.dip, self.notch
        teeth = max(d, self.thick) + 0.1  # without them ۳ would be ۲
        stem: Stroke = [(0, 0), (0.03, 0.45), (0.1, 1)]
        arch = _mixed(
            self.arched,
            [(0, 1), (0.12, 0.6), (0.24, 0.15), (0.3, 0), (0.36, 0.15), (0.48, 0.6), (0.6, 1)],
            [(0, 1), (0, 0.45), (0.06, 0.1), (0.3, -0.08), (0.54, 0.1), (0.6, 0.45), (0.6, 1)],
        )
        match sign:
            case "۰" | "٠":
                return [_ring(0.15, 0.6, 1.4 * self.zero, 1.5 * self.zero) if self.hollow else [(0.12, 0.6)]]
            case "۱" | "١":
                return [stem]
            case "۲" | "٢":
                return [[(0.5, 0), (0.44, d), (0.1, d), (0, 0)], stem]
            case "۳" | "٣":
                return [
                    [(0.8, 0), (0.76, teeth), (0.44, teeth), (0.4, 0.03), (0.36, teeth), (0.06, teeth), (0, 0)],
                    stem,
                ]
            case "۴":
                head: Stroke = [(0.55, 0.04), (0.4, -0.04), (0.2, 0.08), (0.22, 0.34), (0.36, 0.42), (0.6, 0.38)]
                return [stem, head, [(0.02, 0.4), (0.24, 0.38)]]
            case "٤":
                return [[(0.5, 0), (0.05, 0.1), (0.05, 0.36), (0.38, 0.44), (0, 0.58), (0.02, 0.92), (0.5, 1)]]
            case "۵":
                side: Stroke = [(0.35, 1 - n), (0.48, 1.02), (0.72, 0.98), (0.72, 0.5), (0.35, 0)]
                return [[*side, *((0.7 - x, y) for x, y in side[-2::-1])]]
            case "٥":
                return [_ring(0.32, 0.6, 0.32, 0.4)]
            case "۶":
                bowl: Stroke = [(0.52, 0.1), (0.34, -0.04), (0.12, 0.06), (0.12, 0.34), (0.3, 0.42), (0.56, 0.36)]
                return [[*bowl, (0.3, 0.62), (0.06, 1)]]
            case "٦":
                hook: Stroke = [(0, 0), (0.04, 0.4 * d + 0.06), (0.4, 0.4 * d + 0.06), (0.46, 0)]
                return [hook, [(0.46, 0), (0.48, 0.5), (0.56, 1)]]
            case "۷" | "٧":
                return [[(x, 1 - y) for x, y in arch]]
            case "۸" | "٨":
                return [arch]
            case "۹" | "٩":
                return [_ring(0.26, 0.27, 0.26, 0.28), [(0.52, 0.2), (0.52, 0.6), (0.58, 1)]]
            case "/":
                return [[(0, 1.05), (0.42, -0.08)]]
            case "-":
                return [[(0, 0.55), (0.32, 0.55)]]
            case ".":
                return [[(0.06, 0.95)]]
        raise ValueError(f"no pen draws {sign!r}")

    def mask(self, text: str, size: int) -> Image.Image:
        """A text of DRAWN's signs, from the left, `size` pixels from a digit's top to its foot, cropped to its ink.

        Returns:
            An 8-bit image, 255 where there is ink, from 0.3 of the size over the digits to 0.3 under them.
        """
        fine = size * FINE
        room, pen = 0.3 + self.thick, self.thick * fine
        flat = 1 / self.upright  # a lying stroke is as wide as the pen, an upright one so many times that
        lines, x = [], room
        for sign in text:
            drawn = [self._rounded(stroke) for stroke in self.strokes(sign)]
            left = min(float(line[:, 0].min()) for line in drawn)
            lines += [line + (x - left, room) for line in drawn]
            x += max(float(line[:, 0].max()) for line in drawn) - left + self.gap + self.thick
        canvas = Image.new("L", (int((x + room) * fine * flat), int((1 + 2 * room) * fine)))
        draw = ImageDraw.Draw(canvas)
        for line in lines:
            points = (line * (fine * flat, fine)).tolist()
            if len(points) == 1:
                _dot(draw, points[0], self.zero * fine)
                continue
            draw.line([tuple(point) for point in points], 255, max(int(pen), 1), joint="curve")
            for point in [] if self.butt else (points[0], points[-1]):
                _dot(draw, point, pen / 2)
        small = canvas.resize((max(round(canvas.width / FINE / flat), 1), canvas.height // FINE), Image.Resampling.BOX)
        left, _, right, _ = small.getbbox() or (0, 0, *small.size)
        over = int((room - 0.3) * size)
        return small.crop((left, over, right, small.height - over))

    def _rounded(self, stroke: Stroke) -> np.ndarray:
        """A stroke as this hand has it: its joints shaken, slanted, rounded off (Chaikin 1974); float (n, 2)."""
        line = np.array(stroke, float)
        closed = len(line) > 1 and np.allclose(line[0], line[-1])
        if len(line) > 1 and not closed:
            line = line + self.shaken[: len(line)]
        line[:, 0] = line[:, 0] * self.wide + self.slant * (1 - line[:, 1])
        for _ in range(3 if len(line) > 2 else 0):
            step = (0.25 if closed else self.cut) * (line[1:] - line[:-1])
            near, far = line[:-1] + step, line[1:] - step
            between = np.stack([near, far], 1).reshape(-1, 2)
            line = np.concatenate([line[:1], between[1:-1], line[-1:]])
        return line


def _dot(draw: ImageDraw.ImageDraw, at: list[float], radius: float) -> None:
    draw.ellipse((at[0] - radius, at[1] - radius, at[0] + radius, at[1] + radius), 255)
