"""Pools of threads are as large as what this process may use, however many cores the machine has."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from tests.conftest import ROOT
from zoo import cores

V1 = "cpu.cfs_quota_us", "cpu.cfs_period_us"


def machine(root: Path, told: str, **quotas: str) -> Path:
    """A faked /proc/self/cgroup, and the quotas of control groups by their folder ("__" for a slash)."""
    (root / "proc/self").mkdir(parents=True)
    (root / "proc/self/cgroup").write_text(told)
    for name, value in quotas.items():
        group = root / "sys/fs/cgroup" / name.replace("__", "/").removeprefix("top")
        group.mkdir(parents=True, exist_ok=True)
        if name.startswith("cpu"):
            for file, number in zip(V1, value.split(), strict=True):
                (group / file).write_text(f"{number}\n")
        else:
            (group / "cpu.max").write_text(f"{value}\n")
    return root


@pytest.mark.parametrize(
    ("told", "quotas", "count"),
    [
        ("0::/\n", {"top": "200000 100000"}, 2),
        ("0::/\n", {"top": "150000 100000"}, 2),
        ("0::/\n", {"top": "10000 100000"}, 1),
        ("0::/\n", {"top": "max 100000"}, 64),
        ("0::/user.slice/mine\n", {"user.slice__mine": "max 100000", "user.slice": "300000 100000"}, 3),
        ("0::/docker/its-id-on-the-host\n", {"top": "200000 100000"}, 2),
        ("0::/\n", {}, 64),
        ("4:memory:/x\n2:cpu,cpuacct:/\n", {"cpu,cpuacct": "400000 100000"}, 4),
        ("1:cpu:/\n", {"cpu": "-1 100000"}, 64),
        ("1:cpu:/pods/one\n", {"cpu__pods__one": "50000 25000", "cpu": "-1 100000"}, 2),
        ("1:cpu:/docker/its-id-on-the-host\n0::/\n", {"cpu": "500000 100000"}, 5),
        ("1:cpuset:/\n", {"cpu": "200000 100000"}, 64),
        ("1:cpu:/\n0::/\n", {"unified": "300000 100000", "cpu": "200000 100000"}, 2),
    ],
)
def test_a_quota_counts(
    told: str, quotas: dict[str, str], count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(64)), raising=False)
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert cores.available(machine(tmp_path, told, **quotas)) == count


def test_affinity_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {5}, raising=False)
    monkeypatch.setattr(os, "cpu_count", lambda: 64)
    assert cores.available(machine(tmp_path, "0::/\n", top="800000 100000")) == 1
    monkeypatch.delattr(os, "sched_getaffinity")
    assert cores.available(tmp_path / "no Linux") == 64, "where the system knows no affinity"
    for stated, count in (("3", 3), ("99", 64), ("0", 1), ("", 64), ("4,2", 4)):
        monkeypatch.setenv("OMP_NUM_THREADS", stated)
        assert cores.available(tmp_path / "no Linux") == count


# Threads once everything that has a pool was used, and what the pools say: of torch and OpenCV, and numba's setting
PROGRAM = """
import json, os, sys
from pathlib import Path
count, fake = json.loads(sys.argv[1])
if fake:
    os.cpu_count, os.sched_getaffinity = (lambda: count), (lambda _: set(range(count)))
    read = Path.read_text
    faked = lambda path: Path(fake, *path.parts[1:]) if path.parts[1] in ("proc", "sys") else path
    Path.read_text = lambda path, *args, **more: read(faked(path), *args, **more)
else:
    os.sched_setaffinity(0, sorted(os.sched_getaffinity(0))[:count])
import zoo
from PIL import Image, ImageDraw
import cv2, torch
from zoo.readers import page
word = Image.new("RGB", (200, 64), "white")
ImageDraw.Draw(word).text((20, 10), "Hello", "black", font_size=40)
reader = zoo.load("word-crnn")
reader.read([word] * 4)
page.read(reader, word)
reader.explain(word)
asked = reader.threads, torch.get_num_threads(), cv2.getNumThreads(), int(os.environ.get("NUMBA_NUM_THREADS", count))
threads = [open(f"/proc/self/task/{number}/comm").read().strip() for number in os.listdir("/proc/self/task")]
print(json.dumps([threads, asked]))
"""


@pytest.mark.parametrize("fake", [False, True], ids=["affinity", "quota"])
def test_no_pool_is_larger(fake: bool, tmp_path: Path) -> None:
    """One core of this machine's by affinity; two of 64 by a quota."""
    count = 2 if fake else 1
    root = str(machine(tmp_path, "0::/\n", top=f"{count}00000 100000")) if fake else ""
    plain = {name: value for name, value in os.environ.items() if name not in cores.POOLS}
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, json.dumps([64 if fake else count, root])],
        cwd=ROOT, env=plain, capture_output=True, text=True, check=True,
    )  # fmt: skip
    threads, asked = json.loads(done.stdout)
    pools = [name for name in threads if not name.startswith("pt_autograd")]  # of which there is one a kind of device
    assert asked == [count] * 4 and len(pools) <= 6 * count, (threads, asked)
