"""Runs in processes of their own: one that is killed goes on, two compute what one does."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from dalle_kit.kit import Kit
from dalle_kit.training.recipe import Recipe
from dalle_kit.training.run import train_model
from dalle_kit.training.sources import Sources

RECIPE = Recipe(rank=2, alpha=4, rate=6e-3, passes=10, batch=2, precision="float32")
OPTIONS = "--rank 2 --rate 6e-3 --passes 10 --batch 2 --precision float32".split()


def curve(folder: Path) -> list[tuple[int, float, int]]:
    found = json.loads((folder / "curves.json").read_text(encoding="utf-8"))
    return [(each["step"], each["loss"], each["tokens"]) for each in found["training"]]


def train(model: Path, days: Path, held_out: Path, folder: Path, recipe: Recipe = RECIPE) -> dict[str, Any]:
    sources = Sources(files=(days,), held_out=(held_out,))
    return train_model(Kit(model=str(model)), sources, folder, recipe=recipe, report=lambda step: None)


def command(model: Path, days: Path, held_out: Path, folder: Path) -> list[str]:
    files = ["--data", str(days), "--held-out", str(held_out), "--output", str(folder)]
    return ["-m", "dalle_kit.cli.main", "train", "--model", str(model), *files, *OPTIONS]


def test_a_run_that_was_killed_goes_on_to_the_same_curve(
    small_model: Path, days: Path, held_out: Path, home: Path, tmp_path: Path
) -> None:
    whole, killed = tmp_path / "whole", tmp_path / "killed"
    arguments = [*command(small_model, days, held_out, killed), "--save-every", "0.00001"]
    with subprocess.Popen([sys.executable, *arguments], stderr=subprocess.DEVNULL) as process:
        state = killed / "checkpoint/state.safetensors"
        while not state.exists() and process.poll() is None:
            time.sleep(0.02)
        time.sleep(0.05)  # amid one of the steps that are left
        process.kill()
    assert process.returncode != 0 and state.exists() and not (killed / "curves.json").exists()
    (killed / "checkpoint/.0123456789abcdef.part").write_bytes(b"what was being written")
    train(small_model, days, held_out, killed)
    assert not (killed / "checkpoint").exists()
    card = train(small_model, days, held_out, whole)
    assert card["steps"] > 20 and curve(killed) == curve(whole)
    assert (killed / "adapter_model.safetensors").read_bytes() == (whole / "adapter_model.safetensors").read_bytes()


@pytest.mark.skipif(sys.platform == "win32", reason="torch's launcher needs more than Windows gives it")
def test_two_processes_learn_what_one_does(
    small_model: Path, days: Path, held_out: Path, home: Path, tmp_path: Path
) -> None:
    alone, both = tmp_path / "alone", tmp_path / "both"
    launcher = ["-m", "torch.distributed.run", "--nproc-per-node", "2", "--rdzv-backend", "c10d"]
    arguments = [*launcher, "--rdzv-endpoint", "localhost:0", *command(small_model, days, held_out, both)]
    done = subprocess.run(
        [sys.executable, *arguments],
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=120,
    )
    assert done.returncode == 0, done.stderr
    card = json.loads((both / "training.json").read_text(encoding="utf-8"))
    wanted = train(small_model, days, held_out, alone, Recipe(**{**card["recipe"], "accumulate": 2}))
    assert (card["processes"], wanted["processes"]) == (2, 1)
    assert [each[0] for each in curve(both)] == [each[0] for each in curve(alone)]
    assert [each[2] for each in curve(both)] == [each[2] for each in curve(alone)]
    assert [each[1] for each in curve(both)] == pytest.approx([each[1] for each in curve(alone)], rel=2e-3)
    assert done.stdout.count("tokens a pass") == 1  # one speaks for all
