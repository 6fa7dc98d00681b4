"""The Python API for asyncio: a Kit's methods, awaited, while threads compute."""

from __future__ import annotations

import asyncio
import contextlib
import contextvars
import os
import threading
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING, Any, TypeVar

from dalle_kit.document_stream import DocumentStream
from dalle_kit.domain import Request
from dalle_kit.kit import Kit
from dalle_kit.records import Document
from dalle_kit.requesting import Fields

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.explain import Explanation
    from dalle_kit.reproduction import Reproduction

Outcome = TypeVar("Outcome")

#: So many calls of an AsyncKit run at once: more than an engine computes together, so others are prepared meanwhile.
_THREADS = 32


class AsyncKit:
    """A Kit for asyncio: the same methods, awaited, while threads compute.

    Cancelling ``generate``, ``stream`` and ``batch`` stops them at the next token (a batch then still takes a moment
    for each of its documents); the others run to their end.
    """

    def __init__(self, kit: Kit | None = None, **settings: Any) -> None:
        if kit is not None and settings:
            raise TypeError(f"give a Kit or its settings ({', '.join(settings)}), not both")
        self.kit = kit if kit is not None else Kit(**settings)
        # Of its own: those of the loop are for what is quick, such as the application's looking up of addresses. By the
        # process, as the threads of one that forked are not in the other.
        self._threads: dict[int, ThreadPoolExecutor] = {}

    def _in_thread(self, function: Callable[..., Outcome], /, *names: Any, **arguments: Any) -> asyncio.Future[Outcome]:
        """Have a thread call a function, in the context of the caller."""
        process = os.getpid()
        if process not in self._threads:
            self._threads[process] = ThreadPoolExecutor(_THREADS, thread_name_prefix="dalle-kit-async")
        call = partial(contextvars.copy_context().run, function, *names, **arguments)
        return asyncio.get_running_loop().run_in_executor(self._threads[process], call)

    async def load(self, domain: str | None = None) -> Engine:
        """Fetch and load the model, as ``Kit.load``."""
        return await self._in_thread(self.kit.load, domain)

    async def generate(self, domain: str, request: Fields | Request | None = None, **arguments: Any) -> Document:
        """Write one document, as ``Kit.generate``."""
        stop = threading.Event()
        opened = await self._in_thread(self.kit.stream, domain, request, stopped=stop.is_set, **arguments)
        async for _ in self._pieces(opened, stop):
            pass
        return opened.document

    async def stream(
        self, domain: str, request: Fields | Request | None = None, **arguments: Any
    ) -> AsyncGenerator[str | Document, None]:
        """Yield the pieces of the provisional text as ``Kit.stream``, then the Document.

        Leaving early, best out of ``async with contextlib.aclosing(...)``, stops the generation.
        """
        stop = threading.Event()
        opened = await self._in_thread(self.kit.stream, domain, request, stopped=stop.is_set, **arguments)
        async for piece in self._pieces(opened, stop):
            yield piece
        yield opened.document

    async def alternatives(
        self, domain: str, request: Fields | Request | None = None, **arguments: Any
    ) -> list[Document]:
        """Write several documents to choose from, as ``Kit.alternatives``."""
        return await self._in_thread(self.kit.alternatives, domain, request, **arguments)

    async def batch(self, domain: str, requests: Iterable[Fields | Request], **arguments: Any) -> list[Document]:
        """Write a document for each request, as ``Kit.batch``."""
        stop = threading.Event()
        work = self._in_thread(self.kit.batch, domain, requests, stopped=stop.is_set, **arguments)
        return await _outcome(work, stop)

    async def explain(self, domain: str, request: Fields | Request | None = None, **arguments: Any) -> Explanation:
        """Write a document and say what its sentences rest on, as ``Kit.explain``."""
        return await self._in_thread(self.kit.explain, domain, request, **arguments)

    async def reproduce(self, record: Document | Mapping[str, Any], **arguments: Any) -> Reproduction:
        """Make a recorded text again, as ``Kit.reproduce``."""
        return await self._in_thread(self.kit.reproduce, record, **arguments)

    async def revise(self, document: Document | Mapping[str, Any], *instructions: str, **arguments: Any) -> Document:
        """Revise a document, as ``Kit.revise``."""
        return await self._in_thread(self.kit.revise, document, *instructions, **arguments)

    async def _pieces(self, stream: DocumentStream, stop: threading.Event) -> AsyncIterator[str]:
        """Yield a stream's pieces, each computed in a thread; leaving early waits for the one under way, then stops."""
        try:
            while True:
                piece = await _outcome(self._in_thread(next, stream, None), stop)
                if piece is None:
                    return
                yield piece
        finally:
            stream.close()


async def _outcome(step: asyncio.Future[Outcome], stop: threading.Event) -> Outcome:
    """Return what a thread computes; cancelled, have it stop and wait until it has."""
    try:
        return await asyncio.shield(step)
    except asyncio.CancelledError:
        stop.set()
        # Cancelled again or not: a stream cannot be closed while it computes.
        while not step.done():
            with contextlib.suppress(asyncio.CancelledError):
                await asyncio.wait([step])
        raise
