"""What the networks are fed, and that a training learns, resumes and writes a checkpoint that reads."""

import dataclasses
from functools import partial
from pathlib import Path

import numpy as np
import pytest
import torch

import zoo
from training import checkpoint, dataset
from training.__main__ import Pictures, fit
from training.data.captcha import WORDS, draw_mixed
from training.data.folder import ImageFolder, write
from training.module import build
from training.recipes import Recipe, recipes
from zoo.text import CharTokenizer
from zoo.transformer import Encoder


@pytest.fixture(scope="module")
def drawn(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A small train and validation set, as the real ones are drawn."""
    out = tmp_path_factory.mktemp("data")
    for name, seed in (("train", 1), ("validation", 2), ("easy", 3), ("hard", 4)):
        write(out / name, partial(draw_mixed, split="train", seed=seed), 96, workers=2)
    return out


@pytest.fixture(scope="module")
def pictures(drawn: Path) -> dataset.Captchas:
    return dataset.Captchas([ImageFolder(drawn / "train"), ImageFolder(drawn / "validation")], (48, 192))


def test_folders_follow_one_another(pictures: dataset.Captchas, drawn: Path) -> None:
    second = ImageFolder(drawn / "validation")
    assert len(pictures) == 192
    assert pictures[100].text == second.row(4)["text"] == pictures.texts[100].decode()


def test_recolouring_keeps_the_drawing_and_its_answer(drawn: Path) -> None:
    plain, fresh = (dataset.Captchas([ImageFolder(drawn / "train")], (48, 192), seed) for seed in (None, 5))
    again = dataset.Captchas([ImageFolder(drawn / "train")], (48, 192), 5)
    assert any((plain[i].pixels != fresh[i].pixels).any() for i in range(5))
    for i in range(5):
        assert plain[i].text == fresh[i].text
        assert np.array_equal(fresh[i].pixels, again[i].pixels)


def test_a_strangers_target_is_even_and_a_words_is_its_number(pictures: dataset.Captchas) -> None:
    recipe = recipes()["captcha-resnet18"]
    examples = [pictures[i] for i in range(60)]
    target = dataset.targets(recipe, examples)["target"]
    for row, example in zip(target, examples, strict=True):
        if example.text.lower() in WORDS:
            assert row.argmax() == WORDS.index(example.text.lower()) and row.max() == 1
        else:
            torch.testing.assert_close(row, torch.full((100,), 0.01))


def test_tokens_and_regions_belong_to_the_letters(pictures: dataset.Captchas) -> None:
    recipe = recipes()["captcha-seq2seq"]
    examples = [pictures[i] for i in range(40)]
    batch = dataset.collate(examples, recipe)
    down, across = Encoder.stride
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
    recipe = recipes()["captcha-resnet18-study"]
    pictures, train, validation, test = dataset.split(recipe, drawn)
    parts = [set(part.tolist()) for part in (train, validation, test)]
    assert set.union(*parts) == set(range(len(pictures))) and sum(map(len, parts)) == len(pictures)
    assert len(test) == len(pictures) // 10
    assert np.array_equal(test, dataset.split(recipe, drawn)[3])


def test_an_epoch_is_the_same_after_a_resume_and_another_than_the_last(pictures: dataset.Captchas) -> None:
    recipe = dataclasses.replace(recipes()["captcha-resnet18"], samples=60, strangers=0.2)
    one, again, two = (dataset.epoch_indices(recipe, pictures.texts, np.arange(192), e) for e in (1, 1, 2))
    assert np.array_equal(one, again) and not np.array_equal(one, two)
    strangers = [i for i in one if pictures.texts[i].decode().lower() not in WORDS]
    assert len(strangers) == 10


def tiny(name: str, **values: object) -> Recipe:
    return dataclasses.replace(recipes()[name], batch=16, epochs=2, samples=48, **values)


@pytest.mark.parametrize("name", ["captcha-resnet18", "captcha-seq2seq"])
def test_a_killed_training_goes_on_as_if_nothing_happened(name: str, drawn: Path, tmp_path: Path) -> None:
    recipe = tiny(name)

    class Killed(Exception):
        pass

    class Mortal(Pictures):
        def train_dataloader(self):
            if self.trainer.current_epoch == 1:
                raise Killed
            return super().train_dataloader()

    straight = fit(recipe, Pictures(recipe, drawn, 0), tmp_path / "straight")
    with pytest.raises(Killed):
        fit(recipe, Mortal(recipe, drawn, 0), tmp_path / "killed")
    resumed = fit(recipe, Pictures(recipe, drawn, 0), tmp_path / "killed")
    for key, value in straight.network.state_dict().items():
        torch.testing.assert_close(resumed.network.state_dict()[key], value, msg=key)


def test_a_written_checkpoint_reads_as_the_network_does(drawn: Path, tmp_path: Path) -> None:
    recipe = recipes()["captcha-resnet18"]
    torch.manual_seed(0)
    network = build(recipe).eval()
    folder = tmp_path / "captcha-resnet18"
    checkpoint.write(recipe, network, folder, temperature=1.5, threshold=0.25)
    reader = zoo.load(folder, runtime="torch")
    picture = ImageFolder(drawn / "train").image(0)
    batch = dataset.collate([dataset.Captchas([ImageFolder(drawn / "train")], (48, 192))[0]], recipe)
    with torch.inference_mode():
        wanted = network(batch["images"]).numpy()
    np.testing.assert_allclose(reader.logits(reader.prepare(picture)[0]), wanted, atol=5e-3)
    assert reader.settings.threshold == 0.25
