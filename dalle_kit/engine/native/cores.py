"""How many processors there are to compute with."""

from __future__ import annotations

import math
import os
from collections.abc import Iterator
from pathlib import Path, PurePosixPath


def usable_cores() -> int:
    """Return how many processors this process may use: those it is bound to, as far as their time is not limited.

    More threads than that would stop together each time the limit is reached: containers often have the time of two
    processors on a machine of many.
    """
    bound = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    return max(1, int(min([bound, *_limits()])))


def _limits(own: Path = Path("/proc/self/cgroup"), root: Path = Path("/sys/fs/cgroup")) -> Iterator[float]:
    """Yield the limits of Linux's control groups, of both versions, in processors: of its own and those above it.

    A container is shown only its own, at the root.
    """
    try:
        groups = [line.split(":", 2)[1:] for line in own.read_text(encoding="utf-8").splitlines()]
    except OSError:
        return
    for controllers, place in groups:
        if controllers and "cpu" not in controllers.split(","):
            continue
        base = root / controllers if controllers else root
        for folder in (PurePosixPath(place), *PurePosixPath(place).parents):
            yield _limit(base / folder.relative_to("/"), is_first=bool(controllers))


def _limit(folder: Path, *, is_first: bool) -> float:
    """Return the limit of a control group of the first version or the second, infinity for none."""
    names = ("cpu.cfs_quota_us", "cpu.cfs_period_us") if is_first else ("cpu.max",)
    try:
        quota, period = " ".join((folder / name).read_text(encoding="ascii") for name in names).split()
        return int(quota) / int(period) if int(quota) > 0 else math.inf
    except (OSError, ValueError, ZeroDivisionError):  # "max" is no number
        return math.inf
