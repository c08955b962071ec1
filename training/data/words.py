"""Words, numbers and lines as they stand on signs, on labels and on paper, drawn while a network learns from them.

    python -m training.data.words validation --out DIR     in fonts of their own
    python -m training.data.words tests --out DIR          words and numbers in fonts that training never draws

Training sets are not written anywhere: picture `index` of a stream depends on the stream's seed and its index alone.
"""

import string
from collections.abc import Callable
from functools import cache, partial

import numpy as np
from PIL import Image, ImageChops, ImageFilter

from training.data import command, folder
from training.data.drawing import degrade, fonts, render, styles
from training.data.texts import one_of
from training.data.texts.english import dictionary, recase

Rng = np.random.Generator
LONGEST = 40  # characters of a line

LETTERS = "abcdefghijklmnopqrstuvwxyz"
SHORT = (  # words that are too short for the word list, of which there are many on signs
    "a", "i", "an", "and", "are", "as", "at", "be", "big", "box", "bus", "but", "by", "can", "car", "do", "dry", "end",
    "for", "free", "get", "go", "hot", "if", "in", "inc", "is", "it", "its", "kg", "ltd", "max", "me", "men", "min",
    "mr", "my", "new", "no", "not", "now", "of", "off", "oil", "old", "on", "one", "open", "or", "our", "out", "own",
    "per", "pm", "put", "red", "sale", "see", "st", "tax", "tea", "tel", "the", "to", "top", "try", "two", "up", "us",
    "use", "vat", "via", "was", "way", "we", "with", "you", "zip",
)  # fmt: skip
CURRENCIES = ("$", "USD ", "EUR ", "GBP ")
MARKED = (
    "{}.", "{},", "{}!", "{}?", "{}:", "({})", '"{}"', "'{}'", "{}'s",
    "-{}", "#{}", "@{}", "www.{}.com", "*{}", "{}...",
)  # fmt: skip


def digits(rng: Rng, count: int) -> str:
    return "".join(map(str, rng.integers(0, 10, count)))


def grouped(rng: Rng) -> str:
    """A whole number, at times with its thousands apart."""
    number = int(10 ** rng.uniform(0, 6.5))
    return (f"{number}", f"{number:,}", f"{number:,}".replace(",", "."), f"{number:,}".replace(",", " "))[
        rng.integers(4)
    ]


def amount(rng: Rng) -> str:
    """A sum of money."""
    number = grouped(rng)
    cents = digits(rng, 2)
    value = number + (("." if "." not in number else ",") + cents if rng.random() < 0.7 else "")
    currency = one_of(rng, CURRENCIES)
    return currency + value if rng.random() < 0.6 else f"{value} {currency.strip()}"


def date(rng: Rng) -> str:
    day, month, year = int(rng.integers(1, 29)), int(rng.integers(1, 13)), int(rng.integers(1950, 2031))
    name = ("Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec")[month - 1]
    forms = (
        f"{day:02}.{month:02}.{year}", f"{day:02}/{month:02}/{year % 100:02}", f"{year}-{month:02}-{day:02}",
        f"{month}/{day}/{year}", f"{day} {name} {year}", f"{name} {day}, {year}", f"{year}",
        f"{rng.integers(0, 24):02}:{rng.integers(0, 60):02}",
    )  # fmt: skip
    return forms[rng.integers(len(forms))]


def phone(rng: Rng) -> str:
    forms = (
        f"+{rng.integers(1, 99)} {digits(rng, 3)} {digits(rng, 7)}",
        f"({digits(rng, 3)}) {digits(rng, 3)}-{digits(rng, 4)}",
        f"0{digits(rng, 3)}/{digits(rng, 6)}",
        f"{digits(rng, 3)}-{digits(rng, 3)}-{digits(rng, 4)}",
    )
    return forms[rng.integers(len(forms))]


def invoice(rng: Rng) -> str:
    letters = "".join(one_of(rng, LETTERS.upper()) for _ in range(int(rng.integers(1, 4))))
    forms = (
        f"{letters}-{digits(rng, int(rng.integers(3, 8)))}", f"{letters}{digits(rng, int(rng.integers(2, 7)))}",
        f"No. {digits(rng, int(rng.integers(1, 7)))}", f"{rng.integers(1990, 2031)}/{digits(rng, 4)}",
        f"{rng.integers(1, 101)}%", digits(rng, int(rng.integers(1, 10))),
    )  # fmt: skip
    return forms[rng.integers(len(forms))]


def number(rng: Rng) -> str:
    """An amount, a date or a time, a phone number, an invoice's or any other number."""
    return (amount, date, phone, invoice, grouped)[rng.integers(5)](rng)


def letters(rng: Rng) -> str:
    """Letters, at times with digits, that are no word: names and marks are such."""
    pool = (LETTERS, LETTERS.upper(), LETTERS.upper() + "0123456789")[rng.integers(3)]
    return "".join(one_of(rng, pool) for _ in range(int(rng.integers(1, 9))))


def cased(rng: Rng, word: str) -> str:
    """A word as signs have it: mostly in capitals."""
    kind = rng.random()
    return word.upper() if kind < 0.45 else word.title() if kind < 0.7 else word if kind < 0.95 else recase(rng, word)


def word(rng: Rng, held_out: bool = False) -> str:
    """A word of the dictionary, or unless `held_out` at times a short one."""
    if held_out:
        return cased(rng, one_of(rng, dictionary(True)))
    if rng.random() < 0.15:
        return cased(rng, one_of(rng, SHORT))
    # a dictionary has more long words than a street
    return cased(rng, min(one_of(rng, dictionary(False)), one_of(rng, dictionary(False)), key=len))


def marked(rng: Rng) -> str:
    """A word with a sign before or behind it, two words joined by one, or one around a number."""
    if rng.random() < 0.25:
        return word(rng) + one_of(rng, "-/&+.'_") + word(rng)
    if rng.random() < 0.3:  # any sign, so that each is known
        sign = one_of(rng, string.punctuation)
        return sign + word(rng) if rng.random() < 0.5 else word(rng) + sign
    return one_of(rng, MARKED).format(word(rng))


def any_text(rng: Rng) -> str:
    """What training draws: words, numbers, other letters, words with signs, lines of several of these."""
    kinds: tuple[Callable[[Rng], str], ...] = (word, number, letters, marked)
    count = 1 if rng.random() < 0.92 else int(rng.integers(2, 5))
    text = " ".join(kinds[rng.choice(4, p=(0.56, 0.24, 0.1, 0.1))](rng) for _ in range(count))
    return text[:LONGEST].strip()


@cache
def scenes(split: fonts.Split) -> tuple[np.ndarray, ...]:
    """What photos are made of, to lay words on; drawn once for each process."""
    seed = ("train", "validation", "test").index(split)
    return tuple(degrade.scene(np.random.default_rng((51, seed, i)), (200, 120)) for i in range(48))


def paper(rng: Rng, size: tuple[int, int], colour: np.ndarray, split: fonts.Split) -> np.ndarray:
    """What a word stands on, float32 (H, W, 3) near its colour: plain in a third, a pattern, or a crop of a scene."""
    kind = rng.random()
    if kind < 0.35:
        return degrade.plain(rng, size, colour)
    if kind < 0.8:
        kinds = degrade.BACKGROUNDS[split]
        return kinds[rng.integers(len(kinds))](rng, size, colour)
    scene = scenes(split)[int(rng.integers(len(scenes(split))))]
    wide = int(rng.integers(40, 201))
    high = int(np.clip(wide * size[1] / size[0], 8, 120))
    left, top = rng.integers(0, 201 - wide), rng.integers(0, 121 - high)
    crop = degrade.to_image(scene[top : top + high, left : left + wide]).resize(size, Image.Resampling.BILINEAR)
    rough = np.asarray(crop, np.float32)
    return colour + (rough - rough.mean((0, 1))) * rng.uniform(0.2, 0.8)


def seen_askew(rng: Rng, ink: render.Ink) -> render.Ink:
    """The ink in perspective: its upper and lower edge run together to one side, or its sides do."""
    width, height = ink.mask.size
    corners = np.array([[0, 0], [0, height], [width, height], [width, 0]], float)
    moved = corners + rng.uniform(-0.13, 0.13, (4, 2)) * height * [1, 1]
    way = render.homography(corners, moved)  # from the picture to the ink; the boxes want the inverse
    mask = ink.mask.transform(
        ink.mask.size, Image.Transform.PERSPECTIVE, way.ravel()[:8].tolist(), Image.Resampling.BILINEAR
    )
    boxes = render.project_boxes(ink.boxes, np.linalg.inv(way))
    return render.Ink(mask, boxes.astype(np.float32), ink.text)


def lay_out(rng: Rng, text: str, face: fonts.Face) -> render.Ink:
    """A text with its margins: spaced, slanted, turned, arched, in perspective, each sometimes."""
    size = 24 + 4 * int(rng.integers(7))
    ink = render.line(text, face.path, size, max(rng.normal(0, 0.06), -0.06) * size if rng.random() < 0.3 else 0.0)
    left, top, right, bottom = rng.uniform(0.02, 0.5, 4) ** 1.5 * ink.mask.height
    canvas = int(ink.mask.width + left + right) + 2, int(ink.mask.height + top + bottom) + 2
    at = left / max(left + right, 1e-3), top / max(top + bottom, 1e-3)
    askew = rng.random() < 0.6
    turn, slant = (rng.normal(0, 2.5), rng.normal(0, 0.12)) if askew else (0.0, 0.0)
    ink = render.place(ink, canvas, 1.0, float(turn), float(slant), (float(at[0]), float(at[1])))
    if rng.random() < 0.15 and ink.mask.width > 2 * ink.mask.height:
        arch = rng.uniform(0.05, 0.2) * ink.mask.height
        ink = render.wave(ink, arch, 2 * ink.mask.width, 0.0 if rng.random() < 0.5 else np.pi)
    return seen_askew(rng, ink) if rng.random() < 0.35 else ink


def draw(rng: Rng, text: str, split: fonts.Split, odd: float = 0.0, times: int = 1) -> folder.Drawing:
    """A picture of a text in one of the split's fonts, with a share `odd` in one of those too odd for a text."""
    every = fonts.faces("display" if rng.random() < odd else split)
    return draw_in(rng, text, every[int(rng.integers(len(every)))], split, times)


def draw_in(rng: Rng, text: str, face: fonts.Face, split: fonts.Split, times: int = 1) -> folder.Drawing:
    """A picture of a text in a font, on a paper of the split; `times=2` gives a photo of a print of a photo."""
    if styles.capital(face.path):
        text = text.upper()
    ink = lay_out(rng, text, face)
    size = ink.mask.size
    if rng.random() < 0.4:
        ground = np.full(3, rng.uniform(200, 255), np.float32) + rng.normal(0, 6, 3).astype(np.float32)
        contrast = rng.uniform(90, 240)
    else:
        ground = degrade.colour(rng)
        contrast = rng.uniform(45, 100) if rng.random() < 0.3 else rng.uniform(80, 220)
    tint = degrade.ink_colour(rng, ground, contrast)
    image = paper(rng, size, ground, split)
    mask = ink.mask
    if rng.random() < 0.12:  # a rim in another colour
        rim = np.asarray(mask.filter(ImageFilter.MaxFilter(3)), np.float32)[..., None] / 255
        image = image * (1 - rim) + degrade.ink_colour(rng, tint, rng.uniform(60, 200)) * rim
    if rng.random() < 0.15:  # a shadow
        step = rng.integers(-3, 4, 2).tolist()
        cast = ImageChops.offset(mask, *step).filter(ImageFilter.GaussianBlur(rng.uniform(0, 2)))
        shade = np.asarray(cast, np.float32)[..., None] / 255 * rng.uniform(0.3, 0.8)
        image = image * (1 - shade) + degrade.ink_colour(rng, ground, 0.5 * contrast) * shade
    fade = degrade.smooth(rng, size, 3)[..., None] * rng.uniform(-40, 40, 3) if rng.random() < 0.2 else 0.0
    alpha = np.asarray(mask, np.float32)[..., None] / 255 * rng.uniform(0.85, 1.0)
    image = image * (1 - alpha) + (tint + fade) * alpha
    for _ in range(times):
        image = seen(rng, image, contrast)
    boxes = " ".join(f"{v:.1f}" for v in ink.boxes.ravel())
    return degrade.to_image(image), {"text": text, "font": face.family, "boxes": boxes}


def seen(rng: Rng, image: np.ndarray, contrast: float) -> np.ndarray:
    """As a camera or a scanner takes it: uneven light, blur, few pixels, noise, compression, each sometimes."""
    size = image.shape[1], image.shape[0]
    if rng.random() < 0.3:
        image = image * (1 + degrade.smooth(rng, size, int(rng.integers(2, 5)))[..., None] * rng.uniform(0.05, 0.35))
    if rng.random() < 0.35:
        image = degrade.blur(image, rng.uniform(0.3, 0.045 * size[1]))
    if rng.random() < 0.35:
        image = degrade.resample(image, rng.uniform(0.35, 0.9))
    if rng.random() < 0.4:
        image = degrade.gaussian_noise(rng, image, rng.uniform(2, min(0.2 * contrast, 25)))
    if rng.random() < 0.4:
        image = degrade.jpeg(image, int(rng.integers(12, 80)))
    return image


def draw_any(index: int, split: fonts.Split, seed: int) -> folder.Drawing:
    """Picture `index` of a stream of anything."""
    rng = np.random.default_rng((seed, index))
    return draw(rng, any_text(rng), split, odd=0.3 if split == "train" else 0.0)


def draw_test(index: int, text: Callable[[Rng], str], seed: int, times: int = 1) -> folder.Drawing:
    """Picture `index` of a test set: what `text` gives, in a font of the test split."""
    rng = np.random.default_rng((seed, index))
    return draw(rng, text(rng), "test", times=times)


def sets() -> dict[str, folder.DrawnSet]:
    """Every set that is written, by name."""
    return {
        "words-validation": folder.DrawnSet(4_000, partial(draw_any, split="validation", seed=61)),
        "words-test": folder.DrawnSet(3_000, partial(draw_test, text=partial(word, held_out=True), seed=62)),
        "words-test-worn": folder.DrawnSet(
            2_000, partial(draw_test, text=partial(word, held_out=True), seed=65, times=2)
        ),
        "numbers-test": folder.DrawnSet(2_000, partial(draw_test, text=number, seed=63)),
    }


def main() -> None:
    groups = {"validation": ("words-validation",), "tests": ("words-test", "words-test-worn", "numbers-test")}
    command.draw(command.parser("words", __doc__), groups, lambda _: sets())


if __name__ == "__main__":
    main()
