"""Texts as a model writes them by itself, for the APIs that ask for such: no domain, no check."""

from __future__ import annotations

import contextlib
import functools
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.engine.results import Generation, Piece, SlotResult
from dalle_kit.errors import ContextOverflowError, ModelError, UnknownNameError
from dalle_kit.export.networks import family_of
from dalle_kit.guarding import Gate, Guard, Watch
from dalle_kit.kit import Kit
from dalle_kit.records import Draft, GenerationOptions, Skeleton, Slot
from dalle_kit.serving.failures import Refusal
from dalle_kit.serving.likelihoods import Telling, TokensTold
from dalle_kit.serving.names import public_name

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine, Told

#: A piece of a text, the tokens of one that is whole, or at the end a list of texts for each prompt.
Item = Piece | TokensTold | list[list[Generation]]

#: The name of the one slot.
SLOT = "text"

#: Tokens of a text where a request does not say.
DEFAULT_TOKENS = 256


class Writers:
    """The models that a server's Kit writes with, by name; each is loaded when it is first asked for."""

    def __init__(self, kit: Kit) -> None:
        self._kit = kit
        self._first = kit.load()
        self._first.generative()
        self.first = public_name(kit.model)
        self.guard = Guard(kit.settings.privacy)

    @property
    def names(self) -> dict[str, str | None]:
        """The models that are on this machine, the one that is used where none is named first, with their domains."""
        of_domains = {self._kit.model_for(domain): domain for domain in self._kit.plugins.domains}
        here = {name: domain for name, domain in of_domains.items() if self._kit.registry.find(name) is not None}
        others = {name: domain for name, domain in here.items() if name not in (self._kit.model, self._first.model)}
        return {self.first: None, **others}

    def likelihoods_of(self, name: str) -> tuple[bool, float | None]:
        """Say whether a model of a name of the server's tells how likely a prompt is, and what it is trusted from."""
        if name == self.first:
            return self._first.family == "causal", self._first.trusted_from
        stored, tells = self._kit.registry.find(name), False
        # One that cannot be read is found so by whoever asks it to write, and is listed beside the others.
        with contextlib.suppress(ModelError):
            tells = stored is not None and family_of(Path(stored.path)) == "causal"
        return tells, stored.spec.trusted_from if stored and stored.spec else None

    def engine(self, name: str | None) -> tuple[str, Engine]:
        """Return the model of a name, or the first, with its name; raises UnknownNameError for none of the server's."""
        if name in (None, "", self.first, self._kit.model):
            return self.first, self._first
        names = self.names
        if name not in names:
            raise UnknownNameError("model", str(name), names)
        return str(name), self._kit.load(names[name])

    def infilling(self, name: str | None) -> tuple[str, Engine]:
        """Return the model of a name, or where none is named the first that is shown what stands after a gap.

        Raises Refusal where it is not.
        """
        for each in [name] if name else list(self.names):
            found, engine = self.engine(each)
            if engine.infills:
                return found, engine
        raise Refusal(
            400,
            f"{name or self.first} was not trained to fill in the middle of a text; run the server with a model "
            "that was: Qwen2.5-Coder, StarCoder2, CodeGemma ...",
            code="not_supported",
            param="suffix",
        )


def text_of(engine: Engine, prompt: str | tuple[int, ...]) -> str:
    """Return what a prompt of text or tokens says; raises Refusal for a token that the model has not."""
    if isinstance(prompt, str):
        return prompt
    most = min(engine.vocabulary, engine.tokenizer.size)
    if max(prompt) >= most:
        raise Refusal(400, f"prompt: there is no token {max(prompt)}; the last is {most - 1}", param="prompt")
    return engine.tokenizer.decode(prompt)


@dataclass(frozen=True, slots=True)
class Asked:
    """Texts that are asked for: ``options.candidates`` after each prompt; ``told`` is what a prompt says.

    Without ``is_fixed`` the text may be as long as there is room for, up to ``options.max_tokens``. ``schema`` is the
    JSON Schema that the text has to follow, ``slot`` all that it is held to, ``begun`` what it goes on from.
    ``telling`` is what is told of the tokens; with ``only_reads`` nothing is written.
    """

    prompts: Sequence[Told]
    told: Sequence[str]
    options: GenerationOptions
    is_fixed: bool
    schema: dict[str, Any] | None = None
    begun: str = ""
    slot: Slot | None = None
    telling: Telling | None = None
    only_reads: bool = False

    def starter(self, engine: Engine, guard: Guard) -> Callable[[threading.Event], Iterator[Item]]:
        """Return what writes the texts, yielding their pieces, and at the end what became of them; it can be stopped.

        ``Piece.row`` counts candidates within prompts. What it yields raises ContextOverflowError, TemplateError,
        PrivacyError. Raises Refusal for tokens that must not, or cannot, be told.
        """
        if self.telling is not None:
            self.telling.check(engine)
            if guard.holds_back and not self.only_reads:
                message = f"logprobs: tells the text as it was written, and privacy is {guard.policy!r}; leave it out"
                raise Refusal(400, message, param="logprobs")
        return functools.partial(self._answer, engine, guard)

    def _answer(self, engine: Engine, guard: Guard, stop: threading.Event) -> Iterator[Item]:
        results: list[list[Generation]] = []
        if self.only_reads:
            results += [[self._unwritten(engine, prompt)] for prompt in self.prompts]
        else:
            yield from self._write(engine, guard, stop, results)
        if self.telling is not None and not stop.is_set():
            texts = [
                (prompt, said, generation.slots[SLOT])
                for prompt, said, generations in zip(self.prompts, self.told, results, strict=True)
                for generation in generations
            ]
            yield from self.telling.told(engine, texts, self.begun, stop)
        yield results

    def _unwritten(self, engine: Engine, prompt: Told) -> Generation:
        read = len(engine.to_score(prompt, ()).source)
        return Generation({SLOT: SlotResult("", "length", (), 0.0, 0)}, self.options, 0, read)

    def _write(
        self, engine: Engine, guard: Guard, stop: threading.Event, results: list[list[Generation]]
    ) -> Iterator[Item]:
        slot = self.slot or Slot(SLOT, verbatim=self.schema is None, schema=self.schema)
        skeleton = Skeleton((self.begun, slot) if self.begun else (slot,))
        works = [(prompt, skeleton) for prompt in self.prompts]
        options = self._fitting(engine, skeleton)
        watches = [Watch(guard, (told,)) if guard.holds_back else None for told in self.told]
        gate = Gate([watch for watch in watches for _ in range(options.candidates)])
        for piece in engine.fill(works, options, results=results):
            if stop.is_set():
                return
            if piece.slot is not None:
                yield from gate.take(piece)
        yield from gate.rest()
        for watch, generations in zip(watches, results, strict=True):
            for generation in generations:
                if watch is not None:
                    watch.cleaned(Draft(skeleton, {SLOT: generation.text}))

    def _fitting(self, engine: Engine, skeleton: Skeleton) -> GenerationOptions:
        """Return the options with as many tokens as there is room for after the longest prompt."""
        options = self.options
        for prompt in self.prompts:
            try:
                engine.check_fits(prompt, skeleton, options)
            except ContextOverflowError as error:
                room = options.max_tokens - error.excess
                if self.is_fixed or room < 1:
                    raise
                options = replace(options, max_tokens=room)
            except ModelError as error:
                raise Refusal(400, str(error), param="messages") from error
        return options


def asked_options(given: dict[str, Any], *, choices: int) -> GenerationOptions:
    """Return the options of a request; a seed is drawn where words are and none is given. Raises OptionError.

    Raises Refusal where several choices are asked for that would all be the same.
    """
    options = GenerationOptions(max_tokens=DEFAULT_TOKENS).merge({**given, "candidates": choices})
    if choices > 1 and not options.temperature:
        raise Refusal(400, f"n: the {choices} texts would all be the same; give a temperature above 0", param="n")
    if options.temperature and given.get("seed") is None:
        return replace(options, seed=secrets.randbelow(2**31))
    return options


def usage(results: Sequence[Sequence[Generation]]) -> dict[str, int]:
    """Return how many tokens were read and written; a prompt counts once, whatever number of texts follows it."""
    read = sum(generations[0].prompt_tokens for generations in results)
    written = sum(generation.tokens for generations in results for generation in generations)
    return {"prompt_tokens": read, "completion_tokens": written, "total_tokens": read + written}


def ends(results: Sequence[Sequence[Generation]]) -> list[str]:
    """Return why each text ended, in OpenAI's words."""
    reasons = (generation.slots[SLOT].reason for generations in results for generation in generations)
    return ["length" if reason == "length" else "stop" for reason in reasons]
