"""Where a network's arithmetic is done: onnxruntime on a CPU, torch elsewhere and as a fallback.

A network offers one or more graphs; a runtime computes them from numpy arrays to numpy arrays, so that readers are
written once. ONNX files are exported on first use and kept under `zoo.store.home()`, by the weights' digest.
"""

import os
import tempfile
import warnings
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Protocol

import numpy as np
import numpy.typing as npt
import onnxruntime
import torch
from torch import Tensor, nn

Array = npt.NDArray[Any]
EXPORT = 4  # part of the name of exported files: raised when the same weights give other graphs


@dataclass(frozen=True)
class Graph:
    """A function of a network that can be exported.

    Attributes:
        module: its forward is the function.
        inputs: an example of every input, by name, with a batch of two.
        free_axes: names of the axes that may have any length, by input; an axis named in several is one and the same.
        outputs: the outputs' names.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    free_axes: Mapping[str, Mapping[int, str]]
    outputs: tuple[str, ...]


class Method(nn.Module):
    """A network's method as a module of its own."""

    def __init__(self, network: nn.Module, method: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.method = method

    def forward(self, *args: Tensor) -> Any:
        return self.method(*args)


class Runtime(Protocol):
    """Computes a graph by name."""

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]: ...


class TorchRuntime:
    """Computes with torch, on any device."""

    def __init__(self, graphs: Mapping[str, Graph], device: str) -> None:
        self.graphs, self.device = graphs, device
        for graph in graphs.values():
            graph.module.eval().to(device)

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]:
        wanted = self.graphs[graph]
        with torch.inference_mode():
            out = wanted.module(*(torch.from_numpy(inputs[name]).to(self.device) for name in wanted.inputs))
        return tuple(value.float().cpu().numpy() for value in (out if isinstance(out, tuple) else (out,)))


class OnnxRuntime:
    """Computes with onnxruntime on the CPU.

    Args:
        names: the graphs that are opened at once; others are when they are first asked for.
        graphs: gives the graphs; asked only if a file is missing, so that a second start needs no torch network.
        folder: where the files are, or are exported to.
        threads: how many cores to use; 0 for all.
    """

    def __init__(
        self, names: Sequence[str], graphs: Callable[[], Mapping[str, Graph]], folder: Path, threads: int
    ) -> None:
        self.graphs, self.folder = graphs, folder
        self.options = onnxruntime.SessionOptions()
        self.options.intra_op_num_threads = threads
        self.options.log_severity_level = 3  # errors only
        self.sessions = {name: self._open(name) for name in names}

    def _open(self, name: str) -> onnxruntime.InferenceSession:
        path = self.folder / f"{name}.onnx"
        if not path.exists():
            export(self.graphs()[name], path)
        return onnxruntime.InferenceSession(path, self.options, ["CPUExecutionProvider"])

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]:
        if graph not in self.sessions:
            self.sessions[graph] = self._open(graph)
        return tuple(self.sessions[graph].run(None, inputs))


def export(graph: Graph, path: Path) -> None:
    """Writes the graph's ONNX file in one step, so that several processes may do it at once."""
    path.parent.mkdir(parents=True, exist_ok=True)
    names = {name for axes in graph.free_axes.values() for name in axes.values()}
    free = {name: torch.export.Dim(name, min=1, max=4096) for name in names}
    shapes = tuple({axis: free[n] for axis, n in graph.free_axes.get(name, {}).items()} for name in graph.inputs)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the exporter says of every shared batch axis that it is shared
        program = torch.onnx.export(
            graph.module.eval(),
            tuple(value.clone() for value in graph.inputs.values()),  # a tensor given twice would become one input
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            # a method's module takes *args, whose shapes the exporter wants as one tuple
            dynamic_shapes=(shapes,) if isinstance(graph.module, Method) else shapes,
            dynamo=True,
            verbose=False,
        )
    if program is None:
        raise RuntimeError(f"torch.onnx.export gave no program for {path.name}")
    with tempfile.TemporaryDirectory(dir=path.parent) as scratch:
        program.save(Path(scratch) / path.name, external_data=False)
        os.replace(Path(scratch) / path.name, path)


def softmax(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Probabilities over the last axis."""
    powers = np.exp(logits - logits.max(-1, keepdims=True))
    return np.asarray(powers / powers.sum(-1, keepdims=True), np.float32)


def log_softmax(logits: npt.NDArray[np.floating[Any]]) -> npt.NDArray[np.float32]:
    """Natural logarithms of the probabilities over the last axis."""
    apart = logits - logits.max(-1, keepdims=True)
    return np.asarray(apart - np.log(np.exp(apart).sum(-1, keepdims=True)), np.float32)
