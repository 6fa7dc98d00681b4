"""A language server whose model writes word after word of a script, slowly, and notes each word in a file."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dalle_kit.editing import server
from dalle_kit.editing.completing import Completer, Limits, choose_domain
from dalle_kit.editing.loading import Reporter
from dalle_kit.editing.stdio import take_stdio
from dalle_kit.engine.results import Piece
from dalle_kit.records import Prompt, Slot
from dalle_kit.testing import ScriptedKit
from dalle_kit.testing.scripted import ScriptedEngine

#: In a file's text: the model takes its time, fails, or prints where it should not.
SLOWLY, BADLY, LOUDLY = "slowly", "badly", "loudly"

WORDS = "1 + " * 60 + "1"


def script(prompt: Prompt, slot: Slot) -> str:
    if BADLY in prompt.text:
        raise ZeroDivisionError(prompt.text)
    if LOUDLY in prompt.text:
        print("loudly, on stdout")
    return WORDS if SLOWLY in prompt.text else "7 * 6"


class SlowEngine(ScriptedEngine):
    """Writes word by word."""

    def __init__(self, notes: Path) -> None:
        super().__init__(script)
        self._notes = notes

    def _pieces(self, row: int, prompt: Prompt, *others: Any) -> Iterator[Piece]:
        for piece in super()._pieces(row, prompt, *others):
            if piece.slot is None:
                yield piece
                continue
            for word in piece.text.split(" "):
                if SLOWLY in prompt.text:
                    time.sleep(0.05)
                with self._notes.open("a") as notes:
                    notes.write("w")
                yield Piece(row, piece.slot, f"{word} ")


def serve(notes: Path) -> int:
    server._QUIET = 0.4  # however busy the machine is, edits come faster than that
    inbox, outbox = take_stdio()
    kit = ScriptedKit(script)
    kit.engine = SlowEngine(notes)
    limits = Limits(seconds=2.0, file=100_000)
    return server.Server(Completer(kit, choose_domain(kit.plugins, None), limits), Reporter()).serve(inbox, outbox)


if __name__ == "__main__":
    sys.exit(serve(Path(sys.argv[1])))
