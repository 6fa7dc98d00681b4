"""The bytes of a tokenizer's tokens, as constraints need them."""

from __future__ import annotations

from pathlib import Path

import llguidance
import pytest
from hypothesis import assume, given
from hypothesis import strategies as st
from tokenizers import AddedToken, decoders, models, pre_tokenizers
from tokenizers import Tokenizer as Backend

from dalle_kit.engine.constraints.vocabulary import Vocabulary
from dalle_kit.engine.token_bytes import token_bytes
from dalle_kit.engine.tokenization import Tokenizer

LETTERS = st.characters(codec="utf-8", exclude_categories=["Cs"])


@pytest.fixture(scope="module")
def tokenizer(default_model_home: Path) -> Tokenizer:
    return Tokenizer.load(default_model_home / "models" / "smollm2-135m")


@pytest.fixture(scope="module")
def vocabularies(tokenizer: Tokenizer) -> tuple[llguidance.LLTokenizer, llguidance.LLTokenizer]:
    """The default model's tokens as we give them, and as llguidance reads them out of the tokenizer's definition."""
    theirs = llguidance.LLTokenizer(tokenizer.as_json(), tokenizer.size, [0, 2])
    return Vocabulary(tokenizer, [0, 2]).tokens, theirs


@pytest.fixture(scope="module")
def texts(tokenizer: Tokenizer) -> list[bytes]:
    found = tokenizer.token_bytes()
    assert found is not None and not found.spaced
    return found.texts


def is_written(tokenizer: Tokenizer, text: str) -> bool:
    """Say whether a tokenizer can write a text; the default model's has no token for some rare bytes."""
    return tokenizer.decode(tokenizer.encode_text(text)) == text


def byte_level(vocabulary: dict[str, int]) -> Backend:
    backend = Backend(models.BPE(vocab=vocabulary, merges=[]))
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    return backend


def test_each_token_has_the_bytes_that_llguidance_reads_in_the_tokenizer(
    vocabularies: tuple[llguidance.LLTokenizer, llguidance.LLTokenizer], tokenizer: Tokenizer
) -> None:
    ours, theirs = vocabularies
    texts = [id for id in range(tokenizer.size) if id not in tokenizer.control_ids]
    assert [ours.decode_bytes([id]) for id in texts] == [theirs.decode_bytes([id]) for id in texts]
    assert all(ours.is_special_token(id) and theirs.is_special_token(id) for id in tokenizer.control_ids)


@given(text=st.text(LETTERS))
def test_texts_are_cut_into_the_same_tokens(
    vocabularies: tuple[llguidance.LLTokenizer, llguidance.LLTokenizer], tokenizer: Tokenizer, text: str
) -> None:
    assume(is_written(tokenizer, text))
    ours, theirs = vocabularies
    assert ours.tokenize_str(text) == theirs.tokenize_str(text)
    assert ours.tokenize_partial(text.encode("utf-8")) == theirs.tokenize_partial(text.encode("utf-8"))


@given(text=st.text(LETTERS))
def test_the_bytes_of_a_texts_tokens_are_the_text(tokenizer: Tokenizer, texts: list[bytes], text: str) -> None:
    assume(is_written(tokenizer, text))
    assert b"".join(texts[id] for id in tokenizer.encode_text(text)) == text.encode("utf-8")


def test_an_added_token_that_is_text_keeps_its_own_letters() -> None:
    backend = byte_level({"a": 0, "\u0120": 1})
    backend.add_tokens([AddedToken("<naïve>", special=False)])
    found = token_bytes(backend)
    assert found is not None
    assert found.texts == [b"a", b" ", "<naïve>".encode()]


@pytest.mark.parametrize("vocabulary", [{"a": 0, "数": 1}, {"a": 0, "b": 2}])
def test_a_vocabulary_that_is_not_made_of_bytes_or_has_gaps_is_left_to_llguidance(vocabulary: dict[str, int]) -> None:
    assert token_bytes(byte_level(vocabulary)) is None
