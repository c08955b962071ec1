"""What is drawn is the same on every machine: fonts that it happens to have take part only where they are named."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Literal

import pytest

from tests.conftest import ROOT
from training.data.drawing import fonts
from training.learn import dataset, train
from training.recipes import Recipe, recipe_of

# Digests of the first pictures of every set and stream, and of Persian ones with Debian's fonts where those are there
PROGRAM = """
import hashlib, json, os, sys
from functools import partial
from pathlib import Path
from training.data import captcha, letters, lines, memorization, persian, signs, words
from training.data.drawing import fonts

fonts.DEBIAN = Path(sys.argv[1])
if sys.argv[2]:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:int(sys.argv[2])])

def drawn(extra):
    every = {
        "persian-lines": partial(lines.draw, split="train", seed=1, write=lines.taught_text, extra=extra),
        "persian-letters-pages": partial(letters.draw, split="train", damage="any", seed=1, dpi=(100,), extra=extra),
        **{name: one.draw for name, one in persian.sets(extra).items()},
    }
    if not extra:
        every["words"] = partial(words.draw_any, split="train", seed=1)
        every["memorization"] = partial(memorization.draw, kind=memorization.TRUE)
        for module in (captcha, lines, signs, words):
            every |= {name: one.draw for name, one in module.sets().items()}
    digests = {}
    for name, draw in every.items():
        found = hashlib.sha256()
        for index in range(2 if "persian" in name else 1):
            picture, row = draw(index)
            found.update(picture.tobytes() + json.dumps({**row}, default=str).encode())
        digests[name] = found.hexdigest()
    return digests

try:
    debian = drawn(("debian",))
except FileNotFoundError as error:
    debian = str(error)
print(json.dumps({"plain": drawn(()), "debian": debian}))
"""


def drawn(debian: Path, cores: str = "", **env: str) -> dict[str, dict[str, str] | str]:
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(debian), cores],
        cwd=ROOT, env=os.environ | env, capture_output=True, encoding="utf-8", check=True,
    )  # fmt: skip
    found: dict[str, dict[str, str] | str] = json.loads(done.stdout)
    return found


def test_no_set_depends_on_the_machine(tmp_path: Path) -> None:
    """Beside a bare machine: one that has Debian's fonts, another time zone, locale and home, and a single core."""
    some = fonts.FOLDER / "tajawal" / "files" / "tajawal-arabic-400-normal.woff2"
    paths = [name for names in fonts.PERSIAN_DEBIAN.values() for name in names]
    for folder, (maker, names) in fonts.ARABIC_DEBIAN.items():
        paths += [f"truetype/{folder}/{maker}{name}.ttf" for name in names.split()]
    for path in paths:
        (tmp_path / "many" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copy(some, tmp_path / "many" / path)
    bare = drawn(tmp_path / "none")
    other = drawn(tmp_path / "many", "1", TZ="Asia/Tehran", LC_ALL="C", HOME=str(tmp_path))
    assert bare["plain"] == other["plain"] and len(bare["plain"]) > 20
    assert "is not installed; run: ./packages.sh persian" in str(bare["debian"])
    assert isinstance(other["debian"], dict) and isinstance(other["plain"], dict)
    taught = {"persian-lines", "persian-letters-pages", "persian-train", "persian-mixed", "persian-letters"}
    assert {name for name, digest in other["debian"].items() if other["plain"][name] != digest} == taught


def test_other_fonts_of_the_machine_are_out_of_reach() -> None:
    """No file but the one of the fonts names where a system keeps them."""
    places = "/usr/share/fonts", "fc-list", "fc-match", "findSystemFonts"
    for room in ("zoo", "training", "demos", "benchmarks"):
        for path in (ROOT / room).rglob("*.py"):
            if path != Path(fonts.__file__) and "node_modules" not in path.parts:
                assert not [place for place in places if place in path.read_text(encoding="utf-8")], path


@pytest.mark.parametrize("split", ["train", "validation", "test"])
def test_every_face_comes_with_the_pinned_packages(split: Literal["train", "validation", "test"]) -> None:
    faces = [*fonts.faces(split), *fonts.persian(split)]
    assert all(face.path.is_relative_to(fonts.PACKAGES) for face in (*faces, *fonts.arabic("train")))


@pytest.mark.parametrize(("name", "extra"), [("persian-crnn", ("debian",)), ("word-crnn", ())])
def test_fonts_that_training_names_are_for_persian_alone(
    name: str, extra: fonts.Extra, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    followed: list[Recipe] = []

    def split(recipe: Recipe, _: Path) -> None:
        followed.append(recipe)
        raise InterruptedError

    monkeypatch.setattr(dataset, "split", split)
    with pytest.raises(InterruptedError):
        train.train(recipe_of(name), train.Place(tmp_path, tmp_path, 0, extra=("debian",)))
    assert [recipe.extra for recipe in followed] == [extra]
