"""Loads a checkpoint as a reader."""

import os
from importlib import import_module
from pathlib import Path

from zoo.errors import InputError
from zoo.hub import catalog, store
from zoo.readers.base import Reader
from zoo.readers.checkpoint import Trained

KINDS = {  # modules by name, so that only the one needed is imported
    "classifier": ("zoo.readers.classifier", "Classifier"),
    "seq2seq": ("zoo.readers.seq2seq", "Seq2SeqReader"),
    "crnn": ("zoo.readers.crnn", "CRNNReader"),
    "finder": ("zoo.letter.finder", "Finder"),
}


def load(name: str | os.PathLike[str], device: str = "cpu", runtime: str | None = None, threads: int = 0) -> Reader:
    """Loads a reader. Weights are bundled, in the Hub cache or downloaded; only a download uses the network.

    Args:
        name: a name of `zoo.names()`, or a checkpoint's folder.
        device: a torch device.
        runtime: "onnx" or "torch"; by default onnx on the CPU, torch elsewhere.
        threads: number of cores to use; 0 for all that this process may use.

    Raises:
        InputError: the checkpoint is unknown, damaged or out of reach; the sentence names the remedy.
    """
    reader = trained(name, device, runtime, threads)
    if not isinstance(reader, Reader):
        raise InputError(f"{os.fspath(name)} finds the parts of letters and reads nothing; use zoo.letter.read.")
    return reader


def trained(name: str | os.PathLike[str], device: str = "cpu", runtime: str | None = None, threads: int = 0) -> Trained:
    """Loads any checkpoint, also one that reads nothing; takes what `load` takes."""
    folder = Path(store.resolve(name))
    kind = store.read_config(folder, {"glyphzoo.kind": str})["glyphzoo"]["kind"]
    if kind not in KINDS:
        raise InputError(f"{folder / store.CONFIG}: glyphzoo.kind is {kind!r}; this version knows {', '.join(KINDS)}.")
    module, own = KINDS[kind]
    made: type[Trained] = getattr(import_module(module), own)
    return made(folder, device, runtime, threads, str(name) if name in catalog.CATALOG else "")
