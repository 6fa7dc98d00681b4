"""Choosing the examples for a request: near to it, unlike each other, and no more than there is room for."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dalle_kit.examples.cutting import Measure, cut
from dalle_kit.examples.encoder import Encoder, Vectors, vectors_of
from dalle_kit.examples.example_set import SHORT_ID, ExampleSet
from dalle_kit.examples.index import Neighbour, nearest
from dalle_kit.examples.memory_set import MemorySet
from dalle_kit.examples.texts import Found, Kind

#: How much nearness counts against likeness to what is chosen already: Carbonell and Goldstein (1998), lambda.
_NEARNESS = 0.7
#: So many of the nearest are looked at for each that is wanted.
_LOOKED_AT = 8
#: A cut example shorter than this share of the budget tells too little of how somebody writes.
_WORTH_CUTTING = 1 / 3

Pool = ExampleSet | MemorySet


@dataclass(frozen=True, slots=True, kw_only=True)
class Chosen:
    """An example that was chosen: its text, cut where ``is_cut``, and where it is from.

    ``id`` is the beginning of the hash of the whole text, ``set`` the name of the set it is in, ``similarity`` the
    cosine of its vector and the request's.
    """

    text: str
    set: str
    id: str
    origin: str
    similarity: float
    kind: Kind
    subject: str = ""
    author: str = ""
    is_cut: bool = False


def choose(
    pools: Sequence[Pool],
    request: str,
    *,
    encoder: Encoder,
    budget: int,
    measure: Measure = len,
    count: int = 4,
    kind: Kind | None = None,
    without: Callable[[Found], bool] | None = None,
) -> tuple[Chosen, ...]:
    """Return up to ``count`` examples for a request, in the order they were chosen, together within a budget.

    The first is the nearest; each other is near to the request and unlike those before it (maximal marginal relevance,
    Carbonell and Goldstein 1998). ``measure`` is what a text takes of the budget. An example that is longer than the
    whole budget is cut at sentences, code at lines; one that is longer than what is left is passed over, and so is what
    ``without`` is true of. The same for the same sets. Raises ExampleError where a set was encoded with another
    encoder, or not at all.
    """
    if count < 1 or budget < 1:
        return ()
    (query,) = vectors_of(encoder, [request])
    near: list[tuple[str, Neighbour]] = []
    for pool in pools:
        found = _nearest(pool, query, encoder, _LOOKED_AT * count, kind, without)
        near += [(pool.name, neighbour) for neighbour in found]
    return _within(_diverse(near), budget, measure, count)


def _nearest(
    pool: Pool, query: Vectors, encoder: Encoder, count: int, kind: Kind | None, without: Callable[[Found], bool] | None
) -> list[Neighbour]:
    """Return the examples nearest to a query's vector (D,) but those that are not wanted."""
    asked = count
    while True:
        if isinstance(pool, ExampleSet):
            found = nearest(pool, query, encoder=encoder, count=asked, kind=kind)
        else:
            found = pool.nearest(query, encoder=encoder, count=asked, kind=kind)
        kept = [each for each in found if without is None or not without(each.found)]
        if len(kept) >= count or len(found) < asked:
            return kept[:count]
        asked *= 2


def _diverse(near: list[tuple[str, Neighbour]]) -> list[tuple[str, Neighbour]]:
    """Return all in the order of maximal marginal relevance; a text that is in several sets is kept once."""
    left = list({neighbour.found.id: (name, neighbour) for name, neighbour in reversed(near)}.values())
    left.sort(key=lambda each: (-each[1].similarity, each[1].found.id))
    likeness = [-1.0] * len(left)
    order: list[tuple[str, Neighbour]] = []
    while left:
        best = 0
        if order:
            last = order[-1][1].vector
            likeness = [max(old, float(each.vector @ last)) for old, (_, each) in zip(likeness, left, strict=True)]
            worth = [
                _NEARNESS * each.similarity - (1 - _NEARNESS) * like
                for like, (_, each) in zip(likeness, left, strict=True)
            ]
            best = max(range(len(left)), key=worth.__getitem__)
        order.append(left.pop(best))
        del likeness[best]
    return order


def _within(order: list[tuple[str, Neighbour]], budget: int, measure: Measure, count: int) -> tuple[Chosen, ...]:
    chosen: list[Chosen] = []
    left = budget
    for name, neighbour in order:
        found = neighbour.found
        size = measure(found.text)
        text = found.text
        if size > left:
            if size <= budget and chosen:
                continue
            if chosen and left < _WORTH_CUTTING * budget:
                continue
            text = cut(text, found.kind, left, measure)
        if not text:
            continue
        left -= measure(text)
        chosen.append(_chosen(name, neighbour, text))
        if len(chosen) == count:
            break
    return tuple(chosen)


def _chosen(name: str, neighbour: Neighbour, text: str) -> Chosen:
    found = neighbour.found
    return Chosen(
        text=text,
        set=name,
        id=found.id[:SHORT_ID],
        origin=found.origin,
        similarity=round(neighbour.similarity, 4),
        kind=found.kind,
        subject=found.subject,
        author=found.author,
        is_cut=text != found.text,
    )
