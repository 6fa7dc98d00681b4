"""What llguidance needs to know of a tokenizer: the bytes of each token."""

from __future__ import annotations

from collections.abc import Iterable
from functools import cached_property
from typing import Any

import llguidance

from dalle_kit.engine.token_bytes import TokenBytes
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import ModelError

#: By this byte, which no UTF-8 text has, llguidance tells control tokens from text.
_CONTROL = b"\xff"

#: llguidance can work out beforehand which tokens fit inside a string of JSON. That takes as long as all the rest of
#: the start, and makes the masks of prose slower, not faster (measured).
_SLICES: list[str] = []


class Vocabulary:
    """The tokens of a tokenizer.

    ``alphabet`` are the characters it can write, None if it can write all. ``spaced`` says whether a word's token
    begins with a space at the beginning of a text too, as SentencePiece's do.
    """

    def __init__(self, tokenizer: Tokenizer, ends: Iterable[int]) -> None:
        stops = sorted(ends)
        found = tokenizer.token_bytes()
        self.spaced = found is not None and found.spaced
        self.alphabet = _alphabet(found.texts) if found is not None and found.spaced else None
        if found is not None:
            table = llguidance.TokenizerWrapper(_Table(found, tokenizer, stops[0]))
            self.tokens = llguidance.LLTokenizer(table, tokenizer.size, stops, slices=_SLICES)
            return
        try:
            self.tokens = llguidance.LLTokenizer(tokenizer.as_json(), tokenizer.size, stops, slices=_SLICES)
        except Exception as error:  # the library raises bare Exception
            raise ModelError(
                "the model's tokenizer cannot be held to a constraint, only byte-level ones and SentencePiece's can; "
                "choose another model, or a template without constraints"
            ) from error


class _Table:
    """A table of tokens in the form that llguidance reads."""

    bos_token_id = None

    def __init__(self, found: TokenBytes, tokenizer: Tokenizer, end: int) -> None:
        self.eos_token_id = end
        self.special_token_ids = sorted(tokenizer.control_ids)
        self.tokens = list(found.texts)
        for id in tokenizer.control_ids:
            self.tokens[id] = _CONTROL + b"%d" % id
        self._spaced = found.spaced
        self._tokenizer = tokenizer

    def __call__(self, text: Any) -> list[int]:
        """Return tokens that spell a text exactly, as far as there are any."""
        spelled = text if isinstance(text, bytes) else str(text).encode("utf-8")
        if spelled.startswith(b" ") or not self._spaced:
            # A tokenizer that puts a space before the first word may be asked where there is one.
            asked = spelled[1:] if self._spaced else spelled
            tokens = self._tokenizer.encode_text(asked.decode("utf-8", errors="replace"))
            if b"".join(self.tokens[token] for token in tokens) == spelled:
                return tokens
        tokens, place = [], 0
        while place < len(spelled):
            ends = range(min(len(spelled), place + self._longest), place, -1)
            end = next((end for end in ends if spelled[place:end] in self._ids), None)
            if end is None:
                break
            tokens.append(self._ids[spelled[place:end]])
            place = end
        return tokens

    @cached_property
    def _ids(self) -> dict[bytes, int]:
        controls = self._tokenizer.control_ids
        return {text: id for id, text in enumerate(self.tokens) if text and id not in controls}

    @cached_property
    def _longest(self) -> int:
        return max(map(len, self._ids))


def _alphabet(texts: list[bytes]) -> frozenset[str] | None:
    """Return the characters that have a token of their own; None where every byte has one."""
    if len({text for text in texts if len(text) == 1}) == 256:
        return None
    single = set()
    for text in texts:
        try:
            character = text.decode("utf-8")
        except UnicodeDecodeError:
            continue
        if len(character) == 1:
            single.add(character)
    return frozenset(single)
