"""Exported networks: kept, found damaged, or not to be kept at all."""

import logging
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import zoo
from tests import clients
from training.learn import quantize
from zoo.readers.classifier import Classifier

INPUTS = np.random.default_rng(0).normal(size=(3, 3, 16, 32)).astype(np.float32)
READ = """
import sys, numpy as np, zoo
zoo.load(sys.argv[1]).read([np.random.default_rng(0).integers(0, 256, (40, 90, 3), np.uint8)])
print("torch" in sys.modules, "gradio" in sys.modules, "lightning" in sys.modules)
"""


def logits(folder: Path, runtime: str | None = None) -> np.ndarray:
    reader = zoo.load(folder, runtime=runtime)
    assert isinstance(reader, Classifier)
    return reader.logits(INPUTS)


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GLYPHZOO_HOME", str(tmp_path / "home"))
    return tmp_path / "home"


def test_what_is_exported_needs_no_torch_and_is_made_anew_once_damaged(
    tiny: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    expected = logits(tiny, "torch")
    np.testing.assert_allclose(logits(tiny), expected, atol=1e-3)
    command, env = [sys.executable, "-c", READ, str(tiny)], os.environ | {"GLYPHZOO_HOME": str(home)}
    done = subprocess.run(command, env=env, capture_output=True, text=True)
    assert done.stdout.split() == ["False"] * 3, done.stderr
    [path] = home.rglob("*.onnx")
    whole = path.read_bytes()
    middle = len(whole) // 2
    path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 255]) + whole[middle + 1 :])
    with caplog.at_level(logging.WARNING):
        np.testing.assert_allclose(logits(tiny), expected, atol=1e-3)
    assert "is damaged and is made anew" in caplog.text
    assert [path.read_bytes() for path in home.rglob("*.onnx")] == [whole]


def test_where_nothing_can_be_kept_it_reads_all_the_same(
    tiny: Path, home: Path, caplog: pytest.LogCaptureFixture
) -> None:
    home.write_text("a file where the folder should be")
    with caplog.at_level(logging.WARNING):
        found = logits(tiny)
    np.testing.assert_allclose(found, logits(tiny, "torch"), atol=1e-3)
    assert "cannot be kept" in caplog.text


@pytest.mark.parametrize(("ranges", "told"), [(False, "cannot be kept"), (True, "torch computes it")])
def test_on_a_full_disk_it_reads_all_the_same(ranges: bool, told: str, tiny: Path, tmp_path: Path) -> None:
    """Integers are made from files: there torch takes over."""
    if ranges:
        quantize.keep(tiny, {"classify": {"conv1.0": [-1.0, 1.0, -1.0, 1.0]}})
    found = clients.run(clients.read_on_a_full_disk, tiny, home=tmp_path)
    assert found["kept"] == [] and told in found["log"] and found["log"].count("\n") == 1, found["log"]
    np.testing.assert_allclose(found["logits"], logits(tiny, "torch")[0], atol=1e-3)
