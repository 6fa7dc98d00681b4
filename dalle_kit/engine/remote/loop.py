"""An event loop in a thread of its own, for requests that many threads make and give up at any time."""

from __future__ import annotations

import asyncio
import threading
import weakref
from collections.abc import Callable, Coroutine, Iterable
from concurrent.futures import Future
from typing import Any, TypeVar

T = TypeVar("T")

#: Seconds after which a wait is looked at again: Windows does not interrupt one without an end.
_PATIENCE = 0.5


class Loop:
    """Runs coroutines for threads; ends with its last reference, or the process.

    What ``at_end`` holds then is run last.
    """

    def __init__(self) -> None:
        self.at_end: list[Callable[[], Coroutine[Any, Any, None]]] = []
        self._loop = asyncio.new_event_loop()
        thread = threading.Thread(target=_run, args=(self._loop, self.at_end), name="dalle-kit-remote", daemon=True)
        thread.start()
        self._close = weakref.finalize(self, _stop, self._loop, thread)

    def start(self, work: Coroutine[Any, Any, T]) -> Future[T]:
        """Run a coroutine; cancelling what this returns cancels it."""
        return asyncio.run_coroutine_threadsafe(work, self._loop)

    def run(self, work: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine and return what it does; it is cancelled where the wait for it is interrupted."""
        future = self.start(work)
        try:
            while True:
                try:
                    return future.result(_PATIENCE)
                except TimeoutError:
                    if future.done():
                        raise
        finally:
            future.cancel()

    def close(self) -> None:
        """End it, and what runs in it."""
        self._close()


async def together(works: Iterable[Coroutine[Any, Any, T]]) -> list[T]:
    """Run coroutines beside each other and return what they do; where one fails the others are cancelled."""
    tasks = [asyncio.ensure_future(work) for work in works]
    try:
        return list(await asyncio.gather(*tasks))
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


def _run(loop: asyncio.AbstractEventLoop, at_end: list[Callable[[], Coroutine[Any, Any, None]]]) -> None:
    asyncio.set_event_loop(loop)
    try:
        loop.run_forever()
    finally:
        tasks = asyncio.all_tasks(loop)
        for task in tasks:
            task.cancel()
        loop.run_until_complete(asyncio.gather(*tasks, return_exceptions=True))
        loop.run_until_complete(loop.shutdown_asyncgens())
        for last in at_end:
            loop.run_until_complete(last())
        loop.close()


def _stop(loop: asyncio.AbstractEventLoop, thread: threading.Thread) -> None:
    if not loop.is_closed():
        loop.call_soon_threadsafe(loop.stop)
    if thread is not threading.current_thread():
        thread.join(timeout=5)
