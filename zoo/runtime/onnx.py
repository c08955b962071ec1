"""Where a network's arithmetic is done: onnxruntime on a CPU, torch elsewhere (`zoo.runtime.torch`).

A network offers one or more graphs; a runtime computes them from numpy arrays to numpy arrays, so that readers are
written once. ONNX files are exported on first use and kept under `zoo.hub.store.home()`, by the weights' digest; with
them no torch is needed, which alone takes longer to import than all the rest.
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

EXPORT = 6  # part of the name of exported files: raised when the same weights give other graphs
log = logging.getLogger(__name__)


class OnnxRuntime:
    """Computes with onnxruntime on the CPU.

    Args:
        names: the graphs that are opened at once; others are when they are first asked for.
        graphs: gives the graphs; asked only if a file is missing, so that a second start needs no torch network.
        folder: where the files are, or are exported to.
        threads: how many cores to use.
        alone: graphs that see one picture at a time: they round by the values of all that they see, and no picture's
            answer may depend on its neighbours.
        small: graphs that a second core gains nothing for: waiting for work it would take another's.
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
        """What computes a graph: what was exported before, if it is whole, else what is exported now.

        Where that cannot be kept it is made anew at every start; where nothing at all can be written torch computes.
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
        # a second core gains nothing on one picture, and waits for work where another picture's could be done
        options.intra_op_num_threads = 1 if name in self.alone or name in self.small else self.threads
        options.log_severity_level = 3  # errors only
        session = onnxruntime.InferenceSession(model, options, ["CPUExecutionProvider"])
        return lambda graph, **inputs: tuple(session.run(None, inputs))

    def _path(self, name: str, model: bytes) -> Path:
        """Where a graph's file is kept: its name tells whether it is whole."""
        return self.folder / f"{name}-{hashlib.sha256(model).hexdigest()[:16]}.onnx"

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]:
        if graph not in self.opened:
            self.opened[graph] = self._open(graph)
        compute = self.opened[graph]
        if graph not in self.alone:
            return compute(graph, **inputs)
        rows = (
            {name: value[i : i + 1] for name, value in inputs.items()} for i in range(len(next(iter(inputs.values()))))
        )
        return tuple(map(np.concatenate, zip(*(compute(graph, **row) for row in rows), strict=True)))
