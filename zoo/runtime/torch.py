"""Computes a network's graphs in torch, or exports them for onnxruntime, optionally in 8-bit integers."""

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

FAILED = OSError, torch.onnx.OnnxExporterError  # errors of an export, which writes files of its own


class Method(nn.Module):
    """A module whose forward is a method of a network."""

    def __init__(self, network: nn.Module, method: Callable[..., Any]) -> None:
        super().__init__()
        self.network = network
        self.method = method

    def forward(self, *args: Tensor) -> Any:
        return self.method(*args)


class TorchRuntime:
    """Computes graphs with torch on any device."""

    def __init__(self, graphs: Mapping[str, Graph], device: str) -> None:
        self.graphs, self.device = graphs, device
        for graph in graphs.values():
            graph.module.eval().to(device)

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]:
        module, names = self.graphs[graph].module, self.graphs[graph].inputs
        with torch.inference_mode():
            out = module(*(torch.from_numpy(inputs[name]).to(self.device) for name in names))
        return tuple(value.float().cpu().numpy() for value in (out if isinstance(out, tuple) else (out,)))


def export(graph: Graph) -> bytes:
    """Exports a graph as the bytes of an ONNX file.

    It traces the module: torch's newer exporter (`dynamo=True`) gives the same answers in 10 to 40 times the time.

    Raises:
        OSError, OnnxExporterError: the export failed; callers catch both as FAILED.
    """
    exported: Any = io.BytesIO()  # the exporter takes it, though its type hints name only files
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # there is a newer exporter; a trace fixes each branch
        torch.onnx.export(
            graph.module.eval(),
            tuple(value.clone() for value in graph.inputs.values()),  # the same tensor twice would become one input
            exported,
            input_names=list(graph.inputs),
            output_names=list(graph.outputs),
            dynamic_axes={name: dict(axes) for name, axes in graph.free_axes.items()},
            opset_version=18,
            training=torch.onnx.TrainingMode.PRESERVE,  # otherwise batch norms are folded and names are lost
            do_constant_folding=False,
            dynamo=False,
        )
    return quantized(exported.getvalue(), graph) if graph.ranges else exported.getvalue()


class Inputs:
    """A data reader of inputs, as onnxruntime's calibration takes it."""

    def __init__(self, inputs: Iterator[Mapping[str, Array]]) -> None:
        self.inputs = inputs

    def get_next(self) -> Mapping[str, Array] | None:
        return next(self.inputs, None)


def simplified(model: bytes, folder: Path) -> Path:
    """Writes a model with constants folded into the folder and returns its path.

    Convolutions get the names that they have in the network.
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
    """A convolution of an exported graph."""

    # names of its tensors
    input: str
    output: str
    rectified: bool  # whether only ReLUs use the output


def convolutions(path: Path) -> dict[str, Convolution]:
    """The convolutions of a simplified graph, by their names in the network."""
    nodes = onnx.load(path).graph.node
    users: dict[str, set[str]] = {}  # types of the nodes that use a tensor
    for node in nodes:
        for tensor in node.input:
            users.setdefault(tensor, set()).add(node.op_type)
    return {
        node.name: Convolution(node.input[0], node.output[0], users.get(node.output[0]) == {"Relu"})
        for node in nodes
        if node.op_type == "Conv"
    }


def quantized(model: bytes, graph: Graph) -> bytes:
    """Quantizes an exported graph: convolutions that have ranges statically, LSTMs dynamically.

    Jacob et al. 2018, by onnxruntime. Weights get seven bits, because eight overflow on processors without VNNI.

    Raises:
        InputError: a range belongs to no convolution of the graph.
    """
    with tempfile.TemporaryDirectory() as scratch:
        path = simplified(model, Path(scratch))
        tensors: dict[str, list[dict[str, Any]]] = {}
        layers = convolutions(path)
        if not graph.ranges.keys() <= layers.keys():
            raise InputError("The checkpoint's ranges are those of another network; fetch its config.json anew.")
        for name, values in graph.ranges.items():
            ends = layers[name].input, layers[name].output
            for tensor, (low, high) in zip(ends, np.reshape(values, (2, 2)), strict=True):
                tensors[tensor] = [{"rmin": np.float32(low), "rmax": np.float32(high)}]
        example = {name: value.numpy() for name, value in graph.inputs.items()}
        if any(node.op_type == "LSTM" for node in onnx.load(path).graph.node):
            whole, path = path, Path(scratch) / "lstms.onnx"
            quantize_dynamic(whole, path, op_types_to_quantize=["LSTM"], weight_type=QuantType.QInt8)
        integers = Path(scratch) / "integers.onnx"
        quantize_static(
            path,
            integers,
            Inputs(iter([example])),
            nodes_to_quantize=list(graph.ranges),
            activation_type=QuantType.QUInt8,  # signed ones are half as fast on x86
            weight_type=QuantType.QInt8,
            reduce_range=True,
            per_channel=True,
            extra_options={"TensorQuantOverrides": tensors},
        )
        return integers.read_bytes()
