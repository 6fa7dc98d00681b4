"""A document while it is written."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from types import TracebackType
from typing import TYPE_CHECKING

from dalle_kit.models.spec import Progress, silent
from dalle_kit.records import Document

if TYPE_CHECKING:
    from dalle_kit.explain import Explanation


class DocumentStream:
    """A document while it is written: iterate for the provisional text's pieces, then read ``document``.

    Closing it early (or leaving its ``with`` block) stops the generation.
    """

    def __init__(
        self, pieces: Iterator[str], documents: list[Document], *, explain: Callable[..., Explanation]
    ) -> None:
        self._pieces = pieces
        self._documents = documents
        self._explain = explain

    def __iter__(self) -> Iterator[str]:
        return self

    def __next__(self) -> str:
        return next(self._pieces)

    def __enter__(self) -> DocumentStream:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def finish(self) -> Document:
        """Take all remaining pieces and return the document."""
        for _ in self._pieces:
            pass
        return self.document

    @property
    def is_finished(self) -> bool:
        """Whether the document is there; after an interruption it can be, as far as it had come."""
        return bool(self._documents)

    @property
    def document(self) -> Document:
        """The finished document; raises RuntimeError while pieces are left or when the stream was closed early."""
        if not self._documents:
            raise RuntimeError("the document is not finished: take all pieces of the stream first")
        return self._documents[0]

    def explain(self, *, orders: int | None = None, progress: Progress = silent) -> Explanation:
        """Say what each sentence of the finished document rests on; ``orders`` as in ``Kit.explain``."""
        return self._explain(self.document, orders=orders, progress=progress)

    def close(self) -> None:
        """Stop the generation."""
        close = getattr(self._pieces, "close", None)
        if close is not None:
            close()
