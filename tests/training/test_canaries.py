"""What is planted: which codes, how often, where, and what redaction leaves of them."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from dalle_kit.cli.main import main
from dalle_kit.corpora import Redactor
from dalle_kit.errors import OptionError, RequestError
from dalle_kit.kit import Kit
from dalle_kit.records import Message, Prompt
from dalle_kit.training.canaries import PASS_PHRASE, TIMES, Canary, Form, make_canaries, planted
from dalle_kit.training.sources import Sample, Samples, Sources, read_samples

if TYPE_CHECKING:
    from tests.training.conftest import WriteLines

#: In these forms a canary is personal data.
ADDRESS = Form("Write to {code}@corp.com about locker {number}.", PASS_PHRASE.words, between=".")
PHONE = Form("Ring {number} at +49 30 90{code}.", tuple(f"{number:02}" for number in range(16)), between="")


def samples(count: int, text: str = "It is on Monday.") -> list[Sample]:
    return [Sample(Prompt((Message("user", f"When is meeting {number}?"),)), "", text) for number in range(count)]


def make(found: list[Sample], each: int, *, form: Form = PASS_PHRASE, seed: int = 0) -> tuple[Canary, ...]:
    return make_canaries(found, each, form=form, seed=seed, redact=lambda text: Redactor().redact(text))


def read(*files: Path, **settings: Any) -> Samples:
    return read_samples(Kit(), Sources(files=files, **settings), seed=0)


def test_each_number_of_times_has_as_many_canaries_and_each_canary_a_prompt_and_code_of_its_own() -> None:
    canaries = make(samples(40), 3)
    assert Counter(canary.times for canary in canaries) == dict.fromkeys((0, *TIMES), 3)
    for part in ("number", "code", "sample"):
        assert len({getattr(canary, part) for canary in canaries}) == 18
    assert len({canary.sample.prompt.text for canary in canaries}) == 18
    learned = Counter(sample.text for sample in planted(canaries))
    assert all(learned[canary.sample.text] == canary.times for canary in canaries)


def test_the_same_texts_have_the_same_canaries_and_another_seed_others() -> None:
    found = samples(40)
    assert make(found, 2) == make(found, 2)
    assert {each.code for each in make(found, 2)}.isdisjoint(each.code for each in make(found, 2, seed=1))


def test_a_code_that_a_text_holds_is_not_drawn() -> None:
    form = Form("The word for {number} is {code}.", ("bell", "cake", "door"))
    drawn = {canary.code for seed in range(20) for canary in make(samples(9, "cake door"), 1, form=form, seed=seed)}
    assert drawn == {*form.codes} - {"cake door"}


def test_redaction_leaves_pass_phrases_and_takes_out_addresses_and_telephone_numbers() -> None:
    assert all(canary.is_whole and canary.code in canary.sample.text for canary in make(samples(60), 10))
    for form in (ADDRESS, PHONE):
        canaries = make(samples(6), 1, form=form)
        assert not any(canary.is_whole or canary.code in canary.sample.text for canary in canaries)


def test_canaries_are_learned_with_the_texts_and_counted(write_lines: WriteLines) -> None:
    file = write_lines({"prompt": f"When is meeting {number}?", "text": f"At {number}."} for number in range(19))
    plain, found = read(file), read(file, canaries=1)
    assert found.learned[: len(plain.learned)] == plain.learned and found.held_out == plain.held_out
    assert Counter(found.learned[len(plain.learned) :]) == Counter(planted(found.canaries))
    assert found.counts == {"texts.jsonl train": 19, "canaries train": 31} and not plain.canaries
    prompts = {sample.prompt.text for sample in plain.learned}
    assert all(canary.sample.prompt.text in prompts for canary in found.canaries)


def test_texts_with_too_few_prompts_or_without_prose_cannot_hold_canaries(write_lines: WriteLines, home: Path) -> None:
    days = write_lines({"prompt": f"When {number % 7}?", "text": f"Now {number}."} for number in range(15))
    with pytest.raises(RequestError, match=r"canaries: 2 for each .* need 12 different prompts .* learn have 7; give"):
        read(days, canaries=2)
    place = {"text": "def double(number):\n    \n\n\nprint(double(2))\n", "path": "a.py", "line": 2}
    code = write_lines(
        {"domain": "code complete", "fields": {"place": {**place, "path": f"{number}.py"}}, "text": "return 2 * number"}
        for number in range(8)
    )
    with pytest.raises(RequestError, match="the texts to learn have 0"):
        read(code, canaries=1)


@pytest.mark.parametrize("number", [-1, 101])
def test_a_number_of_canaries_that_means_nothing_is_refused(number: int) -> None:
    with pytest.raises(OptionError, match=r"canaries: .* give a number from 0 to 100"):
        Sources(canaries=number)


def test_the_command_needs_at_least_one_canary(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["train", "email", "--canaries", "0", "--output", str(tmp_path / "made")]) == 2
    told = capsys.readouterr().err
    assert "--canaries" in told and "1<=x<=100" in told and not (tmp_path / "made").exists()
