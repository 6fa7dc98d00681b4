"""How likely texts and their tokens are, with the real default model and small ones of other families."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING

import numpy as np
import pytest

from dalle_kit.engine.engine import Engine
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt

if TYPE_CHECKING:
    from pathlib import Path

    from tests.conftest import Checkpoints

PROMPT = Prompt((Message("system", "Write the e-mail."), Message("user", "Subject: Room for Friday")))
TEXT = "The review is in room B12. Grüße, 数据!"


@pytest.fixture(scope="module")
def engine(default_model_path: Path) -> Engine:
    return Engine.load(StoredModel(name="smollm2-135m", path=str(default_model_path)), device="cpu")


@pytest.mark.parametrize("kind", ["gpt2", "llama", "t5", "bart"])
def test_tokens_of_every_family_add_up_to_the_score_of_their_text(checkpoints: Checkpoints, kind: str) -> None:
    _, engine = checkpoints(kind)
    found = engine.token_scores("one two three", "four five six")
    whole = engine.score("one two three", "four five six")
    assert len(found) == whole.tokens > 1
    assert sum(each.log_likelihood for each in found) == pytest.approx(whole.log_likelihood, abs=1e-4)


def test_tokens_tell_their_text_and_what_was_likelier(engine: Engine) -> None:
    found = engine.token_scores(PROMPT, TEXT, top=5)
    assert "".join(each.text for each in found) == TEXT
    assert sum(each.log_likelihood for each in found) == pytest.approx(
        engine.score(PROMPT, TEXT).log_likelihood, abs=1e-3
    )
    for each in found:
        values = [value for _, value in each.others]
        assert len(values) == 5 and values == sorted(values, reverse=True)
        assert each.log_likelihood <= values[0] + 1e-6
        assert sum(np.exp(values)) <= 1 + 1e-6


def test_the_likeliest_tokens_are_those_that_are_written(engine: Engine) -> None:
    (written,) = engine.generate([PROMPT], GenerationOptions(max_tokens=12))
    tokens = written.slots["text"].tokens
    assert all(
        each.log_likelihood == pytest.approx(each.others[0][1]) for each in engine.token_scores(PROMPT, tokens, top=1)
    )
    assert sum(each.log_likelihood for each in engine.token_scores(PROMPT, tokens)) == pytest.approx(
        written.slots["text"].log_likelihood, abs=0.02 * len(tokens)
    )


def test_texts_scored_together_are_as_likely_as_alone(engine: Engine) -> None:
    rows = [(PROMPT, engine.tokenizer.encode_text(text)) for text in (TEXT, "Yes.", "", "B12")]
    together = engine.log_likelihoods(rows)
    for row, found in zip(rows, together, strict=True):
        (alone,) = engine.log_likelihoods([row])
        assert found.shape == alone.shape == (len(row[1]),)
        np.testing.assert_allclose(found, alone, atol=1e-3)


@pytest.mark.parametrize("kind", ["gpt2", "llama", "t5", "bart", "real"])
def test_a_long_text_is_scored_part_by_part_as_it_is_at_once(
    checkpoints: Checkpoints, engine: Engine, kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    used = engine if kind == "real" else checkpoints(kind)[1]
    rows = [used.to_score("one two", text, is_ended=bool(text)) for text in ("three four five six seven", "", "eight")]
    whole = used.scored(rows, top=2)
    monkeypatch.setattr("dalle_kit.engine.scoring._PART", 3)
    parts: list[None] = []
    found = used.scored(rows, top=2, between=lambda: parts.append(None))
    assert len(parts) > 1
    for one, other, row in zip(whole, found, rows, strict=True):
        assert one.tokens == other.tokens and len(one.tokens) == len(row.target) + bool(row.ends)
        assert one.values == pytest.approx(other.values, abs=1e-4)
        assert [[token for token, _ in each] for each in one.best] == [
            [token for token, _ in each] for each in other.best
        ]


def test_the_end_that_is_scored_after_a_text_is_the_likeliest(engine: Engine) -> None:
    tokens = engine.tokenizer.encode_text("The room is B12.")
    ends = sorted(engine.tokenizer.control_ids)
    likely = [float(each[-1]) for each in engine.log_likelihoods([(PROMPT, [*tokens, end]) for end in ends])]
    (found,) = engine.scored([engine.to_score(PROMPT, tokens, is_ended=True)])
    assert (found.tokens[-1], len(found.tokens)) == (ends[likely.index(max(likely))], len(tokens) + 1)
    assert found.values[-1] == pytest.approx(max(likely), abs=1e-3)


def test_who_wants_no_more_likelihoods_is_heard_between_the_parts(engine: Engine) -> None:
    def leave() -> None:
        raise InterruptedError

    with pytest.raises(InterruptedError):
        engine.scored([engine.to_score(PROMPT, TEXT)], between=leave)


def test_tokens_can_be_a_prompt_and_are_read_as_they_stand(engine: Engine) -> None:
    tokens = tuple(engine.tokenizer.encode_prompt(PROMPT))
    assert engine.token_scores(tokens, "Yes.") == engine.token_scores(PROMPT, "Yes.")
    options = GenerationOptions(max_tokens=8)
    assert engine.generate([tokens], options)[0].text == engine.generate([PROMPT], options)[0].text


def test_likelihoods_of_what_the_c_step_computes_need_no_torch(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine.runner != "native":
        pytest.skip("there is no compiler")
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would now fail
    assert engine.token_scores(PROMPT, "Yes.", top=2)
