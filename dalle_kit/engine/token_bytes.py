"""The text of each token of a vocabulary as bytes, for the two kinds of tokenizers that keep spaces in their tokens."""

from __future__ import annotations

import itertools
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import numpy
    from tokenizers import Tokenizer as Backend

#: What SentencePiece writes for a space, and for a byte that is no character.
SPACE = "\u2581"
_BYTE = re.compile(r"<0x([0-9A-Fa-f]{2})>\Z")

#: Stands in the table of characters for those that are no byte.
_NONE = 256


@dataclass(frozen=True, slots=True)
class TokenBytes:
    """The text of each token as UTF-8.

    ``spaced`` says whether a word's token begins with a space at the beginning of a text too, as SentencePiece's do.
    """

    texts: list[bytes]
    spaced: bool


def token_bytes(backend: Backend) -> TokenBytes | None:
    """Return the text of each token, None for a tokenizer of another kind than byte-level ones and SentencePiece's."""
    from tokenizers import decoders

    if isinstance(backend.decoder, decoders.ByteLevel):
        texts = _byte_level(backend)
        return None if texts is None else TokenBytes(texts, spaced=False)
    if SPACE not in str(backend.to_str()):
        return None
    return TokenBytes(_sentence_piece(backend), spaced=True)


def _byte_level(backend: Backend) -> list[bytes] | None:
    """Return the tokens of a vocabulary in which each character stands for a byte; None where one does not.

    All characters are looked up at once: token by token this takes several times as long.
    """
    import numpy

    numbers = backend.get_vocab()
    tokens = sorted(numbers, key=numbers.__getitem__)
    if [numbers[token] for token in tokens[:1] + tokens[-1:]] != [0, len(tokens) - 1]:
        return None
    added = {number: each.content for number, each in backend.get_added_tokens_decoder().items()}
    for number in added:
        tokens[number] = ""
    characters = numpy.frombuffer("".join(tokens).encode("utf-32-le"), dtype=numpy.uint32)
    bytes_of = _alphabet()
    found = bytes_of[numpy.minimum(characters, len(bytes_of) - 1)]
    if (found == _NONE).any():
        return None
    joined = found.astype(numpy.uint8).tobytes()
    ends = itertools.accumulate(map(len, tokens), initial=0)
    texts = [joined[start:end] for start, end in itertools.pairwise(ends)]
    for number, content in added.items():
        texts[number] = content.encode("utf-8")
    return texts


def _alphabet() -> numpy.ndarray[tuple[int], numpy.dtype[numpy.uint16]]:
    """Return the byte that each character stands for, ``_NONE`` for the others, the last of all among them.

    A byte that is a visible character of Latin-1 stands for itself, the others are counted up from U+0100 (Radford et
    al., 2019: GPT-2's vocabulary).
    """
    import numpy

    visible = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    hidden = sorted(set(range(0x100)) - set(visible))
    table = numpy.full(0x100 + len(hidden) + 1, _NONE, dtype=numpy.uint16)
    table[visible] = visible
    table[0x100 : 0x100 + len(hidden)] = hidden
    return table


def _sentence_piece(backend: Backend) -> list[bytes]:
    """Return the tokens of a vocabulary in which a low line of its own stands for a space, ``<0x0A>`` for a byte."""
    texts = []
    for number in range(backend.get_vocab_size()):
        token = backend.id_to_token(number) or ""
        byte = _BYTE.match(token)
        texts.append(bytes([int(byte[1], 16)]) if byte else token.replace(SPACE, " ").encode("utf-8"))
    return texts
