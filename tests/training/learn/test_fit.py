"""A training in phases: the finder's learning rate, a frozen backbone, layers that learn at rates of their own."""

import dataclasses
import json
from functools import partial
from pathlib import Path
from typing import Any

import lightning
import pytest
import torch
from safetensors.torch import load_file

from tests.sets import save
from training.data import persian
from training.learn import checkpoint, dataset, train
from training.learn.fit import FINDER, Pictures, fit
from training.learn.module import Reading, build, groups
from training.recipes import Recipe, recipe_of

TINY = "test_resnet"  # of timm, as its ResNets in all but size


def recipe(**values: Any) -> Recipe:
    whole = dataclasses.replace(
        recipe_of("persian-resnet34"),
        architecture=TINY,
        model_args={},
        train=("crops",),
        validation=("crops",),
        samples=(128,),
        batch=16,
        start="",
        pretrained=False,
        finder=False,
        phases=(
            ("1-frozen", {"input_size": (24, 40), "epochs": 1, "frozen": True}),
            ("2-whole", {"epochs": 1, "spread": 100.0, "learning_rate": 0.01}),
        ),
    )
    return dataclasses.replace(whole, **values)


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("crops")
    draw = partial(persian.draw_any, splits=("test",), damage="clean", seed=1)
    save(out / "crops", draw, 144)
    return out


def test_each_phase_goes_on_from_the_last(data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    seen: set[tuple[tuple[int, ...], bool]] = set()
    loss = Reading.loss

    def watched(self: Reading, batch: dataset.Batch) -> Any:
        if self.trainer.loggers:  # not the finder's
            seen.add((tuple(batch["images"].shape[2:]), next(self.network.parameters()).requires_grad))
        return loss(self, batch)

    monkeypatch.setattr(Reading, "loss", watched)
    pictures = Pictures(dataset.split(recipe(), data), workers=0)
    network = fit(pictures, tmp_path)
    assert seen == {((24, 40), False), ((50, 90), True)}
    found = json.loads((tmp_path / "1-frozen" / FINDER).read_text())
    assert found["taken"] in found["rates"] and len(found["rates"]) == len(found["losses"])
    assert (tmp_path / "1-frozen" / "learning-rate.png").exists() and not (tmp_path / "2-whole" / FINDER).exists()
    for name in recipe().steps:
        for picture in ("loss.png", "accuracy.png", "last.ckpt"):
            assert (tmp_path / name / picture).exists()

    def untrained(*_: Any, **__: Any) -> None:
        raise AssertionError("trained again")

    monkeypatch.setattr(Reading, "training_step", untrained)
    again = fit(pictures, tmp_path)
    for one, other in zip(network.state_dict().values(), again.state_dict().values(), strict=True):
        assert torch.equal(one, other)


def test_a_frozen_backbone_stays_as_it_is_but_for_its_normalisations(data: Path, tmp_path: Path) -> None:
    only = recipe(phases=(("frozen", {"epochs": 1, "frozen": True, "learning_rate": 0.01}),))
    lightning.seed_everything(only.seed, workers=True)
    before = build(only).state_dict()
    after = fit(Pictures(dataset.split(only, data), workers=0), tmp_path).state_dict()
    moved = {name for name in before if not torch.equal(before[name], after[name])}
    assert {"fc.weight", "fc.bias"} <= moved
    assert moved - {"fc.weight", "fc.bias"} == {name for name in moved if before[name].ndim < 2 and name[:2] != "fc"}
    assert any("bn" in name for name in moved)


def test_the_first_layer_learns_slowest_and_the_last_at_the_given_rate() -> None:
    network = build(recipe())
    rates = {
        id(p): group["lr"]
        for group in groups(network, recipe(learning_rate=0.01, spread=100.0))
        for p in group["params"]
    }
    named = {name: rates[id(p)] for name, p in network.named_parameters()}
    assert len(rates) == len(named), "every parameter is in one group"
    assert named["fc.weight"] == pytest.approx(0.01) and named["conv1.0.weight"] == pytest.approx(0.0001)
    in_order = [named[f"layer{i}.0.conv1.weight"] for i in (1, 2, 3, 4)]
    assert in_order == sorted(in_order) and len(set(in_order)) == 4
    alike = {group["lr"] for group in groups(network, recipe(learning_rate=0.01))}
    assert alike == {0.01}


def test_what_a_recipe_starts_from_is_trained_first(
    data: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where ImageNet's weights cannot be reached; where they can, they are what it starts from."""
    first = recipe(name="first", phases=(), learning_rate=0.01, epochs=1)
    second = recipe(
        name="second", phases=(("only", {"epochs": 1, "learning_rate": 0.01}),), start="first", pretrained=True
    )
    known = {"first": first, "second": second}
    monkeypatch.setattr(train, "recipe_of", known.__getitem__)
    monkeypatch.setattr(train, "NAMES", tuple(known))
    monkeypatch.setattr(train, "reachable", lambda *_: False)
    trained: list[tuple[str, Path | None]] = []

    def watched(pictures: Pictures, run: Path, start: Path | None) -> Any:
        trained.append((run.name, start))
        return fit(pictures, run, start)

    def written(network: Any, pictures: Any, _validation: Any, _workers: Any, folder: Path, _start: Any) -> str:
        return checkpoint.write(pictures.recipe, network, folder)  # without what is chosen on validation

    monkeypatch.setattr(train, "fit", watched)
    monkeypatch.setattr(train, "write_calibrated", written)
    place = train.Place(data, tmp_path, 0)
    left = train.train(second, place)
    assert [name for name, _ in trained] == ["first", "second"]
    assert left.start == trained[1][1] == tmp_path / "checkpoints" / "first"
    config = json.loads((left.folder / "config.json").read_text())
    assert config["glyphzoo"]["start"] == "first" and config["glyphzoo"]["texts"][5] == "۵"
    monkeypatch.setattr(train, "reachable", lambda *_: False)
    halfway = train.train(dataclasses.replace(second, name="halfway", averaged=True), place)
    end, middle = (load_file(one.folder / "model.safetensors")["fc.weight"].float() for one in (left, halfway))
    begun = load_file(tmp_path / "checkpoints" / "first" / "model.safetensors")["fc.weight"].float()
    mean = (begun + end) / 2
    torch.testing.assert_close(middle, mean, atol=1e-3, rtol=0)
    assert float((begun - mean).abs().max()) > 5e-3
    monkeypatch.setattr(train, "reachable", lambda *_: True)
    recipe_there, start = train.begun(second, place)
    assert recipe_there.start == train.IMAGENET and start is None and recipe_there.pretrained
