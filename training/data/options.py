"""Options that the programs of training share."""

import argparse
from pathlib import Path
from typing import Any

from zoo import cores

OPTIONS: dict[str, dict[str, Any]] = {
    "data": {"type": Path, "default": Path("data"), "help": "folder of the sets (default: data)"},
    "runs": {"type": Path, "default": Path("runs"), "help": "where runs are kept (default: runs)"},
    "workers": {
        "type": int,
        "default": cores.available(),
        "help": "processes that load pictures (default: one per core)",
    },
    "fonts": {
        "nargs": "*",
        "choices": ["debian"],
        "default": [],
        "help": "more fonts to train with: debian, those that ./packages.sh persian installs",
    },
    "out": {"type": Path, "help": "where the results go (default: those of the page)"},
    "save": {"action": "store_true", "help": "keep the numbers in our checkpoints' evaluation.json"},
    "limit": {"type": int, "help": "train on this many pictures only, for a first look"},
}


def parser(module: str, doc: str, *names: str, **defaults: object) -> argparse.ArgumentParser:
    """The parser of `python -m MODULE`, described by the first line of its docstring, with some of OPTIONS.

    Other defaults than those of OPTIONS can be given.
    """
    made = argparse.ArgumentParser(prog=f"python -m {module}", description=doc.split("\n")[0])
    for name in names:
        made.add_argument(f"--{name}", **OPTIONS[name])
    made.set_defaults(**defaults)
    return made
