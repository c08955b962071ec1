"""Embeds pictures: similar pictures get vectors that lie close, from a network or from colours and edges alone.

Vectors are cached under `zoo.hub.store.home()` by the SHA-256 of the file, so that an embedder sees no file twice,
whatever its name, and a run that was killed resumes where it stopped.
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

from zoo import cores, loading
from zoo.errors import InputError
from zoo.grid.pictures import Pictures, Progress
from zoo.hub import catalog, store
from zoo.images import preprocess

Vectors = npt.NDArray[np.float32]
Embed = Callable[[Sequence[Image.Image]], Vectors]
BATCH = 64  # pictures
KEPT = 500_000  # vectors cached for one embedder, some hundred megabytes
COLOUR = "colour"
PRETRAINED = "mobilenetv4_conv_small.e2400_r224_in1k"  # a small network, trained on photos of everything
SIDE = 64  # pixels: side of the picture that `describe` looks at


@dataclass(frozen=True)
class Embedder:
    """Turns pictures into vectors."""

    name: str  # that users choose it by
    key: str  # name of its cache; embedders with other vectors have another key
    embed: Embed  # maps a list of n RGB pictures to vectors (n, d)


def embedder(name: str | None = None) -> Embedder:
    """The embedder of that name. Its network is loaded only when a picture is not in the cache.

    Args:
        name: a checkpoint of the zoo; "colour", a descriptor of colours and edges that needs no weights; or a timm
            model, whose pretrained weights come from the Hub. By default a small pretrained network, or "colour" if
            its weights cannot be fetched.

    Raises:
        InputError: there is no embedder of that name, or its weights cannot be fetched.
    """
    if name is None:
        try:
            return _timm(PRETRAINED)
        except InputError:
            name = COLOUR
    if name == COLOUR:
        return Embedder(COLOUR, f"{COLOUR}-1", lambda pictures: np.stack([describe(picture) for picture in pictures]))
    if name in catalog.CATALOG:
        return _of_weights(name, store.resolve(name) / store.WEIGHTS, lambda: loading.load(name).features)
    return _timm(name)


def _of_weights(name: str, file: Path, load: Callable[[], Embed]) -> Embedder:
    """An embedder whose network is loaded once, when it is first called."""
    load = cache(load)
    return Embedder(name, f"{name}-{store.sha256(file)[:16]}", lambda pictures: load()(pictures))


def _timm(name: str) -> Embedder:
    repo = _repo(name)
    try:
        file = try_to_load_from_cache(repo, store.WEIGHTS)
        if not isinstance(file, str):
            get_hf_file_metadata(hf_hub_url(repo, store.WEIGHTS))  # fails at once; the download retries for a minute
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
    """The Hub repo with the weights of a timm model."""
    if name == PRETRAINED:
        return f"timm/{name}"  # spares the seconds in which timm is imported
    import timm

    known = timm.get_pretrained_cfg(name) if timm.is_model(name) else None
    if not known or not known.hf_hub_id:
        raise InputError(
            f"There is no embedder {name!r}; name a checkpoint of the zoo, '{COLOUR}' or a timm model with weights."
        )
    return str(known.hf_hub_id)


def describe(picture: Image.Image) -> npt.NDArray[np.float32]:
    """A descriptor of colours, edges and their places in a picture, (240,).

    For each of 4 × 4 fields: the mean colour (48 numbers) and a histogram of edge directions in 8 bins (128; Dalal &
    Triggs 2005). For the whole: a histogram of 64 colours. The three parts weigh about the same.
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
    """Vectors of pictures."""

    kept: npt.NDArray[np.int64]  # indices of the pictures that could be read, (n,)
    vectors: Vectors  # vector of each of those, (n, d)
    skipped: dict[str, str]  # reason by name of each of the others
    fresh: int  # number of vectors computed now; the others come from the cache


def embed(pictures: Pictures, by: Embedder, progress: Progress | None = None) -> Embedded:
    """Embeds pictures; vectors of files that the embedder has seen before come from the cache.

    Pictures with a vector that is not finite are skipped.

    Raises:
        InputError: no picture is left.
    """
    embedded: dict[int, npt.NDArray[np.float32]] = {}
    skipped: dict[str, str] = {}
    fresh = 0
    with closing(_open_cache(by.key)) as database, ThreadPoolExecutor(cores.available()) as threads:
        for start in range(0, len(pictures), BATCH):
            batch = range(start, min(start + BATCH, len(pictures)))
            names = [pictures.names[i] for i in batch]
            files = dict(zip(batch, threads.map(partial(_read, pictures), names), strict=True))
            hashes = {i: hashlib.sha256(content).digest() for i, content in files.items() if isinstance(content, bytes)}
            known = _cached(database, list(hashes.values()))
            new = {digest: files[i] for i, digest in hashes.items() if digest not in known}
            opened = dict(zip(new, threads.map(_open, new.values()), strict=True))
            good = {digest: picture for digest, picture in opened.items() if not isinstance(picture, str)}
            if good:
                vectors = dict(zip(good, np.asarray(by.embed(list(good.values())), np.float32), strict=True))
                _cache(database, vectors)
                known |= vectors
                fresh += len(good)
            for i, name in zip(batch, names, strict=True):
                vector = known.get(hashes[i]) if i in hashes else None
                if vector is None:
                    skipped[name] = str(opened[hashes[i]] if i in hashes else files[i])
                elif not np.isfinite(vector).all():
                    skipped[name] = f"{by.name} makes a vector of it that is not finite."
                else:
                    embedded[i] = vector
            if progress:
                progress("embedding", batch.stop, len(pictures))
    if not embedded:
        raise InputError(f"None of the {len(pictures)} pictures can be read; the first: {next(iter(skipped.values()))}")
    return Embedded(np.array(list(embedded)), np.stack(list(embedded.values())), skipped, fresh)


def _read(pictures: Pictures, name: str) -> bytes | str:
    """The bytes of a picture, or why they cannot be read."""
    try:
        return pictures.read(name)
    except InputError as error:
        return str(error)
    except OSError as error:
        return f"It cannot be read: {error.strerror or error}."


def _open(content: bytes | str) -> Image.Image | str:
    """A picture as RGB, or why it cannot be opened."""
    try:
        return preprocess.load(content).rgb
    except InputError as error:
        return str(error)


def _open_cache(key: str) -> sqlite3.Connection:
    """The cache of an embedder: vectors by the SHA-256 of the file that each was made from."""
    folder = store.home() / "embeddings"
    folder.mkdir(parents=True, exist_ok=True)
    database = sqlite3.connect(folder / f"{key.replace('/', '_')}.sqlite", timeout=60)
    database.execute("PRAGMA journal_mode=WAL")
    database.execute("CREATE TABLE IF NOT EXISTS kept (digest BLOB PRIMARY KEY, vector BLOB)")
    return database


def _cached(database: sqlite3.Connection, digests: Sequence[bytes]) -> dict[bytes, npt.NDArray[np.float32]]:
    marks = ",".join("?" * len(digests))
    rows = database.execute(f"SELECT digest, vector FROM kept WHERE digest IN ({marks})", digests)
    return {digest: np.frombuffer(vector, np.float32) for digest, vector in rows}


def _cache(database: sqlite3.Connection, vectors: dict[bytes, npt.NDArray[np.float32]]) -> None:
    """Stores vectors and deletes the oldest beyond KEPT."""
    with database:
        rows = ((digest, vector.tobytes()) for digest, vector in vectors.items())
        database.executemany("INSERT OR REPLACE INTO kept VALUES (?, ?)", rows)
        database.execute("DELETE FROM kept WHERE rowid <= (SELECT max(rowid) FROM kept) - ?", [KEPT])
