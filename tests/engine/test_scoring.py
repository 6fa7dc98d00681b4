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


def test_likelihoods_of_what_the_c_step_computes_need_no_torch(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    if engine.runner != "native":
        pytest.skip("there is no compiler")
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would now fail
    assert engine.token_scores(PROMPT, "Yes.", top=2)
