"""Drafts finished and checked, and the best that can be made of several.

Where a sentence has something wrong, or says only a note, the one that another draft has for the same point takes its
place, if the document is the better for it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from dalle_kit.checks import same_words
from dalle_kit.checks.words import content_words
from dalle_kit.domain import Domain, Request, told_texts
from dalle_kit.engine.results import Generation, SlotResult
from dalle_kit.guarding import Watch
from dalle_kit.likeness.copying import copied, copied_runs
from dalle_kit.privacy import PERSONAL_DATA
from dalle_kit.records import Draft, Finding, Skeleton, Slot
from dalle_kit.repair import quoted
from dalle_kit.review import Checks, Review, Reviewer, plain_sentence
from dalle_kit.writing import is_for_one_point, is_forced

if TYPE_CHECKING:
    from dalle_kit.likeness import Likeness
    from dalle_kit.plugin_manager.manager import Plugins
    from dalle_kit.templating.templates import Shaped
    from dalle_kit.unveiling import Veil

#: The mean log-likelihood of a token, in nats, that a sentence must have to take another's place.
_LIKELY = -0.45

#: What the line begins with that says where a sentence comes from.
_TAKEN = "taken from draft "

#: Why the text of a slot ended that was certain before anything was written.
STATED = "stated"

#: Words for persons; a sentence that says other ones than its note says something else.
PERSONS = frozenset("i me my mine we us our ours you your yours he him his she her hers they them their theirs".split())


@dataclass(frozen=True, slots=True)
class Work:
    """A request on its way: what the model is told, the document's skeleton, and what was noticed so far.

    ``likeness`` is what it is to be like, if anything; ``watch`` sees to personal data in it;
    ``asked`` is the request before anything was left out of it; ``veil`` is what stands behind one without names.
    """

    domain: Domain
    request: Request
    template: str | None
    shaped: Shaped
    findings: tuple[Finding, ...] = ()
    dropped: tuple[str, ...] = ()
    likeness: Likeness | None = None
    asked: Request | None = None
    watch: Watch | None = None
    veil: Veil | None = None


@dataclass(frozen=True, slots=True)
class Finished:
    """A candidate after finishing: the draft before and after the plugins' hooks, and what is to say about the latter.

    ``noted`` are findings that are not about the draft as it stands; ``repairs`` says what was changed in it.
    """

    work: Work
    generation: Generation
    reviewer: Reviewer
    own: Draft
    draft: Draft
    noted: tuple[Finding, ...]
    review: Review
    repairs: tuple[str, ...] = ()


def first_draft(plugins: Plugins, work: Work, generation: Generation, *, drop_forced: bool = False) -> Finished:
    """Finish and check the first candidate; ``drop_forced`` empties the places that the model was forced to fill."""
    reviewer = Reviewer(work.domain, work.request, work.shaped.skeleton)
    return finish(plugins, work, reviewer, generation, drop_forced=drop_forced)


def with_stated(generation: Generation, skeleton: Skeleton, texts: Mapping[str, str]) -> Generation:
    """Return what was generated with the texts that were certain, by their slots' names, in the skeleton's order."""
    slots = {**generation.slots, **{name: SlotResult(text, STATED, (), 0.0, 0) for name, text in texts.items()}}
    return replace(generation, slots={slot.name: slots[slot.name] for slot in skeleton.slots if slot.name in slots})


def left_to_write(first: Finished) -> Skeleton | None:
    """Return what further drafts are to write: where the first leaves something to be desired; None for nothing.

    Where each point has a place of its own, the rest of the first draft is certain; else it is the whole document.
    """
    skeleton, slots = first.work.shaped.skeleton, _exchangeable(first.work)
    if not slots:
        return skeleton
    wanting = [slot.name for slot in slots if _is_wanting(first, slot)]
    if not wanting:
        return None
    if any(slot.when for slot in skeleton.slots):
        return skeleton
    return skeleton.stating(
        {name: result.text for name, result in first.generation.slots.items() if name not in wanting}
    )


def best_draft(
    plugins: Plugins, first: Finished, others: Sequence[Generation], *, drop_forced: bool = False
) -> Finished:
    """Return the best draft that several candidates give together.

    Where each point has a place of its own, the first draft is kept, and what is wanting in it is exchanged for what
    the others have in its place, as far as that makes it better; else the best draft as a whole is taken. The best has
    the fewest errors, then warnings, then echoes; of equal ones it says most, then it is the likeliest.
    """
    slots = _exchangeable(first.work)
    if not slots:
        whole = (finish(plugins, first.work, first.reviewer, other, drop_forced=drop_forced) for other in others)
        return min([first, *whole], key=_rank)
    # A greedy draft is the first, and the least likely to twist a point, which no check would see.
    best = first
    for slot in slots:
        if _is_wanting(best, slot):
            crossed = (_crossed(plugins, best, other, slot, drop_forced=drop_forced) for other in others)
            best = min([best, *filter(None, crossed)], key=_rank)
    return best


def _exchangeable(work: Work) -> list[Slot]:
    """Return the slots of single points, whose sentences stand for themselves."""
    return [slot for slot in work.shaped.skeleton.slots if is_for_one_point(slot)]


def _is_wanting(each: Finished, slot: Slot) -> bool:
    """Say whether a slot has an error, does not say its point, or says it only as a note does that is no sentence."""
    wrong = any(finding.slot == slot.name and finding.severity != "note" for finding in each.review.findings)
    result = each.generation.slots.get(slot.name)
    is_stated = result is not None and result.reason == STATED
    return wrong or slot.name in each.review.unsaid or (_is_echo(each, slot) and not is_stated)


def _is_echo(each: Finished, slot: Slot) -> bool:
    text = each.draft.texts.get(slot.name, "")
    return any(same_words(text) == same_words(point) for point in slot.about)


def _crossed(plugins: Plugins, best: Finished, other: Generation, slot: Slot, *, drop_forced: bool) -> Finished | None:
    """Return the best draft with another's sentence in a slot, None where that is no other one, or an unlikely one."""
    theirs = other.slots.get(slot.name)
    ours = best.generation.slots.get(slot.name)
    if theirs is None or ours is None or not theirs.text or theirs.text == ours.text:
        return None
    if drop_forced and is_forced(theirs, slot, limit=_LIKELY):
        return None
    # What is only a note is dull, but true.
    if _is_echo(best, slot) and not says_the_same(theirs.text, slot.about[0]):
        return None
    generation = replace(best.generation, slots={**best.generation.slots, slot.name: theirs})
    line = f"{_TAKEN}{other.candidate + 1}: {quoted(theirs.text)}"
    crossed = finish(plugins, best.work, best.reviewer, generation, drop_forced=drop_forced)
    earlier = [each for each in best.repairs if each.startswith(_TAKEN)]
    return replace(crossed, repairs=(*crossed.repairs, *earlier, line))


def says_the_same(sentence: str, note: str) -> bool:
    """Say whether a sentence speaks of the same persons as a note, and says no word twice that the note says once."""
    told, said = Counter(same_words(note).split()), Counter(same_words(sentence).split())
    persons = {word for word in told if word in PERSONS}
    return persons <= set(said) and all(said[word] <= max(1, told[word]) for word in set(content_words(sentence)))


def _rank(each: Finished) -> tuple[int, int, int, float, float]:
    failures = sum(finding.severity == "error" for finding in each.noted)
    review = each.review
    echoes = sum(_is_echo(each, slot) for slot in each.work.shaped.skeleton.slots)
    likelihood = each.generation.mean_log_likelihood
    return review.errors + failures, review.warnings, echoes, -review.coverage, -likelihood


def finish(
    plugins: Plugins, work: Work, reviewer: Reviewer, generation: Generation, *, drop_forced: bool = False
) -> Finished:
    """Post-process a draft, the domain first, tidy it, and check it."""
    texts = {name: slot.text for name, slot in generation.slots.items()}
    own = work.domain.finish(work.request, Draft(work.shaped.skeleton, texts))
    for slot in own.skeleton.slots:
        if slot.name in own.texts:
            own = own.replace(slot.name, reviewer.tidied(slot, own.texts[slot.name]))
    forced = _forced(own, generation) if drop_forced else []
    stated = (result.text for result in generation.slots.values() if result.reason == STATED)
    lines = (
        *(f"stated: {quoted(text)}" for text in stated),
        *(f"dropped: {quoted(own.texts[name])}" for name in forced),
    )
    if forced:  # what these had to say is missing from now on
        own = Draft(own.skeleton, {**own.texts, **dict.fromkeys(forced, "")})
    return hooked(plugins, work, reviewer, generation, own, lines)


def _forced(own: Draft, generation: Generation) -> list[str]:
    """Return the names of the slots whose sentences the model was forced into."""
    results = generation.slots
    return [
        slot.name
        for slot in own.skeleton.slots
        if slot.name in results
        and is_forced(results[slot.name], slot)
        and own.texts[slot.name] not in ("", plain_sentence(slot, 0))
    ]


def hooked(
    plugins: Plugins, work: Work, reviewer: Reviewer, generation: Generation, own: Draft, repairs: tuple[str, ...] = ()
) -> Finished:
    """Let the plugins change a draft, then check it: the core, the domain, what plugins registered, the hooks."""
    draft, noted = plugins.postprocess(work.domain.name, work.request, own)
    review = reviewed(plugins, work, reviewer, draft)
    return Finished(work, generation, reviewer, own, draft, tuple(noted), review, repairs)


def reviewed(plugins: Plugins, work: Work, reviewer: Reviewer, draft: Draft) -> Review:
    """Return what all checks say about a draft: the core's, the domain's, those registered, the hooks."""

    def hooks(request: Request, draft: Draft) -> Sequence[Finding]:
        return plugins.check(work.domain.name, request, draft)

    return reviewer.review(draft, [*checks_of(plugins, work), hooks])


def cleaned(plugins: Plugins, finished: Finished) -> Finished:
    """Return a draft without the personal data that must not get out of it, and say what there was.

    Raises PrivacyError where such a text is refused.
    """
    work = finished.work
    watch = work.watch
    if watch is None:
        return finished

    def clean(findings: Sequence[Finding]) -> tuple[Finding, ...]:
        return tuple(replace(each, message=watch.clean_line(each.message)) for each in findings)

    draft, kinds = watch.cleaned(finished.draft)
    repairs = tuple(map(watch.clean_line, finished.repairs))
    if kinds:
        said = ", ".join(dict.fromkeys(kinds))
        note = Finding(PERSONAL_DATA, "warning", f"put in neutral words, as it is not in the request: {said}")
        review = _without_ours(reviewed(plugins, work, finished.reviewer, draft), finished.review)
        finished = replace(finished, draft=draft, review=review, noted=(*finished.noted, note))
    # What a plugin says of its failure may quote what it was given.
    work = replace(work, findings=clean(work.findings))
    return replace(finished, work=work, noted=clean(finished.noted), repairs=repairs)


def _without_ours(review: Review, before: Review) -> Review:
    """Return a review of a text with neutral words in it without complaints that nobody said these."""
    slots = {each.slot for each in before.findings if each.check == "invented"}
    kept = (each for each in review.findings if each.check != "invented" or each.slot in slots)
    return replace(review, findings=tuple(kept))


def checks_of(plugins: Plugins, work: Work) -> Checks:
    """Return the checks of the domain, those registered for it, and those of personal data and of examples."""
    watched = (work.watch.check,) if work.watch else ()
    checks = (work.domain.check, *plugins.checks(work.domain.name), *watched)
    if work.likeness is None:
        return checks
    skeleton = work.shaped.skeleton
    literals = [part for part in skeleton.parts if isinstance(part, str)]
    told = [*told_texts(work.request), *work.domain.sources(work.request), *literals]
    checks = (*checks, copied_runs(work.likeness.pools, told))
    if work.likeness.texts and work.domain.prose:
        checks = (*checks, copied(work.likeness.texts, told))
    return checks
