"""The functions of a network, and what computes them."""

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
    """A function of a network that can be exported.

    Attributes:
        module: its forward is the function.
        inputs: an example of every input, by name, with a batch of two.
        free_axes: names of the axes that may have any length, by input; an axis named in several is one and the same.
        outputs: the outputs' names.
        ranges: of convolutions, by their names in the network, the least and the largest value that each was shown and
            that it gave; onnxruntime computes these in 8-bit integers, the others in floats. Where there are any,
            LSTMs are computed in integers too.
    """

    module: nn.Module
    inputs: Mapping[str, Tensor]
    free_axes: Mapping[str, Mapping[int, str]]
    outputs: tuple[str, ...]
    ranges: Mapping[str, Sequence[float]] = field(default_factory=dict)


class Runtime(Protocol):
    """Computes a graph by name."""

    def __call__(self, graph: str, **inputs: Array) -> tuple[Array, ...]: ...
