"""A file is written whole or not at all, whatever happens on the way."""

import os
import signal
import stat
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from zoo import whole

WRITER = """
import sys
from pathlib import Path
from zoo import whole

with whole.file(Path(sys.argv[1])) as part, part.open("w") as file:
    file.write(sys.argv[2])
    file.flush()
    print("half", flush=True)
    sys.stdin.readline()
    file.write(sys.argv[2])
"""


def writer(path: Path, half: str) -> "subprocess.Popen[str]":
    """A process that has written half of a file and waits for a line."""
    command = [sys.executable, "-c", WRITER, str(path), half]
    process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
    assert process.stdout and process.stdout.readline() == "half\n"
    return process


def test_a_writer_killed_in_the_middle_leaves_the_old_file(tmp_path: Path) -> None:
    path = tmp_path / "table.csv"
    path.write_text("old")
    with writer(path, "new") as process:
        process.send_signal(signal.SIGKILL)
    assert path.read_text() == "old"
    assert [*tmp_path.glob("[!.]*")] == [path], "what is left is hidden"


def test_of_two_writers_at_once_the_last_wins(tmp_path: Path) -> None:
    path = tmp_path / "new" / "table.csv"
    with writer(path, "first") as first, writer(path, "second") as second:
        assert not path.exists()
        first.communicate("\n")
        assert path.read_text() == "firstfirst"
        second.communicate("\n")
    assert path.read_text() == "secondsecond"
    assert [*path.parent.iterdir()] == [path]


@pytest.mark.parametrize("before", ["old", None])
def test_an_error_leaves_all_as_it_was(tmp_path: Path, before: str | None) -> None:
    path = tmp_path / "table.csv"
    if before:
        path.write_text(before)
    with pytest.raises(ZeroDivisionError), whole.file(path) as part:
        part.write_text("new")
        raise ZeroDivisionError
    assert [one.read_text() for one in tmp_path.iterdir()] == ([before] if before else [])


def test_the_path_to_write_to_is_hidden_beside_the_file_and_keeps_the_suffix(tmp_path: Path) -> None:
    path = tmp_path / "points.npy"
    with whole.file(path) as part:
        assert part.parent == tmp_path and part.suffix == ".npy" and part.name.startswith(".")
        part.write_text("new")
    assert path.read_text() == "new"


@pytest.mark.parametrize("umask", [0o022, 0o077, 0o002])
def test_permissions_are_as_the_umask_says(tmp_path: Path, umask: int) -> None:
    before = os.umask(umask)
    try:
        with whole.file(tmp_path / "table.csv") as part:
            part.write_text("new")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "table.csv").stat().st_mode) == 0o666 & ~umask
