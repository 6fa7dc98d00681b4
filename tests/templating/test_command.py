"""The ``templates`` commands, run on a real installed plugin."""

import importlib
import json
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from dalle_kit.cli.main import main

PLUGIN = """
import jinja2
import pydantic
from dalle_kit import Domain, Request, hookimpl

class Memo(Request):
    about: str = pydantic.Field(description="What it is about.")

@hookimpl
def dalle_kit_register_domains(register):
    register(Domain(name="memo", summary="Write a memo.", request=Memo, templates="memos.texts"))

@hookimpl
def dalle_kit_register_template_loaders(register):
    register("shelf", jinja2.DictLoader({"memo/loud/document.j2": "LOUD {{ request.about }} {{ slot('body') }}"}))
"""
DOCUMENT = "{% block top %}Memo: {{ request.about }}{% endblock %}\n{{ slot('body') }}\n"
PROMPT = "Write about {{ request.about }}: {{ outline }}"

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]) -> Iterator[Run]:
    site = tmp_path / "site"
    texts = site / "memos" / "texts"
    texts.mkdir(parents=True)
    (texts / "document.j2").write_text(DOCUMENT, encoding="utf-8")
    (texts / "prompt.j2").write_text(PROMPT, encoding="utf-8")
    (site / "memos" / "__init__.py").write_text(PLUGIN, encoding="utf-8")
    info = site / "memos-1.0.dist-info"
    info.mkdir()
    (info / "METADATA").write_text("Metadata-Version: 2.1\nName: memos\nVersion: 1.0\n", encoding="utf-8")
    (info / "entry_points.txt").write_text("[dalle_kit]\nmemos = memos\n", encoding="utf-8")
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))
    importlib.invalidate_caches()

    def command(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(["templates", *arguments])
        return code, *capfd.readouterr()

    yield command
    for name in [name for name in sys.modules if name.partition(".")[0] == "memos"]:
        del sys.modules[name]


def mine(tmp_path: Path, name: str) -> Path:
    return tmp_path / "home" / "templates" / "memo" / name


def test_list_names_each_template_and_its_origin(run: Run) -> None:
    code, out, _ = run("list", "memo")
    assert code == 0
    assert [line.split(maxsplit=1) for line in out.splitlines()] == [
        ["memo/document.j2", "bundled"],
        ["memo/prompt.j2", "bundled"],
        ["shelf:memo/loud/document.j2", "plugin loader shelf"],
    ]
    assert json.loads(run("list", "memo", "--json")[1])[0] == {
        "name": "memo/document.j2",
        "source": "bundled",
        "place": "bundled:memo/document.j2",
    }
    assert run("list", "mmo")[0] == 2


def test_show_prints_one_or_both(run: Run) -> None:
    assert run("show", "memo/prompt.j2")[1] == PROMPT + "\n"
    both = run("show", "memo")[1]
    assert DOCUMENT in both
    assert PROMPT in both
    assert "LOUD" in run("show", "shelf:memo/loud")[1]
    code, out, err = run("show", "memo/promt.j2")
    assert (code, out) == (2, "")
    assert err == "Error: no template named 'memo/promt.j2': did you mean 'memo/prompt.j2'?\n"


def test_path_prints_the_folder_or_the_file(run: Run, tmp_path: Path) -> None:
    assert run("path")[1].strip() == str(tmp_path / "home" / "templates")
    assert run("path", "memo/prompt.j2")[1] == "bundled:memo/prompt.j2\n"
    assert run("new", "memo/prompt.j2")[0] == 0
    assert run("path", "memo/prompt.j2")[1].strip() == str(mine(tmp_path, "prompt.j2"))


def test_render_shows_prompt_and_outline(run: Run, tmp_path: Path) -> None:
    (tmp_path / "request.json").write_text('{"about": "{{ tea }} ü"}', encoding="utf-8")
    code, out, err = run("render", "memo", "--request", str(tmp_path / "request.json"))
    assert (code, err) == (0, "")
    assert "Write about {{ tea }} ü: Memo: {{ tea }} ü\n..." in out
    found = json.loads(run("render", "memo", "--template", "shelf:loud", "--json")[1])
    assert found["template"] == "shelf:memo/loud"
    assert found["outline"] == "LOUD example ..."


def test_render_takes_a_variant_by_its_full_name(run: Run) -> None:
    assert run("new", "memo/brief")[0] == 0
    assert json.loads(run("render", "memo/brief", "--json")[1])["template"] == "memo/brief"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("{", "is not JSON"),
        ("[]", "give a JSON object"),
        ('{"abuot": "x"}', "did you mean 'about'"),
        ("\udcff", "JSON"),
    ],
)
def test_render_refuses_a_wrong_request(run: Run, tmp_path: Path, text: str, message: str) -> None:
    (tmp_path / "request.json").write_bytes(text.encode("utf-8", "surrogateescape"))
    code, out, err = run("render", "memo", "--request", str(tmp_path / "request.json"))
    assert (code, out) == (2, "")
    assert message in err
    assert err.count("\n") == 1


def test_render_names_the_nearest_template(run: Run) -> None:
    code, _, err = run("render", "memo", "--template", "shelf:lod")
    assert code == 2
    assert err == "Error: no template named 'shelf:lod': did you mean 'shelf:loud'?\n"


def test_new_extends_blocks_and_copies_the_rest(run: Run, tmp_path: Path) -> None:
    code, out, _ = run("new", "memo")
    assert code == 0
    assert out.splitlines() == [str(mine(tmp_path, "document.j2")), str(mine(tmp_path, "prompt.j2"))]
    text = mine(tmp_path, "document.j2").read_text(encoding="utf-8")
    assert text.startswith('{% extends "bundled:memo/document.j2" %}\n')
    assert mine(tmp_path, "prompt.j2").read_text(encoding="utf-8") == PROMPT
    before = json.loads(run("render", "memo", "--template", "bundled:default", "--json")[1])["outline"]
    assert json.loads(run("render", "memo", "--json")[1])["outline"] == before
    assert run("check", "memo")[0] == 0


def test_new_never_overwrites_and_writes_all_or_nothing(run: Run, tmp_path: Path) -> None:
    mine(tmp_path, "").mkdir(parents=True)
    mine(tmp_path, "prompt.j2").write_text("mine", encoding="utf-8")
    code, out, err = run("new", "memo")
    assert (code, out) == (2, "")
    assert "exists; edit it, or begin anew with --force" in err
    assert not mine(tmp_path, "document.j2").exists()
    assert mine(tmp_path, "prompt.j2").read_text(encoding="utf-8") == "mine"
    assert run("new", "memo", "--force")[0] == 0
    assert mine(tmp_path, "prompt.j2").read_text(encoding="utf-8") == PROMPT


def test_new_variant_begins_from_any_template(run: Run, tmp_path: Path) -> None:
    assert run("new", "memo/brief")[0] == 0
    assert (
        mine(tmp_path, "brief/document.j2").read_text(encoding="utf-8").startswith('{% extends "memo/document.j2" %}')
    )
    assert run("new", "memo/shout/document.j2", "--from", "shelf:loud")[0] == 0
    assert "LOUD" in mine(tmp_path, "shout/document.j2").read_text(encoding="utf-8")
    for name in ("brief", "shout"):
        assert run("render", "memo", "--template", name)[0] == 0


@pytest.mark.parametrize("name", ["mmo", "memo/../x", "memo/a/b", "memo/none.j2", "/memo", "memo/a\\b", "memo/"])
def test_new_refuses_names_there_cannot_be(run: Run, tmp_path: Path, name: str) -> None:
    code, _, err = run("new", name)
    if name == "memo/":
        assert code == 0
        return
    assert (code, err.count("\n")) == (2, 1)
    assert not (tmp_path / "home" / "templates").exists()


def test_check_fails_on_a_wrong_template_with_its_place(run: Run, tmp_path: Path) -> None:
    code, out, err = run("check", "memo")
    assert (code, out, err) == (0, "memo: 3 files, 2 rendered, no problems\n", "")
    mine(tmp_path, "").mkdir(parents=True)
    mine(tmp_path, "prompt.j2").write_text("ok\n{{ request.abuot }}", encoding="utf-8")
    code, out, err = run("check", "memo")
    assert code == 2
    assert f"{mine(tmp_path, 'prompt.j2')}:2: " in err
    assert "did you mean 'about'" in err
    assert json.loads(run("check", "memo", "--json")[1])[0]["problems"]
