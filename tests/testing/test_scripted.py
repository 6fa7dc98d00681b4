"""The scripted engine stands in for a model through the whole pipeline."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from dalle_kit import GenerationOptions, Message, OptionError, Prompt, Skeleton, Slot, UnknownNameError
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.results import Generation
from dalle_kit.testing import ScriptedEngine, ScriptedKit

PROMPT = Prompt((Message("user", "Say it."),))
EMAIL = {"to": ["ana@example.com"], "subject": "Friday", "points": ["the review is on Friday", "it is in room B12"]}
SCRIPT = {"point_1": "The review will be on Friday.", "point_2": "It will be in room B12."}


@pytest.fixture(autouse=True)
def _home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_HOME", str(tmp_path / "home"))


def fill(script: Any, *slots: Slot, **options: Any) -> list[Generation]:
    results: list[list[Generation]] = []
    work = (PROMPT, Skeleton(slots))
    for _ in ScriptedEngine(script).fill([work], GenerationOptions(**options), results=results):
        pass
    return results[0]


def test_the_script_is_what_the_model_writes() -> None:
    kit = ScriptedKit(SCRIPT)
    document = kit.generate("email", EMAIL)
    assert dict(document.slots) == SCRIPT and "B12" in document.text
    assert document.provenance.model == "scripted" and document.provenance.generated_tokens == 12
    assert [message.role for message in kit.engine.prompts[0].messages] == ["system", "user"]


def test_a_function_writes_from_the_prompt_and_the_slot() -> None:
    kit = ScriptedKit(lambda prompt, slot: f"{slot.about[0].capitalize()} indeed.")
    assert "It is in room b12 indeed." in kit.generate("email", EMAIL, repair=False).text


def test_several_texts_are_used_in_turn_for_candidates_and_repairs() -> None:
    candidates = fill({"body": ["one", "two"]}, Slot("body"), candidates=3)
    assert [each.text for each in candidates] == ["one", "two", "two"]
    kit = ScriptedKit({**SCRIPT, "point_2": ["Please bring 40 chairs.", "It will be in room B12."]})
    document = kit.generate("email", EMAIL)
    assert document.slots["point_2"] == "It will be in room B12." and document.provenance.repairs


def test_a_text_is_cut_as_a_model_s_is() -> None:
    [generation] = fill({"a": "one two three", "b": "yes; no"}, Slot("a"), Slot("b", stop=(";",)), max_tokens=2)
    assert {name: (each.text, each.reason) for name, each in generation.slots.items()} == {
        "a": ("one two", "length"),
        "b": ("yes", "stop"),
    }


def test_a_slot_whose_condition_does_not_hold_is_skipped() -> None:
    slots = (Slot("kind", choices=("bill", "letter")), Slot("due", when=("kind", ("bill",))))
    [generation] = fill({"kind": "letter", "due": "1 May"}, *slots)
    assert generation.slots["due"].reason == "skipped" and generation.text == "letter"


@pytest.mark.parametrize(
    "slot", [Slot("a", choices=("yes", "no")), Slot("a", regex="[0-9]+"), Slot("a", starts_with="Dear")]
)
def test_a_text_that_the_slot_would_not_let_a_model_write_is_refused(slot: Slot) -> None:
    with pytest.raises(OptionError, match=r"script of slot 'a'.*'maybe'"):
        fill({"a": "maybe"}, slot)


@pytest.mark.parametrize(
    ("slot", "text"),
    [
        (Slot("a", starts_with="No. ", regex=" ?[0-9]+"), "No. 7"),
        (Slot("a", starts_with="return ", regex="[0-9]+", verbatim=True), "7"),
        (Slot("a", regex=r"\p{L}+"), "maybe"),
    ],
)
def test_a_pattern_is_of_what_stands_behind_the_beginning(slot: Slot, text: str) -> None:
    assert fill({"a": text}, slot)[0].slots["a"].text == text


def test_a_slot_that_the_script_forgot_is_named() -> None:
    with pytest.raises(UnknownNameError, match="point_3"):
        fill({"point_1": "x", "point_2": "y"}, Slot("point_3"))


def test_it_streams_and_keeps_to_a_budget() -> None:
    kit = ScriptedKit(SCRIPT)
    with kit.stream("email", EMAIL, budget=0.000001) as stream:
        pieces = list(stream)
    assert pieces and stream.document.findings[-1].check == "budget"
    assert stream.document.text.endswith("Best regards\n")


def test_it_has_what_an_engine_shows_to_the_pipeline() -> None:
    public = {name for name in dir(Engine) if not name.startswith("_")}
    own = {name for name in dir(ScriptedEngine({})) if not name.startswith("_")}
    assert own - public <= {"prompts", "tokenizer"}
    assert {"fill", "check_fits", "model", "sha256", "device", "dtype", "context"} <= own & public
