"""The address at which llama.cpp's server fills in gaps, which editors speak to."""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import Any

from fastapi import APIRouter, Request, Response

from dalle_kit.engine.results import Generation, Piece
from dalle_kit.records import Message, Prompt
from dalle_kit.serving.answers import InfillAnswer
from dalle_kit.serving.bodies import InfillRequest
from dalle_kit.serving.description import answers
from dalle_kit.serving.desk import Desk
from dalle_kit.serving.replies import reply
from dalle_kit.serving.texts import SLOT, Asked, Item, Writers, asked_options

#: Why a text ended, in llama.cpp's words.
_ENDS = {"length": "limit", "stop": "word"}


class InfillForm:
    """What stands in a gap, as llama.cpp's server tells it."""

    def __init__(self, model: str) -> None:
        self._model = model

    def events(self, item: Item) -> Iterable[dict[str, Any]]:
        """Return the event of a piece, or of the end."""
        if isinstance(item, Piece):
            yield {"index": 0, "content": item.text, "stop": False}
        elif isinstance(item, list):
            yield self._end("", item[0][0])

    def whole(self, items: list[Item]) -> dict[str, Any]:
        """Return the text as one object."""
        text = "".join(item.text for item in items if isinstance(item, Piece))
        (results,) = (item for item in items if isinstance(item, list))
        return self._end(text, results[0][0])

    def _end(self, text: str, generation: Generation) -> dict[str, Any]:
        return {
            "index": 0,
            "content": text,
            "stop": True,
            "model": self._model,
            "tokens_predicted": generation.tokens,
            "tokens_evaluated": generation.prompt_tokens,
            "stop_type": _ENDS.get(generation.slots[SLOT].reason, "eos"),
            "truncated": False,
        }


def infill_router(writers: Writers, desk: Desk) -> APIRouter:
    """Return the address of llama.cpp's server."""
    router = APIRouter(tags=["llama.cpp"])

    @router.post(
        "/infill", operation_id="infill", summary="Fill in a gap.", responses=answers(InfillAnswer, streams=True)
    )
    async def infill(body: InfillRequest, request: Request) -> Response:
        options = asked_options(body.options(), choices=1)
        name, engine = await asyncio.to_thread(writers.infilling, body.model)
        contexts = [Message("context", each.text, each.filename) for each in body.input_extra]
        prefix = Message("prefix", body.input_prefix + body.prompt)
        prompt = Prompt((*contexts, prefix, Message("suffix", body.input_suffix)))
        told = "\n".join(message.content for message in prompt.messages)
        asked = Asked([prompt], [told], options, is_fixed="max_tokens" in body.options())
        start = asked.starter(engine, writers.guard)
        return await reply(request, desk, start, InfillForm(name), stream=body.stream)

    return router
