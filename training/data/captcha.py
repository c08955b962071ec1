"""Captchas: the two sets of the original study, and captchas of every kind for the bundled readers.

    python -m training.data.captcha easy|hard --out DIR      the study's 1,000 and 100,000 images
    python -m training.data.captcha train --out DIR          what the bundled readers learn from, and validation
    python -m training.data.captcha tests --out DIR          the test sets that the model cards report

The study: "How I trained a network to read captchas", 100 words in 10 fonts, on easy and on hard backgrounds.
"""

import argparse
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from training.data import degrade, folder, fonts, render

WORDS: tuple[str, ...] = tuple((Path(__file__).parent / "words.txt").read_text().split())
ALPHABET = "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ"
LONGEST = 12  # letters

FONT_SIZE, MARGIN = 20, 4  # pixels; the study's sets
SIZE = (192, 48)  # width, height of the captchas for the bundled readers

# Each background with five ink colours that are hard to see on it.
COLOURS: dict[str, tuple[tuple[int, int, int], tuple[tuple[int, int, int], ...]]] = {
    "brown": ((130, 86, 52), ((206, 122, 40), (186, 140, 96), (190, 70, 56), (78, 46, 28), (140, 130, 70))),
    "slate": ((98, 112, 128), ((58, 72, 92), (142, 152, 162), (84, 152, 150), (140, 96, 152), (124, 76, 84))),
    "olive": ((112, 124, 70), ((156, 168, 96), (70, 84, 40), (172, 140, 56), (78, 148, 104), (150, 92, 56))),
    "paper": ((222, 212, 190), ((176, 166, 146), (216, 164, 124), (178, 190, 146), (222, 168, 176), (160, 182, 200))),
}
NOISE = (4, 8, 12, 16, 20)  # standard deviation in grey levels


@dataclass(frozen=True)
class Captcha:
    """A drawn captcha: uint8 (H, W, 3), its text, its letters' boxes in pixels (n, 4), its font family."""

    image: np.ndarray
    text: str
    boxes: np.ndarray
    family: str = ""


@cache
def canvas() -> tuple[int, int]:
    """Width and height that hold every word, in any case, in every font of the study at FONT_SIZE, with MARGIN."""
    tops, bottoms, widths = [], [], []
    for path in study_fonts():
        font = fonts.load(path, FONT_SIZE)
        for word in WORDS:
            for text in (word, word.upper()):
                left, top, right, bottom = font.getbbox(text, anchor="ls")
                widths.append(right - left)
                tops.append(top)
                bottoms.append(bottom)
    return int(np.ceil(max(widths))) + 2 * MARGIN, int(np.ceil(max(bottoms) - min(tops))) + 2 * MARGIN


@cache
def study_fonts() -> tuple[Path, ...]:
    """The regular face of each of the study's ten families."""
    return tuple(face.path for face in fonts.faces("study") if face.weight == 400 and face.style == "normal")


def study(
    text: str, font: Path, background: str, noise: float, ink: tuple[int, int, int], rng: np.random.Generator
) -> Captcha:
    """One image of the study: centred text on a `plain` (white) or coloured, blotched background, under noise."""
    size = canvas()
    drawn = render.line(text, font, FONT_SIZE)
    mask = Image.new("L", size)
    corner = (size[0] - drawn.mask.width) // 2, (size[1] - drawn.mask.height) // 2
    mask.paste(drawn.mask, corner)
    if background == "plain":
        paper = degrade.plain(rng, size, np.array([255.0, 255.0, 255.0], np.float32))
    else:
        paper = np.array(COLOURS[background][0], np.float32) + 12 * degrade.smooth(rng, size, 24)[..., None]
    alpha = np.asarray(mask, np.float32)[..., None] / 255
    image = paper * (1 - alpha) + np.array(ink, np.float32) * alpha
    picture = degrade.to_image(degrade.gaussian_noise(rng, image, noise) if noise else image)
    return Captcha(np.asarray(picture), text, drawn.boxes + np.array(corner * 2, np.float32))


def draw_easy(index: int, seed: int = 0) -> folder.Drawing:
    """Image `index` of the easy set: font by font, black on white, lower case."""
    font, label = divmod(index, len(WORDS))
    path, word = study_fonts()[font], WORDS[label]
    drawn = study(word, path, "plain", 0, (0, 0, 0), np.random.default_rng((seed, index)))
    row = row_of(drawn) | {"word": word, "label": label, "font": fonts.STUDY[font]}
    return Image.fromarray(drawn.image), row | {"background": "plain", "noise": 0, "colour": "#000000"}


def draw_hard(index: int, seed: int = 0) -> folder.Drawing:
    """Image `index` of the hard set: every background, noise, colour, font and word once, letters in random case."""
    shape = (len(COLOURS), len(NOISE), 5, len(fonts.STUDY), len(WORDS))
    background, noise, colour, font, label = (int(i) for i in np.unravel_index(index, shape))
    rng = np.random.default_rng((seed, 1, index))
    name, word = tuple(COLOURS)[background], WORDS[label]
    text = "".join(c.upper() if up else c for c, up in zip(word, rng.random(len(word)) < 0.5, strict=True))
    ink = COLOURS[name][1][colour]
    drawn = study(text, study_fonts()[font], name, NOISE[noise], ink, rng)
    row = row_of(drawn) | {"word": word, "label": label, "font": fonts.STUDY[font]}
    row |= {"background": name, "noise": NOISE[noise], "colour": "#{:02x}{:02x}{:02x}".format(*ink)}
    return Image.fromarray(drawn.image), row


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
        ink = render.dance(text, font, 36, rng, turn=18, hop=0.12, overlap=rng.uniform(-0.02, 0.08))
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


@cache
def dictionary(held_out: bool) -> tuple[str, ...]:
    """English words of 4 to 12 letters without the hundred; one in twenty, told by its checksum, is held out."""
    path = Path(__file__).parent / "node_modules" / "word-list" / "words.txt"
    if not path.exists():
        raise FileNotFoundError("the word list is not installed; run: make fonts")
    known = set(WORDS)
    words = (w for w in path.read_text().split() if 4 <= len(w) <= LONGEST and w not in known)
    return tuple(w for w in words if (zlib.crc32(w.encode()) % 20 == 0) == held_out)


def recase(rng: np.random.Generator, word: str) -> str:
    """The word in lower, upper, title or letter-by-letter random case."""
    kind = rng.random()
    if kind < 0.4:
        return word
    if kind < 0.6:
        return word.upper()
    if kind < 0.75:
        return word.title()
    return "".join(c.upper() if up else c for c, up in zip(word, rng.random(len(word)) < 0.5, strict=True))


def random_string(rng: np.random.Generator) -> str:
    """Letters and digits of any case, 1 to 12 of them, mostly 4 to 8; at times digits or one case only."""
    length = int(rng.integers(4, 9)) if rng.random() < 0.6 else int(rng.integers(1, LONGEST + 1))
    pools = (ALPHABET, ALPHABET[:10], ALPHABET[:36], ALPHABET[:10] + ALPHABET[36:], ALPHABET[10:])
    pool = pools[rng.choice(5, p=(0.4, 0.15, 0.15, 0.15, 0.15))]
    return "".join(pool[i] for i in rng.integers(len(pool), size=length))


def one_of(rng: np.random.Generator, words: tuple[str, ...]) -> str:
    return recase(rng, words[rng.integers(len(words))])


def row_of(drawn: Captcha) -> folder.Row:
    """A captcha's row of metadata; boxes are left, top, right, bottom of each letter, separated by spaces."""
    return {"text": drawn.text, "font": drawn.family, "boxes": " ".join(f"{v:.1f}" for v in drawn.boxes.ravel())}


def draw_mixed(index: int, split: fonts.Split, seed: int) -> folder.Drawing:
    """Image `index` of the training mixture: the hundred words, other words, random strings, blank paper and scenes.

    Three in four captchas have the size SIZE, the others any usual captcha's shape.
    """
    rng = np.random.default_rng((seed, index))
    size = SIZE
    if rng.random() < 0.25:
        height = int(rng.integers(28, 81))
        size = int(height * rng.uniform(2.2, 5.0)), height
    texts = (lambda: one_of(rng, WORDS), lambda: one_of(rng, dictionary(False)), lambda: random_string(rng), str, None)
    text = texts[rng.choice(5, p=(0.32, 0.38, 0.2, 0.03, 0.07))]
    drawn = draw(rng, text(), split, size) if text else draw_scene(rng)
    return Image.fromarray(drawn.image), row_of(drawn)


def draw_scene(rng: np.random.Generator) -> Captcha:
    """A picture like a photo, without text: a captcha's or a photo's shape, at times damaged as captchas are."""
    size = SIZE if rng.random() < 0.3 else (int(rng.integers(60, 193)), int(rng.integers(40, 193)))
    image = degrade.scene(rng, size)
    if rng.random() < 0.3:
        image = damage(rng, image, degrade.colour(rng), 120)
    return Captcha(np.asarray(degrade.to_image(image)), "", np.zeros((0, 4), np.float32))


def draw_test(index: int, words: tuple[str, ...], seed: int) -> folder.Drawing:
    """Image `index` of a test set: one of `words` in an unseen font on an unseen background."""
    rng = np.random.default_rng((seed, index))
    drawn = draw(rng, one_of(rng, words), "test")
    return Image.fromarray(drawn.image), row_of(drawn)


def draw_nothing(index: int, seed: int) -> folder.Drawing:
    """Image `index` of what is no captcha: in turn blank paper and pure noise."""
    rng = np.random.default_rng((seed, index))
    if index % 2 == 0:
        image = degrade.grain(rng, SIZE, degrade.colour(rng))
    else:
        image = degrade.gaussian_noise(rng, degrade.plain(rng, SIZE, degrade.colour(rng)), rng.uniform(20, 120))
    return degrade.to_image(image), {"text": "", "font": "", "boxes": ""}


@dataclass(frozen=True)
class DrawnSet:
    """A set of images that a command draws: how many, and the function that draws one by its index."""

    count: int
    draw: Callable[[int], folder.Drawing]


def sets(seed: int = 0) -> dict[str, DrawnSet]:
    """Every set by name. The seeds of the test sets are part of their definition and not of `seed`."""
    return {
        "easy": DrawnSet(len(fonts.STUDY) * len(WORDS), partial(draw_easy, seed=seed)),
        "hard": DrawnSet(len(COLOURS) * len(NOISE) * 5 * len(fonts.STUDY) * len(WORDS), partial(draw_hard, seed=seed)),
        "train": DrawnSet(200_000, partial(draw_mixed, split="train", seed=20260)),
        "validation": DrawnSet(6000, partial(draw_mixed, split="validation", seed=20264)),
        "test-words": DrawnSet(2000, partial(draw_test, words=WORDS, seed=20261)),
        "test-unseen-words": DrawnSet(2000, partial(draw_test, words=dictionary(held_out=True), seed=20262)),
        "test-nothing": DrawnSet(1000, partial(draw_nothing, seed=20263)),
    }


def main() -> None:
    parser = argparse.ArgumentParser(prog="python -m training.data.captcha", description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=["easy", "hard", "train", "tests"])
    parser.add_argument("--out", type=Path, default=Path("data"), help="folder that the set is written under")
    parser.add_argument("--seed", type=int, default=0, help="of easy and hard; the tests have their own")
    parser.add_argument("--workers", type=int, help="processes (default: one per core); the bytes do not depend on it")
    args = parser.parse_args()
    known = sets(args.seed)
    groups = {"train": ["train", "validation"], "tests": [name for name in known if name.startswith("test-")]}
    for name in groups.get(args.name, [args.name]):
        folder.write(args.out / name, known[name].draw, known[name].count, args.workers, name)


if __name__ == "__main__":
    main()
