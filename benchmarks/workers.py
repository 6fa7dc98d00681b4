"""The processes that are measured: workers that stay and answer, and commands that run once."""

from __future__ import annotations

import contextlib
import json
import os
import pty
import re
import subprocess
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from types import TracebackType
from typing import Any

_WORKER = Path(__file__).parent / "peers" / "worker.py"
_ESCAPES = re.compile(r"\x1b\[[0-9;?]*[A-Za-z]|\r")


class PeerError(Exception):
    """A runtime did not do what it was asked for."""


@dataclass(frozen=True, slots=True)
class Peer:
    """A runtime by name, the Python it is installed in, and what it loads."""

    name: str
    python: str
    path: str

    def command(self) -> list[str]:
        """Return what starts a worker of it."""
        return [self.python, str(_WORKER), self.name, self.path]


@dataclass(frozen=True, slots=True)
class Run:
    """A process that has ended: ``shown`` seconds to what was waited for, ``seconds`` to its end, ``memory`` MiB."""

    shown: float | None
    seconds: float
    memory: float


class Worker:
    """A runtime's process; ask it with ``ask``, and close it."""

    def __init__(self, peer: Peer) -> None:
        self.peer = peer
        self._process = subprocess.Popen(
            peer.command(),
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            encoding="utf-8",
            env=environment(),
        )

    def __enter__(self) -> Worker:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def ask(self, do: str, **request: Any) -> dict[str, Any]:
        """Return the answer to a request; raises PeerError where there is none."""
        assert self._process.stdin is not None and self._process.stdout is not None
        try:
            print(json.dumps({"do": do, **request}), file=self._process.stdin, flush=True)
        except BrokenPipeError as error:
            raise PeerError(f"{self.peer.name} has ended") from error
        line = self._process.stdout.readline()
        if not line:
            raise PeerError(f"{self.peer.name} has ended")
        answer: dict[str, Any] = json.loads(line)
        if "error" in answer:
            raise PeerError(f"{self.peer.name}: {answer['error']}")
        return answer

    def close(self) -> float:
        """End the process; return its peak memory in MiB."""
        assert self._process.stdin is not None and self._process.stdout is not None
        with contextlib.suppress(BrokenPipeError):
            self._process.stdin.close()
        memory = _wait(self._process)
        self._process.stdout.close()
        return memory


def environment() -> dict[str, str]:
    """Return the environment of everything that is measured: as it is, but quiet, offline and with a terminal.

    Threads sleep while they wait, in every runtime: spinning ones of a worker that has a break take from the others.
    What Python compiles is kept, as it is for whoever installs a package.
    """
    settings = str(Path(tempfile.gettempdir()) / "dalle-kit-benchmark-llm")
    quiet = {"TRANSFORMERS_VERBOSITY": "error", "HF_HUB_OFFLINE": "1", "TERM": "xterm", "LLM_USER_PATH": settings}
    own = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    return {"OMP_WAIT_POLICY": "PASSIVE", **own, **quiet}


def run(arguments: Sequence[str], *, until: str | None = None) -> Run:
    """Run a command on a terminal of its own, to its end; raises PeerError where it fails.

    ``until`` is a pattern in what it has shown, without control sequences, on stdout or stderr.
    """
    ours, theirs = pty.openpty()
    start = time.perf_counter()
    process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=theirs, stderr=theirs, env=environment())
    os.close(theirs)
    text, shown = "", None
    while piece := _read(ours):
        text += piece
        if shown is None and until is not None and re.search(until, _ESCAPES.sub("", text)):
            shown = time.perf_counter() - start
    os.close(ours)
    memory = _wait(process)
    seconds = time.perf_counter() - start
    if process.returncode or (until is not None and shown is None):
        last = _ESCAPES.sub("", text).strip().splitlines()[-1:]
        raise PeerError(f"{arguments[0]} ended with {process.returncode}: {''.join(last)}")
    return Run(shown, seconds, memory)


def _read(terminal: int) -> str:
    try:
        return os.read(terminal, 2**16).decode("utf-8", errors="replace")
    except OSError:  # the other side is closed
        return ""


def _wait(process: subprocess.Popen[Any]) -> float:
    _, status, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    return usage.ru_maxrss / 1024


def once(peer: Peer, measure: Callable[[Worker], object]) -> Run:
    """Start a worker, take one measure with it and end it."""
    start = time.perf_counter()
    worker = Worker(peer)
    try:
        measure(worker)
        shown = time.perf_counter() - start
    finally:
        memory = worker.close()
    return Run(shown, time.perf_counter() - start, memory)
