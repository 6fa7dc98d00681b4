"""The benchmark of speed, as far as it needs no peer: turns, failures, threads, prompts, the table, the processes."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest
import run
import texts
from bench import Bench, thread_counts
from common import MODEL, spread, table
from report import advantage, head, line
from rows import ROWS, Row
from workers import Peer, PeerError, Worker
from workers import run as run_process

from dalle_kit.engine.tokenization import Tokenizer

NAMES = ("dalle-kit", "llama.cpp", "transformers")
PEERS = [Peer(name, sys.executable, "nowhere") for name in NAMES]


@pytest.fixture
def tokenizer(default_model_home: Path) -> Tokenizer:
    return Tokenizer.load(default_model_home / "models" / MODEL)


@pytest.fixture
def bench(tokenizer: Tokenizer) -> Bench:
    return Bench(PEERS, tokenizer, rounds=2, letters=10)


def test_runtimes_take_turns_and_warm_ups_do_not_count(bench: Bench) -> None:
    calls: list[str] = []

    def measure(name: str) -> float:
        calls.append(name)
        return float(len(calls))

    assert bench.taken("row", measure) == {"dalle-kit": [4, 7], "llama.cpp": [5, 8], "transformers": [6, 9]}
    assert calls == [*NAMES] * 3


def test_a_runtime_that_fails_drops_out_of_the_row_with_a_note(bench: Bench) -> None:
    def measure(name: str) -> float:
        if name == "llama.cpp":
            raise PeerError("llama.cpp has ended")
        return 1.0

    assert bench.taken("row", measure) == {"dalle-kit": [1, 1], "transformers": [1, 1]}
    assert bench.notes == ["row: llama.cpp has ended"]


def test_prompts_are_of_one_length_and_differ_right_after_what_they_share(bench: Bench) -> None:
    prompts = [*bench.prompts(3, 240, shared=192), *bench.prompts(1, 240, shared=192)]
    assert {len(prompt) for prompt in prompts} == {240}
    assert len({tuple(prompt[:192]) for prompt in prompts}) == 1
    assert len({prompt[192] for prompt in prompts}) == 4


def test_the_fixed_part_of_the_long_prompt_is_no_repetition(tokenizer: Tokenizer) -> None:
    assert len(tokenizer.encode_text(texts._STYLE)) >= 240


def test_letters_are_requests_that_an_email_takes() -> None:
    from dalle_kit import Kit

    kit = Kit()
    assert all(kit.shape("email", letter).skeleton.slots for letter in texts.letters(40))


def test_ours_is_asked_for_its_own_number_of_threads(bench: Bench) -> None:
    assert bench.threads("dalle-kit", many=True) == 0
    assert thread_counts()[0] == 1


def test_a_ratio_says_how_many_times_as_good_ours_is() -> None:
    speed = Row("speed", {"dalle-kit": [30.0, 20.0, 40.0], "llama.cpp": [10.0, 10.0, 10.0]}, more_is_better=True)
    seconds = Row("seconds", {"dalle-kit": [1.0], "llama.cpp": [4.0]})
    assert (advantage(speed, "llama.cpp"), advantage(seconds, "llama.cpp")) == ("3.00", "4.00")
    assert advantage(speed, "transformers") == ""


def test_the_table_has_a_cell_for_each_runtime_also_where_it_has_no_figure() -> None:
    row = Row(
        "speed", {"dalle-kit": [3.0, 2.0, 4.0], "llama.cpp": [1.5]}, goal="2 times", digits=1, more_is_better=True
    )
    written = table(head(NAMES), [line(row, NAMES)]).splitlines()
    assert written[0] == "|  | dalle-kit | llama.cpp | transformers | times llama.cpp | times transformers | goal |"
    assert written[2] == "| speed | 3.0 (2.0 to 4.0) | 1.5 (1.5 to 1.5) |  | 2.00 |  | 2 times |"
    assert spread([2.0], digits=0) == "2 (2 to 2)"


def test_rows_are_chosen_by_name_and_an_unknown_one_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    assert run.parse(["--rows", "first,batch16"]).rows == ["first", "batch16"]
    assert run.parse([]).rows == list(ROWS)
    with pytest.raises(SystemExit):
        run.parse(["--rows", "first,secnd"])
    assert "no row secnd; there are import, help" in capsys.readouterr().err


def test_a_command_is_timed_to_what_it_shows_and_to_its_end() -> None:
    code = "import time; print('\\x1b[2mDear Ann,\\x1b[0m\\n\\nWe', flush=True); time.sleep(0.3); x = bytes(2**26)"
    found = run_process([sys.executable, "-c", code], until=r"Ann,\s+W")
    assert found.shown is not None and found.shown + 0.3 <= found.seconds
    assert found.memory > 64


def test_a_command_that_fails_or_never_shows_it_is_an_error() -> None:
    with pytest.raises(PeerError, match="ended with 3: oh no"):
        run_process([sys.executable, "-c", "print('oh no'); raise SystemExit(3)"])
    with pytest.raises(PeerError, match="ended with 0"):
        run_process([sys.executable, "-c", "print('Hello')"], until="Goodbye")


def test_what_a_runtime_raises_is_told_and_its_worker_goes_on() -> None:
    with Worker(Peer("dalle-kit", sys.executable, "no-such-model")) as worker:
        for _ in range(2):
            with pytest.raises(PeerError, match=r"dalle-kit: UnknownNameError: .*no-such-model"):
                worker.ask("load", threads=1)


def test_a_worker_that_dies_is_an_error() -> None:
    worker = Worker(Peer("dalle-kit", sys.executable, "no-such-model"))
    worker._process.kill()
    with pytest.raises(PeerError, match="dalle-kit has ended"):
        worker.ask("load", threads=1)
    worker.close()
