"""The rules of the house that a tool does not check."""

from __future__ import annotations

import ast
import importlib
import inspect
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pydantic
import pytest

import dalle_kit
from dalle_kit import SourcePlace, errors, hookspecs, records

REPOSITORY = Path(__file__).parents[1]
SOURCES = sorted(
    file
    for root in ("dalle_kit", "plugins", "templates", "tests", "benchmarks", "scripts")
    for file in (REPOSITORY / root).rglob("*.py")
)
HOOKS = [name for name in vars(hookspecs) if name.startswith("dalle_kit_")]


def parse(file: Path) -> ast.Module:
    return ast.parse(file.read_text(encoding="utf-8"))


def functions(file: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(parse(file)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node


def test_no_module_has_more_than_600_lines() -> None:
    lengths = {
        str(file.relative_to(REPOSITORY)): len(file.read_text(encoding="utf-8").splitlines()) for file in SOURCES
    }
    assert len(lengths) > 50
    assert {file: length for file, length in lengths.items() if length > 600} == {}


def test_no_function_has_60_lines_or_more() -> None:
    lengths = {
        f"{file.relative_to(REPOSITORY)}:{function.name}": (function.end_lineno or 0) - function.lineno + 1
        for file in SOURCES
        for function in functions(file)
    }
    assert {name: length for name, length in lengths.items() if length >= 60} == {}


def test_the_public_names_are_sorted_and_each_is_there() -> None:
    assert sorted(dalle_kit.__all__) == dalle_kit.__all__
    assert dir(dalle_kit) == sorted(dalle_kit.__all__)
    for name in dalle_kit.__all__:
        assert getattr(dalle_kit, name) is not None


def test_all_holds_every_error_and_every_record() -> None:
    defined = {
        name
        for module in (errors, records)
        for name, value in vars(module).items()
        if inspect.isclass(value) and value.__module__ == module.__name__ and not name.startswith("_")
    }
    assert defined <= set(dalle_kit.__all__)


def test_type_checkers_see_the_public_names() -> None:
    (block,) = (node for node in parse(REPOSITORY / "dalle_kit/__init__.py").body if isinstance(node, ast.If))
    seen = {alias.name: node.module for node in block.body if isinstance(node, ast.ImportFrom) for alias in node.names}
    assert set(seen) == set(dalle_kit.__all__) - {"__version__"}
    for name, module in seen.items():
        assert getattr(importlib.import_module(str(module)), name) is getattr(dalle_kit, name)


def test_type_checkers_see_which_fields_of_public_models_have_defaults() -> None:
    public = (getattr(dalle_kit, name) for name in dalle_kit.__all__)
    models = {each for each in public if inspect.isclass(each) and issubclass(each, pydantic.BaseModel)}
    assert SourcePlace in models
    for module in {inspect.getsourcefile(model) for model in models}:
        for call in ast.walk(parse(Path(str(module)))):
            if isinstance(call, ast.Call) and ast.unparse(call.func).removeprefix("pydantic.") == "Field":
                assert not call.args, f"{module}:{call.lineno}: a default without a name is none to a type checker"


def test_an_unknown_attribute_is_an_attribute_error() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        dalle_kit.no_such_name  # noqa: B018


def test_importing_the_package_loads_nothing_heavy() -> None:
    code = (
        "import sys, dalle_kit\n"
        "heavy = {'torch', 'transformers', 'pydantic', 'jinja2', 'rich', 'click', 'pluggy', 'numpy'}\n"
        "print(*sorted(heavy & set(sys.modules)))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("hook", HOOKS)
def test_each_hook_is_documented_and_has_a_test_of_its_name(hook: str) -> None:
    documentation = inspect.getdoc(getattr(hookspecs, hook))
    assert documentation and documentation.endswith(".")
    tests = {function.name for function in functions(REPOSITORY / "tests/plugins/test_hooks.py")}
    assert f"test_{hook}" in tests


def test_every_package_has_its_marker_of_types() -> None:
    packages = [REPOSITORY / "dalle_kit", *(REPOSITORY / "plugins").glob("dalle_kit_*")]
    assert len(packages) > 3
    assert [package.name for package in packages if not (package / "py.typed").is_file()] == []
