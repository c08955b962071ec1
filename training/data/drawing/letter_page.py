"""A Persian letter before it is scanned: an A4 page, laid out as an office lays its letters out, and what is on it."""

import itertools
import zlib
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Literal

import numpy as np
from PIL import Image, ImageDraw

from training.data import persian
from training.data.drawing import degrade, fonts, render
from training.data.persian import Split
from training.data.texts import one_of
from training.data.texts import persian_texts as texts
from zoo.letter.finder import FIELDS
from zoo.letter.values import LABELS

Rng = np.random.Generator
A4 = 210.0, 297.0  # millimetres
LEAST = 0.6  # of a font's size that a text's box is wide and high


@dataclass(frozen=True)
class Layout:
    """How an office's letters look, whatever they say."""

    logo: Literal["right", "centre", "none"]  # where the sign stands, or "none"
    name: Literal["right", "centre"]  # where the organisation's name stands
    fields: tuple[str, ...]  # the order of the header's fields from above
    after: Literal[":", " : ", "", "dots", ": dots"]  # what stands between a label and its value
    frame: Literal["none", "box", "side"]  # around the fields
    rule: Literal["none", "line", "band"]  # under the head


@cache
def layouts(split: Split) -> tuple[Layout, ...]:
    """The layouts of a split: seven in ten train, one validates, two test."""
    orders = tuple(itertools.permutations(FIELDS[:3]))
    every = itertools.product(
        ("right", "centre", "none"), ("right", "centre"), orders, (":", " : ", "", "dots", ": dots"),
        ("none", "box", "side"), ("none", "line", "band"),
    )  # fmt: skip
    wanted = {"train": range(7), "validation": (7,), "test": (8, 9)}[split]
    return tuple(Layout(*values) for values in every if zlib.crc32(repr(values).encode()) % 10 in wanted)


@dataclass
class Page:
    """A page while it is drawn; millimetres are turned into pixels by `scale`."""

    rng: Rng
    scale: float
    picture: Image.Image
    objects: list[dict[str, Any]] = field(default_factory=list)

    def px(self, millimetres: float) -> int:
        return round(millimetres * self.scale)

    def write(
        self, kind: str, text: str, face: fonts.Face, size: float, right: float, base: float, tint: tuple[int, ...],
        most: float = 1e9,
    ) -> float:  # fmt: skip
        """Sets a text with its right edge and baseline there, in millimetres, `size` in points; returns its left edge.

        What is wider than `most` millimetres is set smaller.
        """
        pixels = max(round(size * 25.4 / 72 * self.scale), 6)
        ink, over = render.persian(text, face, pixels)
        if ink.mask.width > self.px(most):
            ink, over = render.persian(text, face, max(int(pixels * self.px(most) / ink.mask.width), 5))
        left, top = self.px(right) - ink.mask.width, self.px(base) - over
        self.picture.paste(tint, (left, top), ink.mask)
        x0, y0, x1, y1 = ink.boxes[0] + np.array([left, top] * 2)
        around = np.maximum(LEAST * pixels - np.array([x1 - x0, y1 - y0]), 0) / 2  # a dash has no height to be found by
        (x0, y0), (x1, y1) = (x0, y0) - around, (x1, y1) + around
        corners = [[x0, y0], [x1, y0], [x1, y1], [x0, y1]]
        self.objects.append({"kind": kind, "text": text, "box": corners})
        return left / self.scale

    def line(self, x0: float, y0: float, x1: float, y1: float, tint: tuple[int, ...], wide: float = 0.3) -> None:
        width = max(self.px(wide), 1)
        ImageDraw.Draw(self.picture).line([self.px(v) for v in (x0, y0, x1, y1)], tint, width)


@dataclass(frozen=True)
class Office:
    """Whose letter it is: its name, its fonts and colours, its sign's seed."""

    name: str
    below: str
    head: fonts.Face
    body: fonts.Face
    typed: fonts.Face
    colour: tuple[int, ...]
    ink: tuple[int, ...]
    sign: int


def office(rng: Rng, split: Split, extra: fonts.Extra = ()) -> Office:
    """An office that no other split has; its fonts may be `extra` ones."""
    held_out = split != "train"
    every = (face for name in (split, *extra) for face in fonts.persian(name))
    faces = tuple(face for face in every if 300 <= face.weight <= 800)
    pick = partial(one_of, rng)
    colour = tuple(int(v) for v in rng.integers(0, 150, 3)) if rng.random() < 0.6 else (20, 20, 20)
    ink = tuple(int(v) for v in np.clip(rng.uniform(0, 60) + rng.normal(0, 8, 3), 0, 255))
    body = pick(faces)
    return Office(
        texts.organisation(rng, held_out), texts.organisation(rng, held_out), pick(faces), body,
        pick(faces) if rng.random() < 0.5 else body, colour, ink, int(rng.integers(2**31)),
    )  # fmt: skip


def emblem(seed: int, side: int, tint: tuple[int, ...]) -> Image.Image:
    """An office's sign, RGBA: rings, petals, bars."""
    rng = np.random.default_rng(seed)
    big = Image.new("RGBA", (4 * side, 4 * side))
    draw, middle = ImageDraw.Draw(big), 2.0 * side
    for _ in range(int(rng.integers(2, 5))):
        reach, kind = rng.uniform(0.5, 1.9) * side, rng.random()
        colour = (*(int(v) for v in np.clip(np.array(tint) + rng.integers(-40, 41, 3), 0, 220)), 255)
        if kind < 0.4:
            box = (middle - reach, middle - reach, middle + reach, middle + reach)
            draw.ellipse(box, outline=colour, width=int(rng.uniform(0.05, 0.25) * side) + 1)
        elif kind < 0.75:
            count, turn = int(rng.integers(3, 9)), rng.uniform(0, 6)
            angles = turn + np.arange(2 * count) * np.pi / count
            radii = np.where(np.arange(2 * count) % 2, reach, reach * rng.uniform(0.2, 0.8))
            points = np.stack([middle + radii * np.cos(angles), middle + radii * np.sin(angles)], 1)
            draw.polygon([tuple(point) for point in points.tolist()], fill=colour)
        else:
            high = rng.uniform(0.1, 0.4) * side
            y = middle + rng.uniform(-1, 1) * side
            draw.rectangle((middle - reach, y, middle + reach, y + high), fill=colour)
    return big.resize((side, side), Image.Resampling.LANCZOS)


def head(page: Page, own: Office, layout: Layout) -> float:
    """The letterhead: sign, name, a pious line, a rule; returns how far it reaches down."""
    rng, y = page.rng, page.rng.uniform(14, 20)
    places = {"right": rng.uniform(188, 196), "centre": 105.0}
    if rng.random() < 0.6:
        size = rng.uniform(9, 13)
        page.write("line", one_of(rng, texts.HEADS), own.body, size, 105 + 0.9 * size, y, own.ink)
    if layout.logo != "none":
        side = page.px(rng.uniform(15, 26))
        mark = emblem(own.sign, max(side, 8), own.colour)
        x = page.px(places[layout.logo]) - (side if layout.logo == "right" else side // 2)
        page.picture.paste(mark, (x, page.px(y + 2)), mark)
    size = rng.uniform(13, 22)
    right, under = places[layout.name], layout.logo == layout.name
    base = y + (rng.uniform(30, 36) if under else rng.uniform(12, 18))
    if layout.name == "centre":
        wide = render.persian(own.name, own.head, 40)[0].mask.width / 40 * size * 25.4 / 72
        right += min(wide, 80) / 2
    page.write("line", own.name, own.head, size, right, base, own.colour, 80)
    if rng.random() < 0.5:
        page.write("line", own.below, own.head, 0.6 * size, right, base + 0.55 * size, own.colour, 80)
    end = base + 0.8 * size
    if layout.rule == "line":
        page.line(12, end + 6, 198, end + 6, own.colour, rng.uniform(0.2, 1))
    elif layout.rule == "band":
        page.line(0, 5, 210, 5, own.colour, rng.uniform(3, 9))
    return end


def fields(page: Page, own: Office, layout: Layout, held_out: bool) -> float:
    """The fields at the upper left, and what stands in them; returns how far they reach down."""
    rng = page.rng
    size, pitch = rng.uniform(9.5, 13), rng.uniform(6.5, 10)
    right, y = rng.uniform(52, 72), rng.uniform(20, 34)
    shape: texts.Shape = ("persian", "persian", "persian", "arabic", "latin")[int(rng.integers(5))]
    top = y - pitch
    for name in layout.fields:
        label = LABELS[name][0 if rng.random() < 0.8 else int(rng.integers(len(LABELS[name])))]
        label += {":": ":", " : ": " :", ": dots": ":"}.get(layout.after, "")
        x = page.write(f"{name} label", label, own.body, size, right, y, own.ink)
        if "dots" in layout.after:
            start = 14.0
            for at in np.arange(start, x - 1, rng.uniform(0.8, 1.3)):
                page.line(at, y + 0.6, at + 0.3, y + 0.6, own.ink, 0.3)
        value = texts.VALUES[name](rng)
        if value:
            text = texts.shaped(value, shape)
            lift = rng.uniform(-0.8, 0.5) if own.typed is not own.body else 0.0
            tint = own.ink if rng.random() < 0.8 else (25, 35, 140)
            gap = rng.uniform(1.5, 4)
            page.write(name, text, own.typed, size * rng.uniform(0.9, 1.15), x - gap, y + lift, tint, x - gap - 8)
        y += pitch
    if layout.frame == "box":
        for x0, y0, x1, y1 in ((9, top, right + 3, top), (9, y - 4, right + 3, y - 4), (9, top, 9, y - 4),
                               (right + 3, top, right + 3, y - 4)):  # fmt: skip
            page.line(x0, y0, x1, y1, own.colour)
    elif layout.frame == "side":
        page.line(right + 4, top, right + 4, y - 3, own.colour, rng.uniform(0.2, 0.8))
    return y


def paragraph(page: Page, own: Office, text: str, size: float, y: float, pitch: float, end: float) -> float:
    """Sets a text in lines from right to left, the first moved in; returns the baseline under it."""
    right, most = 190.0, 168.0
    words = text.split(" ")
    indent = page.rng.choice([0.0, 8.0])
    em = size * 25.4 / 72
    while words and y < end:
        count = len(words)
        while count > 1 and width(" ".join(words[:count]), own.body) * em > most - indent:
            count -= 1
        page.write("line", " ".join(words[:count]), own.body, size, right - indent, y, own.ink, most)
        words, indent, y = words[count:], 0.0, y + pitch
    return y


@cache
def advance(word: str, face: fonts.Face) -> float:
    """How wide a word is, in ems."""
    return render.persian(word, face, 40)[0].mask.width / 40


def width(text: str, face: fonts.Face) -> float:
    """About how wide a line is, in ems."""
    return sum(advance(word, face) + 0.28 for word in text.split(" "))


def body(page: Page, own: Office, y: float, held_out: bool) -> None:
    """Title, to whom it is, what it says, at times a table, who signs, where the office is."""
    rng = page.rng
    size = rng.uniform(10.5, 13.5)
    pitch = size * 25.4 / 72 * rng.uniform(1.55, 2.2)
    y += rng.uniform(4, 14)
    for _ in range(int(rng.integers(1, 3))):
        to = f"{one_of(rng, texts.HONOURS)} {texts.person(rng, held_out)}"
        page.write("line", to, own.body, size * 1.1, 190, y, own.ink, 120)
        y += pitch
    if rng.random() < 0.6:
        label = LABELS["title"][0] + one_of(rng, (":", " :"))
        x = page.write("title label", label, own.body, size, 190, y, own.ink)
        page.write("title", texts.title(rng, held_out), own.body, size, x - 2, y, own.ink, 120)
        y += pitch
    page.write("line", one_of(rng, texts.GREETINGS), own.body, size, 190, y, own.ink)
    y += pitch
    end = rng.uniform(150, 215)
    for _ in range(int(rng.integers(1, 5))):
        text = " ".join(texts.sentence(rng, held_out) for _ in range(int(rng.integers(1, 5))))
        y = paragraph(page, own, texts.shaped(text, "persian"), size, y, pitch, end) + rng.uniform(0, 2)
    if rng.random() < 0.3 and y < 190:
        y = table(page, own, y, size)
    page.write("line", one_of(rng, texts.CLOSINGS), own.body, size, rng.uniform(90, 120), y + 4, own.ink)
    at = rng.uniform(55, 85)
    page.write("line", texts.person(rng, held_out), own.body, size, at, y + 4 + pitch, own.ink)
    page.write("line", one_of(rng, texts.POSTS), own.body, size, at, y + 4 + 2 * pitch, own.ink)
    if rng.random() < 0.8:
        signature(page, at - 20, y + 6 + 1.5 * pitch)
    if rng.random() < 0.6:
        stamp(page, at - 25, y + 6 + 1.5 * pitch)
    if rng.random() < 0.7:
        page.line(12, 280, 198, 280, own.colour, 0.3)
        where = texts.shaped(texts.address(rng, held_out), "persian")
        page.write("line", where, own.body, rng.uniform(7.5, 9.5), 190, 287, own.colour, 170)


def table(page: Page, own: Office, y: float, size: float) -> float:
    """A small table of words and numbers; returns how far it reaches down."""
    rng, rows, columns = page.rng, int(page.rng.integers(2, 5)), int(page.rng.integers(2, 5))
    high, wide = 0.75 * size, 150 / columns
    for row in range(rows + 1):
        page.line(35, y + row * high, 185, y + row * high, own.ink, 0.25)
    for column in range(columns + 1):
        page.line(35 + column * wide, y, 35 + column * wide, y + rows * high, own.ink, 0.25)
    for row, column in itertools.product(range(rows), range(columns)):
        cell = one_of(rng, persian.other_words()) if row == 0 or rng.random() < 0.3 else texts.digits(rng, 1, 8)
        right, base = 35 + (column + 1) * wide - 2, y + (row + 0.68) * high
        page.write("line", texts.shaped(cell, "persian"), own.body, 0.85 * size, right, base, own.ink, wide - 4)
    return y + rows * high + 8


def signature(page: Page, x: float, y: float) -> None:
    """A scribble in blue or black, as a hand signs."""
    rng = page.rng
    steps = np.cumsum(rng.normal(0, 1, (int(rng.integers(14, 30)), 2)), 0)
    steps = (steps - steps.mean(0)) / np.ptp(steps, 0).max()
    points = np.repeat(steps, 3, 0)
    smooth = np.stack([np.convolve(axis, np.ones(5) / 5, "valid") for axis in points.T], 1)
    points = smooth * rng.uniform(22, 42) * [1, 0.6] + [x, y]
    tint = [(20, 30, 130), (15, 15, 20)][int(rng.integers(2))]
    ImageDraw.Draw(page.picture).line(
        [(page.px(a), page.px(b)) for a, b in points.tolist()], tint, max(page.px(0.5), 1), joint="curve"
    )


def stamp(page: Page, x: float, y: float) -> None:
    """A rubber stamp over the signature, seen through."""
    rng, side = page.rng, page.px(page.rng.uniform(28, 42))
    mask = Image.new("L", (side, side))
    draw = ImageDraw.Draw(mask)
    for inner in (0.02, rng.uniform(0.12, 0.25)):
        edge = inner * side
        box = (edge, edge, side - edge, side - edge)
        (draw.ellipse if rng.random() < 0.8 else draw.rectangle)(box, outline=255, width=max(page.px(0.6), 1))
    patchy = 0.7 + 0.3 * degrade.smooth(rng, mask.size, 8)
    alpha = np.asarray(mask.rotate(rng.uniform(-20, 20)), np.float32) * patchy * rng.uniform(0.4, 0.8)
    tint = [(50, 60, 170), (110, 40, 150), (190, 40, 50)][int(rng.integers(3))]
    at = page.px(x) - side // 2, page.px(y) - side // 2
    page.picture.paste(tint, at, Image.fromarray(np.clip(alpha, 0, 255).astype(np.uint8)))
