from __future__ import annotations

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

#: Runs a command in this process; see conftest.
Command = Callable[..., Any]


@pytest.fixture
def program(tmp_path: Path) -> Path:
    """A folder with a ``dalle-kit`` that runs this interpreter's."""
    folder = tmp_path / "bin"
    folder.mkdir()
    script = folder / "dalle-kit"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" -m dalle_kit.cli.main "$@"\n', encoding="utf-8")
    script.chmod(0o755)
    return folder


def test_the_help_says_for_each_shell_where_the_script_goes(command: Command) -> None:
    lines = command("completion", "--help").out.splitlines()
    for shell in ("bash", "zsh", "fish"):
        assert any(line.startswith(f"  {shell}: ") for line in lines)


def complete(program: Path, *words: str) -> list[str]:
    """Return what bash offers for the last of the words, by the script's own function."""
    line = " ".join(words)
    script = (
        'eval "$(dalle-kit completion bash)"\n'
        f"COMP_WORDS=({line}{'' if words[-1] else chr(39) * 2})\nCOMP_CWORD={len(words) - 1}\n"
        '_dalle_kit_completion dalle-kit\nprintf "%s\\n" "${COMPREPLY[@]}"\n'
    )
    done = subprocess.run(
        ["bash", "--norc", "-c", script],
        capture_output=True,
        env={**os.environ, "PATH": f"{program}{os.pathsep}{os.environ['PATH']}"},
        check=True,
    )
    assert done.stderr == b""
    return done.stdout.decode().split()


@pytest.mark.skipif(shutil.which("bash") is None, reason="needs bash")
def test_bash_completes_commands_options_and_choices(
    sheets: Path, program: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PYTHONPATH", str(sheets))
    assert {"note", "card", "models", "completion"} <= set(complete(program, "dalle-kit", ""))
    assert complete(program, "dalle-kit", "no") == ["note"]
    assert complete(program, "dalle-kit", "card", "g") == ["get"]
    assert complete(program, "dalle-kit", "note", "--po") == ["--point"]
    assert complete(program, "dalle-kit", "note", "--tone", "=", "m") == ["merry"]
    assert complete(program, "dalle-kit", "note", "--tone", "m") == ["merry"]
    assert complete(program, "dalle-kit", "note", "--format", "u") == ["upper"]
    assert complete(program, "dalle-kit", "completion", "z") == ["zsh"]
    assert complete(program, "dalle-kit", "note", "--to", "-", "--ton") == ["--tone"]


@pytest.mark.parametrize("shell", ["zsh", "fish"])
def test_script_calls_the_program_back(command: Command, shell: str) -> None:
    result = command("completion", shell)
    assert result.code == 0
    assert f"_DALLE_KIT_COMPLETE={shell}_complete" in result.out


def test_unknown_shell_names_those_there_are(command: Command) -> None:
    result = command("completion", "tcsh")
    assert result.code == 2 and "'bash', 'zsh', 'fish'" in result.err and result.err.count("\n") == 1


def test_files_are_offered_for_the_input_of_a_batch(
    command: Command, sheets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_DALLE_KIT_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "dalle-kit batch note gue")
    monkeypatch.setenv("COMP_CWORD", "3")
    assert command().out == "file,gue\n"


@pytest.mark.parametrize(
    ("shell", "word", "offered"),
    [("zsh", "4", "plain\n--tone=merry\n_\n"), ("fish", "--tone=m", "plain,--tone=merry\n")],
)
def test_a_value_behind_its_option_is_offered_with_it(
    shell: str, word: str, offered: str, command: Command, sheets: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("_DALLE_KIT_COMPLETE", f"{shell}_complete")
    monkeypatch.setenv("COMP_WORDS", "dalle-kit note --to Ana --tone=m")
    monkeypatch.setenv("COMP_CWORD", word)
    assert command().out == offered
