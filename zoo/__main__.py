"""The command line.

    python -m zoo names                     the checkpoints
    python -m zoo read NAME FILE ...        what is printed in pictures; NAME may be a checkpoint's folder
    python -m zoo verify [NAME ...]         whether checkpoints on this machine are whole

Each takes --json. What fails is one sentence on stderr and exit code 1; the other files are still read.
"""

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import zoo
from zoo import catalog, store


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns its exit code, 0 or 1, or 2 (from argparse) for a command that is none."""
    options = _parser().parse_args(argv)
    try:
        rows: list[dict[str, Any]] = options.run(options)
    except zoo.InputError as error:
        print(error, file=sys.stderr)
        return 1
    if options.json:
        print(json.dumps(rows, ensure_ascii=False, indent=2))
    return int(any(row.get("error") for row in rows))


def _parser() -> argparse.ArgumentParser:
    shared = argparse.ArgumentParser(add_help=False)
    shared.add_argument("--json", action="store_true", help="print JSON")
    parser = argparse.ArgumentParser(prog="python -m zoo", description="Small networks that read text in pictures.")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    names = commands.add_parser("names", parents=[shared], help="list the checkpoints")
    names.set_defaults(run=_names)

    read = commands.add_parser("read", parents=[shared], help="read pictures")
    read.add_argument("name", metavar="NAME", help="a checkpoint, or a checkpoint's folder")
    read.add_argument("files", metavar="FILE", nargs="+", help="a picture")
    read.set_defaults(run=_read)

    verify = commands.add_parser("verify", parents=[shared], help="check the checkpoints on this machine")
    verify.add_argument("names", metavar="NAME", nargs="*", help="a checkpoint; all, if none is named")
    verify.set_defaults(run=_verify)
    return parser


def _names(options: argparse.Namespace) -> list[dict[str, Any]]:
    entries = [catalog.entry(name) for name in zoo.names()]
    if not options.json:
        width = max(len(entry.name) for entry in entries)
        print("\n".join(f"{entry.name:{width}}  {entry.summary}" for entry in entries))
    return [{"name": entry.name, "task": entry.task, "summary": entry.summary} for entry in entries]


def _read(options: argparse.Namespace) -> list[dict[str, Any]]:
    model = zoo.load(options.name)
    rows: list[dict[str, Any]] = []
    for file in options.files:  # one by one, so that a file that is no picture keeps none of the others from being read
        try:
            [found] = model.read([file])
        except zoo.InputError as error:
            print(f"{file}: {error}", file=sys.stderr)
            rows.append({"file": file, "error": str(error)})
            continue
        rows.append({"file": file, **asdict(found)})
        if not options.json:
            print(f"{file}\t{found.text}\t{found.confidence:.1%}\t{found.status}", flush=True)
    return rows


def _verify(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in options.names or zoo.names():
        found = store.verify(name, _load)
        rows.append({"name": name, "ok": found.ok, "expected": found.expected, "actual": found.actual})
        rows[-1]["folder"] = found.folder and str(found.folder)
        if not found.ok:
            rows[-1]["error"] = found.problem
            print(f"{name}: {found.problem}", file=sys.stderr)
        elif not options.json:
            print(f"{name}\tok\t{found.actual}\t{found.folder}")
    return rows


def _load(folder: Path) -> object:
    return zoo.load(folder, runtime="torch")  # builds the network and fills it; onnx would use what it exported before


if __name__ == "__main__":
    sys.exit(main())
