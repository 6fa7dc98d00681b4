"""Doing things at once in threads: once one has failed no other is begun, and those under way end by themselves."""

from __future__ import annotations

import itertools
import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait
from typing import TypeVar

Outcome = TypeVar("Outcome")

#: Seconds after which a wait is looked at again: Windows does not interrupt one without an end.
_PATIENCE = 1.0


def side_by_side(jobs: Iterable[Callable[[], Outcome]], *, at_once: int, stop: threading.Event) -> Generator[Outcome]:
    """Yield what the jobs return, in the order in which they end; then raise what the first that failed has raised.

    An interruption, or closing this, sets ``stop``, at which those under way should end.
    """
    failure: BaseException | None = None
    with ThreadPoolExecutor(at_once, thread_name_prefix="dalle-kit") as threads:
        beginning = (threads.submit(job) for job in jobs)
        running = set(itertools.islice(beginning, at_once))
        try:
            while running:
                done, running = wait(running, _PATIENCE, FIRST_COMPLETED)
                failure = failure or next(filter(None, (each.exception() for each in done)), None)
                if failure is None:
                    running |= set(itertools.islice(beginning, len(done)))
                for future in done:
                    if future.exception() is None:
                        yield future.result()
        finally:
            stop.set()
    if failure is not None:
        raise failure
