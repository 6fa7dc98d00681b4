"""The two domains as a user meets them: prompts, formats, findings, and real completions of the default model."""

from __future__ import annotations

import ast
import itertools
import json
import subprocess
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import Document, Draft, Kit, RequestError
from dalle_kit.cli.main import main

SHAPES = "\ufeffimport math\r\n\r\n\r\ndef area(radius):\r\n    \r\n\r\n\r\nprint(area(2))"
PLACE: dict[str, Any] = {"text": SHAPES, "path": "shapes.py", "line": 5}


@pytest.fixture
def kit(home: Path) -> Kit:
    return Kit()


@pytest.fixture(scope="module")
def document(default_model_home: Path) -> Document:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(default_model_home))
        return Kit().generate("code complete", place=PLACE, max_tokens=24)


def test_the_prompt_is_the_code_and_no_conversation(kit: Kit) -> None:
    shaped = kit.shape("code complete", place=PLACE)
    assert [message.role for message in shaped.prompt.messages] == ["prefix", "suffix"]
    assert kit.prompt_text(shaped) == "import math\n\n\ndef area(radius):"
    (slot,) = shaped.skeleton.slots
    assert slot.starts_with == "\n    "


def test_a_completion_keeps_every_byte_round_it(document: Document) -> None:
    whole = document.render("file")
    assert isinstance(whole, bytes)
    before, after = SHAPES.encode().split(b"    \r\n\r\n\r\n")
    assert whole.startswith(before + b"    ") and whole.endswith(b"\r\n\r\n\r\n" + after)
    assert b"\n" not in whole.replace(b"\r\n", b"")
    ast.parse(whole.decode("utf-8-sig"))
    assert document.text.strip() and document.provenance.model == "smollm2-135m"


def test_git_applies_the_diff_of_a_completion(document: Document, tmp_path: Path) -> None:
    (tmp_path / "shapes.py").write_bytes(SHAPES.encode())
    diff = document.render("diff")
    assert isinstance(diff, bytes)
    subprocess.run(["git", "apply", "--whitespace=nowarn", "-"], cwd=tmp_path, input=diff, check=True)
    assert (tmp_path / "shapes.py").read_bytes() == document.render("file")


def test_the_text_is_the_insertion_and_json_says_how_it_came_about(document: Document) -> None:
    assert document.render("text") == document.text
    assert json.loads(str(document.render("json")))["text"] == document.text


def test_a_function_is_written_whole_and_parses(kit: Kit) -> None:
    written = kit.generate(
        "code function", signature="add(a: int, b: int) -> int", doc="Return the sum.", max_tokens=24
    )
    assert written.text.startswith('def add(a: int, b: int) -> int:\n    """Return the sum."""\n    ')
    assert ast.parse(written.text)
    assert not [each for each in written.findings if each.check == "syntax"]


@pytest.mark.parametrize(("format", "message"), [("file", "no file"), ("diff", "no file")])
def test_a_function_without_a_file_has_no_file_and_no_diff(kit: Kit, format: str, message: str) -> None:
    request = kit.request("code function", {"signature": "f()"})
    with pytest.raises(RequestError, match=message):
        kit.check_format("code function", request, format)


def test_a_diff_of_stdin_is_refused(kit: Kit) -> None:
    request = kit.request("code complete", {"place": {"text": "x = "}, "language": "python"})
    with pytest.raises(RequestError, match="a diff names a file"):
        kit.check_format("code complete", request, "diff")


@pytest.mark.parametrize(
    ("text", "inserted", "severity"),
    [("x = 1\n", "y = (", "error"), ("x = 1\n", "y = 2", None), ("x = (\n", "y", "warning"), ("x = ", "1", None)],
)
def test_a_file_that_does_not_parse_is_reported(kit: Kit, text: str, inserted: str, severity: str | None) -> None:
    request: Any = kit.request("code complete", {"place": {"text": text, "path": "a.py"}})
    skeleton = kit.shape("code complete", request).skeleton
    findings = kit.plugins.domain("code complete").check(request, Draft(skeleton, {"code": inserted}))
    assert [each.severity for each in findings] == ([severity] if severity else [])


def test_what_is_shown_is_given_up_bit_by_bit_for_a_small_context(kit: Kit) -> None:
    domain = kit.plugins.domain("code complete")
    request: Any = kit.request("code complete", {"place": {"text": "x = 1\n" * 2000, "path": "a.py"}})
    told, sizes = [], []
    while (shorter := domain.shorten(request)) is not None:
        request, what = shorter
        told.append(what)
        sizes.append(len(kit.shape("code complete", request).prompt.messages[-1].content))
    far, others = "the ends of the file that are far from the cursor", "definitions from other places"
    assert [each for each, _ in itertools.groupby(told)] == [far, others, far]
    assert sizes == sorted(sizes, reverse=True) and sizes[-1] < 200


def test_the_command_writes_in_place_and_nothing_else_changes(home: Path, tmp_path: Path) -> None:
    file = tmp_path / "double.py"
    file.write_bytes(b"def double(number):\r\n\treturn \r\n\r\nprint(double(2))")
    code = main(["code", "complete", f"{file}:2", "--write", "--quiet", "--max-tokens", "16", "--seed", "0"])
    written = file.read_bytes()
    assert code == 0
    assert written.startswith(b"def double(number):\r\n\treturn ") and written.endswith(b"\r\n\r\nprint(double(2))")
    ast.parse(written)


def test_a_line_outside_of_the_file_is_one_line_and_exit_code_2(
    home: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "a.py"
    file.write_bytes(b"x = 1\n")
    assert main(["code", "complete", f"{file}:9", "--write"]) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert file.read_bytes() == b"x = 1\n"
