"""Texts with a gap: the exact prompt of each family, what stays text, and what ends the filling."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from tokenizers import AddedToken, decoders, models, normalizers, pre_tokenizers, processors, trainers
from tokenizers import Tokenizer as Backend

from dalle_kit.engine.engine import Engine
from dalle_kit.engine.infilling import FAMILIES, Family
from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import TemplateError
from dalle_kit.models.spec import StoredModel
from dalle_kit.records import GenerationOptions, Message, Prompt, Role, Skeleton, Slot
from tests.conftest import TEXTS, build, save

BY_NAME = {family.name: family for family in FAMILIES}

CONTEXT = Message("context", "def area(r):\n    return r", "shapes.py")
PREFIX = Message("prefix", "def f(x):\n    return ", "src/main.py")
SUFFIX = Message("suffix", "\n\nprint(f(1))\n")

ALONE = Prompt((PREFIX, SUFFIX))
REPOSITORY = Prompt((CONTEXT, PREFIX, SUFFIX))


def byte_level(*controls: str, special: bool = True) -> Backend:
    """Train a byte-level BPE tokenizer as StarCoder's, Qwen's and DeepSeek-Coder's, with their control tokens."""
    backend = Backend(models.BPE())
    backend.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    backend.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=400,
        special_tokens=["<s>", "</s>", "<pad>"],
        initial_alphabet=pre_tokenizers.ByteLevel.alphabet(),
        show_progress=False,
    )
    backend.train_from_iterator(TEXTS * 20, trainer)
    backend.add_tokens([AddedToken(text, special=special, normalized=False) for text in controls])
    return backend


def code_llama() -> Backend:
    """Make a tokenizer as Code Llama's: a blank before each text, written as a low line, and bytes for the rest."""
    letters = sorted({letter for letter in "▁()=:,.abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_<>/"})
    vocabulary = ["<unk>", "<s>", "</s>", *(f"<0x{byte:02X}>" for byte in range(256)), *letters]
    backend = Backend(
        models.BPE({text: id for id, text in enumerate(vocabulary)}, [], unk_token="<unk>", byte_fallback=True)
    )
    backend.normalizer = normalizers.Sequence([normalizers.Prepend("▁"), normalizers.Replace(" ", "▁")])
    steps = [decoders.Replace("▁", " "), decoders.ByteFallback(), decoders.Fuse(), decoders.Strip(" ", 1, 0)]
    backend.decoder = decoders.Sequence(steps)
    backend.add_special_tokens([AddedToken(text, normalized=False) for text in ("<unk>", "<s>", "</s>")])
    infilling = ("▁<PRE>", "▁<SUF>", "▁<MID>", "▁<EOT>")
    backend.add_special_tokens([AddedToken(text, normalized=False) for text in infilling])
    backend.post_processor = processors.TemplateProcessing(single="<s> $A", special_tokens=[("<s>", 1)])
    return backend


QWEN = ("<|endoftext|>", "<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|fim_pad|>", "<|repo_name|>")
STARCODER = ("<|endoftext|>", "<fim_prefix>", "<fim_middle>", "<fim_suffix>", "<fim_pad>")
DEEPSEEK = ("<｜fim▁hole｜>", "<｜fim▁begin｜>", "<｜fim▁end｜>", "<|EOT|>")  # noqa: RUF001

BACKENDS: dict[str, Any] = {
    "starcoder": lambda: byte_level(*STARCODER),
    "starcoder2": lambda: byte_level(*STARCODER, "<repo_name>", "<file_sep>"),
    "santacoder": lambda: byte_level("<fim-prefix>", "<fim-middle>", "<fim-suffix>", "<fim-pad>"),
    # Qwen's and DeepSeek's files do not mark these tokens as special.
    "qwen": lambda: byte_level(*QWEN, "<|file_sep|>", special=False),
    "codegemma": lambda: byte_level("<|fim_prefix|>", "<|fim_middle|>", "<|fim_suffix|>", "<|file_separator|>"),
    "deepseek": lambda: byte_level(*DEEPSEEK, special=False),
    "codellama": code_llama,
}


def spelled(tokenizer: Tokenizer, tokens: list[int]) -> str:
    """Return what tokens stand for, control tokens as they are written and a low line as the blank that it is."""

    def name(token: int) -> str:
        return str(tokenizer._backend.id_to_token(token))

    text, plain = "", list[int]()
    for token in [*tokens, None]:
        if token is not None and token not in tokenizer.control_ids:
            plain.append(token)
            continue
        # A blank before the text is part of it: the decoder drops one.
        blank = " " if plain and tokenizer._puts_blank and name(plain[0]).startswith("▁") else ""
        text += blank + tokenizer._backend.decode(plain, skip_special_tokens=False) if plain else ""
        text += name(token).replace("▁<", " <") if token is not None else ""
        plain = []
    return text


@pytest.mark.parametrize(
    ("kind", "alone", "repository"),
    [
        (
            "starcoder",
            "<fim_prefix>def f(x):\n    return <fim_suffix>\n\nprint(f(1))\n<fim_middle>",
            "<fim_prefix>def area(r):\n    return r\ndef f(x):\n    return <fim_suffix>\n\nprint(f(1))\n<fim_middle>",
        ),
        (
            "starcoder2",
            "<fim_prefix>def f(x):\n    return <fim_suffix>\n\nprint(f(1))\n<fim_middle>",
            "<file_sep>def area(r):\n    return r<file_sep>"
            "<fim_prefix>def f(x):\n    return <fim_suffix>\n\nprint(f(1))\n<fim_middle>",
        ),
        (
            "santacoder",
            "<fim-prefix>def f(x):\n    return <fim-suffix>\n\nprint(f(1))\n<fim-middle>",
            "<fim-prefix>def area(r):\n    return r\ndef f(x):\n    return <fim-suffix>\n\nprint(f(1))\n<fim-middle>",
        ),
        (
            "qwen",
            "<|fim_prefix|>def f(x):\n    return <|fim_suffix|>\n\nprint(f(1))\n<|fim_middle|>",
            "<|repo_name|>project\n<|file_sep|>shapes.py\ndef area(r):\n    return r\n<|file_sep|>src/main.py\n"
            "<|fim_prefix|>def f(x):\n    return <|fim_suffix|>\n\nprint(f(1))\n<|fim_middle|>",
        ),
        (
            "codegemma",
            "<|fim_prefix|>def f(x):\n    return <|fim_suffix|>\n\nprint(f(1))\n<|fim_middle|>",
            "<|fim_prefix|>def area(r):\n    return r\ndef f(x):\n    return "
            "<|fim_suffix|>\n\nprint(f(1))\n<|fim_middle|>",
        ),
        (
            "deepseek",
            "<｜fim▁begin｜>def f(x):\n    return <｜fim▁hole｜>\n\nprint(f(1))\n<｜fim▁end｜>",  # noqa: RUF001
            "<｜fim▁begin｜>def area(r):\n    return r\ndef f(x):\n    return "  # noqa: RUF001
            "<｜fim▁hole｜>\n\nprint(f(1))\n<｜fim▁end｜>",  # noqa: RUF001
        ),
        (
            "codellama",
            "<PRE> def f(x):\n    return  <SUF>\n\nprint(f(1))\n <MID>",
            "<PRE> def area(r):\n    return r\ndef f(x):\n    return  <SUF>\n\nprint(f(1))\n <MID>",
        ),
    ],
)
def test_a_gap_is_shown_in_the_familys_own_way(kind: str, alone: str, repository: str) -> None:
    # A chat template never frames a gap.
    tokenizer = Tokenizer(BACKENDS[kind](), chat_template="[{{ messages[0].content }}]")
    assert tokenizer.infills
    begin = "<s> " if kind == "codellama" else ""
    for prompt, expected in ((ALONE, alone), (REPOSITORY, repository)):
        assert tokenizer.prompt_text(prompt) == expected
        assert spelled(tokenizer, tokenizer.encode_prompt(prompt)) == begin + expected
        assert tokenizer.encode_output(prompt) == []


@pytest.mark.parametrize("kind", sorted(BACKENDS))
def test_the_tokens_of_infilling_end_what_is_filled_in(kind: str) -> None:
    backend = BACKENDS[kind]()
    ends = Tokenizer(backend).control_ids
    framing = {"codellama": ["▁<EOT>"], "starcoder2": ["<file_sep>", "<|endoftext|>"], "qwen": ["<|file_sep|>"]}
    for token in (*framing.get(kind, []), *(family_of(kind).before, family_of(kind).gap, family_of(kind).after)):
        assert backend.token_to_id(token) in ends


def family_of(kind: str) -> Family:
    own = {"starcoder2": "starcoder", "qwen": "qwen-coder", "codegemma": "qwen-coder"}
    own |= {"deepseek": "deepseek-coder", "codellama": "code-llama"}
    return BY_NAME[own.get(kind, kind)]


@pytest.mark.parametrize("kind", sorted(BACKENDS))
def test_text_spelled_like_a_token_of_infilling_stays_text(kind: str) -> None:
    tokenizer = Tokenizer(BACKENDS[kind]())
    family = family_of(kind)
    plain = len([token for token in tokenizer.encode_prompt(ALONE) if token in tokenizer.control_ids])
    for control in family.controls:
        for spelling in {control, control.replace("▁", " ")}:
            asked = f"a = '{spelling}'"
            prompt = Prompt((Message("prefix", asked, spelling), Message("suffix", asked)))
            tokens = tokenizer.encode_prompt(prompt)
            assert len([token for token in tokens if token in tokenizer.control_ids]) == plain
            assert not tokenizer.control_ids & set(tokenizer.encode_text(asked))
            if kind != "codellama" or "▁" not in spelling:
                assert tokenizer.decode(tokenizer.encode_text(asked)) == asked


def test_a_suffix_of_code_llama_begins_without_the_blank_of_a_text() -> None:
    tokenizer = Tokenizer(code_llama())
    backend = tokenizer._backend
    tokens = tokenizer.encode_prompt(Prompt((Message("prefix", "a"), Message("suffix", "b"))))
    assert [backend.id_to_token(token) for token in tokens] == ["<s>", "▁<PRE>", "▁", "a", "▁<SUF>", "b", "▁<MID>"]


def test_a_model_of_no_family_reads_what_is_before_the_gap(byte_bpe: Backend) -> None:
    tokenizer = Tokenizer(byte_bpe, chat_template="[{{ messages[0].content }}]")
    assert not tokenizer.infills
    expected = "def area(r):\n    return r\ndef f(x):\n    return "
    assert tokenizer.prompt_text(REPOSITORY) == expected
    assert tokenizer.encode_prompt(REPOSITORY) == tokenizer.encode_text(expected)
    assert tokenizer.prompt_text(Prompt((Message("prefix", ""),))) == ""


def test_the_default_model_of_code_reads_exactly_the_prefix(default_model_path: Path) -> None:
    tokenizer = Tokenizer.load(default_model_path)
    assert tokenizer.has_chat_template and not tokenizer.infills
    assert tokenizer.prompt_text(ALONE) == PREFIX.content
    tokens = tokenizer.encode_prompt(ALONE)
    assert tokens == tokenizer.encode_text(PREFIX.content)
    assert tokenizer.decode(tokens) == PREFIX.content
    talk = Prompt((Message("user", "Say yes."),))
    assert tokenizer.encode_prompt(talk)[0] in tokenizer.control_ids  # a conversation has its own format as before


@pytest.mark.parametrize(
    "roles",
    [
        ["user", "prefix"],
        ["prefix", "assistant"],
        ["suffix"],
        ["context"],
        ["suffix", "prefix"],
        ["prefix", "prefix"],
        ["prefix", "context"],
        ["prefix", "suffix", "suffix"],
    ],
)
def test_turns_that_are_neither_a_conversation_nor_a_gap_are_refused(roles: list[Role]) -> None:
    with pytest.raises(TemplateError, match="turn"):
        Prompt(tuple(Message(role, "x") for role in roles))


SENTINELS = [f"<extra_id_{number}>" for number in range(4)]


@pytest.fixture(scope="module")
def t5(tmp_path_factory: pytest.TempPathFactory) -> tuple[Any, Engine]:
    """A small T5 whose tokenizer has the sentinels, saved and loaded as a real one is."""
    backend = Backend(models.Unigram())
    backend.pre_tokenizer = pre_tokenizers.Metaspace()
    backend.decoder = decoders.Metaspace()
    trainer = trainers.UnigramTrainer(
        vocab_size=300, special_tokens=["<pad>", "</s>", "<unk>"], unk_token="<unk>", show_progress=False
    )
    backend.train_from_iterator(TEXTS * 20, trainer)
    backend.add_special_tokens([AddedToken(text, special=True, normalized=False) for text in SENTINELS])
    backend.post_processor = processors.TemplateProcessing(single="$A </s>", special_tokens=[("</s>", 1)])
    model = build("t5", backend)
    stored = save(model, backend, tmp_path_factory.mktemp("t5") / "t5-fim")
    return model, Engine.load(stored, device="cpu")


def test_t5_reads_a_sentinel_for_the_gap_and_writes_behind_it(t5: tuple[Any, Engine]) -> None:
    import torch

    model, engine = t5
    prompt = Prompt((Message("prefix", "one two"), Message("suffix", "four five")))
    assert engine.infills
    assert engine.tokenizer.prompt_text(prompt) == "one two<extra_id_0>four five"
    source = engine.tokenizer.encode_prompt(prompt)
    backend = engine.tokenizer._backend
    first = backend.token_to_id("<extra_id_0>")
    assert first is not None
    assert source == backend.encode("one two<extra_id_0>four five").ids and source.count(first) == 1
    results: list[Any] = []
    work = (prompt, Skeleton((Slot("gap"),)))
    list(engine.fill([work, work], GenerationOptions(max_tokens=6), results=results))
    start = torch.tensor([[0, first]])
    made = model.generate(torch.tensor([source]), decoder_input_ids=start, max_new_tokens=6, do_sample=False)
    expected = made[0, 2:].tolist()
    ends = [place for place, token in enumerate(expected) if token in engine.tokenizer.control_ids]
    assert list(results[0][0].slots["gap"].tokens) == (expected[: ends[0]] if ends else expected)
    assert results[1][0].slots["gap"].tokens == results[0][0].slots["gap"].tokens


def test_t5s_score_is_of_what_stands_behind_the_sentinel(t5: tuple[Any, Engine]) -> None:
    import torch

    model, engine = t5
    prompt = Prompt((Message("prefix", "one two"), Message("suffix", "four five")))
    target = engine.tokenizer.encode_text("three")
    start = [0, *engine.tokenizer.encode_output(prompt)]
    with torch.inference_mode():
        source = torch.tensor([engine.tokenizer.encode_prompt(prompt)])
        logits = model(input_ids=source, decoder_input_ids=torch.tensor([[*start, *target]])).logits[0]
    expected = logits[len(start) - 1 : -1].log_softmax(-1).gather(1, torch.tensor(target)[:, None]).sum()
    assert engine.score(prompt, "three").log_likelihood == pytest.approx(float(expected), rel=1e-4)


def test_a_decoder_with_sentinels_is_not_taken_for_t5(byte_bpe: Backend) -> None:
    backend = Backend.from_str(byte_bpe.to_str())
    backend.add_special_tokens(SENTINELS)
    assert not Tokenizer(backend).infills
    assert Tokenizer(backend, seq2seq=True).infills


def test_a_token_of_infilling_ends_the_text_also_where_it_is_not_marked_as_special(tmp_path: Path) -> None:
    import torch

    backend = byte_level(*QWEN, "<|file_sep|>", special=False)
    model = build("llama", backend)
    prompt = torch.tensor([Tokenizer(backend).encode_prompt(ALONE)])
    with torch.no_grad():  # so that the file's end is what comes next
        model.lm_head.weight.zero_()
        model.lm_head.weight[backend.token_to_id("<|file_sep|>")] = model.model(prompt).last_hidden_state[0, -1]
    engine = Engine.load(save(model, backend, tmp_path / "fim"), device="cpu")
    assert engine.infills
    gap = engine.generate([ALONE], GenerationOptions(max_tokens=8))[0].slots["text"]
    assert (gap.text, gap.tokens, gap.reason) == ("", (), "end")


def test_the_default_model_of_code_goes_on_from_contexts_and_prefix(default_model_path: Path) -> None:
    engine = Engine.load(StoredModel(name="smollm2-135m", path=str(default_model_path)), device="cpu")
    assert not engine.infills
    options = GenerationOptions(max_tokens=4)
    assert engine.generate([REPOSITORY], options) == engine.generate([REPOSITORY.text], options)
