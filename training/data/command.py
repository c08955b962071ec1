"""The commands that draw sets, alike for all of them."""

import argparse
from collections.abc import Callable, Mapping
from pathlib import Path

from training.data import folder, options


def parser(name: str, doc: str, *names: str) -> argparse.ArgumentParser:
    """The parser of `python -m training.data.NAME`; as `options.parser`, with what all of these programs take."""
    made = options.parser(f"training.data.{name}", doc, *names)
    made.add_argument("--out", type=Path, default=Path("data"), help="folder that the sets are written under")
    made.add_argument("--workers", type=int, help="processes (default: one per core); the bytes do not depend on it")
    return made


def draw(
    parser: argparse.ArgumentParser,
    groups: Mapping[str, tuple[str, ...]],
    sets: Callable[[argparse.Namespace], Mapping[str, folder.DrawnSet]],
    finish: Callable[[Path], None] = lambda _: None,
) -> None:
    """Draws and writes the sets that the command line names; exits with one sentence if a file is missing.

    Args:
        parser: of `parser`.
        groups: prefixes of the sets' names, by the name on the command line; a single group needs no name there.
        sets: takes the parsed arguments; returns all sets by name.
        finish: called with the folder of each set after it is written.
    """
    if len(groups) > 1:
        parser.add_argument("name", choices=groups)
    args = parser.parse_args()
    wanted = groups[args.name] if len(groups) > 1 else next(iter(groups.values()))
    try:
        for name, drawn in sets(args).items():
            if name.startswith(wanted):
                folder.write(args.out / name, drawn.draw, drawn.count, args.workers, name)
                finish(args.out / name)
    except FileNotFoundError as error:
        parser.error(str(error))
