"""From a folder to a model that can be run, on the fastest path there is for its family."""

from __future__ import annotations

import ctypes
import logging
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from dalle_kit.engine.devices import check_quant, choose_device, choose_dtype, memory_errors, prepare
from dalle_kit.engine.llama_config import LlamaConfig
from dalle_kit.engine.native.compiling import CompileError, load_library
from dalle_kit.engine.native.model import NativeLlama, can_compute
from dalle_kit.engine.reading.example_reader import make_examples
from dalle_kit.engine.reading.sentences import BertEncoder
from dalle_kit.engine.tokenization import Tokenizer, read_json
from dalle_kit.errors import ModelError
from dalle_kit.models.manifest import way_to_mend
from dalle_kit.models.packed_copies import ensure_packed, identify
from dalle_kit.models.panels import PACKED_FILE, bits_of, matrix_shape
from dalle_kit.models.spec import Progress, StoredModel, silent
from dalle_kit.models.weights import map_panels, quant_of, read_weights, weight_files

if TYPE_CHECKING:
    import numpy.typing as npt
    import torch

    from dalle_kit.engine.decoding import SteerableModel
    from dalle_kit.engine.llama import LlamaModel
    from dalle_kit.engine.reading.memories import Reader
    from dalle_kit.engine.transformers_model import TransformersEncoder, TransformersModel

    Model = NativeLlama | LlamaModel | TransformersModel | TransformersEncoder | BertEncoder

_log = logging.getLogger(__name__)

Library = Callable[[], ctypes.CDLL]

#: So many names of tensors are told.
_SHOWN = 8

#: So begin the names of an encoder-decoder's tensors that are its decoder's.
_DECODER = "decoder."


@dataclass(frozen=True, slots=True)
class Loaded:
    """A model in memory with its tokenizer; ``ends`` are the tokens that end a text, ``trusted_from`` is its spec's."""

    name: str
    path: str
    sha256: str | None
    model: Model
    tokenizer: Tokenizer
    ends: frozenset[int]
    first: int | None  # stands for an empty prompt
    device: str
    dtype: str
    quant: str
    trusted_from: float | None = None

    @property
    def writer(self) -> SteerableModel | None:
        """The model as one that writes, None for an encoder."""
        return None if self.model.family == "encoder" else cast("SteerableModel", self.model)

    @property
    def runner(self) -> str:
        """What computes the model: ``native`` (in C, or numpy), ``torch`` or ``transformers``."""
        if isinstance(self.model, (NativeLlama, BertEncoder)):
            return "native"
        bases = {base.__name__ for base in type(self.model).__mro__}  # their modules may not be imported
        return "transformers" if bases & {"TransformersModel", "TransformersEncoder"} else "torch"


def load(
    stored: StoredModel,
    *,
    device: str = "auto",
    dtype: str = "auto",
    quant: str = "auto",
    threads: int = 0,
    progress: Progress = silent,
) -> Loaded:
    """Load a stored model; ``progress`` hears of weights that are packed first, because ``quant`` asks for it.

    Raises ModelError for files that are missing, damaged or of an unsupported kind, DeviceError for a device or dtype
    this machine cannot give.
    """
    device = choose_device(device)
    dtype = choose_dtype(dtype, device=device)
    folder = Path(stored.path)
    config = read_json(folder / "config.json")
    weights, kept = folder, check_quant(quant)
    if is_encoder(folder, config):
        kept = "none"
    elif kept == "auto":
        kept = quant_of(folder)
    elif kept != "none":
        weights = ensure_packed(stored, quant=kept, progress=progress)
    native = kept != "none" and device == "cpu" and dtype == "float32"
    library = partial(load_library, progress=progress) if native else None
    files = identify(weights)
    with memory_errors(device):
        model = _load_model(folder, config, weights, library, device=device, dtype=dtype, threads=threads)
    # An encoder-decoder's decoder reads what its encoder has made of examples before any prompt.
    if type(model) is NativeLlama and identify(weights) == files:  # nobody has put others in their place meanwhile
        model.keep_beginnings((stored.sha256, kept, str(weights.resolve()), files))
    tokenizer = Tokenizer.load(folder)
    with _misfit(folder):
        vectors = config.get("vocab_size") or config.get("decoder", {}).get("vocab_size")
        if vectors:
            tokenizer.check_fits(int(vectors), folder, counted=isinstance(model, NativeLlama))
        ends = _end_ids(folder, config) | tokenizer.control_ids
    first = config.get("bos_token_id")
    if not isinstance(first, int):
        first = min(ends, default=None)
    return Loaded(
        stored.name,
        stored.path,
        stored.sha256,
        model,
        tokenizer,
        frozenset(ends),
        first,
        device,
        dtype,
        kept,
        stored.spec.trusted_from if stored.spec else None,
    )


def _load_model(
    folder: Path,
    config: dict[str, Any],
    weights: Path,
    library: Library | None,
    *,
    device: str,
    dtype: str,
    threads: int,
) -> Model:
    """Load the model that a folder describes, with the weights in the folder ``weights``, without torch if it may be.

    Torch, which takes longer to import than all the rest, is imported only for a model that it computes.
    """
    is_plain = device == "cpu" and dtype == "float32"
    with _misfit(folder):
        found = _load_torchless(folder, config, weights, library, threads=threads) if is_plain else None
    if found is not None:
        return found
    import torch

    prepare(device)
    if threads:
        torch.set_num_threads(threads)
    number = getattr(torch, dtype)
    if config.get("model_type") == "dalle":
        return _load_dalle(folder, config, weights, device=device, dtype=number)
    packed = (weights / PACKED_FILE).exists()
    if (packed or (weights / "model.safetensors").exists()) and not is_encoder(folder, config):
        with _misfit(folder):
            llama = LlamaConfig.parse(config)
            if llama is not None:
                from dalle_kit.engine.llama import LlamaModel

                floats = _read_weights(weights, device=device, dtype=number)
                _check_names(folder, llama, floats)
                llama.check({name: tuple(each.shape) for name, each in floats.items()})
                return LlamaModel(llama, floats)
    from dalle_kit.engine.transformers_model import TransformersEncoder, TransformersModel

    if is_encoder(folder, config):
        return TransformersEncoder.load(str(folder), device=device, dtype=number)
    dequantised = _read_weights(weights, device="cpu", dtype=number) if packed else None
    return TransformersModel.load(str(folder), device=device, dtype=number, weights=dequantised)


def _load_torchless(
    folder: Path, config: dict[str, Any], weights: Path, library: Library | None, *, threads: int
) -> Model | None:
    """Return a model computed by numpy or in C, None for one that only torch computes."""
    if is_encoder(folder, config):
        return BertEncoder.load(folder, config)
    if library is None:
        return None
    if config.get("model_type") == "dalle":
        decoder = _decoder_config(config)
        return (
            None if decoder is None else _load_native_dalle(folder, config, decoder, weights, library, threads=threads)
        )
    llama = LlamaConfig.parse(config)
    return None if llama is None else _load_native(llama, weights, library, threads=threads)


def _shapes(weights: Mapping[str, npt.NDArray[Any]]) -> dict[str, tuple[int, ...]]:
    """Return the shape of each weight, of those in panels that of their matrix."""
    return {name: matrix_shape(each.shape) if bits_of(each.shape) else each.shape for name, each in weights.items()}


def _check_names(folder: Path, config: LlamaConfig, names: Iterable[str]) -> None:
    """Raise ModelError for tensors that the configuration does not describe; lacking ones are noticed when used."""
    unexpected = config.unexpected(names)
    if unexpected:
        more = f" and {len(unexpected) - _SHOWN} more" if len(unexpected) > _SHOWN else ""
        raise ModelError(
            f"the weights in {folder} have what config.json does not describe: {', '.join(unexpected[:_SHOWN])}{more}; "
            "get both from the same source"
        )


@contextmanager
def _misfit(folder: Path) -> Iterator[None]:
    try:
        yield
    except (ArithmeticError, AttributeError, LookupError, TypeError, ValueError) as error:
        raise ModelError(
            f"config.json and the weights in {folder} do not fit together ({error}); {way_to_mend(folder)}"
        ) from error


def is_encoder(folder: Path, config: dict[str, Any]) -> bool:
    """Return whether a folder, whose configuration is given, holds an encoder for vectors."""
    marks = ("modules.json", "1_Pooling")
    return config.get("model_type") == "bert" or any((folder / mark).exists() for mark in marks)


def _load_dalle(folder: Path, config: dict[str, Any], weights: Path, *, device: str, dtype: torch.dtype) -> Model:
    """Return an encoder-decoder of ours, its decoder in our own torch where that can be."""
    packed = (weights / PACKED_FILE).exists()
    with _misfit(folder):
        decoder = _decoder_config(config)
        if decoder is not None and weight_files(weights):
            from dalle_kit.engine.dalle_llama import DalleLlama
            from dalle_kit.engine.dalle_reading import load_reader

            reader, gate = load_reader(folder, weights, device=device, dtype=dtype)
            floats = _read_weights(weights, device=device, dtype=dtype, prefix=_DECODER)
            _check_names(folder, decoder, floats)
            decoder.check({name: tuple(each.shape) for name, each in floats.items()})
            return DalleLlama(decoder, floats, reader=reader, gate=gate)
    from dalle_kit.engine.dalle_model import DalleModel

    dequantised = _read_weights(weights, device="cpu", dtype=dtype) if packed else None
    return DalleModel.load(str(folder), device=device, dtype=dtype, weights=dequantised)


def _decoder_config(config: dict[str, Any]) -> LlamaConfig | None:
    """Return the sizes of an encoder-decoder's decoder, None where only transformers computes it."""
    return LlamaConfig.parse(config["decoder"]) if config.get("memory") != "cross-attention" else None


def _load_native_dalle(
    folder: Path, config: dict[str, Any], decoder: LlamaConfig, weights: Path, library: Library, *, threads: int
) -> NativeLlama | None:
    """Return an encoder-decoder with a packed decoder, None where C does not compute it; torch only if it has to read.

    Raises ModelError for tensors of the encoder that are missing or too many, with their names.
    """
    arrays = map_panels(weights)
    of_decoder = {name.removeprefix(_DECODER): each for name, each in arrays.items() if name.startswith(_DECODER)}
    decoder.check(_shapes(of_decoder))
    if not can_compute(decoder, of_decoder):
        return None
    compiled = _compiled(library)
    if compiled is None:
        return None
    from dalle_kit.engine.native.dalle import NativeDalle

    reader, gate = make_examples(folder, config, arrays) or _load_examples(folder, weights, threads=threads)
    return NativeDalle(decoder, of_decoder, compiled, threads=threads, reader=reader, gate=gate)


def _load_examples(folder: Path, weights: Path, *, threads: int) -> tuple[Reader, float]:
    """Return the encoder of an encoder-decoder, whichever it is, computed by torch."""
    import torch

    from dalle_kit.engine.dalle_reading import load_reader

    if threads:
        torch.set_num_threads(threads)
    return load_reader(folder, weights, device="cpu", dtype=torch.float32)


def _load_native(config: LlamaConfig, folder: Path, library: Library, *, threads: int) -> NativeLlama | None:
    """Return a packed model computed in C, None where that cannot be: torch computes it then, more slowly."""
    weights = map_panels(folder)
    _check_names(folder, config, weights)
    config.check(_shapes(weights))
    if not can_compute(config, weights):
        return None
    compiled = _compiled(library)
    return None if compiled is None else NativeLlama(config, weights, compiled, threads=threads)


def _compiled(library: Library) -> ctypes.CDLL | None:
    try:
        return library()
    except CompileError as error:
        if not error.is_known:
            _log.warning("texts are written more slowly: %s", error)
        return None


def _read_weights(folder: Path, *, device: str, dtype: torch.dtype, prefix: str = "") -> dict[str, torch.Tensor]:
    """Return a folder's tensors; on the CPU in their own type they stay in the file, mapped into memory.

    Of names that begin with ``prefix`` only, without it.
    """
    found = ((name, weight) for name, weight in read_weights(folder) if name.startswith(prefix))
    return {name.removeprefix(prefix): weight.to(device=device, dtype=dtype) for name, weight in found}


def _end_ids(folder: Path, config: dict[str, Any]) -> set[int]:
    file = folder / "generation_config.json"
    settings = read_json(file) if file.exists() else {}
    ids = settings.get("eos_token_id", config.get("eos_token_id"))
    return set() if ids is None else {int(each) for each in (ids if isinstance(ids, list) else [ids])}
