"""The store: the real huggingface_hub client against a Hub on this machine, and the checks of what it brings."""

import json
import socket
import threading
import time
from pathlib import Path
from typing import Any

import pytest

import zoo
from tests import clients
from tests.conftest import ROOT, TINY, Hub, write_crnn
from zoo import loading
from zoo.hub import catalog, store

REPO = "glyphzoo/tiny"


class Client:
    """A user's machine: its caches, and the Hub that it is pointed at."""

    def __init__(self, home: Path, endpoint: str) -> None:
        self.home, self.endpoint = home, endpoint
        home.mkdir()

    def __call__(self, digest: str, revision: str = "", **env: str) -> dict[str, Any]:
        """What a new process finds by `verify`, as actual and problem, and by a load then, as folder or error."""
        return clients.run(clients.load_tiny, digest, revision, home=self.home, HF_ENDPOINT=self.endpoint, **env)

    def weights(self) -> list[Path]:
        """What of the weights lies in the Hub cache, whole or in part."""
        return [path for path in self.home.rglob("*") if path.is_file() and path.stat().st_size > 20_000]


@pytest.fixture
def client(tmp_path: Path, hub: Hub) -> Client:
    """A user's machine with empty caches."""
    return Client(tmp_path / "user", hub.url)


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A checkpoint that needs no timm, which each of a dozen clients would load for a second."""
    return write_crnn(tmp_path / "tiny", "ab", 1)


def one_sentence(text: str) -> bool:
    """Whether a text is a sentence that ends, on one line, and no traceback."""
    return text.endswith(".") and "\n" not in text and "Error" not in text and len(text) < 400


def test_downloads_once_then_never_asks_again(client: Client, hub: Hub, tiny: Path) -> None:
    digest = hub.push(tiny, REPO)
    first = client(digest)
    assert first["actual"] is None and "not on this machine" in first["problem"]  # verify does not download
    assert hub.requests.count(f"GET /cdn/{digest}") == 1
    folder = Path(first["folder"])
    assert (folder / store.WEIGHTS).read_bytes() == (tiny / store.WEIGHTS).read_bytes()
    assert (folder / store.CONFIG).read_bytes() == (tiny / store.CONFIG).read_bytes()
    hub.requests.clear()
    again = {"actual": digest, "problem": "", "folder": str(folder)}
    assert client(digest) == again
    assert client(digest, HF_HUB_OFFLINE="1") == again
    assert hub.requests == []


def test_a_pinned_revision_is_the_one_that_is_asked_for(client: Client, hub: Hub, tiny: Path) -> None:
    digest = hub.push(tiny, REPO)
    commit = hub.commit(REPO)
    assert Path(client(digest, revision=commit)["folder"]).name == commit
    assert all(f"/resolve/{commit}/" in asked for asked in hub.requests if "/resolve/" in asked)
    hub.requests.clear()
    assert "folder" in client(digest, revision=commit)
    assert hub.requests == []
    error = client(digest, revision="0" * 40)["error"]
    assert one_sentence(error) and f"{REPO}@{'0' * 40}" in error


def test_weights_and_config_are_of_one_commit(client: Client, hub: Hub, tiny: Path, tmp_path: Path) -> None:
    """A push between the two downloads must not mix two versions."""
    digest = hub.push(tiny, REPO)
    old, answer = hub.commit(REPO), hub.answer

    def answer_then_push(path: str) -> tuple[int, dict[str, str], bytes]:
        reply = answer(path)
        if path.startswith("/cdn/"):
            hub.commit = lambda repo: "f" * 40
        return reply

    hub.answer = answer_then_push
    client(digest)
    assert [asked for asked in hub.requests if "config.json" in asked and f"/resolve/{old}/" in asked]
    assert not [asked for asked in hub.requests if "config.json" in asked and "/resolve/main/" in asked]


def test_offline_without_a_copy_is_a_sentence(client: Client, hub: Hub) -> None:
    error = client("0" * 64, HF_HUB_OFFLINE="1")["error"]
    assert one_sentence(error) and "tiny is not on this machine" in error and "unset it" in error
    assert hub.requests == []


def test_an_unreachable_hub_is_a_sentence_at_once(client: Client, tmp_path: Path) -> None:
    with socket.socket() as unused:
        unused.bind(("127.0.0.1", 0))
        client.endpoint = f"http://127.0.0.1:{unused.getsockname()[1]}"
    start = time.monotonic()
    error = client("0" * 64)["error"]
    assert one_sentence(error) and client.endpoint in error and "check the network" in error
    assert time.monotonic() - start < 20  # the client alone would try again for 23 s and more


def test_a_hub_that_never_answers_is_a_sentence(client: Client, hub: Hub) -> None:
    released = threading.Event()  # but for a list of programs, for which the client waits three seconds more
    hub.answer = lambda path: (504 if "resolve" in path and not released.wait(60) else 404, {}, b"")
    error = client("0" * 64, HF_HUB_ETAG_TIMEOUT="1")["error"]
    released.set()
    assert one_sentence(error) and "does not answer" in error and sum("resolve" in asked for asked in hub.requests) == 1


def test_a_missing_repo_is_a_sentence(client: Client, hub: Hub) -> None:
    error = client("0" * 64, GLYPHZOO_NAMESPACE="nobody")["error"]
    assert one_sentence(error) and f"no public repo nobody/tiny at {hub.url}" in error
    assert len([asked for asked in hub.requests if "/resolve/" in asked]) == 1


@pytest.mark.parametrize("status", [404, 503])
def test_a_server_in_trouble_is_a_sentence(client: Client, hub: Hub, status: int) -> None:
    hub.answer = lambda path: (status, {}, b"")
    error = client("0" * 64)["error"]
    assert one_sentence(error) and f"error {status}" in error


def test_a_repo_without_a_config_is_a_sentence(client: Client, hub: Hub, tiny: Path) -> None:
    digest = hub.push(tiny, REPO)
    del hub.repos[REPO][store.CONFIG]
    error = client(digest)["error"]
    assert one_sentence(error) and f"lacks {store.CONFIG}" in error


@pytest.mark.parametrize("damage", ["flipped", "short"])
def test_a_damaged_download_is_a_sentence_and_is_not_kept(client: Client, hub: Hub, tiny: Path, damage: str) -> None:
    digest = hub.push(tiny, REPO)
    data = bytearray(hub.repos[REPO][store.WEIGHTS])
    data[len(data) // 2] ^= 1
    hub.sent[store.WEIGHTS] = bytes(data) if damage == "flipped" else bytes(data[:-1000])
    error = client(digest)["error"]
    assert one_sentence(error) and "try again" in error
    assert client.weights() == []
    hub.sent.clear()
    assert "folder" in client(digest)


def test_a_damaged_copy_is_found_and_fetched_anew(client: Client, hub: Hub, tiny: Path) -> None:
    digest = hub.push(tiny, REPO)
    weights = Path(client(digest)["folder"]) / store.WEIGHTS
    data = bytearray(weights.read_bytes())
    data[-1] ^= 1
    for env in ({"HF_HUB_OFFLINE": "1"}, {}):
        weights.write_bytes(data)
        found = client(digest, **env)
        assert found["actual"] != digest and one_sentence(found["problem"]) and str(weights) in found["problem"]
        if env:
            assert one_sentence(found["error"]) and "was damaged" in found["error"]
            assert client.weights() == []
        else:
            assert store.sha256(Path(found["folder"]) / store.WEIGHTS) == digest


def test_a_copy_of_an_older_version_is_replaced(client: Client, hub: Hub, tiny: Path, tmp_path: Path) -> None:
    client(hub.push(tiny, REPO))
    digest = hub.push(write_crnn(tmp_path / "newer", "ab", 2), REPO)
    folder = Path(client(digest)["folder"])
    assert store.sha256(folder / store.WEIGHTS) == digest


def test_resolve_takes_a_name_or_a_folder(tiny: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert store.resolve(tiny) == store.resolve(str(tiny)) == tiny
    with pytest.raises(zoo.InputError, match=r"no checkpoint 'captcha-resnet81'; did you mean captcha-resnet18"):
        store.resolve("captcha-resnet81")
    for missing in (tiny / "absent", f"{tiny}/absent"):
        with pytest.raises(zoo.InputError, match="There is no folder"):
            store.resolve(missing)
    monkeypatch.setattr(store, "CHECKPOINTS", tiny.parent)
    entry = catalog.Entry("tiny", "word-classification", "Left or right.", store.sha256(tiny / store.WEIGHTS))
    monkeypatch.setattr(catalog, "CATALOG", {"tiny": entry})
    assert store.resolve("tiny") == tiny
    monkeypatch.chdir(tiny)
    (tiny / "tiny").mkdir()
    assert store.resolve("tiny") == tiny  # a name of the catalog goes before a folder that happens to lie here


def test_home_follows_its_variable(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("GLYPHZOO_HOME", str(tmp_path))
    assert store.home() == tmp_path
    monkeypatch.delenv("GLYPHZOO_HOME")
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path))
    assert store.home() == tmp_path / "glyphzoo"


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (lambda c: c.pop("architecture"), "lacks the field 'architecture' (str)"),
        (lambda c: c["pretrained_cfg"].pop("mean"), "lacks the field 'pretrained_cfg.mean' (list[float])"),
        (lambda c: c.update(pretrained_cfg=None), "lacks the field 'pretrained_cfg.input_size'"),
        (lambda c: c.update(label_names="left"), "the field 'label_names' is \"left\", but must be list[str]"),
        (lambda c: c["pretrained_cfg"].update(input_size=[3, 16, True]), "must be list[int]"),
        (lambda c: c["glyphzoo"].update(threshold=float("nan")), "NaN is not a number"),
        (lambda c: c["glyphzoo"].update(kind="oracle"), "glyphzoo.kind is 'oracle'"),
    ],
)
def test_a_config_that_lacks_something_is_named(tiny: Path, change: Any, said: str) -> None:
    config = json.loads(json.dumps(TINY))
    change(config)
    (tiny / store.CONFIG).write_text(json.dumps(config))
    with pytest.raises(zoo.InputError) as raised:
        zoo.load(tiny)
    assert said in str(raised.value) and str(tiny / store.CONFIG) in str(raised.value)


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b"\xff\xfe"])
def test_a_config_that_is_none_is_a_sentence(tiny: Path, content: bytes) -> None:
    (tiny / store.CONFIG).write_bytes(content)
    with pytest.raises(zoo.InputError, match=store.CONFIG):
        zoo.load(tiny)


@pytest.mark.parametrize("missing", [store.CONFIG, store.WEIGHTS])
def test_a_folder_without_a_file_is_a_sentence(tiny: Path, missing: str) -> None:
    (tiny / missing).unlink()
    with pytest.raises(zoo.InputError, match=f"There is no .*{missing}"):
        zoo.load(tiny)


def test_the_catalog_is_whole(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, entry in catalog.CATALOG.items():
        assert name == entry.name and entry.summary.endswith(".")
        assert len(entry.sha256) == 64 and set(entry.sha256) <= set("0123456789abcdef")
    monkeypatch.setenv("GLYPHZOO_NAMESPACE", "me")
    assert catalog.entry("captcha-resnet18").repo == "me/captcha-resnet18"
    monkeypatch.delenv("GLYPHZOO_NAMESPACE")
    assert catalog.entry("captcha-resnet18").repo == "glyphzoo/captcha-resnet18"


@pytest.mark.parametrize("name", sorted(catalog.CATALOG))
def test_bundled_checkpoints_are_those_of_the_catalog(name: str) -> None:
    found = store.verify(name, lambda folder: loading.trained(folder, runtime="torch"))
    assert found.ok, found.problem
    assert found.folder == ROOT / "zoo" / "checkpoints" / name
