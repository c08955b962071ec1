"""The images of the original study: 100 words in 10 fonts, plain, and on backgrounds on which they are hard to see.

The study: "How I trained a network to read captchas".
"""

from functools import cache
from pathlib import Path

import numpy as np
from PIL import Image

from training.data import folder
from training.data.drawing import degrade, fonts, render
from training.data.drawing.captchas import Captcha, row_of
from training.data.texts.english import WORDS

FONT_SIZE, MARGIN = 20, 4  # pixels

# Each background with five ink colours that are hard to see on it.
COLOURS: dict[str, tuple[tuple[int, int, int], tuple[tuple[int, int, int], ...]]] = {
    "brown": ((130, 86, 52), ((206, 122, 40), (186, 140, 96), (190, 70, 56), (78, 46, 28), (140, 130, 70))),
    "slate": ((98, 112, 128), ((58, 72, 92), (142, 152, 162), (84, 152, 150), (140, 96, 152), (124, 76, 84))),
    "olive": ((112, 124, 70), ((156, 168, 96), (70, 84, 40), (172, 140, 56), (78, 148, 104), (150, 92, 56))),
    "paper": ((222, 212, 190), ((176, 166, 146), (216, 164, 124), (178, 190, 146), (222, 168, 176), (160, 182, 200))),
}
NOISE = (4, 8, 12, 16, 20)  # standard deviation in grey levels


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


def any_case(rng: np.random.Generator, word: str) -> str:
    """A word of small letters with each in either case."""
    return "".join(c.upper() if up else c for c, up in zip(word, rng.random(len(word)) < 0.5, strict=True))


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
    text = any_case(rng, word)
    ink = COLOURS[name][1][colour]
    drawn = study(text, study_fonts()[font], name, NOISE[noise], ink, rng)
    row = row_of(drawn) | {"word": word, "label": label, "font": fonts.STUDY[font]}
    row |= {"background": name, "noise": NOISE[noise], "colour": "#{:02x}{:02x}{:02x}".format(*ink)}
    return Image.fromarray(drawn.image), row
