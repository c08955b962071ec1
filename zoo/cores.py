"""How many cores this process may use: in a container or under `taskset` fewer than the machine has."""

import math
import os
from collections.abc import Iterator
from pathlib import Path

# What the thread pools of other libraries read when they are loaded: OpenMP (torch), BLAS, numba, OpenCV
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")


def available(root: Path = Path("/")) -> int:
    """Cores that this process may use: those of its affinity, or fewer where a control group has a CPU quota.

    So what `taskset`, `docker run --cpus`, Kubernetes and systemd's CPUQuota set is kept. A quota of 1.5 cores counts
    as two. OMP_NUM_THREADS makes it fewer, as it does for torch, BLAS and numba.

    Source: Linux, admin-guide/cgroup-v2 (cpu.max) and scheduler/sched-bwc (cpu.cfs_quota_us).

    Args:
        root: the folder that /proc and /sys are in.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    stated = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    limits = [affinity, *map(math.ceil, _quotas(root)), *([int(stated)] if stated.isdecimal() else [])]
    return max(min(limits), 1)


def limit_pools() -> None:
    """Tells the thread pools of libraries that are loaded later how many cores there are; they mind no quota.

    What the environment says already stays.
    """
    if (count := available()) < (os.cpu_count() or 1):
        for name in POOLS:
            os.environ.setdefault(name, str(count))


def _quotas(root: Path) -> Iterator[float]:
    """CPU quotas, in cores, of this process's control groups, of either version, and of the groups around them."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        own = Path(path.lstrip("/"))
        for mount in (controllers, "cpu") if controllers else (".", "unified"):
            # in a container the path can be the host's; what lies above it is there in any case
            for group in (own, *own.parents):
                yield from _quota(root / "sys/fs/cgroup" / mount / group)


def _quota(group: Path) -> Iterator[float]:
    """The CPU quota of a control group, in cores, if it has one."""
    for files in (("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")):
        try:
            quota, period = " ".join((group / name).read_text() for name in files).split()
        except OSError:
            continue
        if quota not in ("max", "-1"):
            yield int(quota) / int(period)
