"""The model, loaded in the background."""

from __future__ import annotations

import threading
from collections.abc import Callable

Show = Callable[[str, int, int | None], None]


class Left(Exception):
    """Nobody waits for the model any more."""


class Reporter:
    """A Kit's progress, passed on to whoever shows it, and the way to have it load no further."""

    def __init__(self) -> None:
        self.show: Show | None = None
        self._left = threading.Event()

    def __call__(self, stage: str, done: int, total: int | None) -> None:
        """Pass a report on; raises Left in the thread that loads once nobody waits."""
        if self._left.is_set():
            raise Left
        if self.show is not None:
            self.show(stage, done, total)

    def leave(self) -> None:
        """Have the next report end the loading."""
        self._left.set()
