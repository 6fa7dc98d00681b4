"""How the engine reads examples for the project's own encoder-decoder.

Where the caller gives none a row's own prompt is its only one.
"""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.engine.transformers_model import check_tensors, translated
from dalle_kit.errors import ModelError
from dalle_kit.modeling import DalleConfig, DalleEncoder, Memory
from dalle_kit.modeling.folder import ENCODER_TOKENIZER
from dalle_kit.models.weights import dequantize, is_packed, read_raw

#: The tensors of the encoder begin so.
_ENCODER = "encoder."

#: Prompts whose memory is kept.
KEPT = 64

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


@dataclass(frozen=True, slots=True)
class Remembered:
    """A prompt's memory: the tokens that stand for it, and what is added to all that the head reads (D,)."""

    tokens: tuple[int, ...]
    added: Tensor | None


class Memories:
    """The memory of the prompts that were read lately.

    ``keep`` is told the place and the vectors (Q, D) of a new one, in place of those that had that place before, and
    returns the tokens that stand for them. May be used by several threads.
    """

    def __init__(self, reader: ExampleReader, *, gate: float, keep: Callable[[int, Tensor], tuple[int, ...]]) -> None:
        self._reader, self._gate, self._keep = reader, gate, keep
        self._lock = threading.Lock()
        self._known: OrderedDict[tuple[int, ...], tuple[int, Remembered]] = OrderedDict()

    def find(self, source: Sequence[int]) -> Remembered:
        """Return the memory of a prompt, read now if it was not read lately."""
        key = tuple(source)
        with self._lock:
            if key not in self._known:
                place = self._known.popitem(last=False)[1][0] if len(self._known) == KEPT else len(self._known)
                self._known[key] = place, self._read(key, place)
            self._known.move_to_end(key)
            return self._known[key][1]

    def _read(self, source: tuple[int, ...], place: int) -> Remembered:
        memory = self._reader.remember(source)
        tokens = () if memory.vectors is None else self._keep(place, memory.vectors[0])
        added = memory.pooled[0] * self._gate if memory.pooled is not None and self._gate else None
        return Remembered(tokens, added)


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
