"""The language server as editors meet it: a process that speaks the protocol and nothing else."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from tests.editing.client import Client
from tests.editing.scripted_server import BADLY, LOUDLY, SLOWLY

CANCELLED, MODIFIED, INVALID = -32800, -32801, -32602
ROOT = "file:///work"

SLOW = f"# {SLOWLY}\nx = "


def uri(name: str) -> str:
    return f"{ROOT}/{name}"


def written(answer: dict[str, Any]) -> str:
    (item,) = answer["result"]["items"]
    return str(item["insertText"])


def code(answer: dict[str, Any]) -> int:
    return int(answer["error"]["code"])


def words(notes: Path) -> int:
    return len(notes.read_text())


def settled(notes: Path) -> int:
    """How many words there are, once what was stopped in another test has come to its end."""
    while True:
        before = words(notes)
        time.sleep(0.5)  # ten words, where the machine is not too busy for one
        if words(notes) == before:
            return before


def wait_for_words(notes: Path, count: int) -> None:
    end = time.monotonic() + 60
    while words(notes) < count:
        assert time.monotonic() < end, "nothing is written"
        time.sleep(0.01)


def test_it_says_what_it_can_do_and_how_it_counts(start: Callable[..., Client], notes: Path) -> None:
    client = start(notes=notes)
    able = client.begin(encodings=("utf-8", "utf-16"))
    assert able["positionEncoding"] == "utf-8"
    assert able["textDocumentSync"]["openClose"] and able["textDocumentSync"]["change"] == 2
    assert "inlineCompletionProvider" in able and "completionProvider" in able
    client.open(uri("a.py"), "s = '😋'; x = ")
    assert written(client.answer(client.inline(uri("a.py"), 0, 16))) == "7 * 6"
    assert client.leave() == 0
    assert client.garbage == b""


def test_the_model_is_loaded_at_once_with_a_progress_bar(scripted: Client) -> None:
    ended = scripted.wait(lambda message: message.get("params", {}).get("value", {}).get("kind") == "end")
    assert ended["method"] == "$/progress"
    kinds = [each["params"]["value"]["kind"] for each in scripted.seen if each.get("method") == "$/progress"]
    assert kinds[0] == "begin"


def test_a_completion_stands_where_the_cursor_is(scripted: Client) -> None:
    scripted.open(uri("place.py"), "s = '😋'; x = \ny = 2\n")
    answer = scripted.answer(scripted.inline(uri("place.py"), 0, 14))
    here = {"line": 0, "character": 14}
    assert answer["result"]["items"] == [{"insertText": "7 * 6", "range": {"start": here, "end": here}}]


def test_edits_are_followed_past_what_only_python_takes_for_a_line_end(scripted: Client) -> None:
    scripted.open(uri("edits.py"), "a = 1\f\u2028b = '😋'\r\nx = 1\r\n")
    at = {"start": {"line": 1, "character": 4}, "end": {"line": 2, "character": 0}}
    first = {"start": {"line": 0, "character": 10}, "end": {"line": 0, "character": 14}}
    scripted.change(uri("edits.py"), {"range": at, "text": ""}, {"range": first, "text": " '"})
    answer = scripted.answer(scripted.inline(uri("edits.py"), 1, 4))
    assert written(answer) == "7 * 6"
    scripted.change(uri("edits.py"), {"text": "z = "})
    assert written(scripted.answer(scripted.inline(uri("edits.py"), 0, 4))) == "7 * 6"


def test_the_list_puts_the_word_before_the_cursor_in_again(scripted: Client) -> None:
    scripted.open(uri("list.py"), "number = 3\nresult = number")
    (item,) = scripted.answer(scripted.listed(uri("list.py"), 1, 15))["result"]["items"]
    start, end = item["textEdit"]["range"]["start"], item["textEdit"]["range"]["end"]
    assert (start, end) == ({"line": 1, "character": 9}, {"line": 1, "character": 15})
    assert item["textEdit"]["newText"].startswith("number") and item["filterText"] == item["textEdit"]["newText"]
    assert item["insertTextMode"] == 1


def test_what_the_editor_shows_from_a_list_is_gone_on_from(scripted: Client) -> None:
    scripted.open(uri("chosen.py"), "x = num")
    at = {"start": {"line": 0, "character": 4}, "end": {"line": 0, "character": 7}}
    number = scripted.inline(uri("chosen.py"), 0, 7, selectedCompletionInfo={"range": at, "text": "number + "})
    (item,) = scripted.answer(number)["result"]["items"]
    assert (item["insertText"], item["range"]) == ("number + 7 * 6", at)


def test_a_cancelled_completion_is_written_no_further(scripted: Client, notes: Path) -> None:
    before = settled(notes)
    scripted.open(uri("cancelled.py"), SLOW)
    number = scripted.inline(uri("cancelled.py"), 1, 4)
    wait_for_words(notes, before + 3)
    scripted.notify("$/cancelRequest", {"id": number})
    assert code(scripted.answer(number)) == CANCELLED
    time.sleep(0.3)  # the word under way
    after = words(notes)
    time.sleep(0.4)
    assert words(notes) == after < before + 30
    scripted.change(uri("cancelled.py"), {"text": "x = "})
    assert written(scripted.answer(scripted.inline(uri("cancelled.py"), 0, 4))) == "7 * 6"


def test_a_newer_place_is_written_instead_of_the_older_one(scripted: Client) -> None:
    scripted.open(uri("newer.py"), f"{SLOW}\ny = ")
    older = scripted.inline(uri("newer.py"), 1, 4)
    newer = scripted.inline(uri("newer.py"), 2, 4)
    assert code(scripted.answer(older)) == MODIFIED
    assert written(scripted.answer(newer))


def test_who_asks_for_the_same_place_gets_the_same_text_written_once(scripted: Client, notes: Path) -> None:
    scripted.open(uri("same.py"), "# once\nx = ")
    before = settled(notes)
    both = [scripted.inline(uri("same.py"), 1, 4), scripted.listed(uri("same.py"), 1, 4)]
    inline, listed = (scripted.answer(number) for number in both)
    assert listed["result"]["items"][0]["textEdit"]["newText"] == written(inline) == "7 * 6"
    assert written(scripted.answer(scripted.inline(uri("same.py"), 1, 4))) == "7 * 6"
    assert words(notes) == before + 3


def test_an_edit_between_question_and_answer_makes_the_answer_stale(scripted: Client) -> None:
    scripted.open(uri("edited.py"), SLOW)
    number = scripted.inline(uri("edited.py"), 1, 4)
    scripted.change(uri("edited.py"), {"text": "y = "})
    assert code(scripted.answer(number)) == MODIFIED


def test_a_closed_file_is_completed_no_more(scripted: Client) -> None:
    scripted.open(uri("closed.py"), SLOW)
    number = scripted.inline(uri("closed.py"), 1, 4)
    scripted.notify("textDocument/didClose", {"textDocument": {"uri": uri("closed.py")}})
    assert code(scripted.answer(number)) == MODIFIED
    assert scripted.answer(scripted.inline(uri("closed.py"), 1, 4))["result"] is None
    assert scripted.told("closed.py").startswith("closed.py: it is not open")
    scripted.change(uri("never.py"), {"text": "x = "})
    assert "not opened" in scripted.told("never.py")


def test_who_types_fast_has_nothing_written_in_between(scripted: Client, notes: Path) -> None:
    scripted.open(uri("fast.py"), "# fast\nx")
    before, numbers = settled(notes), []
    for count, letter in enumerate(" = "):
        end = {"line": 1, "character": 1 + count}
        scripted.change(uri("fast.py"), {"range": {"start": end, "end": end}, "text": letter})
        numbers.append(scripted.inline(uri("fast.py"), 1, 2 + count, kind=2))
    assert [code(scripted.answer(number)) for number in numbers[:2]] == [MODIFIED, MODIFIED]
    assert written(scripted.answer(numbers[2])) == "7 * 6"
    assert words(notes) == before + 3


def test_a_completion_takes_no_longer_than_its_budget(scripted: Client) -> None:
    scripted.open(uri("budget.py"), SLOW)
    start = time.monotonic()
    answer = scripted.answer(scripted.inline(uri("budget.py"), 1, 4))
    assert time.monotonic() - start < 2.0 + 3.0  # all of it would take at least three seconds
    assert written(answer).startswith("1")


@pytest.mark.parametrize(
    ("name", "language", "known"),
    [
        ("noted.txyz", "python", True),
        ("noted.py", "no-such-language", True),
        ("noted.tsx", "typescriptreact", True),
        ("Untitled-1", "javascriptreact", True),
        ("noted.xyz", "no-such-language", False),
    ],
)
def test_the_language_is_what_the_editor_says_else_what_the_name_does(
    scripted: Client, name: str, language: str, known: bool
) -> None:
    scripted.open(uri(name), "x = ", language=language)
    answers = [scripted.answer(scripted.inline(uri(name), 0, 4)) for _ in range(2)]
    assert [bool(answer["result"]) for answer in answers] == [known, known]
    told = [line for line in scripted.logs if line.startswith(f"{name}: ")]
    assert told == ([] if known else [f"{name}: its language is not known, neither as {language!r} nor by its name"])


def test_an_empty_file_and_a_huge_one_are_left_alone(scripted: Client) -> None:
    scripted.open(uri("empty.py"), "\n")
    assert scripted.answer(scripted.inline(uri("empty.py"), 0, 0))["result"] is None
    scripted.open(uri("huge.py"), "x = 1\n" * 20_000 + "y = ")
    start = time.monotonic()
    assert scripted.answer(scripted.inline(uri("huge.py"), 20_000, 4))["result"] is None
    assert time.monotonic() - start < 5
    assert "120,004 characters are too many" in scripted.told("huge.py")


def test_a_failure_is_one_line_without_the_files_text_and_the_next_completion_works(scripted: Client) -> None:
    scripted.open(uri("bad.py"), f"# {BADLY} secret-of-the-file\nx = ")
    assert scripted.answer(scripted.inline(uri("bad.py"), 1, 4))["result"] is None
    assert scripted.told("bad.py") == "bad.py: internal error in a completion (ZeroDivisionError)"
    scripted.open(uri("bad.py"), f"# {LOUDLY}\nx = ")
    assert written(scripted.answer(scripted.inline(uri("bad.py"), 1, 4))) == "7 * 6"
    assert scripted.garbage == b""


def test_what_is_no_message_is_told_and_the_next_one_is_understood(scripted: Client) -> None:
    for body in (b"{no json", b"[1, 2]", b'{"jsonrpc": "2.0"}', b"\xff\xfe", b"[" * 100_000):
        scripted.write(b"Content-Length: %d\r\n\r\n%s" % (len(body), body))
    scripted.write(b"Content-Length: nine\r\n\r\n{}")
    scripted.write(b"content-length: 2\r\n\r\n{}")
    number = scripted.request("textDocument/inlineCompletion", {"textDocument": {"uri": uri("x.py")}})
    assert code(scripted.answer(number)) == INVALID
    number = scripted.request("textDocument/completion", {"textDocument": {"uri": 1}, "position": {"line": -1}})
    assert code(scripted.answer(number)) == INVALID
    assert scripted.answer(scripted.request("no/such/method"))["error"]["code"] == -32601
    scripted.told("a message could not be handled")
    scripted.open(uri("after.py"), "x = ")
    assert written(scripted.answer(scripted.inline(uri("after.py"), 0, 4))) == "7 * 6"


def test_a_place_outside_of_the_file_is_its_end(scripted: Client) -> None:
    scripted.open(uri("outside.py"), "x = ")
    answer = scripted.answer(scripted.inline(uri("outside.py"), 99, 99))
    assert answer["result"]["items"][0]["range"]["start"] == {"line": 0, "character": 4}


@pytest.mark.parametrize("way", ["exit", "end"])
def test_an_editor_that_leaves_without_a_word_ends_the_server(
    start: Callable[..., Client], notes: Path, way: str
) -> None:
    client = start(notes=notes)
    client.begin()
    client.open(uri("left.py"), SLOW)
    before = settled(notes)
    client.inline(uri("left.py"), 1, 4)
    wait_for_words(notes, before + 1)
    assert client.process.stdin is not None and client.process.stderr is not None
    if way == "exit":
        client.notify("exit", None)
    else:
        client.process.stdin.close()
    assert client.process.wait(timeout=20) == 1
    assert client.process.stderr.read() == b""
