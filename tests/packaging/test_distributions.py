"""Wheel, source distribution and editable install: each whole, and each at work far from the repository."""

from __future__ import annotations

import json
import tarfile
import tomllib
import zipfile
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from tests.packaging.conftest import ThinEnvironment

PROBE = """
import importlib.resources, importlib.util, json
import dalle_kit, dalle_kit_code, dalle_kit_email, dalle_kit_news
from dalle_kit_email import cases as email_cases
from dalle_kit_news import cases as news_cases
found = {name: importlib.util.find_spec(name) for name in ("plugins", "templates", "tests", "benchmarks")}
print(json.dumps({
    "cases": [len(list(module.cases())) for module in (email_cases, news_cases)],
    "places": [module.__file__ for module in (dalle_kit, dalle_kit_code, dalle_kit_email, dalle_kit_news)],
    "templates": [each.name for each in importlib.resources.files("dalle_kit_templates.email").iterdir()],
    "typed": importlib.resources.files("dalle_kit").joinpath("py.typed").is_file(),
    "intruders": {name: str(spec) for name, spec in found.items() if spec},
}))
"""


def names_in_wheel(wheel: Path) -> set[str]:
    return set(zipfile.ZipFile(wheel).namelist())


def test_the_wheel_holds_its_packages_with_their_templates_and_markers(wheel: Path) -> None:
    names = names_in_wheel(wheel)
    assert {
        "dalle_kit/py.typed",
        "dalle_kit/scaffold/common/pyproject.toml.tmpl",
        "dalle_kit/serving/page/index.html",
        "dalle_kit/serving/page/page.css",
        "dalle_kit/serving/page/page.js",
        "dalle_kit_code/py.typed",
        "dalle_kit_email/py.typed",
        "dalle_kit_news/py.typed",
        "dalle_kit_templates/code_complete/document.j2",
        "dalle_kit_templates/email/document.j2",
        "dalle_kit_templates/email/prompt.j2",
        "dalle_kit_templates/news/document.j2",
        "dalle_kit_email/cases.jsonl",
        "dalle_kit_email/situations.jsonl",
        "dalle_kit_news/cases.jsonl",
        "dalle_kit_news/situations.jsonl",
    } <= names
    tops = {name.split("/")[0] for name in names if ".dist-info/" not in name}
    assert tops == {"dalle_kit", "dalle_kit_code", "dalle_kit_email", "dalle_kit_news", "dalle_kit_templates"}


def test_the_wheel_holds_the_adapter_of_the_default_model_with_its_card(wheel: Path) -> None:
    folder = "dalle_kit/models/adapters/base/"
    found = {name.removeprefix(folder) for name in names_in_wheel(wheel) if name.startswith(folder)}
    assert found == {
        "adapter_config.json",
        "adapter_model.safetensors",
        "memory.safetensors",
        "training.json",
        "README.md",
    }


def test_every_source_file_is_in_the_wheel(wheel: Path, sources: Path) -> None:
    wanted = {
        file.relative_to(root).as_posix()
        for root in (sources, sources / "plugins", sources / "templates")
        for package in root.glob("dalle_kit*")
        for file in package.rglob("*")
        if file.is_file() and package.suffix != ".egg-info"
    }
    assert wanted == {name for name in names_in_wheel(wheel) if ".dist-info/" not in name}


def test_the_wheel_says_what_it_needs(wheel: Path, sources: Path) -> None:
    archive = zipfile.ZipFile(wheel)
    (metadata,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
    text = archive.read(metadata).decode("utf-8")
    project = tomllib.loads((sources / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    for requirement in project["dependencies"]:
        assert f"Requires-Dist: {requirement.split('>')[0]}" in text
    assert "Requires-Python: <3.14,>=3.11" in text and "License-Expression: Apache-2.0" in text
    assert (sources / "README.md").read_text(encoding="utf-8").strip() in text


def test_the_source_distribution_builds_the_same_wheel(
    sdist: Path, wheel: Path, tmp_path: Path, build: Callable[[str, Path, Path], Path]
) -> None:
    with tarfile.open(sdist) as archive:
        if hasattr(tarfile, "data_filter"):  # not before Python 3.11.4
            archive.extraction_filter = tarfile.data_filter
        archive.extractall(tmp_path)
    (folder,) = tmp_path.iterdir()
    assert names_in_wheel(build("wheel", folder, tmp_path / "out")) == names_in_wheel(wheel)


@pytest.mark.parametrize("kind", ["wheel", "editable"])
def test_an_install_works_far_from_the_repository(
    kind: str, request: pytest.FixtureRequest, thin: ThinEnvironment, elsewhere: Path, tmp_path: Path
) -> None:
    home = thin.site_packages
    if kind == "editable":
        home = request.getfixturevalue("copy_sources")(tmp_path / "checkout")
        thin.install("--editable", str(home))
    else:
        thin.install(str(request.getfixturevalue(kind)))
    settings = {"DALLE_KIT_HOME": str(tmp_path / "home"), "DALLE_KIT_STRICT_PLUGINS": "1"}
    version = thin.run("dalle-kit", "--version", cwd=elsewhere, env=settings).stdout
    assert version.split() == ["dalle-kit", "0.1.0"]
    assert "email" in thin.run("dalle-kit", "--help", cwd=elsewhere, env=settings).stdout
    assert "--subject" in thin.run("dalle-kit", "email", "--help", cwd=elsewhere, env=settings).stdout
    assert "--headline" in thin.run("dalle-kit", "news", "--help", cwd=elsewhere, env=settings).stdout
    assert "FILE:LINE" in thin.run("dalle-kit", "code", "complete", "--help", cwd=elsewhere, env=settings).stdout
    facts = json.loads(thin.run("python", "-c", PROBE, cwd=elsewhere).stdout)
    assert all(Path(place).is_relative_to(home) for place in facts["places"])
    assert {"document.j2", "prompt.j2"} <= set(facts["templates"])
    assert min(facts["cases"]) >= 60
    assert facts["typed"] and facts["intruders"] == {}
