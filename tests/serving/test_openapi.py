"""The OpenAPI document: what it says is so, as schemathesis finds out at a server in a process of its own."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

from dalle_kit.errors import OptionError
from dalle_kit.records import GenerationOptions
from dalle_kit.serving.bodies import RANGES
from tests.serving.conftest import Server
from tests.serving.test_command import asked, served

FUZZING = Path(__file__).parent / "fuzzing"


def test_no_request_that_schemathesis_makes_is_answered_otherwise_than_the_document_says(
    serving_home: Path, tmp_path: Path
) -> None:
    program = shutil.which("st", path=str(Path(sys.executable).parent))
    assert program is not None
    with served("--max-body", "3000", PYTHONWARNINGS="error::RuntimeWarning") as (process, port):
        address = f"http://127.0.0.1:{port}/openapi.json"
        command = [program, "--no-color", "--config-file", str(FUZZING / "schemathesis.toml"), "run", address]
        command += ["--phases", "coverage,fuzzing,stateful", "--max-examples", "2", "--seed", "1"]
        command += ["--request-timeout", "60", "--continue-on-failure"]
        environment = {**os.environ, "PYTHONPATH": str(FUZZING), "SCHEMATHESIS_HOOKS": "short_texts"}
        found = subprocess.run(command, cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=300)
        with asked(port, "/health") as response:
            assert response.status == 200
        process.terminate()
        _, told = process.communicate(timeout=60)
    assert found.returncode == 0, found.stdout[-6000:]
    assert "Traceback" not in told and "failed" not in told, told
    for phase in ("Coverage", "Fuzzing", "Stateful"):
        assert f"✅ {phase}" in found.stdout
    passed = re.search(r"(\d+) generated, (\d+) passed", found.stdout)
    assert passed and passed[1] == passed[2] and int(passed[1]) > 500


def test_the_document_says_what_the_options_allow() -> None:
    for name, allowed in RANGES.items():
        low = allowed.get("minimum", 1e-9)
        for value in (low, allowed["maximum"]):
            GenerationOptions(**{name: value})
        for value in (allowed.get("exclusiveMinimum", low - 1), allowed["maximum"] + (name != "candidates")):
            try:
                GenerationOptions(**{name: value})
            except OptionError:
                continue
            assert name == "candidates"


def test_each_address_says_how_it_answers_and_that_a_key_is_needed_where_it_is(server: Server) -> None:
    document = server.ask("/openapi.json").json
    for path, operations in document["paths"].items():
        for operation in operations.values():
            answers = operation["responses"]
            assert "$ref" in answers["200"]["content"]["application/json"]["schema"], path
            assert answers["400"]["content"]["application/json"]["schema"]["$ref"].endswith("/ErrorAnswer")
            assert "422" not in answers and "security" not in operation
    streams = [path for path, each in document["paths"].items() if "event-stream" in str(each)]
    assert len(streams) == 4
