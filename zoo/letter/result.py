"""The content of a letter: its fields, with boxes and doubts, and its pages of text."""

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
        value: its text and meaning.
        status: "ok"; "doubtful", for a person to check; "empty", a label without a value; "missing", no label either;
            "corrected" by a person.
        confidence: probability that the value is read right; 0 if none was read.
        box, label: corners of the value and of the label in pixels of the page, clockwise from the upper left.
        page: its number, from 0.
        problem: why the value is doubtful, in a sentence, or "".
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
    """The content of a letter.

    Attributes:
        fields: one for each of FIELDS, in that order.
        pages: the lines of each page, without the fields.
    """

    fields: tuple[Field, ...]
    pages: tuple[Page, ...] = ()

    def __getitem__(self, name: str) -> Field:
        return self.fields[FIELDS.index(name)]

    @property
    def number(self) -> str:
        """The number with ASCII digits; "" if there is none."""
        return self["number"].value.normal

    @property
    def date(self) -> str:
        """The date in the Persian calendar, YYYY/MM/DD; as printed if it is invalid; "" if there is none."""
        return self["date"].value.normal

    @property
    def attachment(self) -> str:
        """The attachment; "" if there is none."""
        return self["attachment"].value.normal

    @property
    def title(self) -> str:
        """The subject; "" if there is none."""
        return self["title"].value.normal

    @property
    def lines(self) -> tuple[Line, ...]:
        """The lines of all pages."""
        return tuple(line for page in self.pages for line in page.lines)

    @property
    def text(self) -> str:
        """The text of all lines, without the fields, one line each."""
        return "\n".join(line.text for line in self.lines)

    def corrected(self, name: str, text: str) -> Letter:
        """A copy in which a person has replaced the text of field `name`."""
        fields = [
            replace(one, value=MEANING[name](text), status="corrected", confidence=1.0, problem="")
            if one.name == name
            else one
            for one in self.fields
        ]
        return replace(self, fields=tuple(fields))

    @property
    def doubtful(self) -> tuple[Field, ...]:
        """The fields that a person should check."""
        return tuple(one for one in self.fields if one.status == "doubtful")
