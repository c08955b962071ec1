"""What users' programs do, each in a process of its own: the Hub's client reads its settings once, at import."""

import os
import sys
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any, TypeVar

T = TypeVar("T")
CONTEXT = get_context("forkserver")
# all that takes long to import, but not the Hub's client
PRELOAD = "torchvision onnxruntime.quantization httpx2 httpcore2 anyio truststore yaml cv2"
MEASURES = "matplotlib.figure scipy.interpolate sklearn.metrics"
CONTEXT.set_forkserver_preload(f"{PRELOAD} {MEASURES}".split())


def run(program: Callable[..., T], *args: Any, home: Path, **env: str) -> T:
    """What a program of this module answers, on a machine of its own: its caches are in `home`."""
    own = {name: value for name, value in os.environ.items() if not name.startswith(("HF_", "GLYPHZOO_"))}
    own |= {"HF_HOME": str(home / "hf"), "GLYPHZOO_HOME": str(home / "glyphzoo"), "HF_HUB_DISABLE_PROGRESS_BARS": "1"}
    own |= {"NO_PROXY": "127.0.0.1,localhost"}
    with ProcessPoolExecutor(1, CONTEXT) as pool:
        return pool.submit(_within, own | env, program, *args).result(120)


def _within(env: dict[str, str], program: Callable[..., T], *args: Any) -> T:
    assert "huggingface_hub" not in sys.modules
    os.environ.clear()
    os.environ.update(env)
    return program(*args)


def load_tiny(digest: str, revision: str = "") -> dict[str, Any]:
    """With `tiny` in the catalog, verifies what is on this machine, then loads it."""
    import zoo
    from zoo.hub import catalog, store

    summary = "Left or right."
    catalog.CATALOG = {"tiny": catalog.Entry("tiny", "word-classification", summary, digest, revision or None)}
    found = store.verify("tiny", lambda folder: zoo.load(folder, runtime="torch"))
    answer: dict[str, Any] = {"actual": found.actual, "problem": found.problem}
    try:
        zoo.load("tiny", runtime="torch")
        return answer | {"folder": str(store.locate("tiny"))}
    except zoo.InputError as error:
        return answer | {"error": str(error)}


def fetch(*asked: tuple[str, int | None]) -> list[dict[str, Any]]:
    """Fetches the pictures of data sets, of each so many bytes at most, and lists them."""
    import zoo
    from zoo import grid

    answers: list[dict[str, Any]] = []
    for repo, most in asked:
        try:
            grid.fetch(repo, most)
            found = grid.find(repo)
        except zoo.InputError as error:
            answers.append({"error": str(error)})
        else:
            size = sum(len(found.read(name)) for name in found.names)
            answers.append({"names": list(found.names), "labels": list(found.labels), "size": size})
    return answers


def arrange(folder: Path) -> dict[str, Any]:
    """Arranges a folder's pictures by the default embedder."""
    from zoo import grid

    found = grid.arrange(grid.find(folder), layout="sorted")
    answer = {"embedder": found.embedder, "fresh": found.fresh, "vectors": found.vectors}
    return answer | {"loaded": "timm" in sys.modules}


def command(*argv: str) -> dict[str, Any]:
    """What the command line does: its exit code and what it prints."""
    import contextlib
    import io

    from zoo.__main__ import main

    with contextlib.redirect_stdout(io.StringIO()) as out, contextlib.redirect_stderr(io.StringIO()) as err:
        code = main(argv)
    return {"code": code, "out": out.getvalue(), "err": err.getvalue()}


def read_on_a_full_disk(folder: Path) -> dict[str, Any]:
    """A classifier's logits where no file may grow, what it kept, and what it logged."""
    import io
    import logging
    import resource

    import numpy as np

    import zoo
    from zoo.hub import store

    out = io.StringIO()
    logging.basicConfig(stream=out)
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    found = zoo.load(folder)._run("classify", images=np.random.default_rng(0).normal(size=(3, 3, 16, 32)).astype("f4"))
    kept = [str(path) for path in store.home().rglob("*.onnx")]
    return {"logits": found[0][0].tolist(), "kept": kept, "log": out.getvalue()}


def publish(folder: Path, pins: Path, namespace: str, *options: str) -> dict[str, Any]:
    """Publishes the checkpoint in a folder as `tiny`, by the command line."""
    from zoo.hub import catalog, store

    store.CHECKPOINTS, catalog.PINS = folder.parent, pins
    entry = catalog.Entry("tiny", "word-classification", "Left or right.", store.sha256(folder / store.WEIGHTS))
    catalog.CATALOG = {"tiny": entry}
    return command("publish", "--namespace", namespace, *options)


def use(repo: str) -> dict[str, Any]:
    """What others make of a published classifier: by hf_hub_download, and by timm from the Hub."""
    import timm
    import torch
    from huggingface_hub import hf_hub_download

    weights = Path(hf_hub_download(repo, "model.safetensors")).read_bytes()
    network = timm.create_model(f"hf-hub:{repo}", pretrained=True).eval()
    with torch.inference_mode():
        return {"size": len(weights), "logits": network(torch.ones(1, 3, 16, 32)).tolist()}
