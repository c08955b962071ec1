"""Persian letters: their number, date, attachment and text, and folders of them that can be searched.

>>> from zoo import letter
>>> found = letter.read("letter.pdf")  # doctest: +SKIP
>>> found.number, found.date, found.attachment  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zoo.letter.index import Index
    from zoo.letter.reading import read
    from zoo.letter.result import Field, Letter

__all__ = ["Field", "Index", "Letter", "read"]


def __getattr__(name: str) -> Any:
    """Imports a name at its first use: the networks take time."""
    if name not in __all__:
        raise AttributeError(f"module 'zoo.letter' has no attribute {name!r}")
    module = {"Index": "index", "read": "reading"}.get(name, "result")
    return getattr(import_module(f"zoo.letter.{module}"), name)
