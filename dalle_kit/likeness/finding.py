"""From names of example sets to the examples for a request."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from typing import TYPE_CHECKING

from dalle_kit.domain import Domain, Request, told_texts
from dalle_kit.errors import ExampleError
from dalle_kit.examples.choosing import Pool, choose
from dalle_kit.examples.encoder import ENCODER
from dalle_kit.examples.memory_set import MemorySet
from dalle_kit.examples.profile import Profile, profile_of
from dalle_kit.examples.store import ExampleStore
from dalle_kit.examples.texts import Found, Kind
from dalle_kit.likeness.likeness import Likeness
from dalle_kit.likeness.vectors import direction
from dalle_kit.models.spec import Progress, silent
from dalle_kit.records import ExampleUse, Steer

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.engine.reading import SentenceEncoder
    from dalle_kit.models.registry import Registry

#: How many examples are taken, and how many characters of them together: as text they are read by the decoder each
#: time, and leave room for the request; an encoder reads each by itself, and memory takes no more room for many.
_BUDGETS: Mapping[Steer, tuple[int, int]] = {"prompt": (3, 1800), "memory": (4, 4000), "vector": (4, 4000)}

#: Characters of a request that examples are searched with, and the most texts of a set that tell of its voice.
_ASKED, _MOST = 2000, 500


class ExampleFinder:
    """Opens example sets and chooses from them; the encoder that finds is fetched and loaded when it is needed."""

    def __init__(self, registry: Registry, *, progress: Progress = silent) -> None:
        self._registry, self._progress = registry, progress
        self._store = ExampleStore()

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """The encoder that makes the vectors of requests and examples."""
        from dalle_kit.engine.reading import SentenceEncoder

        return SentenceEncoder.load(self._registry.ensure(ENCODER, progress=self._progress))

    def open(self, like: Sequence[str | Pool]) -> tuple[Pool, ...]:
        """Return the sets of these names, and what was given as texts already.

        Raises UnknownNameError, which names the nearest, and ExampleError for a set without texts.
        """
        pools = tuple(self._store.open(each) if isinstance(each, str) else each for each in like)
        for pool in pools:
            if next(iter(pool), None) is None:
                raise ExampleError(f"the examples {pool.name!r} are empty: dalle-kit examples add {pool.name} PATH")
        return pools

    def find(self, pools: Sequence[Pool], domain: Domain, request: Request, *, steer: Steer) -> Likeness:
        """Return the examples for a request; raises ExampleError where they are encoded with another encoder."""
        count, budget = _BUDGETS[steer]
        asked = "\n".join(told_texts(request))[:_ASKED]
        kind: Kind | None = None if domain.prose else "code"
        chosen = choose(pools, asked, encoder=self.encoder, budget=budget, count=count, kind=kind)
        uses = tuple(ExampleUse(each.set, each.id, each.origin, each.similarity) for each in chosen)
        return Likeness(uses, tuple(each.text for each in chosen), steer, tuple(pools))

    def steered(self, likeness: Likeness, domain: Domain, engine: Engine) -> Likeness:
        """Return a likeness by vectors with these, which are found out the first time.

        Raises ExampleError for a domain that has no plain texts to tell the examples from.
        """
        plain = list(domain.plain())
        if not plain:
            raise ExampleError(
                f"steer 'vector': the domain {domain.name!r} has no plain texts to tell examples from; use 'prompt'"
            )
        examples = [found.text for pool in likeness.pools for found in _sample(pool)]
        found = direction(engine, examples, plain, progress=self._progress)
        return replace(likeness, steering=found.steering, strength=found.strength)


def voice_of(pools: Sequence[Pool]) -> Profile:
    """Return the habits of whoever wrote the examples."""
    return profile_of(found for pool in pools for found in _sample(pool))


def _sample(pool: Pool) -> Iterable[Found]:
    return pool.texts if isinstance(pool, MemorySet) else pool.sample(_MOST)
