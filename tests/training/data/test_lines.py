"""Drawn Persian lines: a reader of lines knows every character, and what is drawn is what the label says."""

import numpy as np
import pytest
from PIL import Image, ImageDraw

from training.data import lines
from training.data.drawing import fonts, render, scan
from training.data.drawing.fonts import persian
from training.data.texts import persian_texts
from zoo.readers.crnn import encode
from zoo.text.alphabets import PERSIAN


def test_every_text_can_be_spelled() -> None:
    drawn = [lines.any_text(np.random.default_rng(i), held_out=bool(i % 2)) for i in range(3_000)]
    assert all(1 <= len(text) <= lines.LONGEST for text in drawn)
    shaped = (persian_texts.shaped(text, lines.SHAPES[i % 5]) for i, text in enumerate(drawn))
    known = {symbol for text in shaped for symbol in encode(text, PERSIAN, right_to_left=True)}
    letters = [PERSIAN.index(letter) + 1 for letter in persian_texts.LETTERS + "0123456789/-.:"]
    assert set(letters) <= known


def test_a_line_is_the_same_again_and_legible() -> None:
    picture, row = lines.draw(3, "train", 90)
    again, told = lines.draw(3, "train", 90)
    assert picture.tobytes() == again.tobytes() and row == told
    assert np.ptp(np.asarray(picture.convert("L"), int)) > 30


def test_ink_is_cropped_closely_whatever_the_font() -> None:
    for face in persian("test")[::7]:
        ink, over = render.persian("گلچین ۱۲/۳۴", face, 40)
        assert ink.mask.getbbox() == (0, 0, *ink.mask.size) and 10 < over < 80
        assert ink.mask.height < 80 and ink.mask.width > ink.mask.height


def test_a_long_line_stays_in_its_picture_when_a_scanner_turns_it(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ink at both ends: 1.6 degrees would lift the ends of such a line by half its height."""
    mask = Image.new("L", (1600, 60))
    for x in (10, 1550):
        ImageDraw.Draw(mask).rectangle((x, 10, x + 40, 50), 255)
    seen: list[Image.Image] = []

    def kept(_: object, turned: Image.Image, *__: object) -> Image.Image:
        seen.append(turned)
        return turned

    for name in ("bled", "broken"):
        monkeypatch.setattr(scan, name, kept)
    for seed in range(40):
        scan.scanned(np.random.default_rng(seed), mask, 30)
    whole = np.asarray(mask, float)
    for turned in seen:
        ink = np.asarray(turned, float)
        for end in (slice(0, 200), slice(1400, 1600)):
            assert ink[:, end].sum() > 0.9 * whole[:, end].sum()
    assert len(seen) > 20


def test_a_text_is_drawn_in_a_family_that_has_its_characters() -> None:
    face = next(face for face in fonts.arabic("train") if face.family == "tajawal")
    assert face.spelled("شماره: ۱۲-ی") == "شماره: ١٢-ي"
    assert face.spelled("پژواک") is None
    assert all(face.spelled("اسلام ۳") for face in fonts.arabic("train"))
    drawn = [lines.draw(i, "train", 98)[1] for i in range(200)]
    others = {face.family for face in fonts.arabic("train")}
    assert 10 < sum(row["font"] in others for row in drawn) < 150
    assert not {"ي", "ك", "٣"} & {letter for row in drawn for letter in row["text"]}, (
        "what looks alike is one code point"
    )
    for split in ("validation", "test"):
        assert not others & {face.family for face in fonts.persian(split)}
        assert not others & {lines.draw(i, split, 98)[1]["font"] for i in range(50)}


def test_for_training_alone_others_ink_is_around_a_line_and_at_times_nothing_else() -> None:
    drawn = [lines.draw(i, "train", 106, lines.taught_text)[1]["text"] for i in range(400)]
    assert 1 <= drawn.count("") <= 25 and all(len(text) <= lines.LONGEST for text in drawn)
    assert any(text.startswith("پیوست") and len(text) > 8 for text in drawn), "values behind their labels"
    assert all(lines.draw(i, "validation", 91)[1]["text"] for i in range(100))
    mask = Image.new("L", (300, 70))
    face = persian("train")[0]
    several = [lines._among(np.random.default_rng(i), mask.copy(), face, 12, 12, 50) for i in range(60)]
    inks = [np.asarray(one) for one in several]
    assert all(not ink[12:-12, :300].any() for ink in inks), "the text stays free"
    over, under = (np.mean([ink[part, :300].any() for ink in inks]) for part in (np.s_[:12], np.s_[-12:]))
    assert 0.05 < over < 0.4 and 0.05 < under < 0.4
    assert (
        0.05 < np.mean([one.width > 300 and ink[:, 300:].any() for one, ink in zip(several, inks, strict=True)]) < 0.4
    )
