"""Documents of several requests, written in parts that suit what computes them."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from functools import partial
from typing import TYPE_CHECKING

from dalle_kit import pipeline
from dalle_kit.choosing import Work
from dalle_kit.errors import DalleKitError, RequestError
from dalle_kit.records import Document, GenerationOptions
from dalle_kit.side_by_side import side_by_side

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.plugin_manager.manager import Plugins


def write_many(
    plugins: Plugins,
    works: Sequence[Work],
    engine: Engine | None,
    options: GenerationOptions,
    *,
    repair: bool,
    budget: float | None,
    stopped: Callable[[], bool] | None,
    at_once: int,
) -> list[Document]:
    """Write a document for each work; ``at_once`` is how many of them a server writes side by side.

    Where one fails, the error's ``documents`` are those written by then, and what a server refuses is named. A
    KeyboardInterrupt gets them as well. None of them was cut short.
    """
    stop, written = threading.Event(), dict[int, Document]()

    def write(first: int, last: int) -> None:
        documents: list[Document] = []
        try:
            for _ in pipeline.write(
                plugins,
                works[first:last],
                engine,
                options,
                documents=documents,
                repair=repair,
                budget=budget,
                stopped=lambda: stop.is_set() or bool(stopped and stopped()),
            ):
                pass
        except RequestError as error:
            if last - first > 1:
                raise
            # A server refuses what one asks for, and is asked for each by itself.
            raise RequestError(f"requests[{first}]: {error}", field=error.field) from error
        except KeyboardInterrupt:
            documents.clear()  # repairs that were under way have ended in plain words
            raise
        finally:
            written.update(
                (number, document)
                for number, document in enumerate(documents, first)
                if not (stop.is_set() and document.provenance.budget_spent)
            )

    runner = engine.runner if engine is not None and budget is None else ""
    try:
        _in_parts(write, len(works), runner=runner, at_once=at_once, stop=stop)
    except (DalleKitError, KeyboardInterrupt) as error:
        # A class of ours for an interruption would end a program that does not catch it in another way than by SIGINT.
        vars(error)["documents"] = written
        raise
    return [written[number] for number in range(len(works))]


def _in_parts(
    write: Callable[[int, int], None], count: int, *, runner: str, at_once: int, stop: threading.Event
) -> None:
    """Write the documents from one number to before another, until all are written."""
    from dalle_kit.engine.engine import ROWS  # takes a while to import

    # What was read for a draft is still known when it is repaired, where not too many others come in between; other
    # engines keep none of it. When the time is limited, all have a draft before any is repaired.
    size = {"native": ROWS, "server": 1}.get(runner, count)
    parts = [partial(write, first, first + size) for first in range(0, count, size)]
    if runner == "server":  # which may go at any time: what it has written must be whole by then
        for _ in side_by_side(parts, at_once=at_once, stop=stop):
            pass
    else:
        for part in parts:
            part()
