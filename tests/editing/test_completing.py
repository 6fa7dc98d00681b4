"""What is asked of the domain for a place in an open file, and what comes of it."""

from __future__ import annotations

import ast
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from dalle_kit.editing.completing import Completer, Limits, Place, choose_domain, domains_for_editors
from dalle_kit.editing.loading import Left, Reporter
from dalle_kit.editing.stdio import LARGEST_MESSAGE, Inbox
from dalle_kit.errors import RequestError, UnknownNameError
from dalle_kit.testing import ScriptedKit
from tests.editing.client import Client

GOING_ON = threading.Event()

CIRCLE = """import math


class Circle:
    \"\"\"A circle with a radius.\"\"\"

    def __init__(self, radius):
        self.radius = radius

    def area(self):
        return math.pi * self.radius ** 2

    def perimeter(self):
        """


@pytest.fixture
def kit() -> ScriptedKit:
    return ScriptedKit({"code": "if x:\n        return 1\n    return 2\n\n\ndef g():\n    pass"})


def completer(kit: ScriptedKit, **limits: int) -> Completer:
    return Completer(kit, "code complete", Limits(**limits))


def place(text: str, **others: object) -> Place:
    values = {"offset": len(text), "language": "python", "path": "a.py", **others}
    return Place(text, **values)  # type: ignore[arg-type]


def test_the_domain_is_the_one_that_needs_a_source_and_nothing_else(kit: ScriptedKit) -> None:
    assert domains_for_editors(kit.plugins) == ["code complete"]
    assert choose_domain(kit.plugins, None) == choose_domain(kit.plugins, "code complete") == "code complete"
    with pytest.raises(UnknownNameError, match="did you mean 'code complete'"):
        choose_domain(kit.plugins, "code completion")
    with pytest.raises(UnknownNameError, match="choose from code complete"):
        choose_domain(kit.plugins, "email")


def test_what_is_inserted_has_the_line_ends_of_the_file_and_is_trimmed_by_the_domain(kit: ScriptedKit) -> None:
    text = "def f(x):\r\n    "
    written = completer(kit).write(place(text), GOING_ON)
    assert written == "if x:\r\n        return 1\r\n    return 2"
    ast.parse(text + written)


def test_the_first_draft_is_taken_as_somebody_waits(kit: ScriptedKit) -> None:
    kit.engine.infills = False
    text = "def f(x):\n    \n    return x + y\n"
    assert completer(kit).write(place(text, offset=14), GOING_ON).startswith("if x:")
    assert len(kit.engine.prompts) == 1


def test_files_that_are_open_beside_it_are_shown_to_the_model(kit: ScriptedKit) -> None:
    beside = {"path": "units.py", "text": "def to_metres(feet):\n    return feet * 0.3048\n"}
    completer(kit).write(place("def f(feet):\n    y = to_metres(", nearby=(beside,)), GOING_ON)
    assert "def to_metres(feet)" in kit.engine.prompts[-1].text


def test_the_model_is_shown_no_more_than_it_can_read_while_somebody_waits(kit: ScriptedKit) -> None:
    text = "".join(f"value_{number} = {number} + {number}\n" for number in range(300)) + "def f(x):\n    "
    completer(kit, context=200).write(place(text), GOING_ON)
    assert 20 < len(kit.engine.tokenizer.encode_prompt(kit.engine.prompts[-1])) <= 200
    completer(kit, context=100_000).write(place(text), GOING_ON)
    assert len(kit.engine.tokenizer.encode_prompt(kit.engine.prompts[-1])) > 400


def test_what_other_open_files_hold_of_what_is_spoken_of_is_left_out_last(kit: ScriptedKit) -> None:
    beside = {"path": "units.py", "text": "def to_metres(feet):\n    return feet * 0.3048\n"}
    text = "".join(f"value_{number} = {number} + {number}\n" for number in range(300))
    text += "def f(feet):\n    y = to_metres("
    completer(kit, context=300).write(place(text, nearby=(beside,)), GOING_ON)
    prompt = kit.engine.prompts[-1]
    assert len(kit.engine.tokenizer.encode_prompt(prompt)) <= 300
    assert "def to_metres(feet)" in prompt.text and "value_299" in prompt.text and "value_9 " not in prompt.text


def test_nothing_is_written_where_nobody_waits_or_the_file_is_too_large(kit: ScriptedKit) -> None:
    stopped = threading.Event()
    stopped.set()
    assert completer(kit).write(place("def f(x):\n    "), stopped) == ""
    with pytest.raises(RequestError, match="files of up to 10 are completed"):
        completer(kit, file=10).write(place("def f(x):\n    "), GOING_ON)
    assert kit.engine.prompts == []


def test_half_a_character_is_an_error_of_the_file_and_no_crash(kit: ScriptedKit) -> None:
    with pytest.raises(RequestError, match="half of one"):
        completer(kit).write(place("x = '\ud83d'\ny = "), GOING_ON)


def test_loading_ends_at_its_next_report_once_the_editor_has_left() -> None:
    reporter, shown = Reporter(), []
    reporter("before anybody shows it", 0, None)
    reporter.show = lambda *report: shown.append(report)
    reporter("loading", 1, 2)
    reporter.leave()
    with pytest.raises(Left):
        reporter("loading", 2, 2)
    assert shown == [("loading", 1, 2)]


def test_a_message_too_large_to_keep_is_read_past(tmp_path: Path) -> None:
    file = tmp_path / "messages"
    with file.open("wb") as stream:
        stream.truncate(LARGEST_MESSAGE + 10)
        stream.seek(0, 2)
        stream.write(b"garbage}Content-Length: 2\r\n\r\n{}")
    with file.open("rb") as stream:
        inbox = Inbox(stream)
        assert inbox.read(LARGEST_MESSAGE + 10) == b"[]"
        assert [inbox.readline(), inbox.readline(), inbox.read(2)] == [b"Content-Length: 2\r\n", b"\r\n", b"{}"]


def test_the_default_model_completes_and_is_stopped(home: Path, start: Callable[..., Client]) -> None:
    client = start("--stdio", "--budget", "60")
    client.begin()
    client.open("file:///work/shapes.py", CIRCLE)
    (item,) = client.answer(client.inline("file:///work/shapes.py", 13, 8), within=120)["result"]["items"]
    assert item["insertText"].strip() and ast.parse(CIRCLE + item["insertText"])
    client.change("file:///work/shapes.py", {"text": f"{CIRCLE}ret"})
    (item,) = client.answer(client.listed("file:///work/shapes.py", 13, 11), within=120)["result"]["items"]
    assert item["textEdit"]["newText"].startswith("ret") and ast.parse(CIRCLE + item["textEdit"]["newText"])
    number = client.inline("file:///work/shapes.py", 9, 8)
    client.notify("$/cancelRequest", {"id": number})
    assert client.answer(number)["error"]["code"] == -32800
    assert client.leave() == 0
    assert client.garbage == b"" and client.logs == []


def test_a_model_that_is_not_there_is_told_and_the_server_goes_on(home: Path, start: Callable[..., Client]) -> None:
    client = start("--model", "smollm2-135n")
    client.begin()
    assert "did you mean 'smollm2-135m'" in client.told("smollm2-135n")
    client.open("file:///work/a.py", "x = ")
    for _ in range(2):
        assert client.answer(client.inline("file:///work/a.py", 0, 4))["result"] is None
    assert len(client.logs) == 1
    assert client.leave() == 0


def test_settings_that_cannot_be_used_are_said_on_stderr(home: Path, start: Callable[..., Client]) -> None:
    client = start("--domain", "code function")
    assert client.process.wait(timeout=60) == 2
    assert client.process.stderr is not None
    assert client.process.stderr.read().startswith(b"Error: no domain that completes a source named 'code function'")
    assert client.garbage == b""
