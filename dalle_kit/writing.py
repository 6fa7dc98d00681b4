"""Generating within a budget: candidates of whole documents, and the sentences that repairs ask for."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_kit.budget import Budget
from dalle_kit.checks import is_finished
from dalle_kit.engine.results import NOTHING_YET, Generation, Piece, SlotResult
from dalle_kit.errors import DalleKitError, ServerError
from dalle_kit.passages import joined, passages
from dalle_kit.records import GenerationOptions, Prompt, Skeleton, Slot
from dalle_kit.repair import Repaired, Rewriting, Steps
from dalle_kit.review import is_fixed

if TYPE_CHECKING:
    from dalle_kit.engine.engine import Engine

#: The mean log-likelihood of a token, in nats, below which a sentence held to what is known reads as if it were: the
#: model wanted to say something else, and was not let. Of 223 greedy sentences of the hand-written requests 28 were
#: below this, nearly all of them wrong or no sentences at all; a little above it good ones begin.
_UNLIKELY = -1.0

#: The same for a sentence that is generated again, held to words of its point or to two points: the likeliest was
#: searched for, and what is not likely then is wrong more often. Of 61 such sentences of the hand-written news ten were
#: below this, eight of them wrong; of 46 for two halves of a sentence, in real news, seven were, all of them wrong.
_UNLIKELY_AGAIN = -0.6

Rows = Sequence[tuple[Prompt, Skeleton]]


def write_first(
    engine: Engine, rows: Rows, options: GenerationOptions, budget: Budget, *, results: list[list[Generation]]
) -> Iterator[Piece]:
    """Write the first candidate of each row, yielding its pieces; where the time is up they are cut."""
    return _fill(engine, rows, replace(options, candidates=1), budget, results=results)


def write_others(
    engine: Engine, rows: Rows, options: GenerationOptions, budget: Budget
) -> Sequence[Sequence[Generation]]:
    """Return the further candidates of each row, as many as are asked for and the time allows."""
    others = options.candidates - 1
    further = budget.room(others * len(rows)) // len(rows) if others and rows else 0
    results: list[list[Generation]] = []
    if further:
        # A server that is gone meanwhile has written the first.
        with suppress(ServerError):
            for _ in _fill(engine, rows, replace(options, candidates=1 + further), budget, results=results, first=1):
                pass
    return results if results and not budget.over else [()] * len(rows)


def is_for_one_point(slot: Slot) -> bool:
    """Say whether a slot is the sentence of one point, which stands for itself."""
    return len(slot.about) == 1 and any(slot.otherwise) and slot.sentences is not None


def is_forced(result: SlotResult, slot: Slot, *, limit: float = _UNLIKELY) -> bool:
    """Say whether what stands in a slot for one point is nothing that the model would have said by itself.

    So it is below a mean log-likelihood of a token of ``limit``, in nats.
    """
    if not is_for_one_point(slot) or not result.text or not result.chosen:
        return False
    return result.log_likelihood / result.chosen < limit


def run_repairs(
    engine: Engine, repairs: Mapping[int, Steps], options: GenerationOptions, budget: Budget
) -> tuple[dict[int, Repaired | BaseException], KeyboardInterrupt | ServerError | None]:
    """Take all repairs to their end, the sentences they ask for generated together; returns how each ended.

    One that fails ends in its exception. After an interruption, which is returned, nothing more is generated. So is the
    last error of a server, which wrote nothing of what it was asked for then.
    """
    outcomes: dict[int, Repaired | BaseException] = {}
    interruption: KeyboardInterrupt | ServerError | None = None
    asked: dict[int, list[Rewriting]] = {}

    def go_on(index: int, texts: Sequence[str | None] | None) -> None:
        nonlocal interruption
        try:
            asked[index] = next(repairs[index]) if texts is None else repairs[index].send(texts)
        except StopIteration as done:
            outcomes[index] = done.value
        except (Exception, KeyboardInterrupt) as error:  # whatever it is, the draft to be repaired must not be lost
            outcomes[index] = error
            interruption = error if isinstance(error, KeyboardInterrupt) else interruption

    for index in repairs:
        go_on(index, None)
    while asked:
        wanted, asked = asked, {}
        rewritings = [rewriting for each in wanted.values() for rewriting in each]
        texts: list[str | None] = [None] * len(rewritings)
        if not isinstance(interruption, KeyboardInterrupt):
            try:
                written = rewritten(engine, rewritings, options, budget)
                texts = [
                    _likely_text(one, each) if one else None for one, each in zip(written, rewritings, strict=True)
                ]
            except (KeyboardInterrupt, ServerError) as error:
                interruption = error
        for index, each in wanted.items():
            go_on(index, texts[: len(each)])
            texts = texts[len(each) :]
    return outcomes, interruption


def rewritten(
    engine: Engine, rewritings: Sequence[Rewriting], options: GenerationOptions, budget: Budget
) -> list[Generation | None]:
    """Return what was generated for each rewriting, None for those that the budget or an error leaves out.

    Raises ServerError: where a server is gone, it is so for each of them.
    """
    rows = [(each.prompt, each.skeleton) for each in rewritings][: budget.room(len(rewritings))]
    once = replace(options, candidates=1)
    results: list[list[Generation]] = []
    try:
        for _ in _fill(engine, rows, once, budget, results=results):
            pass
    except ServerError:
        raise
    except DalleKitError:
        if len(rows) > 1:  # one that is too long, say, must not take the others with it
            halves = (rewritings[: len(rows) // 2], rewritings[len(rows) // 2 : len(rows)])
            found = [one for half in halves for one in rewritten(engine, half, options, budget)]
            return [*found, *[None] * (len(rewritings) - len(found))]
        results = []
    return [*(candidates[0] for candidates in results), *[None] * (len(rewritings) - len(results))]


def _likely_text(generation: Generation, rewriting: Rewriting) -> str | None:
    """Return the sentence generated, unless what it was pressed to say made it one that nobody would write."""
    unlikely = rewriting.pressed and generation.mean_log_likelihood < _UNLIKELY_AGAIN
    return None if unlikely else generation.text


@dataclass(slots=True)
class _Written:
    """The text of a row's slots as far as it has come."""

    slots: dict[str, str]


def _fill(
    engine: Engine,
    rows: Rows,
    options: GenerationOptions,
    budget: Budget,
    *,
    results: list[list[Generation]],
    first: int = 0,
) -> Iterator[Piece]:
    """Fill the rows as the engine does, until the time is up: then ``results`` has what was written until then."""
    if not rows:
        return
    start = time.monotonic()
    of_each = options.candidates - first
    written = [_Written({}) for _ in range(len(rows) * of_each)]
    found: list[list[Generation]] = []
    pieces = engine.fill(rows, options, results=found, first=first)
    wanted = not budget.stopped  # else a server would still be asked
    for piece in pieces if wanted else ():
        if piece is NOTHING_YET:
            if budget.stopped:
                break
            continue
        if piece.slot is not None:
            slots = written[piece.row].slots
            slots[piece.slot] = slots.get(piece.slot, "") + piece.text
        yield piece
        if budget.over and piece.slot is not None:
            break
    else:
        if wanted:
            budget.learn(time.monotonic() - start, rows=len(written))
            results.extend(found)
            return
    budget.spent = True
    pieces.close()  # type: ignore[attr-defined]  # the engine's iterator is a generator
    for number, row in enumerate(rows):
        of_row = written[number * of_each : (number + 1) * of_each]
        results.append([_cut(engine, row, texts.slots, options, first + index) for index, texts in enumerate(of_row)])


def _cut(
    engine: Engine, row: tuple[Prompt, Skeleton], texts: Mapping[str, str], options: GenerationOptions, candidate: int
) -> Generation:
    """Return a row whose generation was cut off: its whole sentences; the slots that it did not come to are empty."""
    prompt, skeleton = row
    slots = {}
    for slot in skeleton.slots:
        text = texts.get(slot.name, "").rstrip()
        if slot.name in list(texts)[-1:]:
            # What becomes of a text that is no prose and breaks off is for its domain to say.
            text = text if slot.verbatim else "" if is_fixed(slot) else _whole_sentences(text)
        if not engine.constrained:  # what was seen of it may have been about to be written again
            from dalle_kit.engine.remote.answers import held  # grammars take a while to import

            text = held(slot, text) or ""
        slots[slot.name] = SlotResult(text, "time", tuple(engine.tokenizer.encode_text(text)), 0.0, 0)
    return Generation(slots, options, candidate, len(engine.tokenizer.encode_prompt(prompt)))


def _whole_sentences(text: str) -> str:
    """Return a text without a last sentence that breaks off."""
    row = passages(text)
    return joined(row if row and is_finished(row[-1].sentence) else row[:-1])
