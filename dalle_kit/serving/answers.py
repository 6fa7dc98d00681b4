"""What the server's answers look like, for its OpenAPI document; nothing is made from these at run time."""

from __future__ import annotations

from typing import Any, Literal

import pydantic


class _Answer(pydantic.BaseModel):
    model_config = pydantic.ConfigDict(extra="forbid")


class ErrorTold(_Answer):
    """What went wrong."""

    message: str
    type: Literal["invalid_request_error", "server_error"]
    param: str | None
    code: str | None


class ErrorAnswer(_Answer):
    """An error, in the shape of OpenAI's API."""

    error: ErrorTold


class ModelAnswer(_Answer):
    """A model."""

    id: str
    object: Literal["model"]
    created: int
    owned_by: str
    logprobs: bool = pydantic.Field(description="Whether it says how likely a prompt is: logprobs with echo.")
    trusted_from: float | None = pydantic.Field(
        description="How likely, in nats, a sentence for a note has to be to be trusted; null where it is not known."
    )


class ModelsAnswer(_Answer):
    """The models, the one that is used first."""

    object: Literal["list"]
    data: list[ModelAnswer]


class UsageTold(_Answer):
    """How many tokens were read and written."""

    prompt_tokens: int
    completion_tokens: int
    total_tokens: int


class TextLogprobs(_Answer):
    """How likely the tokens of a text are, in nats; the first of all has nothing before it, and null."""

    tokens: list[str]
    token_logprobs: list[float | None]
    top_logprobs: list[dict[str, float] | None] | None
    text_offset: list[int]


class TextChoice(_Answer):
    """One of the texts."""

    index: int
    text: str
    logprobs: TextLogprobs | None
    finish_reason: Literal["stop", "length"]


class CompletionAnswer(_Answer):
    """Texts that go on after prompts."""

    id: str
    object: Literal["text_completion"]
    created: int
    model: str
    choices: list[TextChoice]
    usage: UsageTold


class MessageTold(_Answer):
    """The turn of the assistant."""

    role: Literal["assistant"]
    content: str
    refusal: None


class LikelyToken(_Answer):
    """A token, its log-likelihood in nats, and its text as UTF-8."""

    token: str
    logprob: float
    bytes: list[int]


class ChatToken(LikelyToken):
    """A token of a text, and the likeliest at its place."""

    top_logprobs: list[LikelyToken]


class ChatLogprobs(_Answer):
    """How likely the tokens of an answer are."""

    content: list[ChatToken]
    refusal: None


class ChatChoice(_Answer):
    """One of the answers."""

    index: int
    message: MessageTold
    logprobs: ChatLogprobs | None
    finish_reason: Literal["stop", "length"]


class ChatAnswer(_Answer):
    """Answers in a conversation."""

    id: str
    object: Literal["chat.completion"]
    created: int
    model: str
    choices: list[ChatChoice]
    usage: UsageTold


class InfillAnswer(_Answer):
    """What stands in a gap, as llama.cpp's server tells it."""

    index: int
    content: str
    stop: Literal[True]
    model: str
    tokens_predicted: int
    tokens_evaluated: int
    stop_type: Literal["limit", "word", "eos"]
    truncated: Literal[False]


class FormatTold(_Answer):
    """A format of a domain's documents."""

    name: str
    suffix: str
    summary: str


class DomainAnswer(_Answer):
    """A domain."""

    id: str
    object: Literal["domain"]
    summary: str
    model: str
    formats: list[FormatTold]


class DomainsAnswer(_Answer):
    """The domains."""

    object: Literal["list"]
    data: list[DomainAnswer]


class DescribedDomain(DomainAnswer):
    """A domain, with what its requests hold."""

    request: dict[str, Any] = pydantic.Field(alias="schema", description="The JSON Schema of its requests.")


class SetAnswer(_Answer):
    """A set of examples."""

    id: str
    object: Literal["examples"]


class SetsAnswer(_Answer):
    """The sets of examples to write like."""

    object: Literal["list"]
    data: list[SetAnswer]


class FindingTold(_Answer):
    """Something that a check has to say; ``start`` and ``end`` are its place in the text."""

    check: str
    severity: Literal["note", "warning", "error"]
    message: str
    slot: str | None
    span: list[int] | None
    start: int | None
    end: int | None


class RenderedTold(_Answer):
    """The document in a format: ``text``, or ``base64`` where that is bytes."""

    format: str
    suffix: str
    text: str | None = None
    base64: str | None = None


class DocumentAnswer(_Answer):
    """A document."""

    id: str
    object: Literal["document"]
    domain: str
    request: dict[str, Any]
    text: str
    slots: dict[str, str]
    findings: list[FindingTold]
    provenance: dict[str, Any]
    rendered: RenderedTold | None = None
    explanation: dict[str, Any] | None = None


class HealthAnswer(_Answer):
    """That the server is there."""

    status: Literal["ok"]
    version: str


class ReadyAnswer(_Answer):
    """Whether a request would be taken, and how many are being written and wait."""

    ready: bool
    running: int
    waiting: int
