"""Writing rows with one Kit: so many at once, computed together, and none of them harmed by another."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import partial
from typing import TYPE_CHECKING, Any

from dalle_kit.batching.row import Line, Row
from dalle_kit.domain import Request
from dalle_kit.errors import (
    ConfigError,
    DalleKitError,
    ExampleError,
    ModelError,
    OptionError,
    PluginError,
    UnknownNameError,
)
from dalle_kit.recording import fields_of, plain_fields
from dalle_kit.records import Document
from dalle_kit.side_by_side import side_by_side

if TYPE_CHECKING:
    from dalle_kit.kit import Kit

#: A text in the format that was asked for, the record, or nothing where a row failed.
Rendered = str | bytes | Line | None

#: What comes of a row.
Written = tuple[Line, Rendered]

#: What writes rows, whose fields are those that ``plain_fields`` tells: when a model is loaded it returns what yields
#: what comes of each, in any order, and ends all it has started when it is closed.
Writers = Callable[[Sequence[Row]], Generator[Written]]

#: Rows that are written at once: a text then takes 10 to 20 % less of the processor than alone, with 32 hardly less.
TOGETHER = 16

#: What would come again with the next row: it ends the batch.
OF_ALL = (ModelError, PluginError, ConfigError, ExampleError, OptionError, UnknownNameError)


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """What is written of the rows, and how.

    ``format`` is one of the domain's, None for the whole record. ``arguments`` are those of ``Kit.stream``, ``like``
    and the generation options among them. ``together`` rows are computed at once by each process.
    """

    domain: str
    format: str | None = None
    arguments: Mapping[str, Any] = field(default_factory=dict)
    together: int = TOGETHER


def in_threads(kit: Kit, plan: Plan, rows: Sequence[Row]) -> Generator[Written]:
    """Write rows in this process: each by a thread, and all computed together."""
    if rows:
        kit.load(plan.domain)
    return _in_threads(kit, plan, rows)


def _in_threads(kit: Kit, plan: Plan, rows: Sequence[Row]) -> Generator[Written]:
    stop = threading.Event()
    jobs = (partial(write_row, kit, plan, row, stopped=stop.is_set) for row in rows)
    yield from side_by_side(jobs, at_once=plan.together, stop=stop)


def write_row(kit: Kit, plan: Plan, row: Row, *, stopped: Callable[[], bool] | None = None) -> Written:
    """Write a row; whatever goes wrong with it alone is told in its line. Raises what would come again with others."""
    try:
        request = kit.plugins.domain(plan.domain).parse(fields_of(row.fields))
        arguments = {**plan.arguments, "seed": seed_of(kit, plan, row, request)}
        with kit.stream(plan.domain, request, stopped=stopped, **arguments) as stream:
            document = stream.finish()
        rendered = document.as_dict() if plan.format is None else document.render(plan.format)
    except OF_ALL:
        raise
    except Exception as error:  # whatever it is, it must not take the other rows with it
        message = str(error) if isinstance(error, DalleKitError) else f"internal error: {type(error).__name__}: {error}"
        return failed(row, f"{row.place}: {message}"), None
    return _line(row, document), rendered


def seed_of(kit: Kit, plan: Plan, row: Row, request: Request) -> int:
    """Return the seed of a row: that of the plan, where what is written is greedy; else one of the row's own.

    It is made of the plan's, the row's id and its request, so that neither the other rows nor their order matter.
    """
    options = kit.plugins.domain(plan.domain).options
    given = {name: value for name, value in plan.arguments.items() if name in options.names()}
    options = options.merge(given)
    if not options.temperature:
        return options.seed
    return int(sha256_of([options.seed, row.id, plain_fields(request)])[:15], 16)


def failed(row: Row, message: str) -> Line:
    """Return the line of a row that could not be written."""
    return {**_begun(row), "status": "failed", "error": " ".join(message.split())}


def sha256_of(value: Any) -> str:
    """Return the hash of a JSON-ready value."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def _line(row: Row, document: Document) -> Line:
    found = [
        f"{each.severity}: {' '.join(each.message.split())}" for each in document.findings if each.severity != "note"
    ]
    seed = document.provenance.options.seed
    return {**_begun(row), "status": "written", "seed": seed, "findings": found}


def _begun(row: Row) -> Line:
    return {"row": row.number, **({"id": row.id} if row.id else {})}
