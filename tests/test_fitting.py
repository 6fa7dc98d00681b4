"""The draft that fits a gap best, for a model that is not shown what follows it: the real one, and scripted ones."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from dalle_kit import Kit, choosing, fitting
from dalle_kit.errors import ContextOverflowError
from dalle_kit.testing import ScriptedKit

TOTAL = "def total(numbers):\n{}\n    for number in numbers:\n        summed += number\n    return summed\n"
PLACE = {"text": TOTAL.format(""), "path": "total.py", "line": 2}

#: Where every name below is known: what follows suggests no line of itself.
KNOWN = {"text": "def double(x):\n\n    print(x)\n    return x\n", "path": "double.py", "line": 2}


@pytest.fixture(scope="module")
def kit(default_model_home: Path) -> Kit:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(default_model_home))
        kit = Kit()
        kit.load("code complete")
        return kit


class _Letters:
    """A tokenizer whose tokens are the letters of a text."""

    def encode_text(self, text: str, **_: Any) -> str:
        return text

    def encode_prompt(self, prompt: Any) -> str:
        return str(prompt.text)

    encode_context = encode_text


def blind(texts: Sequence[str], likely: dict[str, float]) -> ScriptedKit:
    """A model that is not shown what follows, and finds texts with some letters in them so likely."""
    kit = ScriptedKit({"code": list(texts)})
    engine: Any = kit.engine
    engine.infills, engine.tokenizer, engine.scored = False, _Letters(), []

    def likelihoods(rows: Sequence[tuple[Any, str]]) -> list[Any]:
        engine.scored += [text for _, text in rows]
        found = (next((value for word, value in likely.items() if word in text), -9.0) for _, text in rows)
        return [np.array([value], dtype=np.float32) for value in found]

    engine.log_likelihoods = likelihoods
    return kit


def test_what_follows_says_what_a_line_has_to_be(kit: Kit) -> None:
    document = kit.generate("code complete", place=PLACE, extent="line")
    assert document.text == "    summed = 0" and document.provenance.candidate > 0
    first = kit.generate("code complete", place=PLACE, extent="line", repair=False)
    assert "summed" not in first.text and first.provenance.candidate == 0


def test_a_text_is_the_same_streamed_alone_and_together_with_others(kit: Kit) -> None:
    other = {**PLACE, "text": TOTAL.format("").replace("summed", "result")}
    requests: list[Any] = [{"place": place, "extent": "line"} for place in (other, PLACE)]
    with kit.stream("code complete", requests[1]) as stream:
        alone = stream.finish()
    among_others = kit.batch("code complete", requests)[1]
    assert alone.provenance.candidate > 0 and among_others.text == alone.text


def test_the_likeliest_of_those_with_the_fewest_errors_is_taken() -> None:
    texts = ["first = 1", "second = 2", "third = 3", "fourth = )"]
    kit = blind(texts, {"second": -2.0, "fourth =": -1.0})
    assert kit.generate("code complete", place=KNOWN, extent="line").text == "    second = 2"
    engine: Any = kit.engine
    assert all(text.endswith("return x\n") for text in engine.scored)
    assert not any("fourth = )" in text for text in engine.scored)


def test_a_model_that_is_shown_what_follows_and_a_server_are_left_alone() -> None:
    shown = ScriptedKit({"code": "first = 1"})
    server = blind(["first = 1"], {})
    server.engine.runner = "server"
    for kit in (shown, server):
        assert kit.generate("code complete", place=KNOWN, extent="line").text == "    first = 1"
        assert len(kit.engine.prompts) == 1


@pytest.mark.parametrize("fields", [{"extent": "block"}, {"place": {**KNOWN, "text": "def double(x):\n\n\n"}}])
def test_a_gap_that_nothing_follows_in_its_block_is_left_alone(fields: dict[str, Any]) -> None:
    kit = blind(["first = 1"], {})
    kit.generate("code complete", {"place": KNOWN, **fields})
    assert len(kit.engine.prompts) == 1


def test_where_words_are_to_be_drawn_they_are() -> None:
    kit = blind(["first = 1", "second = 2"], {"second": -1.0})
    assert kit.generate("code complete", place=KNOWN, extent="line", temperature=0.7).text == "    first = 1"


def test_alternatives_are_the_one_that_fits_and_others_that_are_drawn() -> None:
    kit = blind(["first = 1", "second = 2", "third = 3", "fourth = 4", "fifth = 5"], {"second": -1.0})
    found = kit.alternatives("code complete", place=KNOWN, extent="line", candidates=2)
    assert [document.text for document in found] == ["    second = 2", "    fifth = 5"]


def test_where_the_time_is_up_or_the_context_full_the_first_draft_is_taken() -> None:
    kit = blind(["first = 1", "second = 2"], {"second": -1.0})
    assert kit.generate("code complete", place=KNOWN, extent="line", budget=1e-9).text == "    first = 1"

    def too_long(rows: Any) -> None:
        raise ContextOverflowError(needed=9, text=1, available=8, model="scripted")

    kit = blind(["first = 1", "second = 2"], {})
    kit.engine.log_likelihoods = too_long  # type: ignore[assignment, method-assign]
    assert kit.generate("code complete", place=KNOWN, extent="line").text == "    first = 1"


def test_where_the_time_runs_out_while_drafts_are_compared_the_best_of_those_is_taken_and_the_document_says_so() -> (
    None
):
    kit, stop = blind([f"a{number} = 1" for number in range(9)], {"a2": -2.0, "a6": -1.0}), threading.Event()
    engine: Any = kit.engine
    compare = engine.log_likelihoods

    def compared(rows: Any) -> Any:
        if len(rows) > 1:  # the first is compared alone
            stop.set()
        return compare(rows)

    engine.log_likelihoods = compared
    with kit.stream("code complete", place=KNOWN, extent="line", candidates=8, stopped=stop.is_set) as stream:
        document = stream.finish()
    assert document.text == "    a2 = 1" and document.provenance.budget_spent


def test_drafts_that_are_the_same_are_finished_once(monkeypatch: pytest.MonkeyPatch) -> None:
    finished: list[str] = []

    def finish(plugins: Any, work: Any, reviewer: Any, generation: Any) -> Any:
        finished.append(generation.text)
        return choosing.finish(plugins, work, reviewer, generation)

    monkeypatch.setattr(fitting, "finish", finish)
    kit = blind(["first = 1", "second = 2", "second = 2", "first = 1"], {})
    kit.generate("code complete", place=KNOWN, extent="line")
    assert finished == ["second = 2"]


def test_of_a_long_file_the_lines_nearest_to_the_gap_say_what_fits() -> None:
    kit = blind(["first = 1", "second = 2"], {"second": -1.0})
    engine: Any = kit.engine
    compare = engine.log_likelihoods
    prompts: list[str] = []

    def compared(rows: Any) -> Any:
        prompts.extend(prompt.text for prompt, _ in rows)
        return compare(rows)

    engine.log_likelihoods = compared
    above = "".join(f"number_{number} = {number}\n" for number in range(1000))
    place = {"text": f"{above}{KNOWN['text']}", "path": "long.py", "line": 1002}
    assert kit.generate("code complete", place=place, extent="line").text == "    second = 2"
    (prompt,) = set(prompts)
    assert prompt.startswith("number_") and prompt.endswith("def double(x):") and 2000 < len(prompt) < 2500


def test_as_many_drafts_are_compared_as_are_asked_for() -> None:
    texts = [f"a{number} = 1" for number in range(9)]
    kit = blind(texts, {"a6": -1.0})
    assert "a6" not in kit.generate("code complete", place=KNOWN, extent="line").text
    kit = blind(texts, {"a6": -1.0})
    document = kit.generate("code complete", place=KNOWN, extent="line", candidates=8)
    assert document.text == "    a6 = 1"
    engine: Any = kit.engine
    assert len(engine.scored) == 8
