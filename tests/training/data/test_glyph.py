"""The sets of single characters: counts of the study, splits that share nothing, every class as it is labelled."""

import numpy as np
from PIL import Image

from training.data import glyph
from training.data.drawing import fonts
from zoo.images import ink


def test_the_study_has_its_counts() -> None:
    counts = glyph.study_counts()
    assert {split: int(count.sum()) for split, count in counts.items()} == glyph.STUDY
    totals = np.sort(sum(counts.values()))
    assert totals[0] == 1 and totals[1] == 102 and totals[-1] == 3_291 and totals.sum() == 30_134
    for split, count in glyph.STUDY.items():
        shares = counts[split][sum(counts.values()) > 1] / sum(counts.values())[sum(counts.values()) > 1]
        assert np.abs(shares - count / 30_134).max() < 0.01


def test_splits_share_no_drawing_no_digit_and_no_font(sources: glyph.Sources) -> None:
    sets = glyph.sets(sources)
    drawn = {
        name: {sets[name].draw(index)[1]["source"] for index in range(0, sets[name].count, sets[name].count // 400)}
        for name in ("glyph-study-train", "glyph-study-validation", "glyph-study-test")
    }
    train, validation, test = drawn.values()
    assert not train & validation and not train & test and not validation & test
    assert test & set(fonts.TEST) and validation & set(fonts.VALIDATION) and train & set(fonts.DISPLAY)
    for found in drawn.values():
        assert {source.split()[0] for source in found} >= {"mnist", "strokes"}
    taught = {str(sets["glyph-train"].draw(index)[1]["source"]) for index in range(600)}
    held = sets["glyph-validation"]
    calibrating = {str(held.draw(index)[1]["source"]).rsplit(" ", 1)[0] for index in range(0, held.count, 3)}
    assert not taught & calibrating and len(calibrating) == 62 * 5
    assert not taught & (set(fonts.VALIDATION) | set(fonts.TEST))


def test_images_are_framed_ink_and_labelled_by_class(sources: glyph.Sources) -> None:
    sets = glyph.sets(sources)
    for name in ("glyph-train", "glyph-test", "glyph-study-test"):
        step = sets[name].count // 60
        for index in range(0, sets[name].count, step):
            picture, row = sets[name].draw(index)
            assert picture.size == (56, 56) and set(np.unique(picture)) <= {0, 255}
            assert (ink.fit(picture.convert("RGB"), (56, 56))[0][..., 0] == np.asarray(picture)).all()
            assert row["label"] == (row["text"].upper() if len(row["text"]) == 1 and row["text"].isalnum() else "")
    counted = [sets["glyph-train"].draw(index)[1] for index in range(360)]
    labels = [row["label"] for row in counted]
    assert set(labels) == {*glyph.CLASSES, ""} and 30 < labels.count("") < 80
    assert any(row["source"] == "several" and len(str(row["text"])) > 1 and not row["label"] for row in counted)


def test_the_test_drawings_come_in_three_widths(sources: glyph.Sources) -> None:
    tests = glyph.sets(sources)["glyph-test"]
    assert tests.count == 62 * 2 * 3
    areas = [[np.asarray(tests.draw(3 * i + w)[0]).mean() for w in range(3)] for i in range(20)]
    assert (np.diff(areas) > 0).all()
    assert [tests.draw(i)[1]["text"] for i in (0, 3, 6, tests.count - 1)] == ["0", "0", "1", "Z"]


def test_nothing_is_no_character() -> None:
    rng = np.random.default_rng(0)
    kinds: dict[str, list[Image.Image]] = {}
    for _ in range(60):
        picture, row = glyph.draw_nothing(rng, glyph.TAUGHT)
        kinds.setdefault(str(row["source"]), []).append(picture)
        assert row["text"] == row["label"] == ""
        assert row["boxes"] == " ".join(map(str, picture.getbbox() or ()))
    assert set(kinds) == {"empty", "scribble", "scene"}
    assert not any(np.asarray(picture).any() for picture in kinds["empty"])
    assert all(np.asarray(picture).any() for picture in kinds["scribble"])
