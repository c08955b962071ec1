"""Checkpoints are pushed to a Hub on this machine by the real client, and loaded from it as others do."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from tests import clients
from tests.conftest import Hub
from zoo.hub import store
from zoo.loading import load


@pytest.fixture
def whole(tiny: Path) -> Path:
    """A checkpoint's folder with its card."""
    (tiny / "README.md").write_text("---\nlicense: mit\n---\n# tiny\n")
    return tiny


def test_what_is_pushed_is_what_others_load(whole: Path, hub: Hub, author: dict[str, Any], tmp_path: Path) -> None:
    pins = tmp_path / "pins.json"
    done = clients.run(clients.publish, whole, pins, "someone", **author)
    assert done["code"] == 0, done["err"]
    repo = hub.repos["someone/tiny"]
    assert {name: data for name, data in repo.items() if name != ".gitattributes"} == {
        path.name: path.read_bytes() for path in whole.iterdir()
    }
    assert json.loads(pins.read_text()) == {"someone/tiny": hub.commit("someone/tiny")}
    assert hub.token not in done["out"] + done["err"] + " ".join(hub.requests)

    user: dict[str, Any] = {"home": tmp_path / "user", "HF_ENDPOINT": hub.url, "GLYPHZOO_NAMESPACE": "someone"}
    digest = store.sha256(whole / store.WEIGHTS)
    got = clients.run(clients.load_tiny, digest, hub.commit("someone/tiny"), **user)
    assert "folder" in got, got
    found = clients.run(clients.use, "someone/tiny", **user)
    assert found["size"] == (whole / store.WEIGHTS).stat().st_size
    network = load(whole, runtime="torch").network
    with torch.inference_mode():
        assert found["logits"][0] == pytest.approx(network(torch.ones(1, 3, 16, 32))[0].tolist(), abs=1e-4)


def test_a_second_push_sends_nothing(whole: Path, hub: Hub, author: dict[str, Any], tmp_path: Path) -> None:
    pins = tmp_path / "pins.json"
    dry = clients.run(clients.publish, whole, pins, "someone", "--dry-run", **author)
    assert dry["code"] == 0 and "3 files would change" in dry["out"] and not hub.repos and not pins.exists()
    clients.run(clients.publish, whole, pins, "someone", **author)
    hub.requests.clear()
    again = clients.run(clients.publish, whole, pins, "someone", "--json", **author)
    assert json.loads(again["out"])[0] == {
        "repo": "someone/tiny", "commit": hub.commit("someone/tiny"), "changed": []
    }  # fmt: skip
    assert not [asked for asked in hub.requests if asked.startswith(("POST", "PUT"))]
    (whole / "README.md").write_text("---\nlicense: mit\n---\n# tiny, better\n")
    hub.repos["someone/tiny"]["old.txt"] = b""
    clients.run(clients.publish, whole, pins, "someone", **author)
    assert "old.txt" not in hub.repos["someone/tiny"] and b"better" in hub.repos["someone/tiny"]["README.md"]
    assert not [asked for asked in hub.requests if "/upload/" in asked], "the weights are there already"


def test_what_goes_wrong_is_a_sentence(whole: Path, hub: Hub, author: dict[str, Any], tmp_path: Path) -> None:
    pins = tmp_path / "pins.json"
    stranger = author | {"HF_TOKEN": "hf_wrong"}
    refused = clients.run(clients.publish, whole, pins, "someone", **stranger)
    assert refused["code"] == 1 and "hf auth login" in refused["err"] and "hf_wrong" not in refused["err"]
    assert refused["err"].count("\n") == 1 and not pins.exists()
    nobody = clients.run(clients.publish, whole, pins, "someone", **author | {"HF_ENDPOINT": "http://127.0.0.1:9"})
    assert nobody["code"] == 1 and "does not answer" in nobody["err"]
    unnamed = clients.run(clients.publish, whole, pins, "some one", **author)
    assert unnamed["code"] == 1 and "give NAMESPACE/NAME" in unnamed["err"]
