"""How long one client's long prompt keeps another client's text waiting, and how soon a place is free again.

python benchmarks/long_prompt.py [--tokens 3000] [--runs 3]

A client takes a stream; while it does, another sends a prompt of so many tokens and wants a few. Measured are the gaps
between the stream's pieces before and while the prompt is read, how long that client waits for its first piece, with
the stream beside it and alone, and, where it leaves in the middle of the reading, until the server has its place back.
"""

from __future__ import annotations

import argparse
import http.client
import json
import random
import threading
import time
from collections.abc import Iterator
from typing import Any

from common import machine, spread, table
from server_load import running, server

#: Words of about one token each.
_WORDS = "the of and to in a is that for on with as was at by an be this from or have it had not are but".split()


def prompt(tokens: int, seed: int) -> str:
    """Return a text of about so many tokens that nothing else begins like."""
    chance = random.Random(seed)
    return " ".join(chance.choice(_WORDS) for _ in range(tokens))


def asked(port: int, body: dict[str, Any]) -> tuple[http.client.HTTPConnection, http.client.HTTPResponse]:
    """Ask for a stream, and return once it begins."""
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    given = {"temperature": 0, "stream": True, **body}
    connection.request("POST", "/v1/completions", json.dumps(given), {"Content-Type": "application/json"})
    return connection, connection.getresponse()


def arrivals(response: http.client.HTTPResponse) -> Iterator[float]:
    """Yield when each piece of a stream comes."""
    while line := response.readline():
        if line.startswith(b"data: {"):
            yield time.perf_counter()


def first(port: int, tokens: int, seed: int) -> float:
    """Return the seconds until the first piece after a long prompt is there."""
    start = time.perf_counter()
    connection, response = asked(port, {"prompt": prompt(tokens, seed), "max_tokens": 4})
    seconds = next(arrivals(response)) - start
    response.read()
    connection.close()
    return seconds


def beside(port: int, tokens: int, seed: int) -> tuple[list[float], list[float], float]:
    """Return the gaps of a stream before a long prompt arrives and while it is read, and what its client waits."""
    connection, response = asked(port, {"prompt": "Once", "max_tokens": 1500, "temperature": 1.0, "seed": 1})
    waited: list[float] = []
    reading = threading.Thread(target=lambda: waited.append(first(port, tokens, seed)))
    before: list[float] = []
    during: list[float] = []
    last = 0.0
    for moment in arrivals(response):
        if last:
            (during if reading.ident else before).append(moment - last)
        last = moment
        if len(before) == 20 and not reading.ident:
            reading.start()
        if reading.ident and not reading.is_alive():
            break
    connection.close()
    reading.join()
    return before, during, waited[0]


def leaving(port: int, tokens: int, seed: int) -> float:
    """Return the seconds until the place is free of a client that leaves while its prompt is read."""
    while running(port):
        time.sleep(0.01)
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=600)
    body = {"prompt": prompt(tokens, seed), "max_tokens": 4}
    connection.request("POST", "/v1/completions", json.dumps(body), {"Content-Type": "application/json"})
    while not running(port):
        time.sleep(0.01)
    time.sleep(0.3)
    connection.close()
    start = time.perf_counter()
    while running(port):
        time.sleep(0.01)
    return time.perf_counter() - start


def measure(tokens: int, runs: int) -> str:
    """Return what was measured, as Markdown."""
    with server() as (port, _):
        first(port, 200, 0)
        alone = [first(port, tokens, 100 + run) for run in range(runs)]
        found = [beside(port, tokens, 200 + run) for run in range(runs)]
        left = [leaving(port, tokens, 300 + run) for run in range(runs)]
    rows = [
        ["a gap in the stream before", spread([gap for before, _, _ in found for gap in before], digits=3)],
        ["while the prompt is read", spread([gap for _, during, _ in found for gap in during], digits=3)],
        ["the longest gap of each run", spread([max(during) for _, during, _ in found])],
        ["to the first piece after the prompt, beside the stream", spread([waited for _, _, waited in found])],
        ["the same alone", spread(alone)],
        ["until the place of a client that leaves is free", spread(left)],
    ]
    return f"{machine()}\n\n{table([f'seconds, with a prompt of {tokens} tokens', 'measured'], rows)}"


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--tokens", type=int, default=3000)
    parser.add_argument("--runs", type=int, default=3)
    given = parser.parse_args()
    print(measure(given.tokens, given.runs))


if __name__ == "__main__":
    main()
