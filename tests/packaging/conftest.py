"""Thin virtual environments on top of the one the tests run in, so that nothing large is installed again."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import venv
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).parents[2]
_SCRIPTS = "Scripts" if os.name == "nt" else "bin"
_NOT_SOURCES = ("__pycache__", "*.egg-info", "build", "dist")


@dataclass(frozen=True)
class ThinEnvironment:
    """A virtual environment that sees the packages of the one the tests run in, but not the toolkit in it."""

    folder: Path

    @property
    def site_packages(self) -> Path:
        return Path(sysconfig.get_path("purelib", "venv", {"base": str(self.folder), "platbase": str(self.folder)}))

    def run(
        self, *command: str, cwd: Path, check: bool = True, timeout: int = 300, env: Mapping[str, str] | None = None
    ) -> subprocess.CompletedProcess[str]:
        """Run one of the environment's programs in a folder."""
        program = self.folder / _SCRIPTS / command[0]
        inherited = {name: value for name, value in os.environ.items() if name not in ("PYTHONPATH", "PYTHONHOME")}
        done = subprocess.run(
            [str(program), *command[1:]],
            cwd=cwd,
            env={**inherited, "PYTHONIOENCODING": "utf-8", **(env or {})},
            capture_output=True,
            encoding="utf-8",
            timeout=timeout,
            check=False,
        )
        assert not check or done.returncode == 0, f"{command}: {done.returncode}\n{done.stdout}\n{done.stderr}"
        return done

    def install(self, *what: str) -> None:
        """Install with pip: no dependencies, no network."""
        options = ("--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check")
        self.run("python", "-m", "pip", "install", *options, *what, cwd=self.folder)


def make_thin_environment(folder: Path) -> ThinEnvironment:
    venv.create(folder, with_pip=False, symlinks=os.name != "nt")
    thin = ThinEnvironment(folder)
    base = [entry for entry in sys.path if Path(entry).name in ("site-packages", "dist-packages")]
    (thin.site_packages / "base.pth").write_text("\n".join(base), encoding="utf-8")
    return thin


@pytest.fixture
def thin(tmp_path: Path) -> ThinEnvironment:
    return make_thin_environment(tmp_path / "venv")


@pytest.fixture
def elsewhere(tmp_path: Path) -> Path:
    """A folder that is not the repository."""
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    return folder


@pytest.fixture(scope="session")
def copy_sources() -> Callable[[Path], Path]:
    """A function that copies what the toolkit is built from, as a clean checkout would have it."""

    def copy(target: Path) -> Path:
        target.mkdir()
        for name in ("dalle_kit", "plugins", "templates", "tests"):
            shutil.copytree(REPOSITORY / name, target / name, ignore=shutil.ignore_patterns(*_NOT_SOURCES))
        for name in ("pyproject.toml", "README.md"):
            shutil.copy(REPOSITORY / name, target / name)
        return target

    return copy


@pytest.fixture(scope="session")
def build() -> Callable[[str, Path, Path], Path]:
    """A function that builds a "wheel" or an "sdist" of a source folder into another, and returns the file."""

    def do(what: str, source: Path, target: Path) -> Path:
        command = [sys.executable, "-m", "build", "--no-isolation", f"--{what}", "--outdir", str(target), str(source)]
        done = subprocess.run(command, capture_output=True, encoding="utf-8", timeout=300, check=False)
        assert done.returncode == 0, done.stdout + done.stderr
        (file,) = target.iterdir()
        return file

    return do


@pytest.fixture(scope="session")
def sources(copy_sources: Callable[[Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return copy_sources(tmp_path_factory.mktemp("sources") / "checkout")


@pytest.fixture(scope="session")
def wheel(sources: Path, build: Callable[[str, Path, Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("wheel", sources, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="session")
def sdist(sources: Path, build: Callable[[str, Path, Path], Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    return build("sdist", sources, tmp_path_factory.mktemp("sdist"))


@pytest.fixture(scope="session")
def workshop(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> ThinEnvironment:
    """An environment with the toolkit in it, in which plugins of many tests are installed side by side."""
    thin = make_thin_environment(tmp_path_factory.mktemp("workshop") / "venv")
    thin.install(str(wheel))
    return thin
