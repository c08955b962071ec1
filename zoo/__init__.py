"""Glyphzoo: small networks that read text in pictures.

>>> import zoo
>>> model = zoo.load("captcha-resnet18")
>>> [p] = model.read(["word.png"])  # doctest: +SKIP
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

from zoo import cores
from zoo.errors import InputError
from zoo.hub.catalog import names
from zoo.readers.prediction import Prediction

cores.limit_pools()

if TYPE_CHECKING:
    from zoo.images import strokes
    from zoo.loading import load
    from zoo.readers.base import Reader
    from zoo.readers.explain import Explanation

__all__ = ["Explanation", "InputError", "Prediction", "Reader", "load", "names", "strokes"]

_LATER = {
    "Explanation": "zoo.readers.explain",
    "Reader": "zoo.readers.base",
    "load": "zoo.loading",
    "strokes": "zoo.images.strokes",
}


def __getattr__(name: str) -> Any:
    """What needs torch is imported when it is first used: torch takes seconds, and many a program needs none of it."""
    if name not in _LATER:
        raise AttributeError(f"module 'zoo' has no attribute {name!r}")
    module = import_module(_LATER[name])
    return getattr(module, name, module)
