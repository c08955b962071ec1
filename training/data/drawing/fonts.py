"""The fonts that training and test images are drawn with.

They come from the npm packages that package.json in this folder pins: `npm ci --prefix training/data` (or
`make fonts`). No other fonts take part, so that a set is the same on every machine; training alone may have those of
Debian's packages too (`./packages.sh persian`), where its command says `--fonts debian`. A family belongs to one split
for good, and so do those that grew out of one another: a test in unseen fonts is one.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Literal

from PIL import ImageFont

PACKAGES = Path(__file__).parents[1] / "node_modules"
FOLDER = PACKAGES / "@fontsource"
DEBIAN = Path("/usr/share/fonts")
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

# Families with every Persian letter and the digits in their Persian shapes. Of those within reach amiri-quran,
# dejavu-serif and noto-sans-mono lack some, and badeen-display, zain and KacstOne have one kind of digits in place of
# another.
PERSIAN_TRAIN = (
    "alexandria", "alyamama", "aref-ruqaa", "aref-ruqaa-ink", "baloo-bhaijaan-2", "beiruti", "blaka", "blaka-hollow",
    "cairo", "cairo-play", "dejavu-mono", "dejavu-sans", "fustat", "gandom", "handjet", "jomhuria", "kufam", "lateef",
    "lemonada", "markazi-text", "nahid", "noto-nastaliq-urdu", "noto-sans-arabic", "oi", "playpen-sans-arabic",
    "qahiri", "rubik", "sahel", "samim", "shabnam", "tanha", "vazir", "vazir-code", "vazirmatn", "vibes",
)  # fmt: skip
PERSIAN_VALIDATION = (
    "el-messiri", "ibm-plex-sans-arabic", "katibeh", "mada", "reem-kufi", "reem-kufi-fun", "scheherazade-new",
)  # fmt: skip
PERSIAN_TEST = (
    "almarai", "amiri", "cascadia-code", "cascadia-mono", "changa", "estedad", "gulzar", "harmattan", "lalezar",
    "marhey", "mirza", "noto-kufi-arabic", "noto-naskh-arabic", "parastoo", "rakkas",
)  # fmt: skip
PERSIAN_DEBIAN = {
    "homa": ("truetype/farsiweb/homa.ttf",),
    "nazli": ("truetype/farsiweb/nazli.ttf", "truetype/farsiweb/nazlib.ttf"),
    "titr": ("truetype/farsiweb/titr.ttf",),
    "freefarsi": ("truetype/freefarsi/FreeFarsi.ttf", "truetype/freefarsi/FreeFarsi-Bold.ttf"),
    "freefarsi-mono": ("truetype/freefarsi/FreeFarsi-Mono.ttf",),
    "thabit": ("opentype/fonts-hosny-thabit/Thabit.ttf", "opentype/fonts-hosny-thabit/Thabit-Bold.ttf"),
    "paktype-ajrak": ("truetype/paktype/PakType Ajrak.ttf",),
    "paktype-naqsh": ("truetype/paktype/PakType Naqsh.ttf",),
    "paktype-naskh": ("truetype/paktype/PakType Naskh Basic Farsi.ttf",),
    "paktype-tehreer": ("truetype/paktype/PakType Tehreer.ttf",),
}
# Families for lines alone, made for Arabic, Uyghur, Kurdish or Urdu. Most lack some of the Persian letters or digits: a
# text is drawn in one only where it has its characters (`Face.spelled`).
ARABIC = ("alkalami", "readex-pro", "ruwudu", "tajawal")
ARABIC_DEBIAN = {  # folders and the files' names in them, each a family
    "fonts-ukij-uyghur": (
        "UKIJ",
        "Basma Bom CJK DiT Ekran EsBold EsC EsN Kesme Kesme-b KesmeTuz KesmeTuz-b Me Nsq Nsqb Qara Qara-b Qol_Tez "
        "Qol_Tuz Qol_Yantu SlsTom Teng Teng-b Tiken Title Tor TuT Tuz TuzB TuzBB TuzBold TuzG TuzGB TuzK TuzKB",
    ),
    "fonts-arabeyes": (
        "ae_",
        "AlArabiya AlBattar AlHor AlManzomah AlYarmook Arab Cortoba Dimnah Electron Furat Granada Graph Hani Hor Jet "
        "Kayrawan Khalid Mashq Mashq-Bold Metal Nagham Nice Ostorah Ouhod-Bold Petra Rasheeq-Bold Rehan Salem Shado "
        "Sharjah Sindbad Tarablus Tholoth",
    ),
    "kacst": ("Kacst", "Art Book Digital Farsi Letter Naskh Office Pen Poster Qurn Screen Title"),
    "freefont": ("Free", "Mono Serif SerifBold"),
    "fonts-nafees": ("Nafees", "Web"),
    "unikurdweb": ("Uniku", "web"),
}
CHINESE = ("ma-shan-zheng", "zcool-xiaowei")  # for tests, of what is not Persian

TWINS = str.maketrans("یک۰۱۲۳۴۵۶۷۸۹", "يك٠١٢٣٤٥٦٧٨٩")

Split = Literal["study", "train", "validation", "test", "display"]
PersianSplit = Literal["train", "validation", "test", "debian"]  # splits of the Persian families
Extra = tuple[Literal["debian"], ...]  # fonts of the machine that training names, beside those of its split


@dataclass(frozen=True)
class Face:
    """A family in one weight and style."""

    family: str  # its name
    weight: int  # 100 to 900
    style: str  # "normal" or "italic"
    path: Path  # its file
    signs: Path | None = None  # the file with its Latin letters and signs, where those have one of their own

    def file(self, text: str) -> Path:
        """The font file for a text: `signs`, if there is one, for pure ASCII, else `path`. No text may mix both."""
        return self.signs if self.signs and text.isascii() else self.path

    def spelled(self, text: str) -> str | None:
        """A text in characters that the face has: itself, or Arabic's ي, ك and digits; None where it lacks some."""
        for way in (text, text.translate(TWINS)):
            if all(letter in characters(self.file(letter)) for letter in way):
                return way
        return None


def families(split: Split) -> tuple[str, ...]:
    """The family names of a split, sorted. The study's ten are part of `train`; the other splits share nothing.

    `display` are those too odd for a text, such as captchas like: pixels, brushes, outlines, capitals only.
    """
    named = {"study": STUDY, "validation": VALIDATION, "test": TEST, "display": DISPLAY}
    if split in named:
        return named[split]
    package = json.loads((Path(__file__).parents[1] / "package.json").read_text())
    every = (name.removeprefix("@fontsource/") for name in package["dependencies"] if name.startswith("@fontsource/"))
    persian = {*PERSIAN_TRAIN, *PERSIAN_VALIDATION, *PERSIAN_TEST, *ARABIC} - {"rubik"}
    return tuple(sorted(set(every) - {*VALIDATION, *TEST, *DISPLAY, *persian, *CHINESE}))


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
def of_script(script: str) -> tuple[Face, ...]:
    """One regular face of each `train` or `display` family with a file for the script, such as "greek"."""
    paths = {name: FOLDER / name / "files" / f"{name}-{script}-400-normal.woff2" for name in families("train")}
    paths |= {name: FOLDER / name / "files" / f"{name}-{script}-400-normal.woff2" for name in families("display")}
    return tuple(Face(name, 400, "normal", path) for name, path in paths.items() if path.exists())


def _persian_files(family: str) -> list[tuple[Path, Path | None]]:
    """The files of a Persian family, each beside that of its signs."""
    if (package := PACKAGES / f"{family}-font" / "dist").exists():
        # without those that have Persian digits in place of Latin ones, no Latin letters, or all weights at once
        plain = re.compile(r"[A-Za-z-]+?(?<!FD)(?<!NL)(?<!UI)(?<!WOL)(?<!VF)(?<!Variable)(?<!Hack)(?<!Height)\.woff2")
        return [(path, None) for path in sorted(package.glob("*.woff2")) if plain.fullmatch(path.name)]
    subset = "latin" if family.startswith("dejavu-") else "arabic"  # the former has all characters in one file
    style = "normal" if family.startswith(("dejavu-", "cascadia-")) else "*"  # whose italics are not Persian
    files = sorted((FOLDER / family / "files").glob(f"{family}-{subset}-*-{style}.woff2"))
    return [(path, path.with_name(path.name.replace(f"{family}-{subset}", f"{family}-latin", 1))) for path in files]


NAMED = {"Thin": 100, "Light": 300, "Medium": 500, "SemiBold": 600, "Bold": 700, "Black": 900}


def _persian_face(family: str, path: Path, signs: Path | None) -> Face:
    """The face of a Persian family's file, whose name tells the weight."""
    words = re.split("[-.]", path.name)
    weight = next((int(word) for word in words if word.isdecimal() and len(word) == 3), None)
    named = next((NAMED[word] for word in words if word in NAMED), 700 if words[0].endswith("lib") else 400)
    return Face(family, weight or named, "italic" if "italic" in words else "normal", path, signs)


@cache
def persian(split: PersianSplit) -> tuple[Face, ...]:
    """The Persian faces of a split's families, in every weight; "debian" is what training may have besides.

    Raises:
        FileNotFoundError: a family is not installed.
    """
    if split == "debian":
        return _debian({family: [DEBIAN / name for name in names] for family, names in PERSIAN_DEBIAN.items()})
    named = {"train": PERSIAN_TRAIN, "validation": PERSIAN_VALIDATION, "test": PERSIAN_TEST}[split]
    return _of_npm(named)


@cache
def arabic(split: Literal["train", "debian"]) -> tuple[Face, ...]:
    """The faces for lines alone, which may lack characters.

    Raises:
        FileNotFoundError: a family is not installed.
    """
    if split == "train":
        return _of_npm(ARABIC)
    files = [
        DEBIAN / "truetype" / folder / f"{maker}{name}.ttf"
        for folder, (maker, names) in ARABIC_DEBIAN.items()
        for name in names.split()
    ]
    return _debian({path.stem.lower(): [path] for path in files})


def _of_npm(families: tuple[str, ...]) -> tuple[Face, ...]:
    found = {family: _persian_files(family) for family in families}
    if lacking := [family for family, files in found.items() if not files]:
        raise FileNotFoundError(f"the font family {lacking[0]!r} is not installed; run: make fonts")
    return tuple(_persian_face(family, *files) for family, every in found.items() for files in every)


def _debian(files: Mapping[str, Sequence[Path]]) -> tuple[Face, ...]:
    if lacking := [path for paths in files.values() for path in paths if not path.exists()]:
        raise FileNotFoundError(f"{lacking[0]} is not installed; run: ./packages.sh persian")
    return tuple(_persian_face(family, path, None) for family, paths in files.items() for path in paths)


@cache
def characters(path: Path) -> frozenset[str]:
    """What a font's character map holds, and the joiners, which are drawn as nothing where it lacks them."""
    from fontTools.ttLib import TTFont  # for training: pages that draw are without

    with TTFont(path, lazy=True) as font:
        return frozenset(map(chr, font.getBestCmap())) | {*"\N{ZERO WIDTH JOINER}\N{ZERO WIDTH NON-JOINER}"}


@cache
def load(path: Path, size: int, layout: ImageFont.Layout = ImageFont.Layout.BASIC) -> ImageFont.FreeTypeFont:
    """The font at a size in pixels, opened once per process.

    The basic layout has kerning only: a ligature would have no letter boxes. Persian needs that of raqm.
    """
    return ImageFont.truetype(path, size, layout_engine=layout)


@cache
def advance(path: Path, size: int, letter: str) -> float:
    """How far the pen moves on after a letter that stands alone, in pixels."""
    return load(path, size).getlength(letter)


@cache
def letter_box(path: Path, size: int, letter: str) -> tuple[float, float, float, float]:
    """A letter's ink: left, top, right, bottom in pixels from its pen position on the baseline."""
    return load(path, size).getbbox(letter, anchor="ls")
