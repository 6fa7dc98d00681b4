"""Building a fast tokenizer from a GGUF file's vocabulary.

Two kinds are supported: byte-level BPE ("gpt2" in the file) with the pre-tokenizers named below, and SentencePiece
BPE ("llama"). Any other is refused: a tokenizer that is nearly right makes a model that is quietly worse.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

from dalle_kit.errors import ModelError
from dalle_kit.models.gguf_reader import GgufFile

if TYPE_CHECKING:
    from tokenizers import Tokenizer
    from tokenizers.pre_tokenizers import PreTokenizer

_UNKNOWN, _CONTROL, _USER_DEFINED = 2, 3, 4
_SPACE = "\u2581"  # how SentencePiece writes a space
_LONGEST = 256  # characters of a piece that is made of others

_INSTEAD = "take the model's safetensors checkpoint instead (hub:REPO or a folder)"

_LLAMA3 = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}"
    r"| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_GPT2 = r"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)"
_QWEN2 = _LLAMA3.replace(r"\p{N}{1,3}", r"\p{N}")


def tokenizer_of(file: GgufFile) -> tuple[Tokenizer, dict[str, Any]]:
    """Return the tokenizer and the ``tokenizer_config.json`` of a GGUF file.

    Raises ModelError for a kind of tokenizer that is not supported.
    """
    kind = file.metadata.get("tokenizer.ggml.model")
    tokens = file.metadata.get("tokenizer.ggml.tokens")
    if kind not in ("gpt2", "llama") or not isinstance(tokens, list):
        raise ModelError(
            f"{file.path} has a tokenizer of the kind {kind!r}; supported in GGUF files are 'gpt2' (byte-level BPE) "
            f"and 'llama' (SentencePiece BPE); {_INSTEAD}"
        )
    tokenizer = _byte_level(file, tokens) if kind == "gpt2" else _sentence_piece(file, tokens)
    _add_tokens(file, tokenizer, tokens)
    starts_with_bos = kind == "llama" or file.metadata.get("tokenizer.ggml.pre") in _LLAMA3_NAMES
    _add_ends(file, tokenizer, tokens, bos_unless_told=starts_with_bos)
    return tokenizer, _settings(file, tokens)


def _byte_level(file: GgufFile, tokens: list[str]) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers

    pre = file.metadata.get("tokenizer.ggml.pre", "default")
    if pre not in _PRE_TOKENIZERS:
        raise ModelError(
            f"{file.path} splits words by the rule {pre!r}; supported in GGUF files are "
            f"{', '.join(sorted(_PRE_TOKENIZERS))}; {_INSTEAD}"
        )
    # A merge is two tokens with a space between; a token never holds a space, since bytes are written as letters.
    merges = [tuple(merge.split(" ", 1)) for merge in file.metadata.get("tokenizer.ggml.merges", [])]
    tokenizer = Tokenizer(_bpe(file, models.BPE, tokens, merges, ignore_merges=pre in _LLAMA3_NAMES))
    if pre == "qwen2":
        tokenizer.normalizer = normalizers.NFC()
    tokenizer.pre_tokenizer = _PRE_TOKENIZERS[pre]()
    tokenizer.decoder = decoders.ByteLevel()
    return tokenizer


def _sentence_piece(file: GgufFile, tokens: list[str]) -> Tokenizer:
    from tokenizers import Tokenizer, decoders, models, normalizers

    scores = file.metadata.get("tokenizer.ggml.scores")
    if not isinstance(scores, list) or len(scores) != len(tokens):
        raise ModelError(f"{file.path} has no scores for its {len(tokens)} tokens; its tokenizer cannot be built")
    unknown = _token(file, tokens, "unknown") or next(
        (tokens[index] for index, kind in enumerate(_kinds(file, tokens)) if kind == _UNKNOWN), None
    )
    prefix = bool(file.metadata.get("tokenizer.ggml.add_space_prefix", True))
    tokenizer = Tokenizer(
        _bpe(file, models.BPE, tokens, _merges(tokens, scores), unk_token=unknown, fuse_unk=True, byte_fallback=True)
    )
    spaces = normalizers.Replace(" ", _SPACE)
    tokenizer.normalizer = normalizers.Sequence([normalizers.Prepend(_SPACE), spaces] if prefix else [spaces])
    steps = [decoders.Replace(_SPACE, " "), decoders.ByteFallback(), decoders.Fuse()]
    tokenizer.decoder = decoders.Sequence([*steps, decoders.Strip(" ", 1, 0)] if prefix else steps)
    return tokenizer


def _bpe(file: GgufFile, make: Callable[..., Any], tokens: list[str], merges: list[Any], **options: Any) -> Any:
    try:
        return make({token: index for index, token in enumerate(tokens)}, merges, **options)
    except Exception as error:  # the library raises plain Exception for merges of unknown tokens
        raise ModelError(f"{file.path} has a vocabulary and merges that do not fit together: {error}") from error


def _merges(tokens: list[str], scores: list[float]) -> list[tuple[str, str]]:
    """Return the merges a SentencePiece vocabulary stands for: each piece from any two others, best score first."""
    ids = {token: index for index, token in enumerate(tokens)}
    merges = [
        (-scores[index], ids[token[:cut]], ids[token[cut:]], token[:cut], token[cut:])
        for token, index in ids.items()
        if len(token) <= _LONGEST
        for cut in range(1, len(token))
        if token[:cut] in ids and token[cut:] in ids
    ]
    return [(left, right) for *_, left, right in sorted(merges)]


def _add_tokens(file: GgufFile, tokenizer: Tokenizer, tokens: list[str]) -> None:
    """Mark control tokens as special, and user-defined ones as never to be split."""
    from tokenizers import AddedToken

    kinds = _kinds(file, tokens)
    control = [tokens[index] for index, kind in enumerate(kinds) if kind == _CONTROL]
    if file.metadata.get("tokenizer.ggml.model") == "llama":
        control += [tokens[index] for index, kind in enumerate(kinds) if kind == _UNKNOWN]
    own = [tokens[index] for index, kind in enumerate(kinds) if kind == _USER_DEFINED]
    tokenizer.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in control])
    tokenizer.add_tokens([AddedToken(text, normalized=False) for text in own])


def _add_ends(file: GgufFile, tokenizer: Tokenizer, tokens: list[str], *, bos_unless_told: bool) -> None:
    """Put the begin and end tokens around a text where the file asks for it."""
    from tokenizers.processors import TemplateProcessing

    bos, eos = _token(file, tokens, "bos"), _token(file, tokens, "eos")
    first = [bos] if bos and file.metadata.get("tokenizer.ggml.add_bos_token", bos_unless_told) else []
    last = [eos] if eos and file.metadata.get("tokenizer.ggml.add_eos_token", False) else []
    if first or last:
        special = [(text, tokens.index(text)) for text in dict.fromkeys(first + last)]
        single = [*first, "$A", *last]
        pair = [*single, *(f"{text}:1" for text in first), "$B:1", *(f"{text}:1" for text in last)]
        tokenizer.post_processor = TemplateProcessing(single=single, pair=pair, special_tokens=special)


def _settings(file: GgufFile, tokens: list[str]) -> dict[str, Any]:
    architecture = file.metadata.get("general.architecture")
    settings: dict[str, Any] = {
        "tokenizer_class": "PreTrainedTokenizerFast",
        "clean_up_tokenization_spaces": False,
        "model_max_length": file.metadata.get(f"{architecture}.context_length"),
    }
    for name, key in (("bos", "bos"), ("eos", "eos"), ("unk", "unknown"), ("pad", "padding")):
        text = _token(file, tokens, key)
        if text is not None:
            settings[f"{name}_token"] = text
    template = file.metadata.get("tokenizer.chat_template")
    if template:
        settings["chat_template"] = template
    return settings


def _token(file: GgufFile, tokens: list[str], key: str) -> str | None:
    index = file.metadata.get(f"tokenizer.ggml.{key}_token_id")
    return tokens[index] if isinstance(index, int) and 0 <= index < len(tokens) else None


def _kinds(file: GgufFile, tokens: list[str]) -> list[int]:
    kinds = file.metadata.get("tokenizer.ggml.token_type")
    return kinds if isinstance(kinds, list) and len(kinds) == len(tokens) else [1] * len(tokens)


def _gpt2_words() -> PreTokenizer:
    from tokenizers.pre_tokenizers import ByteLevel

    return ByteLevel(add_prefix_space=False)


def _digit_by_digit() -> PreTokenizer:
    from tokenizers.pre_tokenizers import ByteLevel, Digits, Sequence

    return Sequence([Digits(individual_digits=True), ByteLevel(add_prefix_space=False)])


def _by_patterns(*patterns: str) -> Callable[[], PreTokenizer]:
    def make() -> PreTokenizer:
        from tokenizers import Regex
        from tokenizers.pre_tokenizers import ByteLevel, Sequence, Split

        splits = [Split(Regex(pattern), "isolated") for pattern in patterns]
        return Sequence([*splits, ByteLevel(add_prefix_space=False, use_regex=False)])

    return make


_LLAMA3_NAMES = ("llama-bpe", "llama3", "llama-v3")
_PRE_TOKENIZERS: Mapping[str, Callable[[], PreTokenizer]] = {
    **dict.fromkeys(("gpt-2", "phi-2"), _gpt2_words),
    **dict.fromkeys(("smollm", "starcoder"), _digit_by_digit),
    **dict.fromkeys(_LLAMA3_NAMES, _by_patterns(_LLAMA3)),
    "qwen2": _by_patterns(_QWEN2),
    # What llama.cpp does for files that name no rule: these patterns one after the other.
    "default": _by_patterns(r"[\p{P}\$\+<=>\^~\|]+", _GPT2, r"\p{N}+", r"[0-9][0-9][0-9]"),
}
