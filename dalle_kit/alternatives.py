"""Several documents of one request, to choose from."""

from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

from dalle_kit.engine.sampling import candidate_seed
from dalle_kit.errors import OptionError
from dalle_kit.models.spec import Progress
from dalle_kit.records import Document

if TYPE_CHECKING:
    from dalle_kit.document_stream import DocumentStream

#: How boldly words are drawn for the others where the first has the likeliest ones.
_TEMPERATURE = 0.7

#: More than these nobody compares.
_MOST = 9


def alternatives(stream: Callable[..., DocumentStream], *, count: int, progress: Progress) -> list[Document]:
    """Write a document and others of the same request, each with a seed of its own, and return those that differ.

    They are computed together. The one with the fewest errors, then warnings, is the first; of equal ones that which
    is written without a choice. Raises OptionError for a count that cannot be.
    """
    if not 2 <= count <= _MOST:
        raise OptionError("candidates", count, f"a whole number from 2 to {_MOST} to choose from")
    given_up = threading.Event()
    opened = stream(stopped=given_up.is_set)
    progress("writing", 0, count)
    written = [opened.finish()]
    progress("writing", 1, count)
    options = written[0].provenance.options
    bold: dict[str, Any] = {"temperature": options.temperature or _TEMPERATURE, "candidates": 1}
    with ThreadPoolExecutor(count - 1) as pool:
        try:
            seeds = [candidate_seed(options.seed, number) for number in range(1, count)]
            for document in pool.map(lambda seed: stream(stopped=given_up.is_set, **bold, seed=seed).finish(), seeds):
                written.append(document)
                progress("writing", len(written), count)
        except BaseException:
            given_up.set()  # the threads end at their next token
            raise
    distinct: dict[str, Document] = {}
    for document in written:
        distinct.setdefault(document.text, document)
    return sorted(distinct.values(), key=_faults)


def _faults(document: Document) -> tuple[int, int]:
    severities = [finding.severity for finding in document.findings]
    return severities.count("error"), severities.count("warning")
