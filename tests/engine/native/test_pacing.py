"""The number of threads follows what steps are seen to take."""

from __future__ import annotations

from dalle_kit.engine.native.cores import usable_cores
from dalle_kit.engine.native.pacing import Pace


def run(pace: Pace, seconds: dict[int, float], *, steps: int = 200) -> list[int]:
    chosen = []
    for _ in range(steps):
        threads = pace.threads(1)
        pace.note(1, threads, seconds[threads])
        chosen.append(threads)
    return chosen


def test_the_quickest_number_is_taken_after_a_few_steps() -> None:
    for best in (1, 2, 4, 8):
        seconds = {threads: 1.0 + abs(threads - best) for threads in (1, 2, 4, 8)}
        chosen = run(Pace(8), seconds)
        assert set(chosen[8:49]) == {best} and chosen.count(best) > 180


def test_a_machine_that_becomes_busy_is_noticed() -> None:
    pace = Pace(2)
    assert run(pace, {1: 2.0, 2: 1.0})[-1] == 2
    assert run(pace, {1: 2.0, 2: 9.0}, steps=20)[-1] == 1
    assert run(pace, {1: 2.0, 2: 1.0}, steps=400)[-1] == 2


def test_steps_of_many_tokens_take_all_cores() -> None:
    pace = Pace(4)
    run(pace, {1: 1.0, 2: 2.0, 4: 3.0}, steps=210)
    assert pace.threads(100) == 4 and pace.threads(1) == 1


def test_each_number_of_tokens_has_a_choice_of_its_own() -> None:
    pace = Pace(2)
    for _ in range(30):
        for tokens, seconds in ((1, {1: 1.0, 2: 1.5}), (4, {1: 3.0, 2: 1.6})):
            threads = pace.threads(tokens)
            pace.note(tokens, threads, seconds[threads])
    assert (pace.threads(1), pace.threads(4)) == (1, 2)


def test_without_a_number_it_is_that_of_the_cores() -> None:
    assert Pace().threads(100) == usable_cores()
