"""Persian lines in the order in which they are typed (logical) and that in which they stand (visual, from the left).

What is drawn and what a network reads from left to right is in visual order; texts are in logical order. A line runs
from right to left, but numbers and Latin words in it from left to right: what the Unicode bidirectional algorithm
(UAX #9) does with such lines, without its rarer cases.
"""

import re

DIGITS = "0-9\N{ARABIC-INDIC DIGIT ZERO}-\N{ARABIC-INDIC DIGIT NINE}" + (
    "\N{EXTENDED ARABIC-INDIC DIGIT ZERO}-\N{EXTENDED ARABIC-INDIC DIGIT NINE}"
)
# numbers and Latin words, with single signs between two of them
LEFT_TO_RIGHT = re.compile(rf"[{DIGITS}A-Za-z]+(?:[-/.,:+_@&'][{DIGITS}A-Za-z]+)*")
MIRRORED = str.maketrans("()[]{}<>«»", ")(][}{><»«")


def runs(text: str) -> list[tuple[str, bool]]:
    """The parts of a line in logical order, each with whether it runs from left to right."""
    found, end = [], 0
    for match in LEFT_TO_RIGHT.finditer(text):
        if match.start() > end:
            found.append((text[end : match.start()], False))
        found.append((match[0], True))
        end = match.end()
    return [*found, (text[end:], False)] if end < len(text) else found


def reordered(text: str) -> str:
    """A line in visual order if it is in logical order, and the other way round: to do it twice changes nothing."""
    return "".join(part if ltr else part[::-1].translate(MIRRORED) for part, ltr in reversed(runs(text)))


def places(text: str) -> list[int]:
    """Where each character of the reordered text stands in the text."""
    found: list[int] = []
    end = len(text)
    for part, ltr in reversed(runs(text)):
        own = range(end - len(part), end)
        found += own if ltr else reversed(own)
        end -= len(part)
    return found
