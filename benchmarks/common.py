"""What the benchmarks share: the model, the machine, and the table."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from collections.abc import Sequence
from pathlib import Path

MODEL = "smollm2-135m"


def spread(values: Sequence[float], *, digits: int = 2) -> str:
    """Return the median, with minimum and maximum."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def high(values: Sequence[float]) -> float:
    """Return what 95 in 100 of the values are below."""
    return sorted(values)[min(len(values) - 1, int(len(values) * 0.95))]


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [" | ".join(row) for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def machine() -> str:
    """Return when and on what this was measured."""
    return (
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} CPU cores ({_cpu()}), {platform.system()}, "
        f"Python {platform.python_version()}, {MODEL}; median (minimum to maximum)"
    )


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
