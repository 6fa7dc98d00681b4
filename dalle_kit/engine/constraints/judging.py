"""Whether a text that something else wrote meets what a slot is held to: the same grammars, byte by byte."""

from __future__ import annotations

import functools
from typing import Any

import llguidance

from dalle_kit.engine.constraints.grammars import grammar_of
from dalle_kit.records import Slot


def meets(slot: Slot, text: str) -> bool:
    """Say whether a text is one that a local model could have written into a slot that is not free.

    Raises ValueError, with the reason, for a slot that no text can meet.
    """
    grammar = grammar_of(slot, lead="", alphabet=None)
    return all(_matches(each, text) for each in (grammar.lark, *grammar.guards))


def _matches(grammar: str, text: str) -> bool:
    matcher = _matcher(grammar).deep_copy()
    data = list(text.encode("utf-8", errors="replace"))
    whole = matcher.validate_tokens(data) == len(data) and matcher.consume_tokens(data)
    return bool(whole and matcher.is_accepting())


@functools.lru_cache(maxsize=64)
def _matcher(grammar: str) -> Any:
    tokenizer = llguidance.LLTokenizer("byte")
    matcher = llguidance.LLMatcher(
        tokenizer, grammar, log_level=0, limits=llguidance.LLParserLimits(max_lexer_states=100_000)
    )
    if matcher.is_error():
        raise ValueError(matcher.get_error().splitlines()[0])
    return matcher
