"""Pictures to vectors that lie close where pictures are alike: by a network, or by colours and edges alone.

Vectors are kept under `zoo.hub.store.home()` by what a file holds, so that no file is embedded twice by the same
embedder, whatever its name, and a run that was killed goes on where it stopped.
"""

import hashlib
import sqlite3
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import closing
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from huggingface_hub import get_hf_file_metadata, hf_hub_download, hf_hub_url, try_to_load_from_cache
from PIL import Image

from zoo import cores
from zoo.errors import InputError
from zoo.grid.pictures import Pictures
from zoo.hub import catalog, store
from zoo.images import preprocess

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[Image.Image]], Vectors]
Progress = Callable[[str, int, int], None]  # a stage's name, how much of it is done, and of how much
BATCH = 64
KEPT = 500_000  # vectors of one embedder, some hundred megabytes
COLOUR = "colour"
PRETRAINED = "mobilenetv4_conv_small.e2400_r224_in1k"  # small, and learned on photos of everything
SIDE = 64  # pixels: the size at which colours and edges are looked at


@dataclass(frozen=True)
class Embedder:
    """Makes vectors of pictures.

    Attributes:
        name: what it is called.
        key: what vectors are kept under: another key, other vectors.
        embed: a list of n RGB pictures to vectors (n, d).
    """

    name: str
    key: str
    embed: Embed


def embedder(name: str | None = None) -> Embedder:
    """The embedder of a name. Its network is loaded when it is first needed: what is kept may be all that is asked for.

    Args:
        name: a checkpoint of the zoo; "colour", a descriptor of colours and edges that needs no weights; or any timm
            model's name, whose pretrained weights come from the Hub. By default a small pretrained network, or "colour"
            where that cannot be had.

    Raises:
        InputError: there is none of that name, or its weights cannot be had.
    """
    if name is None:
        try:
            return _timm(PRETRAINED)
        except InputError:
            name = COLOUR
    if name == COLOUR:
        return Embedder(COLOUR, f"{COLOUR}-1", lambda pictures: np.stack([describe(picture) for picture in pictures]))
    return _reader(name) if name in catalog.CATALOG else _timm(name)


def _of_weights(name: str, file: Path, load: Callable[[], Embed]) -> Embedder:
    loaded = cache(load)
    return Embedder(name, f"{name}-{store.sha256(file)[:16]}", lambda pictures: loaded()(pictures))


def _reader(name: str) -> Embedder:
    def load() -> Embed:
        from zoo.loading import load as opened

        return opened(name).features

    return _of_weights(name, store.resolve(name) / store.WEIGHTS, load)


def _timm(name: str) -> Embedder:
    repo = _repo(name)
    try:
        file = try_to_load_from_cache(repo, store.WEIGHTS)
        if not isinstance(file, str):
            get_hf_file_metadata(hf_hub_url(repo, store.WEIGHTS))  # asked once: the client tries again for a minute
            file = hf_hub_download(repo, store.WEIGHTS)
    except store.UNREACHABLE as error:
        raise InputError(
            f"The weights of {name} are not on this machine and could not be fetched from the Hub; "
            f"go online or choose '{COLOUR}'."
        ) from error

    def load() -> Embed:
        import timm
        import torch
        from timm.data.config import resolve_model_data_config
        from timm.data.transforms_factory import create_transform

        network = timm.create_model(name, pretrained=True, num_classes=0, pretrained_cfg_overlay={"file": file}).eval()
        config: Any = resolve_model_data_config
        transform: Any = create_transform(**config(network), is_training=False)

        def embed(pictures: Sequence[Image.Image]) -> Vectors:
            with torch.inference_mode():
                return np.asarray(network(torch.stack([transform(picture) for picture in pictures])), np.float32)

        return embed

    return _of_weights(name, Path(file), load)


def _repo(name: str) -> str:
    """The repo on the Hub with the weights of a timm model."""
    if name == PRETRAINED:
        return f"timm/{name}"  # to ask timm takes seconds
    import timm

    known = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    if not known or not known.hf_hub_id:
        raise InputError(
            f"There is no embedder {name!r}; name a checkpoint of the zoo, '{COLOUR}' or a timm model with weights."
        )
    return str(known.hf_hub_id)


def describe(picture: Image.Image) -> npt.NDArray[np.float32]:
    """Colours, edges and their places in a picture, (240,).

    In each of 4 × 4 fields the mean colour (48) and the edges' directions by strength in 8 bins (128; Dalal & Triggs
    2005); of the whole the share of each of 64 colours. Each of the three parts has about the same weight.
    """
    rgb = np.asarray(picture.convert("RGB").resize((SIDE, SIDE), Image.Resampling.BILINEAR), np.float32) / 255
    fields = rgb.reshape(4, SIDE // 4, 4, SIDE // 4, 3).mean((1, 3))
    down, across = np.gradient(rgb.mean(2))
    bins = ((np.arctan2(down, across) % np.pi) / np.pi * 8).astype(int) % 8
    place = np.arange(SIDE) // (SIDE // 4)
    slot = (place[:, None] * 4 + place[None, :]) * 8 + bins
    edges = np.bincount(slot.ravel(), np.hypot(down, across).ravel(), 128)
    edges = np.sqrt(edges / (edges.sum() + 0.01 * SIDE * SIDE))
    level = np.minimum((rgb * 4).astype(int), 3)
    colours = np.bincount((level @ [16, 4, 1]).ravel(), minlength=64) / SIDE**2
    return np.concatenate([fields.ravel() * 0.5, edges, np.sqrt(colours)]).astype(np.float32)


@dataclass(frozen=True)
class Embedded:
    """Vectors of pictures.

    Attributes:
        kept: indices of the pictures that could be read, (n,).
        vectors: of each of those, (n, d).
        skipped: names of the others, and why.
        fresh: how many were embedded now; the others were kept from before.
    """

    kept: npt.NDArray[np.int64]
    vectors: Vectors
    skipped: dict[str, str]
    fresh: int


def embed(pictures: Pictures, by: Embedder, progress: Progress | None = None) -> Embedded:
    """The vectors of pictures; only of the ones whose bytes this embedder never saw it computes them.

    Pictures of which it makes a vector that is not finite are skipped.

    Raises:
        InputError: no picture is left.
    """
    found: dict[int, npt.NDArray[np.float32]] = {}
    skipped: dict[str, str] = {}
    fresh = 0
    with closing(_Cache(by.key)) as cache, ThreadPoolExecutor(cores.available()) as threads:
        for start in range(0, len(pictures), BATCH):
            batch = range(start, min(start + BATCH, len(pictures)))
            names = [pictures.names[i] for i in batch]
            files = dict(zip(batch, threads.map(partial(_read, pictures), names), strict=True))
            hashes = {i: hashlib.sha256(content).digest() for i, content in files.items() if isinstance(content, bytes)}
            known = cache.get(list(hashes.values()))
            new = {digest: files[i] for i, digest in hashes.items() if digest not in known}
            opened = dict(zip(new, threads.map(_open, new.values()), strict=True))
            good = {digest: picture for digest, picture in opened.items() if not isinstance(picture, str)}
            if good:
                vectors = dict(zip(good, np.asarray(by.embed(list(good.values())), np.float32), strict=True))
                cache.put(vectors)
                known |= vectors
                fresh += len(good)
            for i, name in zip(batch, names, strict=True):
                vector = known.get(hashes[i]) if i in hashes else None
                if vector is None:
                    skipped[name] = str(opened[hashes[i]] if i in hashes else files[i])
                elif not np.isfinite(vector).all():
                    skipped[name] = f"{by.name} makes a vector of it that is not finite."
                else:
                    found[i] = vector
            if progress:
                progress("embedding", batch.stop, len(pictures))
    if not found:
        raise InputError(f"None of the {len(pictures)} pictures can be read; the first: {next(iter(skipped.values()))}")
    return Embedded(np.array(list(found)), np.stack(list(found.values())), skipped, fresh)


def _read(pictures: Pictures, name: str) -> bytes | str:
    try:
        return pictures.read(name)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"It cannot be read: {error.strerror or error}."


def _open(content: bytes | str) -> Image.Image | str:
    try:
        return preprocess.load(content).rgb
    except InputError as error:
        return str(error)


class _Cache:
    """Vectors on the disk, by the SHA-256 of the file that each was made of: the KEPT that were made last."""

    def __init__(self, key: str) -> None:
        folder = store.home() / "embeddings"
        folder.mkdir(parents=True, exist_ok=True)
        self.file = sqlite3.connect(folder / f"{key.replace('/', '_')}.sqlite", timeout=60)
        self.file.execute("PRAGMA journal_mode=WAL")
        self.file.execute("CREATE TABLE IF NOT EXISTS kept (digest BLOB PRIMARY KEY, vector BLOB)")

    def get(self, digests: Sequence[bytes]) -> dict[bytes, npt.NDArray[np.float32]]:
        marks = ",".join("?" * len(digests))
        rows = self.file.execute(f"SELECT digest, vector FROM kept WHERE digest IN ({marks})", digests)
        return {digest: np.frombuffer(vector, np.float32) for digest, vector in rows}

    def put(self, vectors: dict[bytes, npt.NDArray[np.float32]]) -> None:
        rows = [(digest, vector.tobytes()) for digest, vector in vectors.items()]
        with self.file:
            self.file.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)
            self.file.execute("DELETE FROM kept WHERE rowid <= (SELECT max(rowid) FROM kept) - ?", [KEPT])

    def close(self) -> None:
        self.file.close()
