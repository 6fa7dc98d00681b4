"""The API of OpenAI that clients speak: models, completions, conversations."""

from __future__ import annotations

import asyncio
import secrets
import time
from collections.abc import Iterable
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
from dalle_kit.serving.replies import reply
from dalle_kit.serving.texts import SLOT, Asked, Item, Writers, asked_options, ends, usage

_DONE = "[DONE]"


class TextForm:
    """A completion as OpenAI's API tells it; ``ChatForm`` differs in how a choice holds its text."""

    prefix, kind, kind_of_piece = "cmpl", "text_completion", "text_completion"

    def __init__(self, body: ModelRequest, model: str, choices: int) -> None:
        self._has_usage, self._choices = body.has_usage, choices
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
        for row, (reason, facts) in enumerate(zip(ends(item), self._of_slots(item), strict=True)):
            yield self._chunk({**self._part(row, "", reason), **facts})
        if self._has_usage:
            yield {**self._head, "object": self.kind_of_piece, "choices": [], "usage": usage(item)}
        yield _DONE

    def whole(self, items: list[Item]) -> dict[str, Any]:
        """Return all texts as one object."""
        texts = [""] * self._choices
        results: list[list[Generation]] = []
        for item in items:
            if isinstance(item, Piece):
                texts[item.row] += item.text
            else:
                results = item
        choices = [self._choice(row, texts[row], reason) for row, reason in enumerate(ends(results))]
        return {**self._head, "object": self.kind, "choices": choices, "usage": usage(results)}

    def _beginning(self) -> Iterable[dict[str, Any]]:
        return ()

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
        prompts = [body.prompt] if isinstance(body.prompt, str) else body.prompt
        options = asked_options(body.options(), choices=body.n or 1)
        if options.candidates * len(prompts) > MOST_TEXTS:
            raise Refusal(400, f"n: more than {MOST_TEXTS} texts are not written at once; ask several times", param="n")
        is_fixed = "max_tokens" in body.options()
        if body.suffix is None:
            name, engine = await asyncio.to_thread(writers.engine, body.model)
            asked = Asked(prompts, prompts, options, is_fixed)
        else:
            name, engine = await asyncio.to_thread(writers.infilling, body.model)
            gaps = [Prompt((Message("prefix", prompt), Message("suffix", body.suffix))) for prompt in prompts]
            asked = Asked(gaps, [f"{prompt}\n{body.suffix}" for prompt in prompts], options, is_fixed)
        form = TextForm(body, name, options.candidates * len(prompts))
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
        asked = Asked([body.prompt], [told], options, is_fixed, schema, body.begun, body.as_slot(SLOT))
        form = ChatForm(body, name, options.candidates)
        return await reply(request, desk, asked.starter(engine, writers.guard), form, stream=bool(body.stream))

    return router


def _add_models(router: APIRouter, writers: Writers) -> None:
    """Add the addresses that tell of the models."""
    born = int(time.time())

    def shown(name: str) -> dict[str, Any]:
        return {"id": name, "object": "model", "created": born, "owned_by": "dalle-kit"}

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
