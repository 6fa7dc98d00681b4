"""Rows that share a running batch: their texts are what they would be alone, whatever happens to the others."""

from __future__ import annotations

import threading
from dataclasses import replace
from typing import TYPE_CHECKING, Any

import pytest

from dalle_kit.engine.constraints import Constraint, Constraints
from dalle_kit.engine.decoding import Batch
from dalle_kit.engine.results import NOTHING_YET
from dalle_kit.engine.rows import Job
from dalle_kit.engine.scheduler import Scheduler
from dalle_kit.errors import DeviceError, TemplateError
from dalle_kit.records import GenerationOptions, Message, Prompt, Skeleton, Slot

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from dalle_kit.engine.decoding import GenerativeModel, Session
    from dalle_kit.engine.engine import Engine
    from dalle_kit.engine.results import SlotResult
    from dalle_kit.engine.rows import Row
    from tests.conftest import Checkpoints

LONG = "one two three four five six seven eight nine ten " * 7


class Watched:
    """A model that notes what is asked of it, and fails where it is told to."""

    def __init__(self, model: GenerativeModel) -> None:
        self._model = model
        self.family, self.context = model.family, model.context
        self.computed: list[int] = []  # tokens of each call
        self.widest = 0
        self.most: int | None = None  # rows that there is memory for
        self.fail_at: int | None = None  # the call that fails
        self.error: BaseException = RuntimeError("the device caught fire")

    def __getattr__(self, name: str) -> Any:
        return getattr(self._model, name)

    def open(
        self, sources: Sequence[Sequence[int]], targets: Sequence[Sequence[int]], *, room: int, guides: Any = ()
    ) -> WatchedSession:
        assert not sources
        return WatchedSession(self, self._model.open(sources, targets, room=room, guides=guides))

    def note(self, rows: int, tokens: int) -> None:
        self.computed.append(tokens)
        if len(self.computed) == self.fail_at:
            raise self.error
        if self.most is not None and rows > self.most:
            raise RuntimeError("out of memory")
        self.widest = max(self.widest, rows)


class WatchedSession:
    def __init__(self, watched: Watched, session: Session) -> None:
        self._watched, self._session = watched, session

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)

    def join(
        self,
        sources: Sequence[Sequence[int]],
        targets: Sequence[Sequence[int]],
        *,
        guides: Any = (),
        most: int | None = None,
    ) -> list[list[int]]:
        lengths = [len(source) + len(target) for source, target in zip(sources, targets, strict=True)]
        assert most is not None
        self._watched.note(len(self._session.lengths) + len(sources), sum(min(most, each) for each in lengths))
        return self._session.join(sources, targets, guides=guides, most=most)

    def feed(self, tokens: Sequence[Sequence[int]], *, tails: Sequence[int] | None = None) -> Any:
        self._watched.note(len(tokens), sum(map(len, tokens)))
        # A place of a row may be read before its others: what it will choose by are the logits after its last token.
        assert tails is not None and all(tail > 0 for new, tail in zip(tokens, tails, strict=True) if new)
        return self._session.feed(tokens, tails=tails)


@pytest.fixture(scope="module")
def engine(checkpoints: Checkpoints) -> Engine:
    return checkpoints("llama-long")[1]


@pytest.fixture
def watched(engine: Engine) -> Watched:
    return Watched(engine.generative())


def row(engine: Engine, prompt: str, *parts: str | Slot, index: int = 0, **options: Any) -> Row:
    skeleton = Skeleton(parts or ("Dear ", Slot("a"), ", then ", Slot("b", options={"max_tokens": 5})))
    settings = GenerationOptions(**{"max_tokens": 12, "temperature": 0.8, **options})
    source = tuple(engine.tokenizer.encode_text(prompt))
    return engine.row(Job(source, skeleton, settings), index=index, ends=engine.tokenizer.control_ids)


def many(engine: Engine) -> list[Row]:
    prompts = ["one two", LONG, LONG + "one", "Dear Ana, please", LONG]
    lengths = (3, 30, 7, 12)
    return [
        row(engine, prompts[n % 5], index=n, seed=n, max_tokens=lengths[n % 4], temperature=0.8 * (n % 3 > 0))
        for n in range(20)
    ]


def written(rows: Sequence[Row]) -> list[dict[str, tuple[int, ...]]]:
    return [{name: result.tokens for name, result in row.results.items()} for row in rows]


def run(model: GenerativeModel, rows: Sequence[Row], *, places: int = 16) -> list[dict[str, tuple[int, ...]]]:
    list(Scheduler(Batch(model, places=places)).run(rows, room=140))
    return written(rows)


@pytest.fixture(scope="module")
def alone(engine: Engine) -> list[dict[str, tuple[int, ...]]]:
    return [run(engine.generative(), [row])[0] for row in many(engine)]


@pytest.mark.parametrize("places", [1, 3, 16, 64])
def test_rows_take_the_places_of_those_that_end(
    places: int, engine: Engine, watched: Watched, alone: list[dict[str, tuple[int, ...]]]
) -> None:
    assert run(watched, many(engine), places=places) == alone
    assert watched.widest == min(places, 20)


def test_wide_beams_wait_until_there_is_room_and_one_too_wide_runs_alone(engine: Engine, watched: Watched) -> None:
    def rows() -> list[Row]:
        return [row(engine, "one", Slot("a", beams=beams), seed=beams, temperature=0.0) for beams in (1, 6, 2, 1, 4, 1)]

    apart = [run(engine.generative(), [each])[0] for each in rows()]
    assert run(watched, rows(), places=4) == apart
    assert watched.widest == 6
    assert run(watched, rows()[2:], places=4) == apart[2:]


def test_what_rows_begin_with_in_common_is_read_once(engine: Engine, watched: Watched) -> None:
    rows = [row(engine, LONG, "Dear ", Slot("a"), index=n, seed=n, max_tokens=2) for n in range(8)]
    rows += [row(engine, LONG + " ten", "Dear ", Slot("a"), index=n, seed=n, max_tokens=2) for n in range(8, 12)]
    length = len(rows[0].job.source)
    apart = [
        run(engine.generative(), [row(engine, text, "Dear ", Slot("a"), seed=n, max_tokens=2)])[0]
        for n, text in enumerate([LONG] * 8 + [LONG + " ten"] * 4)
    ]
    assert run(watched, rows) == apart
    assert length > 60
    assert sum(watched.computed) < 2 * length


def test_a_row_that_joins_later_shares_what_a_finished_one_began_with(engine: Engine, watched: Watched) -> None:
    rows = [row(engine, LONG, Slot("a"), seed=n, max_tokens=3) for n in range(3)]
    run(watched, rows, places=1)
    assert sum(watched.computed) < 1.5 * len(rows[0].job.source)


def test_memory_that_runs_out_makes_the_batch_smaller(
    engine: Engine, watched: Watched, alone: list[dict[str, tuple[int, ...]]]
) -> None:
    watched.most = 5
    assert run(watched, many(engine)) == alone
    assert 2 <= watched.widest <= 5


def test_a_row_that_no_memory_is_left_for_is_an_error(engine: Engine, watched: Watched) -> None:
    watched.most = 0
    with pytest.raises(DeviceError, match="too little memory"):
        run(watched, [row(engine, "one two")])
    watched.most = None
    assert run(watched, [row(engine, "one two", max_tokens=3)])[0]["a"]


@pytest.mark.parametrize("kind", ["gpt2", "t5", "bart"])
def test_other_families_share_places_too(kind: str, checkpoints: Checkpoints) -> None:
    _, other = checkpoints(kind)
    prompts = ["one two three", "one two three", "four five", "one two three"]

    def rows() -> list[Row]:
        return [row(other, text, "Dear ", Slot("a"), seed=n, max_tokens=4 + n) for n, text in enumerate(prompts)]

    apart = [run(other.generative(), [each])[0] for each in rows()]
    watched = Watched(other.generative())
    assert run(watched, rows(), places=2) == apart
    assert watched.widest == 2


class Callers:
    """Threads that each write their rows through one scheduler; an error is kept as what came out."""

    def __init__(self, scheduler: Scheduler, of_each: Sequence[Sequence[Row]]) -> None:
        self.outcomes: list[Any] = [None] * len(of_each)
        self._scheduler, self._together = scheduler, threading.Barrier(len(of_each))
        self.threads = [
            threading.Thread(target=self._write, args=(number, rows)) for number, rows in enumerate(of_each)
        ]
        for thread in self.threads:
            thread.start()
        for thread in self.threads:
            thread.join(60)
            assert not thread.is_alive()

    def _write(self, number: int, rows: Sequence[Row]) -> None:
        self._together.wait()
        try:
            for _ in self._scheduler.run(rows, room=140):
                pass
            self.outcomes[number] = written(rows)
        except BaseException as error:
            self.outcomes[number] = error


def test_threads_share_one_batch(engine: Engine, watched: Watched, alone: list[dict[str, tuple[int, ...]]]) -> None:
    rows = many(engine)
    batch = Batch(watched, places=8)
    callers = Callers(Scheduler(batch), [rows[start : start + 4] for start in range(0, 20, 4)])
    assert [text for outcome in callers.outcomes for text in outcome] == alone
    assert 4 < watched.widest <= 8
    assert batch.is_over


def test_an_error_of_the_device_is_the_callers_who_met_it(
    engine: Engine, watched: Watched, alone: list[dict[str, tuple[int, ...]]]
) -> None:
    watched.fail_at = 9
    rows = many(engine)
    outcomes = Callers(Scheduler(Batch(watched, places=16)), [rows[:10], rows[10:]]).outcomes
    failed = [number for number, outcome in enumerate(outcomes) if outcome is watched.error]
    assert len(failed) == 1
    assert outcomes[1 - failed[0]] == alone[10 * (1 - failed[0]) :][:10]


def test_an_interruption_in_the_middle_of_a_step_is_only_the_interrupted_callers(
    engine: Engine, watched: Watched, alone: list[dict[str, tuple[int, ...]]]
) -> None:
    watched.fail_at, watched.error = 6, KeyboardInterrupt()
    scheduler = Scheduler(Batch(watched, places=16))
    rows = many(engine)
    waiting = scheduler.run(rows[:4], room=140)
    first = next(waiting)
    with pytest.raises(KeyboardInterrupt):
        list(scheduler.run(rows[4:8], room=140))
    assert first.row == 0
    list(waiting)
    assert written(rows[:4]) == alone[:4]


class Refusing:
    """Constraints that turn out to be impossible."""

    def start(self, slot: Slot, *, after: str) -> Any:
        raise TemplateError(f"slot {slot.name!r} cannot be followed")


def test_a_row_that_cannot_go_on_leaves_the_others_as_they_are(
    engine: Engine, watched: Watched, alone: list[dict[str, tuple[int, ...]]]
) -> None:
    def refused() -> Row:
        made = row(engine, LONG, Slot("a"), " ", Slot("b", regex="x"), max_tokens=4)
        made._constraints = lambda: Refusing()  # type: ignore[assignment, return-value]
        return made

    with pytest.raises(TemplateError, match="'b' cannot be followed"):
        run(watched, [*many(engine)[:3], refused()])
    rows = many(engine)
    outcomes = Callers(Scheduler(Batch(watched, places=16)), [rows, [refused()]]).outcomes
    assert outcomes[0] == alone
    assert isinstance(outcomes[1], TemplateError)


def test_rows_that_wait_hold_nothing_large_yet(engine: Engine, monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[str] = []
    start = Constraints.start

    def noted(self: Constraints, slot: Slot, *, after: str) -> Constraint:
        started.append(slot.name)
        return start(self, slot, after=after)

    monkeypatch.setattr(Constraints, "start", noted)
    batch = Batch(engine.generative(), places=2)
    batch.add([row(engine, "one two", Slot("a", regex="[a-z]{9}"), seed=n) for n in range(9)])
    for _ in range(3):
        batch.step()
    assert len(started) == 2


def test_who_goes_away_frees_places(engine: Engine, watched: Watched, alone: list[dict[str, tuple[int, ...]]]) -> None:
    batch = Batch(watched, places=4)
    scheduler = Scheduler(batch)
    gone = scheduler.run(many(engine)[:8], room=140)
    next(gone)
    rows = many(engine)
    pieces = scheduler.run(rows[10:12], room=140)
    first = next(pieces)
    gone.close()  # type: ignore[attr-defined]
    list(pieces)
    assert first.text and written(rows[10:12]) == alone[10:12]
    assert batch.is_over
    calls = len(watched.computed)
    batch.step()
    assert len(watched.computed) == calls


def test_a_long_prompt_is_read_between_the_tokens_of_others(engine: Engine, watched: Watched) -> None:
    def rows() -> list[Row]:
        short = row(engine, "one two", Slot("a"), seed=1, max_tokens=60)
        return [short, *(row(engine, LONG * 6 + end, Slot("a"), seed=2, max_tokens=4) for end in ("one", "ten"))]

    apart = [run(engine.generative(), [each])[0] for each in rows()]
    short, *long = rows()
    scheduler = Scheduler(Batch(watched, places=4))
    stream = scheduler.run([short], room=700)
    next(piece for piece in stream if piece is not NOTHING_YET)
    watched.computed.clear()
    readings = [scheduler.run([each], room=700) for each in long]
    assert all(next(reading) is NOTHING_YET for reading in readings)
    length = len(long[0].job.source)
    assert length > 400 and sum(watched.computed) < length / 2
    tokens = len(short._tokens)
    for reading in readings:
        assert list(reading)
    assert max(watched.computed) < 100
    # What the second begins with in common with the first is not read again.
    assert sum(watched.computed) < length + 100
    assert len(short._tokens) >= tokens + 6
    list(stream)
    assert written([short, *long]) == apart


def test_who_leaves_while_a_prompt_is_read_frees_the_place(engine: Engine, watched: Watched) -> None:
    batch = Batch(watched, places=1)
    gone = Scheduler(batch).run([row(engine, LONG * 20, Slot("a"))], room=1500)
    assert next(gone) is NOTHING_YET and not batch.is_over
    gone.close()  # type: ignore[attr-defined]
    assert batch.is_over
    assert len(watched.computed) == 1 and watched.computed[0] < 300


def test_a_stream_that_is_not_asked_for_more_is_written_by_the_others(engine: Engine, watched: Watched) -> None:
    scheduler = Scheduler(Batch(watched, places=4))
    texts = [row(engine, "one two", Slot("a"), max_tokens=6, temperature=0.0) for _ in range(2)]
    idle = scheduler.run(texts[:1], room=140)
    found = [next(idle)]
    list(scheduler.run(texts[1:], room=140))
    assert texts[0].done
    calls = len(watched.computed)
    found += idle
    assert len(watched.computed) == calls
    assert "".join(piece.text for piece in found) == texts[1].results["a"].text


def test_drafts_change_nothing_but_the_number_of_steps(engine: Engine) -> None:
    slots = ("Dear ", Slot("a"), ", then ", Slot("b", regex="(one|two|three| )+"), ".", Slot("c", beams=2), Slot("d"))

    def rows() -> Iterator[Row]:
        for seed in range(4):
            for temperature in (0.0, 0.05, 1.0):
                yield row(engine, LONG, *slots, seed=seed, temperature=temperature, max_tokens=25, stop=("x",))

    steps: dict[bool, int] = {}
    texts: dict[bool, list[dict[str, SlotResult]]] = {}
    for drafts in (False, True):
        texts[drafts], steps[drafts] = [], 0
        for each in rows():
            watched = Watched(engine.generative())
            batch = Batch(watched, places=1)
            batch.drafts = drafts
            list(Scheduler(batch).run([each], room=140))
            texts[drafts].append({name: replace(result, log_likelihood=0.0) for name, result in each.results.items()})
            steps[drafts] += len(watched.computed)
    assert texts[True] == texts[False]
    assert steps[True] < steps[False]


def test_more_requests_than_places_are_written_in_their_turn(engine: Engine) -> None:
    work = (Prompt((Message("user", "one two three"),)), Skeleton(("Dear ", Slot("a"))))
    results: list[Any] = []
    pieces = list(engine.fill([work] * 40, GenerationOptions(max_tokens=3), results=results))
    assert len({each[0].text for each in results}) == 1 and len(results) == 40
    assert {piece.row for piece in pieces} == set(range(40))
