"""Measuring what the writers wrote: every completion's figures, as a report."""

from __future__ import annotations

import json
import statistics
from collections.abc import Iterator, Mapping, Sequence

from code_completion.measures import measure
from code_completion.report import Report, Values, make_report
from code_completion.tasks import Task
from code_completion.writers import Completion

#: A writer's completions of all tasks, by its name; the toolkit's own comes first.
Written = Mapping[str, Sequence[Completion]]


def judge(tasks: Sequence[Task], written: Written, *, model: str, sha256: str | None, seed: int) -> Report:
    """Return the figures of all completions; runs what they wrote."""
    values: dict[str, Values] = {}
    seconds: dict[str, dict[str, float]] = {}
    for name, completions in written.items():
        pairs = list(zip(tasks, completions, strict=True))
        values[name] = {task.id: figures(task, completion) for task, completion in pairs}
        seconds[name] = {
            kind: statistics.mean(completion.seconds for task, completion in pairs if task.kind == kind)
            for kind in dict.fromkeys(task.kind for task in tasks)
        }
    kinds = {task.id: str(task.kind) for task in tasks}
    return make_report(model=model, sha256=sha256, seed=seed, kinds=kinds, values=values, seconds=seconds)


def figures(task: Task, completion: Completion) -> dict[str, float]:
    """Return the figures of a completion; of a writer with checks also whether they are silent where nothing parses."""
    found = measure(task, completion.text)
    if completion.findings is None:
        return found
    return {**found, "silent": float(not found["parses"] and not completion.findings)}


def texts(tasks: Sequence[Task], written: Written, report: Report) -> Iterator[str]:
    """Yield a line of JSON for each task: the gap, what was there, what each writer put there and its figures."""
    for number, task in enumerate(tasks):
        writers = {
            name: {
                "text": completions[number].text,
                "findings": completions[number].findings,
                **report.values[name][task.id],
            }
            for name, completions in written.items()
        }
        gap = {"id": task.id, "before": task.before, "after": task.after, "reference": task.reference}
        yield json.dumps({**gap, "writers": writers}, ensure_ascii=False) + "\n"
