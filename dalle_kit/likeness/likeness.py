"""The examples that a document is written after, and the way they take to the model."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import get_args

from dalle_kit.domain import Domain
from dalle_kit.errors import ModelError, OptionError, PluginError
from dalle_kit.examples.choosing import Pool
from dalle_kit.likeness.prompting import with_texts
from dalle_kit.records import ExampleUse, Prompt, Steer, Steering


@dataclass(frozen=True, slots=True)
class Likeness:
    """The examples chosen for a request, the nearest first, and how they reach the model.

    ``steer`` is ``prompt`` (as text), ``vector`` (what the decoder's own states on them say is added to its states) or
    ``memory`` (what an encoder reads in them reaches the decoder). ``pools`` are the sets they are from. ``steering``
    is what is added to the states once it is known, ``strength`` what vectors are multiplied by. ``notes`` say what of
    the sets could not be looked at.
    """

    uses: tuple[ExampleUse, ...]
    texts: tuple[str, ...]
    steer: Steer
    pools: tuple[Pool, ...] = field(default=(), repr=False)
    steering: Steering | None = None
    strength: float | None = None
    notes: tuple[str, ...] = ()

    def shown_in(self, prompt: Prompt) -> Prompt:
        """Return the prompt as a model is told it that is to write like the examples."""
        if self.steer == "prompt":
            return with_texts(prompt, self.texts)
        if self.steer == "memory" and self.steering is None:
            return replace(prompt, examples=self.texts)
        return replace(prompt, examples=(), steering=self.steering)

    def with_fewer(self) -> Likeness | None:
        """Return the likeness without the example that is least near, where that makes the prompt shorter."""
        if self.steer != "prompt" or not self.texts:
            return None
        last = min(range(len(self.uses)), key=lambda place: (self.uses[place].similarity or 0.0, -place))
        kept = [place for place in range(len(self.uses)) if place != last]
        return replace(self, uses=tuple(self.uses[n] for n in kept), texts=tuple(self.texts[n] for n in kept))


def check_steer(steer: str) -> None:
    """Raise OptionError for a way that there is not."""
    if steer not in get_args(Steer):
        raise OptionError("steer", steer, ", ".join(get_args(Steer)))


def resolve_steer(steer: str, *, has_encoder: Callable[[], bool], model: str) -> Steer:
    """Return the way that ``steer`` stands for with a model; ``auto`` is ``prompt``, as docs/examples.md has it.

    Raises OptionError for a way that there is not, ModelError for ``memory`` with a model that has no encoder.
    """
    check_steer(steer)
    if steer == "auto":
        return "prompt"
    if steer == "memory" and not has_encoder():
        raise ModelError(
            f"steer 'memory': {model} has no encoder of examples; steer by 'prompt', or use a model that has one, "
            "as dalle-base does"
        )
    return steer  # type: ignore[return-value]


def plain_texts(domain: Domain) -> list[str]:
    """Return the plain texts of a domain; raises PluginError for what fails or is no text."""
    try:
        found = domain.plain()
        texts = [] if isinstance(found, str) else list(found)
        wrong = isinstance(found, str) or not all(isinstance(text, str) and text.strip() for text in texts)
    except Exception as error:
        message = f"the plain texts of the domain {domain.name!r} cannot be read: {type(error).__name__}: {error}"
        raise PluginError(message, plugin=domain.name) from error
    if wrong:
        raise PluginError(f"the plain texts of the domain {domain.name!r} are no list of texts", plugin=domain.name)
    return texts
