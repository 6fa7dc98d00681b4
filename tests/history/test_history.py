from __future__ import annotations

import os
import stat
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit import History, HistoryError
from dalle_kit.history import history as module
from tests.history.conftest import document, holding

#: Also what is no text: halves of characters, and zeros.
ANY_TEXT = st.text(st.characters(exclude_categories=()), max_size=60)
PLAIN = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(ANY_TEXT, inner, max_size=3),
    max_leaves=6,
)


@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(ANY_TEXT, st.dictionaries(ANY_TEXT, PLAIN, max_size=3))
def test_any_document_comes_back_as_it_was(fresh: Callable[[], History], text: str, request: dict[str, Any]) -> None:
    history, record = fresh(), document(text, request=request)
    id = history.add(record)
    assert history.get(id) == history.last() == record


def test_an_entry_says_when_and_how_it_was_written_and_without_its_text_no_more(history: History) -> None:
    findings = [{"severity": each, "message": "Zyxwv"} for each in ("note", "note", "warning", "error", "note")]
    record = document("Zyxwv is here.", request={"to": "Zyxwv"}, findings=findings, model="/home/zyxwv/models/mine")
    id = history.add(record, text=False, format="eml")
    assert history.entry(id).as_dict() == {
        "id": 1,
        "written": "2026-11-29T18:00:00+00:00",
        "domain": "email",
        "model": "mine",
        "template": "email",
        "format": "eml",
        "seconds": 0.625,
        "notes": 3,
        "warnings": 1,
        "errors": 1,
        "document": None,
    }
    assert holding(history, "Zyxwv") == []
    with pytest.raises(HistoryError, match=r"text of entry 1 is not kept; 'dalle-kit config set history texts' keeps"):
        history.last()
    history.add(record)
    assert holding(history, "Zyxwv") == ["Zyxwv"]  # the search finds what is there


@pytest.mark.parametrize(
    ("model", "kept"),
    [
        ("writer", "writer"),
        (None, None),
        ("/home/ana/mine", "mine"),
        ("~/ana/mine.gguf", "mine.gguf"),
        ("../ana/mine/", "mine"),
        ("hub:owner/name", "hub:owner/name"),
        ("openai:http://localhost:8000/v1#name", "openai:http://localhost:8000/v1#name"),
    ],
)
def test_of_a_models_path_its_name_is_kept(history: History, model: str | None, kept: str | None) -> None:
    history.add(document(model=model), text=False)
    assert next(history.entries()).model == kept


def test_entries_come_the_newest_first_however_many(history: History, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_PAGE", 3)
    for number in range(10):
        history.add(document(str(number), domain="news" if number % 3 == 0 else "email"), text=number > 4)
    assert [entry.id for entry in history.entries()] == list(range(10, 0, -1))
    assert [entry.id for entry in history.entries(limit=4)] == [10, 9, 8, 7]
    assert [entry.id for entry in history.entries(domain="news")] == [10, 7, 4, 1]
    assert [entry.document["text"] for entry in history.entries() if entry.document] == ["9", "8", "7", "6", "5"]
    assert history.last()["text"] == "9"


def test_a_history_that_is_not_there_is_empty_and_is_not_made(history: History) -> None:
    assert list(history.entries()) == [] and history.search("Ana") == []
    assert history.prune(keep=0) == 0 and not history.has_texts()
    for look in (history.last, lambda: history.get(3), lambda: history.remove([3])):
        with pytest.raises(
            HistoryError, match=r"nothing is in the history; 'dalle-kit config set history texts' keeps"
        ):
            look()
    assert not history.path.parent.exists()


def test_an_unknown_number_is_an_error_that_names_the_nearest(history: History) -> None:
    for _ in range(6):
        history.add(document())
    history.remove([3, 4])
    for id, shown in ((4, "the nearest is 5, the newest 6"), (9, "the newest is 6"), (-1, "the nearest is 1")):
        with pytest.raises(HistoryError, match=f"no entry {id} is in the history: {shown}"):
            history.get(id)
    with pytest.raises(HistoryError, match="no entry 4 "):
        history.remove([1, 4])
    assert history.get(1)  # all, or none


def test_numbers_that_no_database_takes_are_one_error(history: History) -> None:
    history.add(document())
    for ask in (history.get, lambda huge: history.search("review", limit=huge)):
        with pytest.raises(HistoryError, match="no number in the history is so large"):
            ask(2**63)
    with pytest.raises(HistoryError, match="keep -1: "):
        history.prune(keep=-1)
    assert len(list(history.entries())) == 1


def test_a_history_is_at_a_path_that_is_given_as_a_text(path: Path) -> None:
    number = History(str(path)).add(document("The lift works."))
    assert History(path).get(number)["text"] == "The lift works."


def test_to_remove_nothing_removes_nothing(history: History) -> None:
    assert history.remove([]) == 0
    assert not history.path.exists()


def test_numbers_are_not_given_again(history: History) -> None:
    history.add(document())
    history.add(document())
    history.remove([2])
    history.prune(keep=0)
    assert history.add(document()) == 3


WORDS = [f"Quark{letters}vyx" for letters in ("ab", "cde", "fghi", "jk", "lm")]


def fill(history: History) -> None:
    for word in WORDS:
        text = f"Dear {word},\n\nthe {word} of today.\n" + "filler " * 900
        history.add(document(text, request={"to": [f"{word} <{word}@example.com>"]}))
    assert holding(history, *WORDS) == WORDS


def test_of_what_is_removed_nothing_is_left_in_any_file(history: History) -> None:
    fill(history)
    assert history.remove([2, 4, 2]) == 2
    assert holding(history, *WORDS) == [WORDS[0], WORDS[2], WORDS[4]]
    assert [each.entry.id for each in history.search(WORDS[2])] == [3] and history.search(WORDS[1]) == []
    assert history.prune(keep=1) == 2
    assert holding(history, *WORDS) == [WORDS[4]]


def test_the_room_of_what_was_removed_is_used_again(history: History) -> None:
    fill(history)
    size = history.path.stat().st_size
    for _ in range(3):
        history.prune(keep=0)
        fill(history)
    assert history.path.stat().st_size == size


def test_texts_alone_can_be_removed(history: History) -> None:
    fill(history)
    assert history.prune(keep=2, texts_only=True) == 3
    assert holding(history, *WORDS) == WORDS[3:]
    assert [entry.document is None for entry in history.entries()] == [False, False, True, True, True]
    assert history.prune(keep=2, texts_only=True) == 0
    assert history.prune(keep=0, texts_only=True) == 2
    assert len(list(history.entries())) == 5 and not history.has_texts() and holding(history, *WORDS) == []


def test_what_is_old_is_pruned_by_when_it_was_written(history: History) -> None:
    for days in (40, 31, 29, 0):
        created = datetime.now(UTC).astimezone() - timedelta(days=days)
        history.add(document(created=created.isoformat(timespec="seconds")))
    assert history.prune(older_than=timedelta(days=10**6)) == 0
    assert history.prune(older_than=timedelta(days=30), texts_only=True) == 2
    assert history.prune(older_than=timedelta(days=30)) == 2
    assert [entry.id for entry in history.entries()] == [4, 3]


@pytest.mark.skipif(os.name == "nt", reason="permissions of POSIX")
def test_a_history_is_for_its_owner_only(history: History) -> None:
    before = os.umask(0o022)
    try:
        history.add(document())
    finally:
        os.umask(before)
    assert stat.S_IMODE(history.path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in history.path.parent.iterdir()} == {0o600}
