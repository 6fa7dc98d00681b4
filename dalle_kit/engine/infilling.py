"""How each family of models is shown a text with a gap to fill in. Needs no torch.

A family is known by its control tokens. Its way is the one it was trained with: StarCoder (Li et al., 2023), StarCoder2
(Lozhkov et al., 2024), SantaCoder (Allal et al., 2023), Code Llama (Rozière et al., 2023), Qwen2.5-Coder (Hui et al.,
2024), CodeGemma (2024), DeepSeek-Coder (Guo et al., 2024), T5 (Raffel et al., 2020). A model of no such family reads
what is before the gap, as plain text.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Literal

from dalle_kit.records import Message, Prompt

#: Qwen's format begins with the name of the repository, which nobody is asked for.
_REPOSITORY = "project"


@dataclass(frozen=True, slots=True)
class Family:
    """The control tokens of a family.

    ``before`` stands before the prefix, ``gap`` between prefix and suffix, ``after`` behind the suffix; empty for none.
    ``file`` comes before each file of a repository, where the tokenizer has it: "bare" ones have only their text,
    "named" ones their path on a line of its own, and ``repository`` before all. ``start`` is what the output begins
    with. ``others`` are further tokens that never belong to the text. ``shown`` is how ``before``, ``gap`` and
    ``after`` look as text. ``joined`` says that no blank is put before the suffix by a tokenizer that does so.
    """

    name: str
    before: str
    gap: str
    after: str
    file: str = ""
    files: Literal["bare", "named"] = "bare"
    repository: str = ""
    start: str = ""
    others: tuple[str, ...] = ()
    shown: tuple[str, str, str] | None = None
    joined: bool = False
    seq2seq: bool = False

    @property
    def controls(self) -> tuple[str, ...]:
        """All its control tokens."""
        named = (self.before, self.gap, self.after, self.file, self.repository, self.start, *self.others)
        return tuple(dict.fromkeys(token for token in named if token))


FAMILIES = (
    Family(
        "starcoder",
        "<fim_prefix>",
        "<fim_suffix>",
        "<fim_middle>",
        file="<file_sep>",
        others=("<fim_pad>", "<repo_name>", "<reponame>", "<filename>", "<|endoftext|>"),
    ),
    Family("santacoder", "<fim-prefix>", "<fim-suffix>", "<fim-middle>", others=("<fim-pad>", "<|endoftext|>")),
    Family(
        "code-llama",
        "▁<PRE>",
        "▁<SUF>",
        "▁<MID>",
        others=("▁<EOT>",),
        shown=("<PRE> ", " <SUF>", " <MID>"),
        joined=True,
    ),
    Family(
        "qwen-coder",
        "<|fim_prefix|>",
        "<|fim_suffix|>",
        "<|fim_middle|>",
        file="<|file_sep|>",
        files="named",
        repository="<|repo_name|>",
        others=("<|fim_pad|>", "<|file_separator|>", "<|endoftext|>", "<|im_end|>"),
    ),
    Family("deepseek-coder", "<｜fim▁begin｜>", "<｜fim▁hole｜>", "<｜fim▁end｜>", others=("<|EOT|>",)),  # noqa: RUF001
    Family("t5", "", "<extra_id_0>", "", start="<extra_id_0>", others=("<extra_id_1>",), seq2seq=True),
)


@dataclass(frozen=True, slots=True)
class Control:
    """A control token in a prompt, and how it looks as text."""

    token: str
    shown: str


@dataclass(frozen=True, slots=True)
class Text:
    """Text in a prompt, of which nothing is a control token; ``joined`` text goes on without a blank before it."""

    content: str
    joined: bool = False


def family_of(has: Callable[[str], bool], *, seq2seq: bool) -> Family | None:
    """Return the family whose tokens a tokenizer ``has``, None if there is none.

    A decoder alone never is of T5's family, even if its vocabulary has such tokens.
    """
    for family in FAMILIES:
        needed = [token for token in (family.before, family.gap, family.after, family.start) if token]
        if family.seq2seq == seq2seq and all(has(token) for token in needed):
            return family
    return None


def infilling_parts(
    prompt: Prompt, family: Family | None, has: Callable[[str], bool] = lambda token: False
) -> list[Control | Text]:
    """Return a prompt with a gap as its family reads it, control tokens and texts in turn.

    ``has`` says which of the tokens that a family may do without are there.
    """
    if family is None:
        return _texts([Text(prompt.text)])
    before, gap, after = _edges(family)
    contexts = [each for each in prompt.messages if each.role == "context"]
    prefix = next(each for each in prompt.messages if each.role == "prefix")
    suffix = next((each.content for each in prompt.messages if each.role == "suffix"), "")
    tail = [*gap, Text(suffix, joined=family.joined), *after]
    if contexts and family.file and has(family.file):
        head = [*_files(contexts, prefix, family, has), *before, Text(prefix.content)]
    else:
        head = [*before, Text(Prompt((*contexts, prefix)).text)]
    return _texts([*head, *tail])


def _files(
    contexts: Sequence[Message], prefix: Message, family: Family, has: Callable[[str], bool]
) -> list[Control | Text]:
    """Return the files of a repository before the prefix, up to the mark of the prefix's own file."""
    file, parts = Control(family.file, family.file), list[Control | Text]()
    if family.repository and has(family.repository):
        parts += [Control(family.repository, family.repository), Text(f"{_REPOSITORY}\n")]
    for each in contexts:
        # A context is a file of its own here: nothing but the mark of the next one ends it.
        text = Prompt((each, Message("prefix", ""))).text if family.files == "named" else each.content
        parts += [file, Text(_path(each, family) + text)]
    return [*parts, file, Text(_path(prefix, family))]


def _path(message: Message, family: Family) -> str:
    return f"{message.name}\n" if family.files == "named" and message.name else ""


def _edges(family: Family) -> list[list[Control | Text]]:
    tokens = (family.before, family.gap, family.after)
    return [[Control(*each)] if each[0] else [] for each in zip(tokens, family.shown or tokens, strict=True)]


def _texts(parts: Sequence[Control | Text]) -> list[Control | Text]:
    return [part for part in parts if isinstance(part, Control) or part.content]
