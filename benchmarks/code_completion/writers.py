"""Who completes the code: the toolkit's command, and the bare model told nothing but what stands before the gap.

The bare model writes greedily, up to the same number of tokens, and its text is cut as is usual for such models: a
line is its first line that is not blank; a body ends where one of ``BODY_ENDS`` begins. It is asked twice: with the
text before the gap exactly as it is, and with the blanks at that text's end left for it to write, since it has learned
to write a line's indentation together with the line break before it.

What was in the gap, put through the command's post-processing, shows what that does to right answers.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from itertools import groupby

from code_completion.tasks import MOST_TOKENS, Task
from dalle_kit import DalleKitError, Document, Draft, GenerationOptions, Kit

DOMAIN = "code complete"

#: Written together.
BATCH = 16

#: What begins something else than the body; the stops that HumanEval was published with.
BODY_ENDS = ("\nclass", "\ndef", "\n#", "\nif", "\nprint")


@dataclass(frozen=True, slots=True)
class Completion:
    """What a writer put into a task's gap; ``findings`` is None for a writer that has no checks.

    ``seconds`` are of processor time, a task's share of its batch.
    """

    text: str
    findings: tuple[str, ...] | None
    seconds: float


#: Completes tasks of one kind.
Writer = Callable[[Sequence[Task]], list[Completion]]


def writers(kit: Kit) -> dict[str, Writer]:
    """Return the writers that are compared, by name; the first is the toolkit."""
    return {
        DOMAIN: partial(write_ours, kit),
        "its first draft": partial(write_ours, kit, repair=False),
        "bare model": partial(write_bare, kit, trim=False),
        "bare model, blanks left to it": partial(write_bare, kit, trim=True),
        "right answer, post-processed": partial(write_right, kit),
    }


def complete(writer: Writer, tasks: Sequence[Task], *, progress: Callable[[int], None]) -> list[Completion]:
    """Return the completions of all tasks, in their order, written in batches of one kind; ``progress`` counts."""
    found: list[Completion] = []
    for _, group in groupby(tasks, key=lambda task: task.kind):
        for batch in _batches(list(group)):
            found += _together(writer, batch)
            progress(len(found))
    return found


def _together(writer: Writer, tasks: Sequence[Task]) -> list[Completion]:
    """Return the completions of a batch; a task that is refused is left empty, with the error as its finding."""
    try:
        return writer(tasks)
    except DalleKitError as error:
        if len(tasks) > 1:
            return [completion for task in tasks for completion in _together(writer, [task])]
        return [Completion("", (f"refused: {error}",), 0.0)]


def write_ours(kit: Kit, tasks: Sequence[Task], *, repair: bool = True) -> list[Completion]:
    """Complete with ``code complete``; without ``repair`` the first draft is taken, whatever follows the gap."""
    start = time.process_time()
    requests = [_request(task) for task in tasks]
    documents = kit.batch(DOMAIN, requests, max_tokens=MOST_TOKENS[tasks[0].kind], seed=0, repair=repair)
    seconds = (time.process_time() - start) / len(tasks)
    return [Completion(document.text, _findings(document), seconds) for document in documents]


def write_bare(kit: Kit, tasks: Sequence[Task], *, trim: bool) -> list[Completion]:
    """Complete by continuing what stands before the gap; with ``trim`` the blanks at its end are left to the model."""
    kind = tasks[0].kind
    prompts = [task.before.rstrip() if trim else task.before for task in tasks]
    stops = () if kind == "line" else BODY_ENDS
    engine = kit.load("code complete")
    start = time.process_time()
    written = engine.generate(prompts, GenerationOptions(max_tokens=MOST_TOKENS[kind], stop=stops))
    seconds = (time.process_time() - start) / len(tasks)
    completions = []
    for task, prompt, generation in zip(tasks, prompts, written, strict=True):
        # From its tokens: the engine trims the text itself, and the indentation counts here.
        text = engine.tokenizer.decode(generation.slots["text"].tokens)
        # What it wrote of the blanks that are there already is no part of the completion.
        text = text.removeprefix(task.before[len(prompt) :])
        completions.append(Completion(first_line(text) if kind == "line" else body(text), None, seconds))
    return completions


def write_right(kit: Kit, tasks: Sequence[Task]) -> list[Completion]:
    """Complete with what was in the gap, as if the model had written it, after the command's post-processing."""
    domain = kit.plugins.domain(DOMAIN)
    completions = []
    for task in tasks:
        start = time.process_time()
        request = domain.parse(_request(task))
        skeleton = kit.shape(DOMAIN, request).skeleton
        (slot,) = skeleton.slots
        draft = domain.finish(request, Draft(skeleton, {slot.name: task.reference}))
        completions.append(Completion(draft.text, None, time.process_time() - start))
    return completions


def first_line(text: str) -> str:
    """Return the first line that is not blank; empty where there is none."""
    return next((line for line in text.split("\n") if line.strip()), "")


def body(text: str) -> str:
    """Return a text up to where something else begins."""
    ends = [at for stop in BODY_ENDS if (at := text.find(stop)) >= 0]
    return text[: min(ends, default=len(text))].rstrip()


def _request(task: Task) -> dict[str, object]:
    before = task.before.split("\n")
    place = {"text": task.filled(""), "path": task.path, "line": len(before), "column": len(before[-1]) + 1}
    return {"place": place, "extent": "line" if task.kind == "line" else "block"}


def _findings(document: Document) -> tuple[str, ...]:
    return tuple(f"{each.severity}: {each.message}" for each in document.findings if each.severity != "note")


def _batches(tasks: Sequence[Task]) -> Iterator[Sequence[Task]]:
    for start in range(0, len(tasks), BATCH):
        yield tasks[start : start + BATCH]
