"""One running batch for all threads that ask an engine for texts."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Sequence

from dalle_kit.engine.decoding import Batch
from dalle_kit.engine.results import NOTHING_YET, Piece
from dalle_kit.engine.rows import Row

#: Seconds after which a waiting caller looks again: Windows does not interrupt a wait without an end.
_PATIENCE = 1.0


class Scheduler:
    """Lets the rows of several callers run in one batch, which one of the waiting callers computes at a time.

    No thread of its own: while all callers are busy with what they got, nothing is computed.
    """

    def __init__(self, batch: Batch) -> None:
        self._batch = batch
        # Re-entrant: a caller's iterator may be closed wherever its last reference goes.
        self._changed = threading.Condition(threading.RLock())
        self._is_computing = False

    def run(self, rows: Sequence[Row], *, room: int) -> Iterator[Piece]:
        """Fill the slots of the rows, yielding the texts' pieces as they become certain, and ``NOTHING_YET`` between.

        ``room`` is the number of tokens that the longest row may grow to. Raises what goes wrong with any of the rows;
        the others are then left out too, as they are where the iterator is closed.
        """
        with self._changed:
            self._batch.room = max(self._batch.room, room)
            self._batch.add(rows)
        going = list(rows)
        try:
            while going:
                for row in going:
                    yield from row.drain()
                    if row.failure is not None:
                        raise row.failure
                going = [row for row in going if not row.is_drained]
                self._wait(going)
                if going and not any(row.has_news for row in going):
                    yield NOTHING_YET
        finally:
            for row in rows:
                row.left = True
            with self._changed:
                self._tidy()

    def _wait(self, rows: Sequence[Row]) -> None:
        """Compute a step, or wait until another thread has, unless there is news of the rows."""
        is_ours = False
        try:
            with self._changed:
                if self._is_computing and not any(row.has_news for row in rows):
                    self._changed.wait(_PATIENCE)
                if not rows or self._is_computing or any(row.has_news for row in rows):
                    return
                self._is_computing = is_ours = True
            self._batch.step()
        finally:
            if is_ours:
                with self._changed:
                    self._is_computing = False
                    self._tidy()
                    self._changed.notify_all()

    def _tidy(self) -> None:
        if not self._is_computing and self._batch.is_over:
            self._batch.forget()
