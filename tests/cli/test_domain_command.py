from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dalle_kit.cli.main import main

#: Runs a command in this process; see conftest.
Command = Callable[..., Any]

NOTE = ("note", "--to", "Ana", "--max-tokens", "12")


def test_dry_run_shows_prompt_and_outline_without_torch(command: Command, sheets: Path, bare_home: Path) -> None:
    result = command("note", "--to", "Ana {{ 7 * 7 }}", "--point", "see you", "--tone", "merry", "--dry-run")
    assert (result.code, result.err) == (0, "")
    assert "Write a short note to Ana {{ 7 * 7 }} in a merry tone. Say: see you." in result.out
    assert "Outline\n=======\nDear Ana {{ 7 * 7 }},\n\n...\n\nBye\n" in result.out
    assert list(bare_home.glob("models/*")) == []


def test_dry_run_as_json(command: Command, sheets: Path) -> None:
    plan = json.loads(command("note", "--to", "Zoë", "--dry-run", "--json").out)
    assert plan["template"] == "note" and plan["slots"] == ["body"] and plan["outline"].startswith("Dear Zoë,")
    assert "Zoë" in plan["prompt"] and len(plan["sources"]) == 2


def test_dry_run_needs_no_torch(command: Command, sheets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would now fail
    assert command("note", "--to", "Ana", "--dry-run").code == 0


def test_document_alone_goes_to_stdout_and_warnings_to_stderr(command: Command, sheets: Path, home: Path) -> None:
    # Too short for the word, whatever the model is.
    told = (*NOTE, "--point", "pomegranate", "--max-tokens", "1")
    result = command(*told)
    assert result.code == 0
    assert result.out.startswith("Dear Ana,\n\n") and result.out.endswith("\n\nBye\n")
    assert result.err == "warning: pomegranate is missing (in body)\n"
    assert command(*told, "--quiet").err == ""


def test_json_tells_the_seed_that_repeats_the_text(command: Command, sheets: Path, home: Path) -> None:
    first = json.loads(command(*NOTE, "--temperature", "1", "--json").out)
    assert set(first) == {"domain", "request", "text", "slots", "findings", "provenance"}
    seed = first["provenance"]["options"]["seed"]
    again = json.loads(command(*NOTE, "--temperature", "1", "--json", "--seed", str(seed)).out)
    assert again["text"] == first["text"]
    other = json.loads(command(*NOTE, "--temperature", "1", "--json", "--seed", str(seed + 1)).out)
    assert other["text"] != first["text"]


def test_output_is_written_whole_in_the_format_of_its_suffix(
    command: Command, sheets: Path, home: Path, tmp_path: Path
) -> None:
    file = tmp_path / "new" / "note.loud"
    file.parent.mkdir()
    result = command(*NOTE, "--output", str(file))
    assert (result.code, result.out, result.err) == (0, "", f"Wrote {file}\n")
    assert file.read_text(encoding="utf-8").startswith("DEAR ANA,")
    assert list(file.parent.iterdir()) == [file]
    assert command(*NOTE, "--output", str(file), "--force", "--format", "text", "-q").err == ""
    other = command(*NOTE, "--output", str(file.with_suffix(".docx")))
    assert other.code == 0 and other.err.startswith(f"Note: {file.with_suffix('.docx')} is written as text;")
    assert file.read_text(encoding="utf-8").startswith("Dear Ana,")


def test_output_named_dash_goes_to_stdout(command: Command, sheets: Path, home: Path) -> None:
    result = command(*NOTE, "--output", "-", "-q")
    assert (result.code, result.err) == (0, "") and result.out.startswith("Dear Ana,")
    assert not Path("-").exists()


@pytest.mark.skipif(not Path("/dev/stdout").exists(), reason="needs /dev/stdout")
def test_output_to_a_link_to_a_pipe_is_written_into_it(sheets: Path, home: Path) -> None:
    told = [sys.executable, "-m", "dalle_kit.cli.main", *NOTE, "--output", "/dev/stdout", "-q"]
    paths = os.pathsep.join([str(sheets), *sys.path])
    done = subprocess.run(told, capture_output=True, env={**os.environ, "PYTHONPATH": paths}, check=False)
    assert (done.returncode, done.stderr) == (0, b"") and done.stdout.startswith(b"Dear Ana,")


def test_format_of_bytes_reaches_stdout_unchanged(
    sheets: Path, home: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    assert main([*NOTE, "--format", "raw"]) == 0
    out = capfdbinary.readouterr().out
    assert out.decode("utf-16").startswith("Dear Ana,\n\n")


def no_model_was_needed(result: Any, home: Path) -> None:
    """Hold a failure to the rules: exit code 2, one line, nothing on stdout, and nothing fetched for it."""
    assert result.code == 2 and result.out == ""
    assert result.err.startswith("Error: ") and result.err.count("\n") == 1
    assert "Traceback" not in result.err
    assert not (home / "models").exists()


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--model", "smollm2-135n"], "did you mean 'smollm2-135m'"),
        (["--template", "defualt"], "did you mean 'default'"),
        (["--format", "txt"], "did you mean 'text'"),
        (["--tone", "mery"], "did you mean 'merry'"),
        (["--temperature", "9"], "temperature: 9.0 is not allowed; give a number from 0 to 5"),
        (["--top-p", "0"], "top_p: 0.0 is not allowed"),
        (["--max-tokens", "0"], "max_tokens: 0 is not allowed"),
        (["--seed", "-1"], "seed: -1 is not allowed"),
        (["--candidates", "99"], "candidates: 99 is not allowed"),
        (["--budget", "0"], "budget: 0.0 is not allowed; give a number of seconds above 0"),
        (["--to", "@missing.txt"], "--to: cannot read 'missing.txt'"),
        (["--point", "two", "words"], "'words' belongs to no option: a text follows its option, in quotes if"),
        (["--output", "."], ". is a folder"),
        (["--output", "missing/x.txt"], "there is no folder"),
        (["--json", "--format", "raw"], "exclude each other"),
    ],
)
def test_bad_input_is_refused_before_a_model_is_fetched(
    command: Command, sheets: Path, bare_home: Path, arguments: list[str], said: str
) -> None:
    result = command("note", "--to", "Ana", *arguments)
    no_model_was_needed(result, bare_home)
    assert said in result.err


def test_missing_required_field_is_named(command: Command, sheets: Path, bare_home: Path) -> None:
    result = command("note")
    no_model_was_needed(result, bare_home)
    assert result.err == "Error: --to: is required\n"


def test_output_that_exists_is_kept(command: Command, sheets: Path, bare_home: Path, tmp_path: Path) -> None:
    file = tmp_path / "old.txt"
    file.write_text("kept", encoding="utf-8")
    result = command("note", "--to", "Ana", "--output", str(file))
    no_model_was_needed(result, bare_home)
    assert "exists" in result.err and "--force" in result.err
    assert file.read_text(encoding="utf-8") == "kept"


@pytest.mark.parametrize(
    ("text", "said"), [("{{ request.to", "document.j2:1: "), ("\n{{ sendr }}", "document.j2:2: 'sendr' is not defined")]
)
def test_broken_template_is_named_with_its_line(
    command: Command, sheets: Path, bare_home: Path, text: str, said: str
) -> None:
    folder = bare_home / "templates" / "note"
    folder.mkdir(parents=True)
    (folder / "document.j2").write_text(text, encoding="utf-8")
    result = command("note", "--to", "Ana")
    no_model_was_needed(result, bare_home)
    assert said in result.err


def test_no_network_on_first_use_is_one_line(command: Command, sheets: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("PIP_FIND_LINKS", "PIP_EXTRA_INDEX_URL", "PIP_NO_INDEX"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.setenv("PIP_INDEX_URL", "http://127.0.0.1:9/simple")
    monkeypatch.setenv("PIP_RETRIES", "0")
    result = command("note", "--to", "Ana")
    assert result.code == 2 and result.out == ""
    assert result.err.startswith("Error: ") and result.err.count("\n") == 1


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--to", "Priya <priya@>"], "priya@"),
        (["--to", "a@example.com\nBcc: b@example.com"], "to: "),
        (["--to", "a@example.com", "--tone", "freindly"], "did you mean 'friendly'"),
        (["--to", "a@example.com", "--reply-to", "missing.eml"], "--reply-to: cannot read 'missing.eml'"),
        (["--to", "a@example.com", "--reply-to", sys.executable], "--reply-to: "),
        (["--to", "a@example.com"], "subject"),
    ],
)
def test_bad_email_is_refused_before_a_model_is_fetched(
    command: Command, bare_home: Path, arguments: list[str], said: str
) -> None:
    result = command("email", *arguments)
    no_model_was_needed(result, bare_home)
    assert said in result.err


def test_saved_identity_fills_what_the_command_leaves_out(command: Command, bare_home: Path) -> None:
    (bare_home / "config.toml").write_text('[identity]\nsender = "Tom Ray"\n', encoding="utf-8")
    arguments = ("email", "--to", "a@example.com", "--subject", "Hello", "--dry-run")
    assert "Tom Ray" in command(*arguments).out
    assert "Tom Ray" not in command(*arguments, "--sender", "Zoë").out
