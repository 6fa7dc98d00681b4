"""What is being written: one completion a file, which gives way to a newer one."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Awaitable, Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

from dalle_kit.editing.completing import Place

#: Files that are written in at once: one that has given way still needs its thread until the next token.
_THREADS = 4

Write = Callable[[Place, threading.Event], str]


class Stale(Exception):
    """A completion is not wanted any more: the file has changed, was closed, or another place in it is asked for."""


@dataclass(slots=True)
class _Job:
    place: Place
    task: asyncio.Task[str]
    waiting: int = 0


class Jobs:
    """Completions under way and, until their file changes, finished ones. Belongs to one event loop."""

    def __init__(self, write: Write, *, ready: Callable[[], Awaitable[None]], seconds: float) -> None:
        self._write, self._ready, self._seconds = write, ready, seconds
        self._threads = ThreadPoolExecutor(_THREADS, thread_name_prefix="dalle-kit-lsp")
        self._jobs: dict[str, _Job] = {}

    async def text(self, uri: str, place: Place, *, delay: float) -> str:
        """Return what is written at a place, begun after ``delay`` seconds; one for the same place is shared.

        Whoever is cancelled leaves it, and what nobody waits for is stopped. Raises Stale, TimeoutError when it took
        too long, and what ``write`` raises.
        """
        job = self._jobs.get(uri)
        if job is None or job.place != place:
            self.drop(uri)
            job = self._jobs[uri] = _Job(place, asyncio.ensure_future(self._run(place, delay)))
        job.waiting += 1
        try:
            await asyncio.wait([job.task])
        finally:
            job.waiting -= 1
            if not job.waiting and (not job.task.done() or job.task.cancelled() or job.task.exception()):
                self._forget(uri, job)
        if job.task.cancelled():
            raise Stale
        return job.task.result()

    def drop(self, uri: str) -> None:
        """Stop what is being written in a file, and forget what was."""
        if (job := self._jobs.get(uri)) is not None:
            self._forget(uri, job)

    def close(self) -> None:
        """Stop everything."""
        for uri in list(self._jobs):
            self.drop(uri)
        self._threads.shutdown(wait=False, cancel_futures=True)

    def _forget(self, uri: str, job: _Job) -> None:
        job.task.cancel()
        if self._jobs.get(uri) is job:
            del self._jobs[uri]

    async def _run(self, place: Place, delay: float) -> str:
        stopped = threading.Event()
        try:
            await asyncio.sleep(delay)
            async with asyncio.timeout(self._seconds):
                await self._ready()
                return await asyncio.get_running_loop().run_in_executor(self._threads, self._write, place, stopped)
        finally:
            stopped.set()
