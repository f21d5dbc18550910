"""How many cores and workers a machine has room for, and how native libraries are told."""

import os


def environment(threads: int) -> dict[str, str]:
    """Variables that native libraries read once, when they are loaded."""
    names = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")
    return dict.fromkeys(names, str(threads)) | {"TF_CPP_MIN_LOG_LEVEL": "3"}


def usable_cores() -> int:
    """The cores that this process may use: a container or `taskset` allows fewer than there are."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1


def fitting(workers: int, memory: int | None) -> int:
    """As many of the workers as this machine has `memory` bytes for each; at least one."""
    if memory is None:
        return workers
    total = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES")
    return max(1, min(workers, total // memory))
