"""Persian characters and words as they are drawn: real letters, joined, in order, where they belong on the line."""

from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from fontTools.ttLib import TTFont
from PIL import Image, ImageFont
from scipy import ndimage

from training.data import persian
from training.data.drawing import fonts, render, scan

Damage = Callable[[np.random.Generator, Image.Image], Image.Image]
SPLITS = "train", "validation", "test"
FACE = next(face for face in fonts.persian("test") if face.family == "noto-naskh-arabic" and face.weight == 400)


@pytest.mark.parametrize("split", SPLITS)
def test_every_face_holds_what_it_draws(split: persian.Split) -> None:
    """By its character map; and its digits are Persian ones, not Latin ones in their places."""
    drawn = {*persian.LETTERS, *persian.DIGITS, *persian.ARABIC_DIGITS}
    for face in fonts.persian(split):
        files = face.path, face.file("-")
        held = [set(map(chr, TTFont(path, lazy=True).getBestCmap())) for path in files]
        assert drawn <= held[0] and {*"-_25"} <= held[1], face
        for persian_digit, latin_digit in ("۲2", "۵5"):
            masks = [
                bytes(fonts.load(path, 40, ImageFont.Layout.RAQM).getmask(digit))
                for path, digit in zip(files, (persian_digit, latin_digit), strict=True)
            ]
            assert masks[0] != masks[1], face


def test_families_are_many_and_belong_to_one_split() -> None:
    families = {split: {face.family for face in fonts.persian(split)} for split in SPLITS}
    faces = [face for split in SPLITS for face in fonts.persian(split)]
    assert len(set.union(*families.values())) >= 45 and len(faces) >= 200
    assert len(families["test"]) >= 12
    assert sum(map(len, families.values())) == len(set.union(*families.values()))
    assert len({face.path for face in faces}) == len(faces)
    grown = [{name.split("-")[0] for name in families[split]} - {"noto"} for split in SPLITS]  # as cairo-play of cairo
    assert not grown[0] & grown[1] and not grown[0] & grown[2] and not grown[1] & grown[2]
    assert {100, 400, 900} <= {face.weight for face in faces}


def test_letters_are_joined_and_dots_stay() -> None:
    """A word has fewer pieces than letters and dots; its letters side by side have all of them."""
    word = np.asarray(render.shaped("پیوست", FACE, 64).mask) > 127
    alone = [np.asarray(render.shaped(letter, FACE, 64).mask) > 127 for letter in "پیوست"]
    pieces = [ndimage.label(mask, np.ones((3, 3)))[1] for mask in (word, *alone)]
    assert pieces[0] == 2 + 3 + 2 + 2, "پیو and ست, and the dots of پ, ی and ت"
    assert sum(pieces[1:]) > 5 and word.shape[1] < 0.9 * sum(mask.shape[1] for mask in alone)


def test_words_run_from_right_to_left_and_numbers_from_left_to_right() -> None:
    def ends(text: str, first: str) -> tuple[float, float]:
        """How like the piece at the left and at the right of a text its first character is."""
        whole = np.asarray(render.shaped(text, FACE, 64).mask, float)
        part = np.asarray(render.shaped(first, FACE, 64).mask, float)
        top = min(len(whole), len(part))
        wide = part.shape[1]
        left, right = whole[:top, :wide], whole[:top, -wide:]
        return float(np.abs(left - part[:top]).mean()), float(np.abs(right - part[:top]).mean())

    left, right = ends("۱۷۲", "۱")
    assert left < right / 4, "a number begins at the left"
    left, right = ends("دارو", "د")
    assert right < left / 4, "a word begins at the right"


def test_a_dash_an_underscore_and_a_zero_keep_their_places_and_sizes() -> None:
    for face in fonts.persian("test"):
        ink = {text: render.shaped(text, face, 64).mask for text in ("-", "_", "۰", "٥", "۱")}
        assert len({mask.height for text, mask in ink.items() if text != "_"}) == 1, "all are as high as the line"
        boxes = {text: mask.getbbox() for text, mask in ink.items()}
        assert boxes["-"][3] < boxes["_"][1], face
        assert boxes["۰"][3] - boxes["۰"][1] < 0.75 * (boxes["۱"][3] - boxes["۱"][1]), face
    rng = np.random.default_rng(0)
    for text in ("-", "_", "۰", "٠", "٥", "ر", "و"):
        heights = {
            persian.crop(rng, persian.inked(rng, text, FACE, False), persian.may_be_tight(text)).height
            for _ in range(40)
        }
        assert min(heights) > render.shaped(text, FACE, persian.SIDE).mask.height, "never cropped to the ink"


def test_every_class_comes_as_often_and_says_what_is_printed() -> None:
    study = persian.sets()["persian-study"]
    assert study.count == 18 * 1_156
    rows = [study.draw(index)[1] for index in range(360)]
    assert set(Counter(row["label"] for row in rows).values()) == {20}
    for row in rows:
        label, text = str(row["label"]), str(row["text"])
        if label.isdigit():
            assert text in (persian.DIGITS[int(label)], persian.ARABIC_DIGITS[int(label)])
        elif label != persian.OTHER:
            assert text == persian.TEXTS[label]
    digits = {row["text"] for row in rows if str(row["label"]).isdigit()}
    assert len(digits) == 20, "in both shapes"
    assert persian.TEXTS["number"] == "شماره" and persian.TEXTS["5"] == "۵"
    assert len(persian.LABELS) == len(set(persian.TEXTS.values())) == 18


def test_one_digit_may_be_sketched_and_several_are_not() -> None:
    """For training alone, where most have shapes that no font has."""
    own = render.shaped("۳", FACE, persian.SIDE).mask.tobytes()
    drawn = [persian.inked(np.random.default_rng(seed), "۳", FACE, varied=True).tobytes() for seed in range(60)]
    assert len(set(drawn)) > 40 and 2 < drawn.count(own) < 30
    assert all(
        persian.inked(np.random.default_rng(seed), "۳", FACE, varied=False).tobytes() == own for seed in range(9)
    )
    for seed in range(30):
        several = persian.inked(np.random.default_rng(seed), "۳۴", FACE, varied=True)
        assert several.width > 1.3 * render.shaped("۳", FACE, persian.SIDE).mask.width


def test_nothing_that_looks_like_a_class_is_called_another_character() -> None:
    rng = np.random.default_rng(0)
    drawn = {persian.other(rng) for _ in range(4_000)}
    assert not drawn & {*persian.TEXTS.values(), *persian.ARABIC_DIGITS, *persian.TWINS, *"IlOoVvUun019.,|"}
    assert not set(persian.other_words()) & set(persian.WORDS.values())
    assert any(len(text) > 1 and set(text) <= set(persian.DIGITS) for text in drawn), "several digits are none"


def test_invented_words_are_none_of_the_classes_nor_look_like_one() -> None:
    rng = np.random.default_rng(0)
    drawn = {persian.invented(rng) for _ in range(4_000)}
    shapes = str.maketrans({letter: shape[0] for shape in persian.SHAPES for letter in shape})
    assert {*"".join(persian.SHAPES)} == {*persian.LETTERS}
    assert not {word.translate(shapes) for word in drawn} & {word.translate(shapes) for word in persian.WORDS.values()}
    assert {"شمار", "مورح"} & drawn == {"شمار"}, "some are one nearly, but for more than dots"


@pytest.mark.parametrize("script", [script for script in persian.SCRIPTS if script != "latin"])
def test_fonts_of_a_script_have_its_letters(script: str) -> None:
    for face in fonts.of_script(script):
        held = TTFont(face.path).getBestCmap()
        assert sum(ord(letter) in held for letter in persian.SCRIPTS[script]) > 0.95 * len(persian.SCRIPTS[script])


@pytest.mark.parametrize("name", list(persian.sets()))
def test_a_set_is_its_seeds(name: str) -> None:
    drawn = persian.sets()[name]
    (one, row), (again, same) = drawn.draw(5), drawn.draw(5)
    assert np.array_equal(np.asarray(one), np.asarray(again)) and row == same
    assert one.mode == "RGB"


def test_test_sets_have_test_families_only() -> None:
    families = {face.family for face in fonts.persian("test")}
    for name in ("persian-test", "persian-test-scan"):
        assert {persian.sets()[name].draw(index)[1]["font"] for index in range(60)} <= families
    assert {persian.sets()["persian-train"].draw(index)[1]["font"] for index in range(60)}.isdisjoint(families)


def test_a_clean_crop_is_black_on_white_and_a_scan_is_not() -> None:
    clean = np.stack([np.asarray(persian.sets()["persian-test"].draw(i)[0].resize((90, 50))) for i in range(18)])
    damaged = np.stack([np.asarray(persian.sets()["persian-test-scan"].draw(i)[0].resize((90, 50))) for i in range(18)])
    assert np.ptp(clean, axis=3).max() == 0 and np.median(clean) == 255
    assert np.ptp(damaged, axis=3).max() > 0 and np.abs(damaged.astype(float) - clean).mean() > 10


@pytest.mark.parametrize(
    "damage",
    [
        lambda rng, mask: scan.bled(rng, mask, 2.0),
        lambda rng, mask: scan.broken(rng, mask, 0.2),
        lambda rng, mask: scan.worn(mask),
    ],
)
def test_damaged_ink_is_still_that_text(damage: Damage) -> None:
    mask = render.shaped("شماره", FACE, 64).mask
    before = np.asarray(mask) > 127
    after = np.asarray(damage(np.random.default_rng(0), mask)) > 127
    assert not np.array_equal(before, after)
    assert 0.3 < after.sum() / before.sum() < 2.5
    assert (after & ndimage.binary_dilation(before, iterations=6)).sum() == after.sum(), "no ink from nowhere"


def test_a_fax_is_black_or_white() -> None:
    rng = np.random.default_rng(0)
    image = np.asarray(Image.new("RGB", (90, 50), (200, 190, 180)), np.float32).copy()
    image[20:30, 20:60] = 60
    found = scan.black_or_white(rng, image)
    assert set(np.unique(found)) == {0, 255} and found[25, 40, 0] == 0 and found[5, 5, 0] == 255
