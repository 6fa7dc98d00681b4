"""Where requests wait for their turn, and threads write for those whose turn it is."""

from __future__ import annotations

import asyncio
import contextlib
import threading
from collections import deque
from collections.abc import AsyncIterator, Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TypeVar

from dalle_kit.serving.failures import Refusal
from dalle_kit.serving.limits import Limits

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class _End:
    """That a thread has come to its end, and the error that it ended with, if any."""

    error: BaseException | None


class Desk:
    """Lets so many requests be written at once, each by a thread of its own; the others wait in order.

    The threads of one engine are computed together by its scheduler. Belongs to one event loop.
    """

    def __init__(self, limits: Limits) -> None:
        self._limits = limits
        self._threads = ThreadPoolExecutor(limits.running, thread_name_prefix="dalle-kit-desk")
        self._queue: deque[asyncio.Future[None]] = deque()
        self._running = 0
        self._is_closing = False

    @property
    def running(self) -> int:
        """How many requests are being written."""
        return self._running

    @property
    def waiting(self) -> int:
        """How many requests wait for their turn."""
        return len(self._queue)

    @property
    def takes_more(self) -> bool:
        """Whether a further request would be taken."""
        return not self._is_closing and (
            self._running < self._limits.running or len(self._queue) < self._limits.waiting
        )

    def close(self) -> None:
        """Take no further request and refuse those that wait; what is being written goes on."""
        self._is_closing = True
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_exception(_closing())

    async def run(self, start: Callable[[threading.Event], Iterator[T]]) -> AsyncIterator[T]:
        """Yield what an iterator yields that a thread starts and runs, once it is its turn.

        ``start`` is given an event that is set when nobody wants more: whoever left, or ran out of time. Raises Refusal
        where the queue is full or the time is up, and what the iterator raises.
        """
        loop = asyncio.get_running_loop()
        end = loop.time() + self._limits.seconds
        await self._place(end)
        stop, items = threading.Event(), asyncio.Queue[T | _End]()

        def tell(item: T | _End) -> None:
            # A server that is made to stop at once does not wait for its threads.
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(items.put_nowait, item)

        def work() -> None:
            error: BaseException | None = None
            try:
                _take(start(stop), stop, tell)
            except BaseException as raised:
                error = raised
            tell(_End(error))
            with contextlib.suppress(RuntimeError):
                loop.call_soon_threadsafe(self._release)

        self._threads.submit(work)
        try:
            while True:
                async with asyncio.timeout_at(end):  # ``wait_for`` forgets a cancellation that comes with an item
                    item = await items.get()
                if isinstance(item, _End):
                    if item.error is not None:
                        raise item.error
                    return
                yield item
        except TimeoutError:
            raise self._late() from None
        finally:
            stop.set()

    async def _place(self, end: float) -> None:
        """Wait for a place among those that are written."""
        if self._is_closing:
            raise _closing()
        if self._running < self._limits.running:
            self._running += 1
            return
        if len(self._queue) >= self._limits.waiting:
            raise Refusal(
                503,
                f"{self._limits.waiting} requests are waiting already; try again later",
                kind="server_error",
                code="server_busy",
            )
        turn = asyncio.get_running_loop().create_future()
        self._queue.append(turn)
        try:
            async with asyncio.timeout_at(end):
                await asyncio.shield(turn)
        except TimeoutError:
            self._leave(turn)
            raise self._late() from None
        except asyncio.CancelledError:
            self._leave(turn)
            raise

    def _leave(self, turn: asyncio.Future[None]) -> None:
        """Leave the queue; a place that was given meanwhile goes to the next."""
        if turn in self._queue:
            self._queue.remove(turn)
        elif turn.done() and turn.exception() is None:
            self._release()

    def _release(self) -> None:
        """Give a place to the next that waits."""
        while self._queue:
            turn = self._queue.popleft()
            if not turn.done():
                turn.set_result(None)
                return
        self._running -= 1

    def _late(self) -> Refusal:
        message = f"the {self._limits.seconds:g} seconds that a request may take are over; ask for less"
        return Refusal(504, message, kind="server_error", code="timeout")


def _take(items: Iterator[T], stop: threading.Event, tell: Callable[[T], None]) -> None:
    """Take all items, or as many as are wanted, and close what they come from."""
    try:
        for item in items:
            if stop.is_set():
                return
            tell(item)
    finally:
        close = getattr(items, "close", None)
        if close is not None:
            close()


def _closing() -> Refusal:
    return Refusal(503, "the server is shutting down", kind="server_error", code="shutting_down")
