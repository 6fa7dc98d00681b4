"""``dalle-kit plugins`` says what is installed and what is wrong, and where."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from dalle_kit.cli.main import main

Install = Callable[..., Path]

NOTE = "@hookimpl\ndef dalle_kit_register_domains(register): register(domain())\n"
BROKEN = "\nimport no_such_library\n"


def test_the_list_is_the_default_and_warns_of_problems(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("notes", NOTE, version="1.5", distribution="note-kit")
    install("broken", BROKEN)
    assert main(["plugins"]) == 0
    captured = capsys.readouterr()
    rows = {line.split()[0]: line.split()[1:] for line in captured.out.splitlines()}
    assert rows["notes"] == ["loaded", "note-kit", "1.5", "note"]
    assert rows["broken"][0] == "failed" and rows["email"][1:3] == ["built", "in"]
    assert "Warning: plugin 'broken' (broken-kit 1.0): ModuleNotFoundError" in captured.err
    assert main(["plugins", "list"]) == 0
    assert capsys.readouterr().out == captured.out


def test_the_list_as_json(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("notes", NOTE)
    assert main(["plugins", "list", "--json"]) == 0
    infos = {info["name"]: info for info in json.loads(capsys.readouterr().out)}
    assert infos["notes"]["hooks"] == ["dalle_kit_register_domains"]
    assert infos["notes"]["problem"] is None and infos["email"]["built_in"]


def test_show_tells_everything_about_one(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("notes", NOTE)
    assert main(["plugins", "show", "notes"]) == 0
    lines = capsys.readouterr().out.splitlines()
    assert "domains           note" in lines and "distribution      notes-kit" in lines
    assert main(["plugins", "show", "notes", "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["domains"] == ["note"]


def test_an_unknown_plugin_is_answered_with_the_nearest(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("notes", NOTE)
    for command in ("show", "check"):
        assert main(["plugins", command, "nots"]) == 2
        assert "did you mean 'notes'?" in capsys.readouterr().err


def test_a_command_whose_plugin_has_failed_is_not_taken_for_another(
    install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("complaint", BROKEN)
    assert main(["complaint", "--point", "x"]) == 2  # and not: did you mean 'completion'?
    assert capsys.readouterr().err.startswith(
        "Error: no command 'complaint', but plugin 'complaint' (complaint-kit 1.0)"
    )


def test_check_names_what_is_wrong_and_where(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    install("notes", NOTE)
    file = install("broken", BROKEN)
    line = file.read_text(encoding="utf-8").splitlines().index("import no_such_library") + 1
    assert main(["plugins", "check"]) == 2
    captured = capsys.readouterr()
    assert "plugin 'notes' (notes-kit 1.0): loads" in captured.out
    assert "no_such_library" in captured.err and f"[{file}:{line}]" in captured.err
    assert main(["plugins", "check", "notes"]) == 0
    assert main(["plugins", "check", "broken", "--json"]) == 2
    assert json.loads(capsys.readouterr().out.partition("\n")[2])["ok"] is False


def test_check_misses_a_required_plugin(
    install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("DALLE_KIT_PLUGINS_REQUIRE", "guard")
    assert main(["plugins", "check", "guard"]) == 2
    assert "plugin 'guard'" in capsys.readouterr().err


def test_check_works_where_strict_loading_would_not(
    install: Install, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    install("broken", BROKEN)
    monkeypatch.setenv("DALLE_KIT_STRICT_PLUGINS", "1")
    assert main(["plugins", "check"]) == 2
    assert "no_such_library" in capsys.readouterr().err


def test_check_of_one_holds_it_against_the_contract(install: Install, capsys: pytest.CaptureFixture[str]) -> None:
    file = install(
        "notes",
        "def grow(request, draft): return draft.replace('body', draft.texts['body'] + '!')\n"
        "@hookimpl\ndef dalle_kit_register_domains(register): register(domain(finish=grow))\n",
    )
    assert main(["plugins", "check"]) == 0
    capsys.readouterr()
    assert main(["plugins", "check", "notes"]) == 2
    captured = capsys.readouterr()
    line = next(n for n, text in enumerate(file.read_text(encoding="utf-8").splitlines(), 1) if "def grow" in text)
    assert captured.out == "" and captured.err.startswith("Error: plugin 'notes' (notes-kit 1.0): finish: ")
    assert "not idempotent" in captured.err and captured.err.endswith(f"[{file}:{line}]\n")
    assert main(["plugins", "check", "notes", "--json"]) == 2
    assert "not idempotent" in json.loads(capsys.readouterr().out)["problems"][0]


@pytest.mark.parametrize(
    ("hook", "body", "problem"),
    [
        ("dalle_kit_shape_prompt", "return 1 / 0", "ZeroDivisionError"),
        ("dalle_kit_postprocess", "return draft.replace('body', draft.texts['body'] + '!')", "not idempotent"),
        ("dalle_kit_postprocess", "return draft.replace('body', draft.texts['body'].split()[0])", "IndexError"),
        ("dalle_kit_check", "return [Finding('x', 'note', 'y', 'head')]", "slot 'head'"),
        ("dalle_kit_check", "return [Finding('x', 'note', 'y', 'body', (0, 9999))]", "outside of the text"),
    ],
)
def test_check_of_one_tries_its_hooks_on_all_domains(
    hook: str, body: str, problem: str, install: Install, capsys: pytest.CaptureFixture[str]
) -> None:
    install("notes", NOTE)
    argument = "prompt" if hook.endswith("prompt") else "draft"
    guard = "" if argument == "prompt" else "    if domain != 'note': return None\n"
    install("style", f"from dalle_kit import Finding\n@hookimpl\ndef {hook}(domain, {argument}):\n{guard}    {body}\n")
    assert main(["plugins", "check", "style"]) == 2
    error = capsys.readouterr().err
    assert f"hooks: {hook}, for the domain" in error and problem in error and "__init__.py:" in error
