"""The API of OpenAI that clients speak: models, completions, conversations."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Any

from fastapi import APIRouter, Request, Response

from dalle_kit.engine.results import Generation, Piece
from dalle_kit.errors import UnknownNameError
from dalle_kit.records import Message, Prompt
from dalle_kit.serving.answers import ChatAnswer, CompletionAnswer, ModelAnswer, ModelsAnswer
from dalle_kit.serving.bodies import MOST_TEXTS, ChatRequest, CompletionRequest, ModelRequest
from dalle_kit.serving.description import answers, link
from dalle_kit.serving.desk import Desk
from dalle_kit.serving.failures import Refusal, as_json
from dalle_kit.serving.likelihoods import TokensTold, ToldToken, as_chat_logprobs, as_text_logprobs
from dalle_kit.serving.replies import reply
from dalle_kit.serving.texts import SLOT, Asked, Item, Writers, asked_options, ends, text_of, usage

_DONE = "[DONE]"


class TextForm:
    """A completion as OpenAI's API tells it; ``ChatForm`` differs in how a choice holds its text."""

    prefix, kind, kind_of_piece = "cmpl", "text_completion", "text_completion"

    def __init__(self, body: ModelRequest, model: str, choices: int, *, echoes: Sequence[str] = ()) -> None:
        self._has_usage, self._choices, self._echoes = body.has_usage, choices, echoes
        self._count = body.logprobs if isinstance(body, CompletionRequest) else None
        self._has_slots = isinstance(body, ChatRequest) and body.slot is not None
        self._head = {
            "id": f"{self.prefix}-{secrets.token_hex(12)}",
            "created": int(time.time()),
            "model": model,
        }
        self._is_begun = False

    def events(self, item: Item) -> Iterable[dict[str, Any] | str]:
        """Return the events of a piece, or of the end of all texts."""
        if not self._is_begun:
            self._is_begun = True
            yield from self._beginning()
        if isinstance(item, Piece):
            yield self._chunk(self._part(item.row, item.text, None))
            return
        assert isinstance(item, list)  # tokens are not told in a stream
        for row, (reason, facts) in enumerate(zip(ends(item), self._of_slots(item), strict=True)):
            yield self._chunk({**self._part(row, "", reason), **facts})
        if self._has_usage:
            yield {**self._head, "object": self.kind_of_piece, "choices": [], "usage": usage(item)}
        yield _DONE

    def whole(self, items: list[Item]) -> dict[str, Any]:
        """Return all texts as one object."""
        texts = list(self._echoes) or [""] * self._choices
        told: dict[int, Sequence[ToldToken]] = {}
        results: list[list[Generation]] = []
        for item in items:
            if isinstance(item, Piece):
                texts[item.row] += item.text
            elif isinstance(item, TokensTold):
                told[item.row] = item.tokens
            else:
                results = item
        choices = [self._choice(row, texts[row], reason) for row, reason in enumerate(ends(results))]
        for row, tokens in told.items():
            choices[row]["logprobs"] = self._logprobs(tokens)
        return {**self._head, "object": self.kind, "choices": choices, "usage": usage(results)}

    def _beginning(self) -> Iterable[dict[str, Any]]:
        for row, text in enumerate(self._echoes):
            yield self._chunk(self._part(row, text, None))

    def _logprobs(self, tokens: Sequence[ToldToken]) -> dict[str, Any]:
        return as_text_logprobs(tokens, count=self._count or 0)

    def _of_slots(self, results: list[list[Generation]]) -> list[dict[str, Any]]:
        """Return what is told of each text besides, for requests that hold it to a slot."""
        return [{} for generations in results for _ in generations]

    def _chunk(self, choice: dict[str, Any]) -> dict[str, Any]:
        chunk = {**self._head, "object": self.kind_of_piece, "choices": [choice]}
        return {**chunk, "usage": None} if self._has_usage else chunk

    def _part(self, row: int, text: str, reason: str | None) -> dict[str, Any]:
        return self._choice(row, text, reason)

    def _choice(self, row: int, text: str, reason: str | None) -> dict[str, Any]:
        return {"index": row, "text": text, "logprobs": None, "finish_reason": reason}


class ChatForm(TextForm):
    """An answer in a conversation as OpenAI's API tells it."""

    prefix, kind, kind_of_piece = "chatcmpl", "chat.completion", "chat.completion.chunk"

    def _beginning(self) -> Iterable[dict[str, Any]]:
        for row in range(self._choices):
            delta = {"role": "assistant", "content": ""}
            yield self._chunk({"index": row, "delta": delta, "logprobs": None, "finish_reason": None})

    def _logprobs(self, tokens: Sequence[ToldToken]) -> dict[str, Any]:
        return as_chat_logprobs(tokens)

    def _part(self, row: int, text: str, reason: str | None) -> dict[str, Any]:
        delta = {"content": text} if reason is None else {}
        return {"index": row, "delta": delta, "logprobs": None, "finish_reason": reason}

    def _of_slots(self, results: list[list[Generation]]) -> list[dict[str, Any]]:
        found = (generation.slots[SLOT] for generations in results for generation in generations)
        names = ("reason", "log_likelihood", "chosen")
        return [{"slot": {name: getattr(each, name) for name in names}} if self._has_slots else {} for each in found]

    def _choice(self, row: int, text: str, reason: str | None) -> dict[str, Any]:
        message = {"role": "assistant", "content": text, "refusal": None}
        return {"index": row, "message": message, "logprobs": None, "finish_reason": reason}


def openai_router(writers: Writers, desk: Desk) -> APIRouter:
    """Return the addresses of OpenAI's API."""
    router = APIRouter(prefix="/v1", tags=["OpenAI"])
    _add_models(router, writers)

    @router.post(
        "/completions",
        operation_id="completion",
        summary="Go on with a text, or fill in a gap.",
        responses=answers(CompletionAnswer, streams=True),
    )
    async def completions(body: CompletionRequest, request: Request) -> Response:
        prompts, options = body.prompts, asked_options(body.options(), choices=body.n or 1)
        if options.candidates * len(prompts) > MOST_TEXTS:
            raise Refusal(400, f"n: more than {MOST_TEXTS} texts are not written at once; ask several times", param="n")
        telling, only_reads = body.telling(), body.only_reads
        if only_reads and options.candidates > 1:
            raise Refusal(400, "n: nothing is written where max_tokens is 0; leave one of them out", param="n")
        find = writers.engine if body.suffix is None else writers.infilling
        name, engine = await asyncio.to_thread(find, body.model)
        told = await asyncio.to_thread(lambda: [text_of(engine, prompt) for prompt in prompts])
        asked = Asked(prompts, told, options, "max_tokens" in body.options(), telling=telling, only_reads=only_reads)
        if body.suffix is not None:
            gaps = [Prompt((Message("prefix", text), Message("suffix", body.suffix))) for text in told]
            asked = replace(asked, prompts=gaps, told=[f"{text}\n{body.suffix}" for text in told])
        echoes = [text for text in told for _ in range(options.candidates)] if body.echo else []
        form = TextForm(body, name, options.candidates * len(prompts), echoes=echoes)
        return await reply(request, desk, asked.starter(engine, writers.guard), form, stream=bool(body.stream))

    @router.post(
        "/chat/completions",
        operation_id="chat",
        summary="Answer in a conversation.",
        responses=answers(ChatAnswer, streams=True),
    )
    async def chat(body: ChatRequest, request: Request) -> Response:
        options = asked_options(body.options(), choices=body.n or 1)
        schema = body.response_format.as_schema if body.response_format else None
        name, engine = await asyncio.to_thread(writers.engine, body.model)
        told = f"{body.prompt.text}\n\n{body.begun}"
        is_fixed = "max_tokens" in body.options()
        asked = Asked(
            [body.prompt], [told], options, is_fixed, schema, body.begun, body.as_slot(SLOT), telling=body.telling()
        )
        form = ChatForm(body, name, options.candidates)
        return await reply(request, desk, asked.starter(engine, writers.guard), form, stream=bool(body.stream))

    return router


def _add_models(router: APIRouter, writers: Writers) -> None:
    """Add the addresses that tell of the models."""
    born = int(time.time())

    def shown(name: str) -> dict[str, Any]:
        told = {"id": name, "object": "model", "created": born, "owned_by": "dalle-kit"}
        tells, trusted_from = writers.likelihoods_of(name)
        return {**told, "logprobs": tells, "trusted_from": trusted_from}

    one = {"one of them": link("model", "model", "$response.body#/data/0/id")}

    @router.get(
        "/models",
        operation_id="models",
        summary="The models on this server, the one that is used first.",
        responses=answers(ModelsAnswer, links=one),
    )
    def models() -> Response:
        return as_json({"object": "list", "data": [shown(name) for name in writers.names]})

    @router.get(
        "/models/{model:path}", operation_id="model", summary="One of the models.", responses=answers(ModelAnswer)
    )
    def model(model: str) -> Response:
        if model not in writers.names:
            raise UnknownNameError("model", model, writers.names)
        return as_json(shown(model))
