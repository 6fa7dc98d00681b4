"""Writing a text for each row into an output, those that are done already left out."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from dalle_kit.batching.facts import facts_of
from dalle_kit.batching.outputs import Output
from dalle_kit.batching.row import Line, Row
from dalle_kit.batching.writer import Plan, Rendered, Writers, failed, in_threads, sha256_of
from dalle_kit.domain import Request
from dalle_kit.errors import RequestError
from dalle_kit.models.spec import Progress, silent
from dalle_kit.recording import plain_fields

if TYPE_CHECKING:
    from dalle_kit.kit import Kit


@dataclass(frozen=True, slots=True)
class Prepared:
    """The rows, the requests of those that have one, the problems of the others, and what the texts depend on."""

    rows: Sequence[Row]
    requests: Mapping[int, Request]
    problems: Mapping[int, str]
    facts: Mapping[str, Any]

    def kept(self, done: Mapping[int, Line]) -> dict[int, Line]:
        """Return the lines of rows that are done: those that failed are tried again, but for what has no request."""
        return {number: line for number, line in done.items() if line["status"] != "failed" or number in self.problems}

    def left(self, done: Collection[int]) -> list[Row]:
        """Return the rows that have a request and are not done, with the fields of the request."""
        return [
            replace(row, fields=plain_fields(self.requests[row.number]))
            for row in self.rows
            if row.number in self.requests and row.number not in done
        ]


@dataclass(frozen=True, slots=True)
class Totals:
    """How a batch ended: the rows that were written, those with findings among them, and those that failed.

    ``again`` of these may be tried again. ``new`` rows were done by this run, in so many ``seconds``.
    """

    rows: int
    written: int
    findings: int
    failures: tuple[Line, ...]
    again: int
    new: int
    seconds: float


def prepare(kit: Kit, plan: Plan, rows: Sequence[Row]) -> Prepared:
    """Make the requests of the rows, without a model.

    Raises RequestError where no row has one, and what is wrong with the plan: a template, a set of examples, a format.
    """
    requests: dict[int, Request] = {}
    problems = {row.number: f"{row.place}: {row.problem}" for row in rows if row.problem}
    for row in rows:
        if row.number in problems:
            continue
        try:
            request = kit.request(plan.domain, row.fields, like=plan.arguments.get("like", ()))
            if plan.format is not None:
                kit.check_format(plan.domain, request, plan.format)
        except RequestError as error:
            problems[row.number] = f"{row.place}: {error}"
        else:
            requests[row.number] = request
    if not requests:
        raise RequestError(f"no row of {len(rows)} can be written; {problems[rows[0].number]}")
    problems = dict(sorted(problems.items()))
    told = [[row.id, plain_fields(requests[row.number]) if row.number in requests else None] for row in rows]
    facts = {"requests": sha256_of(told), **facts_of(kit, plan, list(requests.values()))}
    return Prepared(rows, requests, problems, facts)


def write_rows(
    kit: Kit,
    plan: Plan,
    prepared: Prepared,
    output: Output,
    *,
    writers: Writers | None = None,
    progress: Progress = silent,
) -> Totals:
    """Write the rows that are not done yet into an output, and say how it ended.

    ``writers`` are the threads of this process unless others are given. A row that cannot be written does not stop the
    others; a model that cannot be used does, with ModelError, and so does an interruption: what is done stays done.
    """
    total, lines = len(prepared.rows), prepared.kept(output.done)

    def take(line: Line, rendered: Rendered) -> None:
        output.take(line, rendered)
        lines[line["row"]] = line

    for row in prepared.rows:
        if row.number in prepared.problems and row.number not in lines:
            take(failed(row, prepared.problems[row.number]), None)
    left = prepared.left(lines)
    if writers is None or not left:  # for no row, no process is started
        writers = partial(in_threads, kit, plan)
    with contextlib.closing(writers(left)) as written:
        start = time.monotonic()
        progress("writing", len(lines), total)
        for line, rendered in written:
            take(line, rendered)
            progress("writing", len(lines), total)
    assert len(lines) == total
    failures = tuple(lines[number] for number in sorted(lines) if lines[number]["status"] == "failed")
    again = sum(line["row"] in prepared.requests for line in failures)
    output.finish(again=bool(again))
    findings = sum(bool(line.get("findings")) for line in lines.values())
    return Totals(total, total - len(failures), findings, failures, again, len(left), time.monotonic() - start)
