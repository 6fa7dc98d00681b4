"""Many clients at a server at once: is every answer its own, how long does it take, does memory stay where it was.

python benchmarks/server_load.py [--clients 32] [--seconds 120]

Each of the different requests is first answered alone; under load each answer has to be that one, text for text. Half
of the clients take streams. Halfway, three more, in processes of their own, are killed at once: one that reads a
stream, one whose long prompt is being read, and a command line for which the server writes; the places they had have to
be free again. Memory is the server's resident set. Ends with code 1 where anything was lost or mixed up.
"""

from __future__ import annotations

import argparse
import http.client
import itertools
import json
import random
import re
import statistics
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from common import MODEL, high, machine, table

NAMES = ("Ana", "Ben", "Carla", "Dan", "Elena", "Farid", "Greta", "Hugo", "Ines", "Jonas")
THINGS = ("the boiler", "the lift", "the garden", "the parking", "the stairs", "the mail", "the keys", "the roof")

#: A client of its own, which is killed: it asks for a long text after so many words, and reads it slowly.
_VICTIM = """
import http.client, json, sys, time
connection = http.client.HTTPConnection("127.0.0.1", int(sys.argv[1]))
body = {"prompt": "Once " * int(sys.argv[2]), "max_tokens": 4000, "temperature": 1.0, "seed": 1, "stream": True}
connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
print("asked", flush=True)
response = connection.getresponse()
response.readline()
print("reading", flush=True)
while response.readline():
    time.sleep(0.2)
"""

#: A command line that is killed.
_COMMAND = ["email", "--to", "Ana <ana@example.com>", *(word for n in range(12) for word in ("--point", f"point {n}"))]


@dataclass(frozen=True)
class Task:
    """A request: where it goes and what it says."""

    path: str
    body: dict[str, Any]


@dataclass
class Outcome:
    """What came of the requests: seconds of each, tokens, and what went wrong."""

    seconds: list[float] = field(default_factory=list)
    first: list[float] = field(default_factory=list)
    tokens: int = 0
    wrong: list[str] = field(default_factory=list)
    failed: list[str] = field(default_factory=list)


def tasks() -> list[Task]:
    """Return requests that all differ, of each kind that the server takes."""
    found = []
    for number, (name, thing) in enumerate(zip(itertools.cycle(NAMES), THINGS * 3, strict=False)):
        talk = {"messages": [{"role": "user", "content": f"{name} asks about {thing}. Answer."}], "max_tokens": 24}
        goes_on = {"prompt": f"{name} wrote about {thing} on day {number}:", "max_tokens": 24}
        letter = {
            "request": {"to": [f"{name.lower()}@example.com"], "points": [f"{thing} is on floor {number}"]},
            "max_tokens": 24,
        }
        kinds = ("/v1/chat/completions", talk), ("/v1/completions", goes_on), ("/v1/domains/email/generate", letter)
        found.append(Task(*kinds[number % 3]))
    return found


def ask(port: int, task: Task, *, stream: bool) -> tuple[str, int, float]:
    """Return the text of the answer, its tokens, and the seconds to its first piece; raises OSError for a refusal."""
    start = time.perf_counter()
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    try:
        body = {**task.body, "stream": stream}
        if stream and "domains" not in task.path:
            body["stream_options"] = {"include_usage": True}
        connection.request("POST", task.path, json.dumps(body), {"Content-Type": "application/json"})
        response = connection.getresponse()
        if response.status != 200:
            raise OSError(f"{response.status} {response.read()[:200]!r}")
        if not stream:
            return *_told([json.loads(response.read())]), time.perf_counter() - start
        begin = response.readline()
        first = time.perf_counter() - start
        lines = [line.removeprefix(b"data: ") for line in (begin + response.read()).split(b"\n\n")]
        if lines[-2:] != [b"[DONE]", b""]:
            raise OSError(f"the stream ended with {lines[-2:]!r:.200}")
        return *_told([json.loads(line) for line in lines[:-2] if line]), first
    finally:
        connection.close()


def _told(events: list[Any]) -> tuple[str, int]:
    """Return the text that events tell of, and its tokens."""
    if events[-1].get("object") == "document":
        return events[-1]["text"], events[-1]["provenance"]["generated_tokens"]
    text = ""
    for choice in (choice for event in events for choice in event["choices"]):
        part = choice.get("message") or choice.get("delta") or choice
        text += part.get("content") or part.get("text") or ""
    return text, events[-1]["usage"]["completion_tokens"]


def client(port: int, expected: list[tuple[Task, str]], end: float, seed: int, outcome: Outcome) -> None:
    """Ask again and again until the end."""
    chance = random.Random(seed)
    while time.monotonic() < end:
        task, text = chance.choice(expected)
        start = time.perf_counter()
        try:
            found, tokens, first = ask(port, task, stream=seed % 2 == 1)
        except (OSError, http.client.HTTPException, ValueError) as error:
            outcome.failed.append(f"{type(error).__name__}: {error}")
            continue
        outcome.seconds.append(time.perf_counter() - start)
        outcome.first.append(first)
        outcome.tokens += tokens
        if found != text:
            outcome.wrong.append(f"{found!r} instead of {text!r}")


@contextmanager
def server() -> Iterator[tuple[int, int]]:
    """Run a server; yield its port and its process."""
    command = [sys.executable, "-m", "dalle_kit.cli.main", "serve", "--port", "0"]
    process = subprocess.Popen(command, stderr=subprocess.PIPE, encoding="utf-8")
    assert process.stderr is not None
    try:
        line = process.stderr.readline()
        address = re.search(r":(\d+)/", line)
        assert address, line + process.stderr.read()
        yield int(address[1]), process.pid
    finally:
        process.terminate()
        process.communicate(timeout=60)


def memory(process: int) -> float:
    """Return the MiB that a process has in memory."""
    text = Path(f"/proc/{process}/status").read_text(encoding="utf-8")
    found = re.search(r"VmRSS:\s+(\d+) kB", text)
    assert found
    return int(found[1]) / 1024


def running(port: int) -> int:
    """Return how many requests a server is working on."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    connection.request("GET", "/ready")
    found: int = json.loads(connection.getresponse().read())["running"]
    connection.close()
    return found


def kill_some(port: int) -> None:
    """Kill a client that reads a stream, one whose prompt is being read, and a command line."""
    clients = [
        subprocess.Popen([sys.executable, "-c", _VICTIM, str(port), words], stdout=subprocess.PIPE)
        for words in ("1", "3000")
    ]
    command = [sys.executable, "-m", "dalle_kit.cli.main", *_COMMAND]
    clients.append(subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL))
    for victim, lines in zip(clients, (2, 1, 0), strict=True):
        assert victim.stdout is not None
        for _ in range(lines):
            victim.stdout.readline()
    for victim in clients:
        victim.kill()
        victim.communicate()


def measure(clients: int, seconds: float) -> tuple[str, bool]:
    """Return what was measured, as Markdown, and whether nothing was lost or mixed up."""
    with server() as (port, process):
        alone = {ask(port, task, stream=False)[0]: task for task in tasks()}
        expected = [
            (task, text) for text, task in alone.items()
        ]  # of those that are answered alike one: they show nothing
        outcomes = [Outcome() for _ in range(clients)]
        end = time.monotonic() + seconds
        threads = [
            threading.Thread(target=client, args=(port, expected, end, seed, outcome))
            for seed, outcome in enumerate(outcomes)
        ]
        for thread in threads:
            thread.start()
        taken = []
        killer = threading.Timer(seconds / 2, kill_some, (port,))
        killer.start()
        while time.monotonic() < end:
            time.sleep(min(5.0, seconds / 10))
            taken.append(memory(process))
        for thread in (*threads, killer):
            thread.join()
        time.sleep(2)
        left = running(port)
    is_well = left == 0 and not any(each.wrong or each.failed for each in outcomes)
    verdict = "nothing was lost or mixed up" if is_well else "SOMETHING WAS LOST OR MIXED UP"
    return f"{len(expected)} different requests: {verdict}\n\n{report(outcomes, taken, seconds, left)}", is_well


def report(outcomes: list[Outcome], taken: list[float], seconds: float, left: int) -> str:
    """Return the figures as a table, and what went wrong."""
    times = sorted(time for each in outcomes for time in each.seconds)
    first = sorted(time for each in outcomes[1::2] for time in each.first)
    wrong, failed = ([text for each in outcomes for text in getattr(each, name)] for name in ("wrong", "failed"))
    tokens = sum(each.tokens for each in outcomes)
    rows = [
        ["clients", str(len(outcomes))],
        ["seconds", f"{seconds:g}"],
        ["answers", str(len(times))],
        ["answers that were not their request's", str(len(wrong))],
        ["failures", str(len(failed))],
        ["fewest and most answers of a client", "{} and {}".format(*_ends([len(each.seconds) for each in outcomes]))],
        ["tokens a second", f"{tokens / seconds:.0f}"],
        ["seconds to an answer, median and 95th in 100", f"{statistics.median(times):.1f} and {high(times):.1f}"],
        ["seconds to a stream's first piece, the same", f"{statistics.median(first):.1f} and {high(first):.1f}"],
        ["MiB in memory after each fifth of the time", ", ".join(f"{amount:.0f}" for amount in _course(taken))],
        ["requests still running after the end, three clients killed", str(left)],
    ]
    lines = [machine().partition(f", {MODEL}")[0], "", table(["what", "measured"], rows), "", *wrong[:5], *failed[:5]]
    return "\n".join(lines)


def _ends(values: list[int]) -> tuple[int, int]:
    return min(values), max(values)


def _course(taken: list[float]) -> list[float]:
    return [taken[len(taken) * fifth // 5 - 1] for fifth in range(1, 6)]


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--clients", type=int, default=32)
    parser.add_argument("--seconds", type=float, default=120.0)
    given = parser.parse_args()
    text, is_well = measure(given.clients, given.seconds)
    print(text)
    sys.exit(0 if is_well else 1)


if __name__ == "__main__":
    main()
