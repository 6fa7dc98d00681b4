"""Memory of examples: what an encoder reads in them moves the decoder of the default model."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dalle_kit import ExampleError, Kit, ModelError
from dalle_kit.examples.memory_set import MemorySet
from dalle_kit.examples.texts import Found
from dalle_kit.likeness import Likeness
from dalle_kit.likeness.memory import remember
from dalle_kit.models.memory_map import MemoryMap, read_memory_map, write_memory_map
from dalle_kit.models.spec import MEMORY_FILE
from dalle_kit.records import Message, Prompt
from dalle_kit.training.memory import Read, fit_memory, strengthened

LETTERS = (
    "Hi Maria,\n\nJust a quick one: the bins go out on Tuesday. Could you take ours too?\n\nCheers,\nOle",
    "Hi Ben,\n\nThe kettle is broken again. I will bring mine tomorrow.\n\nCheers,\nOle",
    "Hi Ana,\n\nLunch is at one. Bring your own plates, please.\n\nCheers,\nOle",
)
REQUEST: dict[str, Any] = {
    "to": ["Priya <priya@example.com>"],
    "subject": "Van",
    "points": ["van booked for Saturday"],
    "sender": "Tom",
}
_NOTHING = np.zeros(384, dtype=np.float32)


@pytest.fixture
def letters() -> MemorySet:
    found = [Found(text=text, kind="email", origin=f"letter {n}") for n, text in enumerate(LETTERS)]
    return MemorySet("letters", found)


def test_the_default_model_is_steered_by_memory_of_examples(home: Path, letters: MemorySet) -> None:
    kit = Kit()
    document = kit.generate("email", REQUEST, like=[letters], steer="memory")
    assert document.provenance.steer == "memory" and len(document.provenance.examples) == 3
    assert {"base", "adapter", "memory_map"} == document.provenance.model_parts.keys()
    assert document.text.startswith("Hi Priya,") and "Saturday" in document.text
    engine = kit.load()
    plain = kit.examples.encoder.means(list(kit.plugins.domain("email").plain())[:24]).mean(0)
    steering = remember(Path(engine.path), LETTERS, plain, kit.examples.encoder)
    prompt = Prompt((Message("user", "Write another text like these."),))
    alone, steered = (
        sum(engine.score(each, letter).log_likelihood for letter in LETTERS)
        for each in (prompt, Prompt(prompt.messages, steering=steering))
    )
    assert steered > alone + 1


def test_memory_of_examples_is_the_same_in_any_order(home: Path) -> None:
    kit = Kit()
    folder = Path(kit.registry.ensure(kit.model).path)
    found, other = (
        remember(folder, texts, _NOTHING, kit.examples.encoder).vectors for texts in (LETTERS, LETTERS[::-1])
    )
    np.testing.assert_allclose(found, other, atol=1e-5)


def test_a_domain_without_plain_texts_has_no_memory(home: Path) -> None:
    own = MemorySet("own", [Found(text="def f():\n    return 1\n", kind="code", origin="f.py")])
    place = {"text": "def g():\n    return \n", "path": "g.py", "line": 2, "column": 12}
    kit = Kit(model=Kit().model)
    with pytest.raises(ExampleError, match=r"steer 'memory': 'code complete' has no plain texts"):
        kit.generate("code complete", place=place, like=[own], steer="memory")


def test_where_no_example_is_left_nothing_is_remembered(home: Path) -> None:
    kit = Kit()
    nothing = Likeness((), (), "memory")
    assert kit.examples.remembered(nothing, kit.plugins.domain("email"), kit.load()) == nothing


@pytest.mark.parametrize("inputs", [384, 100])
def test_a_memory_map_for_another_encoder_is_refused(home: Path, tmp_path: Path, inputs: int) -> None:
    kit = Kit()
    learned = _random_map(2, inputs, 3, 8)
    if inputs != 384:
        learned = replace(learned, encoder=kit.examples.encoder.sha256 or "")
    write_memory_map(tmp_path / MEMORY_FILE, learned)
    with pytest.raises(ModelError, match="was learned for another encoder than minilm-l6"):
        remember(tmp_path, LETTERS, _NOTHING, kit.examples.encoder)


@pytest.mark.parametrize("content", [b"", b"{}", b"\x10\0\0\0\0\0\0\0{}              ", b"\xff" * 40])
def test_a_damaged_memory_map_is_told(tmp_path: Path, content: bytes) -> None:
    (tmp_path / MEMORY_FILE).write_bytes(content)
    with pytest.raises(ModelError, match=r"memory\.safetensors .*save the model anew"):
        read_memory_map(tmp_path / MEMORY_FILE)


@given(st.integers(1, 5), st.integers(1, 6), st.integers(1, 4), st.integers(1, 7))
@settings(max_examples=25, deadline=None)
def test_a_memory_map_is_read_as_it_was_written(rank: int, inputs: int, blocks: int, width: int) -> None:
    import tempfile

    learned = _random_map(rank, inputs, blocks, width)
    with tempfile.TemporaryDirectory() as folder:
        write_memory_map(Path(folder) / MEMORY_FILE, learned)
        found = read_memory_map(Path(folder) / MEMORY_FILE)
    assert found.encoder == learned.encoder
    vector = np.ones(inputs, dtype=np.float32)
    assert found.memory(vector).shape == (blocks, width)
    np.testing.assert_allclose(found.memory(vector), learned.memory(vector), rtol=0.02, atol=0.02)


def test_a_memory_map_learns_what_depends_on_the_encoders_vector_and_ignores_the_rest() -> None:
    source = np.random.default_rng(0)
    vectors = source.normal(size=(400, 6)).astype(np.float32)
    weights = source.normal(size=(6, 3 * 5))
    grown = (vectors @ weights).reshape(400, 3, 5) + source.normal(size=(400, 3, 5))
    read = Read(vectors, np.cumsum(grown, axis=1).astype(np.float32))
    learned = fit_memory(read, encoder="00" * 32, rank=6, ridge=1.0)
    vector = source.normal(size=6).astype(np.float32)
    np.testing.assert_allclose(learned.memory(vector), (vector @ weights).reshape(3, 5), atol=0.5)
    np.testing.assert_allclose(strengthened(learned, 0.5).memory(vector), learned.memory(vector) / 2, rtol=1e-4)
    assert fit_memory(read, encoder="00" * 32, rank=2, ridge=1.0).reads.shape == (2, 6)


def _random_map(rank: int, inputs: int, blocks: int, width: int) -> MemoryMap:
    source = np.random.default_rng(rank + inputs)
    reads, adds = source.normal(size=(rank, inputs)), source.normal(size=(blocks, rank, width))
    return MemoryMap(reads.astype(np.float32), adds.astype(np.float32), "ab" * 32)
