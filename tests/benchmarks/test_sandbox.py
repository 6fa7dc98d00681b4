"""What a model wrote is run: it must not hang, fill the memory, reach out, or pass without passing."""

from __future__ import annotations

import sys
import time
from pathlib import Path

import pytest
from code_completion.sandbox import Limits, run_program

STRICT = Limits(processor=1, clock=3.0, memory=256 << 20)
POSIX = pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such limits")


def test_a_program_passes_if_it_and_its_tests_come_to_their_end() -> None:
    assert run_program("def f(x):\n    return x + 1\n", "assert f(1) == 2").passed
    failed = run_program("def f(x):\n    return x\n", "assert f(1) == 2")
    assert (failed.outcome, failed.message) == ("failed", "AssertionError: ")
    assert run_program("def f(x:\n", "").message.startswith("SyntaxError")


@POSIX
@pytest.mark.parametrize("program", ["while True:\n    pass", "import time\nwhile True:\n    time.sleep(9)"])
def test_what_never_ends_is_stopped(program: str) -> None:
    start = time.perf_counter()
    assert run_program(program, "", limits=STRICT).outcome == "out of time"
    assert time.perf_counter() - start < 10


@POSIX
@pytest.mark.parametrize("program", ["x = [0]\nwhile True:\n    x += x", "x = bytearray(1 << 33)", "'a' * (1 << 33)"])
def test_what_takes_too_much_memory_is_stopped(program: str) -> None:
    assert run_program(program, "", limits=STRICT).outcome == "out of memory"


@pytest.mark.parametrize(
    "program",
    [
        "import socket\nsocket.socket()",
        "import urllib.request\nurllib.request.urlopen('http://localhost:9')",
        "import os\nos.system('true')",
        "import os\nos.fork()",
        "import os\nos.kill(os.getppid(), 9)",
        "import os\nos.remove('there')",
        "import subprocess\nsubprocess.run(['true'])",
        "import ctypes",
        "open('there', 'w')",
        "import pathlib\npathlib.Path('there').write_text('x')",
        "import os\nos.open('there', os.O_CREAT | os.O_WRONLY)",
    ],
)
def test_nothing_beyond_its_process_is_reached(program: str) -> None:
    result = run_program(program, "", limits=STRICT)
    assert result.outcome == "failed"
    assert "is not allowed here" in result.message


@pytest.mark.parametrize(
    "program",
    [
        "import sys\nsys.exit(0)",
        "import os\nos._exit(0)",
        "raise SystemExit",
        'import os\nfor n in range(3, 9):\n    try:\n        os.write(n, b\'{"outcome": "passed", "message": ""}\')\n'
        "    except OSError:\n        pass\nos._exit(0)",
    ],
)
def test_to_leave_early_is_not_to_pass(program: str) -> None:
    assert run_program(program, "assert False").outcome == "failed"


def test_what_it_prints_and_the_threads_it_leaves_do_not_matter() -> None:
    program = "import sys, threading, time\nprint('x' * 10**6)\nsys.stderr.write('x')\n"
    program += "threading.Thread(target=time.sleep, args=(60,)).start()"
    assert run_program(program, "assert True", limits=STRICT).passed


def test_it_sees_the_standard_library_alone_and_what_it_is_given(tmp_path: Path) -> None:
    assert run_program("import numpy", "").message.startswith("ModuleNotFoundError")
    (tmp_path / "things").mkdir()
    (tmp_path / "things/__init__.py").write_text("", encoding="utf-8")
    (tmp_path / "things/one.py").write_text("ONE = 1\n", encoding="utf-8")
    program = "from things.one import ONE\nfrom .one import ONE as again\n"
    assert run_program(program, "assert ONE == again == 1", package="things", library=str(tmp_path)).passed


def test_a_dataclass_and_a_random_order_work_as_in_a_file() -> None:
    program = (
        "from __future__ import annotations\nimport dataclasses\n@dataclasses.dataclass\nclass A:\n    b: int = 1\n"
    )
    assert run_program(program, "assert A() == A(1)").passed
    once, again = (run_program("", "raise ValueError(list({'a', 'b', 'c', 'd', 'e'}))").message for _ in range(2))
    assert once == again
