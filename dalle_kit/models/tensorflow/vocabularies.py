"""The tokenizers that lie beside published checkpoints, as fast ones: byte-level BPE, word pieces, SentencePiece.

Each is held against the number of vectors that the weights have: one that is nearly right makes a model that is quietly
worse.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import ModelError
from dalle_kit.models.tensorflow.wire import bytes_in, fields, number_in

if TYPE_CHECKING:
    from tokenizers import Tokenizer

Built = tuple["Tokenizer", dict[str, Any]]

#: Where the SentencePiece model of a T5 checkpoint may lie; the first that is there is taken.
SENTENCE_PIECE_FILES = ("sentencepiece.model", "spiece.model")
_SETTINGS = {"tokenizer_class": "PreTrainedTokenizerFast", "clean_up_tokenization_spaces": False}
_SPACE = "\u2581"  # how SentencePiece writes a space

#: Sentinels of T5, which stand behind the pieces; and the number that its tables' lengths are a multiple of.
_SENTINELS, _MULTIPLE = 100, 128
_UNIGRAM = 1
#: Rules for blanks: one in front of each text, none twice, and how they are written.
_USUAL = (3, 4, 5)
_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
_LONGEST_WORD = 200  # characters of a word that BERT's own code cuts into pieces


def byte_level_bpe(folder: Path, *, size: int, end: str) -> Built:
    """Return OpenAI's tokenizer, from ``encoder.json`` and ``vocab.bpe``, and its settings."""
    from tokenizers import AddedToken, Tokenizer, decoders, models, pre_tokenizers

    from dalle_kit.models.tensorflow.layout import read_settings

    file = folder / "encoder.json"
    tokens: Mapping[str, Any] = read_settings(file)
    if sorted(tokens.values(), key=str) != sorted(range(len(tokens)), key=str):
        raise ModelError(f"{file} does not number its {len(tokens)} tokens from 0 on; fetch it again")
    _check_size(file, len(tokens), size)
    if end not in tokens:
        raise ModelError(f"{file} has no token {end}, which ends a text; fetch it again")
    lines = _read_text(folder / "vocab.bpe").split("\n")
    pairs = (line.partition(" ") for line in lines if line and not line.startswith("#version"))
    merges = [(left, right) for left, _, right in pairs]
    try:
        tokenizer = Tokenizer(models.BPE(dict(tokens), merges))
    except Exception as error:  # the library raises plain Exception for merges of unknown tokens
        raise ModelError(f"{folder / 'vocab.bpe'} does not belong to {file} ({error}); fetch both again") from error
    tokenizer.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    tokenizer.decoder = decoders.ByteLevel()
    tokenizer.add_special_tokens([AddedToken(end, special=True, normalized=False)])
    return tokenizer, {**_SETTINGS, "bos_token": end, "eos_token": end}


def word_pieces(folder: Path, *, size: int) -> Built:
    """Return BERT's tokenizer, from ``vocab.txt``, and its settings.

    Nothing beside the checkpoint says whether it tells capitals apart; it does where the vocabulary has any.
    """
    from tokenizers import AddedToken, Tokenizer, decoders, models, normalizers, pre_tokenizers, processors

    file = folder / "vocab.txt"
    lines = _read_text(file).removesuffix("\n").split("\n")
    tokens = {line.strip(): number for number, line in enumerate(lines)}
    _check_size(file, len(lines), size)
    missing = [token for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]") if token not in tokens]
    if missing:
        raise ModelError(f"{file} has no token {missing[0]}; fetch it again")
    special = [token for token in ("[PAD]", "[UNK]", "[CLS]", "[SEP]", "[MASK]") if token in tokens]
    capitals = any("A" <= letter <= "Z" for token in tokens if not token.startswith("[") for letter in token)
    model = models.WordPiece(tokens, unk_token="[UNK]", max_input_chars_per_word=_LONGEST_WORD)
    tokenizer = Tokenizer(model)
    tokenizer.normalizer = normalizers.BertNormalizer(lowercase=not capitals)
    tokenizer.pre_tokenizer = pre_tokenizers.BertPreTokenizer()
    tokenizer.decoder = decoders.WordPiece()
    tokenizer.add_special_tokens([AddedToken(token, special=True, normalized=False) for token in special])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="[CLS] $A [SEP]",
        pair="[CLS] $A [SEP] $B:1 [SEP]:1",
        special_tokens=[(token, tokens[token]) for token in ("[CLS]", "[SEP]")],
    )
    names = {"pad": "[PAD]", "unk": "[UNK]", "cls": "[CLS]", "sep": "[SEP]"}
    return tokenizer, {**_SETTINGS, **{f"{name}_token": token for name, token in names.items()}}


def sentence_pieces(folder: Path, *, size: int) -> Built:
    """Return T5's tokenizer, from its SentencePiece model, and its settings."""
    from tokenizers import AddedToken, Regex, Tokenizer, models, normalizers, pre_tokenizers, processors

    file = next((folder / name for name in SENTENCE_PIECE_FILES if (folder / name).is_file()), None)
    if file is None:
        raise ModelError(
            f"{folder} has no {SENTENCE_PIECE_FILES[0]}: T5's vocabulary is published apart from its checkpoints "
            "(cc_all.32000 for T5); put it into the folder"
        )
    found = _read_sentence_piece(file)
    pieces = [(piece.text, piece.score) for piece in found.pieces]
    sentinels = _SENTINELS if size >= len(pieces) + _SENTINELS else 0
    if not 0 <= size - len(pieces) - sentinels < _MULTIPLE:
        _check_size(file, len(pieces) + sentinels, size)
    pieces += [(f"<extra_id_{number}>", 0.0) for number in reversed(range(sentinels))]
    ids = {text: number for number, (text, _) in enumerate(pieces)}
    missing = [token for token in ("<pad>", "</s>", "<unk>") if token not in ids]
    if missing:
        raise ModelError(f"{file} has no token {missing[0]}, which T5 needs; give the model that T5 was trained with")
    try:
        tokenizer = Tokenizer(models.Unigram(pieces, ids["<unk>"], found.byte_fallback))
        steps = [normalizers.Precompiled(found.characters)] if found.characters else []
    except Exception as error:  # the library raises plain Exception
        raise ModelError(f"{file} is no SentencePiece model that can be used ({error}); fetch it again") from error
    tokenizer.normalizer = normalizers.Sequence([*steps, normalizers.Strip(), normalizers.Replace(Regex(" {2,}"), " ")])
    tokenizer.pre_tokenizer = pre_tokenizers.Metaspace(replacement=_SPACE, prepend_scheme="always")
    tokenizer.decoder = _piece_decoder(found.byte_fallback)
    control = ["<unk>", *(piece.text for piece in found.pieces if piece.kind == _CONTROL)]
    control += [f"<extra_id_{number}>" for number in range(sentinels)]
    own = [piece.text for piece in found.pieces if piece.kind == _USER_DEFINED]
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in control])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in own])
    tokenizer.post_processor = processors.TemplateProcessing(
        single="$A </s>", pair="$A </s> $B </s>", special_tokens=[("</s>", ids["</s>"])]
    )
    return tokenizer, {**_SETTINGS, "pad_token": "<pad>", "eos_token": "</s>", "unk_token": "<unk>"}


def _piece_decoder(byte_fallback: bool) -> Any:
    from tokenizers import decoders

    if not byte_fallback:
        return decoders.Metaspace(replacement=_SPACE, prepend_scheme="always")
    steps = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    return decoders.Sequence(steps)


@dataclass(frozen=True, slots=True)
class _Piece:
    text: str
    score: float
    kind: int


@dataclass(frozen=True, slots=True)
class _SentencePiece:
    """A SentencePiece model; ``characters`` is its table of characters that stand for others."""

    pieces: list[_Piece]
    characters: bytes
    byte_fallback: bool


def _read_sentence_piece(file: Path) -> _SentencePiece:
    """Read https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto; unigram models only."""
    pieces: list[_Piece] = []
    trainer: dict[int, int | bytes] = {}
    normalizer: dict[int, int | bytes] = {}
    try:
        for number, value in fields(file.read_bytes()):
            if number == 1:
                pieces.append(_piece(dict(fields(bytes_in(value)))))
            elif number == 2:
                trainer = dict(fields(bytes_in(value)))
            elif number == 3:
                normalizer = dict(fields(bytes_in(value)))
        kind = number_in(trainer.get(3, _UNIGRAM))
        characters = bytes_in(normalizer.get(2, b""))
    except (OSError, OverflowError, ValueError) as error:
        raise ModelError(f"{file} is no SentencePiece model that can be read ({error}); fetch it again") from error
    if any(normalizer.get(rule, 1) == 0 for rule in _USUAL):
        raise ModelError(
            f"{file} treats blanks in another way than T5's; give the model that the weights were trained with"
        )
    if kind != _UNIGRAM or not pieces:
        raise ModelError(
            f"{file} holds no unigram model, as T5's are; give the model that the weights were trained with"
        )
    return _SentencePiece(pieces, characters, bool(trainer.get(35, 0)))


def _piece(parts: Mapping[int, int | bytes]) -> _Piece:
    import struct

    (score,) = struct.unpack("<f", number_in(parts.get(2, 0)).to_bytes(4, "little"))
    return _Piece(bytes_in(parts.get(1, b"")).decode("utf-8"), score, number_in(parts.get(3, 1)))


def _check_size(file: Path, found: int, wanted: int) -> None:
    if found != wanted:
        raise ModelError(
            f"{file} has {found} tokens and the weights have {wanted} vectors: the tokenizer does not fit the weights; "
            "give the one they were trained with"
        )


def _read_text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except FileNotFoundError as error:
        raise ModelError(f"{file.parent} has no {file.name}, which belongs to its checkpoint; put it there") from error
    except (OSError, ValueError) as error:
        raise ModelError(f"{file} cannot be read ({error}); fetch it again") from error
