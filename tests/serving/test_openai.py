"""OpenAI's own client against a server with the real default model."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openai
import pytest
from tokenizers import AddedToken

from dalle_kit import GenerationOptions, Kit, Message, Prompt, Skeleton, Slot
from dalle_kit.engine.results import Generation
from tests.conftest import build, save
from tests.serving.conftest import Server, serving

COLOURS: Any = [{"role": "user", "content": "Name three colours."}]
GAPS = ("<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>")


@pytest.fixture(scope="module")
def client(server: Server) -> Iterator[openai.OpenAI]:
    with openai.OpenAI(base_url=f"{server.url}/v1", api_key="any", max_retries=0) as client:
        yield client


def test_the_models_are_listed_and_found(client: openai.OpenAI) -> None:
    names = [model.id for model in client.models.list()]
    assert names == ["dalle-base", "smollm2-135m"]
    assert client.models.retrieve("smollm2-135m").id == "smollm2-135m"
    with pytest.raises(openai.NotFoundError, match="did you mean 'smollm2-135m'"):
        client.models.retrieve("smollm2-135n")
    with pytest.raises(openai.NotFoundError, match=r"there is nothing at /v1/embeddings; /openapi\.json says what"):
        client.embeddings.create(model="dalle-base", input="x")


def test_a_conversation_is_answered_the_same_at_once_and_as_a_stream(client: openai.OpenAI, kit: Kit) -> None:
    given: Any = {"model": "dalle-base", "messages": COLOURS, "max_tokens": 24}
    answer = client.chat.completions.create(**given)
    (choice,) = answer.choices
    assert (choice.message.role, choice.finish_reason) == ("assistant", "stop")
    assert "red" in (choice.message.content or "")
    chunks = list(client.chat.completions.create(**given, stream=True, stream_options={"include_usage": True}))
    assert len(chunks) > 5
    assert chunks[0].choices[0].delta.role == "assistant"
    assert "".join(chunk.choices[0].delta.content or "" for chunk in chunks[:-1]) == choice.message.content
    assert [chunk.choices[0].finish_reason for chunk in chunks[:-1]].index("stop") == len(chunks) - 2
    assert chunks[-1].choices == [] and chunks[-1].usage == answer.usage
    assert {chunk.id for chunk in chunks} == {chunks[0].id}
    prompt = Prompt((Message("user", "Name three colours."),))
    (generation,) = kit.load().generate([prompt], GenerationOptions(max_tokens=24))
    assert generation.text == choice.message.content
    assert answer.usage is not None
    assert answer.usage.prompt_tokens == generation.prompt_tokens
    assert answer.usage.completion_tokens == generation.tokens


def test_parts_of_a_message_are_one_text_and_the_developer_is_the_system(client: openai.OpenAI) -> None:
    turns: Any = [
        {"role": "developer", "content": "You are brief."},
        {"role": "user", "content": [{"type": "text", "text": "Name three "}, {"type": "text", "text": "colours."}]},
    ]
    plain: Any = [{"role": "system", "content": "You are brief."}, *COLOURS]
    texts = [
        client.chat.completions.create(model="dalle-base", messages=each, max_tokens=12) for each in (turns, plain)
    ]
    assert texts[0].choices[0].message == texts[1].choices[0].message


def test_a_text_goes_on_exactly_and_says_why_it_ends(client: openai.OpenAI) -> None:
    given: Any = {"model": "smollm2-135m", "prompt": "One, two, three, four,"}
    cut = client.completions.create(**given, max_tokens=4).choices[0]
    assert (cut.text[:6], cut.finish_reason) == (" five,", "length")
    stopped = client.completions.create(**given, max_tokens=20, stop=["five"]).choices[0]
    assert (stopped.text, stopped.finish_reason) == (" ", "stop")


def test_several_prompts_have_each_its_text(client: openai.OpenAI) -> None:
    prompts = ["The capital of France is", "The capital of Italy is", "One, two, three,"]
    whole = client.completions.create(model="smollm2-135m", prompt=prompts, max_tokens=4)
    alone = [client.completions.create(model="smollm2-135m", prompt=each, max_tokens=4) for each in prompts]
    assert [choice.index for choice in whole.choices] == [0, 1, 2]
    assert [choice.text for choice in whole.choices] == [each.choices[0].text for each in alone]
    assert whole.usage is not None
    assert whole.usage.prompt_tokens == sum(each.usage.prompt_tokens for each in alone if each.usage)
    texts = ["", "", ""]
    for chunk in client.completions.create(model="smollm2-135m", prompt=prompts, max_tokens=4, stream=True):
        texts[chunk.choices[0].index] += chunk.choices[0].text
    assert texts == [choice.text for choice in whole.choices]


def test_a_seed_gives_the_same_texts_and_several_differ(client: openai.OpenAI) -> None:
    given: Any = {"model": "smollm2-135m", "prompt": "My favourite", "max_tokens": 8, "temperature": 1.5, "n": 3}
    first, again = (client.completions.create(**given, seed=7) for _ in range(2))
    texts = [choice.text for choice in first.choices]
    assert texts == [choice.text for choice in again.choices]
    assert len(set(texts)) == 3
    drawn = {client.completions.create(**given).choices[0].text for _ in range(3)}
    assert len(drawn) > 1


def test_an_answer_follows_a_schema(client: openai.OpenAI) -> None:
    schema = {"type": "object", "properties": {"n": {"enum": [1, 2]}}, "required": ["n"], "additionalProperties": False}
    answer = client.chat.completions.create(
        model="smollm2-135m",
        messages=[{"role": "user", "content": "Give me a number."}],
        response_format={"type": "json_schema", "json_schema": {"name": "number", "schema": schema}},
        max_tokens=30,
    )
    assert answer.choices[0].message.content in ('{"n": 1}', '{"n": 2}', '{"n":1}', '{"n":2}')


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"model": "gpt-4"}, "no model named 'gpt-4': choose from dalle-base, smollm2-135m"),
        ({"temperature": 9}, "temperature: 9.0 is not allowed; give a number from 0 to 5"),
        ({"max_tokens": 0}, "max_tokens: 0 is not allowed"),
        ({"max_tokens": 9000}, "the request needs 9"),
        ({"n": 2}, "n: the 2 texts would all be the same"),
        ({"n": 99}, "n: input should be less than or equal to 16"),
        ({"stop": [""]}, "stop: "),
        ({"seed": -1}, "seed: -1 is not allowed"),
        ({"logit_bias": {"5": 1}}, "logit_bias: is not supported; leave it out"),
        ({"tools": [{"type": "function", "function": {"name": "f"}}]}, "tools: is not supported"),
        ({"frequency_penalty": 0.5}, "frequency_penalty: is not supported"),
        ({"extra_body": {"temperatur": 1}}, "temperatur: there is no such field"),
        ({"messages": []}, "messages: "),
        ({"messages": [{"role": "tool", "content": "x", "tool_call_id": "1"}]}, "messages.0.role: "),
        ({"messages": [{"role": "user", "content": [{"type": "image_url", "image_url": {"url": "x"}}]}]}, "messages.0"),
        ({"response_format": {"type": "json_schema", "json_schema": {"name": "x", "schema": {"type": "nix"}}}}, "slot"),
    ],
)
def test_what_cannot_be_done_is_said(client: openai.OpenAI, given: dict[str, Any], message: str) -> None:
    with pytest.raises((openai.BadRequestError, openai.NotFoundError)) as refused:
        client.chat.completions.create(**{"model": "dalle-base", "messages": COLOURS, **given})
    body = refused.value.body
    assert isinstance(body, dict) and message in body["message"]
    assert set(body) == {"message", "type", "param", "code"} and body["type"] == "invalid_request_error"


def test_no_request_asks_for_so_many_texts_that_others_wait(server: Server) -> None:
    body = {"prompt": ["x"] * 33, "n": 2, "temperature": 1.0, "max_tokens": 1}
    answer = server.ask("/v1/completions", body)
    assert (answer.status, answer.json["error"]["param"]) == (400, "n")


def test_what_changes_nothing_is_taken(client: openai.OpenAI) -> None:
    answer = client.chat.completions.create(
        model="dalle-base",
        messages=COLOURS,
        max_completion_tokens=3,
        frequency_penalty=0,
        logprobs=False,
        tools=[],
        user="ana",
        store=False,
    )
    assert answer.choices[0].finish_reason == "length"


@pytest.fixture(scope="module")
def infilling(tmp_path_factory: pytest.TempPathFactory, byte_bpe: Any, serving_home: Path) -> Iterator[Server]:
    """A server with a small model of the family of Qwen2.5-Coder, its weights random."""
    from tokenizers import Tokenizer as Backend

    backend = Backend.from_str(byte_bpe.to_str())
    backend.add_special_tokens([AddedToken(each, special=True) for each in (*GAPS, "<|file_sep|>")])
    stored = save(build("qwen2", backend), backend, tmp_path_factory.mktemp("models") / "coder")
    with serving(Kit(model=stored.path)) as running:
        yield running


def filled(server: Server, prompt: Prompt, **options: Any) -> Generation:
    results: list[list[Generation]] = []
    skeleton = Skeleton((Slot("text", verbatim=True),))
    for _ in server.kit.load().fill([(prompt, skeleton)], GenerationOptions(**options), results=results):
        pass
    return results[0][0]


def test_a_suffix_is_read_as_what_stands_behind_the_gap(infilling: Server) -> None:
    before, after = "def f(x):\n    return ", "\n\nprint(f(1))\n"
    with openai.OpenAI(base_url=f"{infilling.url}/v1", api_key="any", max_retries=0) as client:
        given: Any = {"model": "coder", "prompt": before, "max_tokens": 12}
        answer = client.completions.create(**given, suffix=after)
        without = client.completions.create(**given)
    expected = filled(infilling, Prompt((Message("prefix", before), Message("suffix", after))), max_tokens=12)
    assert answer.choices[0].text == expected.text != without.choices[0].text
    assert answer.usage and answer.usage.prompt_tokens == expected.prompt_tokens


def test_without_a_limit_a_text_is_as_long_as_there_is_room(infilling: Server) -> None:
    tokens = 90  # of the 128 that it reads
    prompt = "q" * tokens
    answer = infilling.ask("/v1/completions", {"prompt": prompt})
    assert answer.status == 200
    assert answer.json["usage"]["total_tokens"] <= 128
    refused = infilling.ask("/v1/completions", {"prompt": prompt, "max_tokens": 64})
    assert (refused.status, refused.json["error"]["code"]) == (400, "context_length_exceeded")
    assert infilling.ask("/v1/completions", {"prompt": prompt * 2}).status == 400


def test_an_editor_that_speaks_to_llama_cpp_fills_in_a_gap(infilling: Server) -> None:
    body = {
        "input_prefix": "def f(x):\n",
        "input_suffix": "\n\nprint(f(1))\n",
        "input_extra": [{"filename": "shapes.py", "text": "def area(r):\n    return r\n"}],
        "prompt": "    return ",
        "n_predict": 12,
        "samplers": ["top_k"],
        "cache_prompt": True,
        "t_max_predict_ms": 1000,
    }
    turns = (
        Message("context", "def area(r):\n    return r\n", "shapes.py"),
        Message("prefix", "def f(x):\n    return "),
        Message("suffix", "\n\nprint(f(1))\n"),
    )
    expected = filled(infilling, Prompt(turns), max_tokens=12)
    answer = infilling.ask("/infill", body).json
    assert answer["content"] == expected.text
    assert (answer["stop"], answer["tokens_evaluated"]) == (True, expected.prompt_tokens)
    assert (answer["stop_type"], answer["tokens_predicted"]) == ("limit", 12)
    events = infilling.ask("/infill", {**body, "stream": True}).events
    assert "".join(event["content"] for event in events) == expected.text
    assert [event["stop"] for event in events] == [False] * (len(events) - 1) + [True]


@pytest.mark.parametrize(
    ("path", "body"),
    [("/v1/completions", {"prompt": "x", "suffix": "y"}), ("/infill", {"input_prefix": "x", "input_suffix": "y"})],
)
def test_a_model_that_knows_no_gaps_says_so(server: Server, path: str, body: Any) -> None:
    answer = server.ask(path, body)
    assert (answer.status, answer.json["error"]["code"]) == (400, "not_supported")
    assert "was not trained to fill in the middle" in answer.json["error"]["message"]
