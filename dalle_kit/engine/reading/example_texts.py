"""Examples as an encoder's tokens."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.modeling.folder import ENCODER_TOKENIZER

#: Tokens of an example where its encoder sets no limit; a longer text is read as several examples.
_LONGEST = 512


class ExampleTexts:
    """The tokenizers of an encoder-decoder's folder; a conv encoder reads the decoder's tokens.

    ``encoder`` are the encoder's settings in the folder's configuration, ``limit`` is how many tokens it reads. Raises
    ModelError for a tokenizer that is missing or does not fit.
    """

    def __init__(self, folder: Path, encoder: Mapping[str, Any], *, limit: int | None) -> None:
        self._writes = self._reads = Tokenizer.load(folder)
        if encoder["kind"] == "transformer":
            own = folder / ENCODER_TOKENIZER
            self._reads = Tokenizer.load(own)
            self._reads.check_fits(encoder["vocab_size"], own)
        self._longest = _LONGEST if limit is None else min(limit, _LONGEST)

    def text(self, prompt: Sequence[int]) -> str:
        """Return the text of a prompt in the decoder's tokens: what is read of it where it has no examples."""
        return self._writes.decode(prompt)

    def parts(self, texts: Iterable[str]) -> list[list[int]]:
        """Return each text as the encoder's tokens, a long one in as many parts as it takes."""
        before, after = ([], []) if self._reads is self._writes else self._reads.around
        room = self._longest - len(before) - len(after)
        parts = []
        for text in texts:
            read = self._reads.encode_text(text)
            parts += [[*before, *read[at : at + room], *after] for at in range(0, max(1, len(read)), room)]
        return parts
