"""What a letter says: its fields, each with where it stands and what is doubtful about it, and its pages of text."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Literal

from zoo.images.quads import Quad
from zoo.letter import values
from zoo.letter.finder import FIELDS
from zoo.letter.values import Value
from zoo.readers.page import Line, Page
from zoo.text.normalise import single_spaced

MEANING: dict[str, Callable[[str], Value]] = {
    "number": values.number,
    "date": values.date,
    "attachment": values.attachment,
    "title": lambda text: Value(text, single_spaced(text)),
}
FieldStatus = Literal["ok", "doubtful", "empty", "missing", "corrected"]


@dataclass(frozen=True)
class Field:
    """One of the FIELDS of a letter.

    Attributes:
        name: one of FIELDS.
        value: what it says.
        status: "ok"; "doubtful", to be looked at; "empty" where its label has nothing behind it; "missing" where there
            is no label either; "corrected" where a person said what it says.
        confidence: the probability that the value is read right, of one that was read.
        box, label: the corners of the value and of the label in the page's pixels, clockwise from the upper left.
        page: from 0.
        problem: why it is doubtful, in a sentence, or "".
    """

    name: str
    value: Value
    status: FieldStatus
    confidence: float = 0.0
    box: Quad | None = None
    label: Quad | None = None
    page: int = 0
    problem: str = ""


@dataclass(frozen=True)
class Letter:
    """What a letter says.

    Attributes:
        fields: one for each of FIELDS, in their order.
        pages: their lines, without the fields.
    """

    fields: tuple[Field, ...]
    pages: tuple[Page, ...] = ()

    def __getitem__(self, name: str) -> Field:
        return self.fields[FIELDS.index(name)]

    @property
    def number(self) -> str:
        """Its number, digits in ASCII; "" for none."""
        return self["number"].value.normal

    @property
    def date(self) -> str:
        """Its day in the Persian calendar, YYYY/MM/DD, or as it is printed where that is no date; "" for none."""
        return self["date"].value.normal

    @property
    def attachment(self) -> str:
        """What is attached; "" for nothing."""
        return self["attachment"].value.normal

    @property
    def title(self) -> str:
        """What it is about, if it says so."""
        return self["title"].value.normal

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all pages."""
        return tuple(line for page in self.pages for line in page.lines)

    @property
    def text(self) -> str:
        """All of its text but the fields, line by line."""
        return "\n".join(line.text for line in self.lines)

    def corrected(self, name: str, text: str) -> Letter:
        """The same letter where a person says what one of its fields says."""
        fields = [
            replace(one, value=MEANING[name](text), status="corrected", confidence=1.0, problem="")
            if one.name == name
            else one
            for one in self.fields
        ]
        return replace(self, fields=tuple(fields))

    @property
    def doubtful(self) -> tuple[Field, ...]:
        """The fields that somebody should look at."""
        return tuple(one for one in self.fields if one.status == "doubtful")
