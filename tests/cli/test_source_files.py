"""``FILE[:LINE[:COL]]``, stdin and ``--write``, with real files and an installed plugin that needs no model."""

from __future__ import annotations

import importlib
import io
import json
import os
import re
import signal
import stat
import subprocess
import sys
import textwrap
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import Domain, NearbyFile, Request, SourcePlace, option
from dalle_kit.cli.source_files import LARGEST, LARGEST_NEARBY, NEARBY, split_place

Command = Callable[..., Any]

PLUGIN = """
from pathlib import Path

import pydantic

from dalle_kit import Domain, Format, Request, SourcePlace, hookimpl, option


class Insert(Request):
    place: SourcePlace = pydantic.Field(description="Where to write.", json_schema_extra=option(source=True))
    say: str = pydantic.Field("new", description="What to write.")


class Optional(Request):
    about: SourcePlace | None = pydantic.Field(
        None, description="A file.", json_schema_extra=option(source=True, metavar="FILE")
    )
    say: str = pydantic.Field("new", description="What to write.")


def whole(document):
    place = document.request.place
    offset = len(place.text) if place.offset is None else place.offset
    return (place.text[:offset] + document.text + place.text[offset:]).encode("utf-8")


def shown(document):
    return document.request.model_dump_json()


def meddle(request, draft):
    if request.say == "meddle":
        Path(request.place.path).write_bytes(b"somebody else's")
    if request.say == "remove":
        Path(request.place.path).unlink()
    return ()


def domain(name, request, *formats):
    return Domain(
        name=name, summary="Insert.", request=request, templates="inserter.texts", prose=False, check=meddle,
        formats=(*formats, Format("request", shown)),
    )


@hookimpl
def dalle_kit_register_domains(register):
    text = Format("text", lambda document: document.text)
    register(domain("insert", Insert, text, Format("file", whole)))
    register(domain("about", Optional, text))
"""


@pytest.fixture(autouse=True)
def inserter(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """An installed plugin with the commands ``insert`` (a file is needed, and can be written) and ``about``."""
    site = tmp_path / "site"
    texts = site / "inserter" / "texts"
    texts.mkdir(parents=True)
    (texts / "document.j2").write_text("{{ request.say }}", encoding="utf-8")
    (texts / "prompt.j2").write_text("{{ turn('prefix') }}x", encoding="utf-8")
    (site / "inserter" / "__init__.py").write_text(PLUGIN, encoding="utf-8")
    info = site / "inserter-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: inserter\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[dalle_kit]\ninserter = inserter\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    importlib.invalidate_caches()
    work = tmp_path / "work"
    work.mkdir()
    monkeypatch.chdir(work)
    yield site
    for name in [name for name in sys.modules if name.partition(".")[0] == "inserter"]:
        del sys.modules[name]


@pytest.fixture
def request_of(command: Command) -> Callable[..., dict[str, Any]]:
    """Run ``insert`` and return the source that the domain was given."""

    def run(*arguments: str) -> dict[str, Any]:
        result = command("insert", *arguments, "--format", "request", "--no-nearby")
        assert result.code == 0, result.err
        place: dict[str, Any] = json.loads(result.out)["place"]
        return place

    return run


def refused(result: Any) -> str:
    """Hold a failure to the rules and return what it says."""
    assert result.code == 2 and result.err.startswith("Error: ") and result.err.count("\n") == 1
    return str(result.err.removeprefix("Error: ").rstrip("\n"))


EXACT = {
    "crlf": b"a = 1\r\nb = 2\r\n",
    "bom": b"\xef\xbb\xbfa = 1\nb = 2\n",
    "tabs": b"if x:\n\ta = 1\n\tb\t= 2\n",
    "mixed": b"a\r\nb\nc\rd",
    "no end": b"a = 1\nb = 2",
    "empty": b"",
    "wide": "größe = '数据 🙂'\n".encode(),
}


@pytest.mark.parametrize("kind", sorted(EXACT))
def test_a_file_is_read_exactly(kind: str, request_of: Callable[..., dict[str, Any]]) -> None:
    Path("a.py").write_bytes(EXACT[kind])
    place = request_of("a.py")
    assert place["text"].encode() == EXACT[kind]
    assert (place["path"], place["line"], place["column"], place["nearby"]) == ("a.py", None, None, [])


@pytest.mark.parametrize("kind", sorted(EXACT))
@pytest.mark.parametrize("at", ["", ":1", ":1:1"])
def test_write_changes_nothing_but_what_is_inserted(kind: str, at: str, command: Command) -> None:
    file = Path("a.py")
    file.write_bytes(EXACT[kind])
    result = command("insert", f"a.py{at}", "--say", "<new>", "--write")
    assert (result.code, result.out, result.err) == (0, "", "Wrote a.py\n")
    assert file.read_bytes().replace(b"<new>", b"") == EXACT[kind]
    before = file.read_bytes().partition(b"<new>")[0]
    if at == ":1:1":
        assert before == (b"\xef\xbb\xbf" if kind == "bom" else b"")
    elif at == ":1":
        assert before == re.split(b"[\r\n]", EXACT[kind])[0]
    else:
        assert before == EXACT[kind]
    assert [each.name for each in Path().iterdir()] == ["a.py"]


@pytest.mark.skipif(os.name == "nt", reason="permissions are POSIX's")
def test_write_keeps_the_permissions_and_the_link(command: Command) -> None:
    file = Path("real.sh")
    file.write_bytes(b"a\n")
    file.chmod(0o751)
    Path("link.sh").symlink_to(file)
    assert command("insert", "link.sh:1", "--write").code == 0
    assert Path("link.sh").is_symlink() and file.read_bytes() == b"anew\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o751


@pytest.mark.parametrize(("say", "said"), [("meddle", "has changed since it was read"), ("remove", "be read again")])
def test_a_file_that_changed_under_us_is_left_alone(say: str, said: str, command: Command) -> None:
    Path("a.py").write_bytes(b"a\n")
    result = command("insert", "a.py:1", "--say", say, "--write")
    assert said in refused(result) and "a.py" in result.err
    assert result.out == f"{say}\n"  # what was generated is not lost
    assert not Path("a.py").exists() if say == "remove" else Path("a.py").read_bytes() == b"somebody else's"


def test_a_write_that_fails_leaves_the_file(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    Path("a.py").write_bytes(b"a\n")

    def fail(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", fail)
    result = command("insert", "a.py:1", "--write")
    assert "the disk is full" in refused(result) and result.out == "new\n"
    assert Path("a.py").read_bytes() == b"a\n"
    assert [each.name for each in Path().iterdir()] == ["a.py"]


@pytest.mark.skipif(os.name == "nt", reason="SIGKILL is POSIX's")
def test_a_write_that_is_killed_leaves_the_file(inserter: Path, bare_home: Path) -> None:
    Path("a.py").write_bytes(b"a\n")
    program = textwrap.dedent("""
        import os, signal, sys
        os.fsync = lambda handle: os.kill(os.getpid(), signal.SIGKILL)
        from dalle_kit.cli.main import main
        main(["insert", "a.py:1", "--write"])
    """)
    environment = {**os.environ, "PYTHONPATH": str(inserter)}
    done = subprocess.run([sys.executable, "-c", program], env=environment, capture_output=True, timeout=60)
    assert done.returncode == -signal.SIGKILL
    assert Path("a.py").read_bytes() == b"a\n"


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("a.py", "--write", "--output", "b.py"), "--write and --output exclude each other"),
        (("a.py", "--write", "--format", "file"), "--write and --format exclude each other"),
        (("a.py", "--write", "--json"), "--write and --json exclude each other"),
        (("--write",), "--write needs a file"),
        (("-", "--write"), "--write needs a file"),
        (("a.py:3",), "line 3 is outside of a.py, which has 2 lines: give 1 to 2"),
        (("a.py:0",), "line 0 is outside of a.py, which has 2 lines: give 1 to 2"),
        (("a.py:1:0",), "column 0 is outside of line 1 of a.py"),
        (("a.py:1:7",), "column 7 is outside of line 1 of a.py, which has 5 characters: give 1 to 6"),
        (("a.py:2:2",), "column 2 is outside of line 2 of a.py, which has 0 characters: give 1 to 1"),
        (("a.py:x",), "'x' is no line and column; give a.py:12:5"),
        (("a.py:-1",), "'-1' is no line and column; give a.py:12:5"),
        (("a.py:1:2:3",), "'1:2:3' is no line and column"),
        (("missing.py:3",), "cannot read 'missing.py': No such file or directory; give FILE:LINE[:COL]"),
        (("~nobody-at-all/a.py",), "cannot read"),
        ((".",), "cannot read '.'"),
        (("binary",), "'binary' is a binary file"),
        (("latin",), "'latin' is not UTF-8 text (byte 2)"),
        (("large",), "'large' is over 2 MiB"),
    ],
)
def test_bad_input_is_refused_with_one_line(arguments: tuple[str, ...], said: str, command: Command) -> None:
    files = {"a.py": b"a = 1\n", "binary": b"a\0b", "latin": "größe".encode("latin-1"), "large": b"a" * (LARGEST + 1)}
    for name, data in files.items():
        Path(name).write_bytes(data)
    result = command("insert", *arguments)
    assert said in refused(result) and result.out == ""
    assert {each.name: each.read_bytes() for each in Path().iterdir()} == files


def test_a_folder_is_told_from_a_wrong_line(command: Command) -> None:
    Path("folder.py").mkdir()
    Path("a.py").write_bytes(b"a\n")
    assert refused(command("insert", "a.py:0")) == "line 0 is outside of a.py, which has 2 lines: give 1 to 2"
    assert "cannot read 'folder.py': " in refused(command("insert", "folder.py:1"))


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nothing is read-only for root")
def test_a_read_only_file_is_not_replaced(command: Command) -> None:
    Path("a.py").write_bytes(b"a\n")
    Path("a.py").chmod(0o444)
    assert "read-only" in refused(command("insert", "a.py", "--write"))


def test_line_and_column_are_those_of_the_file(request_of: Callable[..., dict[str, Any]]) -> None:
    Path("a.py").write_bytes(b"a = 1\nb = 2\n")
    place = request_of("a.py:2:3")
    assert (place["line"], place["column"]) == (2, 3)
    assert request_of("a.py:3")["line"] == 3  # behind the last line end


@pytest.mark.skipif(os.name == "nt", reason="Windows allows no colon in a name")
def test_a_name_with_colons_is_a_name(request_of: Callable[..., dict[str, Any]]) -> None:
    Path("a:12").write_bytes(b"x\ny\n")
    Path("C:\\b.py").write_bytes(b"z\n")
    place = request_of("a:12")
    assert (place["path"], place["text"], place["line"]) == ("a:12", "x\ny\n", None)
    place = request_of("a:12:2:1")
    assert (place["path"], place["line"], place["column"]) == ("a:12", 2, 1)
    assert request_of("C:\\b.py:1")["line"] == 1


def test_the_path_is_as_seen_from_the_current_folder(request_of: Callable[..., dict[str, Any]], tmp_path: Path) -> None:
    Path("in").mkdir()
    Path("in/a.py").write_bytes(b"x")
    outside = tmp_path / "b.py"
    outside.write_bytes(b"y")
    assert request_of(str(Path("in/a.py").absolute()))["path"] == "in/a.py"
    assert request_of(str(outside))["path"] == outside.as_posix()


@pytest.fixture
def typed(monkeypatch: pytest.MonkeyPatch) -> Callable[[bytes], None]:
    def put(data: bytes) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(data), encoding="ascii"))

    return put


@pytest.mark.parametrize("arguments", [(), ("-",)])
def test_stdin_is_read_exactly(
    arguments: tuple[str, ...], typed: Callable[[bytes], None], request_of: Callable[..., dict[str, Any]]
) -> None:
    typed(EXACT["crlf"] + EXACT["bom"])
    place = request_of(*arguments)
    assert place["text"].encode() == EXACT["crlf"] + EXACT["bom"]
    assert (place["path"], place["line"]) == (None, None)


def test_stdin_that_is_no_text_is_refused(typed: Callable[[bytes], None], command: Command) -> None:
    typed(b"a\0b")
    assert "stdin is a binary file" in refused(command("insert"))
    typed(b"a" * (LARGEST + 1))
    assert "stdin is over 2 MiB" in refused(command("insert"))
    typed(b"text")
    assert "stdin was already read" in refused(command("insert", "-", "--say", "-"))


def test_a_terminal_is_not_waited_for(command: Command, monkeypatch: pytest.MonkeyPatch) -> None:
    class Terminal(io.TextIOWrapper):
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("sys.stdin", Terminal(io.BytesIO(b"never read")))
    assert refused(command("insert")) == "give FILE:LINE[:COL], or the text on stdin"


def test_stdin_is_left_alone_where_no_file_is_needed(command: Command, typed: Callable[[bytes], None]) -> None:
    typed(b"for the option")
    result = command("about", "--say", "-", "--format", "request")
    assert json.loads(result.out) == {"about": None, "say": "for the option"}
    Path("a.py").write_bytes(b"x")
    assert json.loads(command("about", "a.py", "--format", "request").out)["about"]["text"] == "x"


def test_only_a_domain_with_a_file_format_writes_in_place(command: Command) -> None:
    shown = " ".join(command("insert", "--help").out.split())
    assert "insert [OPTIONS] FILE:LINE[:COL]" in shown
    assert "FILE:LINE[:COL] Where to write. [or -, for stdin; stdin without it]" in shown
    assert "--write" in shown and "--no-nearby" in shown
    other = " ".join(command("about", "--help").out.split())
    assert "FILE A file. [or -, for stdin]" in other
    assert "--write" not in other and "--no-nearby" in other


def nearby(command: Command, *arguments: str) -> dict[str, str]:
    result = command("insert", *arguments, "--format", "request")
    assert result.code == 0, result.err
    return {each["path"]: each["text"] for each in json.loads(result.out)["place"]["nearby"]}


def put(name: str, data: bytes = b"x = 1\n") -> None:
    Path(name).parent.mkdir(parents=True, exist_ok=True)
    Path(name).write_bytes(data)


def test_imported_files_come_first_then_neighbours_of_the_kind(command: Command) -> None:
    put("pyproject.toml")
    put(
        "src/app/main.py",
        b"from .parts import wheel\nfrom lib.tools import (\n  saw,\n)\nimport top, os\nfrom .. import y\ndef (",
    )
    for name in ("src/app/a.py", "src/app/parts/wheel.py", "src/app/parts/__init__.py", "src/lib/tools/saw.py"):
        put(name, name.encode())
    for name in ("top.py", "src/y.py", "src/app/notes.txt", "src/app/.hidden.py", "os_like.py"):
        put(name, name.encode())
    found = nearby(command, "src/app/main.py")
    assert list(found) == [
        "src/app/parts/wheel.py", "src/app/parts/__init__.py", "src/lib/tools/saw.py", "top.py", "src/y.py",
        "src/app/a.py",
    ]  # fmt: skip
    assert found["top.py"] == "top.py"
    assert nearby(command, "src/app/main.py", "--no-nearby") == {}


def test_files_nearby_are_few_small_and_text(command: Command) -> None:
    put("main.js", b"import './b.js'\n")
    for number in range(NEARBY + 5):
        put(f"n{number:02}.js")
    put("a-binary.js", b"\0")
    put("a-latin.js", b"\xff")
    put("a-empty.js", b"")
    put("a-large.js", b"a" * (LARGEST_NEARBY + 1))
    put("b.ts")
    Path("a-folder.js").mkdir()
    found = nearby(command, "main.js:1")
    assert list(found) == [f"n{number:02}.js" for number in range(NEARBY)]


def test_imports_reach_no_file_outside_of_the_project(command: Command, tmp_path: Path) -> None:
    put("outside.py")
    put("project/setup.cfg")
    put("project/app/main.py", b"from ...outside import x\nfrom ... import outside\nimport outside\n")
    assert nearby(command, "project/app/main.py") == {}


names = st.text(st.characters(exclude_categories=["Cs"]), min_size=1)
numbers = st.integers(0, 10**8)


def test_no_link_leads_out_of_the_project(command: Command, tmp_path: Path) -> None:
    (tmp_path / "secret.py").write_bytes(b"password = 1\n")
    put("project/pyproject.toml", b"")
    put("project/lib/kept.py", b"def kept(): ...\n")
    put("project/app/main.py", b"from . import linked\nx = 1\n")
    Path("project/app/linked.py").symlink_to(tmp_path / "secret.py")
    Path("project/app/kept.py").symlink_to("../lib/kept.py")
    Path("project/app/loop.py").symlink_to("loop.py")
    assert nearby(command, "project/app/main.py") == {"project/app/kept.py": "def kept(): ...\n"}


@pytest.mark.parametrize("line", ["import " + "a" * 300, "from " + "." * 100_000, "from " + "." * 5000 + " import a"])
def test_an_import_that_leads_nowhere_is_passed_over(line: str, command: Command) -> None:
    put("main.py", f"{line}\nx = 1\n".encode())
    put("other.py")
    assert nearby(command, "main.py") == {"other.py": "x = 1\n"}


@given(name=names, line=numbers, column=numbers)
def test_a_place_is_split_into_what_it_was_made_of(name: str, line: int, column: int) -> None:
    def only(there: str) -> bool:
        return there == name

    assert split_place(name, only) == (name, None, None)
    assert split_place(f"{name}:{line}", only) == (name, line, None)
    assert split_place(f"{name}:{line}:{column}", only) == (name, line, column)


@given(name=names.filter(lambda name: not re.search(r":[0-9]+\Z", name)), line=numbers, column=numbers)
def test_numbers_are_no_part_of_a_name_that_is_not_there(name: str, line: int, column: int) -> None:
    assert split_place(f"{name}:{line}", lambda there: False) == (name, line, None)
    assert split_place(f"{name}:{line}:{column}", lambda there: False) == (name, line, column)


@given(st.text())
def test_any_argument_is_split_without_loss(value: str) -> None:
    name, line, column = split_place(value, lambda there: False)
    given_numbers = [number for number in (line, column) if number is not None]
    assert value.startswith(name)
    assert [int(number) for number in value[len(name) :].split(":")[1:]] == given_numbers


@given(text=st.text(st.sampled_from("ab\r\n\t\ufeff🙂")), line=st.integers(1, 8), column=st.integers(1, 8))
def test_an_offset_lies_in_its_line_and_column(text: str, line: int, column: int) -> None:
    body = text.removeprefix("\ufeff")
    lines = re.split(r"\r\n|\r|\n", body)
    inside = line <= len(lines) and column <= len(lines[line - 1]) + 1
    if not inside:
        with pytest.raises(ValueError, match=r"is outside of (the text|line)"):
            SourcePlace(text=text, line=line, column=column)
        return
    offset = SourcePlace(text=text, line=line, column=column).offset
    assert offset is not None and offset >= len(text) - len(body)
    before = re.split(r"\r\n|\r|\n", text[len(text) - len(body) : offset])
    assert len(before) == line or text[offset - 1 : offset + 1] == "\r\n"
    assert before[-1] == lines[line - 1][: column - 1]
    end = SourcePlace(text=text, line=line).offset
    assert end is not None and end - offset == len(lines[line - 1]) - (column - 1)


def test_half_a_character_is_no_text() -> None:
    with pytest.raises(ValueError, match=r"character 3 is half of one"):
        SourcePlace(text="x \ud800")


def test_a_column_needs_a_line() -> None:
    with pytest.raises(ValueError, match="give the line as well"):
        SourcePlace(text="a", column=1)
    assert SourcePlace(text="a", nearby=(NearbyFile(path="b", text="c"),)).offset is None


def test_a_source_is_one_field_of_the_type_for_it() -> None:
    extra = option(source=True)

    class Wrong(Request):
        place: str = pydantic.Field(description="A place.", json_schema_extra=extra)

    class Two(Request):
        one: SourcePlace = pydantic.Field(description="A place.", json_schema_extra=extra)
        two: SourcePlace = pydantic.Field(description="A place.", json_schema_extra=extra)

    with pytest.raises(ValueError, match="make it a SourcePlace"):
        Domain(name="wrong", summary="", request=Wrong, templates="x")
    with pytest.raises(ValueError, match="'one' and 'two' are both the source"):
        Domain(name="two", summary="", request=Two, templates="x")
