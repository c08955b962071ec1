"""On how many cores a measured process runs."""

import os


def keep_to(count: int) -> None:
    """Binds this process to its first `count` cores, with the threads it has; new ones inherit it, save onnxruntime's.

    Where the system knows no such thing, it does nothing.
    """
    if hasattr(os, "sched_setaffinity"):
        chosen = set(sorted(os.sched_getaffinity(0))[:count])
        for thread in os.listdir("/proc/self/task"):
            os.sched_setaffinity(int(thread), chosen)
