"""A lock that no forked process finds locked for good."""

from __future__ import annotations

import os
import threading


class ProcessLock:
    """A lock of a process, re-entrant; one that is forked has its own, as the thread that held it is not there."""

    def __init__(self) -> None:
        # Of each process, by its number: which it is in is only known when it is needed.
        self._locks = {os.getpid(): threading.RLock()}

    def __enter__(self) -> None:
        self._locks.setdefault(os.getpid(), threading.RLock()).acquire()

    def __exit__(self, *_: object) -> None:
        self._locks[os.getpid()].release()
