"""Graphs of a network in torch: computed there, or exported for onnxruntime, at choice in 8-bit integers."""

import io
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
from zoo.runtime.graph import Array, Graph

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

    By tracing: torch's newer exporter (`dynamo=True`) gives the same answers after ten to forty times as long.

    Raises:
        OSError, OnnxExporterError: of FAILED, where no file can be written.
    """
    exported: Any = io.BytesIO()  # the exporter takes it, though its types name files alone
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # that there is a newer exporter, and of every branch that a trace fixes
        torch.onnx.export(
            graph.module.eval(),
            tuple(value.clone() for value in graph.inputs.values()),  # a tensor given twice would become one input
            exported,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={name: dict(axes) for name, axes in graph.free_axes.items()},
            opset_version=18,
            training=torch.onnx.TrainingMode.PRESERVE,  # as it is: else normalisations are folded, and names lost
            do_constant_folding=False,
            dynamo=False,
        )
    return quantized(exported.getvalue(), graph) if graph.ranges else exported.getvalue()


class Inputs:
    """A network's inputs, as onnxruntime takes them to find ranges."""

    def __init__(self, inputs: Iterator[Mapping[str, Array]]) -> None:
        self.inputs = inputs

    def get_next(self) -> Mapping[str, Array] | None:
        return next(self.inputs, None)


def simplified(model: bytes, folder: Path) -> Path:
    """A file of the model in that folder, with what does not depend on the input as constants.

    Its convolutions have the names that they have in the network.
    """
    whole, path = folder / "whole.onnx", folder / "simplified.onnx"
    named = onnx.load_from_string(model)
    for node in named.graph.node:
        if node.op_type == "Conv":
            node.name = node.input[1].removesuffix(".weight")
    onnx.save(named, whole)
    quant_pre_process(whole, path, skip_symbolic_shape=True)
    return path


class Convolution(NamedTuple):
    """One of an exported graph.

    Attributes:
        shown, given: the names of the tensors that it is shown and that it gives.
        rectified: whether nothing but a ReLU sees what it gives.
    """

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
        node.name: Convolution(node.input[0], node.output[0], seeing.get(node.output[0]) == {"Relu"})
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
            nodes_to_quantize=list(graph.ranges),
            activation_type=QuantType.QUInt8,  # signed ones are half as fast on x86
            weight_type=QuantType.QInt8,
            reduce_range=True,
            per_channel=True,
            extra_options={"TensorQuantOverrides": tensors},
        )
        return every.read_bytes()
