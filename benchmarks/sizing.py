"""What letters cost: letters an hour and a core, memory and disk, of the e-mail domain's hand-written requests.

python benchmarks/sizing.py [--rows N] [--rounds N] [--ray]

Each way writes the same rows by ``dalle-kit batch`` as a user runs it, loading the model included; the ways take turns,
each round in the other order. Processor time is that of all processes; memory is that of all together, pages that they
share counted once (PSS), four times a second, so it needs Linux. The texts of all ways have to be the same.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import re
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any
from unittest.mock import patch

from common import spread, table

from dalle_kit import Kit
from dalle_kit.config import load_settings
from dalle_kit.engine.native.cores import usable_cores
from dalle_kit.engine.native.model import NativeLlama
from dalle_kit.evaluation.cases import load_cases
from dalle_kit.recording import plain_fields


@dataclass(slots=True)
class Way:
    """So many processes with so many rows at once each, and what was measured of them, run by run."""

    name: str
    options: list[str]
    seconds: list[float] = field(default_factory=list)
    cpu: list[float] = field(default_factory=list)
    memory: list[float] = field(default_factory=list)


def ways(cores: int, *, ray: bool) -> list[Way]:
    """Return what is compared."""
    shapes = [(1, 1), (1, 16), *((cores, each) for each in (4, 16) if cores > 1)]
    found = [
        Way(f"{workers} process{'es' * (workers > 1)}, {each} at once", _options(workers, each))
        for workers, each in shapes
    ]
    if ray:
        found.append(Way(f"Ray, {cores} processes, 4 at once", [*_options(cores, 4), "--engine", "ray"]))
    return found


def _options(workers: int, together: int) -> list[str]:
    return ["--workers", str(workers), "--together", str(together)]


def main() -> None:
    """Write the rows in each way and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=40, help="how many requests")
    parser.add_argument("--rounds", type=int, default=2, help="how often each way writes them")
    parser.add_argument("--ray", action="store_true", help="measure Ray on this machine, too")
    given = parser.parse_args()
    compared, texts = ways(usable_cores(), ray=given.ray), set[str]()
    print(f"load average before: {os.getloadavg()[0]:.1f}")
    with tempfile.TemporaryDirectory() as folder:
        rows = Path(folder, "rows.jsonl")
        rows.write_text("".join(_lines(given.rows)), encoding="utf-8")
        _measure(compared[0], rows)  # compiles, and reads the files for the first time
        compared[0].seconds, compared[0].cpu, compared[0].memory = [], [], []
        for number in range(given.rounds):
            for way in compared if number % 2 == 0 else reversed(compared):
                texts.add(_measure(way, rows))
                print(f"  {way.name}: {way.seconds[-1]:.1f} s", file=sys.stderr)
        sizes = _sizes(rows)
    assert len(texts) == 1, "the ways differ in their texts"
    print(f"load average after: {os.getloadavg()[0]:.1f}\n")
    _report(compared, given.rows)
    model, rest = _parts(min(given.rows, 20))
    print(
        f"\nOf a letter alone, with one thread: {model:.2f} processor seconds for the model, {rest:.2f} for the rest."
    )
    print(f"\nDisk, bytes a letter: {sizes['text']:.0f} of text, {sizes['record']:.0f} with its whole record (--json).")


def _report(compared: list[Way], rows: int) -> None:
    head = (
        "",
        "letters an hour",
        "processor seconds a letter",
        "letters an hour of a busy core",
        "memory at most, MiB",
    )
    print(
        table(
            head,
            [
                (
                    way.name,
                    f"{rows * 3600 / statistics.median(way.seconds):,.0f}",
                    *_processor(way, rows),
                    f"{max(way.memory):.0f}",
                )
                for way in compared
            ],
        )
    )


def _processor(way: Way, rows: int) -> tuple[str, str]:
    """Return the processor seconds of a letter, and the letters of a core's hour; Ray's workers are no children."""
    if "ray" in way.options:
        return "not counted", ""
    return spread([each / rows for each in way.cpu]), f"{rows * 3600 / statistics.median(way.cpu):,.0f}"


def _lines(count: int) -> Iterator[str]:
    for case in load_cases(Kit().plugins.domain("email"), "hand", limit=count):
        yield json.dumps(plain_fields(case.request), ensure_ascii=False) + "\n"


def _measure(way: Way, rows: Path) -> str:
    """Run a way, and return what it has written."""
    output = rows.with_name("out.jsonl")
    command = [sys.executable, "-m", "dalle_kit.cli.main", "batch", "email", str(rows), *way.options]
    start = time.perf_counter()
    process = subprocess.Popen([*command, "-o", str(output), "--force", "-q"])
    most = 0.0
    while True:
        done, status, usage = os.wait4(process.pid, os.WNOHANG)
        if done:
            break
        most = max(most, _memory())
        time.sleep(0.25)
    process.returncode = os.waitstatus_to_exitcode(status)
    assert process.returncode == 0, f"{' '.join(command)} ended with {process.returncode}"
    way.seconds.append(time.perf_counter() - start)
    way.cpu.append(usage.ru_utime + usage.ru_stime)
    way.memory.append(most)
    return output.read_text(encoding="utf-8")


def _memory() -> float:
    """Return the MiB of all processes below this one."""
    parents, below = _parents(), set[int]()
    for process in parents:
        line = [process]
        while line[-1] in parents and line[-1] != os.getpid():
            line.append(parents[line[-1]])
        if line[-1] == os.getpid():
            below.update(line[:-1])
    total = 0
    for process in below:
        with contextlib.suppress(OSError):
            found = re.search(r"^Pss: +(\d+) kB", Path(f"/proc/{process}/smaps_rollup").read_text(), re.MULTILINE)
            total += int(found[1]) if found else 0
    return total / 1024


def _parents() -> dict[int, int]:
    found = {}
    for path in Path("/proc").glob("[0-9]*/stat"):
        with contextlib.suppress(OSError):
            found[int(path.parent.name)] = int(path.read_text().rpartition(")")[2].split()[1])
    return found


def _parts(count: int) -> tuple[float, float]:
    """Return the processor seconds of a letter that the model's steps take, and those that everything else does."""
    kit = Kit(settings=load_settings().model_copy(update={"threads": 1}))
    cases = [case.request for case in load_cases(kit.plugins.domain("email"), "hand", limit=count)]
    kit.generate("email", cases[0])  # what is loaded once is not what a letter costs
    spent, compute = [0.0], NativeLlama._compute

    def timed(*arguments: Any) -> None:
        start = time.thread_time()
        compute(*arguments)
        spent[0] += time.thread_time() - start

    start = time.process_time()
    with patch.object(NativeLlama, "_compute", timed):
        for case in cases:
            kit.generate("email", case)
    return spent[0] / count, (time.process_time() - start - spent[0]) / count


def _sizes(rows: Path) -> dict[str, float]:
    sizes = {}
    few = rows.with_name("few.jsonl")
    few.write_text("".join(rows.read_text(encoding="utf-8").splitlines(keepends=True)[:8]), encoding="utf-8")
    for name, options in (("text", []), ("record", ["--json"])):
        output = rows.with_name(f"{name}.jsonl")
        command = [sys.executable, "-m", "dalle_kit.cli.main", "batch", "email", str(few), *options, "-q"]
        subprocess.run([*command, "-o", str(output), "--workers", "1"], check=True)
        sizes[name] = output.stat().st_size / 8
    return sizes


if __name__ == "__main__":
    main()
