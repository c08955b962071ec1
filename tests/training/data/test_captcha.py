"""The drawn sets are what the study describes, and the same whatever draws them."""

import os
import time
from concurrent.futures.process import BrokenProcessPool
from dataclasses import replace
from functools import partial
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from training.data import captcha, packaged, study
from training.data.drawing import captchas, degrade, fonts, render, styles
from training.data.folder import Drawing, ImageFolder, write
from training.data.texts import english
from zoo.text.alphabets import ALPHANUMERIC


def draw_backwards(index: int, count: int) -> Drawing:
    """Draws picture `index` late if it comes early, so that workers finish in reverse."""
    time.sleep(0.02 * (count - index))
    return Image.new("RGB", (8, 8), (index, 0, 0)), {"text": str(index)}


def test_order_cannot_slip_when_workers_finish_in_reverse(tmp_path: Path) -> None:
    write(tmp_path, partial(draw_backwards, count=40), 40, workers=2)
    drawn = ImageFolder(tmp_path)
    assert [int(row["text"]) for _, row in drawn] == list(range(40))
    assert [picture.getpixel((0, 0)) for picture, _ in drawn] == [(i, 0, 0) for i in range(40)]


def test_workers_do_not_change_a_byte(tmp_path: Path) -> None:
    for workers in (1, 2):
        write(tmp_path / str(workers), partial(study.draw_hard, seed=3), 40, workers)
    one, two = ({p.relative_to(f): p.read_bytes() for p in f.rglob("*.*")} for f in (tmp_path / "1", tmp_path / "2"))
    assert one == two and len(one) == 41


def test_a_worker_that_is_killed_ends_the_set(tmp_path: Path) -> None:
    with pytest.raises(BrokenProcessPool):
        write(tmp_path, os._exit, 4, workers=1)
    assert not (tmp_path / "metadata.csv").exists()


def test_a_seed_decides_the_noise_and_the_case() -> None:
    same, again, other = (study.draw_hard(60_000, seed) for seed in (0, 0, 1))
    assert same[0].tobytes() == again[0].tobytes() and same[1] == again[1]
    assert same[0].tobytes() != other[0].tobytes()


def test_words_are_sorted_unique_and_lower_case() -> None:
    assert len(english.WORDS) == 100
    assert list(english.WORDS) == sorted({word.lower() for word in english.WORDS})


def test_the_sets_hold_every_combination_once() -> None:
    rows = [study.draw_easy(i)[1] for i in range(0, 1000, 7)]
    assert all(row["text"] == row["word"] == english.WORDS[row["label"]] for row in rows)
    keys = ("background", "noise", "colour", "font", "word")
    hard = {tuple(study.draw_hard(i)[1][key] for key in keys) for i in range(0, 100_000, 997)}
    assert len(hard) == len(range(0, 100_000, 997))
    assert captcha.sets()["easy"].count == 1_000 and captcha.sets()["hard"].count == 100_000


def test_every_word_fits_the_canvas_in_every_font() -> None:
    width, height = study.canvas()
    for path in study.study_fonts():
        for word in english.WORDS:
            for text in (word, word.upper()):
                mask = render.line(text, path, study.FONT_SIZE).mask
                assert mask.width <= width - 2 and mask.height <= height - 2


def test_splits_share_no_font_and_no_background() -> None:
    splits = [set(fonts.families(split)) for split in ("train", "validation", "test")]
    assert [len(split) for split in splits] == [131, 9, 15]
    assert not set(fonts.families("display")) & set.union(*splits)
    assert not splits[0] & splits[1] and not splits[0] & splits[2] and not splits[1] & splits[2]
    assert set(fonts.families("study")) <= splits[0]
    assert not set(degrade.BACKGROUNDS["test"]) & {*degrade.BACKGROUNDS["train"], *degrade.BACKGROUNDS["validation"]}


def test_words_of_the_test_are_not_trained_on() -> None:
    trained, held_out = set(english.dictionary(held_out=False)), set(english.dictionary(held_out=True))
    assert not trained & held_out and not held_out & set(english.WORDS)
    assert len(held_out) > 10_000


def test_every_face_draws_letters_that_can_be_told_apart() -> None:
    alike = set("Il1O0")
    for face in (face for split in ("train", "validation", "test") for face in fonts.faces(split)):
        font = fonts.load(face.path, 36)
        masks = {c: bytes(font.getmask(c)) for c in ALPHANUMERIC}
        assert all(any(mask) for mask in masks.values()), face
        told = [mask for c, mask in masks.items() if c not in alike]
        assert len(set(told)) == len(told), face


@pytest.mark.parametrize("kind", ["line", "dance", "wave"])
def test_boxes_lie_on_their_letters(kind: str) -> None:
    """Each letter drawn alone in the other letters' absence has its ink in its box, and nearly all of it."""
    rng = np.random.default_rng(0)
    for trial in range(20):
        font = fonts.faces("train")[int(rng.integers(300))].path
        if kind == "dance":
            ink = render.dance("Captcha7", [font] * 8, 36, rng, 15, 0.1, 0.0)
        else:
            ink = render.line("Captcha7", font, 36, spacing=3.0)
        ink = render.place(ink, (192, 48), 0.8, rng.normal(0, 3), rng.normal(0, 0.1), (rng.random(), rng.random()))
        if kind == "wave":
            ink = render.wave(ink, 3, 120, rng.uniform(0, 6))
        mask = np.asarray(ink.mask, float)
        covered = np.zeros_like(mask)
        for left, top, right, bottom in np.rint(ink.boxes).astype(int):
            box = np.s_[max(top - 1, 0) : bottom + 2, max(left - 1, 0) : right + 2]
            assert mask[box].max() > 100, (trial, font.name)
            covered[box] = 1
        assert (mask * covered).sum() > 0.98 * mask.sum(), (trial, font.name)
        assert (np.diff(ink.boxes.mean(1)) > -3).all()


def test_ink_stands_out_by_the_contrast_asked_for() -> None:
    rng = np.random.default_rng(0)
    reached = []
    for _ in range(2000):
        paper, contrast = degrade.colour(rng), rng.uniform(60, 110)
        ink = degrade.ink_colour(rng, paper, contrast)
        reached.append(abs(degrade.luma(ink) - degrade.luma(paper)) / contrast)
    assert np.mean(reached) > 0.9 and np.quantile(reached, 0.02) > 0.5  # a few hues have no room left


def test_the_mixture_holds_captchas_and_pictures_of_nothing() -> None:
    drawn = [captcha.draw_mixed(index, "train", seed=1) for index in range(300)]
    said = [str(row["text"]) for _, row in drawn]
    kinds = [sum(text.lower() in english.WORDS for text in said), sum(text == "" for text in said)]
    assert 70 <= kinds[0] <= 125 and 15 <= kinds[1] <= 50
    for (image, row), text in zip(drawn, said, strict=True):
        assert len(str(row["boxes"]).split()) == 4 * len(text) and set(text) <= set(ALPHANUMERIC)
        assert row["font"] in fonts.families("train") if text else row["font"] == ""
        assert 20 <= image.height <= 192 and image.mode == "RGB"


def test_a_scene_is_full_of_things_and_no_two_are_alike() -> None:
    scenes = [captchas.draw_scene(np.random.default_rng(seed)) for seed in range(40)]
    assert all(scene.text == "" and not len(scene.boxes) for scene in scenes)
    assert len({scene.image.tobytes() for scene in scenes}) == 40
    edges = [np.abs(np.diff(scene.image.astype(int), axis=1)).max(2) > 12 for scene in scenes]
    assert np.median([edge.mean() for edge in edges]) > 0.02  # far more than blank paper


def test_a_style_depends_on_its_seed_alone_and_tells_every_letters_place() -> None:
    drawn = [captcha.draw_style(index, "train", seed=1) for index in range(120)]
    again = [captcha.draw_style(index, "train", seed=1) for index in range(0, 120, 7)]
    assert [(image.tobytes(), row) for image, row in drawn[::7]] == [(image.tobytes(), row) for image, row in again]
    known = [row for _, row in drawn if row["text"] and row["boxes"]]
    assert all(len(str(row["boxes"]).split()) == 4 * len(str(row["text"])) for row in known) and len(known) > 90
    shapes = np.array([image.size for image, _ in drawn])
    assert shapes[:, 0].max() <= 780 and shapes[:, 0].max() > 500 and shapes[:, 0].min() < 110
    assert set(shapes[:, 1]) <= set(range(26, 85)) and len(set(shapes[:, 1])) > 30
    families = {str(row["font"]) for _, row in drawn} - {""}
    assert families & set(fonts.DISPLAY) and families & set(fonts.families("train"))
    assert not families & {*fonts.VALIDATION, *fonts.TEST}


@pytest.mark.parametrize(
    ("name", "means"),
    [
        ("test-words", (127.60, 106.28, 98.86, 55.56, 142.39, 104.41, 114.18, 139.14)),
        ("train", (124.28, 168.60, 135.54, 105.18, 101.99, 155.82, 66.69, 116.82)),
        ("styles", (239.52, 111.77, 233.36, 194.98, 204.56, 162.61, 217.84, 235.97)),
        ("sparse", (244.14, 241.73, 246.70, 247.28, 250.67, 245.43, 251.56, 243.92)),
        ("hard", (90.44, 91.20, 91.48, 91.22, 91.26, 90.87, 90.71, 91.07)),
    ],
)
def test_a_set_is_drawn_as_it_was_when_readers_learned_and_were_measured(name: str, means: tuple[float, ...]) -> None:
    draw = captcha.sets()[name].draw
    assert [np.mean(draw(i)[0]) for i in range(len(means))] == pytest.approx(means, abs=0.05)


def test_sparse_captchas_have_small_letters_of_one_case_far_apart() -> None:
    drawn = [captcha.draw_sparse(i, "train", seed=5) for i in range(60)]
    assert drawn[7][0].tobytes() == captcha.draw_sparse(7, "train", seed=5)[0].tobytes()
    texts = [row["text"] for _, row in drawn]
    assert np.mean([text in (text.lower(), text.upper()) for text in texts]) > 0.7
    for image, row in drawn:
        pixels = np.asarray(image)
        assert 2 * image.height <= image.width <= 780 and (np.median(pixels, (0, 1)) == 255).all()
        boxes = np.array(row["boxes"].split(), float).reshape(-1, 4)
        assert len(boxes) == len(row["text"]) and (boxes[:, 3] - boxes[:, 1]).max() < 0.9 * image.height
    assert {row["font"] for _, row in drawn} & set(fonts.DISPLAY)


def test_letters_stand_in_their_boxes_in_every_style() -> None:
    """Without damage or lines, ink lies in the boxes alone."""
    rng = np.random.default_rng(2)
    faces = fonts.faces("display")
    for trial in range(60):
        style = replace(
            styles.random_style(rng, degrade.BACKGROUNDS["train"]),
            **{"white": True, "background": "plain", "lines": "", "damaged": False, "framed": False, "coloured": False},
            **{"ripple": (0.0, 0.0), "scatter": 0.0, "wave": 0.0},
        )
        drawn = styles.draw(rng, "Ab3xQ", [faces[int(rng.integers(len(faces)))]], style)
        ink = np.abs(drawn.image.astype(int) - 255).max(2) > 20
        covered = np.zeros_like(ink)
        for left, top, right, bottom in np.rint(drawn.boxes).astype(int):
            box = np.s_[max(top - 2, 0) : bottom + 3, max(left - 2, 0) : right + 3]
            assert ink[box].any(), (trial, drawn.family)
            covered[box] = True
        assert (ink & covered).sum() > 0.97 * ink.sum(), (trial, drawn.family)


def test_a_font_of_capitals_is_known() -> None:
    capital = {face.family for face in fonts.faces("display") if styles.capital(face.path)}
    assert {"bebas-neue", "bungee", "silkscreen"} <= capital
    assert not capital & {"anton", "dotgothic16", "rye"}
    rng = np.random.default_rng(0)
    bungee = [face for face in fonts.faces("display") if face.family == "bungee"]
    assert styles.draw(rng, "abc7", bungee, styles.Style()).text == packaged.draw(rng, "abc7", bungee[0]).text == "ABC7"


def test_a_folder_without_metadata_is_named(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="no metadata.csv"):
        ImageFolder(tmp_path)
