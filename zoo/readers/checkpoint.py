"""A trained network of any kind and its runtime, from a checkpoint's folder."""

from __future__ import annotations

import hashlib
import json
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, ClassVar

from zoo import cores
from zoo.errors import InputError
from zoo.hub import store
from zoo.runtime.graph import Graph, Runtime
from zoo.runtime.onnx import EXPORT, OnnxRuntime

if TYPE_CHECKING:
    from torch import nn

FIELDS: Mapping[str, store.Kind] = {
    "architecture": str,
    "model_args": dict,
    "pretrained_cfg.input_size": list[int],
    "pretrained_cfg.mean": list[float],
    "pretrained_cfg.std": list[float],
    "glyphzoo.kind": str,
    "glyphzoo.temperature": float,
    "glyphzoo.threshold": float,
    "glyphzoo.explained_layer": str,
}


@dataclass(frozen=True)
class Settings:
    """The part of a checkpoint's config.json that all kinds of readers share."""

    size: tuple[int, int]  # height and width of the input
    mean: tuple[float, ...]  # of each channel, for its normalisation
    std: tuple[float, ...]  # the same
    temperature: float  # divisor of the logits that calibrates probabilities (Guo et al. 2017)
    threshold: float  # confidence below which an answer is "unsure"
    language: float = 0.0  # weight of a language model, 0…1; 0 for none
    ink: bool = False  # whether the input is ink alone, white on black and tightly cropped, instead of the picture
    # `Graph.ranges` of each graph that is computed in 8-bit integers
    ranges: Mapping[str, Mapping[str, Sequence[float]]] = field(default_factory=dict)

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> Settings:
        network, reading = config["pretrained_cfg"], config["glyphzoo"]
        optional = {name: reading[name] for name in ("language", "ink", "ranges") if name in reading}
        (height, width), mean, std = network["input_size"][1:], tuple(network["mean"]), tuple(network["std"])
        return cls((height, width), mean, std, reading["temperature"], reading["threshold"], **optional)


class Trained(ABC):
    """A trained network.

    Args:
        folder: the checkpoint's folder, with config.json and model.safetensors.
        device: a torch device.
        runtime: "onnx" or "torch"; by default onnx on a CPU and torch elsewhere.
        threads: cores to use; 0 for all that this process may use.
        name: by default the folder's.
    """

    fields: ClassVar[Mapping[str, store.Kind]]  # of config.json for this kind, beyond FIELDS
    graph_names: ClassVar[tuple[str, ...]]  # graphs that are opened at once
    small_graphs: ClassVar[tuple[str, ...]] = ()  # graphs that one core computes as fast as two
    recurrent: ClassVar = False  # with LSTMs, whose 8-bit results depend on the whole batch

    def __init__(
        self, folder: Path, device: str = "cpu", runtime: str | None = None, threads: int = 0, name: str = ""
    ) -> None:
        self.folder, self.device, self.name = folder, device, name or folder.name
        self.threads = threads or cores.available()
        self.config = store.read_config(folder, {**FIELDS, **self.fields})
        self.settings = Settings.of(self.config)
        self.check()
        runtime = runtime or ("onnx" if device == "cpu" else "torch")
        if runtime not in ("onnx", "torch"):
            raise InputError(f"There is no runtime {runtime!r}; choose 'onnx' or 'torch'.")
        if runtime == "onnx" and device != "cpu":
            raise InputError(f"The onnx runtime runs on the CPU only; leave out runtime= to read on {device!r}.")
        self._run: Runtime
        if runtime == "onnx":
            ranges = self.settings.ranges
            rounded = f"-{hashlib.sha256(json.dumps(ranges).encode()).hexdigest()[:16]}" if ranges else ""
            files = f"{self.name}-{store.sha256(folder / store.WEIGHTS)[:16]}-{EXPORT}{rounded}"
            alone = ranges if self.recurrent else ()
            home = store.home() / "onnx" / files
            self._run = OnnxRuntime(self.graph_names, self._exported, home, threads, alone, self.small_graphs)
        else:
            from zoo.runtime.torch import TorchRuntime

            self._run = TorchRuntime(self.graphs(self.network), device)

    def _exported(self) -> dict[str, Graph]:
        """The network's graphs, those in 8-bit integers with their ranges."""
        graphs = self.graphs(self.network)
        return graphs | {name: replace(graphs[name], ranges=known) for name, known in self.settings.ranges.items()}

    @cached_property
    def network(self) -> nn.Module:
        """The torch network with its weights, float32, in evaluation mode; built at first use."""
        from zoo.hub import weights

        network = self.build(self.config)
        weights.load(network, self.folder)
        return network.eval().to(self.device)

    def check(self) -> None:
        """Raises InputError if config.json makes no sense; kinds of readers add their own checks."""
        path = self.folder / store.CONFIG
        if self.config["pretrained_cfg"]["input_size"][0] != 3 or self.settings.temperature <= 0:
            raise InputError(f"{path}: input_size must begin with 3 and temperature be positive; fetch it anew.")
        for graph, known in self.settings.ranges.items():
            if graph not in self.graph_names or not all(len(values) == 4 for values in known.values()):
                raise InputError(
                    f"{path}: ranges must hold four numbers for each convolution of a graph; fetch it anew."
                )

    @staticmethod
    @abstractmethod
    def build(config: Mapping[str, Any]) -> nn.Module:
        """The network that a config.json describes, untrained."""

    @abstractmethod
    def graphs(self, network: nn.Module) -> dict[str, Graph]:
        """The functions of the network that a runtime computes, by name."""
