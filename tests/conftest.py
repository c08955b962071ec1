"""What several tests share: a Hub on this machine, and tiny checkpoints to put on it."""

import base64
import hashlib
import json
import os
import re
import tempfile
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any

import hypothesis
import pytest

from tests.machine import HOME  # before what reads its settings at import
from training.data.drawing.fonts import FOLDER
from zoo.hub import store

if TYPE_CHECKING:  # imported where it is used: each of pytest's processes would wait for torch, one after the other
    from playwright.sync_api import Browser, BrowserContext
    from torch import nn

ROOT = Path(__file__).parent.parent
TINY = {
    "architecture": "test_resnet",
    "num_classes": 2,
    "label_names": ["left", "right"],
    "model_args": {},
    "pretrained_cfg": {
        "input_size": [3, 16, 32],
        "mean": [0.5, 0.5, 0.5],
        "std": [0.5, 0.5, 0.5],
        "num_classes": 2,
    },
    "glyphzoo": {"kind": "classifier", "temperature": 1.0, "threshold": 0.5, "explained_layer": "layer3"},
}


TINY_CRNN: dict[str, Any] = {
    "architecture": "crnn",
    "alphabet": "abcABC",
    "model_args": {"width": 32, "hidden": 16, "layers": 1},
    "pretrained_cfg": {"input_size": [3, 32, 32], "mean": [0.5] * 3, "std": [0.25] * 3},
    "glyphzoo": {
        "kind": "crnn",
        "temperature": 1.3,
        "threshold": 0.2,
        "explained_layer": "blocks.1",
        "widths": [16, 320],
    },
}


def write_checkpoint(folder: Path, config: dict[str, Any], network: "nn.Module") -> Path:
    """A whole checkpoint of a network."""
    from zoo.hub import weights

    weights.save(network, folder)
    (folder / store.CONFIG).write_text(json.dumps(config))
    return folder


def write_crnn(folder: Path, alphabet: str, sharpened: float) -> Path:
    """A whole checkpoint of a tiny CTC reader with random weights, sharpened so that texts differ in probability."""
    import torch

    from zoo.networks.crnn import CRNN
    from zoo.readers.crnn import CRNNReader

    torch.manual_seed(1)
    config = TINY_CRNN | {"alphabet": alphabet}
    network = CRNNReader.build(config)
    assert isinstance(network, CRNN)
    network.head.weight.data *= sharpened
    return write_checkpoint(folder, config, network)


def write_tiny(folder: Path, seed: int = 0) -> Path:
    """A whole checkpoint of a tiny timm ResNet with random weights and two labels."""
    import torch

    from zoo.readers.classifier import Classifier

    torch.manual_seed(seed)
    return write_checkpoint(folder, TINY, Classifier.build(TINY))


# The same cases in every run, but for `make fuzz`
hypothesis.settings.register_profile("same", derandomize="FUZZ" not in os.environ, database=None, deadline=None)
hypothesis.settings.load_profile("same")


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leaves the room of training closed to `make check`: what it imports takes seconds."""
    return ("not training" in config.option.markexpr and collection_path == ROOT / "tests" / "training") or None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks what opens a page and what is of training, so that `make check` can leave it out."""
    for item in items:
        if {"browser", "server"} & set(getattr(item, "fixturenames", ())):
            item.add_marker("browser")
        if "training" in item.path.parts:
            item.add_marker("training")


@pytest.fixture
def tiny(tmp_path: Path) -> Path:
    """A whole checkpoint, `left` or `right`."""
    return write_tiny(tmp_path / "tiny")


@dataclass
class Hub:
    """A Hub that answers as the real one does: small files after a relative redirect, large ones after one to a CDN.

    Attributes:
        url: what HF_ENDPOINT is to be.
        repos: files by repo, name and content; they may be changed between requests.
        sent: by file name, what is sent in place of the true bytes, to play a damaged download.
        requests: what has been asked, such as "HEAD /glyphzoo/tiny/resolve/main/config.json".
        token: of those who may write.
        uploads: large files that were sent, by their digest.
        made: what repos were asked to be made with.
    """

    url: str = ""
    repos: dict[str, dict[str, bytes]] = field(default_factory=dict)
    sent: dict[str, bytes] = field(default_factory=dict)
    requests: list[str] = field(default_factory=list)
    token: str = "hf_of_a_test"
    uploads: dict[str, bytes] = field(default_factory=dict)
    made: list[dict[str, Any]] = field(default_factory=list)

    @property
    def cdn(self) -> str:
        """Under another host name, as the Hub's is: its client follows redirects on the Hub's own host only."""
        return self.url.replace("127.0.0.1", "localhost") + "/cdn"

    def push(self, folder: Path, repo: str) -> str:
        """Puts a checkpoint on the Hub; returns the SHA-256 of its weights."""
        self.repos[repo] = {path.name: path.read_bytes() for path in folder.iterdir() if path.is_file()}
        return hashlib.sha256(self.repos[repo][store.WEIGHTS]).hexdigest()

    def commit(self, repo: str) -> str:
        """The repo's commit: changes with its files."""
        return _git(repr(sorted((name, _oid(data)) for name, data in self.repos[repo].items())).encode())

    def answer(self, path: str) -> tuple[int, dict[str, str], bytes]:
        """Status, headers and body for a path."""
        if found := re.fullmatch(r"/cdn/(\w+)", path):
            data = next(data for files in self.repos.values() for data in files.values() if _oid(data) == found[1])
            return 200, {"ETag": f'"{found[1]}"'}, self.sent.get(store.WEIGHTS, data)
        if found := re.fullmatch(r"/api/resolve-cache/models/(\w+/\w+)/(\w+)/([\w.]+)", path):
            data = self.repos[found[1]][found[3]]
            git = hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()
            return 200, {"ETag": f'"{git}"', "X-Repo-Commit": found[2]}, self.sent.get(found[3], data)
        if found := re.fullmatch(r"/api/(models|spaces)/([\w.-]+/[\w.-]+)(?:/revision/main)?(?:\?.*)?", path):
            repo = found[2] if found[1] == "models" else f"spaces/{found[2]}"
            if repo not in self.repos:
                return 404, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}, b""
            siblings = [
                {"rfilename": name, "size": len(data), "blobId": _git(data)}
                | ({"lfs": {"sha256": _oid(data), "size": len(data), "pointerSize": 9}} if _large(name) else {})
                for name, data in self.repos[repo].items()
            ]
            facts = {"id": found[2], "sha": self.commit(repo), "siblings": siblings}
            return 200, {"Content-Type": "application/json"}, json.dumps(facts).encode()
        asked = re.fullmatch(r"/api/(datasets/[\w.-]+/[\w.-]+)/(?:revision|(tree))/([\w.-]+)(?:\?.*)?", path)
        found = asked or re.fullmatch(r"/((?:datasets/)?[\w.-]+/[\w.-]+)/resolve/([\w.-]+)/([\w./-]+)", path)
        if not found:
            return 404, {"X-Error-Message": "Sorry, we can't find the page you are looking for."}, b""
        repo, revision, name = found.groups()
        if repo not in self.repos:  # the Hub does not tell strangers whether a repo is missing or private
            return 401, {"X-Error-Code": "RepoNotFound", "X-Error-Message": "Repository not found"}, b""
        if asked:
            files = self.repos[repo].items()
            tree = [{"type": "file", "path": path, "size": len(data), "oid": _oid(data)} for path, data in files]
            facts = {"id": repo.removeprefix("datasets/"), "sha": self.commit(repo)}
            return 200, {"Content-Type": "application/json"}, json.dumps(tree if asked[2] else facts).encode()
        headers = {"X-Repo-Commit": self.commit(repo)}
        if revision not in ("main", self.commit(repo)):
            return 404, {"X-Error-Code": "RevisionNotFound", "X-Error-Message": f"Invalid rev id: {revision}"}, b""
        if name not in self.repos[repo]:
            return 404, headers | {"X-Error-Code": "EntryNotFound", "X-Error-Message": "Entry not found"}, b""
        data = self.repos[repo][name]
        if repo.startswith("datasets/"):
            return 200, headers | {"ETag": f'"{_oid(data)}"'}, data
        if name.endswith(".safetensors"):
            large = {"X-Linked-Etag": f'"{_oid(data)}"', "X-Linked-Size": str(len(data))}
            return 302, headers | large | {"Location": f"{self.cdn}/{_oid(data)}"}, b""
        return 307, headers | {"Location": f"/api/resolve-cache/models/{repo}/{self.commit(repo)}/{name}"}, b""

    def take(self, path: str, body: bytes) -> tuple[int, Any]:
        """Status and answer for what is sent to a path by one who may write."""
        if found := re.fullmatch(r"/upload/(\w+)", path):
            assert _oid(body) == found[1]
            self.uploads[found[1]] = body
            return 200, {}
        if path == "/api/validate-yaml":
            return 200, {"errors": [], "warnings": []}
        if path == "/api/repos/create":
            asked = json.loads(body)
            self.made.append(asked)
            kind = "spaces/" if asked.get("type") == "space" else ""
            repo = f"{kind}{asked['organization']}/{asked['name']}"
            if repo in self.repos:
                return 409, {"error": "You already created this repo", "url": f"{self.url}/{repo}"}
            self.repos[repo] = {".gitattributes": b"*.safetensors filter=lfs"}
            return 200, {"url": f"{self.url}/{repo}"}
        if found := re.fullmatch(r"/api/(models|spaces)/(\w+/[\w.-]+)/(preupload|commit)/main", path):
            repo = found[2] if found[1] == "models" else f"spaces/{found[2]}"
            there = self.repos[repo]
            if found[3] == "preupload":
                return 200, {"files": [self._mode(there, file["path"]) for file in json.loads(body)["files"]]}
            for line in map(json.loads, body.splitlines()):
                value = line["value"]
                if line["key"] == "file":
                    there[value["path"]] = base64.b64decode(value["content"])
                elif line["key"] == "lfsFile":
                    there[value["path"]] = self.uploads[value["oid"]]
                elif line["key"] == "deletedFile":
                    del there[value["path"]]
            commit = self.commit(repo)
            return 200, {"commitUrl": f"{self.url}/{repo}/commit/{commit}", "commitOid": commit}
        if re.fullmatch(r"/.*\.git/info/lfs/objects/batch", path):
            objects = [
                one | {"actions": {"upload": {"href": f"{self.url}/upload/{one['oid']}"}}}
                for one in json.loads(body)["objects"]
            ]
            return 200, {"transfer": "basic", "objects": objects}
        return 404, {"error": path}

    @staticmethod
    def _mode(there: dict[str, bytes], path: str) -> dict[str, Any]:
        """How a file is to be sent, and by which digest it is there already."""
        own = (_oid if _large(path) else _git)(there[path]) if path in there else None
        return {"path": path, "uploadMode": "lfs" if _large(path) else "regular", "shouldIgnore": False, "oid": own}


def _oid(data: bytes) -> str:
    return hashlib.sha256(data).hexdigest()


def _git(data: bytes) -> str:
    return hashlib.sha1(b"blob %d\0" % len(data) + data).hexdigest()


def _large(name: str) -> bool:
    return name.endswith(".safetensors")


@pytest.fixture
def hub() -> Iterator[Hub]:
    """A Hub on 127.0.0.1, empty at first."""
    hub = Hub()

    class Handler(BaseHTTPRequestHandler):
        protocol_version = "HTTP/1.1"
        wbufsize = -1  # head and body in one packet, else the second waits for the first one's receipt, 40 ms

        def do_HEAD(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            status, headers, body = hub.answer(self.path)
            self.send_response(status)
            for name, value in headers.items():
                self.send_header(name, value)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(body)

        do_GET = do_HEAD

        def do_POST(self) -> None:
            hub.requests.append(f"{self.command} {self.path}")
            body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
            upload = self.path.startswith("/upload/")  # whose address alone lets one in, as a CDN's
            allowed = upload or self.headers.get("Authorization") == f"Bearer {hub.token}"
            status, answer = hub.take(self.path, body) if allowed else (401, {"error": "Invalid credentials"})
            told = json.dumps(answer).encode()
            self.send_response(status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(told)))
            self.end_headers()
            self.wfile.write(told)

        do_PUT = do_POST

        def log_message(self, *_: Any) -> None:
            """Says nothing: the requests are kept for the tests."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    hub.url = f"http://127.0.0.1:{server.server_port}"
    thread = threading.Thread(target=server.serve_forever, args=(0.05,), daemon=True)
    thread.start()
    yield hub
    server.shutdown()
    server.server_close()
    thread.join()


def new_home(folder: Path) -> Path:
    """A home that holds nothing but the ONNX files which any of the tests exported; that takes half a minute."""
    exported = Path(os.environ["GLYPHZOO_HOME"]) / "onnx"
    exported.mkdir(parents=True, exist_ok=True)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "onnx").symlink_to(exported)
    return folder


@pytest.fixture(scope="session")
def fonts() -> Path:
    """The settings by which a browser finds the tests' own fonts alone: a page is the same on every machine."""
    from fontTools.ttLib import TTFont

    folder = HOME / "fonts"
    if not folder.exists():
        with tempfile.TemporaryDirectory(dir=HOME) as scratch:
            made = Path(scratch) / "fonts"
            made.mkdir()
            for family in ("dejavu-sans", "dejavu-mono"):
                name = f"{family}-latin-400-normal"
                with TTFont(FOLDER / family / "files" / f"{name}.woff2") as font:
                    font.flavor = None  # Chromium takes no WOFF2 from a system
                    font.save(made / f"{name}.ttf", reorderTables=None)
            settings = f"<fontconfig><dir>{folder}</dir><cachedir>{folder}</cachedir></fontconfig>"
            (made / "fonts.conf").write_text(f'<?xml version="1.0"?>{settings}')
            with suppress(OSError):  # another process was faster
                made.rename(folder)
    return folder / "fonts.conf"


@pytest.fixture(scope="module")
def browser(fonts: Path) -> "Iterator[Browser]":
    """A browser for the pages of a file."""
    from benchmarks.pages import chromium

    with chromium(FONTCONFIG_FILE=str(fonts)) as opened:
        yield opened


@pytest.fixture(scope="module")
def context(browser: "Browser") -> "BrowserContext":
    """Where the pages of a file keep the scripts that they share: these are compiled once."""
    return browser.new_context()
