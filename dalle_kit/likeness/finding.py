"""From names of example sets to the examples for a request."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import replace
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dalle_kit.domain import Domain, Request, told_texts
from dalle_kit.errors import ExampleError
from dalle_kit.examples.choosing import Pool, choose
from dalle_kit.examples.encoder import ENCODER
from dalle_kit.examples.example_set import SHORT_ID
from dalle_kit.examples.memory_set import MemorySet
from dalle_kit.examples.profile import Profile, profile_of
from dalle_kit.examples.store import ExampleStore
from dalle_kit.examples.texts import Found, Kind
from dalle_kit.likeness.likeness import Likeness, plain_texts
from dalle_kit.likeness.memory import remember
from dalle_kit.likeness.own_file import OwnFile
from dalle_kit.likeness.vectors import direction, parted
from dalle_kit.models.spec import MEMORY_FILE, Progress, silent
from dalle_kit.records import ExampleUse, Steer

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.engine.reading import SentenceEncoder
    from dalle_kit.models.registry import Registry

#: Names of sets and texts that were read, or one of these.
Like = str | Pool | Sequence[str | Pool]

#: How many examples are taken, and how many characters of them together: as text they are read by the decoder each
#: time, and leave room for the request; an encoder reads each by itself, and memory takes no more room for many.
_BUDGETS: Mapping[Steer, tuple[int, int]] = {"prompt": (3, 1800), "memory": (4, 4000)}

#: Characters of a request that examples are searched with, the most texts of a set that tell of its voice and make
#: vectors, and how many voices, samples and directions are remembered.
_ASKED, _MOST, _REMEMBERED = 2000, 500, 16

#: Plain texts of a domain that examples are told from.
_PLAIN = 24


class ExampleFinder:
    """Opens example sets and chooses from them; the encoder that finds is fetched and loaded when it is needed.

    What is found out about a set is remembered as long as it does not change.
    """

    def __init__(self, registry: Registry, *, progress: Progress = silent) -> None:
        self._registry, self._progress = registry, progress
        self._store = ExampleStore()
        self._known: dict[Hashable, Any] = {}

    @cached_property
    def encoder(self) -> SentenceEncoder:
        """The encoder that makes the vectors of requests and examples."""
        from dalle_kit.engine.reading import SentenceEncoder

        return SentenceEncoder.load(self._registry.ensure(ENCODER, progress=self._progress))

    def open(self, like: Like) -> tuple[Pool, ...]:
        """Return the sets of these names, and what was given as texts already.

        Raises UnknownNameError, which names the nearest, and ExampleError for a set without texts.
        """
        given = [like] if isinstance(like, str | Pool) else like
        pools = tuple(self._store.open(each) if isinstance(each, str) else each for each in given)
        for pool in pools:
            if next(iter(pool), None) is None:
                raise ExampleError(f"the examples {pool.name!r} are empty: dalle-kit examples add {pool.name} PATH")
        return pools

    def voice(self, pools: Sequence[Pool]) -> Profile:
        """Return the habits of whoever wrote the examples."""
        keys = tuple(map(_key, pools))
        found: Profile = self._once(("voice", keys), lambda: profile_of(each for _, each in self._sample(pools)))
        return found

    def find(self, pools: Sequence[Pool], domain: Domain, request: Request, *, steer: Steer) -> Likeness:
        """Return the examples for a request; raises ExampleError where they are encoded with another encoder.

        What is of the very file that is written into is none: what is to be written may stand in it.
        To be steered by vectors, of no single request, is left to ``steered``.
        """
        if steer == "vector":
            return Likeness((), (), steer, tuple(pools))
        count, budget = _BUDGETS[steer]
        asked = "\n".join(told_texts(request))[:_ASKED]
        kind: Kind | None = None if domain.prose else "code"
        own = OwnFile(request)
        chosen = choose(pools, asked, encoder=self.encoder, budget=budget, count=count, kind=kind, without=own.has)
        uses = tuple(
            ExampleUse(each.set, each.id, each.origin, each.similarity, len(each.text) if each.is_cut else None)
            for each in chosen
        )
        notes = tuple(note for pool in pools if (note := _lacking(pool)))
        if not (chosen or domain.prose):
            notes = (*notes, "none of the examples is code of another file: it is written without")
        return Likeness(uses, tuple(each.text for each in chosen), steer, tuple(pools), notes=notes)

    def steered(self, likeness: Likeness, domain: Domain, engine: Engine) -> Likeness:
        """Return a likeness by vectors with these, which are found out the first time.

        Raises ExampleError for a domain without plain texts to tell the examples from, and where no example is of its
        kind.
        """
        keys = tuple(map(_key, likeness.pools))
        found: Likeness = self._once(
            ("vectors", keys, domain.name, engine), lambda: self._find_vectors(likeness, domain, engine)
        )
        return found

    def remembered(self, likeness: Likeness, domain: Domain, engine: Engine) -> Likeness:
        """Return a likeness by memory with what the model's memory map makes of its examples, if there are any.

        A model that reads examples itself has no map. Raises ExampleError for a domain without plain texts to tell the
        examples from, ModelError for a memory map that is damaged or was learned for another encoder.
        """
        folder = Path(engine.path)
        if not (folder / MEMORY_FILE).is_file() or not likeness.texts:
            return likeness
        plain = self._once(
            ("plain", domain.name), lambda: self.encoder.means(_plain_of(domain, likeness.steer)).mean(0)
        )
        return replace(likeness, steering=remember(folder, likeness.texts, plain, self.encoder))

    def _find_vectors(self, likeness: Likeness, domain: Domain, engine: Engine) -> Likeness:
        plain = _plain_of(domain, likeness.steer)
        sample = [each for each in self._sample(likeness.pools) if (each[1].kind == "code") != domain.prose]
        if not sample:
            raise ExampleError(
                f"steer 'vector': none of the examples is {'prose' if domain.prose else 'code'}; add some"
            )
        learned, held_out = parted([found.text for _, found in sample])
        made = direction(engine, learned, held_out, plain, progress=self._progress)
        origins = {found.text: ExampleUse(name, found.id[:SHORT_ID], found.origin, None) for name, found in sample}
        uses = tuple(origins[text] for text in learned)
        return replace(likeness, uses=uses, steering=made.steering(), strength=made.strength)

    def _sample(self, pools: Sequence[Pool]) -> list[tuple[str, Found]]:
        """Return texts of sets, each with its set's name, always the same ones."""
        return [
            (pool.name, found)
            for pool in pools
            for found in (pool.texts if isinstance(pool, MemorySet) else pool.sample(_MOST))
        ]

    def _once(self, key: Hashable, find: Callable[[], Any]) -> Any:
        if key not in self._known:
            found = find()
            while len(self._known) >= _REMEMBERED:
                self._known.pop(next(iter(self._known)), None)
            self._known[key] = found
            return found
        return self._known[key]


def _plain_of(domain: Domain, steer: Steer) -> list[str]:
    """Return the plain texts of a domain, a few; raises ExampleError where there are none."""
    plain = plain_texts(domain)[:_PLAIN]
    if not plain:
        raise ExampleError(f"steer {steer!r}: {domain.name!r} has no plain texts to tell examples from; use 'prompt'")
    return plain


def _lacking(pool: Pool) -> str | None:
    """Return what is to say about a set of which texts have no vectors yet: its encoding was interrupted."""
    lacking = 0 if isinstance(pool, MemorySet) else pool.lacking()
    if not lacking:
        return None
    return (
        f"{lacking} of {len(pool)} texts of the examples {pool.name!r} are not encoded and were not looked at: "
        f"dalle-kit examples add {pool.name}"
    )


def _key(pool: Pool) -> Hashable:
    """Return what tells a set, as it is now, from others."""
    return pool if isinstance(pool, MemorySet) else (pool.name, pool.info().sha256)
