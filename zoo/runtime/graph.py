"""A network's functions, and the interface of the runtimes that compute them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, Protocol

import numpy.typing as npt

if TYPE_CHECKING:
    from torch import Tensor, nn

Array = npt.NDArray[Any]


@dataclass(frozen=True)
class Graph:
    """A function of a network that can be exported."""

    module: nn.Module  # whose forward is the function
    inputs: Mapping[str, Tensor]  # an example of each, by name, with a batch of two
    free_axes: Mapping[str, Mapping[int, str]]  # of variable length, by input; those of one name have the same length
    outputs: tuple[str, ...]  # their names
    # smallest and largest input, then smallest and largest output of convolutions, by their name in the network;
    # onnxruntime computes these convolutions in 8-bit integers, and LSTMs too if there are any ranges
    ranges: Mapping[str, Sequence[float]] = field(default_factory=dict)


class Runtime(Protocol):
    """Computes a graph by name."""

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]: ...
