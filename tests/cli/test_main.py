from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from dalle_kit.cli.main import main
from dalle_kit.cli.root import CORE

#: Runs a command in this process; see conftest.
Command = Callable[..., Any]

HEAVY = set("torch transformers pydantic jinja2 rich numpy tokenizers tomlkit huggingface_hub tree_sitter".split())


def run(*arguments: str, **variables: str) -> subprocess.CompletedProcess[bytes]:
    return subprocess.run(
        [sys.executable, "-m", "dalle_kit.cli.main", *arguments],
        capture_output=True,
        env={**os.environ, **variables},
        timeout=60,
        check=False,
    )


def test_root_help_names_every_command(command: Command, sheets: Path) -> None:
    result = command("--help")
    assert result.code == 0 and result.err == ""
    for name in (*CORE, "note", "card", "fail"):
        assert f"\n  {name} " in result.out
    assert "A note." in result.out and "birthday, get well" in result.out and "Fail on demand." in result.out


@pytest.mark.parametrize("flag", ["-h", "--help"])
def test_domain_help_has_its_options_in_sections(command: Command, sheets: Path, flag: str) -> None:
    text = command("note", flag).out
    order = [text.index(title) for title in ("Request options:", "Generation options:", "Output options:")]
    assert order == sorted(order)
    assert text.index("--point TEXT") < order[1] < text.index("--temperature") < order[2] < text.index("--dry-run")


def test_domain_whose_name_has_words_is_a_nested_command(command: Command, sheets: Path) -> None:
    assert "well" in command("card", "get", "--help").out
    assert "A card get well." in command("card", "get", "well", "--help").out
    assert "A card birthday." in command("card", "birthday", "-h").out


@pytest.mark.parametrize("name", ["models", "templates", "examples", "batch", "explain", "audit", "code"])
def test_no_line_of_a_help_is_cut(command: Command, name: str) -> None:
    listed = command(name, "--help").out.partition("\nCommands:\n")[2]
    assert listed and "..." not in listed


def test_help_imports_nothing_heavy() -> None:
    assert run("--help").returncode == 0  # fills the cache of the command table
    deeper = [["models", "pull"], ["templates", "new"], ["config", "set"], ["code", "complete"], ["plugins", "new"]]
    commands = [[], *([name] for name in ("email", "news", "blog", "code", *CORE)), *deeper]
    script = (
        "import sys; from dalle_kit.cli.main import main\n"
        f"codes = [main([*command, '--help']) for command in {commands!r}]\n"
        f"print('LOADED', codes, sorted({HEAVY!r} & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, env=os.environ)
    assert done.stdout.decode().splitlines()[-1] == f"LOADED {[0] * len(commands)} []", done.stderr


@pytest.mark.parametrize("name", ["", "email", *CORE])
def test_help_takes_less_than_a_fifth_of_a_second(name: str) -> None:
    arguments = [name, "--help"] if name else ["--help"]
    run(*arguments)
    times = []
    for _ in range(4):
        # The processor's time, so that a busy machine does not count against the command.
        before = os.times()
        assert run(*arguments).returncode == 0
        after = os.times()
        times.append(after.children_user + after.children_system - before.children_user - before.children_system)
    assert min(times) < 0.2


def test_version(command: Command) -> None:
    assert command("--version").out.startswith("dalle-kit 0.")


def test_no_command_shows_the_help_and_is_bad_input(command: Command) -> None:
    result = command()
    assert result.code == 2 and result.out == "" and result.err.startswith("Usage: dalle-kit")


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        (["nota"], "Error: no command 'nota': did you mean 'note'?"),
        (["modles"], "Error: no command 'modles': did you mean 'models'?"),
        (
            ["card", "brthday"],
            "Error: no command 'brthday': did you mean 'birthday'?",
        ),
        (
            ["note", "--poin", "x"],
            "Error: no option --poin: did you mean --point? see 'dalle-kit note --help'",
        ),
        (["note", "--opint", "x"], "Error: no option --opint: did you mean --point? see 'dalle-kit note --help'"),
        (["note", "---"], "Error: no option ---: see 'dalle-kit note --help'"),
        (["note", "--tone", "mery"], "Error: no tone named 'mery': did you mean 'merry'?"),
        (["note", "--format", "rw"], "Error: no format named 'rw': did you mean 'raw'?"),
        (["fail", "known"], "Error: two lines [31m"),
        (
            ["note", "--seed", "x"],
            "Error: Invalid value for '--seed': 'x' is not a valid integer; see 'dalle-kit note --help'",
        ),
        (["fail"], "Error: Missing argument 'WHAT'; see 'dalle-kit fail --help'"),
        (["--colour"], "Error: no option --colour: see 'dalle-kit --help'"),
    ],
)
def test_bad_input_is_one_line_and_exit_code_2(command: Command, sheets: Path, arguments: list[str], line: str) -> None:
    result = command(*arguments)
    assert (result.code, result.out, result.err) == (2, "", f"{line}\n")


@pytest.mark.parametrize(
    ("error", "told"), [(ValueError("unforeseen"), "ValueError: unforeseen"), (ValueError(), "ValueError")]
)
def test_unforeseen_error_of_ours_is_one_line_and_exit_code_1(
    command: Command, monkeypatch: pytest.MonkeyPatch, error: Exception, told: str
) -> None:
    def fail() -> None:
        raise error

    monkeypatch.setattr("dalle_kit.diagnosis.diagnose", fail)
    result = command("doctor")
    assert (result.code, result.err) == (1, f"internal error: {told}; run again with --debug to see where\n")


def test_unforeseen_error_of_a_plugins_command_names_the_plugin(command: Command, sheets: Path) -> None:
    result = command("fail", "badly")
    assert result.code == 2
    assert "plugin 'sheets' failed in its command 'fail': ValueError: unforeseen" in result.err


@pytest.mark.parametrize("arguments", [["--debug", "fail", "known"], ["fail", "known", "--debug"]])
def test_debug_shows_where_wherever_it_stands(command: Command, sheets: Path, arguments: list[str]) -> None:
    result = command(*arguments)
    assert result.code == 2
    assert "Traceback" in result.err and "in fail" in result.err
    assert result.err.endswith("Error: two lines [31m\n")


def test_debug_after_two_dashes_is_an_argument(command: Command, sheets: Path) -> None:
    assert "Traceback" not in command("fail", "--", "--debug").err


def test_interruption_is_exit_code_130(command: Command, sheets: Path) -> None:
    result = command("fail", "interrupt")
    assert (result.code, result.err) == (130, "Interrupted.\n")


def test_a_plugin_that_exits_keeps_its_exit_code(sheets: Path) -> None:
    with pytest.raises(SystemExit) as exit:
        main(["fail", "exit"])
    assert exit.value.code == 3


def test_reader_of_stdout_that_goes_away_is_no_error() -> None:
    process = subprocess.Popen(
        [sys.executable, "-m", "dalle_kit.cli.main", "--help"], stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert process.stdout is not None and process.stderr is not None
    process.stdout.close()
    error = process.stderr.read()
    process.stderr.close()
    assert (process.wait(30), error) == (141, b"")


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="needs a device that is full")
def test_full_disk_under_stdout_is_one_line() -> None:
    with Path("/dev/full").open("wb") as full:
        done = subprocess.run(
            [sys.executable, "-m", "dalle_kit.cli.main", "--help"], stdout=full, stderr=subprocess.PIPE, check=False
        )
    assert done.returncode == 2
    assert done.stderr == b"Error: the disk is full; free some space, or write to another place\n"


@pytest.mark.parametrize(
    "variables", [{"LC_ALL": "C"}, {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONIOENCODING": "latin-1"}]
)
def test_output_is_utf8_whatever_the_locale(bare_home: Path, variables: dict[str, str]) -> None:
    (bare_home / "config.toml").write_bytes('model = ["日本"]'.encode())
    done = run("email", "--to", "x", **variables)
    assert done.returncode == 2
    assert "日本" in done.stderr.decode("utf-8")


def test_broken_settings_hide_no_core_command(command: Command, bare_home: Path) -> None:
    (bare_home / "config.toml").write_text("model = ", encoding="utf-8")
    result = command("--help")
    assert result.code == 0 and "\n  config " in result.out
    assert "Problem: the settings file" in " ".join(result.out.split())
    assert command("config", "--help").code == 0
    failed = command("email", "--to", "Ana <ana@example.com>")
    assert failed.code == 2 and failed.err.startswith("Error: the settings file") and failed.err.count("\n") == 1
