"""What the benchmarks share: the model, interleaved measuring, and the table."""

from __future__ import annotations

import datetime
import os
import platform
import statistics
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

from dalle_kit import Kit

MODEL = "smollm2-135m"
EMAIL = {
    "to": ["Priya Raman <priya@example.com>"],
    "subject": "Q3 budget review moved to Thursday",
    "points": ["now Thursday 14:00", "room B12"],
    "sender": "Tom",
}


def model_folder() -> str:
    """Return the folder of the default model, fetched if it is not here."""
    return Kit(model=MODEL).registry.ensure(MODEL).path


def interleave(
    measures: Mapping[str, Callable[[], float]], *, rounds: int, warm_ups: int = 1
) -> dict[str, list[float]]:
    """Take each measure once a round, A B A B ..., so that a drifting machine is fair to all; warm-ups do not count."""
    taken: dict[str, list[float]] = {name: [] for name in measures}
    for number in range(warm_ups + rounds):
        for name, measure in measures.items():
            value = measure()
            if number >= warm_ups:
                taken[name].append(value)
    return taken


def spread(values: Sequence[float], *, digits: int = 2) -> str:
    """Return the median, with minimum and maximum."""
    low, middle, high = min(values), statistics.median(values), max(values)
    return f"{middle:.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


def ratio(ours: Sequence[float], theirs: Sequence[float]) -> str:
    """Return the median of our value over theirs, round by round."""
    return f"{statistics.median(a / b for a, b in zip(ours, theirs, strict=True)):.2f}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]]) -> str:
    """Return a Markdown table."""
    lines = [" | ".join(row) for row in (head, ["---"] * len(head), *rows)]
    return "\n".join(f"| {line} |" for line in lines)


def machine() -> str:
    """Return when and on what this was measured."""
    import torch
    import transformers

    return (
        f"{datetime.date.today().isoformat()}, {os.cpu_count()} CPU cores ({_cpu()}), {platform.system()}, "
        f"Python {platform.python_version()}, torch {torch.__version__}, transformers {transformers.__version__}, "
        f"{MODEL} in float32; median (minimum to maximum)"
    )


def _cpu() -> str:
    try:
        with Path("/proc/cpuinfo").open(encoding="utf-8") as file:
            return next(line.split(":")[1].strip() for line in file if line.startswith("model name"))
    except (OSError, StopIteration):
        return platform.processor() or platform.machine()
