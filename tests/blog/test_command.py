"""The command as people run it, with the real default model."""

from __future__ import annotations

from pathlib import Path

import pytest

from dalle_kit.cli.main import main
from dalle_kit.evaluation.cases import hand_cases
from dalle_kit_news.domain import make_blog


def test_a_how_to_is_steps_below_its_headline(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    command = ("blog", "--headline", "A flat tyre", "--style", "how-to", "--fact", "take off the wheel")
    capfd.readouterr()
    assert main([*command, "--fact", "pump up to 3 bar", "--max-tokens", "32", "-q"]) == 0
    headline, blank, first, second = capfd.readouterr().out.splitlines()
    assert (headline, blank) == ("A flat tyre", "")
    assert first.startswith("1. ") and "wheel" in first and second.startswith("2. ") and "3 bar" in second


def test_a_post_without_facts_is_one_line_and_exit_code_2(home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    capfd.readouterr()
    assert main(["blog", "--headline", "A flat tyre"]) == 2
    out, err = capfd.readouterr()
    assert out == "" and err.count("\n") == 1 and "at least one fact" in err


def test_the_hand_written_requests_are_many_and_of_every_style() -> None:
    domain = make_blog()
    cases = hand_cases(domain, domain.cases())
    assert len(cases) >= 20
    assert {case.request.model_dump()["style"] for case in cases} == {"post", "how-to", "list", "opinion"}
