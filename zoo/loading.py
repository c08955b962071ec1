"""From a checkpoint to a reader."""

import os
from pathlib import Path

from zoo import catalog, store
from zoo.classifier import Classifier
from zoo.crnn import CRNNReader
from zoo.errors import InputError
from zoo.reader import Reader
from zoo.seq2seq import Seq2SeqReader

KINDS: dict[str, type[Reader]] = {"classifier": Classifier, "seq2seq": Seq2SeqReader, "crnn": CRNNReader}


def load(name: str | os.PathLike[str], device: str = "cpu", runtime: str | None = None, threads: int = 0) -> Reader:
    """A reader, with its weights: bundled, from the Hub cache or downloaded; no network is used where one of the first.

    Args:
        name: a name of `names()`, or a checkpoint's folder.
        device: a torch device.
        runtime: "onnx" or "torch"; by default onnx on the CPU, torch elsewhere.
        threads: cores that onnxruntime uses; 0 for all.

    Raises:
        InputError: there is no such checkpoint, or it is damaged or out of reach; the sentence names the remedy.
    """
    folder = Path(store.resolve(name))
    kind = store.read_config(folder, {"glyphzoo.kind": str})["glyphzoo"]["kind"]
    if kind not in KINDS:
        raise InputError(f"{folder / store.CONFIG}: glyphzoo.kind is {kind!r}; this version knows {', '.join(KINDS)}.")
    return KINDS[kind](folder, device, runtime, threads, str(name) if name in catalog.CATALOG else "")
