"""From a written document to what each of its sentences rests on.

The value of a set of parts is the log-likelihood of a sentence's tokens, after the document before it, where the model
is told only these parts; a part's weight is its Shapley value (Lundberg and Lee, 2017). All sentences are valued in one
reading.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Sequence
from math import exp
from typing import TYPE_CHECKING

import numpy as np

from dalle_kit.choosing import Work
from dalle_kit.engine.scoring import TokenScore
from dalle_kit.explain.game import Game, Told
from dalle_kit.explain.layout import Layout
from dalle_kit.explain.origins import Origins
from dalle_kit.explain.passages import Unit, units
from dalle_kit.explain.records import Cost, Explanation, Sentence, Token, Weight
from dalle_kit.explain.shapley import FEWEST, Numbers, Shares, check_orders, shapley
from dalle_kit.models.spec import Progress, silent
from dalle_kit.privacy import PERSONAL_DATA
from dalle_kit.records import Document

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine
    from dalle_kit.templating.templates import Templates

#: About how many tokens are read for an explanation, where the orders are not given, and the most orders then.
_TOKENS, _MOST = 24_000, 20

#: Tokens that are told at each place.
_TOP = 5


def explain(
    work: Work,
    document: Document,
    engine: Engine | None,
    templates: Templates,
    *,
    orders: int | None = None,
    progress: Progress = silent,
) -> Explanation:
    """Say what each sentence of a document rests on; ``orders`` is how many orders of the parts are sampled.

    Raises OptionError for orders that cannot be, ModelError for a model that tells no likelihoods.
    """
    check_orders(orders)
    start = time.perf_counter()
    written, told = templates.trace(work.domain, work.request, template=work.template)
    origins = Origins(work.request)
    layout = Layout(origins, told, written)
    given = _told(work, layout)
    texts, repairs, notes = dict(document.slots), document.provenance.repairs, []
    if work.veil is not None:
        blind = work.veil.stand_ins.blind
        texts, repairs = {name: blind(text) for name, text in texts.items()}, tuple(map(blind, repairs))
        notes.append("The model was shown other names than the request's; here the text is with these.")
    row = units(work.shaped.skeleton, texts, layout, prose=work.domain.prose, repairs=repairs)
    sentences: dict[int, Sentence] = {}
    cost = Cost(evaluations=0, orders=None, tokens=0, seconds=0.0)
    if engine is not None and any(unit.source == "written" for unit in row):
        game = Game(engine, given, row, progress=progress)
        sentences, sampled = _weighed(game, row, orders)
        seconds = round(time.perf_counter() - start, 2)
        cost = Cost(evaluations=game.evaluations, orders=sampled, tokens=game.tokens, seconds=seconds)
    found = [sentences.get(number) or _certain(unit, layout, origins) for number, unit in enumerate(row)]
    text = "".join(unit.before + unit.text for unit in row)
    if text != document.text and work.veil is None:
        notes.append("A plugin changed the text after it was written: what is explained is the text before that.")
    if document.provenance.privacy == "redact" and any(each.check == PERSONAL_DATA for each in document.findings):
        notes.append("Neutral words stand for personal data: they count as the model's, which wrote something else.")
    return Explanation(
        domain=document.domain,
        model=document.provenance.model,
        text=text,
        parts=tuple(layout.parts.found),
        sentences=tuple(each for each in found if each.text.strip()),
        prompt=tuple(_shown(given)),
        cost=cost,
        notes=tuple(notes),
        document=document.as_dict(),
    )


def _told(work: Work, layout: Layout) -> Told:
    """Return what the model was told, taken apart."""
    prompt, likeness = work.shaped.prompt, work.likeness
    uses = [] if likeness is None else list(zip(likeness.uses, likeness.texts, strict=False))
    if likeness is None or likeness.steer == "prompt":
        return Told(prompt, layout.prompt(prompt, uses))
    turns = layout.prompt(prompt, [])
    if likeness.steer == "memory" and prompt.steering is None:
        return Told(prompt, turns, tuple(layout.example(use, text) for use, text in uses))
    if prompt.steering is None:
        return Told(prompt, turns)
    names = ", ".join(dict.fromkeys(use.set for use in likeness.uses))
    what = f"{'memory' if likeness.steer == 'memory' else 'vectors'} of {names}"
    return Told(prompt, turns, steering=layout.parts.number("example", what, "all its examples"))


def _shown(told: Told) -> Iterator[tuple[str, int | None]]:
    """Yield the stretches of what the model was told, a blank line between its turns."""
    for number, turn in enumerate(told.turns):
        if number and not told.prompt.infills:
            yield "\n\n", None
        yield from ((piece.text, piece.part) for piece in turn)


def _weighed(game: Game, row: Sequence[Unit], orders: int | None) -> tuple[dict[int, Sentence], int | None]:
    """Return the sentences that the model wrote with their weights, and how many orders were sampled for these."""
    players = len(game.players)
    game.value([0])  # a model without likelihoods says so before anything else is asked of it
    if orders is None:
        steps = max(1, game.size() * (players - 1))
        orders = min(_MOST, max(FEWEST, _TOKENS // steps // 2 * 2))
    shares = shapley(game.value, players, orders=orders)
    everything = (1 << players) - 1
    ends = game.value([everything, 0])
    drops = ends[0] - game.value([everything & ~(1 << player) for player in range(players)])  # (N, K)
    tokens = game.tokens_of(top=_TOP)
    found = {}
    for column, number in enumerate(game.scored):
        unit = row[number]
        found[number] = _sentence(unit, game.players, shares, drops, ends, tokens[column], column)
    return found, shares.orders


def _sentence(
    unit: Unit,
    players: Sequence[int],
    shares: Shares,
    drops: Numbers,
    ends: Numbers,
    tokens: Sequence[TokenScore],
    column: int,
) -> Sentence:
    values, errors = shares.values[:, column], shares.errors[:, column]
    order = sorted(range(len(players)), key=lambda player: -values[player])
    others = [drops[player, column] for player in order[1:]]
    return Sentence(
        text=unit.text,
        start=unit.start,
        end=unit.start + len(unit.text),
        source="written",
        note=unit.note,
        slot=unit.slot,
        weights=tuple(Weight(players[player], float(values[player]), float(errors[player])) for player in order),
        likelihood=float(ends[0, column]),
        likelihood_without=float(ends[1, column]),
        drop=float(drops[order[0], column]) if order else 0.0,
        drop_of_others=float(np.mean(others)) if others else 0.0,
        tokens=tuple(_token(each) for each in tokens),
    )


def _token(scored: TokenScore) -> Token:
    others = tuple((text, exp(value)) for text, value in scored.others)
    return Token(scored.text, exp(scored.log_likelihood), others)


def _certain(unit: Unit, layout: Layout, origins: Origins) -> Sentence:
    """Return a sentence that the model did not write, with the parts whose words it is."""
    if unit.source == "certain":
        parts = [piece.part for piece in unit.pieces if piece.part is not None and piece.text.strip()]
    else:
        said = [each for point in unit.points for each in origins.search(point)]
        parts = [layout.parts.number("field", each.field, each.text) for each in said if each.field]
    text = unit.text.rstrip("\n")
    return Sentence(
        text=text,
        start=unit.start,
        end=unit.start + len(text),
        source=unit.source,
        note=unit.note,
        slot=unit.slot,
        parts=tuple(dict.fromkeys(parts)),
    )
