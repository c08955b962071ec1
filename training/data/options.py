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
    "limit": {"type": int, "help": "train on this many pictures only, for a first look"},
}


def add(parser: argparse.ArgumentParser, *names: str) -> None:
    """Adds those of OPTIONS to a program's parser."""
    for name in names:
        parser.add_argument(f"--{name}", **OPTIONS[name])
