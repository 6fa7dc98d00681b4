"""The commands for models."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result

from dalle_kit.cli import common
from dalle_kit.cli.models import models
from dalle_kit.config import Settings
from dalle_kit.errors import ConfigError, ModelError, UnknownNameError
from dalle_kit.models.registry import Registry
from dalle_kit.paths import Paths


def run(*arguments: str) -> Result:
    return CliRunner().invoke(models, arguments, catch_exceptions=False)


def run_json(*arguments: str) -> Any:
    return json.loads(run(*arguments, "--json").stdout)


def test_the_list_shows_needs_licence_place_and_default(paths: Paths) -> None:
    text = run().stdout
    assert text == run("list").stdout
    lines = {line[3:].split()[0]: line for line in text.splitlines() if line[3:].strip()}
    default = lines[Settings().model]
    assert default.startswith("*") and "93 MB" in default and "143 MB" in default and "Apache-2.0" in default
    assert " no " in default
    assert "6.8 GB" in lines["smollm2-1.7b"]
    rows = run_json("list")
    assert [row["name"] for row in rows if row["default"]] == [Settings().model]
    assert {row["state"] for row in rows} == {"not here"}


@pytest.mark.parametrize("columns", [40, 80, 100])
def test_on_a_narrow_terminal_the_list_has_whole_names(
    columns: int, paths: Paths, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(common, "is_terminal", lambda stream: True)
    monkeypatch.setenv("COLUMNS", str(columns))
    shown = run("list").output
    assert "smollm2-135m" in shown and "Apache-2.0" in shown and "\u2026" not in shown
    assert ("NAME smollm2-135m\nROLE decoder\n" in shown) is (columns == 40)


def test_pull_show_path_and_remove(paths: Paths, small_gguf: Path) -> None:
    name = str(small_gguf)
    with pytest.raises(ModelError, match="is not on this machine; run `dalle-kit models pull"):
        run("path", name)
    pulled = run_json("pull", name)
    assert pulled["fetched"] is True and Path(pulled["path"], "config.json").exists()
    assert run_json("pull", name)["fetched"] is False
    assert run("path", name).stdout == pulled["path"] + "\n"
    shown = run_json("show", name)
    assert shown["state"] == "here" and shown["sha256"] == pulled["sha256"] and shown["size"] > 0
    assert "state" in run("show", name).stdout
    folder = Path(pulled["path"]).name
    assert folder in run("list").stdout
    assert run_json("show", folder)["path"] == pulled["path"]
    assert run_json("remove", name)["freed"] == shown["size"]
    assert not Path(pulled["path"]).exists()


def test_a_damaged_model_is_listed_as_such(paths: Paths, small_gguf: Path) -> None:
    stored = Registry(paths=paths).ensure(str(small_gguf))
    Path(stored.path, "config.json").write_text("", encoding="utf-8")
    (row,) = [row for row in run_json("list") if row["name"].startswith("gguf-")]
    assert row["state"] == "damaged" and row["problem"].startswith("config.json has 0 bytes")


def test_the_default_is_checked_kept_and_shown(paths: Paths, small_gguf: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert run("default").stdout == f"{Settings().model}\n"
    assert run_json("default", "smollm2-360m") == {"model": "smollm2-360m"}
    assert [row["name"] for row in run_json("list") if row["default"]] == ["smollm2-360m"]
    with pytest.raises(UnknownNameError, match="did you mean 'smollm2-360m'"):
        run("default", "smollm2-36")
    monkeypatch.chdir(small_gguf.parent)
    assert run("default", small_gguf.name).stdout == f"{small_gguf}\n"


def test_an_alias_is_set_used_and_removed(paths: Paths) -> None:
    run("alias", "set", "big", "smollm2-1.7b")
    assert run_json("alias", "list") == {"big": "smollm2-1.7b"}
    assert run("alias").stdout.split() == ["big", "smollm2-1.7b"]
    assert run_json("show", "big")["name"] == "smollm2-1.7b"
    run("default", "big")
    assert [row["name"] for row in run_json("list") if row["default"]] == ["smollm2-1.7b"]
    run("default", "smollm2-135m")
    run("alias", "remove", "big")
    with pytest.raises(UnknownNameError):
        run("show", "big")


@pytest.mark.parametrize(
    ("name", "model", "error", "message"),
    [
        ("my.model", "smollm2-135m", ConfigError, "letters, digits"),
        ("smollm2-135m", "smollm2-360m", ConfigError, "is itself the name of a model"),
        ("big", "smollm2-36", UnknownNameError, "did you mean"),
    ],
)
def test_an_alias_that_could_not_work_is_refused(
    paths: Paths, name: str, model: str, error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        run("alias", "set", name, model)


def test_an_alias_that_would_lead_back_to_itself_is_refused(paths: Paths) -> None:
    run("alias", "set", "a", "smollm2-135m")
    run("alias", "set", "b", "a")
    with pytest.raises(ConfigError, match="'a' would stand for itself"):
        run("alias", "set", "a", "b")


def test_an_alias_that_is_the_default_model_is_not_removed(paths: Paths) -> None:
    run("alias", "set", "big", "smollm2-1.7b")
    run("default", "big")
    with pytest.raises(ConfigError, match="'big' is the default model; choose another first"):
        run("alias", "remove", "big")
    assert run_json("alias", "list") == {"big": "smollm2-1.7b"}


def test_removing_an_alias_that_is_not_there_names_the_nearest(paths: Paths) -> None:
    run("alias", "set", "large", "smollm2-1.7b")
    with pytest.raises(UnknownNameError, match="did you mean 'large'"):
        run("alias", "remove", "larg")


def test_the_commands_load_no_heavy_library(paths: Paths) -> None:
    code = (
        "import sys, dalle_kit.cli.models, dalle_kit.models.registry; "
        "print([name for name in ('torch', 'transformers', 'huggingface_hub', 'gguf', 'rich', 'pydantic', 'jinja2') "
        "if name in sys.modules])"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert shown.stdout == "[]\n"


def test_a_pull_compiles_for_this_processor_or_does_without(
    paths: Paths, small_gguf: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from dalle_kit.engine.native.compiling import describe_library

    assert describe_library() == "not compiled yet; it is on first use"
    run("pull", str(small_gguf))
    assert describe_library() == "compiled"
    run("remove", str(small_gguf))
    monkeypatch.setenv("CC", "false")
    assert run_json("pull", str(small_gguf))["fetched"] is True
    assert describe_library() == "the C compiler false failed: exit code 1"
    with pytest.raises(ModelError, match="the C compiler false failed"):
        run("optimize", str(small_gguf))


def test_optimize_does_now_what_a_first_use_would_do(paths: Paths, small_gguf: Path) -> None:
    name = str(small_gguf)
    done = run_json("optimize", name)
    assert Path(done["weights"]) == Path(run_json("path", name)["path"]) and Path(done["library"]).exists()
    packed = run_json("optimize", name, "--quant", "int4")
    assert packed["quant"] == "int4" and paths.cache in Path(packed["weights"]).parents
    assert "is ready (int4)" in run("optimize", name, "--quant", "int4").stdout
    with pytest.raises(UnknownNameError, match="int3"):
        run("optimize", name, "--quant", "int3")
