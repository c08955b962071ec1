"""The fonts that training and test images are drawn with.

They come from the @fontsource packages that package.json in this folder pins: `npm ci --prefix training/data`
(or `make fonts`). A family belongs to one split for good, so that a test in unseen fonts is one.
"""

import json
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont

FOLDER = Path(__file__).parent / "node_modules" / "@fontsource"
WEIGHTS, STYLES = (400, 700), ("normal", "italic")

STUDY = (
    "comic-neue", "courier-prime", "lobster", "merriweather", "oswald",
    "pacifico", "playfair-display", "roboto", "roboto-slab", "ubuntu",
)  # fmt: skip
VALIDATION = (
    "acme", "amaranth", "bree-serif", "encode-sans", "gudea", "kreon", "nanum-gothic-coding", "philosopher", "sansita",
)  # fmt: skip
TEST = (
    "arvo", "bitter", "cabin", "caveat", "courgette", "cousine", "exo-2", "fredoka",
    "inconsolata", "kalam", "libre-baskerville", "russo-one", "signika", "special-elite", "titillium-web",
)  # fmt: skip
DISPLAY = (
    "aldrich", "anton", "bangers", "bebas-neue", "boogaloo", "bowlby-one-sc", "bungee", "bungee-outline",
    "cabin-sketch", "carter-one", "ceviche-one", "chakra-petch", "changa-one", "cherry-cream-soda",
    "covered-by-your-grace", "crafty-girls", "crushed", "dotgothic16", "electrolize", "faster-one", "finger-paint",
    "fjalla-one", "fontdiner-swanky", "freckle-face", "fredericka-the-great", "gaegu", "geo", "griffy", "gugi",
    "henny-penny", "homemade-apple", "iceland", "irish-grover", "jolly-lodger", "knewave", "kranky",
    "la-belle-aurore", "lacquer", "league-gothic", "londrina-outline", "londrina-solid", "luckiest-guy", "mansalva",
    "medievalsharp", "megrim", "metal-mania", "michroma", "mountains-of-christmas", "mystery-quest", "nixie-one",
    "nothing-you-could-do", "over-the-rainbow", "oxanium", "permanent-marker", "piedra", "pirata-one",
    "pixelify-sans", "plaster", "press-start-2p", "racing-sans-one", "rajdhani", "ranchers", "reenie-beanie",
    "ribeye", "rock-salt", "rubik-dirt", "rubik-glitch", "rubik-mono-one", "rye", "saira", "sancreek", "sarpanch",
    "sedgwick-ave", "silkscreen", "six-caps", "slackey", "smokum", "squada-one", "stalinist-one",
    "sue-ellen-francisco", "syncopate", "syne-mono", "tourney", "train-one", "turret-road", "uncial-antiqua",
    "unica-one", "vast-shadow", "waiting-for-the-sunrise", "wallpoet", "walter-turncoat", "yatra-one", "zen-dots",
    "zeyada",
)  # fmt: skip

Split = Literal["study", "train", "validation", "test", "display"]


@dataclass(frozen=True)
class Face:
    """One font file: a family in one weight and style."""

    family: str
    weight: int
    style: str
    path: Path


def families(split: Split) -> tuple[str, ...]:
    """The family names of a split, sorted. The study's ten are part of `train`; the other splits share nothing.

    `display` are those too odd for a text, such as captchas like: pixels, brushes, outlines, capitals only.
    """
    named = {"study": STUDY, "validation": VALIDATION, "test": TEST, "display": DISPLAY}
    if split in named:
        return named[split]
    package = json.loads((Path(__file__).parent / "package.json").read_text())
    every = (name.removeprefix("@fontsource/") for name in package["dependencies"] if name.startswith("@fontsource/"))
    return tuple(sorted(set(every) - set(VALIDATION) - set(TEST) - set(DISPLAY)))


@cache
def faces(split: Split) -> tuple[Face, ...]:
    """The Latin faces of a split's families, weights 400 and 700, upright and italic where the family has them.

    Raises:
        FileNotFoundError: a family is not installed.
    """
    found = []
    for family in families(split):
        files = [
            Face(family, weight, style, path)
            for weight in WEIGHTS
            for style in STYLES
            if (path := FOLDER / family / "files" / f"{family}-latin-{weight}-{style}.woff2").exists()
        ]
        if not files:
            raise FileNotFoundError(f"the font family {family!r} is not installed; run: make fonts")
        found += files
    return tuple(found)


@cache
def load(path: Path, size: int) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels, opened once per process. Kerning only: a ligature would have no letter boxes."""
    return ImageFont.truetype(path, size, layout_engine=ImageFont.Layout.BASIC)


@cache
def letter_box(path: Path, size: int, letter: str) -> tuple[float, float, float, float]:
    """A letter's ink: left, top, right, bottom in pixels from its pen position on the baseline."""
    return load(path, size).getbbox(letter, anchor="ls")
