"""What each row of the benchmark measures, for every runtime that can do it."""

from __future__ import annotations

import sys
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import texts
from bench import OURS, Bench
from common import MODEL
from workers import PeerError, Worker, once, run

LLAMA = "llama.cpp"
_MODULES = {
    OURS: "dalle_kit",
    LLAMA: "llama_cpp",
    "transformers": "transformers",
    "ctranslate2": "ctranslate2",
    "openvino": "openvino_genai",
    "onnxruntime": "onnxruntime_genai",
}
#: Tokens of a prompt: where writing is measured, where reading is, and the part of the latter that is known before.
_SHORT, _LONG, _FIXED = 57, 240, 192
#: Tokens of an e-mail's prompt, and at most of a text whose facts recur.
_EMAIL, _RECURRING = 48, 64
#: Seconds a mail merge may take: of one that would take longer, fewer letters are written and the time is scaled.
_LETTERS_TIME = 300.0
#: Texts that the others write at once in its place.
_SAMPLE = 16


@dataclass(slots=True)
class Row:
    """A row of the table: values by runtime; ``faster`` says whether larger ones are better, None for neither."""

    title: str
    values: dict[str, list[float]]
    goal: str = ""
    digits: int = 2
    more_is_better: bool = False


def imports(bench: Bench) -> list[Row]:
    """Time the import of each package, and of torch, the floor of all that need it."""

    def measure(name: str) -> float:
        return run([bench.peer(name).python, "-c", f"import {_MODULES[name]}"]).seconds

    def torch(name: str) -> float:
        return run([sys.executable, "-c", "import torch"]).seconds

    title, floor = "import of the package, s", "`import torch` alone, the floor of a cold command, s"
    return [Row(title, bench.taken(title, measure)), Row(floor, bench.taken(floor, torch, names=[OURS]))]


def usage(bench: Bench) -> list[Row]:
    """Time the command's help, beside that of llm."""
    commands, title = _commands(bench), "`--help` of the command, s"

    def measure(name: str) -> float:
        return run([*commands[name], "--help"]).seconds

    return [Row(title, bench.taken(title, measure, names=list(commands)))]


def loading(bench: Bench) -> list[Row]:
    """Time loading the model in a new process, imports not counted."""

    def measure(name: str) -> float:
        answers = []
        once(bench.peer(name), lambda worker: answers.append(worker.ask("load", threads=0)))
        bench.versions[name] = answers[0]["version"]
        return float(answers[0]["seconds"])

    title = "load, imports not counted, s"
    return [Row(title, bench.taken(title, measure))]


def cold(bench: Bench) -> list[Row]:
    """Time a cold command to the model's first word on the terminal; others: a process to its first token."""
    title = "cold command to first token, s"
    commands = _writing_commands(bench, "--model", MODEL)

    def measure(name: str) -> float:
        if name in commands:
            command, until = commands[name]
            shown = run(command, until=until).shown
        else:
            shown = once(bench.peer(name), partial(_write_cold, bench, 1)).shown
        assert shown is not None
        return shown

    return [Row(title, bench.taken(title, measure), goal=f"within 1.5 times `llm` ({LLAMA}'s column)")]


def memory(bench: Bench) -> list[Row]:
    """Measure the peak memory of the default command; of what has no command, of a process that writes 128 tokens."""
    title = "peak memory of the default command, MiB"
    commands = _writing_commands(bench)

    def measure(name: str) -> float:
        if name in commands:
            return run(commands[name][0]).memory
        return once(bench.peer(name), partial(_write_cold, bench, 128)).memory

    return [Row(title, bench.taken(title, measure, warm_ups=0), goal="under 700", digits=0)]


def first_token(bench: Bench) -> list[Row]:
    """Time the first token after a prompt, with nothing and with most of it known before."""

    def row(shared: int, goal: str) -> Row:
        def measure(name: str) -> float:
            return bench.write(name, bench.prompts(1, _LONG, shared=shared), 1, shared=shared)[1]

        known = f"the first {shared} of them known" if shared else "none known"
        title = f"warm first token after {_LONG} tokens, {known}, s"
        return Row(title, bench.taken(title, measure), goal=goal, digits=3)

    return [row(0, ""), row(_FIXED, f"half of {LLAMA}'s")]


def single(bench: Bench, count: int, goal: str = "") -> list[Row]:
    """Measure the speed of one text alone, after its first token, without drafts."""
    title = f"one text, {count} tokens, after the first, tokens/s"

    def measure(name: str) -> float:
        first, seconds = bench.write(name, bench.prompts(1, _SHORT), count)
        return (count - 1) / (seconds - first)

    return [Row(title, bench.taken(title, measure), goal=goal, digits=1, more_is_better=True)]


def speculation(bench: Bench) -> list[Row]:
    """Measure texts that say again what their prompts say: ours drafts from these; the others write as many tokens."""
    title = "texts whose facts recur, ours with drafts, after the first token, tokens/s"
    prompts = texts.recurring(bench.tokenizer)

    def ours(prompt: Sequence[int]) -> dict[str, float]:
        return bench.worker(OURS).ask("other", threads=0, name="recur", prompt=prompt, count=_RECURRING)

    counts = [int(ours(prompt)["tokens"]) for prompt in prompts]
    if cut := counts.count(_RECURRING):
        bench.notes.append(f"{title}: {cut} of {len(counts)} did not end by themselves, which flatters drafts")

    def measure(name: str) -> float:
        total = 0.0
        for prompt, count in zip(prompts, counts, strict=True):
            if name == OURS:
                answer = ours(prompt)
                total += answer["seconds"] - answer["first"]
            else:
                first, seconds = bench.write(name, [prompt], count)
                total += seconds - first
        return (sum(counts) - len(counts)) / total

    goal = f"2 times {LLAMA}"
    return [Row(title, bench.taken(title, measure), goal=goal, digits=1, more_is_better=True)]


def batch(bench: Bench, width: int, count: int, goal: str = "") -> list[Row]:
    """Measure several texts at once, reading their prompts included."""
    title = f"{width} texts at once, {count} tokens each, prompts included, tokens/s"

    def measure(name: str) -> float:
        return width * count / bench.write(name, bench.prompts(width, _SHORT), count)[1]

    return [Row(title, bench.taken(title, measure), goal=goal, digits=1, more_is_better=True)]


def merge(bench: Bench) -> list[Row]:
    """Time a mail merge: our documents, checked and repaired; the others write as many tokens, unchecked."""

    def ours(count: int) -> dict[str, float]:
        return bench.worker(OURS).ask("other", threads=0, name="merge", requests=texts.letters(count))

    title = f"{bench.letters} letters of a mail merge, s"
    ours(_SAMPLE)  # loads the model
    seconds = ours(_SAMPLE)["seconds"]
    count = min(bench.letters, max(_SAMPLE, int(_LETTERS_TIME / seconds * _SAMPLE)))
    answer = ours(count)
    tokens = round(answer["tokens"] / count)
    values = {OURS: [answer["seconds"] / count * bench.letters]}
    for name in bench.names[1:]:
        try:
            taken = bench.write(name, bench.prompts(_SAMPLE, _SHORT), tokens)[1]
        except PeerError as error:
            bench.notes.append(f"{title}: {error}")
            continue
        values[name] = [taken / _SAMPLE * bench.letters]
    bench.notes.append(
        f"{title}: ours wrote {count}, {tokens} tokens each in the mean, checked and repaired; the others wrote "
        f"{_SAMPLE} texts of as many tokens at once, unchecked; times are scaled to {bench.letters}"
    )
    return [Row(title, values, digits=1)]


def growth(bench: Bench) -> list[Row]:
    """Measure how cost grows with the prompt's length, the text's and their number: the better of two, for the plot."""
    shapes = {
        "prompt": [(length, (1, length, 1)) for length in (16, 64, 256, 1024)],
        "output": [(count, (1, _SHORT, count)) for count in (16, 64, 256, 1024)],
        "batch": [(width, (width, _SHORT, 32)) for width in (1, 2, 4, 8, 16, 32, 64)],
    }
    for kind, points in shapes.items():
        for at, (width, length, count) in points:
            for name in bench.names:
                try:
                    prompts = (bench.prompts(width, length) for _ in range(2))
                    seconds = min(bench.write(name, each, count)[1] for each in prompts)
                except PeerError as error:
                    bench.notes.append(f"plot, {kind} {at}: {error}")
                    continue
                value = width * count / seconds if kind == "batch" else seconds
                bench.curves.setdefault(kind, {}).setdefault(name, []).append((at, value))
    return []


ROWS: dict[str, Callable[[Bench], list[Row]]] = {
    "import": imports,
    "help": usage,
    "load": loading,
    "cold": cold,
    "memory": memory,
    "first": first_token,
    "single128": partial(single, count=128, goal=f"1.5 times {LLAMA}, 4 times transformers"),
    "single1024": partial(single, count=1024),
    "speculation": speculation,
    "batch4": partial(batch, width=4, count=64),
    "batch16": partial(batch, width=16, count=64, goal=f"3 times {LLAMA}, 2 times transformers"),
    "batch64": partial(batch, width=64, count=32),
    "letters": merge,
    "growth": growth,
}


def _write_cold(bench: Bench, count: int, worker: Worker) -> None:
    worker.ask("write", threads=0, prompts=bench.prompts(1, _EMAIL), count=count, shared=0)


def _commands(bench: Bench) -> dict[str, list[str]]:
    """Return our command, and llm, which has llama.cpp write, where it is installed."""
    commands = {OURS: [sys.executable, "-m", "dalle_kit.cli.main"]}
    if LLAMA in bench.names:
        llm = Path(bench.peer(LLAMA).python).with_name("llm")
        if llm.exists():
            commands[LLAMA] = [str(llm)]
    return commands


def _writing_commands(bench: Bench, *ours: str) -> dict[str, tuple[list[str], str]]:
    """Return commands that write an e-mail, each with the pattern of its first word."""
    commands = _commands(bench)
    written = {OURS: ([*commands[OURS], "email", *texts.EMAIL_OPTIONS, *ours], texts.EMAIL_BEGINS)}
    if LLAMA in commands:
        written[LLAMA] = ([*commands[LLAMA], "-m", "SmolLM2", "-n", texts.EMAIL_ASKED], r"\S")
    return written
