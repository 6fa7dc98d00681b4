"""Running a program that a model wrote: in a process of its own, with limits, and without network or files to write.

What is guarded against is accident, not malice: limits of the operating system hold time and memory, and an audit hook
refuses the network, other processes and any file that would be written. Windows has no such limits; there only the
clock stops a program.
"""

from __future__ import annotations

import json
import os
import secrets
import signal
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

Outcome = Literal["passed", "failed", "out of time", "out of memory"]

_RUNNER = Path(__file__).with_name("runner.py")


@dataclass(frozen=True, slots=True)
class Limits:
    """What a program may use: seconds of processor time, seconds by the clock, bytes of memory."""

    processor: int = 5
    clock: float = 30.0
    memory: int = 1 << 30


@dataclass(frozen=True, slots=True)
class Result:
    """How a program ended, and what it said where it failed."""

    outcome: Outcome
    message: str = ""

    @property
    def passed(self) -> bool:
        """Whether all its tests passed."""
        return self.outcome == "passed"


def run_program(
    program: str, tests: str, *, package: str = "", library: str = "", limits: Limits | None = None
) -> Result:
    """Run a program, then its tests in the same namespace; it passes if both come to their end.

    ``package`` is what its relative imports start from, ``library`` a folder or archive to import from.
    """
    limits = limits or Limits()
    secret = secrets.token_hex(16)
    job: dict[str, object] = {"program": program, "tests": tests, "package": package, "library": library}
    job |= {"processor": limits.processor, "memory": limits.memory, "secret": secret}
    with tempfile.TemporaryDirectory() as folder:
        process = subprocess.Popen(
            [sys.executable, "-P", "-s", "-S", "-B", str(_RUNNER)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            cwd=folder,
            env={"SYSTEMROOT": os.environ.get("SYSTEMROOT", ""), "PYTHONHASHSEED": "0"},
            start_new_session=True,
        )
        try:
            output, _ = process.communicate(json.dumps(job).encode("utf-8"), timeout=limits.clock)
        except subprocess.TimeoutExpired:
            return Result("out of time", f"{limits.clock:g} s by the clock")
        finally:
            _end(process)
    return _read(output, secret, process.returncode)


def _end(process: subprocess.Popen[bytes]) -> None:
    """Kill a program that still runs and wait until it is gone."""
    if process.poll() is None:
        process.kill()
    process.communicate()


def _read(output: bytes, secret: str, code: int) -> Result:
    # Only the runner knows the secret: a program that exits early with code 0 has not passed.
    answer = output.removeprefix(f"{secret} ".encode())
    if answer != output:
        said = json.loads(answer)
        return Result(said["outcome"], said["message"])
    stopped = {getattr(signal, name, None): name for name in ("SIGXCPU", "SIGKILL")}
    if -code in stopped:
        return Result("out of time", "the processor time is used up")
    return Result("failed", f"ended with code {code} before its tests did")
