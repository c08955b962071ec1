"""evaluation.json: one row for every number that was measured, with its count and interval."""

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from training.measure.metrics import bootstrap, wilson
from zoo import whole

FILE = "evaluation.json"


@dataclass(frozen=True)
class Row:
    """One measured number."""

    data: str  # the set that it was measured on
    measure: str  # what was measured, in the field's words
    value: float  # the number
    count: int  # of images
    interval: tuple[float, float] | None = None  # 95 %
    model: str = ""  # what was measured, where it is not the checkpoint itself: a peer, or the study's own model
    command: str = ""  # what measures it again

    @property
    def key(self) -> tuple[str, str, str]:
        return self.data, self.measure, self.model


def share(data: str, measure: str, hits: Sequence[bool], **extra: str) -> Row:
    """The row of a proportion, with Wilson's interval."""
    return Row(data, measure, sum(hits) / max(len(hits), 1), len(hits), wilson(sum(hits), len(hits)), **extra)


def median(data: str, measure: str, values: Sequence[float], **extra: str) -> Row:
    """The row of a median, with a bootstrapped interval."""
    return Row(data, measure, float(np.median(values)), len(values), bootstrap(values, np.median), **extra)


class Report:
    """The rows of a checkpoint folder; a row measured again replaces the old one, the others stay."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / FILE
        self.rows: dict[tuple[str, str, str], Row] = {}
        self.digests: dict[str, str] = {}
        if self.path.exists():
            kept = json.loads(self.path.read_text(encoding="utf-8"))
            self.digests = kept["digests"]
            rows = (Row(**{**row, "interval": row["interval"] and tuple(row["interval"])}) for row in kept["rows"])
            self.rows = {row.key: row for row in rows}
        self._fresh: set[tuple[str, str, str]] = set()

    def add(self, *rows: Row) -> None:
        for row in rows:
            self.rows[row.key] = row
            self._fresh.add(row.key)

    def forget(self, data: str, kind: str) -> None:
        """Drops the checkpoint's own rows of a set whose measure has `kind` in it: not all of them come again."""
        self.rows = {
            key: row for key, row in self.rows.items() if row.model or row.data != data or kind not in row.measure
        }

    def save(self) -> None:
        rows = [asdict(self.rows[key]) for key in sorted(self.rows)]
        dump(self.path, {"digests": self.digests, "rows": rows})

    def __str__(self) -> str:
        lines = []
        for key in sorted(self.rows):
            row = self.rows[key]
            span = f" [{row.interval[0]:.4g}, {row.interval[1]:.4g}]" if row.interval else ""
            note = "" if key in self._fresh else "  (not rerun)"
            lines.append(
                f"{row.data:18} {row.model or 'this':24} {row.measure:46} {row.value:8.4f}{span} n={row.count}{note}"
            )
        return "\n".join(lines)


def dump(path: Path, value: Any) -> None:
    """Writes a value as JSON, in a folder that is made if it is missing."""
    with whole.file(path) as part:
        part.write_text(json.dumps(value, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")


def rounded(value: Any) -> Any:
    """The same, every float in it to five digits."""
    if isinstance(value, dict):
        return {key: rounded(inner) for key, inner in value.items()}
    if isinstance(value, list | tuple):
        return [rounded(inner) for inner in value]
    return round(value, 5) if isinstance(value, float) else value
