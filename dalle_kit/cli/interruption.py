"""Ctrl-C, kept in mind: libraries swallow the exception it raises, or turn it into errors of their own."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_seen = threading.Event()


@contextmanager
def interruptions() -> Iterator[None]:
    """Raise KeyboardInterrupt on Ctrl-C while the block runs, and note it."""
    _seen.clear()
    if threading.current_thread() is not threading.main_thread():
        yield
        return

    def note(number: int, frame: Any) -> None:
        _seen.set()
        raise KeyboardInterrupt

    before = signal.signal(signal.SIGINT, note)
    try:
        yield
    finally:
        signal.signal(signal.SIGINT, before)


def was_interrupted() -> bool:
    """Return whether Ctrl-C was pressed, also where nothing has come of it."""
    return _seen.is_set()


def stop_if_interrupted() -> None:
    """Raise KeyboardInterrupt if Ctrl-C was pressed; called before what cannot be taken back."""
    if _seen.is_set():
        raise KeyboardInterrupt
