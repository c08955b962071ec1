"""Lines of Persian business letters, cut out one by one: what a reader of lines learns from.

    python -m training.data.lines validation --out DIR     in font families of their own
    python -m training.data.lines tests --out DIR          families and words that training never has

The metadata's `text` is in logical order, with one code point for what looks alike. Training sets are not written
anywhere, as those of training.data.words.
"""

from collections.abc import Callable
from functools import partial

import numpy as np
from PIL import Image

from training.data import command, folder, words
from training.data.drawing import degrade, fonts, pen, render, scan
from training.data.persian import Split, random_face
from training.data.texts import one_of
from training.data.texts import persian_texts as texts
from zoo.letter.values import LABELS
from zoo.text.normalise import folded

Rng = np.random.Generator
NOTHING = 0.02  # of the pictures for training show paper alone, or what stands over, under and beside a text
PEN = 0.5  # of the lines for training have their numbers from a pen's strokes
ARABIC = 0.5  # of the lines for training are drawn in families that were made for other languages
SIZE = 44  # pixels of a font's em while it is drawn
LONGEST = 110  # characters
SHAPES: tuple[texts.Shape, ...] = ("persian", "persian", "persian", "arabic", "latin")


def any_text(rng: Rng, held_out: bool, sentences: int = 1) -> str:
    """What stands on a line of a letter: a value, a label with one, a name, words of so many sentences."""
    kind = rng.random()
    if kind < 0.36:
        text = (texts.number, texts.date)[int(rng.integers(2))](rng)
        if rng.random() < 0.25:
            name = one_of(rng, tuple(LABELS))
            text = f"{one_of(rng, LABELS[name])}: {text}"
    elif kind < 0.42:
        text = texts.attachment(rng) or "-"
    elif kind < 0.47:
        text = texts.organisation(rng, held_out)
    elif kind < 0.51:
        text = f"{one_of(rng, texts.HONOURS)} {texts.person(rng, held_out)}"
    elif kind < 0.55:
        text = one_of(rng, (*texts.GREETINGS, *texts.CLOSINGS, *texts.HEADS, *texts.POSTS))
    elif kind < 0.63:
        text = texts.words(rng, int(rng.integers(1, 3)), held_out)
    else:
        spoken = " ".join(texts.sentence(rng, held_out) for _ in range(sentences)).split(" ")
        first = int(rng.integers(max(len(spoken) - 3, 1)))
        text = " ".join(spoken[first : first + int(rng.integers(3, 20))])
    if len(text) > LONGEST:
        text = text[:LONGEST].rsplit(" ", 1)[0]
    return text


def taught_text(rng: Rng, held_out: bool) -> str:
    """What a network learns from: the same, with full stops within a line, fields with their labels, addresses."""
    kind = rng.random()
    if kind < 0.04:
        return texts.address(rng, held_out)
    if kind < 0.16:
        name = one_of(rng, tuple(texts.VALUES))
        return f"{one_of(rng, LABELS[name])}{one_of(rng, (':', ' :', ''))} {texts.VALUES[name](rng)}".strip()
    return any_text(rng, held_out, sentences=3)


def draw(
    index: int,
    split: Split,
    seed: int,
    write: Callable[[Rng, bool], str] = any_text,
    extra: fonts.Extra = (),
) -> folder.Drawing:
    """Line `index`, of what `write` gives, clean or as a scanner or a phone sees it; `extra` fonts are for training."""
    rng = np.random.default_rng((seed, index))
    text = texts.shaped(write(rng, split != "train"), SHAPES[int(rng.integers(len(SHAPES)))])
    face = random_face(rng, split, *extra)
    if split == "train" and rng.random() < ARABIC:
        face, text = _arabic(rng, text, extra)
    hand = pen.Hand.of(rng) if split == "train" and rng.random() < PEN else None
    ink, base = render.persian(text, face, SIZE, hand)
    if split == "train" and rng.random() < 0.5:
        ink = render.Ink(render.varied(rng, ink.mask), ink.boxes, text)
    left, top, right, bottom = (rng.uniform(0.02, 0.3, 4) * SIZE).astype(int)
    mask = Image.new("L", (ink.mask.width + int(left + right), ink.mask.height + int(top + bottom)))
    if split != "train" or rng.random() >= NOTHING:
        mask.paste(ink.mask, (int(left), int(top)))
    else:
        text = ""
    if split == "train":
        mask = _among(rng, mask, face, int(top), int(bottom), int(top) + base)
    if rng.random() < 0.25:
        mask = words.seen_askew(rng, render.Ink(mask, ink.boxes, text)).mask
    height = int(rng.integers(14 if split == "train" else 18, 65))
    if rng.random() < 0.25:
        image = scan.scanned(rng, mask, height)
    else:
        small = mask.resize((max(round(mask.width * height / mask.height), 4), height), Image.Resampling.BOX)
        alpha = np.asarray(small, np.float32)[..., None] / 255
        paper = rng.uniform(140, 255) + rng.normal(0, 6, 3)
        tint = degrade.ink_colour(rng, paper, rng.uniform(70, 220))
        image = np.asarray(paper * (1 - alpha) + tint * alpha, np.float32)
        image = scan.ruled(rng, image) if rng.random() < 0.25 else image
        image = words.seen(rng, image, 120.0) if rng.random() < 0.6 else image
    return degrade.to_image(image), {"text": folded(text), "font": face.family, "boxes": ""}


def _among(rng: Rng, mask: Image.Image, face: fonts.Face, top: int, bottom: int, base: int) -> Image.Image:
    """A text with what stands around it at times: the tips of the lines over it and under it, its label's colon.

    Args:
        rng: decides all.
        mask: the text with its margins.
        face: of the others.
        top: pixels over the text.
        bottom: pixels under it.
        base: where its baseline is.
    """
    for over, room in ((True, top), (False, bottom)):
        if rng.random() < 0.2 and (reach := int(rng.uniform(0.2, 0.8) * room)):
            other = render.persian(texts.words(rng, 1 + mask.width // (3 * SIZE), False), face, SIZE)[0].mask
            y = reach - other.height if over else mask.height - reach
            mask.paste(other, (int(rng.uniform(-0.5, 0.5) * mask.width), y), other)
    if rng.random() < 0.15:
        colon, above = render.persian(":", face, SIZE)
        x = mask.width + int(rng.uniform(0.1, 0.4) * SIZE)
        wider = Image.new("L", (x + int(rng.uniform(0.3, 2) * colon.mask.width), mask.height))
        wider.paste(mask)
        wider.paste(colon.mask, (x, base - above))
        return wider
    return mask


def _arabic(rng: Rng, text: str, extra: fonts.Extra) -> tuple[fonts.Face, str]:
    """A face of those that were made for other languages and the text as it can be written with it."""
    every = [face for split in ("train", *extra) for face in fonts.arabic(split)]
    for face in (every[i] for i in rng.permutation(len(every))):
        if spelled := face.spelled(text):
            return face, spelled
    return random_face(rng, "train", *extra), text


def sets() -> dict[str, folder.DrawnSet]:
    """Every set by name."""
    return {
        "persian-lines-validation": folder.DrawnSet(3_000, partial(draw, split="validation", seed=91)),
        "persian-lines-test": folder.DrawnSet(3_000, partial(draw, split="test", seed=92)),
    }


def main() -> None:
    groups = {"validation": ("persian-lines-validation",), "tests": ("persian-lines-test",)}
    command.draw(command.parser("lines", __doc__), groups, lambda _: sets())


if __name__ == "__main__":
    main()
