"""Rows written on a Ray cluster of several nodes: as here, each once, also where a process of it is killed."""

from __future__ import annotations

import os
import pickle
import secrets
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest

from dalle_kit import ConfigError
from dalle_kit.batching import Plan, Row, in_threads, on_ray
from dalle_kit.batching.facts import facts_of
from dalle_kit.batching.on_ray import Actor

#: Two nodes, each with a core, until stdin ends.
CLUSTER = """
import sys
from ray.cluster_utils import Cluster
cluster = Cluster(True, head_node_args={"num_cpus": 1, "include_dashboard": False})
cluster.add_node(num_cpus=1)
cluster.wait_for_nodes()
print("at", cluster.address, flush=True)
sys.stdin.read()
cluster.shutdown()
"""

PLAN = Plan(domain="email", format="text", arguments={"candidates": 1, "repair": False, "privacy": "off"}, together=3)


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder with a short name: sockets are kept in it."""
    with TemporaryDirectory(dir="/tmp", prefix="dk", ignore_cleanup_errors=True) as path:
        yield Path(path)


@pytest.fixture
def cluster(scripted: Any, folder: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[str]:
    """The address of a cluster of two nodes on this machine."""
    (folder / "ray").mkdir()
    monkeypatch.setenv("RAY_TMPDIR", str(folder))
    monkeypatch.setenv("RAY_USAGE_STATS_ENABLED", "0")
    monkeypatch.setenv("RAY_AUTH_MODE", "token")
    monkeypatch.setenv("RAY_AUTH_TOKEN", secrets.token_hex(32))
    pipes: dict[str, Any] = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "stderr": subprocess.DEVNULL}
    with subprocess.Popen([sys.executable, "-c", CLUSTER], encoding="utf-8", **pipes) as process:
        assert process.stdin and process.stdout
        yield next(line.split()[1] for line in process.stdout if line.startswith("at "))
        process.stdin.close()


def rows_of(*points: str) -> list[Row]:
    return [
        Row(number, f"line {number}", fields={"to": ["g@example.com"], "subject": "Ottershaw", "points": [point]})
        for number, point in enumerate(points, 1)
    ]


def test_a_cluster_writes_each_row_once_and_as_here_also_where_a_process_is_killed(
    cluster: str, scripted: Any, tmp_path: Path, folder: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    rows = rows_of(*(f"room {number}" for number in range(1, 12)), "unlucky")
    found = list(on_ray(scripted.Scripted, PLAN, rows, address=cluster))
    assert (tmp_path / "processes/unlucky").exists() and len(os.listdir(tmp_path / "processes")) >= 4  # noqa: PTH208
    assert sorted(found, key=lambda each: each[0]["row"]) == sorted(
        in_threads(scripted.Scripted(), PLAN, rows), key=lambda each: each[0]["row"]
    )
    assert capfd.readouterr() == ("", "")
    texts = [path for path in folder.rglob("*") if path.is_file() and b"Ottershaw" in path.read_bytes()]
    assert not texts, "what is written of the rows stays nowhere"


def told(actor: Actor, *points: str) -> list[tuple[str, Any]]:
    """Return what an actor tells of rows."""
    rows = [pickle.dumps(row) for row in rows_of(*points)]
    return [pickle.loads(message) for message in actor({"row": rows})["written"]]


def test_an_actor_raises_nothing_that_ray_would_write_down(scripted: Any) -> None:
    facts = facts_of(scripted.Scripted(), PLAN, [])
    actor = Actor(scripted.Scripted, PLAN, {"version": facts["version"]}, [])
    assert [kind for kind, _ in told(actor, "room 1", "room 2")] == ["written", "written"]
    assert told(actor, "broken") == [("wrong", f"{socket.gethostname()}: out of memory")]


def test_a_machine_with_another_version_or_other_templates_writes_nothing(scripted: Any) -> None:
    actor = Actor(scripted.Scripted, PLAN, {"version": "0.0.1"}, [])
    ((kind, words),) = told(actor, "room 1")
    assert kind == "wrong" and words.endswith(
        ": this is another version of dalle-kit, compared with where the command was given"
    )
    actor = Actor(scripted.Scripted, PLAN, {"templates": {"email/email.txt.j2": "0"}}, rows_of("room"))
    assert ": the templates have changed, compared with" in told(actor, "room 1")[0][1]


def test_a_cluster_that_does_not_answer_is_told(scripted: Any) -> None:
    with pytest.raises(
        ConfigError, match=r"^no Ray answers at 127\.0\.0\.1:1: .*; give the address of a cluster's head"
    ):
        on_ray(scripted.Scripted, PLAN, rows_of("room"), address="127.0.0.1:1")


def test_a_ray_that_is_started_here_is_always_one_that_only_this_process_has_the_key_of(
    scripted: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def start(target: Any, job: Any) -> Any:
        Path(job.folder).rmdir()
        assert job.address is None
        raise KeyboardInterrupt

    monkeypatch.setattr(sys.modules["dalle_kit.batching.on_ray"], "start_process", start)
    monkeypatch.setattr("importlib.util.find_spec", lambda name: "there")
    with pytest.raises(KeyboardInterrupt):
        on_ray(scripted.Scripted, PLAN, rows_of("room"), address="local")


def test_without_ray_the_fix_is_told(monkeypatch: pytest.MonkeyPatch, scripted: Any) -> None:
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(ConfigError, match=r"--engine ray needs what is not installed: pip install 'dalle-kit\[ray\]'"):
        on_ray(scripted.Scripted, PLAN, rows_of("room"))
