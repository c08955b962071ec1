"""Sets of Persian digits, signs and words, as in the header of a business letter: 18 classes, in print.

    python -m training.data.persian study --out DIR      1,156 of each class, as many as the study had, in all fonts
    python -m training.data.persian train --out DIR      what the bundled reader learns from, and validation
    python -m training.data.persian validation --out DIR validation alone
    python -m training.data.persian tests --out DIR      the test sets, in families that no set for training has
    python -m training.data.persian letters --out DIR    all letter forms, which teach a network to see

A crop is as high as the line that it was cut from: so a dash and an underscore differ by their height on the line, and
a zero from a five, which is a ring in many fonts, by its size. The metadata's `text` is what is printed, in logical
order; `label` is the class.
"""

from collections.abc import Mapping
from functools import cache, partial
from pathlib import Path
from typing import Literal

import numpy as np
from PIL import Image

from training.data import command, folder
from training.data.drawing import degrade, fonts, render, scan, sketches
from training.data.drawing.captchas import draw_scene
from training.data.texts import one_of

WORDS = {"date": "تاریخ", "dated": "مورخ", "attachment": "پیوست", "number": "شماره", "title": "موضوع"}
DIGITS, ARABIC_DIGITS = "۰۱۲۳۴۵۶۷۸۹", "٠١٢٣٤٥٦٧٨٩"
OTHER = "other"
LABELS = (*"0123456789", "-", "_", OTHER, *WORDS)
UNKNOWN = "\N{REPLACEMENT CHARACTER}"  # what is printed where the class is OTHER cannot be told
TEXTS: Mapping[str, str] = {**dict(zip("0123456789", DIGITS, strict=True)), "-": "-", "_": "_", OTHER: UNKNOWN, **WORDS}

LETTERS = "آابپتثجچحخدذرزژسشصضطظعغفقکگلمنوهی"
# those that differ by dots and strokes alone
SHAPES = "آا", "بپتثنی", "جچحخ", "دذ", "رزژ", "سش", "صض", "طظ", "عغ", "فق", "کگ", "ل", "م", "و", "ه"
JOINED_BEFORE_ONLY = "آادذرزژو"  # letters that the next one is never joined to
JOINER = "\N{ZERO WIDTH JOINER}"

# What is drawn as another character: nothing that has the shape of a class, as ا and I of a one, ه and O of a five, V
# and U of a seven, n of an eight, 9 of a nine, a full stop of a zero; a slash and brackets are ones nearly.
TWINS = "ا", "ه", JOINER + "ا"
OTHER_SIGNS = ":*#%+=؟«»؛&@$"
OTHER_LATIN = "ABCDFGHJKLMNPQRSTWXYZabcdefghjkmprstwxyz24568"
SCRIPTS = {  # letters that training shows
    "latin": OTHER_LATIN,
    "cyrillic": "БГДЖЗИЙКЛПФЦЧШЩЪЫЬЭЮЯбвгджзийклмнптфцчшщэюя",
    "greek": "ΓΔΘΞΠΣΦΨΩαβγδεζηθκλμξπρστφχψω",
    "hebrew": "אבגדהזחטכלמנסעפצקרשת",
    "devanagari": "अआइईउएकखगघचछजझटडढणतथदधनपफबभमयरलवशषसह",
    "thai": "กขคงจฉชซญดตถทธนบปผฝพฟภมยรลวศษสหอฮ",
    "japanese": (
        "あいうえおかきさしすせそたちなにぬねのはひふほまみむめもやゆよらるれわをアエオカキクケサシスセソタチ"
        "ツテナネハホマムメモヤユラルレロワ春夏秋冬東西南北右左京都県市町村前後午朝昼夜父母兄弟姉妹犬猫鳥魚馬"
        "牛羊米麦茶酒肉野菜雨雪風雲空海石林森花草赤青黄白黒"
    ),
    "korean": (
        "가각간갈감갑강개거건걸검게겨고곡골공과관광구국군궁권귀그글금기긴길나남내너노농누다달담당대도독동두등"
        "라력로리마만말매면명모목무문물미민바박반발방배번법보부북분비사산상새생서석선설성세소수순시식신실심아"
        "안알양어언여연영예오온외요용우운원월위유은을음의이인일입자작장재전절정제조종주중지진집차참창책천청체"
        "초총추출치친카타터토통특파판편평포표품하학한할합항해행향현형호화확환회효후훈희"
    ),
}

SIDE = 64  # pixels: of a font's em, while it is drawn
COUNT = 1_156  # images of each class in the study

Split = Literal["train", "validation", "test"]
Splits = tuple[fonts.PersianSplit, ...]
Damage = Literal["clean", "scan", "any"]


@cache
def other_words() -> tuple[str, ...]:
    """Words of business letters that are none of the classes, some nearly."""
    return tuple((Path(__file__).parent / "texts" / "persian_words.txt").read_text(encoding="utf-8").split())


@cache
def by_family(splits: Splits) -> tuple[tuple[fonts.Face, ...], ...]:
    """The faces of the splits, those of one family together."""
    every = [face for split in splits for face in fonts.persian(split)]
    names = dict.fromkeys(face.family for face in every)
    return tuple(tuple(face for face in every if face.family == name) for name in names)


def random_face(rng: np.random.Generator, *splits: fonts.PersianSplit) -> fonts.Face:
    """A face of the splits; every family is as likely."""
    families = by_family(splits)
    family = families[int(rng.integers(len(families)))]
    return family[int(rng.integers(len(family)))]


def printed(rng: np.random.Generator, label: str) -> str:
    """What is printed in an image of a class: a digit in one of its two shapes; for OTHER anything else."""
    if label.isdigit():
        return (DIGITS if rng.random() < 0.6 else ARABIC_DIGITS)[int(label)]
    return TEXTS[label] if label != OTHER else other(rng)


def other(rng: np.random.Generator) -> str:
    """Something else: a letter in any of its forms, a sign, a word, several digits, Latin letters."""
    kind = rng.random()
    if kind < 0.25:
        return one_of(rng, tuple(form for form in letter_forms() if form not in TWINS))
    if kind < 0.35:
        return one_of(rng, OTHER_SIGNS)
    if kind < 0.65:
        return one_of(rng, other_words())
    if kind < 0.8:
        digits = DIGITS if rng.random() < 0.7 else ARABIC_DIGITS
        return "".join(one_of(rng, digits) for _ in range(int(rng.integers(2, 6))))
    return latin(rng)


def latin(rng: np.random.Generator) -> str:
    """One to six Latin letters and digits; alone none that has the shape of a class."""
    return "".join(one_of(rng, OTHER_LATIN) for _ in range(int(rng.integers(1, 7))))


def invented(rng: np.random.Generator) -> str:
    """Letters that make no word, or a class's word with a letter changed to one of another shape, too many or lost."""
    if rng.random() < 0.5:
        return "".join(one_of(rng, LETTERS) for _ in range(int(rng.integers(2, 8))))
    word = one_of(rng, tuple(WORDS.values()))
    place, kind = int(rng.integers(len(word))), rng.random()
    if kind < 0.6:
        other_shapes = "".join(shape for shape in SHAPES if word[place] not in shape)
        return word[:place] + one_of(rng, other_shapes) + word[place + 1 :]
    return word[:place] + one_of(rng, LETTERS) + word[place:] if kind < 0.8 else word[:place] + word[place + 1 :]


@cache
def letter_forms() -> tuple[str, ...]:
    """Every letter in every form that it takes in a word: alone, and joined to one or both sides."""
    ends = [letter + JOINER for letter in LETTERS if letter not in JOINED_BEFORE_ONLY]
    middles = [JOINER + form for form in ends]
    return (*LETTERS, *(JOINER + letter for letter in LETTERS), *ends, *middles)


def inked(rng: np.random.Generator, text: str, face: fonts.Face, varied: bool) -> Image.Image:
    """Renders a text as ink (L, white on black), as high as its line; if `varied`, mostly distorted."""
    if varied and text in (*DIGITS, *ARABIC_DIGITS) and rng.random() < 0.3:
        return sketches.sketched(rng, text)
    mask = render.shaped(text, face, SIDE).mask
    return render.varied(rng, mask) if varied and rng.random() < 0.75 else mask


def crop(rng: np.random.Generator, mask: Image.Image, tight: bool) -> Image.Image:
    """Ink with margins: as high as its line, or where it may be `tight`, at times less."""
    if tight and rng.random() < 0.3:
        mask = mask.crop(mask.getbbox())
    height = mask.height
    over, under = (rng.uniform(0.03, 0.22, 2) * height).astype(int) + 2
    sides = (rng.uniform(0.04, 0.35, 2) * height).astype(int) + 2
    canvas = Image.new("L", (mask.width + int(sides.sum()), height + int(over + under)))
    canvas.paste(mask, (int(sides[0]), int(over)))
    return canvas


def may_be_tight(text: str) -> bool:
    """Whether a text is still itself when it is cropped without regard to its line: words, most digits."""
    return len(text) > 1 or text in DIGITS[1:] or text in ARABIC_DIGITS[1:5] + ARABIC_DIGITS[6:]


def draw_text(
    rng: np.random.Generator, text: str, label: str, face: fonts.Face, damage: Damage, varied: bool = False
) -> folder.Drawing:
    """A crop of a printed text: clean, black on white, or as a bad scan has it; `varied` as no font has it."""
    mask = crop(rng, inked(rng, text, face, varied), may_be_tight(text))
    height = int(rng.integers(32, 73))
    if damage == "scan" or (damage == "any" and rng.random() < 0.65):
        picture = degrade.to_image(scan.scanned(rng, mask, height))
    else:
        small = mask.resize((max(round(mask.width * height / mask.height), 4), height), Image.Resampling.BOX)
        picture = Image.eval(small, lambda ink: 255 - ink).convert("RGB")
    left, top, right, bottom = np.array(mask.getbbox() or (0, 0, *mask.size)) * height / mask.height
    box = f"{left:.1f} {top:.1f} {right:.1f} {bottom:.1f}"
    return picture, {"text": text, "label": label, "font": face.family, "boxes": box}


def draw_nothing(rng: np.random.Generator, label: str) -> folder.Drawing:
    """A crop without any text: paper, noise, a line of a form, a crop of a photo."""
    height = int(rng.integers(28, 73))
    size = int(height * rng.uniform(0.5, 2)), height
    kind = rng.random()
    if kind < 0.3:
        image = degrade.gaussian_noise(rng, degrade.plain(rng, size, degrade.colour(rng)), rng.uniform(3, 120))
    elif kind < 0.5:
        image = degrade.grain(rng, size, np.full(3, rng.uniform(150, 255), np.float32))
    elif kind < 0.8:
        image = scan.scanned(rng, Image.new("L", (2 * size[0], 2 * height)), height)
    else:
        image = np.asarray(Image.fromarray(draw_scene(rng).image).resize(size), np.float32)
    return degrade.to_image(image), {"text": "", "label": label, "font": "", "boxes": ""}


def draw_other(rng: np.random.Generator, splits: Splits) -> folder.Drawing:
    """A crop of none of the classes, for training: print of every kind, crops of scenes, paper."""
    kind = rng.random()
    if kind < 0.22:
        return draw_nothing(rng, OTHER)
    if kind < 0.32:
        return degrade.to_image(draw_scene(rng).image), {"text": "", "label": OTHER, "font": "", "boxes": ""}
    if kind < 0.6:
        scripts = tuple(SCRIPTS) if kind < 0.5 else ("latin",)
        script = one_of(rng, scripts)
        faces = fonts.of_script(script)
        fewest = 1 if script in ("japanese", "korean") else 2  # alone, none of their letters has the shape of a class
        text = "".join(one_of(rng, SCRIPTS[script]) for _ in range(int(rng.integers(fewest, 8))))
        return draw_text(rng, text, OTHER, faces[int(rng.integers(len(faces)))], "any", varied=True)
    text = invented(rng) if kind < 0.8 else other(rng)
    return draw_text(rng, text, OTHER, random_face(rng, *splits), "any", varied=True)


def draw_any(
    index: int,
    splits: Splits,
    damage: Damage,
    seed: int,
    nothing: float = 0.0,
    others: float = 0.0,
    varied: bool = False,
) -> folder.Drawing:
    """Image `index` of a set with equally many images of each class.

    With probability `nothing` it is a crop without text, else with probability `others` any crop of the class OTHER.
    """
    rng = np.random.default_rng((seed, index))
    if rng.random() < nothing:
        return draw_nothing(rng, OTHER)
    if others and rng.random() < others:
        return draw_other(rng, splits)
    label = LABELS[index % len(LABELS)]
    return draw_text(rng, printed(rng, label), label, random_face(rng, *splits), damage, varied)


def draw_letter(index: int, seed: int, extra: fonts.Extra = ()) -> folder.Drawing:
    """Image `index` of the letter forms."""
    rng = np.random.default_rng((seed, index))
    form = letter_forms()[index % len(letter_forms())]
    return draw_text(rng, form, form, random_face(rng, "train", *extra), "any", varied=True)


def draw_outlier(index: int, seed: int, split: Split = "test") -> folder.Drawing:
    """Image `index` of what is none of the classes: Latin in fonts of the split, Chinese or Japanese, or no text."""
    rng = np.random.default_rng((seed, index))
    kind = index % 3
    if kind == 0:
        return draw_text(rng, latin(rng), OTHER, random_face(rng, split), "any")
    if kind == 1:
        if split == "test":
            family, letters = one_of(rng, fonts.CHINESE), CHINESE
            path = fonts.FOLDER / family / "files" / f"{family}-chinese-simplified-400-normal.woff2"
            face = fonts.Face(family, 400, "normal", path)
        else:
            faces, letters = fonts.of_script("japanese"), SCRIPTS["japanese"]
            face = faces[int(rng.integers(len(faces)))]
        text = "".join(one_of(rng, letters) for _ in range(int(rng.integers(1, 4))))
        return draw_text(rng, text, OTHER, face, "any")
    return draw_nothing(rng, OTHER)


CHINESE = "的是了我不人在他有这个上们来到时大地为子中你说生国年着就那和要她出也得里后自以会"


def sets(extra: fonts.Extra = ()) -> dict[str, folder.DrawnSet]:
    """Every set by name; of those to train with, `extra` fonts too."""
    of = len(LABELS)
    every: Splits = ("train", "validation", "test")
    to_train: Splits = ("train", *extra)
    return {
        "persian-study": folder.DrawnSet(COUNT * of, partial(draw_any, splits=every, damage="any", seed=40)),
        "persian-train": folder.DrawnSet(
            90_000, partial(draw_any, splits=to_train, damage="any", seed=41, nothing=0.05, varied=True)
        ),
        "persian-mixed": folder.DrawnSet(
            90_000, partial(draw_any, splits=to_train, damage="any", others=0.3, seed=47, varied=True)
        ),
        "persian-validation": folder.DrawnSet(
            200 * of, partial(draw_any, splits=("validation",), damage="any", seed=42)
        ),
        "persian-validation-nothing": folder.DrawnSet(1_000, partial(draw_outlier, seed=48, split="validation")),
        "persian-test": folder.DrawnSet(200 * of, partial(draw_any, splits=("test",), damage="clean", seed=43)),
        "persian-test-scan": folder.DrawnSet(200 * of, partial(draw_any, splits=("test",), damage="scan", seed=44)),
        "persian-test-nothing": folder.DrawnSet(1_000, partial(draw_outlier, seed=45)),
        "persian-letters": folder.DrawnSet(400 * len(letter_forms()), partial(draw_letter, seed=46, extra=extra)),
    }


def main() -> None:
    groups = {
        "study": ("persian-study",),
        "train": ("persian-train", "persian-mixed", "persian-validation"),
        "validation": ("persian-validation",),
        "tests": ("persian-test",),
        "letters": ("persian-letters",),
    }
    command.draw(command.parser("persian", __doc__, "fonts"), groups, lambda args: sets(tuple(args.fonts)))


if __name__ == "__main__":
    main()
