"""The catalog of checkpoints: what each does, its Hub repo and its digest."""

import difflib
import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from zoo.errors import InputError

FINDS = "object-detection"  # task of a checkpoint that reads nothing
PINS = Path(__file__).parents[1] / "pins.json"  # commit of each Hub repo, as last published


@dataclass(frozen=True)
class Entry:
    """One checkpoint."""

    name: str  # in the catalog and of the Hub repo
    task: str  # the Hub's name of the task
    summary: str  # one sentence on what it reads
    sha256: str  # digest of its model.safetensors, 64 hex digits
    revision: str | None = None  # commit of the Hub repo to load; None for the one published last

    @property
    def repo(self) -> str:
        """The Hub repo: NAME in the namespace GLYPHZOO_NAMESPACE, by default `glyphzoo`."""
        return f"{os.environ.get('GLYPHZOO_NAMESPACE') or 'glyphzoo'}/{self.name}"

    @property
    def commit(self) -> str | None:
        """The commit of the repo to load: the pinned one, or None for the newest."""
        return self.revision or pins().get(self.repo)


CATALOG: Mapping[str, Entry] = {
    entry.name: entry
    for entry in (
        Entry(
            name="captcha-resnet18",
            task="word-classification",
            summary="Tells which of 100 English words a captcha shows, in any font and on any background.",
            sha256="266a56534cbc678e6593e955ed23fa5eee19885332f8907c72001a9863f07447",
        ),
        Entry(
            name="captcha-seq2seq",
            task="text-recognition",
            summary="Reads captchas of up to 12 letters and digits, upper and lower case as drawn.",
            sha256="fd0fdc5b2174fc3dafd9b72d309dd4e204d7342864f02f9a5b7ca7d64daa382c",
        ),
        Entry(
            name="glyph-efficientnet",
            task="image-classification",
            summary="Reads a lone digit or letter, by hand or in print; upper and lower case are one class.",
            sha256="7f288b916a18d22ff0e7aff2b47d97057de6fa577050a94da0ea65bfb104a4b4",
        ),
        Entry(
            name="persian-crnn",
            task="text-recognition",
            summary="Reads printed lines of Persian letters: words, numbers and dates, in digits of any kind.",
            sha256="8f4bf118b4d64634dd8686844d59d4d27a768cdd46470f3eaa54e5d9df5ca0fc",
        ),
        Entry(
            name="persian-letter-detector",
            task=FINDS,
            summary="Finds the fields and the lines on a page of a Persian business letter.",
            sha256="d6bd5fcd169232165889990df0740ef7b1ca16f0a032a8a713f416f8f2212ca4",
        ),
        Entry(
            name="persian-resnet34",
            task="image-classification",
            summary="Tells printed Persian digits, two signs and five words of business letters from each other.",
            sha256="0b67cc76d03c2f721b090bdc4eacbbecd8528b4d1aef38c20e13ea82bd709653",
        ),
        Entry(
            name="word-crnn",
            task="text-recognition",
            summary="Reads printed words, numbers and lines of any length; with a detector, whole signs and pages.",
            sha256="b04a58f019cf4e1e2598e754066c0303617ce7c0abf37bd8c4b1aa85a29eab57",
        ),
    )
}


def pins() -> dict[str, str]:
    """Maps each published Hub repo, NAMESPACE/NAME, to its pinned commit."""
    return dict(json.loads(PINS.read_text(encoding="utf-8"))) if PINS.exists() else {}


def pin(repo: str, commit: str) -> None:
    """Records the commit of a Hub repo that this version of the library loads."""
    PINS.write_text(json.dumps(pins() | {repo: commit}, indent=1, sort_keys=True) + "\n", encoding="utf-8")


def every() -> list[str]:
    """Names of all checkpoints."""
    return sorted(CATALOG)


def names() -> list[str]:
    """Names of the checkpoints that `zoo.load` takes: all but those that only find text."""
    return [name for name in every() if CATALOG[name].task != FINDS]


def entry(name: str) -> Entry:
    """The checkpoint of that name.

    Raises:
        InputError: there is none; the sentence suggests similar names.
    """
    if name not in CATALOG:
        near = difflib.get_close_matches(name, CATALOG, n=3, cutoff=0.4) or sorted(CATALOG)
        raise InputError(f"There is no checkpoint {name!r}; did you mean {' or '.join(near)}?")
    return CATALOG[name]
