"""``dalle-kit plugins new`` makes a whole package or nothing; tests/packaging installs one and uses it."""

from __future__ import annotations

import json
import tomllib
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import PluginError
from dalle_kit.cli.main import main
from dalle_kit.scaffold import new_plugin


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    (tmp_path / "work").mkdir()
    monkeypatch.chdir(tmp_path / "work")
    return tmp_path / "work"


@pytest.mark.parametrize(("flags", "number"), [((), 18), (("--domain",), 18), (("--hook",), 8)])
def test_it_says_which_files_it_made_and_what_comes_next(
    flags: tuple[str, ...], number: int, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "new", "dalle-kit-odd-news", *flags]) == 0
    lines = capsys.readouterr().out.splitlines()
    made = [line for line in lines if line.startswith("dalle-kit-odd-news")]
    assert {folder / line for line in made} == {file for file in folder.rglob("*") if file.is_file()}
    assert len(made) == number
    assert lines[number : number + 2] == ["", "Next:"] and "  dalle-kit plugins check odd-news" in lines
    project = tomllib.loads((folder / "dalle-kit-odd-news/pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert project["name"] == "dalle-kit-odd-news" and project["dependencies"][0] == "dalle-kit>=0.1"
    assert project["entry-points"] == {"dalle_kit": {"odd-news": "dalle_kit_odd_news"}}


def test_the_files_as_json(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["plugins", "new", "haiku", "--json"]) == 0
    assert all((folder / file).is_file() for file in json.loads(capsys.readouterr().out))


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("Haiku", "lower-case"),
        ("ha_iku", "lower-case"),
        ("-haiku", "lower-case"),
        ("haiku-", "lower-case"),
        ("dalle-kit-", "lower-case"),
        ("../haiku", "lower-case"),
        ("x" * 25, "up to 24"),
        ("templates", "a core command has it"),
        ("email", "an installed plugin has it"),
        ("code", "an installed plugin has it"),
    ],
)
def test_a_name_that_cannot_be_is_refused_in_one_line(
    name: str, reason: str, folder: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["plugins", "new", "--", name]) == 2
    error = capsys.readouterr().err
    assert reason in error and repr(name.removeprefix("dalle-kit-")) in error and error.count("\n") == 1
    assert list(folder.iterdir()) == []


def test_a_folder_that_is_there_is_left_alone(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "dalle-kit-haiku").mkdir()
    assert main(["plugins", "new", "haiku"]) == 2
    assert "dalle-kit-haiku exists" in capsys.readouterr().err
    assert list((folder / "dalle-kit-haiku").iterdir()) == []


def test_what_cannot_be_written_leaves_nothing_behind(
    folder: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write = Path.write_text

    def full(path: Path, *args: object, **settings: object) -> int:
        if path.name == "pyproject.toml":
            raise OSError(28, "No space left on device")
        return write(path, *args, **settings)  # type: ignore[arg-type]

    monkeypatch.setattr(Path, "write_text", full)
    assert main(["plugins", "new", "haiku"]) == 2
    assert "No space left" in capsys.readouterr().err and list(folder.iterdir()) == []


@pytest.mark.parametrize(("name", "said"), [("haiku", "a haiku"), ("obituary", "an obituary"), ("minutes", "minutes")])
def test_its_help_says_what_it_writes(name: str, said: str) -> None:
    files = new_plugin(name, kind="domain").files
    assert f'summary="Write {said}"' in next(text for path, text in files.items() if path.endswith("domain.py"))


@given(st.from_regex(r"[a-z][a-z0-9]{0,5}(-[a-z0-9]{1,5}){0,2}", fullmatch=True))
def test_whatever_the_name_the_code_is_python_and_no_mark_is_left(name: str) -> None:
    try:
        made = new_plugin(name, kind="domain")
    except PluginError as error:
        assert "core command" in str(error)
        return
    for path, text in made.files.items():
        if path.endswith(".py"):
            compile(text, path, "exec")
            assert max((len(line) for line in text.splitlines()), default=0) <= 88
        assert not any(mark in path + text for mark in ("@name@", "@module@", "@class@", "MODULE", "DOT", ".tmpl"))
