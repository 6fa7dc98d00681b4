"""A process that holds one runtime and answers measures asked for on stdin, a line of JSON each.

python worker.py RUNTIME PATH
"""

from __future__ import annotations

import json
import os
import sys
import time
from pathlib import Path
from typing import Any

sys.path[0] = str(Path(__file__).parents[1])

from peers.interface import RUNTIMES, Runtime, load  # noqa: E402


class Worker:
    """Answers by the name of what is asked; a model is loaded once for each number of threads."""

    def __init__(self, runtime: str, path: str) -> None:
        self._runtime, self._path = runtime, path
        self._loaded: dict[int, Runtime] = {}

    def load(self, *, threads: int) -> dict[str, Any]:
        """Load the model; imports do not count."""
        start = time.perf_counter()
        __import__(f"peers.{RUNTIMES[self._runtime]}")
        imported = time.perf_counter()
        runtime = self._with(threads)
        end = time.perf_counter()
        return {"imports": imported - start, "seconds": end - imported, "version": runtime.version}

    def write(self, *, threads: int, **arguments: Any) -> dict[str, Any]:
        """Write as ``Runtime.write`` does."""
        first, seconds = self._with(threads).write(**arguments)
        return {"first": first, "seconds": seconds}

    def other(self, *, threads: int, name: str, **arguments: Any) -> dict[str, Any]:
        """Measure something that only some runtimes can do."""
        answer: dict[str, Any] = getattr(self._with(threads), name)(**arguments)
        return answer

    def _with(self, threads: int) -> Runtime:
        if threads not in self._loaded:
            self._loaded[threads] = load(self._runtime, self._path, threads=threads)
        return self._loaded[threads]


def main() -> None:
    """Answer until stdin ends."""
    # Libraries may print: what they say goes to stderr, and the answers to the real stdout.
    answers = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    worker = Worker(*sys.argv[1:])
    for line in sys.stdin:
        request = json.loads(line)
        try:
            answer = getattr(worker, request.pop("do"))(**request)
        except Exception as error:  # whatever a runtime raises is told, and the benchmark goes on without it
            answer = {"error": f"{type(error).__name__}: {error}"}
        print(json.dumps(answer), file=answers, flush=True)


if __name__ == "__main__":
    main()
