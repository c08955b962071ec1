"""What the networks are fed, and that a training learns, resumes and writes a checkpoint that reads."""

import dataclasses
import json
import shutil
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image

import zoo
from tests.sets import save
from training.data.captcha import draw_mixed
from training.data.folder import ImageFolder
from training.data.texts.english import WORDS
from training.learn import calibrate, checkpoint, dataset
from training.learn.fit import Pictures, fit
from training.learn.module import build
from training.recipes import Recipe, recipe_of
from zoo.readers.checkpoint import Settings
from zoo.readers.prediction import Prediction
from zoo.text.alphabets import CharTokenizer

RECIPE = recipe_of("captcha-seq2seq-words")


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small train and validation set, as the real ones are drawn."""
    out = tmp_path_factory.mktemp("data")
    for name, seed in (("train", 1), ("validation", 2), ("easy", 3), ("hard", 4)):
        save(out / name, partial(draw_mixed, split="train", seed=seed), 96)
    return out


@pytest.fixture(scope="module")
def pictures(drawn: Path) -> dataset.Captchas:
    return dataset.Captchas(RECIPE, [ImageFolder(drawn / "train"), ImageFolder(drawn / "validation")])


def test_folders_follow_one_another(pictures: dataset.Captchas, drawn: Path) -> None:
    second = ImageFolder(drawn / "validation")
    assert len(pictures) == 192
    assert pictures[100, 192, 0].text == second.row(4)["text"] == pictures.texts[100].decode()


def test_the_pictures_of_one_folder_are_told_from_the_others(pictures: dataset.Captchas) -> None:
    chosen = np.array([0, 95, 96, 191])
    assert pictures.within(chosen, "train").tolist() == [True, True, False, False]
    assert pictures.within(chosen, "validation").tolist() == [False, False, True, True]


def test_folders_that_train_and_validate_are_split_for_good(drawn: Path) -> None:
    """In the recipe's order: in that of a Python set every process would hold out other pictures."""
    names = ("hard", "train", "easy", "validation")
    parts = dataset.split(dataclasses.replace(RECIPE, train=names, validation=names, samples=(96,) * 4), drawn)
    rng = np.random.default_rng(RECIPE.seed)
    for number, train in enumerate(parts.train):
        held_out, kept = np.split(rng.permutation(np.arange(96 * number, 96 * (number + 1))), [9])
        assert np.array_equal(train, kept)
        assert np.array_equal(parts.validation[9 * number : 9 * (number + 1)], held_out)


def test_few_of_the_readable_captchas_are_called_unsure(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """However many of the other styles that validate cannot be read."""
    recipe = dataclasses.replace(RECIPE, train=("train",), validation=("validation", "easy"))
    parts = dataset.split(recipe, drawn)
    sure = dict(zip(parts.validation.tolist(), np.linspace(0.5, 1, 96).tolist() + [0.01] * 96, strict=True))
    texts = [i for i in parts.validation if parts.pictures.texts[i]]
    answers = iter([Prediction("", sure[int(i)], (), (), "ok") for i in texts])

    class Reader:
        settings = Settings((64, 128), (0.5,) * 3, (0.5,) * 3, 1.0, 0.0)

        def read(self, images: list[Image.Image], lm: None) -> list[Prediction]:
            return [next(answers) for _ in images]

    monkeypatch.setattr(calibrate.zoo, "load", lambda _folder: Reader())
    monkeypatch.setattr(calibrate.faithfulness, "best_layer", lambda *_: "encoder.stem")
    small = dataclasses.replace(recipe, model_args={"longest": 12, "width": 32, "hidden": 32})
    pictures = dataset.Captchas(small, parts.pictures.folders)
    calibrate.write_calibrated(build(small), pictures, parts.validation, 0, tmp_path)
    chosen = json.loads((tmp_path / "config.json").read_text())["glyphzoo"]["threshold"]
    assert 0.5 <= chosen < 0.55


def test_what_a_network_cannot_answer_calibrates_nothing(
    drawn: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To a classifier every other word would be wrong, and where it answers the first class even right."""
    recipe = dataclasses.replace(recipe_of("captcha-resnet18"), architecture="test_resnet")
    parts = dataset.split(recipe, drawn)
    used: list[bytes] = []

    def answers(_network: object, pictures: dataset.Captchas, indices: np.ndarray, _workers: int) -> object:
        used.extend(pictures.texts[indices].tolist())
        return np.zeros((len(indices), 1, 100)), np.zeros(len(indices), bool)

    monkeypatch.setattr(calibrate, "validation_answers", answers)
    monkeypatch.setattr(calibrate.faithfulness, "best_layer", lambda *_: "layer4")
    calibrate.write_calibrated(build(recipe), parts.pictures, parts.validation, 0, tmp_path)
    texts = parts.pictures.texts[parts.validation].tolist()
    assert used == [text for text in texts if text.decode().lower() in WORDS] and 0 < len(used) < len(texts)
    assert dataset.answerable(RECIPE, np.array([b"any7", b""])).tolist() == [True, False]


def test_recolouring_keeps_the_drawing_and_its_answer(drawn: Path) -> None:
    plain, fresh, again = (dataset.Captchas(RECIPE, [ImageFolder(drawn / "train")], seed) for seed in (None, 5, 5))
    assert any((plain[i, 192, 0].pixels != fresh[i, 192, 0].pixels).any() for i in range(5))
    assert any((fresh[i, 192, 0].pixels != fresh[i, 192, 1].pixels).any() for i in range(5)), "at another turn"
    for i in range(5):
        assert plain[i, 192, 0].text == fresh[i, 192, 0].text
        assert np.array_equal(fresh[i, 192, 0].pixels, again[i, 192, 0].pixels)


def test_recolouring_erases_no_faint_letter() -> None:
    for paper, ink in ((255, 247), (0, 8)):
        pixels = np.full((4, 4, 3), paper, np.uint8)
        pixels[1:3, 1:3] = ink
        for seed in range(50):
            seen = dataset.recolour(np.random.default_rng(seed), pixels).astype(int)
            assert abs(seen[0, 0, 0] - seen[1, 1, 0]) >= 5


def test_a_strangers_target_is_even_and_a_words_is_its_number(pictures: dataset.Captchas) -> None:
    recipe = recipe_of("captcha-resnet18")
    examples = [pictures[i, 192, 0] for i in range(60)]
    target = dataset.targets(recipe, examples)["target"]
    for row, example in zip(target, examples, strict=True):
        if example.text.lower() in WORDS:
            assert row.argmax() == WORDS.index(example.text.lower()) and row.max() == 1
        else:
            torch.testing.assert_close(row, torch.full((100,), 0.01))


def test_tokens_and_regions_belong_to_the_letters(pictures: dataset.Captchas) -> None:
    recipe = RECIPE
    examples = [pictures[i, 192, 0] for i in range(40)]
    batch = dataset.collate(examples, recipe)
    down, across = recipe.grid.down, recipe.grid.across
    for example, tokens, region in zip(examples, batch["tokens"], batch["region"], strict=True):
        assert tokens[0] == CharTokenizer.bos
        assert CharTokenizer(recipe.alphabet).decode(tokens[1:].tolist()) == example.text
        for t, (left, top, right, bottom) in enumerate(example.boxes):
            rows, columns = np.nonzero(region[t].numpy().reshape(3, 24))
            assert np.abs((columns + 0.5) * across - (left + right) / 2).min() <= across / 2 + 1e-3
            x, y = (columns + 0.5) * across, (rows + 0.5) * down
            assert (x >= left - across).all() and (x <= right + across).all()
            assert (y >= top - down).all() and (y <= bottom + down).all()
        assert not region[len(example.boxes) :].any()


def test_the_protocol_splits_once_and_for_all(drawn: Path) -> None:
    recipe = recipe_of("captcha-resnet18-study")
    split = dataset.split(recipe, drawn)
    parts = [set(part.tolist()) for part in (*split.train, split.validation, split.test)]
    count = len(split.pictures)
    assert set.union(*parts) == set(range(count)) and sum(map(len, parts)) == count
    assert len(split.test) == count // 10
    assert np.array_equal(split.test, dataset.split(recipe, drawn).test)


def test_a_folder_that_trains_and_validates_is_cut(drawn: Path) -> None:
    recipe = dataclasses.replace(RECIPE, train=("train", "hard"), validation=("validation", "hard"), samples=(30, 300))
    split = dataset.split(recipe, drawn)
    drawn_part, cut = (set(part.tolist()) for part in split.train)
    assert drawn_part == set(range(96)) and len(cut) == 87
    assert not (drawn_part | cut) & set(split.validation.tolist()) and len(split.validation) == 96 + 9
    epoch = dataset.epoch_indices(recipe, split.pictures.texts, split.train, 0).tolist()
    often = [epoch.count(i) for i in cut]
    assert len(epoch) == 330 and sum(often) == 300 and min(often) == 3  # a small folder comes several times


def test_pictures_of_like_width_share_a_batch(drawn: Path) -> None:
    recipe = dataclasses.replace(RECIPE, widths=(48, 240), batch=16)
    pictures = dataset.Captchas(recipe, [ImageFolder(drawn / "train")], seed=1)
    batches = dataset.batches(pictures, np.arange(96), seed=3)
    assert sorted(i for batch in batches for i, *_ in batch) == list(range(96))
    assert batches == dataset.batches(pictures, np.arange(96), seed=3) != dataset.batches(pictures, np.arange(96), 4)
    widths = pictures.widths(np.arange(96))
    for batch in batches:
        assert {width for _, width, _ in batch} == {max(widths[i] for i, *_ in batch)}
    padded = sum(width - widths[i] for batch in batches for i, width, _ in batch)
    assert padded < 0.1 * widths.sum() and len(set(widths.tolist())) > 4
    for batch, made in zip(batches, dataset.loader(pictures, batches, 0), strict=True):
        assert made["images"].shape == (len(batch), 3, 48, batch[0][1])
        assert made["region"].shape[2] == 3 * batch[0][1] // 8


def test_boxes_move_with_a_jittered_picture() -> None:
    for seed in range(20):
        pixels = np.full((40, 120, 3), 200, np.uint8)
        pixels[12:25, 30:50] = 0
        moved, boxes = dataset.jitter(
            np.random.default_rng(seed), Image.fromarray(pixels), np.array([[30, 12, 50, 25]])
        )
        ink = np.asarray(moved)[..., 0] < 100
        rows, columns = np.nonzero(ink)
        tight = np.array([columns.min(), rows.min(), columns.max() + 1, rows.max() + 1])
        assert np.abs(boxes[0] - tight).max() < 2
        assert (np.asarray(moved)[0, 0] == 200).all()


def test_batches_do_not_depend_on_who_loads_them(drawn: Path, tmp_path: Path) -> None:
    zipped = Path(shutil.make_archive(str(tmp_path / "validation"), "zip", drawn / "validation"))
    pictures = dataset.Captchas(RECIPE, [ImageFolder(drawn / "train"), ImageFolder(zipped)], seed=3)
    assert pictures.image(100)  # the zip is open
    cut = dataset.batches(pictures, np.arange(64, 128), seed=0)
    here, apart = (list(dataset.loader(pictures, cut, workers)) for workers in (0, 2))
    for one, two in zip(here, apart, strict=True):
        for name in one:
            torch.testing.assert_close(one[name], two[name], rtol=0, atol=0)


def test_an_epoch_is_the_same_after_a_resume_and_another_than_the_last(pictures: dataset.Captchas) -> None:
    recipe = dataclasses.replace(recipe_of("captcha-resnet18"), samples=(60,), outliers=0.2)
    one, again, two = (dataset.epoch_indices(recipe, pictures.texts, [np.arange(192)], e) for e in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, two)
    outliers = [i for i in one if pictures.texts[i].decode().lower() not in WORDS]
    assert len(outliers) == 10


def tiny(name: str, **values: object) -> Recipe:
    data = {"train": ("train",), "validation": ("validation",), "samples": (48,)}
    return dataclasses.replace(recipe_of(name), batch=16, epochs=2, **data, **values)


@pytest.mark.parametrize(
    ("name", "small"),
    [
        ("captcha-resnet18", {"architecture": "resnet10t"}),
        ("captcha-seq2seq", {"model_args": {"longest": 12, "width": 32, "hidden": 32, "dropout": 0.05}}),
    ],
)
def test_a_killed_training_goes_on_as_if_nothing_happened(
    name: str, small: dict[str, Any], drawn: Path, tmp_path: Path
) -> None:
    recipe = tiny(name, **small)

    class Killed(Exception):
        pass

    class Mortal(Pictures):
        def train_dataloader(self):
            if self.trainer.current_epoch == 1:
                raise Killed
            return super().train_dataloader()

    straight = fit(Pictures(dataset.split(recipe, drawn), 0), tmp_path / "straight")
    with pytest.raises(Killed):
        fit(Mortal(dataset.split(recipe, drawn), 0), tmp_path / "killed")
    resumed = fit(Pictures(dataset.split(recipe, drawn), 0), tmp_path / "killed")
    for key, value in straight.state_dict().items():
        torch.testing.assert_close(resumed.state_dict()[key], value, msg=key)


@pytest.mark.parametrize("name", ["captcha-resnet18", "glyph-efficientnet"])
def test_a_written_checkpoint_reads_as_the_network_does(name: str, drawn: Path, tmp_path: Path) -> None:
    recipe = recipe_of(name)
    torch.manual_seed(0)
    network = build(recipe).eval()
    folder = tmp_path / name
    checkpoint.write(recipe, network, folder, temperature=1.5, threshold=0.25)
    reader = zoo.load(folder, runtime="torch")
    picture = ImageFolder(drawn / "train").image(0)
    batch = dataset.collate([dataset.Captchas(recipe, [ImageFolder(drawn / "train")])[0, 192, 0]], recipe)
    with torch.inference_mode():
        wanted = network(batch["images"]).numpy()
    inputs, _ = reader.prepare(picture)
    np.testing.assert_array_equal(inputs, batch["images"])
    np.testing.assert_allclose(reader.logits(inputs), wanted, atol=5e-3)
    assert reader.settings.threshold == 0.25
    assert reader.explain(picture).maps.max() == pytest.approx(1)
