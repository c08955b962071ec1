"""Graphs of a network in torch: computed there, or exported for onnxruntime."""

import warnings
from collections.abc import Callable, Mapping
from typing import Any

import torch
from torch import Tensor, nn

from zoo.runtime import Array, Graph

FAILED = OSError, torch.onnx.OnnxExporterError  # the exporter writes files of its own


class Method(nn.Module):
    """A network's method as a module of its own."""

    def __init__(self, network: nn.Module, method: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.method = method

    def forward(self, *args: Tensor) -> Any:
        return self.method(*args)


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


def export(graph: Graph) -> bytes:
    """The graph as an ONNX file.

    Raises:
        OSError, OnnxExporterError: of FAILED, where no file can be written.
    """
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
        raise RuntimeError("torch.onnx.export gave no program")
    exported: bytes = program.model_proto.SerializeToString()
    return exported
