"""How torch reads examples for the project's own encoder-decoder: any encoder, on any device."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch
from torch import Tensor

from dalle_kit.engine.reading.example_texts import ExampleTexts
from dalle_kit.engine.reading.memories import Read
from dalle_kit.engine.transformers_model import check_tensors, translated
from dalle_kit.errors import ModelError
from dalle_kit.modeling import DalleConfig, DalleEncoder, Memory
from dalle_kit.models.weights import dequantize, is_packed, read_raw

#: The tensors of the encoder begin so.
_ENCODER = "encoder."


class ExampleReader:
    """An encoder of examples with its tokenizer."""

    def __init__(self, encoder: DalleEncoder, *, folder: str) -> None:
        self.encoder = encoder
        self.prefix: int = encoder.config.prefix
        self._texts = ExampleTexts(Path(folder), encoder.config.encoder, limit=encoder.reader.limit)

    def text(self, prompt: Sequence[int]) -> str:
        """Return the text of a prompt in the decoder's tokens."""
        return self._texts.text(prompt)

    @torch.inference_mode()
    def vectors(self, prompt: Sequence[int]) -> Tensor:
        """Return the vectors of a text (T', W), float32."""
        ids, mask = self._padded([self.text(prompt)])  # (E, S)
        vectors, counted = self.encoder.read(ids, mask)
        return vectors[counted].float()

    @torch.inference_mode()
    def memory(self, texts: Sequence[str]) -> Memory:
        """Return the memory of these texts, all of them examples of one row."""
        ids, mask = self._padded(texts)
        memory: Memory = self.encoder(ids[None], mask[None])
        return memory

    def remember(self, texts: Sequence[str]) -> Read:
        """Return the memory of these texts as vectors (Q, D) and what is pooled of them (D,)."""
        memory = self.memory(texts)
        return Read(*(None if part is None else part[0] for part in (memory.vectors, memory.pooled)))

    def _padded(self, texts: Sequence[str]) -> tuple[Tensor, Tensor]:
        """Return texts as the encoder's tokens (E, S), in as many examples as it takes, and their mask (E, S)."""
        parts = self._texts.parts(texts)
        width = max(1, *map(len, parts))
        ids = [part + [0] * (width - len(part)) for part in parts]
        mask = [[1] * len(part) + [0] * (width - len(part)) for part in parts]
        device = self.encoder.device
        return torch.tensor(ids, device=device), torch.tensor(mask, device=device)


def load_reader(folder: Path, weights: Path, *, device: str, dtype: torch.dtype) -> tuple[ExampleReader, float]:
    """Return the encoder of a saved folder, with the weights in the folder ``weights``, and how open the gate is.

    Raises ModelError for tensors that are missing or too many, with their names.
    """
    config = translated(str(folder), lambda: DalleConfig.from_pretrained(str(folder)))
    raw = {name: value for name, value in read_raw(weights) if not name.startswith("decoder.")}
    floats = {name: dequantize(value) if is_packed(value) else value for name, value in raw.items()}
    gate = floats.pop("gate", torch.zeros(1))
    if gate.numel() != 1:
        raise ModelError(f"the model {folder} cannot be loaded: its gate has {gate.numel()} numbers, not one")
    own = {name.removeprefix(_ENCODER): value for name, value in floats.items() if name.startswith(_ENCODER)}
    encoder, found = translated(
        str(folder),
        lambda: DalleEncoder.from_pretrained(
            None, config=config, state_dict=own, dtype=dtype, output_loading_info=True
        ),
    )
    missing = [_ENCODER + name for name in found["missing_keys"]]
    unexpected = [_ENCODER + name for name in found["unexpected_keys"]]
    strange = [name for name in floats if not name.startswith(_ENCODER)]
    check_tensors(str(folder), {"missing_keys": missing, "unexpected_keys": unexpected + strange})
    return ExampleReader(encoder.to(device), folder=str(folder)), float(gate)
