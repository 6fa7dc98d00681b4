"""Examples read without torch beside those that torch reads, and packed models written with without it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pytest
import torch

from dalle_kit.engine.dalle_reading import load_reader
from dalle_kit.engine.engine import Engine
from dalle_kit.engine.native.dalle import NativeDalle
from dalle_kit.engine.reading.example_reader import BertExamples
from dalle_kit.modeling.resampler import Resampler
from dalle_kit.models.packed_copies import ensure_packed
from dalle_kit.models.panels import fits
from dalle_kit.models.quantization import quantize8
from dalle_kit.models.spec import StoredModel
from dalle_kit.models.tensor_file import Entry, write_tensors
from dalle_kit.models.weights import PACKED_FILE, read_panels
from tests.modeling.test_engine import saved

if TYPE_CHECKING:
    from tokenizers import Tokenizer as Backend

#: What the C step computes, with an encoder that reads 24 tokens at a time.
SIZES = {"hidden_size": 64, "intermediate_size": 128, "vocab_size": 512, "max_position_embeddings": 192}
EXAMPLES = ["Dear Ana, the review", "", "one two three four five six seven eight nine ten " * 8, "Please"]


@pytest.fixture(scope="module")
def stored(tmp_path_factory: pytest.TempPathFactory, byte_bpe: Backend, unigram: Backend) -> StoredModel:
    folder = tmp_path_factory.mktemp("read") / "model"
    saved(("transformer", "llama", "prefix"), folder, reads=unigram, writes=byte_bpe, sizes=SIZES)
    return StoredModel(name="read", path=str(folder))


def packed_encoder(stored: StoredModel, folder: Path) -> StoredModel:
    """Return the model with all matrices packed, its encoder's as well, in a folder of its own."""
    source = Path(stored.path)
    folder.mkdir()
    for file in source.glob("*.json"):
        (folder / file.name).write_bytes(file.read_bytes())
    (folder / "encoder_tokenizer").symlink_to(source / "encoder_tokenizer", target_is_directory=True)
    tensors = {
        name: quantize8(tensor) if tensor.is_floating_point() and fits(tuple(tensor.shape)) else tensor
        for name, tensor in read_panels(ensure_packed(stored, quant="int8")).items()
    }
    entries = [Entry(name, tuple(each.shape), str(each.dtype).partition(".")[2]) for name, each in tensors.items()]
    for _ in write_tensors(folder / PACKED_FILE, entries, (each.numpy() for each in tensors.values())):
        pass
    return StoredModel(name="packed", path=str(folder))


def loaded(stored: StoredModel, quant: str = "auto") -> NativeDalle:
    model = Engine.load(stored, device="cpu", quant=quant).generative()
    assert isinstance(model, NativeDalle)
    return model


@pytest.mark.parametrize("is_packed", [True, False], ids=["packed", "floats"])
def test_memory_is_what_torch_makes(stored: StoredModel, tmp_path: Path, is_packed: bool) -> None:
    if is_packed:
        stored = packed_encoder(stored, tmp_path / "packed")
    ours = loaded(stored, "int8")._reader
    assert isinstance(ours, BertExamples)
    theirs, _ = load_reader(Path(stored.path), ensure_packed(stored, quant="int8"), device="cpu", dtype=torch.float32)
    for examples in (EXAMPLES, EXAMPLES[:1], EXAMPLES[2:3]):
        found, expected = ours.remember(examples), theirs.remember(examples)
        for one, other in ((found.vectors, expected.vectors), (found.pooled, expected.pooled)):
            assert isinstance(one, np.ndarray) and isinstance(other, torch.Tensor)
            np.testing.assert_allclose(one, other.numpy(), rtol=1e-4, atol=1e-4)
    tokens = [70, 71, 72]
    np.testing.assert_allclose(np.asarray(ours.vectors(tokens)), theirs.vectors(tokens).numpy(), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("width", "queries", "inputs"), [(576, 16, 384), (96, 3, 24), (100, 2, 8)])
def test_a_resampler_is_the_same_in_numpy(width: int, queries: int, inputs: int) -> None:
    from dalle_kit.engine.reading.resampler import Resampler as Ours

    torch.manual_seed(1)
    theirs = Resampler(inputs=inputs, width=width, queries=queries).eval()
    with torch.no_grad():
        for weights in theirs.parameters():
            weights.normal_(std=0.3 if weights.dim() == 1 else weights.shape[-1] ** -0.5)
    tensors = {name: tensor.numpy() for name, tensor in theirs.state_dict().items()}
    ours = Ours.make(tensors, inputs=inputs, width=width, queries=queries)
    assert ours is not None
    vectors = torch.randn(40, inputs)
    with torch.no_grad():
        expected = theirs(vectors[None], torch.ones(1, 40, dtype=torch.bool))[0].numpy()
    np.testing.assert_allclose(ours.remember(vectors.numpy()), expected, rtol=1e-5, atol=1e-5)
    lacking = {name: tensor for name, tensor in tensors.items() if name != "layers.1.to_output.bias"}
    assert Ours.make(lacking, inputs=inputs, width=width, queries=queries) is None


def test_a_packed_model_writes_without_torch(stored: StoredModel) -> None:
    ensure_packed(stored, quant="int8")
    script = (
        "import sys\n"
        "from dalle_kit.engine.engine import Engine\n"
        "from dalle_kit.models.spec import StoredModel\n"
        "from dalle_kit.records import GenerationOptions\n"
        f"engine = Engine.load(StoredModel(name='read', path={stored.path!r}), device='cpu', quant='int8')\n"
        "print(engine.generate(['one two'], GenerationOptions(max_tokens=4))[0].tokens > 0)\n"
        "print([name for name in ('torch', 'transformers') if name in sys.modules])"
    )
    output = subprocess.run([sys.executable, "-c", script], capture_output=True, check=True, text=True).stdout
    assert output.splitlines() == ["True", "[]"]
