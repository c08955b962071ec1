"""The study of single characters, whole but small: what it saves is true, and nothing is fitted twice."""

import dataclasses
import json
import sys
from collections import Counter
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image
from sklearn.datasets import load_digits

from tests.sets import save
from training.data import glyph
from training.data.folder import ImageFolder
from training.learn import dataset
from training.recipes import recipe_of
from training.studies import glyph_study
from zoo.text.alphabets import alike


@pytest.fixture(scope="module")
def data(sources: glyph.Sources, tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("study")
    for seed, (split, count) in enumerate({"train": 144, "validation": 72, "test": 72}.items()):
        draw = partial(glyph.draw_any, sources=sources, split=split, nothing=0, seed=seed)
        save(out / f"glyph-study-{split}", draw, count)
    return out


def run(data: Path, out: Path, monkeypatch: pytest.MonkeyPatch, **more: int) -> dict[str, Any]:
    monkeypatch.setenv("HF_HUB_OFFLINE", "1")
    few = {"SIZES": {"EfficientNet-B0": "test_efficientnet"}, "RATES": (1e-3,), "DROPOUTS": (0.2,), "FOLDS": 2}
    for name, value in few.items():
        monkeypatch.setattr(glyph_study, name, value)
    options = {"data": data, "runs": out / "runs", "out": out / "results", "workers": 0, "epochs": 1} | more
    monkeypatch.setattr(sys, "argv", ["", *(str(x) for name, value in options.items() for x in (f"--{name}", value))])
    glyph_study.main()
    results: dict[str, Any] = json.loads((out / "results" / "study.json").read_text())
    return results


def test_the_whole_study_runs_once(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyph_study, "reachable", lambda *_: False)
    found = run(data, tmp_path, monkeypatch, limit=72)
    assert [found["protocol"][part] for part in ("train", "validation", "test")] == [72] * 3
    assert [sum(found["counts"][part]) for part in ("train", "validation", "test")] == [72] * 3
    rows = {row["name"]: row for row in found["models"]}
    assert list(rows)[:4] == list(glyph_study.ORIGINAL) and list(rows)[-1] == found["best"]
    assert rows["RBF SVM"]["study"] == [0.878, 0.744] and rows["small CNN"]["weights"] == "from scratch"
    for row in rows.values():
        assert row["accuracy_interval"][0] <= row["accuracy"] <= row["accuracy_interval"][1]
        assert row["merged_accuracy"] >= row["accuracy"]
    [spread] = [row["deviation"] for row in rows.values() if row["deviation"]]
    assert spread == rows["EfficientNet-B0, each of 2 folds"]["deviation"] and len(spread) == 2
    assert all(len(curve["loss/validation"]) == len(curve["epoch"]) == 1 for curve in found["curves"].values())
    confusion = np.array(found["confusion"])
    assert confusion.sum() == 72 and np.trace(confusion) / 72 == pytest.approx(
        rows[found["best"]]["accuracy"], abs=1e-5
    )
    errors, test = found["errors"], ImageFolder(data / "glyph-study-test")
    assert Counter((e["true"], e["read"]) for e in errors) == Counter(
        {(i, j): n for (i, j), n in np.ndenumerate(confusion) if i != j and n}
    )
    of_class: dict[str, set[bytes]] = {}
    for picture, line in test:
        of_class.setdefault(line["label"], set()).add(np.asarray(picture.convert("L")).tobytes())
    sheet = Image.open(tmp_path / "results" / "errors.png").convert("L")
    for error in errors:
        down, right = (56 * at for at in divmod(error["tile"], 32))
        tile = np.asarray(sheet.crop((right, down, right + 56, down + 56)))
        assert tile.tobytes() in of_class[found["classes"][error["true"]]], "each tile shows its class"
    twins = [alike(glyph.CLASSES[error["true"]]) == alike(glyph.CLASSES[error["read"]]) for error in errors]
    assert found["ambiguous"]["share_of_errors"] == pytest.approx(np.mean(twins), abs=1e-5)

    def refused(*_: Any) -> None:
        raise AssertionError("fitted again")

    monkeypatch.setattr(glyph_study, "fit", refused)
    monkeypatch.setattr(glyph_study, "logistic_regression", refused)
    monkeypatch.setattr(glyph_study, "rbf_svm", refused)
    monkeypatch.setattr(glyph_study, "reachable", refused)
    assert run(data, tmp_path, monkeypatch, limit=72) == found
    with pytest.raises(AssertionError, match="fitted again"):  # a first look leaves nothing to the whole study
        run(data, tmp_path, monkeypatch)


@pytest.mark.parametrize("read", [glyph_study.logistic_regression, glyph_study.rbf_svm])
def test_models_of_pixels_learn_from_true_labels_only(read: Any) -> None:
    pixels, labels = load_digits(return_X_y=True)
    pixels = (pixels / 16).astype(np.float32)
    assert (read(pixels[:600], labels[:600], pixels[600:900]) == labels[600:900]).mean() > 0.9
    shuffled = np.random.default_rng(0).permutation(labels[:600])
    assert (read(pixels[:600], shuffled, pixels[600:900]) == labels[600:900]).mean() < 0.3


def test_the_kernel_is_the_one_of_scikit_learn() -> None:
    from sklearn.svm import SVC

    pixels, labels = load_digits(return_X_y=True)
    by_itself = SVC().fit(pixels[:300], labels[:300]).predict(pixels[300:600])
    assert np.array_equal(glyph_study.rbf_svm(pixels[:300], labels[:300], pixels[300:600]), by_itself)


def test_the_majority_wins_and_of_equals_the_surer() -> None:
    said = np.array(
        [
            [[0.9, 0.1, 0.0], [0.5, 0.1, 0.4]],
            [[0.4, 0.6, 0.0], [0.1, 0.5, 0.4]],
            [[0.4, 0.6, 0.0], [0.0, 0.1, 0.9]],
        ]
    )
    assert glyph_study.vote(said).tolist() == [1, 2], "two of three; then one each, of which the last is surest in all"


def test_folds_share_no_image_and_cover_all(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(glyph_study, "reachable", lambda *_: False)
    study = glyph_study.Study(data, tmp_path, 0)
    study.labels[:4] = 35
    study.labels[4:] %= 35
    study.labels[3] = 0  # three images of the last class, one fewer than would do
    monkeypatch.setattr(glyph_study, "FOLDS", 4)
    cut: list[tuple[np.ndarray, np.ndarray]] = []

    def kept(_: Any, train: np.ndarray, rest: np.ndarray, asked: np.ndarray) -> np.ndarray:
        cut.append((train, rest))
        assert np.array_equal(asked, study.test)
        return asked

    monkeypatch.setattr(study, "probabilities", kept)
    still, moved = (study.recipe("fold", "small_cnn", jitter=jitter) for jitter in (False, True))
    assert moved.ink and not still.ink, "a character that is moved is framed anew"
    study.folds(still)
    assert sorted(np.concatenate([rest for _, rest in cut])) == list(range(3, 144 + 72))
    assert not any(set(train) & set(rest) or max(train) >= 216 for train, rest in cut)
    assert all({0, 1, 2} <= set(train) for train, _ in cut), "every network learns the rare ones"


@pytest.mark.parametrize("jitter", [False, True])
def test_networks_see_the_images_and_nothing_beside_them(
    jitter: bool, data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(glyph_study, "reachable", lambda *_: False)
    study = glyph_study.Study(data, tmp_path, 0)
    pictures = dataset.Captchas(study.recipe("any", "small_cnn", jitter=jitter), study.sets)
    [batch] = dataset.loader(pictures, dataset.batches(pictures, study.train[:8]), 0)
    assert batch["images"].shape == (8, 3, 56, 56)
    white = batch["images"][:, 0] > 0
    assert np.array_equal(white.numpy(), study.pixels[study.train[:8]]), "they are framed already"


def test_a_class_without_images_does_not_count() -> None:
    true = np.array([0, 0, 1, 1])
    assert glyph_study.scores(np.array([0, 0, 1, 2]), true) == (0.75, pytest.approx((1 + 2 / 3) / 2))


def test_a_row_of_several_networks_is_their_mean() -> None:
    true, reads = np.array([0, 24, 3, 4]), np.array([[0, 24, 3, 4], [24, 0, 3, 5]])
    line = glyph_study.row(glyph_study.Model("each", "", reads), true)
    assert line["accuracy"] == 0.625 and line["deviation"][0] == pytest.approx(np.std([1, 0.25], ddof=1))
    assert line["merged_accuracy"] == 7 / 8, "0 taken for O and O for 0 are no errors where those are one"
    assert glyph_study.row(glyph_study.Model("one", "", reads[1]), true)["deviation"] is None


def test_an_epoch_can_have_as_many_of_each_class() -> None:
    texts = np.array([b"A"] * 90 + [b"a"] * 5 + [b"B"] * 4 + [b"0"])
    recipe = dataclasses.replace(recipe_of("glyph-efficientnet"), outliers=0.0, balanced=True, samples=(300,))
    taken = dataset.epoch_indices(recipe, texts, [np.arange(100)], 0)
    assert Counter(np.char.upper(texts[taken])) == {b"A": 100, b"B": 100, b"0": 100}
    assert len(set(taken)) == 100
