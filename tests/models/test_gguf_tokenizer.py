"""Tokenizers built from GGUF vocabularies: how they split, what they mark, what they refuse."""

from __future__ import annotations

import json
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import gguf
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from dalle_kit.errors import ModelError
from dalle_kit.models.gguf_reader import GgufFile
from dalle_kit.models.gguf_tokenizer import tokenizer_of

Write = Callable[..., Any]


def load(path: Path) -> tuple[Tokenizer, dict[str, Any]]:
    with GgufFile(path) as file:
        return tokenizer_of(file)


@pytest.fixture(scope="module")
def byte_level(tmp_path_factory: pytest.TempPathFactory) -> Tokenizer:
    """The vocabulary of 256 bytes under Qwen2's rule, without its normalisation, for round trips."""
    path = tmp_path_factory.mktemp("bytes") / "m.gguf"
    letters = [*range(0x21, 0x7F), *range(0xA1, 0xAD), *range(0xAE, 0x100)]
    letters += [256 + index for index in range(256 - len(letters))]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("gpt2")
    writer.add_tokenizer_pre("llama-bpe")
    writer.add_token_list(["<|end|>", *map(chr, letters)])
    writer.add_token_types([3, *[1] * 256])
    writer.add_token_merges([])
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return load(path)[0]


@given(st.text().filter(lambda text: "<|end|>" not in text))
def test_any_text_survives_encoding_and_decoding(byte_level: Tokenizer, text: str) -> None:
    tokens = byte_level.encode(text, add_special_tokens=False)
    assert byte_level.decode(tokens.ids) == text
    assert len(tokens.ids) == len(text.encode("utf-8", "surrogatepass"))


@pytest.mark.parametrize(
    ("pre", "pieces"),
    [
        ("smollm", ["hello", "\u0120", "1", "2", "3"]),
        ("starcoder", ["hello", "\u0120", "1", "2", "3"]),
        ("gpt-2", ["hello", "\u0120", "12", "3"]),
        ("llama-bpe", ["hello", "\u0120", "12", "3"]),
        ("qwen2", ["hello", "\u0120", "1", "2", "3"]),
        ("default", ["hello", "\u0120", "12", "3"]),
        (None, ["hello", "\u0120", "12", "3"]),
    ],
)
def test_digits_are_split_as_the_rule_in_the_file_says(
    tmp_path: Path, write_llama: Write, pre: str | None, pieces: list[str]
) -> None:
    write_llama(tmp_path / "m.gguf", pre=pre)
    tokenizer, _ = load(tmp_path / "m.gguf")
    assert tokenizer.encode("hello 123", add_special_tokens=False).tokens == pieces


def test_a_rule_nobody_knows_is_refused_not_guessed(tmp_path: Path, write_llama: Write) -> None:
    write_llama(tmp_path / "m.gguf", pre="babel")
    with pytest.raises(ModelError, match=r"'babel'; supported in GGUF files are .*qwen2, smollm, starcoder"):
        load(tmp_path / "m.gguf")


def test_a_kind_of_tokenizer_nobody_knows_is_refused(tmp_path: Path) -> None:
    writer = gguf.GGUFWriter(tmp_path / "m.gguf", "llama")
    writer.add_tokenizer_model("rwkv")
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    with pytest.raises(ModelError, match="'rwkv'"):
        load(tmp_path / "m.gguf")


def test_control_tokens_and_the_chat_template_are_kept(tmp_path: Path, write_llama: Write) -> None:
    write_llama(tmp_path / "m.gguf")
    tokenizer, settings = load(tmp_path / "m.gguf")
    encoded = tokenizer.encode("<|im_start|>hello<|im_end|>")
    assert encoded.tokens == ["<|im_start|>", "hello", "<|im_end|>"]
    assert tokenizer.decode(encoded.ids) == "hello"
    assert settings["bos_token"] == "<|im_start|>" and settings["eos_token"] == settings["pad_token"] == "<|im_end|>"
    assert settings["chat_template"].startswith("{% for message in messages %}")
    assert settings["model_max_length"] == 128


def test_merges_of_tokens_that_do_not_exist_are_refused(tmp_path: Path, write_llama: Write) -> None:
    write_llama(tmp_path / "m.gguf", tokens=["a", "b", "c", "d"])
    with pytest.raises(ModelError, match="do not fit together"):
        load(tmp_path / "m.gguf")


def test_the_real_model_splits_words_and_digits_as_it_was_trained(default_model_path: Path) -> None:
    tokenizer = Tokenizer.from_file(str(default_model_path / "tokenizer.json"))
    found = tokenizer.encode("room B12 at 14:00").tokens
    assert found == ["room", "\u0120B", "1", "2", "\u0120at", "\u0120", "1", "4", ":", "0", "0"]
    settings = json.loads((default_model_path / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert "You are a helpful AI assistant named SmolLM" in settings["chat_template"]


SPACE = "\u2581"
PIECES = [
    "an",
    "na",
    SPACE + "b",
    "ban",
    SPACE + "an",
    "ana",
    SPACE + "ban",
    "nab",
    SPACE + SPACE,
    SPACE + "banana",
    "anana",
]
LETTERS = [SPACE, "a", "b", "n"]


@pytest.fixture(scope="module")
def sentence_piece(tmp_path_factory: pytest.TempPathFactory) -> tuple[Tokenizer, list[str]]:
    path = tmp_path_factory.mktemp("spm") / "m.gguf"
    tokens = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *PIECES, *LETTERS]
    writer = gguf.GGUFWriter(path, "llama")
    writer.add_tokenizer_model("llama")
    writer.add_token_list(tokens)
    writer.add_token_scores([0.0] * 259 + [-float(index) for index in range(len(tokens) - 259)])
    writer.add_token_types([2, 3, 3] + [6] * 256 + [1] * (len(tokens) - 259))
    writer.add_bos_token_id(1)
    writer.add_eos_token_id(2)
    writer.add_unk_token_id(0)
    writer.write_header_to_file()
    writer.write_kv_data_to_file()
    writer.write_tensors_to_file()
    writer.close()
    return load(path)[0], tokens


def merged_best_first(text: str) -> list[str]:
    """SentencePiece's BPE spelled out: join, again and again, the neighbours that make the best-scored piece."""
    parts = list((SPACE + text).replace(" ", SPACE))
    while True:
        joins = [(PIECES.index(a + b), place) for place, (a, b) in enumerate(pairwise(parts)) if a + b in PIECES]
        if not joins:
            break
        place = min(joins)[1]
        parts[place : place + 2] = [parts[place] + parts[place + 1]]
    return [
        piece
        for part in parts
        for piece in ([part] if part in PIECES + LETTERS else [f"<0x{byte:02X}>" for byte in part.encode()])
    ]


@given(st.text(alphabet="abn \u00e9x", min_size=1, max_size=24))
def test_sentence_piece_merges_the_best_piece_first(sentence_piece: tuple[Tokenizer, list[str]], text: str) -> None:
    tokenizer, _ = sentence_piece
    encoded = tokenizer.encode(text)
    assert encoded.tokens == ["<s>", *merged_best_first(text)]
    assert tokenizer.decode(encoded.ids) == text


def test_sentence_piece_takes_control_tokens_whole(sentence_piece: tuple[Tokenizer, list[str]]) -> None:
    tokenizer, tokens = sentence_piece
    assert tokenizer.encode("banana</s>").ids[-1] == tokens.index("</s>")
    assert np.unique(tokenizer.encode("<s>").ids).tolist() == [1]
