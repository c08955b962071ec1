"""Computes a network's graphs with onnxruntime on the CPU; `zoo.runtime.torch` does so on other devices.

A runtime maps numpy arrays to numpy arrays, so that a reader's code does not depend on it. ONNX files are exported on
first use and cached under `zoo.hub.store.home()` by the digest of the weights. If they are cached, torch is not
imported. That saves most of the start-up time.
"""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Callable, Collection, Mapping, Sequence
from pathlib import Path

import numpy as np
import onnxruntime

from zoo import whole
from zoo.runtime.graph import Array, Graph, Runtime

EXPORT = 6  # part of the names of exported files: raised when the same weights are exported differently
log = logging.getLogger(__name__)


class OnnxRuntime:
    """Computes with onnxruntime on the CPU.

    Args:
        names: graphs to open at once; others are opened when they are first used.
        graphs: returns the graphs; called only if a file is missing, so that a second start needs no torch network.
        folder: folder of the exported files.
        threads: number of cores to use.
        alone: graphs to compute one picture at a time. Dynamic quantization takes its scale from the whole batch: one
            picture would change another's answer.
        small: graphs to compute on one core, because a second one makes them no faster.
    """

    def __init__(
        self,
        names: Sequence[str],
        graphs: Callable[[], Mapping[str, Graph]],
        folder: Path,
        threads: int,
        alone: Collection[str] = (),
        small: Collection[str] = (),
    ) -> None:
        self.graphs, self.folder, self.alone, self.small = graphs, folder, alone, small
        self.threads = threads
        self.opened = {name: self._open(name) for name in names}

    def _open(self, name: str) -> Runtime:
        """A runtime of one graph: of its exported file if that is whole, else of a new export.

        An export that cannot be stored is repeated at every start. If the export fails, torch computes the graph.
        """
        for path in sorted(self.folder.glob(f"{name}-*.onnx")):
            model = path.read_bytes()
            if path == self._path(name, model):
                return self._session(name, model)
            log.warning("%s is damaged and is made anew", path)
            path.unlink(missing_ok=True)
        from zoo.runtime.torch import FAILED, TorchRuntime, export

        graphs = self.graphs()
        try:
            model = export(graphs[name])
        except FAILED as error:
            log.warning("%s cannot be exported (%s); torch computes it", name, str(error).split("\n")[0])
            return TorchRuntime(graphs, "cpu")
        try:
            with whole.file(self._path(name, model)) as part:
                part.write_bytes(model)
        except OSError as error:
            log.warning("%s cannot be kept (%s) and is made anew at every start", name, error.strerror)
        return self._session(name, model)

    def _session(self, name: str, model: bytes) -> Runtime:
        options = onnxruntime.SessionOptions()
        # one picture gains nothing by a second core, which would spin while it could compute another picture
        options.intra_op_num_threads = 1 if name in self.alone or name in self.small else self.threads
        options.log_severity_level = 3  # errors only
        session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        return lambda graph, **inputs: tuple(session.run(None, inputs))

    def _path(self, name: str, model: bytes) -> Path:
        """Path of a graph's file; the digest in the name tells whether the file is whole."""
        return self.folder / f"{name}-{hashlib.sha256(model).hexdigest()[:16]}.onnx"

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]:
        if graph not in self.opened:
            self.opened[graph] = self._open(graph)
        compute = self.opened[graph]
        if graph not in self.alone:
            return compute(graph, **inputs)
        count = len(next(iter(inputs.values())))
        rows = ({name: value[i : i + 1] for name, value in inputs.items()} for i in range(count))
        return tuple(map(np.concatenate, zip(*(compute(graph, **row) for row in rows), strict=True)))
