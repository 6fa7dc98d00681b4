"""How likely tokens are, as OpenAI's own client reads it from a server with the real default model."""

from __future__ import annotations

import contextlib
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import openai
import pydantic
import pytest

from dalle_kit import Kit, Message, Prompt
from dalle_kit.config import Settings
from dalle_kit.engine.engine import Engine
from dalle_kit.serving.bodies import CompletionRequest
from tests.conftest import build, save
from tests.engine.reading.test_examples import SIZES
from tests.modeling.test_engine import saved
from tests.serving.conftest import Server, serving

TEXT = "The bridge reopened on Monday. Grüße, 数据 👍!"
QUESTION: Any = [{"role": "user", "content": "Name three colours."}]
MODEL = "dalle-base"


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


@pytest.fixture(scope="module")
def engine(kit: Kit) -> Engine:
    return kit.load()


def read(client: openai.OpenAI, prompt: Any, **given: Any) -> list[Any]:
    """The choices of a request that only reads its prompts."""
    given = {"model": MODEL, "max_tokens": 0, "echo": True, "logprobs": 0, **given}
    choices: list[Any] = client.completions.create(prompt=prompt, **given).choices
    return choices


def test_a_prompt_is_told_with_the_likelihood_of_each_token_but_the_first(
    client: openai.OpenAI, engine: Engine
) -> None:
    (choice,) = read(client, TEXT, logprobs=3)
    tokens = engine.tokenizer.encode_text(TEXT)
    expected = engine.token_scores((tokens[0],), tokens[1:], top=3)
    told = choice.logprobs
    assert (choice.text, choice.finish_reason) == (TEXT, "length")
    assert told.token_logprobs == [None, *(each.log_likelihood for each in expected)]
    assert told.top_logprobs[0] is None
    for each, value, likeliest in zip(expected, told.token_logprobs[1:], told.top_logprobs[1:], strict=True):
        assert {value, *(other for _, other in each.others)} == set(likeliest.values())
    ends = [*told.text_offset[1:], len(TEXT)]
    for token, start, end in zip(told.tokens, told.text_offset, ends, strict=True):
        assert token.startswith("bytes:") or TEXT[start:end] == token


def test_a_character_of_several_tokens_is_told_by_their_bytes(client: openai.OpenAI) -> None:
    (choice,) = read(client, "so 👍!")
    told = choice.logprobs
    parts = [token.removeprefix("bytes:").replace("\\x", "") for token in told.tokens if token.startswith("bytes:")]
    assert bytes.fromhex("".join(parts)).decode().strip() == "👍"
    assert (told.tokens[0], told.tokens[-1], told.text_offset[-1], told.top_logprobs) == ("so", "!", 4, None)


def test_texts_and_their_tokens_alone_and_together_are_told_the_same(client: openai.OpenAI, engine: Engine) -> None:
    texts = ["One, two, three", "Paris", TEXT]
    tokens = [engine.tokenizer.encode_text(text) for text in texts]
    alone = [read(client, text, logprobs=1)[0] for text in texts]
    for together in (read(client, texts, logprobs=1), read(client, tokens, logprobs=1)):
        assert [each.index for each in together] == [0, 1, 2]
        assert [(each.text, each.logprobs) for each in together] == [(each.text, each.logprobs) for each in alone]
    assert read(client, tokens[0], logprobs=1)[0].logprobs == alone[0].logprobs


def test_what_is_written_is_told_behind_its_prompt(client: openai.OpenAI, engine: Engine) -> None:
    given: Any = {"model": MODEL, "prompt": "One, two, three,", "max_tokens": 3, "logprobs": 1}
    written = client.completions.create(**given).choices[0]
    whole = client.completions.create(**given, echo=True).choices[0]
    told, told_whole = written.logprobs, whole.logprobs
    assert told and told_whole and told.tokens and told.text_offset
    assert "".join(told.tokens) == written.text
    assert told.text_offset[0] == len("One, two, three,")
    assert whole.text == f"One, two, three,{written.text}"
    assert told_whole.token_logprobs and told_whole.token_logprobs[-3:] == pytest.approx(told.token_logprobs)
    assert told_whole.text_offset and told_whole.text_offset[-3:] == told.text_offset
    expected = [each.log_likelihood for each in engine.token_scores("One, two, three,", written.text)]
    assert told.token_logprobs == pytest.approx(expected)
    assert told.top_logprobs == [dict([pair]) for pair in zip(told.tokens, told.token_logprobs or [], strict=True)]


def test_the_token_that_ends_a_text_counts_as_written(client: openai.OpenAI, engine: Engine) -> None:
    """Evaluation tools ask for one token more, and leave the last of the answer out."""
    prompt = Prompt((Message("user", "Name three colours."),))
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=30).choices[0].message.content
    tokens = [*engine.tokenizer.encode_prompt(prompt), *engine.tokenizer.encode_text(answer or "")]
    choice = client.completions.create(model=MODEL, prompt=tokens, max_tokens=1, echo=True, logprobs=1).choices[0]
    assert choice.logprobs and choice.logprobs.tokens and choice.logprobs.top_logprobs
    assert len(choice.logprobs.tokens) == len(tokens) + 1
    assert (choice.finish_reason, choice.logprobs.tokens[-1]) == ("stop", "<|im_end|>")
    assert list(choice.logprobs.top_logprobs[-1]) == ["<|im_end|>"]


@pytest.mark.parametrize("begun", ["", "The three colours are "])
def test_an_answer_in_a_conversation_is_told_token_by_token(client: openai.OpenAI, engine: Engine, begun: str) -> None:
    turns = [*QUESTION, {"role": "assistant", "content": begun}] if begun else QUESTION
    answer = client.chat.completions.create(
        model=MODEL,
        messages=turns,
        max_tokens=20,
        logprobs=True,
        top_logprobs=2,
        extra_body={"continue_final_message": bool(begun)},
    )
    (choice,) = answer.choices
    assert choice.logprobs and choice.logprobs.content
    content = choice.logprobs.content
    text = "".join(each.token for each in content)
    assert text.strip() == (choice.message.content or "").strip()
    assert b"".join(bytes(each.bytes or []) for each in content).decode() == text
    for each in content:
        assert [each.logprob, each.token] == [each.top_logprobs[0].logprob, each.top_logprobs[0].token]
        assert each.top_logprobs[1].logprob < each.logprob
    prompt = Prompt((Message("user", "Name three colours."),))
    whole = engine.token_scores(prompt, begun.rstrip() + text)
    assert [each.logprob for each in content] == pytest.approx([each.log_likelihood for each in whole][-len(content) :])
    assert sum(each.logprob for each in content) < 0


def test_without_being_asked_nothing_is_told(client: openai.OpenAI) -> None:
    assert client.completions.create(model=MODEL, prompt="One,", max_tokens=1).choices[0].logprobs is None
    answer = client.chat.completions.create(model=MODEL, messages=QUESTION, max_tokens=1, logprobs=False)
    assert answer.choices[0].logprobs is None


def test_a_prompt_can_be_echoed_in_a_stream(client: openai.OpenAI) -> None:
    given: Any = {"model": MODEL, "prompt": ["One, two,", "Paris"], "max_tokens": 3, "echo": True}
    texts = ["", ""]
    for chunk in client.completions.create(**given, stream=True):
        texts[chunk.choices[0].index] += chunk.choices[0].text
    assert texts == [choice.text for choice in client.completions.create(**given).choices]
    assert texts[0].startswith("One, two,") and len(texts[0]) > len("One, two,")


@pytest.mark.parametrize(
    ("given", "field", "message"),
    [
        ({"prompt": "x", "logprobs": 6}, "logprobs", "less than or equal to 5"),
        ({"prompt": "x", "logprobs": 1, "stream": True}, "logprobs", "is told of a whole text"),
        ({"prompt": "x", "max_tokens": 0}, "max_tokens", "0 writes nothing; give echo"),
        ({"prompt": "x", "max_tokens": 0, "echo": True, "n": 2, "temperature": 1}, "n", "nothing is written"),
        ({"prompt": "x", "suffix": "y", "echo": True}, "echo", "does not go with suffix"),
        ({"prompt": [[5, 99999999]], "max_tokens": 1}, "prompt", "there is no token 99999999; the last is 49151"),
        ({"prompt": [-1]}, "prompt", "give a text, the tokens of one"),
        ({"prompt": [[]]}, "prompt", "give a text, the tokens of one"),
        ({"prompt": ["x", 5]}, "prompt", "give a text, the tokens of one"),
        ({"prompt": ["x"] * 65}, "prompt", "a list of up to 64 of either"),
        ({"prompt": "x " * 9000, "max_tokens": 0, "echo": True, "logprobs": 0}, None, "shorten it by about"),
    ],
)
def test_what_cannot_be_told_is_refused(server: Server, given: Any, field: str | None, message: str) -> None:
    answer = server.ask("/v1/completions", given)
    assert (answer.status, answer.json["error"]["param"]) == (400, field)
    assert message in answer.json["error"]["message"]


@pytest.mark.parametrize("wrong", [-1, "x", []])
def test_a_list_of_wrong_tokens_takes_no_longer_than_one_of_right_ones(wrong: Any) -> None:
    """The others wait for it: requests are read one after the other."""

    def seconds(prompt: list[Any]) -> float:
        start = time.perf_counter()
        with contextlib.suppress(pydantic.ValidationError):
            CompletionRequest.model_validate({"prompt": prompt})
        return time.perf_counter() - start

    assert seconds([wrong] * 300_000) < seconds([1] * 300_000)


@pytest.mark.parametrize(
    ("given", "field"),
    [
        ({"logprobs": True, "top_logprobs": 21}, "top_logprobs"),
        ({"top_logprobs": 2}, "top_logprobs"),
        ({"logprobs": True, "stream": True}, "logprobs"),
        ({"echo": True}, "echo"),
    ],
)
def test_what_cannot_be_told_of_a_conversation_is_refused(server: Server, given: Any, field: str) -> None:
    answer = server.ask("/v1/chat/completions", {"messages": QUESTION, **given})
    assert (answer.status, answer.json["error"]["param"]) == (400, field)


def test_where_personal_data_is_held_back_the_tokens_of_what_is_written_are_not_told(serving_home: Path) -> None:
    with serving(Kit(settings=Settings(privacy="redact"))) as guarded:
        refused = guarded.ask("/v1/completions", {"prompt": "Call Ana at", "max_tokens": 4, "logprobs": 1})
        assert (refused.status, refused.json["error"]["param"]) == (400, "logprobs")
        read = guarded.ask("/v1/completions", {"prompt": "Call Ana", "max_tokens": 0, "logprobs": 0, "echo": True})
        assert read.json["choices"][0]["logprobs"]["tokens"] == ["Call", " Ana"]


def test_clients_are_not_told_where_the_model_is_that_a_request_is_too_long_for(
    tmp_path_factory: pytest.TempPathFactory, byte_bpe: Any, serving_home: Path
) -> None:
    stored = save(build("llama", byte_bpe), byte_bpe, tmp_path_factory.mktemp("models") / "short")
    with serving(Kit(model=stored.path)) as running:
        for given in ({"prompt": "x " * 500, "max_tokens": 1}, {"prompt": "x " * 500, "max_tokens": 0, "echo": True}):
            refused = running.ask("/v1/completions", {**given, "logprobs": 0})
            assert refused.json["error"]["code"] == "context_length_exceeded"
            assert "and short reads 128" in refused.json["error"]["message"]


def test_a_model_that_cannot_be_read_is_listed_beside_the_others(
    tmp_path: Path, byte_bpe: Any, serving_home: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    broken, kit = save(build("llama", byte_bpe), byte_bpe, tmp_path / "broken").path, Kit()
    news = replace(kit.plugins.domain("news"), model=broken)
    monkeypatch.setattr(kit.plugins, "domains", {**kit.plugins.domains, "news": news})
    Path(broken, "config.json").write_text("{", encoding="utf-8")
    with serving(kit) as running:
        listed = running.ask("/v1/models").json["data"]
    assert {(MODEL, True), (broken, False)} <= {(each["id"], each["logprobs"]) for each in listed}


def test_an_encoder_decoder_tells_of_what_it_wrote_and_not_of_what_it_read(
    tmp_path_factory: pytest.TempPathFactory, byte_bpe: Any, serving_home: Path
) -> None:
    stored = save(build("t5", byte_bpe), byte_bpe, tmp_path_factory.mktemp("models") / "reader")
    with serving(Kit(model=stored.path)) as running:
        assert [each["logprobs"] for each in running.ask("/v1/models").json["data"] if each["id"] == "reader"] == [
            False
        ]
        refused = running.ask("/v1/completions", {"prompt": "x", "echo": True, "logprobs": 1})
        assert (refused.status, refused.json["error"]["param"]) == (400, "echo")
        assert stored.path not in refused.json["error"]["message"]
        told = running.ask("/v1/completions", {"prompt": "x", "logprobs": 1, "max_tokens": 2}).json["choices"][0]
        assert len(told["logprobs"]["token_logprobs"]) in (1, 2)


@pytest.mark.parametrize("quant", ["none", "int8"])
def test_the_memory_of_a_model_that_reads_examples_is_no_token_that_a_prompt_can_name(
    tmp_path: Path, byte_bpe: Any, unigram: Any, serving_home: Path, quant: str
) -> None:
    folder = tmp_path / "reads"
    saved(("transformer", "llama", "prefix"), folder, reads=unigram, writes=byte_bpe, sizes=SIZES)
    with serving(Kit(model=str(folder), quant=quant)) as running:
        assert [each["logprobs"] for each in running.ask("/v1/models").json["data"] if each["id"] == "reads"] == [False]
        told = running.ask("/v1/completions", {"prompt": [5, 6], "logprobs": 1, "max_tokens": 2}).json["choices"][0]
        assert len(told["logprobs"]["token_logprobs"]) in (1, 2)
        most = byte_bpe.get_vocab_size()
        refused = running.ask("/v1/completions", {"prompt": [5, most], "max_tokens": 1})
        assert (refused.status, refused.json["error"]["param"]) == (400, "prompt")
        assert f"the last is {most - 1}" in refused.json["error"]["message"]
