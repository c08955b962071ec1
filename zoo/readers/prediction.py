"""A reader's answer to a picture."""

from dataclasses import dataclass
from typing import Literal

Status = Literal["ok", "unsure", "empty"]
Box = tuple[float, float, float, float]


@dataclass(frozen=True)
class Prediction:
    """A reader's answer to one picture.

    Attributes:
        text: the text in logical order; "" where there is nothing to read.
        confidence: calibrated probability of the whole text, 0…1.
        alternatives: the five best texts with their probabilities, best first, the answer among them.
        characters: each character with its probability and its box (left, top, right, bottom in pixels of the
            picture), None where the network gives no place.
        status: "ok", "unsure" (below the checkpoint's threshold) or "empty" (nothing to read).
        label: a classifier's class name; None for readers of sequences.
        tokens: the answer in the network's own numbers: its class, its symbols from left to right, or its tokens.
        words: the words of a line with their probabilities and boxes, in reading order, where the network gives places.
    """

    text: str
    confidence: float
    alternatives: tuple[tuple[str, float], ...]
    characters: tuple[tuple[str, float, Box | None], ...]
    status: Status
    label: str | None = None
    tokens: tuple[int, ...] = ()
    words: tuple[tuple[str, float, Box], ...] = ()
