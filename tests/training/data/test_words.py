"""Drawn words: what is drawn is what the label says, in fonts of one split, each letter where its box is."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from tests.conftest import ROOT
from training.data import words
from training.data.drawing import fonts
from training.data.texts.english import dictionary
from zoo.text.alphabets import PRINTABLE


def test_texts_are_printable_and_of_every_kind() -> None:
    texts = [words.any_text(np.random.default_rng(i)) for i in range(8_000)]
    assert all(text and set(text) <= set(PRINTABLE) and len(text) <= words.LONGEST for text in texts)
    assert all(text == text.strip() for text in texts)
    assert set("".join(texts)) >= set(
        "0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ .,:;-/()$%&'\"!?#@+"
    )
    shares = {name: np.mean([bool(re.search(form, text)) for text in texts]) for name, form in FORMS.items()}
    assert all(share > 0.02 for share in shares.values()), shares


FORMS = {
    "line": r"\S \S",
    "number": r"^[\d.,/:-]+$",
    "capitals": r"^[A-Z]{3,}$",
    "small": r"^[a-z]+$",
    "money": r"\$|EUR",
}


def test_words_held_out_are_never_trained_on() -> None:
    known = set(dictionary(held_out=True))
    tested = [words.word(np.random.default_rng(i), held_out=True).lower() for i in range(200)]
    trained = [words.word(np.random.default_rng(i)).lower() for i in range(2_000)]
    assert set(tested) <= known and not set(trained) & known


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_a_picture_is_its_seed_in_a_font_of_its_split(split: fonts.Split) -> None:
    for index in range(10):
        (one, row), (again, same) = (words.draw_any(index, split, seed=5) for _ in range(2))
        assert one.tobytes() == again.tobytes() and row == same and one.mode == "RGB"
        allowed = {*fonts.families(split), *(fonts.families("display") if split == "train" else ())}
        assert row["font"] in allowed
        boxes = np.array(str(row["boxes"]).split(), float).reshape(-1, 4)
        assert len(boxes) == len(str(row["text"]))


def test_letters_lie_in_their_boxes() -> None:
    """Bent, turned and in perspective: nearly all ink is inside of a box, and each has some."""
    for seed in range(40):
        rng = np.random.default_rng(seed)
        ink = words.lay_out(rng, "Hamburg", fonts.faces("test")[seed % len(fonts.faces("test"))])
        mask = np.asarray(ink.mask, float) / 255
        inside = np.zeros_like(mask)
        for left, top, right, bottom in ink.boxes:
            part = slice(max(int(top) - 2, 0), int(bottom) + 3), slice(max(int(left) - 1, 0), int(right) + 2)
            assert mask[part].sum() > 5
            inside[part] = 1
        assert (mask * inside).sum() / mask.sum() > 0.95


def test_a_text_can_be_seen_on_its_paper() -> None:
    """With the ink's own mask: brightness within letters differs from that beside them."""
    apart = []
    for index in range(60):
        picture, row = words.draw_any(index, "test", seed=9)
        grey = np.asarray(picture.convert("L"), float)
        boxes = np.array(str(row["boxes"]).split(), float).reshape(-1, 4)
        left, top, right, bottom = boxes[:, 0].min(), boxes[:, 1].min(), boxes[:, 2].max(), boxes[:, 3].max()
        text = grey[max(int(top), 0) : int(bottom) + 1, max(int(left), 0) : int(right) + 1]
        apart.append(np.ptp(np.quantile(np.asarray(Image.fromarray(text.astype(np.uint8))), (0.05, 0.95))))
    assert np.quantile(apart, 0.1) > 25


def test_without_fonts_the_command_says_what_to_run(tmp_path: Path) -> None:
    for room in ("training", "zoo"):
        without = shutil.ignore_patterns("node_modules", "checkpoints", "starts", "__pycache__")
        shutil.copytree(ROOT / room, tmp_path / room, ignore=without)
    done = subprocess.run(
        [sys.executable, "-m", "training.data.words", "tests"], cwd=tmp_path, capture_output=True, text=True
    )
    said = done.stderr.splitlines()[-1]
    assert done.returncode == 2 and said.startswith("python -m training.data.words: error: ")
    assert said.endswith("is not installed; run: make fonts") and "Traceback" not in done.stderr
