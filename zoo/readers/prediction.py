"""What a reader answers."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "unsure", "empty"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Prediction:
    """What a network read in one picture.

    Attributes:
        text: what is printed, in logical order; "" where there is nothing to read.
        confidence: calibrated probability of the whole text, 0…1.
        alternatives: the five best texts with their probabilities, best first, the answer among them.
        characters: each character with its probability and its box (left, top, right, bottom in pixels of the
            picture), None where the network gives no place.
        status: "ok", "unsure" (below the checkpoint's threshold) or "empty" (nothing to read).
        label: a classifier's class name; None for readers of sequences.
        words: the words of a line with their probabilities and boxes, in reading order, where the network gives places.
        tokens: the network's own word for the answer: its class, its symbols from left to right, or its characters.
    """

    text: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    characters: tuple[tuple[str, float, Box | None], ...]
    status: Status
    label: str | None = None
    words: tuple[tuple[str, float, Box], ...] = ()
    tokens: tuple[int, ...] = ()
