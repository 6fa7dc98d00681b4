"""How long an editor waits for a completion, from question to answer.

python benchmarks/editor.py [--files 20]

A language server with the default model is asked in modules of Python's standard library of 1,000 to 6,000 characters,
each time at a line in a body, in the place of what stands there: when the file was just opened, and again with the
first two letters of the line typed. The load of the machine is told with the result; on a busy one it decides it.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import sys
import time
from pathlib import Path

from common import machine, spread, table
from lsprotocol import types
from pygls.lsp.client import LanguageClient

SIZES = range(1_000, 6_001)


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


async def measure(count: int) -> str:
    """Return what was measured, as Markdown."""
    client = LanguageClient("benchmark", "1")
    await client.start_io(sys.executable, "-m", "dalle_kit.cli.main", "lsp", "--stdio")
    await client.initialize_async(types.InitializeParams(types.ClientCapabilities()))
    client.initialized(types.InitializedParams())
    opened, typed = [], []
    for number, text in enumerate(["def first():\n    \n", *modules(count)]):
        uri, language = f"file:///work/module_{number}.py", types.LanguageKind.Python
        text, line, word = without_a_line(text) if number else (text, 1, "return")
        column = len(text.split("\n")[line])
        client.text_document_did_open(types.DidOpenTextDocumentParams(types.TextDocumentItem(uri, language, 1, text)))
        first = await ask(client, uri, line, column)
        at = types.Position(line, column)
        change = types.TextDocumentContentChangePartial(types.Range(at, at), word[:2])
        document = types.VersionedTextDocumentIdentifier(2, uri)
        client.text_document_did_change(types.DidChangeTextDocumentParams(document, [change]))
        second = await ask(client, uri, line, column + len(word[:2]))
        if number:  # the first one waits for the model
            opened.append(first)
            typed.append(second)
    await client.shutdown_async(None)
    client.exit(None)
    await client.stop()  # type: ignore[no-untyped-call]
    rows = [["file just opened", spread(opened)], ["two letters typed", spread(typed)]]
    load = ", ".join(f"{each:.1f}" for each in os.getloadavg())
    return f"{machine()}; load {load}\n\n{table(['seconds to an answer', f'{len(opened)} files'], rows)}"


def main() -> None:
    """Measure, and print the result."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--files", type=int, default=20)
    print(asyncio.run(measure(parser.parse_args().files)))


if __name__ == "__main__":
    main()
