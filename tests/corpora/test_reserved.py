"""Texts that are kept for evaluation are recognised, and others are not."""

from __future__ import annotations

import pytest

from dalle_kit.corpora import refuse_reserved, reserved
from dalle_kit.errors import RequestError

KEPT = (
    "The mayor of the old town resigned on Tuesday evening.\nShe had been in office for eleven years.\n\nNo one else."
)
OTHER = "The library opens an hour later during the summer holidays. Nobody has to pay for being late."


@pytest.fixture
def kept(monkeypatch: pytest.MonkeyPatch) -> None:
    data = reserved.pack([KEPT, "Copyright of this text belongs to its several authors."], [OTHER, "..."])
    prints = frozenset(data[at : at + 5] for at in range(0, len(data), 5))
    monkeypatch.setattr(reserved, "_reserved", lambda: prints)


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize(
    "text",
    [
        KEPT,
        "the mayor of the old town resigned on tuesday evening",
        KEPT.replace("\n", " "),
        f"{OTHER} {KEPT}",
    ],
)
def test_a_reserved_text_is_refused_however_it_is_wrapped(text: str) -> None:
    with pytest.raises(RequestError, match=r"^notes.jsonl:3: \d of \d sentences are of a text that is reserved"):
        refuse_reserved(text, place="notes.jsonl:3")


@pytest.mark.usefixtures("kept")
@pytest.mark.parametrize("text", [OTHER, "Short.", "", "\n".join([OTHER] * 4) + KEPT[:55]])
def test_any_other_text_passes(text: str) -> None:
    refuse_reserved(text, place="notes.jsonl:3")


def test_what_other_texts_say_too_is_no_mark_of_a_reserved_one() -> None:
    assert reserved.pack([OTHER], [OTHER.upper()]) == b""


def test_the_fingerprints_that_ship_are_there() -> None:
    assert len(reserved._reserved()) > 10_000
