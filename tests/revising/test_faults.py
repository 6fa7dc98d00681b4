"""What becomes of a revision whose model is on a server that fails."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from dalle_kit import ServerError
from dalle_kit.engine.results import Piece
from dalle_kit.testing import ScriptedKit
from tests.revising.conftest import SENTENCES, request, write


def test_a_server_that_fails_is_told_and_not_that_no_sentence_was_found(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: Any, **__: Any) -> Iterator[Piece]:
        raise ServerError("the server at localhost is busy")
        yield

    kit = ScriptedKit(write)
    document = kit.generate("email", request(*SENTENCES))
    monkeypatch.setattr(kit.engine, "fill", fail)
    with pytest.raises(ServerError, match="is busy"):
        kit.revise(document, redo=[1])
