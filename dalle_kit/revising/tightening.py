"""Fewer words for the same: two sentences as one, a sentence held to the words of its point, or the point itself."""

from __future__ import annotations

from collections.abc import Generator, Mapping, Sequence
from itertools import pairwise

from dalle_kit.checks import key_words
from dalle_kit.checks.verbs import begins_with_verb, is_past
from dalle_kit.records import Draft, Slot
from dalle_kit.repair import Rewriting, quoted
from dalle_kit.repair.joints import Joint
from dalle_kit.repair.workbench import Workbench
from dalle_kit.review import open_slots, plain_sentence
from dalle_kit.revising.sameness import has_verb, is_said_alike

#: Fewer words less are another sentence, and no shorter text.
_SAVED = 2

#: A note that begins with one of these has left out its subject ("would like to come"), unless it asks.
_AUXILIARIES = frozenset(
    "am is are was were has have had do does did will would can cannot could may might must shall should".split()
)


def tighten(bench: Workbench) -> Generator[list[Rewriting], Sequence[str | None], None]:
    """Make a draft shorter where its sentences can be, with everything said that was."""
    slots = [slot for slot in open_slots(bench.draft) if _is_single(bench, slot)]
    if not slots:
        return
    bench.look_again()
    said = {slot.name for slot in slots if slot.name not in bench.review.unsaid}
    slots = [slot for slot in slots if slot.name in said]
    pairs = [Joint(first, second) for first, second in pairwise(slots) if _are_neighbours(bench, first, second)]
    singles = [_held(bench, slot, slot.about) for slot in slots]
    doubles = [_held(bench, pair.slot, pair.slot.about) for pair in pairs]
    texts = list((yield [*singles, *doubles]))
    shorter = {slot.name: _shortest(bench, slot, text) for slot, text in zip(slots, texts, strict=False)}
    for pair, text in _joined(bench, pairs, texts[len(slots) :], shorter):
        both = {pair.first.name: text, pair.second.name: ""}
        if _changed(bench, both, f"joined: {quoted(text)}"):
            del shorter[pair.first.name], shorter[pair.second.name]
    for name, text in shorter.items():
        old = bench.draft.texts[name]
        if text != old:
            _changed(bench, {name: text}, f"shortened: {quoted(old)} to {quoted(text)}")


def _changed(bench: Workbench, texts: Mapping[str, str], line: str) -> bool:
    """Put texts into a draft if as much is said in it then and no more is wrong; say whether they are in it."""
    draft = Draft(bench.draft.skeleton, {**bench.draft.texts, **texts})
    review = bench.reviewer.review(draft, bench.checks)
    unsaid, before = (sum(map(len, each.unsaid.values())) for each in (review, bench.review))
    if unsaid > before or review.errors > bench.review.errors:
        return False
    bench.draft, bench.review = draft, review
    bench.lines.append(line)
    return True


def _is_single(bench: Workbench, slot: Slot) -> bool:
    """Say whether a slot has one sentence, that of its one point."""
    plain = len(slot.about) == 1 and slot.when is None and not slot.starts_with and bench.reviewer.is_prose(slot)
    return plain and not bench.reviewer.is_item(slot) and len(bench.row(slot)) == 1


def _are_neighbours(bench: Workbench, first: Slot, second: Slot) -> bool:
    """Say whether nothing but a blank stands between two slots."""
    parts = bench.draft.skeleton.parts
    between = parts[parts.index(first) + 1 : parts.index(second)]
    return all(part == " " for part in between)


def _held(bench: Workbench, slot: Slot, points: tuple[str, ...]) -> Rewriting:
    """Return how a sentence is generated that has to mention the words of points, the likeliest that does."""
    words = tuple(word for point in points for word in key_words(point))
    return bench.rewriting(slot, "", points=points, mentions=words)


def _shortest(bench: Workbench, slot: Slot, text: str | None) -> str:
    """Return the shortest sentence for a slot's point: the one there is, the one generated, or the point's own."""
    old, point = bench.draft.texts[slot.name], slot.about[0]
    found = [old]
    new = bench.acceptable(text, slot, beside=bench.draft.replace(slot.name, ""))
    if new is not None and not bench.reviewer.unsaid((point,), new) and is_said_alike(new, old, (point,)):
        found.append(new)
    plain = plain_sentence(slot, 0)
    if _is_sentence(plain) and old.endswith("?") == plain.endswith("?"):
        found.append(plain)
    best = min(found, key=_words)
    return best if _words(best) <= _words(old) - _SAVED else old


def _joined(
    bench: Workbench, pairs: Sequence[Joint], texts: Sequence[str | None], shorter: dict[str, str]
) -> list[tuple[Joint, str]]:
    """Return the pairs whose sentences become one, those that save most words first; no sentence twice."""
    found: list[tuple[int, Joint, str]] = []
    for pair, text in zip(pairs, texts, strict=False):
        points = pair.slot.about
        empty = bench.draft.replace(pair.first.name, "").replace(pair.second.name, "")
        new = bench.acceptable(text, pair.slot, beside=empty)
        if new is None or new.endswith("?") or bench.reviewer.unsaid(points, new):
            continue
        apart = _words(shorter[pair.first.name]) + _words(shorter[pair.second.name])
        old = f"{bench.draft.texts[pair.first.name]} {bench.draft.texts[pair.second.name]}"
        if is_said_alike(new, old, points) and _words(new) <= apart - _SAVED:
            found.append((apart - _words(new), pair, new))
    taken: set[str] = set()
    chosen = []
    for _, pair, new in sorted(found, key=lambda each: -each[0]):
        if taken.isdisjoint({pair.first.name, pair.second.name}):
            taken |= {pair.first.name, pair.second.name}
            chosen.append((pair, new))
    return chosen


def _is_sentence(plain: str) -> bool:
    """Say whether a point is a sentence as it stands: with a subject, and a verb that is no participle."""
    words = [word for word in plain.split() if not is_past(word.strip(",.").casefold())]
    bare = begins_with_verb(plain) or (plain.split()[0].casefold() in _AUXILIARIES and not plain.endswith("?"))
    return has_verb(" ".join(words)) and not bare


def _words(text: str) -> int:
    """Return how many words a text has: articles are none, without them it would be shorter and worse."""
    return sum(word.casefold() not in ("a", "an", "the") for word in text.split())
