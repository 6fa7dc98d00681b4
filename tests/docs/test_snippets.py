"""Every block of code that the documentation shows runs, or is parsed and has its reason written before it."""

from __future__ import annotations

import json
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import click
import jinja2
import pytest
import tree_sitter
import tree_sitter_javascript
import yaml
from hypothesis import given
from hypothesis.strategies import text

import dalle_kit.kit
from dalle_kit import Draft, Kit
from dalle_kit.cli.root import cli
from dalle_kit.engine.engine import Engine
from dalle_kit.models.spec import StoredModel
from tests.docs import pages
from tests.docs.pages import PAGES, README, REPOSITORY, Block, blocks, calls, matches
from tests.docs.running import Reader

READ = [page for page in PAGES if blocks(page)]


def name_of(page: Path) -> str:
    return page.relative_to(REPOSITORY).with_suffix("").as_posix()


@pytest.fixture(scope="module")
def share_engines() -> Iterator[None]:
    """Load each model once, whatever home it is found in."""
    load, loaded = Engine.load, dict[Any, Engine]()

    def shared(stored: StoredModel, **options: Any) -> Engine:
        key = (Path(stored.path).resolve(), *sorted((k, v) for k, v in options.items() if k != "progress"))
        if key not in loaded:
            loaded[key] = load(stored, **options)
        return loaded[key]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Engine, "load", shared)
        yield


@pytest.mark.usefixtures("share_engines")
@pytest.mark.parametrize("page", READ, ids=name_of)
def test_the_blocks_of_a_page_run(page: Path, home: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    folder = tmp_path / "folder"
    folder.mkdir()
    monkeypatch.chdir(folder)
    monkeypatch.setattr(sys, "path", [*sys.path])
    reader, options = Reader(tmp_path), dalle_kit.kit._options
    is_whole = False

    def shortened(work: Any, given: dict[str, Any]) -> Any:
        # Whole texts would take minutes; where they are shown, or a page says how long they are, that holds.
        return options(work, given if is_whole else {"max_tokens": 8, **given})

    monkeypatch.setattr("dalle_kit.kit._options", shortened)
    try:
        for block in blocks(page):
            is_whole = block.output is not None or block.language == "console"
            reader.try_out(block)
    finally:
        reader.leave()


@pytest.mark.parametrize("page", READ, ids=name_of)
def test_the_blocks_of_a_page_parse(page: Path, home: Path) -> None:
    for block in blocks(page):
        assert block.language in PARSERS, f"{block}: say the language of the block, one of {sorted(PARSERS)}"
        PARSERS[block.language](block)


def parse_python(block: Block) -> None:
    compile(block.text, str(block), "exec")


def parse_commands(block: Block) -> None:
    if block.reason != "is run in its package":
        for command in block.commands():
            for arguments in calls(command):
                parse_command(arguments)


def parse_command(arguments: list[str]) -> None:
    """Parse a command to its last word without running it; a request for help is fulfilled."""
    context = cli.make_context("dalle-kit", list(arguments))
    while isinstance(context.command, click.Group) and context._protected_args:
        rest = [*context._protected_args, *context.args]
        name, command, rest = context.command.resolve_command(context, rest)
        assert command is not None
        try:
            context = command.make_context(name, rest, parent=context)
        except click.BadParameter as error:
            assert error.message.endswith("does not exist."), error  # a file of the reader's
            return


def parse_json(block: Block) -> None:
    try:
        json.loads(block.text)
    except json.JSONDecodeError:
        for line in block.text.splitlines():
            json.loads(line)


def parse_javascript(block: Block) -> None:
    parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_javascript.language()))
    assert not parser.parse(block.text.encode()).root_node.has_error, block


def close_brackets(block: Block) -> None:
    """Check that brackets are closed, all that can be said of a language that nothing here parses."""
    still_open: list[str] = []
    for character in block.text:
        if character in "([{":
            still_open.append({"(": ")", "[": "]", "{": "}"}[character])
        elif character in ")]}":
            assert still_open and still_open.pop() == character, block
    assert not still_open, block


PARSERS: dict[str, Callable[[Block], object]] = {
    "console": parse_commands,
    "csv": lambda block: None,
    "elisp": close_brackets,
    "jinja": lambda block: jinja2.Environment().parse(block.text),
    "js": parse_javascript,
    "json": parse_json,
    "lua": close_brackets,
    "python": parse_python,
    "setup": parse_python,
    "sh": parse_commands,
    "text": lambda block: None,
    "toml": lambda block: tomllib.loads(block.text),
    "yaml": lambda block: yaml.safe_load(block.text),
}


def test_the_plugin_in_the_readme_finds_what_it_says(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sys, "path", [*sys.path])
    (plugin,) = (block for block in blocks(README) if block.is_plugin)
    (project,) = (block.text for block in blocks(README) if block.language == "toml")
    assert tomllib.loads(project)["project"]["entry-points"]["dalle_kit"] == {"calm": "calm"}
    reader = Reader(tmp_path)
    reader.try_out(plugin)
    try:
        kit = Kit()
        request = kit.request("email", {"to": ["a@example.com"], "points": ["wonderful day"]})
        skeleton = kit.shape("email", request).skeleton
        said = [Draft(skeleton, {skeleton.slots[0].name: text}) for text in ("Yes!", "Yes.")]
        found = [[finding.check for finding in kit.plugins.check("email", request, draft)] for draft in said]
    finally:
        reader.leave()
    assert found == [["calm"], []]


def write(folder: Path, text: str) -> Path:
    page = folder / "page.md"
    page.write_text(text, encoding="utf-8")
    return page


@pytest.mark.parametrize(
    ("text", "complaint"),
    [
        ("<!-- not run: no reason -->\n\n```sh\nls\n```\n", "say why"),
        ("<!-- not run: takes minutes -->\n\nWords.\n\n```sh\nls\n```\n", "lost its block"),
        ("```sh\nls\n```\n\n<!-- not run: takes minutes -->\n", "has no block"),
        ("<!-- output -->\n\n```text\nx\n```\n", "nothing that runs"),
        ("<!-- not run: takes minutes -->\n```sh\nls\n```\n<!-- output -->\n```text\nx\n```\n", "nothing that runs"),
    ],
)
def test_a_comment_that_says_nothing_of_a_block_is_refused(tmp_path: Path, text: str, complaint: str) -> None:
    with pytest.raises(AssertionError, match=complaint):
        blocks(write(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "```python\nassert 1 == 2\n```\n",
        "```python\nprint(1)\n```\n\n<!-- output -->\n\n```text\n2\n```\n",
        "```console\n$ dalle-kit config get model\nno such model\n```\n",
        "```sh\ndalle-kit config get model\n```\n\n<!-- output -->\n```text\nno such model\n```\n",
        "```python\n# bad.py\nfrom dalle_kit import hookimpl\n\n\n@hookimpl\ndef dalle_kit_no_such(x): ...\n```\n",
    ],
)
def test_a_block_that_is_wrong_is_noticed(
    tmp_path: Path, home: Path, monkeypatch: pytest.MonkeyPatch, text: str
) -> None:
    monkeypatch.setattr(pages, "REPOSITORY", tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    reader = Reader(tmp_path)
    with pytest.raises(AssertionError):
        for block in blocks(write(tmp_path, text)):
            reader.try_out(block)
    reader.leave()


@given(text(alphabet="a 1.,\ns"))
def test_a_text_is_shown_by_itself_and_not_by_another(printed: str) -> None:
    assert matches(printed, printed)
    assert not matches(f"b{printed}", printed)


def test_an_output_may_leave_out_and_be_of_another_pace() -> None:
    assert matches("a\n...\nz 4 s, 1,718 rows an hour\n", "a\nb\nc\nz 0.5 s, 90 rows an hour")
    assert matches("a ... z\n\n", "a b z")
    assert not matches("a\n...\nz", "a\nb")
    assert matches("a...b...b", "a b b b") and not matches("...a" * 12 + "z", "a" * 4000)
    assert not matches("4 rooms", "5 rooms")
