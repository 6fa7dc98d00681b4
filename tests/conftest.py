"""What many tests share: the real default model, pulled once, and homes of their own."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest

# Set before anything reads it: no test may touch the settings of the person who runs it.
for name in [name for name in os.environ if name.startswith("DALLE_KIT_") and name != "DALLE_KIT_TEST_HOME"]:
    del os.environ[name]


@pytest.fixture(scope="session")
def default_model_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A DALLE_KIT_HOME with the default model in it, pulled as a user pulls it.

    DALLE_KIT_TEST_HOME names a folder that keeps it from one run to the next.
    """
    kept = os.environ.get("DALLE_KIT_TEST_HOME")
    home = Path(kept) if kept else tmp_path_factory.mktemp("home")
    subprocess.run(
        [sys.executable, "-m", "dalle_kit.cli.main", "models", "pull", "smollm2-135m"],
        env={**os.environ, "DALLE_KIT_HOME": str(home)},
        check=True,
        timeout=600,
    )
    return home


@pytest.fixture
def home(tmp_path: Path, default_model_home: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A fresh DALLE_KIT_HOME that shares the pulled models."""
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "models").symlink_to(default_model_home / "models", target_is_directory=True)
    monkeypatch.setenv("DALLE_KIT_HOME", str(folder))
    return folder


@pytest.fixture(scope="session")
def default_model_path(default_model_home: Path) -> Path:
    """The folder of the default model in the layout of transformers."""
    found = sorted(default_model_home.glob("models/*/model.safetensors"))
    return next(file.parent for file in found if "smollm2-135m" in file.parent.name)
