"""What llguidance needs to know of a tokenizer: the bytes of each token."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import llguidance

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import ModelError

#: By this byte, which no UTF-8 text has, llguidance tells control tokens from text.
_CONTROL = b"\xff"


class Vocabulary:
    """The tokens of a tokenizer.

    ``alphabet`` are the characters it can write, None if it can write all. ``spaced`` says whether a word's token
    begins with a space at the beginning of a text too, as SentencePiece's do.
    """

    def __init__(self, tokenizer: Tokenizer, ends: Iterable[int]) -> None:
        self.alphabet: frozenset[str] | None = None
        stops = sorted(ends)
        texts = tokenizer.token_bytes()
        self.spaced = texts is not None
        if texts is not None:
            self.alphabet = _alphabet(texts)
            table = llguidance.TokenizerWrapper(_Table(texts, tokenizer, stops[0]))
            self.tokens = llguidance.LLTokenizer(table, tokenizer.size, stops)
            return
        try:
            self.tokens = llguidance.LLTokenizer(tokenizer.as_json(), tokenizer.size, stops)
        except Exception as error:  # the library raises bare Exception
            raise ModelError(
                "the model's tokenizer cannot be held to a constraint, only byte-level ones and SentencePiece's can; "
                "choose another model, or a template without constraints"
            ) from error


class _Table:
    """A table of tokens in the form that llguidance reads."""

    bos_token_id = None

    def __init__(self, texts: list[bytes], tokenizer: Tokenizer, end: int) -> None:
        self.eos_token_id = end
        self.special_token_ids = sorted(tokenizer.control_ids)
        controls = tokenizer.control_ids
        self.tokens = [_CONTROL + b"%d" % id if id in controls else text for id, text in enumerate(texts)]
        self._tokenizer = tokenizer
        self._ids = {text: id for id, text in enumerate(self.tokens) if text and id not in controls}
        self._longest = max(map(len, self._ids))

    def __call__(self, text: Any) -> list[int]:
        """Return tokens that spell a text exactly, as far as there are any."""
        spelled = text if isinstance(text, bytes) else str(text).encode("utf-8")
        if spelled.startswith(b" "):
            # The tokenizer puts a space before the first word, and so may be asked where there is one.
            tokens = self._tokenizer.encode_text(spelled[1:].decode("utf-8", errors="replace"))
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
