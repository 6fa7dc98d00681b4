"""What the sources import is what the project declares, and what is tested is what it pins."""

from __future__ import annotations

import ast
import importlib.metadata
import re
import sys
import tomllib
from collections.abc import Iterator
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
PROJECT = tomllib.loads((REPOSITORY / "pyproject.toml").read_text(encoding="utf-8"))["project"]
#: What peft brings and a training run depends on.
TRAINS_WITH = {"accelerate", "psutil"}
#: What Ray Data brings, and keeps rows in.
RAY_HAS = {"pandas", "pyarrow"}
#: Loaded by pytest alone, which whoever tests a plugin has.
OF_PYTEST = REPOSITORY / "dalle_kit/testing/pytest_plugin.py"


def normal(requirement: str) -> str:
    name = re.split(r"[^A-Za-z0-9._-]", requirement, maxsplit=1)[0]
    return re.sub(r"[-_.]+", "-", name).lower()


def imported(file: Path) -> Iterator[str]:
    for node in ast.walk(ast.parse(file.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.split(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module.split(".")[0]


def test_everything_imported_is_declared() -> None:
    extras = [each for name, extra in PROJECT["optional-dependencies"].items() if name != "dev" for each in extra]
    declared = {normal(requirement) for requirement in [*PROJECT["dependencies"], *extras]}
    providers = importlib.metadata.packages_distributions()
    for root in ("dalle_kit", "plugins"):
        for file in (REPOSITORY / root).rglob("*.py"):
            given = {*sys.stdlib_module_names, *(["pytest"] if file == OF_PYTEST else ())}
            for name in set(imported(file)) - given:
                if not name.startswith("dalle_kit"):
                    provided_by = {normal(each) for each in providers.get(name, [name])}
                    assert provided_by & declared, f"{file} imports {name}, which pyproject.toml does not declare"


def test_every_direct_dependency_is_pinned_for_the_tests() -> None:
    lines = (REPOSITORY / "constraints.txt").read_text(encoding="utf-8").splitlines()
    pinned = {normal(line) for line in lines if re.match(r"[A-Za-z0-9._-]+==[0-9][\w.]*\Z", line)}
    direct = {normal(each) for each in [*PROJECT["dependencies"], *PROJECT["optional-dependencies"]["dev"]]}
    # An environment brings its own pip, and replacing the program that runs fails on Windows.
    assert pinned == direct - {"pip"} | TRAINS_WITH | RAY_HAS
