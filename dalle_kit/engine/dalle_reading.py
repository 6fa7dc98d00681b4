"""How the engine reads examples for the project's own encoder-decoder.

Where the caller gives none a row's own prompt is its only one.
"""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.engine.transformers_model import check_tensors
from dalle_kit.modeling import DalleConfig, DalleEncoder, Memory
from dalle_kit.modeling.folder import ENCODER_TOKENIZER
from dalle_kit.models.weights import read_weights

#: The tensors of the encoder begin so.
_ENCODER = "encoder."

#: Tokens of an example where its encoder sets no limit; a longer text is read as several examples.
_LONGEST = 512


class ExampleReader:
    """An encoder of examples with its tokenizer: from a prompt, in the decoder's tokens, to memory."""

    def __init__(self, encoder: DalleEncoder, *, folder: str) -> None:
        self.encoder = encoder
        self._writes = self._reads = Tokenizer.load(folder)
        settings = encoder.config.encoder
        if settings["kind"] == "transformer":
            own = Path(folder) / ENCODER_TOKENIZER
            self._reads = Tokenizer.load(own)
            self._reads.check_fits(settings["vocab_size"], own)
        limit = encoder.reader.limit
        self._longest = _LONGEST if limit is None else min(limit, _LONGEST)

    @torch.inference_mode()
    def vectors(self, tokens: Sequence[int]) -> Tensor:
        """Return the vectors of a text (T', W), float32."""
        ids, mask = self._examples(tokens)  # (E, S)
        vectors, counted = self.encoder.read(ids, mask)
        return vectors[counted].float()

    @torch.inference_mode()
    def remember(self, tokens: Sequence[int]) -> Memory:
        """Return the memory of a text as the only example of a row."""
        ids, mask = self._examples(tokens)
        memory: Memory = self.encoder(ids[None], mask[None])
        return memory

    def _examples(self, tokens: Sequence[int]) -> tuple[Tensor, Tensor]:
        """Return a text as the encoder's tokens (E, S), in as many examples as it takes, and their mask (E, S)."""
        before, after = ([], []) if self._reads is self._writes else self._reads.around
        read = self._reads.encode_text(self._writes.decode(tokens))
        room = self._longest - len(before) - len(after)
        parts = [[*before, *read[at : at + room], *after] for at in range(0, max(1, len(read)), room)]
        width = max(1, *map(len, parts))
        ids = [part + [0] * (width - len(part)) for part in parts]
        mask = [[1] * len(part) + [0] * (width - len(part)) for part in parts]
        device = self.encoder.device
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def load_encoder(folder: Path, weights: Path) -> DalleEncoder:
    """Return the encoder of a saved folder, float32 on the CPU, with the packed weights in ``weights``.

    Raises ModelError for tensors that are missing or too many, with their names.
    """
    encoder = DalleEncoder(DalleConfig.from_pretrained(str(folder)))
    found = {name.removeprefix(_ENCODER): value for name, value in read_weights(weights) if name.startswith(_ENCODER)}
    missing, unexpected = encoder.load_state_dict(found, strict=False)
    check_tensors(str(folder), {"missing_keys": missing, "unexpected_keys": unexpected})
    encoder.eval()
    return encoder
