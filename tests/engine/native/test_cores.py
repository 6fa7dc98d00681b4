from __future__ import annotations

import math
from pathlib import Path

import pytest

from dalle_kit.engine.native.cores import _limits, usable_cores


def limits(folder: Path, groups: str, files: dict[str, str]) -> float:
    own = folder / "cgroup"
    own.write_text(groups)
    for name, text in files.items():
        (folder / "root" / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / "root" / name).write_text(text)
    return min([math.inf, *_limits(own, folder / "root")])


@pytest.mark.parametrize(
    ("groups", "files", "cores"),
    [
        ("0::/\n", {"cpu.max": "200000 100000\n"}, 2),  # a container
        ("0::/a/b\n", {"cpu.max": "max 100000\n", "a/cpu.max": "150000 100000\n", "a/b/cpu.max": "max 100000\n"}, 1.5),
        ("0::/../x\n", {"cpu.max": "400000 100000\n"}, 4),
        (
            "3:cpuset:/\n1:cpu,cpuacct:/\n",
            {"cpu,cpuacct/cpu.cfs_quota_us": "50000", "cpu,cpuacct/cpu.cfs_period_us": "100000"},
            0.5,
        ),
        ("1:cpu:/\n", {"cpu/cpu.cfs_quota_us": "-1", "cpu/cpu.cfs_period_us": "100000"}, math.inf),
        ("0::/\n", {"cpu.max": "nonsense"}, math.inf),
        ("0::/\n", {"cpu.max": "1 0"}, math.inf),
        ("0::/gone\n", {}, math.inf),
    ],
)
def test_the_limits_of_control_groups_are_read(
    tmp_path: Path, groups: str, files: dict[str, str], cores: float
) -> None:
    assert limits(tmp_path, groups, files) == cores


def test_where_there_are_no_control_groups_nothing_is_limited(tmp_path: Path) -> None:
    assert list(_limits(tmp_path / "none", tmp_path)) == []


@pytest.mark.parametrize(("limit", "cores"), [(0.5, 1), (1.0, 1)])
def test_no_more_processors_are_used_than_there_is_time_of(
    monkeypatch: pytest.MonkeyPatch, limit: float, cores: int
) -> None:
    monkeypatch.setattr("dalle_kit.engine.native.cores._limits", lambda: [limit])
    assert usable_cores() == cores
