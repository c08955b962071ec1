"""The command line.

    python -m zoo names                     lists the checkpoints
    python -m zoo read NAME FILE ...        reads pictures; NAME may be a checkpoint's folder
    python -m zoo verify [NAME ...]         checks that checkpoints on this machine are intact
    python -m zoo grid FOLDER --out FILE    lays pictures out on a grid, similar ones next to each other
    python -m zoo letters FOLDER --index DB reads a folder of Persian letters into a searchable table
    python -m zoo publish --namespace NAME  pushes checkpoints to the Hugging Face Hub
    python -m zoo deploy --space NAME/SPACE pushes the pages to a Space

All take --json, read also takes --csv. A failure prints one sentence on stderr and gives exit code 1; the other files
are still read.
"""

import argparse
import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from dataclasses import asdict
from pathlib import Path
from typing import Any

from tqdm import tqdm

import zoo
from zoo.grid import LAYOUTS
from zoo.hub import catalog, store


def main(argv: Sequence[str] | None = None) -> int:
    """Runs a command; returns exit code 0 or 1. argparse exits with 2 for an invalid command."""
    options = _parser().parse_args(argv)
    if isinstance(sys.stdout, io.TextIOWrapper):  # any script in any console; file names need not be UTF-8
        sys.stdout.reconfigure(encoding="utf-8", errors="backslashreplace")
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

    read = commands.add_parser("read", help="read pictures; word-crnn whole pages too")
    read.add_argument("name", metavar="NAME", help="a checkpoint, or a checkpoint's folder")
    read.add_argument("files", metavar="FILE", nargs="+", help="a picture")
    printed = read.add_mutually_exclusive_group()
    printed.add_argument("--json", action="store_true", help="print JSON")
    printed.add_argument("--csv", action="store_true", help="print CSV")
    read.set_defaults(run=_read)

    verify = commands.add_parser("verify", parents=[shared], help="check the checkpoints on this machine")
    verify.add_argument("names", metavar="NAME", nargs="*", help="a checkpoint; all, if none is named")
    verify.set_defaults(run=_verify)

    publish = commands.add_parser("publish", parents=[shared], help="push checkpoints to the Hugging Face Hub")
    publish.add_argument("names", metavar="NAME", nargs="*", help="a checkpoint; all, if none is named")
    publish.add_argument("--namespace", required=True, help="the user or organisation whose repos they become")
    publish.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    publish.set_defaults(run=_publish)

    deploy = commands.add_parser("deploy", parents=[shared], help="push a page to a Space of the Hugging Face Hub")
    deploy.add_argument("--space", required=True, metavar="NAME/SPACE", help="the Space")
    deploy.add_argument("--page", default="app", help="app, grid, or a map.html that grid wrote (default: app)")
    deploy.add_argument("--namespace", default="glyphzoo", help="whose checkpoints it fetches (default: glyphzoo)")
    deploy.add_argument("--dry-run", action="store_true", help="only say what would be sent")
    deploy.set_defaults(run=_deploy)

    grid = commands.add_parser("grid", parents=[shared], help="lay pictures out on a grid, like beside like")
    grid.add_argument("source", metavar="FOLDER", help="a folder or zip of pictures, or USER/NAME of a Hub data set")
    grid.add_argument("--out", type=Path, action="append", required=True, metavar="FILE", help="map.html, .png or .csv")
    grid.add_argument("--rows", type=int, help="of the grid (default: about square)")
    grid.add_argument("--cols", type=int, help="of the grid")
    grid.add_argument("--embedder", help="a checkpoint of the zoo, a timm model, or colour (default: what can be had)")
    grid.add_argument("--layout", default=LAYOUTS[0], choices=LAYOUTS, help=f"default: {LAYOUTS[0]}")
    grid.add_argument("--keep", type=Path, metavar="CSV", help="an earlier map.csv, whose pictures stay where they are")
    grid.set_defaults(run=_grid)

    letters = commands.add_parser("letters", parents=[shared], help="read Persian letters into an index, or search it")
    letters.add_argument(
        "folder", metavar="FOLDER", type=Path, nargs="?", help="scans and PDFs; only new ones are read"
    )
    letters.add_argument("--index", type=Path, required=True, metavar="DB", help="the index, a file; made if need be")
    letters.add_argument("--search", default="", metavar="WORDS", help="print the letters in which all of these stand")
    letters.add_argument("--doubtful", action="store_true", help="print the letters that somebody should look at")
    letters.add_argument("--out", type=Path, metavar="FILE", help="write them as a table, .csv or .xlsx, too")
    letters.add_argument("--corrections", type=Path, metavar="DIR", help="write what was corrected in FOLDER, to learn")
    letters.set_defaults(run=_letters)
    return parser


def _names(options: argparse.Namespace) -> list[dict[str, Any]]:
    entries = [catalog.entry(name) for name in catalog.every()]
    if not options.json:
        width = max(len(entry.name) for entry in entries)
        print("\n".join(f"{entry.name:{width}}  {entry.summary}" for entry in entries))
    return [{"name": entry.name, "task": entry.task, "summary": entry.summary} for entry in entries]


def _read(options: argparse.Namespace) -> list[dict[str, Any]]:
    model = zoo.load(options.name)
    columns = "file", "text", "label", "confidence", "status"
    table = csv.DictWriter(sys.stdout, columns, extrasaction="ignore", lineterminator="\n")
    if options.csv:
        table.writeheader()
    rows: list[dict[str, Any]] = []
    for file in options.files:  # one by one, so that one bad file stops none of the others
        try:
            row = {"file": file, **_answer(model, file)}
        except zoo.InputError as error:
            print(f"{file}: {error}", file=sys.stderr)
            rows.append({"file": file, "error": str(error)})
            continue
        rows.append(row)
        if options.csv:
            table.writerow(row)
        elif not options.json:
            line = row["text"].replace("\n", " / ")
            print(f"{file}\t{line}\t{row['confidence']:.1%}\t{row['status']}", flush=True)
    return rows


def _answer(model: zoo.Reader, file: str) -> dict[str, Any]:
    """The answer to a picture; of a crop with all parts but the tokens."""
    from zoo.readers.page import read

    page = read(model, file)
    answer = asdict(page.answer) if page.answer else {}
    answer.pop("tokens", None)
    return {**answer, "text": page.text, "confidence": page.confidence, "status": page.status, "words": page.rows()}


def _verify(options: argparse.Namespace) -> list[dict[str, Any]]:
    rows: list[dict[str, Any]] = []
    for name in options.names or catalog.every():
        check = store.verify(name, _load)
        rows.append({"name": name, "ok": check.ok, "expected": check.expected, "actual": check.actual})
        rows[-1]["folder"] = check.folder and str(check.folder)
        if not check.ok:
            rows[-1]["error"] = check.problem
            print(f"{name}: {check.problem}", file=sys.stderr)
        elif not options.json:
            print(f"{name}\tok\t{check.actual}\t{check.folder}")
    return rows


def _publish(options: argparse.Namespace) -> list[dict[str, Any]]:
    from zoo.hub import publish

    found = (publish.checkpoint(name, options.namespace, options.dry_run) for name in options.names or catalog.every())
    return [_pushed(one, options) for one in found]


def _deploy(options: argparse.Namespace) -> list[dict[str, Any]]:
    from zoo.hub import spaces

    if options.page in ("app", "grid"):
        found = spaces.deploy(options.space, options.page, options.namespace, options.dry_run)
    elif options.page.endswith(".html"):
        found = spaces.deploy_html(options.space, Path(options.page), options.dry_run)
    else:
        raise zoo.InputError(f"There is no page {options.page!r}; name app, grid or a map.html that grid wrote.")
    return [_pushed(found, options)]


def _pushed(found: Any, options: argparse.Namespace) -> dict[str, Any]:
    if not options.json:
        would = "would change" if options.dry_run else "changed"
        print(f"{found.repo}\t{found.commit or '(new)'}\t{len(found.changed)} files {would}", flush=True)
        for name in found.changed:
            print(f"  {name}")
    return asdict(found)


def _grid(options: argparse.Namespace) -> list[dict[str, Any]]:
    from zoo.grid import arrange, find, mosaic

    for path in options.out:
        mosaic.check(path)
    keep = mosaic.read_table(options.keep) if options.keep else None
    pictures = find(options.source)
    with _progress() as report:
        found = arrange(pictures, options.rows, options.cols, options.embedder, options.layout, keep, progress=report)
        for path in options.out:
            mosaic.write(path, pictures, found, Path(options.source).stem, report)
    facts: dict[str, Any] = mosaic.facts(pictures, found)
    for name, reason in facts["skipped"].items():
        print(f"{name}: {reason}", file=sys.stderr)
    if not options.json:
        print(f"{len(found.kept)} pictures on {found.rows} × {found.cols} cells by {found.embedder}")
        for name, value in facts["quality"].items():
            if value is not None:
                print(f"{name:13} {value:8.3f}   random {facts['random'][name]:8.3f}")
    return [{"files": [str(path) for path in options.out], **facts}]


def _letters(options: argparse.Namespace) -> list[dict[str, Any]]:
    from zoo.letter import Index, read
    from zoo.letter.index import export

    if options.folder is None and not options.index.exists():
        raise zoo.InputError(f"There is no index {options.index}; name the folder of letters that it is made of.")
    with closing(Index(options.index)) as index:
        if options.folder is not None:
            with _progress() as report:
                done = index.update(options.folder, read, lambda count, total: report("letters", count, total))
            print(
                f"{done.read} read, {done.kept} unchanged, {done.gone} gone, {done.failed} unreadable", file=sys.stderr
            )
            if options.corrections:
                print(f"{index.corrections(options.folder, options.corrections)} corrections", file=sys.stderr)
        rows = index.search(options.search)
        rows = [row for row in rows if row.to_check] if options.doubtful else rows
        if options.out:
            export(rows, options.out)
        asked = options.search or options.doubtful or options.folder is None
        for row in rows:
            if row.error:
                print(f"{row.path}: {row.error}", file=sys.stderr)
            if asked and not options.json:
                print("\t".join((row.path, row.number, row.date, row.attachment, row.title, *row.doubts)))
        return [asdict(row) for row in rows]


@contextmanager
def _progress() -> Iterator[Callable[[str, int, int], None]]:
    """A progress bar on stderr, one per stage."""
    with ExitStack() as bars:
        bar: Any = None

        def report(stage: str, done: int, total: int) -> None:
            nonlocal bar
            if bar is None or bar.desc != stage:
                bars.close()
                bar = bars.enter_context(
                    tqdm(desc=stage, total=total, bar_format="{desc}: {percentage:3.0f}%|{bar}| {elapsed}")
                )
            bar.update(done - bar.n)

        yield report


def _load(folder: Path) -> object:
    from zoo.loading import trained

    return trained(folder, runtime="torch")  # builds and fills the network; onnx would load an earlier export


if __name__ == "__main__":
    sys.exit(main())
