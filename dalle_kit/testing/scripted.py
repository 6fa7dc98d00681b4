"""An engine that writes what a test tells it to, and a Kit that uses it."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, NoReturn, cast

from dalle_kit.config import Settings
from dalle_kit.engine.results import Generation, Piece, SlotResult
from dalle_kit.errors import ModelError, OptionError, UnknownNameError
from dalle_kit.kit import Kit
from dalle_kit.records import GenerationOptions, Prompt, Skeleton, Slot

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.recorded import Record

#: The texts of slots by name. Of several, each is used once, for candidates and repairs, and the last one stays.
Script = Mapping[str, str | Sequence[str]] | Callable[[Prompt, Slot], str]

_TOKEN = re.compile(r"\s*\S+|\s+")


class ScriptedEngine:
    """An engine without a model: the script says what is written into each slot.

    A text is cut at the slot's ``stop`` and at ``max_tokens``, a token being a word. A slot whose ``when`` does not
    hold is skipped. Raises UnknownNameError for a slot the script does not have, OptionError for a text that the slot's
    ``choices``, ``regex`` or ``starts_with`` would not let a model write. ``prompts`` are those it was given.
    """

    model = "scripted"
    path = ""
    sha256 = None
    device = "cpu"
    dtype = "float32"
    quant = "none"
    runner = "scripted"
    #: What a script says is not held to anything while it is written.
    constrained = False
    tells_likelihoods = False
    trusted_from = None
    family = "causal"
    context = None
    infills = True

    def __init__(self, script: Script) -> None:
        self._script = script if callable(script) else {name: _texts(value) for name, value in script.items()}
        self.prompts: list[Prompt] = []
        self.tokenizer = _WordTokenizer()

    def check_fits(self, prompt: Prompt, skeleton: Skeleton, options: GenerationOptions) -> None:
        """Do nothing: whatever it is, it fits."""

    def fill(
        self,
        works: Sequence[tuple[Prompt, Skeleton]],
        options: GenerationOptions,
        *,
        results: list[list[Generation]],
        first: int = 0,
    ) -> Iterator[Piece]:
        """Fill the skeletons as ``Engine.fill`` does, with the script's texts."""
        of_each = options.candidates - first
        for work, (prompt, skeleton) in enumerate(works):
            self.prompts.append(prompt)
            candidates = []
            for index in range(of_each):
                slots: dict[str, SlotResult] = {}
                yield from self._pieces(work * of_each + index, prompt, skeleton, options, slots)
                prompt_tokens = len(self.tokenizer.encode_prompt(prompt))
                candidates.append(Generation(slots, options, first + index, prompt_tokens))
            results.append(candidates)

    def log_likelihoods(self, texts: Sequence[Any]) -> NoReturn:
        """Raise ModelError: a script has no likelihoods, as a model of a server may not."""
        raise ModelError(
            f"{self.model} tells no likelihoods, which an explanation is made of; give a model of your own"
        )

    def _pieces(
        self,
        row: int,
        prompt: Prompt,
        skeleton: Skeleton,
        options: GenerationOptions,
        slots: dict[str, SlotResult],
    ) -> Iterator[Piece]:
        for part in skeleton.parts:
            if isinstance(part, str):
                yield Piece(row, None, part)
            elif part.when is not None and slots[part.when[0]].text not in part.when[1]:
                slots[part.name] = SlotResult("", "skipped", (), 0.0, 0)
            else:
                slots[part.name] = self._written(prompt, part, options.merge(part.options))
                yield Piece(row, part.name, slots[part.name].text)

    def _written(self, prompt: Prompt, slot: Slot, options: GenerationOptions) -> SlotResult:
        text, reason = self._text(prompt, slot), "end"
        check_allowed(slot, text)
        cut = min((text.find(stop) for stop in (*slot.stop, *options.stop) if stop in text), default=None)
        if cut is not None:
            text, reason = text[:cut], "stop"
        words = _TOKEN.findall(text)
        if len(words) > options.max_tokens:
            words, reason = words[: options.max_tokens], "length"
        return SlotResult("".join(words), reason, tuple(range(len(words))), 0.0, len(words))

    def _text(self, prompt: Prompt, slot: Slot) -> str:
        if callable(self._script):
            return self._script(prompt, slot)
        if slot.name not in self._script:
            raise UnknownNameError("text in the script", slot.name, self._script)
        texts = self._script[slot.name]
        return texts.pop(0) if len(texts) > 1 else texts[0]


class ScriptedKit(Kit):
    """A Kit with the installed plugins and a scripted engine; the settings are the defaults unless given."""

    def __init__(self, script: Script, *, settings: Settings | None = None) -> None:
        super().__init__(settings=settings if settings is not None else Settings())
        self.engine = ScriptedEngine(script)

    def load(self, *_: Any, **__: Any) -> Engine:
        """Return the scripted engine, whatever model is named."""
        return cast("Engine", self.engine)

    def _as_recorded(self, record: Record) -> Kit:
        """Return this Kit, whatever model a record names."""
        return self


class _WordTokenizer:
    """What little of a tokenizer the pipeline asks for: how long texts are."""

    def encode_text(self, text: str, *, special: bool = False, joined: bool = False) -> list[int]:
        return list(range(len(_TOKEN.findall(text))))

    encode_context = encode_text

    def encode_prompt(self, prompt: Prompt) -> list[int]:
        return self.encode_text(prompt.text)


def _texts(value: str | Sequence[str]) -> list[str]:
    return [value] if isinstance(value, str) else list(value)


def check_allowed(slot: Slot, text: str) -> None:
    """Raise OptionError for a text that a slot would not let a model write."""
    name = f"the script of slot {slot.name!r}"
    if slot.choices and text not in slot.choices:
        raise OptionError(name, text, f"one of its choices {', '.join(slot.choices)}")
    start = "" if slot.verbatim else slot.starts_with.strip()
    if not text.startswith(start):
        raise OptionError(name, text, f"a text that starts with {start!r}")
    if slot.regex is not None and not _matches(slot.regex, text[len(start) :]):
        behind = f" behind {start!r}" if start else ""
        raise OptionError(name, text, f"a text that matches {slot.regex!r}{behind}")


def _matches(regex: str, text: str) -> bool:
    try:
        return re.fullmatch(regex, text) is not None
    except re.error:  # the engine's patterns know more than Python's
        return True
