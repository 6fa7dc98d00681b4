"""Making a recorded text again, and saying what differs where it does not become the same."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from itertools import zip_longest
from typing import TYPE_CHECKING, Any, cast

from dalle_kit import __version__, pipeline
from dalle_kit.choosing import Work
from dalle_kit.errors import DalleKitError, ExampleError, UnknownNameError
from dalle_kit.examples.choosing import Pool
from dalle_kit.examples.example_set import SHORT_ID
from dalle_kit.examples.memory_set import MemorySet
from dalle_kit.guarding import Guard
from dalle_kit.likeness import Likeness
from dalle_kit.likeness.likeness import plain_texts
from dalle_kit.likeness.vectors import Direction, direction
from dalle_kit.recorded import Record, template_of
from dalle_kit.recording import fields_of, library_version, plugin_versions
from dalle_kit.records import Document, ExampleUse, Privacy, Provenance, Steering

if TYPE_CHECKING:
    from dalle_kit.domain import Domain, Request
    from dalle_kit.engine.engine import Engine
    from dalle_kit.kit import Kit
    from dalle_kit.records import Steer

#: How much of a hash tells it from others, for people, and of a line of a text.
_SHOWN_HASH, _SHOWN_LINE = 12, 60

#: Of these a model is told from others, or computes other numbers.
_MODEL_FACTS = ("model_sha256", "device", "dtype", "quant", "runner")


@dataclass(frozen=True, slots=True)
class Difference:
    """Something that is not as it was when a text was made."""

    what: str
    was: str
    now: str

    def __str__(self) -> str:
        return f"{self.what}: was {self.was}, is {self.now}"


@dataclass(frozen=True, slots=True)
class Reproduction:
    """What became of making a text again: whether it is the ``same``, and all that differs.

    ``document`` is the text as it was made now, None where it could not be made.
    """

    same: bool
    differences: tuple[Difference, ...]
    document: Document | None

    def as_dict(self) -> dict[str, Any]:
        """Return it as JSON-ready values."""
        text = self.document.text if self.document else None
        return {"same": self.same, "differences": [asdict(each) for each in self.differences], "text": text}


def reproduce(
    record: Record, kit: Kit, *, like: Sequence[Pool] = (), write: Callable[..., Document] | None = None
) -> Reproduction:
    """Make a text again with a Kit of the record's model; ``like`` has texts of examples that are in no set.

    ``write`` makes it of the record, the Kit, the domain and the examples, if it is not written from its request.
    """
    made = record.provenance
    if made.budget_spent:
        spent = Difference("the time", f"up after {made.budget or 0:g} s", "no measure of how far another run comes")
        return Reproduction(False, (spent,), None)
    missing: list[Difference] = []
    try:
        domain = kit.plugins.domain(record.domain)
        texts, pools = example_texts(made.examples, kit, like, missing)
        if missing:
            return Reproduction(False, (*missing, *_surroundings(made, kit)), None)
        likeness = likeness_of(made, texts, pools, domain, kit)
        document = (write or _written)(record, kit, domain, likeness)
    except (DalleKitError, ValueError) as error:
        problem = Difference("making it", "possible", f"not possible: {error}")
        return Reproduction(False, (*_surroundings(made, kit), problem), None)
    found = (*_surroundings(made, kit), *_of_model(made, document.provenance), *_of_text(record.text, document.text))
    return Reproduction(record.text == document.text, found, document)


def _written(record: Record, kit: Kit, domain: Domain, likeness: Likeness | None) -> Document:
    """Write a record's request again, as its provenance says."""
    made = record.provenance
    request = domain.parse(fields_of(record.request))
    work, engine = work_as_recorded(made, kit, domain, request, likeness=likeness, privacy=made.privacy)
    documents: list[Document] = []
    for _ in pipeline.write(kit.plugins, [work], engine, made.options, documents=documents, repair=made.repair):
        pass
    return documents[0]


def work_as_recorded(
    made: Provenance, kit: Kit, domain: Domain, request: Request, *, likeness: Likeness | None, privacy: Privacy
) -> tuple[Work, Engine | None]:
    """Return the work of a request, shaped as a record's was, and the engine, None where the document has no slot."""
    shaping: dict[str, Any] = {"template": template_of(made), "guard": Guard(privacy)}
    if made.name_blind:
        work = pipeline.shape_blind(kit.plugins, kit.templates, domain, request, find=lambda _: likeness, **shaping)
    else:
        work = pipeline.shape(kit.plugins, kit.templates, domain, request, likeness=likeness, **shaping)
    if not work.shaped.skeleton.slots:
        return work, None
    engine = kit.load(domain.name)
    return pipeline.fit(kit.plugins, kit.templates, work, engine, made.options), engine


def example_texts(
    uses: Iterable[ExampleUse], kit: Kit, like: Sequence[Pool], missing: list[Difference]
) -> tuple[list[str], tuple[Pool, ...]]:
    """Return the texts of examples as they were used, and the sets they are from; ``missing`` gets those not found."""
    texts: list[str] = []
    pools: dict[str, Pool] = {}
    for use in uses:
        if use.set not in pools:
            given = [pool for pool in like if pool.name == use.set]
            try:
                pools[use.set] = given[0] if given else kit.examples.open(use.set)[0]
            except (UnknownNameError, ExampleError):
                now = "in no set of that name; give the files with --like"
                missing.append(Difference(f"example {use.id} of {use.set!r}", f"there ({use.origin})", now))
                continue
        text = _text_of(pools[use.set], use.id)
        if text is None:
            missing.append(Difference(f"example {use.id} of {use.set!r}", f"there ({use.origin})", "missing"))
        else:
            texts.append(text[: use.characters])
    return texts, tuple(pools.values())


def _text_of(pool: Pool, id: str) -> str | None:
    if isinstance(pool, MemorySet):
        return next((each.text for each in pool if each.id[:SHORT_ID] == id), None)
    try:
        return pool.find(id).text
    except ExampleError:
        return None


def recorded_likeness(record: Record, kit: Kit, *, like: Sequence[Pool] = ()) -> Likeness | None:
    """Return the examples that a record names, as they reached the model; raises ExampleError where one is missing."""
    missing: list[Difference] = []
    made = record.provenance
    texts, pools = example_texts(made.examples, kit, like, missing)
    if missing:
        first = missing[0]
        raise ExampleError(f"{first.what}, which the document was written like, was {first.was} and is {first.now}")
    return likeness_of(made, texts, pools, kit.plugins.domain(record.domain), kit)


def likeness_of(
    made: Provenance, texts: Sequence[str], pools: tuple[Pool, ...], domain: Domain, kit: Kit
) -> Likeness | None:
    """Return the examples as they reached the model; what steers it is made of them again, as strong as it was."""
    if made.steer is None:
        return None
    if made.steer != "vector":
        found = Likeness(made.examples, tuple(texts), cast("Steer", made.steer), pools)
        return kit.examples.remembered(found, domain, kit.load(domain.name)) if made.steer == "memory" else found
    steering: Steering | None = None
    if made.strength:
        vectors = direction(kit.load(domain.name), texts, (), plain_texts(domain))
        steering = Direction(vectors.vectors, made.strength).steering()
    return Likeness(made.examples, (), "vector", pools, steering, made.strength)


def _surroundings(made: Provenance, kit: Kit) -> Iterator[Difference]:
    """Yield what differs in the software, whether the text can be made or not."""
    yield from _changes({"dalle-kit": made.version}, {"dalle-kit": __version__})
    yield from _changes(made.plugins, plugin_versions(kit.plugins), what="plugin ")
    yield from _changes(made.libraries, {name: library_version(name) for name in made.libraries}, what="library ")


def _of_model(made: Provenance, now: Provenance) -> Iterator[Difference]:
    """Yield what differs in the model and the templates."""
    before, after = ({name: getattr(each, name) for name in _MODEL_FACTS} for each in (made, now))
    yield from _changes(before, after, what=f"{made.model} ", shown=_short)
    yield from _changes(made.model_parts, now.model_parts, what=f"{made.model} ", shown=_short)
    if made.runner == "server":
        yield Difference(f"{made.model}", "on a server", "there still: it may be another, and write another text")
    elif made.model is not None and made.model_sha256 is None and now.model_sha256 is None:
        yield Difference(f"{made.model} model_sha256", "not known", "not known either: it may be another model")
    yield from _changes(made.templates, now.templates, what="template ", shown=_short)


def _changes(
    before: Mapping[str, Any], after: Mapping[str, Any], *, what: str = "", shown: Callable[[str], str] = str
) -> Iterator[Difference]:
    for name in dict.fromkeys((*before, *after)):
        was, now = before.get(name), after.get(name)
        if was != now:
            yield Difference(f"{what}{name}", *("missing" if each is None else shown(each) for each in (was, now)))


def _short(value: str) -> str:
    return value[:_SHOWN_HASH]


def _of_text(was: str, now: str) -> Iterator[Difference]:
    """Yield the first line in which two texts differ."""
    lines = zip_longest(was.splitlines(keepends=True), now.splitlines(keepends=True), fillvalue="")
    for number, (before, after) in enumerate(lines, 1):
        if before != after:
            start = next(
                (place for place, pair in enumerate(zip(before, after, strict=False)) if pair[0] != pair[1]),
                min(len(before), len(after)),
            )
            start = max(0, start - _SHOWN_LINE // 2)
            shown = (repr(each[start : start + _SHOWN_LINE]) if each else "not there" for each in (before, after))
            yield Difference(f"text, line {number}, from character {start + 1}", *shown)
            return
