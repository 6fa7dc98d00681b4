"""Writing a document with a server: slot after slot, each asked for until it is one that a local model could write."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import aclosing
from dataclasses import dataclass, replace

from dalle_kit.engine.remote.answers import Answer, held
from dalle_kit.engine.remote.asking import Asking, Way, ask, ask_ours
from dalle_kit.engine.remote.client import Client
from dalle_kit.engine.remote.pace import Again, Patience, Retries
from dalle_kit.engine.results import Generation, SlotResult
from dalle_kit.engine.rows import slot_options
from dalle_kit.engine.sampling import candidate_seed
from dalle_kit.errors import ServerError, TemplateError
from dalle_kit.records import GenerationOptions, Prompt, Skeleton, Slot

#: How often a slot is asked for until its text is one that a local model could have written; sampled after the first.
#: Of a further candidate it is asked for once: there are others, and what each request takes is not for us to spend.
_TRIES = 2

#: The temperature at which it is asked for again where the first time is greedy.
_TEMPERATURE = 0.7

#: Characters of a token, for figures: what a server counts it does not tell of a text that is not read to its end.
CHARACTERS = 4

#: Takes what has become certain: the name of the slot, None for certain text, and the text.
Tell = Callable[[str | None, str], None]


@dataclass(slots=True)
class Speaker:
    """How the server's model is spoken to, as far as that is known by now."""

    client: Client
    model: str
    way: Way
    patience: Patience
    is_lost: bool = False

    def retries(self) -> Retries:
        """Return the tries of a request; a server that was given up is not waited for again until it answers."""
        return Retries(replace(self.patience, tries=1) if self.is_lost else self.patience)


async def write_document(
    speaker: Speaker,
    prompt: str | Prompt,
    skeleton: Skeleton,
    options: GenerationOptions,
    *,
    candidate: int,
    tell: Tell,
) -> Generation:
    """Fill a skeleton's slots one after the other, telling what becomes certain.

    Raises ServerError, RequestError for a request that is too long, TemplateError for a slot without words of its own
    that the server's texts do not meet.
    """
    results: dict[str, SlotResult] = {}
    text = literal = ""
    skipped = False
    for part in skeleton.parts:
        if isinstance(part, str):
            # A slot without text takes the blank line before it with it, as in ``Skeleton.fill``.
            literal = literal.removesuffix("\n\n") if skipped and part.startswith("\n\n") else literal
            literal, skipped = literal + part, False
        elif part.when is not None and part.when[0] in results and results[part.when[0]].text not in part.when[1]:
            results[part.name] = SlotResult("", "skipped", (), 0.0, 0)
            skipped = True
        else:
            tell(None, literal)
            text, literal = text + literal, ""
            tries = 1 if candidate else _TRIES
            results[part.name] = await _fill(
                speaker, prompt, text, part, slot_options(part, options), tries=tries, tell=tell
            )
            text += results[part.name].text
    tell(None, literal)
    told = prompt if isinstance(prompt, str) else prompt.text
    return Generation(results, options, candidate, len(told) // CHARACTERS)


async def _fill(
    speaker: Speaker,
    prompt: str | Prompt,
    before: str,
    slot: Slot,
    options: GenerationOptions,
    *,
    tries: int,
    tell: Tell,
) -> SlotResult:
    """Return the text of a slot that is as it has to be; the pieces told are of its first try."""
    shown = ""

    def show(text: str) -> None:
        nonlocal shown
        # A text that is written again is shown only as far as it goes on like the one that was seen.
        if text.startswith(shown):
            tell(slot.name, text[len(shown) :])
            shown = text

    for number in range(tries):
        answer = await _answer(speaker, prompt, before, slot, _varied(options, number), show)
        text = answer.finish()
        if speaker.way.takes_slots and isinstance(prompt, Prompt):
            show(text)
            return _as_ours(answer, text)
        kept = held(slot, text)
        if kept is not None and (kept or number == tries - 1 or not slot.about):
            show(kept)
            return SlotResult(kept, answer.reason, tuple(range(answer.tokens)), 0.0, 0)
        _expect_text(answer, speaker)
    if slot.choices:
        return SlotResult(slot.choices[0], "given up", (), 0.0, 0)
    # What it has to say is then written again, or stated plainly; of a further candidate nothing is needed.
    if slot.about or slot.known is not None or slot.sentences or slot.words or tries == 1:
        return SlotResult("", "given up", (), 0.0, 0)
    raise TemplateError(
        f"slot {slot.name!r}: what {speaker.model} wrote did not meet what it is held to, {tries} times; choose a "
        "template that asks for sentences, or a model on this machine"
    )


async def _answer(
    speaker: Speaker,
    prompt: str | Prompt,
    before: str,
    slot: Slot,
    options: GenerationOptions,
    show: Callable[[str], None],
) -> Answer:
    """Return the answer to one request, sent again as long as what is in the way may pass."""
    retries = speaker.retries()
    while True:
        way = speaker.way
        asking = _asking(speaker, prompt, before, slot, options)
        answer = Answer(slot, options, after=before, begun=asking.begun, echoes=asking.echoes)
        try:
            async with aclosing(speaker.client.write(asking.path, asking.body)) as pieces:  # type: ignore[type-var]
                async for delta in pieces:
                    answer.take(delta)
                    show(answer.shown)
                    if answer.ended:
                        break
            speaker.is_lost = False
            return answer
        except Again as failure:
            try:
                await retries.pause(failure)
            except ServerError:
                speaker.is_lost = True
                raise
        except ServerError as error:
            speaker.way = _other_way(way, error)


def _asking(speaker: Speaker, prompt: str | Prompt, before: str, slot: Slot, options: GenerationOptions) -> Asking:
    if speaker.way.takes_slots and isinstance(prompt, Prompt) and not prompt.infills:
        return ask_ours(prompt, before, slot, options, model=speaker.model)
    return ask(prompt, before, slot, options, model=speaker.model, way=speaker.way, words=True)


def _other_way(way: Way, error: ServerError) -> Way:
    """Return the way to speak to a server that does not know this one; raises the error where that is not the cause."""
    message, is_refused = str(error).lower(), error.status in (400, 404, 422, 500)
    # llama.cpp says that a prefill does not go with thinking, a server of ours that is older that it has no such field.
    unknown = ("continue_final_message", "prefill", "there is no such field")
    if is_refused and way.continues and any(each in message for each in unknown):
        return replace(way, continues=False, takes_slots=False)
    if is_refused and way.talks and "chat template" in message:
        return replace(way, talks=False)
    raise error


def _varied(options: GenerationOptions, number: int) -> GenerationOptions:
    """Return the options of a further try, which is sampled: else it would be the same again."""
    if number == 0:
        return options
    temperature = options.temperature or _TEMPERATURE
    return replace(options, seed=candidate_seed(options.seed, 100 + number), temperature=temperature)


def _as_ours(answer: Answer, text: str) -> SlotResult:
    """Return the result of a slot that a server of our own filled as a local model does."""
    likelihood, chosen = answer.facts.get("log_likelihood"), answer.facts.get("chosen")
    known = isinstance(likelihood, float | int) and isinstance(chosen, int)
    reason = answer.facts.get("reason")
    return SlotResult(
        text,
        reason if isinstance(reason, str) else answer.reason,
        tuple(range(answer.tokens)),
        float(likelihood) if known else 0.0,  # type: ignore[arg-type]
        chosen if known else 0,  # type: ignore[arg-type]
    )


def _expect_text(answer: Answer, speaker: Speaker) -> None:
    """Raise ServerError for a model that has thought aloud for all of its tokens."""
    if answer.thought and not answer.tokens:
        raise ServerError(
            f"{speaker.model} only thinks aloud, for all tokens that its text may have; serve it without thinking "
            "(enable_thinking in the chat template of vLLM and SGLang), or give more --max-tokens"
        )
