from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import pytest
from pydantic import Field

from dalle_kit.domain import Domain, Example, Request
from dalle_kit.errors import DalleKitError, OptionError, PluginError, UnknownNameError
from dalle_kit.evaluation.cases import chosen_cases, load_cases
from dalle_kit.evaluation.settings import Setting


class Card(Request):
    facts: tuple[str, ...] = Field((), description="What to say.")
    length: str = Field("medium", description="How much.")


def domain(*written: Mapping[str, object], real: int = 0) -> Domain:
    def corpus(split: str) -> list[Example]:
        assert split == "dev"
        return [Example(f"text {number}", {"facts": [str(number)]}, f"Number {number}.") for number in range(real)]

    return Domain(
        name="card", summary="A card.", request=Card, templates="nowhere", cases=lambda: written, corpus=corpus
    )


def test_cases_come_from_hand_and_from_real_texts() -> None:
    cases = load_cases(domain({"id": "one", "tags": ["short"], "fields": {"facts": ["a"]}}, real=2))
    assert [(case.id, case.kind, case.tags, case.points, case.reference) for case in cases] == [
        ("one", "hand", ("short",), ("a",), None),
        ("text 0", "real", (), ("0",), "Number 0."),
        ("text 1", "real", (), ("1",), "Number 1."),
    ]
    assert [case.kind for case in load_cases(domain({"fields": {}}, real=1), "hand")] == ["hand"]


def test_a_limit_draws_of_each_kind_by_the_seed() -> None:
    many = domain(*({"id": f"hand {number}", "fields": {}} for number in range(20)), real=20)
    drawn = load_cases(many, limit=3, seed=1)
    assert [case.kind for case in drawn] == ["hand"] * 3 + ["real"] * 3
    assert drawn == load_cases(many, limit=3, seed=1) != load_cases(many, limit=3, seed=2)


def test_wrong_cases_are_named() -> None:
    with pytest.raises(PluginError, match=r"case 'x' of 'card': .*colour"):
        load_cases(domain({"id": "x", "fields": {"colour": "red"}}))
    with pytest.raises(PluginError, match="case 'hand-1' of 'card' needs fields"):
        load_cases(domain({"facts": ["a"]}))
    with pytest.raises(PluginError, match="two cases of 'card' are named 'x'"):
        load_cases(domain({"id": "x", "fields": {}}, {"id": "x", "fields": {}}))


def test_cases_of_ones_own_come_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "mine.jsonl"
    file.write_text('{"id": "one", "fields": {"facts": ["a"]}}\n\n{"fields": {}}\n', encoding="utf-8")
    found = chosen_cases(domain(real=1), str(file))
    assert [(case.id, case.kind, case.points) for case in found] == [("one", "hand", ("a",)), ("hand-2", "hand", ())]
    assert len(chosen_cases(domain(real=1), str(file), limit=1)) == 1
    assert [case.kind for case in chosen_cases(domain(real=1), "real")] == ["real"]


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (None, r"--cases: .* is not allowed; give hand, real, all, or a file"),
        ("", "this one is empty"),
        ('{"fields": {}}\n{', "line 2: is no JSON"),
        ("[]", 'is no case; write it as {"id": ..., "fields": {...}}'),
        ('{"fields": {"colour": "red"}}', "case 'hand-1' of 'card': .*colour"),
    ],
)
def test_a_file_of_cases_that_is_none_is_told_with_its_line(tmp_path: Path, text: str | None, said: str) -> None:
    file = tmp_path / "mine.jsonl"
    if text is not None:
        file.write_text(text, encoding="utf-8")
    with pytest.raises(DalleKitError, match=said):
        chosen_cases(domain(), str(file))


def test_a_kind_without_cases_is_an_error() -> None:
    with pytest.raises(OptionError, match="none of"):
        load_cases(domain({"id": "x", "fields": {}}), "real")


def test_settings_change_by_name() -> None:
    base = Setting(model="a", candidates=4)
    changed = base.changed("model=b, repair=no")
    assert changed == Setting(model="b", candidates=4, repair=False)
    assert changed.label == "model=b,candidates=4,repair=no"
    assert changed.options == {"candidates": 4, "repair": False}
    assert Setting().label == "default"
    assert Setting().changed(changed.label) == changed


@pytest.mark.parametrize("text", ["", "model", "model=", "candidates=0", "candidates=two", "repair=maybe"])
def test_settings_that_are_none_are_refused(text: str) -> None:
    with pytest.raises(OptionError):
        Setting().changed(text)


def test_an_unknown_setting_is_told_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="did you mean 'template'"):
        Setting().changed("templates=free")
