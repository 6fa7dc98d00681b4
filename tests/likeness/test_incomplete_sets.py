"""Sets of which not all texts have vectors: what could not be looked at is said."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import pytest

from dalle_kit.cli.main import main
from dalle_kit.examples import ExampleStore, Found, encode_set
from dalle_kit.examples.encoder import Vectors
from dalle_kit.testing import ScriptedKit

REQUEST = {"to": ["Ana <ana@example.com>"], "subject": "Van", "points": ["van booked"], "sender": "Tom"}


def test_a_set_whose_encoding_was_interrupted_is_said_until_it_is_whole(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    kit = ScriptedKit(lambda prompt, slot: "The van is booked.")
    real = kit.examples.encoder

    class Interrupted:
        name, sha256 = real.name, real.sha256
        left = 1

        def encode(self, texts: Sequence[str]) -> Vectors:
            if not self.left:
                raise KeyboardInterrupt
            self.left -= 1
            return real.encode(texts)

    store = ExampleStore()
    store.add(
        "letters", [Found(text=f"Hi Ana,\n\nall is well, {n}.\n\nCheers,\nOle", kind="email") for n in range(130)]
    )
    with pytest.raises(KeyboardInterrupt):
        encode_set(store.open("letters"), Interrupted())
    said = [each for each in kit.generate("email", REQUEST, like="letters").findings if each.check == "examples"]
    assert [(each.severity, each.message) for each in said] == [
        (
            "warning",
            "2 of 130 texts of the examples 'letters' are not encoded and were not looked at: "
            "dalle-kit examples add letters",
        )
    ]
    command = ["email", "--to", "ana@example.com", "--subject", "Van", "--like", "letters", "--dry-run"]
    assert main(command) == 0 and capsys.readouterr().err == f"warning: {said[0].message}\n"
    encode_set(store.open("letters"), real)
    assert not kit.generate("email", REQUEST, like="letters").findings
