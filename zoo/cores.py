"""The number of cores that this process may use; in a container or under `taskset` it is less than the machine has."""

import math
import os
from collections.abc import Iterator
from contextlib import suppress
from itertools import product
from pathlib import Path

# The thread pools of OpenMP (torch), BLAS, numba and OpenCV read these when they are loaded.
POOLS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS", "OPENCV_FOR_THREADS_NUM")
FILES = ("cpu.max",), ("cpu.cfs_quota_us", "cpu.cfs_period_us")  # of a control group: quota and period


def available(root: Path = Path("/")) -> int:
    """Number of cores that this process may use: its CPU affinity, or less if a control group has a CPU quota.

    This respects `taskset`, `docker run --cpus`, Kubernetes and systemd's CPUQuota. A quota of 1.5 cores counts as two.
    OMP_NUM_THREADS lowers the number, as it does for torch, BLAS and numba.

    Source: Linux, admin-guide/cgroup-v2 (cpu.max) and scheduler/sched-bwc (cpu.cfs_quota_us).

    Args:
        root: folder that has proc and sys; tests give another one.
    """
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    stated = os.environ.get("OMP_NUM_THREADS", "").partition(",")[0]
    limits = [affinity, *map(math.ceil, _quotas(root)), *([int(stated)] if stated.isdecimal() else [])]
    return max(min(limits), 1)


def limit_pools() -> None:
    """Limits the thread pools of libraries loaded later to the available cores, for they ignore quotas.

    Variables that are set already are kept.
    """
    if (count := available()) < (os.cpu_count() or 1):
        for name in POOLS:
            os.environ.setdefault(name, str(count))


def _quotas(root: Path) -> Iterator[float]:
    """CPU quotas, in cores, of this process's control groups (version 1 or 2) and their parents."""
    try:
        lines = (root / "proc/self/cgroup").read_text().splitlines()
    except OSError:  # not Linux
        return
    for line in lines:
        _, controllers, path = line.split(":", 2)
        if controllers and "cpu" not in controllers.split(","):
            continue
        own = Path(path.lstrip("/"))
        mounts = (controllers, "cpu") if controllers else (".", "unified")
        # in a container the path may be the host's; some of its parents exist in any case
        for mount, group, names in product(mounts, (own, *own.parents), FILES):
            files = (root / "sys/fs/cgroup" / mount / group / name for name in names)
            with suppress(OSError):
                quota, period = " ".join(file.read_text() for file in files).split()
                if quota not in ("max", "-1"):
                    yield int(quota) / int(period)
