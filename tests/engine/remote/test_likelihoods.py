"""How likely texts are, as servers tell it that are ours and that are not, and some that tell something else."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dalle_kit.errors import ModelError, ServerError
from tests.engine.remote.conftest import PROMPT, Behaviour, Handler, Script, fails, listing


def telling(*rows: dict[str, Any] | None) -> Behaviour:
    choices = [{"index": number, "text": "", "logprobs": row} for number, row in enumerate(rows)]
    return lambda handler: handler.answer(200, json.dumps({"choices": choices}).encode())


def row(*tokens: str, first: float | None = None, **more: Any) -> dict[str, Any]:
    """What is told of tokens: each is half as likely as the one before it."""
    values = [first, *(-1.0 / 2**number for number in range(len(tokens) - 1))]
    return {"tokens": list(tokens), "token_logprobs": values, "top_logprobs": None, **more}


def written(*tokens: str, **more: Any) -> dict[str, Any]:
    """What is told of a text's tokens and the one that was written after it, which is the likeliest."""
    told = row(*tokens, " next")
    best = [None, *({} for _ in tokens[1:]), {" next": told["token_logprobs"][-1], " x": -9.0}]
    return {**told, "top_logprobs": best, **more}


def by_words(handler: Handler) -> None:
    """Tell of each prompt its words."""
    told = [row(*text.replace(" ", "\0 ").split("\0")) for text in handler.body["prompt"]]
    telling(*told)(handler)


def test_a_server_of_ours_is_asked_about_many_texts_at_once_and_writes_nothing(script: Script) -> None:
    script.listing = listing("m", owner="dalle-kit", logprobs=True)
    engine = script.engine(by_words)
    assert engine.tells_likelihoods
    found = engine.log_likelihoods([("a", " b c")] * 70)
    assert [row.tolist() for row in found] == [[-1.0, -0.5]] * 70
    path, body, _ = script.asked[0]
    assert (path, body["max_tokens"], body["echo"], body["logprobs"]) == ("/v1/completions", 0, True, 0)
    assert sorted(len(each["prompt"]) for _, each, _ in script.asked) == [6, 64]


@pytest.mark.parametrize("facts", [{}, {"logprobs": False}, {"logprobs": "yes"}])
def test_one_of_ours_that_does_not_say_that_it_tells_them_is_not_taken_to(script: Script, facts: Any) -> None:
    script.listing = listing("m", owner="dalle-kit", **facts)
    assert not script.engine(by_words).tells_likelihoods


@pytest.mark.parametrize(("told", "trusted_from"), [(-3.5, -3.5), (-3, -3.0), (None, None), ("-3", None), (True, None)])
def test_how_likely_a_sentence_has_to_be_is_what_one_of_ours_says(script: Script, told: Any, trusted_from: Any) -> None:
    script.listing = listing("m", owner="dalle-kit", logprobs=True, trusted_from=told)
    assert script.engine(by_words).trusted_from == trusted_from


def test_how_likely_a_sentence_has_to_be_is_not_taken_from_others(script: Script) -> None:
    script.listing = listing("m", owner="vllm", logprobs=True, trusted_from=-3.5)
    assert script.engine(by_words).trusted_from is None


def test_another_server_is_asked_for_one_token_more_which_does_not_count(script: Script) -> None:
    top = [None, {"two": -3.0}, {" three": -0.5, " 3": -2.0}, {" four": -1.0}]
    engine = script.engine(telling(row("<s>", "One", " three", " four", top_logprobs=top)))
    assert not engine.tells_likelihoods
    (found,) = engine.token_scores("One", " three", top=1)
    assert (found.token, found.text, found.log_likelihood, found.others) == (None, " three", -0.5, ((" three", -0.5),))
    assert engine.score("One", " three").log_likelihood == -0.5
    _, body, _ = script.asked[0]
    assert (body["prompt"], body["max_tokens"], body["logprobs"], body["temperature"]) == ("One three", 1, 1, 0)


def test_a_character_that_several_tokens_spell_is_the_last_ones(script: Script) -> None:
    engine = script.engine(telling(written("so", "bytes:\\x20\\xf0\\x9f", "bytes:\\x91\\x8d", "!")))
    assert [each.text for each in engine.token_scores("so", " 👍!")] == [" ", "👍", "!"]


def test_a_busy_server_is_asked_again(script: Script) -> None:
    engine = script.engine(fails(503, "busy"), telling(written("a", " b")))
    assert engine.score("a", " b").log_likelihood == -1.0


@pytest.mark.parametrize(
    ("told", "message"),
    [
        (None, "no likelihoods"),
        (written("a", " x"), "the token ' x', where the text goes on otherwise"),
        (row("a"), "fewer tokens than there are"),
        (row("a", " b"), "fewer tokens than there are"),
        (written("a", " b", token_logprobs=[None]), "no lists of one length"),
        (written("a", " b", tokens="abc"), "no lists of one length"),
        (written("a", " b", token_logprobs=[None, None, -1.0]), "the likelihood None"),
        (written("a", " b", token_logprobs=[None, "x", -1.0]), "the likelihood 'x'"),
        (written("a", " b", token_logprobs=[None, float("nan"), -1.0]), "the likelihood nan"),
        (written("a", " b", token_logprobs=[None, 0.5, -1.0]), "the likelihood 0.5"),
        (written("a", " b", token_logprobs=[None, True, -1.0]), "the likelihood True"),
        (written("a", " b", token_logprobs=[None, -(10**400), -1.0]), "the likelihood -1000"),
        (written("a", " b", top_logprobs=[None, {}, {" next": 10**400}]), "likelihoods of other places"),
        (written("a", " b", tokens=["a", 5, " c"]), "the token 5"),
        (written("a", " b", top_logprobs=None), "likelihoods of other places"),
        (written("a", " b", token_logprobs=[None, -1.0, -3.0]), "likelihoods of other places"),
    ],
)
def test_what_is_no_likelihood_of_the_text_is_an_error_and_not_believed(
    script: Script, told: Any, message: str
) -> None:
    with pytest.raises(ServerError, match=message):
        script.engine(telling(told)).score("a", " b")


@pytest.mark.parametrize("choices", [None, [], [5], [{"index": 1}], [{"index": []}], [{"index": 0}, {"index": 1}]])
def test_an_answer_about_other_texts_is_an_error(script: Script, choices: Any) -> None:
    body = json.dumps({"choices": choices}).encode()
    with pytest.raises(ServerError, match="is it a server with OpenAI's API"):
        script.engine(lambda handler: handler.answer(200, body)).score("a", " b")


def test_a_server_that_refuses_says_why(script: Script) -> None:
    with pytest.raises(ServerError, match="logprobs is not supported"):
        script.engine(fails(400, "logprobs is not supported")).score("a", " b")


def test_only_texts_after_texts_are_asked_about(script: Script) -> None:
    engine = script.engine(by_words)
    for asked in ((PROMPT, "x"), ("x", [1, 2]), ("", "x")):
        with pytest.raises(ModelError, match="is on a server and cannot say how likely texts are"):
            engine.log_likelihoods([asked])
    assert script.asked == []
