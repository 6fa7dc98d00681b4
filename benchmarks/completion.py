"""How well code is completed: the command ``code complete`` beside the bare model, on functions that have tests.

python benchmarks/completion.py [--lines 100] [--functions 40] [--algorithms 60] [--seed 0] [--output FILE]

What a model writes is run: in processes of its own that have little time and memory and reach neither network nor
files. Each kind of task is drawn by the seed from those whose own tests pass with what the gap was made from.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from code_completion.judging import judge, texts
from code_completion.report import falls, read_report, render
from code_completion.tasks import KINDS, Kind, Task, draw_tasks
from code_completion.writers import Completion, Writer, complete, writers
from common import MODEL

from dalle_kit import Kit


def main() -> None:
    """Complete, measure and print the tables."""
    arguments = read_arguments()
    baseline = read_report(arguments.fail_below) if arguments.fail_below else None
    counts: dict[Kind, int] = dict(
        zip(KINDS, (arguments.lines, arguments.functions, arguments.algorithms), strict=True)
    )
    kit = Kit(model=arguments.model)
    tasks = draw_tasks(counts, seed=arguments.seed)
    written = {name: completions(name, writer, tasks) for name, writer in writers(kit).items()}
    report = judge(tasks, written, model=kit.model, sha256=kit.load("code complete").sha256, seed=arguments.seed)
    if arguments.output:
        arguments.output.write_text(report.to_json(), encoding="utf-8")
    if arguments.texts:
        arguments.texts.write_text("".join(texts(tasks, written, report)), encoding="utf-8")
    print(f"{report.created}, {report.model}, seed {report.seed}", render(report), sep="\n\n")
    fallen = falls(report, baseline) if baseline else []
    if fallen:
        sys.exit(f"significantly worse than {arguments.fail_below}: {'; '.join(fallen)}")


def read_arguments() -> argparse.Namespace:
    """Return the command line's options."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--lines", type=int, default=100, help="tasks of one line, of 1,033")
    parser.add_argument("--functions", type=int, default=40, help="tasks of a function's body, of 164")
    parser.add_argument("--algorithms", type=int, default=60, help="tasks of a body inside a file, of 232")
    parser.add_argument("--seed", type=int, default=0, help="of the draws")
    parser.add_argument("--model", default=MODEL, help="the model of all writers")
    parser.add_argument("--output", type=Path, help="write all figures as JSON")
    parser.add_argument("--texts", type=Path, help="write all completions as JSON lines")
    parser.add_argument("--fail-below", type=Path, help="an earlier --output: exit code 1 on a significant fall")
    return parser.parse_args()


def completions(name: str, writer: Writer, tasks: Sequence[Task]) -> list[Completion]:
    """Return a writer's completions, telling how far it is."""
    return complete(writer, tasks, progress=lambda done: print(f"{name}: {done}/{len(tasks)}", file=sys.stderr))


if __name__ == "__main__":
    main()
