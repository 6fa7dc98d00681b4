"""The bodies of requests for texts, as OpenAI's API and llama.cpp's server have them.

A field of OpenAI's that is not supported is refused, unless it has the value that changes nothing; one that only
concerns the operator of a service, such as ``user``, is taken and not used. An unknown field is refused as well.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Mapping
from typing import Annotated, Any, Literal

import pydantic

from dalle_kit.records import Message, Prompt, Slot
from dalle_kit.serving.failures import Refusal
from dalle_kit.serving.likelihoods import Telling

#: Texts that one request may ask for; with more it would keep the others waiting.
MOST_TEXTS = 64

Text = Annotated[str, pydantic.Field(max_length=1_000_000)]

#: What the generation options allow, as a JSON Schema says it; they refuse the rest themselves, in their own words.
RANGES: Mapping[str, dict[str, Any]] = {
    "candidates": {"minimum": 1, "maximum": 16},
    "max_tokens": {"minimum": 1, "maximum": 1_000_000},
    "min_p": {"minimum": 0, "maximum": 1},
    "repetition_penalty": {"minimum": 0.01, "maximum": 10},
    "seed": {"minimum": 0, "maximum": 2**63 - 1},
    "temperature": {"minimum": 0, "maximum": 5},
    "top_k": {"minimum": 0, "maximum": 1_000_000},
    "top_p": {"exclusiveMinimum": 0, "maximum": 1},
}


def in_range(name: str, description: str | None = None) -> Any:
    """Return the field of a generation option, which may be left out, for a model of a body."""
    return pydantic.Field(None, description=description, json_schema_extra=RANGES[name])


#: What is not supported, and the values that ask for nothing.
_UNSUPPORTED: Mapping[str, tuple[Any, ...]] = {
    "audio": (None,),
    "best_of": (None, 1),
    "echo": (None, False),
    "frequency_penalty": (None, 0),
    "function_call": (None, "none"),
    "functions": (None, []),
    "logit_bias": (None, {}),
    "modalities": (None, ["text"]),
    "prediction": (None,),
    "presence_penalty": (None, 0),
    "tool_choice": (None, "none", "auto"),
    "tools": (None, []),
    "top_logprobs": (None, 0),
    "web_search_options": (None,),
}

#: What changes nothing about the text.
_UNUSED = frozenset(
    "metadata parallel_tool_calls prompt_cache_key prompt_cache_retention reasoning_effort safety_identifier "
    "service_tier store user verbosity".split()
)


class StreamOptions(pydantic.BaseModel):
    """What a stream tells besides the text."""

    model_config = pydantic.ConfigDict(strict=True, extra="forbid")

    include_usage: bool = False
    include_obfuscation: bool = False


class ModelRequest(pydantic.BaseModel):
    """What all requests for texts have in common."""

    model_config = pydantic.ConfigDict(strict=True, extra="allow")

    model: str | None = pydantic.Field(None, description="One of /v1/models; the first of them where none is named.")
    stream: bool | None = False
    stream_options: StreamOptions | None = None
    n: int | None = pydantic.Field(None, ge=1, le=16, description="How many texts; with a temperature only.")
    max_tokens: int | None = in_range("max_tokens", "The most tokens of a text; 256 where there is room.")
    temperature: float | None = in_range("temperature", "0, which is the default, takes the likeliest word.")
    top_p: float | None = in_range("top_p")
    top_k: int | None = in_range("top_k")
    min_p: float | None = in_range("min_p")
    repetition_penalty: float | None = in_range("repetition_penalty")
    seed: int | None = in_range("seed")
    stop: str | list[str] | None = None

    @pydantic.model_validator(mode="after")
    def _supported(self) -> ModelRequest:
        for name, value in (self.model_extra or {}).items():
            if name in _UNSUPPORTED:
                if value not in _UNSUPPORTED[name]:
                    raise ValueError(f"{name}: is not supported; leave it out")
            elif name not in _UNUSED:
                raise ValueError(f"{name}: there is no such field; leave it out")
        return self

    @property
    def has_usage(self) -> bool:
        """Whether the stream ends with how many tokens there were."""
        return self.stream_options is not None and self.stream_options.include_usage

    def options(self) -> dict[str, Any]:
        """Return the generation options that are given."""
        names = ("max_tokens", "temperature", "top_p", "top_k", "min_p", "repetition_penalty", "seed")
        found = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.stop:
            found["stop"] = (self.stop,) if isinstance(self.stop, str) else tuple(self.stop)
        return found


# Of a million wrong tokens one error tells as much as a million, for which all others would wait.
Tokens = Annotated[
    list[Annotated[int, pydantic.Field(ge=0)]],
    pydantic.Field(min_length=1, max_length=1_000_000, fail_fast=True),
]


def _several(kind: Any) -> Any:
    return Annotated[list[kind], pydantic.Field(min_length=1, max_length=MOST_TEXTS, fail_fast=True)]


class CompletionRequest(ModelRequest):
    """A text to go on with, or with ``suffix`` a gap to fill in; also several texts, and texts as their tokens."""

    prompt: Text | _several(Text) | Tokens | _several(Tokens)  # type: ignore[valid-type]
    max_tokens: int | None = pydantic.Field(
        None,
        description="The most tokens of a text; 256 where there is room. 0 only reads the prompt, and takes echo.",
        json_schema_extra={**RANGES["max_tokens"], "minimum": 0},
    )
    suffix: Text | None = pydantic.Field(None, description="What stands after the gap; takes a model that knows gaps.")
    echo: bool | None = pydantic.Field(False, description="Begin each text with its prompt.")
    logprobs: int | None = pydantic.Field(
        None, ge=0, le=5, description="Tell how likely each token is, and so many of the likeliest at its place."
    )

    @pydantic.field_validator("prompt", mode="wrap")
    @classmethod
    def _a_text_or_tokens(cls, value: Any, read: pydantic.ValidatorFunctionWrapHandler) -> Any:
        try:
            return read(value)
        except pydantic.ValidationError:  # which tells of each kind why it is not of it
            raise ValueError(f"give a text, the tokens of one, or a list of up to {MOST_TEXTS} of either") from None

    @property
    def prompts(self) -> list[str | tuple[int, ...]]:
        """What is gone on with, as the engine takes it."""
        if isinstance(self.prompt, str):
            return [self.prompt]
        given: list[Any] = [self.prompt] if isinstance(self.prompt[0], int) else self.prompt
        return [each if isinstance(each, str) else tuple(each) for each in given]

    @property
    def only_reads(self) -> bool:
        """Whether nothing is to be written. Raises Refusal where then nothing would be told."""
        if self.max_tokens == 0 and not self.echo:
            raise Refusal(400, "max_tokens: 0 writes nothing; give echo, or a number from 1", param="max_tokens")
        return self.max_tokens == 0

    def options(self) -> dict[str, Any]:
        """Return the generation options that are given."""
        found = super().options()
        return {name: value for name, value in found.items() if name != "max_tokens" or value != 0}

    def telling(self) -> Telling | None:
        """Return what is told of the tokens, None for nothing; raises Refusal for what cannot be told."""
        if self.echo and self.suffix is not None:
            raise Refusal(400, "echo: does not go with suffix; leave out one of them", param="echo")
        if self.logprobs is None:
            return None
        _expect_whole(self)
        return Telling(self.logprobs, echoes=bool(self.echo), ends=True)


def _expect_whole(body: ModelRequest) -> None:
    """Raise Refusal for a stream: how likely tokens are is computed once the text is whole."""
    if body.stream:
        raise Refusal(400, "logprobs: is told of a whole text, not in a stream; leave out stream", param="logprobs")


@functools.cache
def _slot_reader() -> pydantic.TypeAdapter[Slot]:
    return pydantic.TypeAdapter(Slot)


class TextPart(pydantic.BaseModel):
    """A part of a message."""

    model_config = pydantic.ConfigDict(strict=True, extra="ignore")

    type: Literal["text"]
    text: Text


class ChatMessage(pydantic.BaseModel):
    """A turn of a conversation."""

    model_config = pydantic.ConfigDict(strict=True, extra="ignore")

    role: Literal["system", "developer", "user", "assistant"]
    content: Text | list[TextPart]

    def as_message(self) -> Message:
        """Return the turn as the engine takes it."""
        text = self.content if isinstance(self.content, str) else "".join(part.text for part in self.content)
        return Message("system" if self.role == "developer" else self.role, text)


class JsonSchema(pydantic.BaseModel):
    """A JSON Schema by a name."""

    model_config = pydantic.ConfigDict(strict=True, extra="ignore", populate_by_name=True)

    name: str = ""
    given: dict[str, Any] = pydantic.Field(default_factory=dict, alias="schema")


class ResponseFormat(pydantic.BaseModel):
    """What the text has to be."""

    model_config = pydantic.ConfigDict(strict=True, extra="ignore")

    type: Literal["text", "json_object", "json_schema"]
    json_schema: JsonSchema | None = None

    @property
    def as_schema(self) -> dict[str, Any] | None:
        """The JSON Schema of the text, None for a text that is free. Raises Refusal where it is missing."""
        if self.type == "text":
            return None
        if self.type == "json_object":
            return {"type": "object"}
        if self.json_schema is None:
            raise Refusal(400, "json_schema: is required with this type", param="response_format.json_schema")
        return self.json_schema.given


class ChatRequest(ModelRequest):
    """A conversation to answer in."""

    messages: Annotated[list[ChatMessage], pydantic.Field(min_length=1, max_length=1000)]
    max_completion_tokens: int | None = in_range("max_tokens", "The same as max_tokens.")
    response_format: ResponseFormat | None = None
    continue_final_message: bool | None = pydantic.Field(
        False, description="Go on with the last message, the assistant's, instead of answering it."
    )
    add_generation_prompt: bool | None = None
    logprobs: bool | None = pydantic.Field(False, description="Tell how likely each token of the text is.")
    top_logprobs: int | None = pydantic.Field(
        None, ge=0, le=20, description="Tell as well so many of the likeliest tokens at the place of each."
    )
    slot: dict[str, Any] | None = pydantic.Field(
        None, description="What the text is held to, as a template's slot is: sentences, known, regex ..."
    )

    def telling(self) -> Telling | None:
        """Return what is told of the tokens, None for nothing; raises Refusal for what cannot be told."""
        if not self.logprobs:
            if self.top_logprobs:
                raise Refusal(400, "top_logprobs: takes logprobs to be true", param="top_logprobs")
            return None
        _expect_whole(self)
        return Telling(self.top_logprobs or 0, echoes=False, ends=False)

    @property
    def begun(self) -> str:
        """The beginning of the answer, where that is given. Raises Refusal where the last message is none."""
        if not self.continue_final_message:
            return ""
        if self.messages[-1].role != "assistant" or len(self.messages) < 2:
            message = "continue_final_message: the last message is to be one of the assistant's, after another"
            raise Refusal(400, message, param="continue_final_message")
        return self.messages[-1].as_message().content

    @property
    def prompt(self) -> Prompt:
        """The conversation as the engine takes it."""
        turns = self.messages[:-1] if self.continue_final_message else self.messages
        return Prompt(tuple(message.as_message() for message in turns))

    def as_slot(self, name: str) -> Slot | None:
        """Return what the text is held to, None where that is nothing; raises Refusal, and OptionError for a value."""
        if self.slot is None:
            return None
        if self.response_format is not None and self.response_format.type != "text":
            raise Refusal(400, "slot: response_format says what the text is to be; give one of them", param="slot")
        for field in self.slot.keys() - {each.name for each in dataclasses.fields(Slot)}:
            raise Refusal(400, f"slot.{field}: there is no such field; leave it out", param="slot")
        try:
            return _slot_reader().validate_python({**self.slot, "name": name})
        except pydantic.ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            place = ".".join(map(str, first["loc"]))
            raise Refusal(400, f"slot.{place}: {first['msg']}", param="slot") from error

    def options(self) -> dict[str, Any]:
        """Return the generation options that are given."""
        found = super().options()
        return found if self.max_completion_tokens is None else {**found, "max_tokens": self.max_completion_tokens}


class ExtraText(pydantic.BaseModel):
    """A text that bears on the one with the gap; ``filename`` is never opened."""

    model_config = pydantic.ConfigDict(strict=True, extra="ignore")

    filename: str = ""
    text: Text


class InfillRequest(pydantic.BaseModel):
    """A gap to fill in, as llama.cpp's server takes it; what is for its own sampling and caching is not used."""

    model_config = pydantic.ConfigDict(strict=True, extra="ignore")

    input_prefix: Text = ""
    input_suffix: Text = ""
    input_extra: Annotated[list[ExtraText], pydantic.Field(max_length=1000)] = []
    prompt: Text = pydantic.Field("", description="The beginning of what is to stand in the gap.")
    model: str | None = None
    n_predict: int | None = None
    stream: bool = False
    temperature: float | None = in_range("temperature")
    top_p: float | None = in_range("top_p")
    top_k: int | None = in_range("top_k")
    min_p: float | None = in_range("min_p")
    seed: int | None = None
    stop: list[str] = []

    def options(self) -> dict[str, Any]:
        """Return the generation options that are given; llama.cpp says -1 for no limit and for any seed."""
        names = ("temperature", "top_p", "top_k", "min_p")
        found = {name: value for name in names if (value := getattr(self, name)) is not None}
        if self.n_predict is not None and self.n_predict != -1:
            found["max_tokens"] = self.n_predict
        if self.seed is not None and self.seed != -1:
            found["seed"] = self.seed
        return {**found, "stop": tuple(self.stop)} if self.stop else found
