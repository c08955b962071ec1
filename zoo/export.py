"""Graphs of a network in torch: computed there, or exported for onnxruntime, at choice in 8-bit integers."""

import tempfile
import warnings
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
import onnx
import torch
from onnxruntime.quantization import QuantType, quantize_dynamic, quantize_static
from onnxruntime.quantization.shape_inference import quant_pre_process
from torch import Tensor, nn

from zoo.errors import InputError
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
    return quantized(exported, graph) if graph.ranges else exported


class Inputs:
    """A network's inputs, as onnxruntime takes them to find ranges."""

    def __init__(self, inputs: Iterator[Mapping[str, Array]]) -> None:
        self.inputs = inputs

    def get_next(self) -> Mapping[str, Array] | None:
        return next(self.inputs, None)


def simplified(model: bytes, folder: Path) -> Path:
    """A file of the model in that folder, with what does not depend on the input as constants."""
    whole, path = folder / "whole.onnx", folder / "simplified.onnx"
    whole.write_bytes(model)
    quant_pre_process(whole, path, skip_symbolic_shape=True)
    return path


class Convolution(NamedTuple):
    """One of an exported graph.

    Attributes:
        node: its name in the graph.
        shown, given: the names of the tensors that it is shown and that it gives.
        rectified: whether nothing but a ReLU sees what it gives.
    """

    node: str
    shown: str
    given: str
    rectified: bool


def convolutions(path: Path) -> dict[str, Convolution]:
    """The convolutions of a simplified graph, by their names in the network."""
    nodes = onnx.load(path).graph.node
    seeing: dict[str, set[str]] = {}
    for node in nodes:
        for tensor in node.input:
            seeing.setdefault(tensor, set()).add(node.op_type)
    return {
        node.input[1].removesuffix(".weight"): Convolution(
            node.name, node.input[0], node.output[0], seeing.get(node.output[0]) == {"Relu"}
        )
        for node in nodes
        if node.op_type == "Conv"
    }


def quantized(model: bytes, graph: Graph) -> bytes:
    """An exported graph in 8-bit integers: the convolutions that have ranges, and LSTMs, by what each input holds.

    Jacob et al. 2018, as onnxruntime has it. Weights have seven bits: processors without VNNI add up eight with
    overflows.

    Raises:
        InputError: the ranges are not those of convolutions of the graph.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = simplified(model, Path(scratch))
        tensors: dict[str, list[dict[str, Any]]] = {}
        found = convolutions(path)
        if not graph.ranges.keys() <= found.keys():
            raise InputError("The checkpoint's ranges are those of another network; fetch its config.json anew.")
        for name, values in graph.ranges.items():
            ends = found[name].shown, found[name].given
            for tensor, (least, largest) in zip(ends, np.reshape(values, (2, 2)), strict=True):
                tensors[tensor] = [{"rmin": np.float32(least), "rmax": np.float32(largest)}]
        example = {name: value.numpy() for name, value in graph.inputs.items()}
        if any(node.op_type == "LSTM" for node in onnx.load(path).graph.node):
            whole, path = path, Path(scratch) / "lstms.onnx"
            quantize_dynamic(whole, path, op_types_to_quantize=["LSTM"], weight_type=QuantType.QInt8)
        every = Path(scratch) / "every.onnx"
        quantize_static(
            path,
            every,
            Inputs(iter([example])),
            nodes_to_quantize=[found[name].node for name in graph.ranges],
            activation_type=QuantType.QUInt8,  # signed ones are half as fast on x86
            weight_type=QuantType.QInt8,
            reduce_range=True,
            per_channel=True,
            extra_options={"TensorQuantOverrides": tensors},
        )
        return every.read_bytes()
