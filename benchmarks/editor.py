"""How long an editor waits for a completion, from question to answer.

python benchmarks/editor.py [--files 20]

A language server with the default model is asked in modules of Python's standard library of 1,000 to 6,000 characters,
each time at a line in a body, in the place of what stands there: when the file was just opened, and again at each of
the next letters of the line, as they are typed. Then a question is taken back while the model reads the file, and the
next one is asked. The load of the machine is told with the result; on a busy one it decides it.
"""

from __future__ import annotations

import argparse
import asyncio
import contextlib
import os
import random
import sys
import time
from pathlib import Path

from common import high, machine, spread, table
from lsprotocol import types
from pygls.exceptions import JsonRpcException
from pygls.lsp.client import LanguageClient

SIZES = range(1_000, 6_001)

#: Letters of a line that are typed, each of them a question.
LETTERS = 6


def modules(count: int) -> list[str]:
    """Return the texts of so many modules, the same each time."""
    texts = [file.read_text(encoding="utf-8") for file in sorted(Path(os.__file__).parent.glob("*.py"))]
    fitting = [text for text in texts if len(text) in SIZES]
    random.Random(1).shuffle(fitting)
    return fitting[:count]


def without_a_line(text: str) -> tuple[str, int, str]:
    """Return a text with a line of a body emptied but for its indentation, the line's number and what stood there."""
    lines = text.split("\n")
    places = [number for number, line in enumerate(lines) if line.startswith(" ") and line.strip()[:1] not in '"#']
    number = places[len(places) * 2 // 3]
    line = lines[number]
    lines[number] = line[: len(line) - len(line.lstrip())]
    return "\n".join(lines), number, line.strip()


async def ask(client: LanguageClient, uri: str, line: int, character: int) -> float:
    """Return the seconds until a completion at a place has come."""
    context = types.InlineCompletionContext(types.InlineCompletionTriggerKind.Invoked)
    at = types.Position(line, character)
    start = time.perf_counter()
    await client.text_document_inline_completion_async(
        types.InlineCompletionParams(context, types.TextDocumentIdentifier(uri), at)
    )
    return time.perf_counter() - start


async def taken_back(client: LanguageClient, uri: str, line: int, character: int) -> tuple[float, float] | None:
    """Return the seconds until a question is answered that is taken back, and until one that is asked after it is.

    None where it was answered before it could be taken back.
    """
    asking = asyncio.ensure_future(ask(client, uri, line, character))
    await asyncio.sleep(0.15)
    if asking.done():
        return None
    start = time.perf_counter()
    client.cancel_request(types.CancelParams(list(client.protocol._request_futures)[-1]))
    with contextlib.suppress(JsonRpcException):
        await asking
    ended = time.perf_counter() - start
    return ended, ended + await ask(client, uri, line, character)


async def measure(count: int) -> str:
    """Return what was measured, as Markdown."""
    client = LanguageClient("benchmark", "1")
    await client.start_io(sys.executable, "-m", "dalle_kit.cli.main", "lsp", "--stdio")
    await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
    client.initialized(types.InitializedParams())
    opened, typed, ended, next_one = [], [], [], []
    for number, text in enumerate(["def first():\n    \n", *modules(count)]):
        uri, language = f"file:///work/module_{number}.py", types.LanguageKind.Python
        text, line, word = without_a_line(text) if number else (text, 1, "return")
        column = len(text.split("\n")[line])
        client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, text)))
        first = await ask(client, uri, line, column)
        for place, letter in enumerate(word[:LETTERS]):
            at = types.Position(line, column + place)
            change = types.TextDocumentContentChangePartial(types.Range(at, at), letter)
            document = types.VersionedTextDocumentIdentifier(2 + place, uri)
            client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
            seconds = await ask(client, uri, line, column + place + 1)
            if number:  # the first file waits for the model
                typed.append(seconds)
        if number:
            opened.append(first)
            back = await taken_back(client, uri, line * 2 // 3, 0)
            if back is not None:
                ended.append(back[0])
                next_one.append(back[1])
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]
    kinds = {
        "file just opened": opened,
        "a letter typed": typed,
        "a question that is taken back": ended,
        "the one asked after that": next_one,
    }
    rows = [[kind, spread(found), f"{high(found):.2f}"] for kind, found in kinds.items()]
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    head = ["seconds to an answer", f"{len(opened)} files", "95 in 100 within"]
    return f"{machine()}; load {load}\n\n{table(head, rows)}"


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20)
    print(asyncio.run(measure(parser.parse_args().files)))


if __name__ == "__main__":
    main()
