"""How often an explanation finds what a sentence is from, where that is known.

python benchmarks/planted_facts.py [--orders N]

E-mails are written from three notes each, every one with a word that no other has: the sentence with that word is from
that note. Examples give no facts to what is written, so for these a sentence of one of the three examples is put in the
place of each written one: that sentence is from that example. Printed is the share of the sentences whose heaviest part
is the right one, with a 95 % interval, what guessing would give, how often leaving out the heaviest part takes more
from a sentence's likelihood than leaving out another one does, and the time.
"""

from __future__ import annotations

import argparse
import random
import statistics
import time
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace

from dalle_kit import Kit, make_examples
from dalle_kit.evaluation.statistics import estimate
from dalle_kit.explain import Explanation, Sentence
from dalle_kit.models.spec import silent

#: Notes by the word that only they have.
NOTES: Mapping[str, str] = {
    "Leeds": "the warehouse in Leeds is closed on Monday",
    "pumps": "the pumps arrive on 12 June",
    "Carla": "please send the invoice to Carla",
    "forklift": "the driver needs a forklift",
    "B12": "we meet in room B12",
    "kettle": "the kettle on the second floor is broken",
    "310": "the repair costs 310 euros",
    "Quentin": "Quentin has the keys to the van",
    "badge": "every visitor needs a badge",
    "garden": "the garden party starts at 15:00",
    "contract": "the contract ends in March",
    "printer": "the new printer is next to the lift",
    "train": "my train arrives at 9:40",
    "Oslo": "the office in Oslo has a new phone number",
    "chairs": "please bring 40 chairs to hall C",
    "password": "the password changes on Friday",
    "report": "the report is due next Wednesday",
    "vegetarian": "two of the guests are vegetarian",
    "parking": "parking is free after 18:00",
    "Milan": "the flight to Milan was cancelled",
    "samples": "the samples were sent yesterday",
    "heating": "the heating will be off until noon",
    "Yusuf": "Yusuf is on holiday until 4 May",
    "alarm": "the fire alarm is tested at 11:00",
    "budget": "the budget was cut by 5 percent",
    "paint": "the paint is still wet in the hall",
    "towels": "please return the towels to the reception",
    "server": "the server is down for maintenance",
    "Greta": "Greta takes over the project",
    "coffee": "the coffee machine was repaired",
    "tickets": "the tickets cost 12 euros each",
    "bridge": "the bridge on Mill Road is blocked",
    "survey": "please fill in the survey by Thursday",
}

#: Sentences of letters by others, of which nothing is in the notes.
SENTENCES = (
    "The bins go out on Tuesday, so could you take ours too?",
    "I will bring my own plates to the picnic.",
    "Zoltan has a spare bicycle in his cellar.",
    "The neighbours are painting their fence green.",
    "My sister moves to Lisbon in the autumn.",
    "We found your umbrella under the bench.",
    "The choir rehearses in the old chapel now.",
    "Her parrot learned to whistle a waltz.",
    "The bakery closes early in the winter.",
    "They planted three cherry trees by the pond.",
    "Our tent leaks when the wind blows from the west.",
    "The museum lends out its telescopes.",
    "A fox sleeps behind the tool shed.",
    "The ferry was late because of the fog.",
    "He repairs accordions in his spare time.",
)


@dataclass(frozen=True, slots=True)
class Trial:
    """A sentence of known origin: whether its heaviest part is the right one, and what guessing would give."""

    is_found: bool
    chance: float
    is_faithful: bool


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").split("\n", 1)[0])
    parser.add_argument("--orders", type=int, default=4, help="orders of the parts that are sampled for each document")
    orders = parser.parse_args().orders
    kit = Kit()
    kit.load()
    print(f"{'planted in':<12} {'sentences':>9} {'found':>6} {'95 % interval':>16}", end="")
    print(f" {'guessing':>9} {'faithful':>9} {'s':>6}")
    for name, trials in (("a note", notes(kit, orders)), ("an example", examples(kit, orders))):
        found: list[Trial] = []
        times = []
        start = time.perf_counter()
        for batch in trials:
            times.append(time.perf_counter() - start)
            found += batch
            start = time.perf_counter()
        share = estimate([float(each.is_found) for each in found], share=True)
        assert share is not None
        faithful = statistics.mean(each.is_faithful for each in found)
        chance = statistics.mean(each.chance for each in found)
        interval = f"{share.low:.0%} to {share.high:.0%}"
        print(
            f"{name:<12} {share.n:>9} {share.mean:>6.0%} {interval:>16} {chance:>9.0%} {faithful:>9.0%} "
            f"{statistics.median(times):>6.1f}"
        )


def notes(kit: Kit, orders: int) -> Iterator[list[Trial]]:
    """Yield the trials of each e-mail: a sentence that has the word of a note is from it."""
    words = list(NOTES)
    random.Random(0).shuffle(words)
    for start in range(0, len(words), 3):
        chosen = words[start : start + 3]
        # With repair, notes that are whole sentences stand as they were typed, and have no weights.
        with kit.stream("email", fields([NOTES[word] for word in chosen]), repair=False) as stream:
            stream.finish()
            found = stream.explain(orders=orders)
        trials = []
        for sentence in found.sentences:
            planted = [place for place, word in enumerate(chosen) if word.lower() in sentence.text.lower()]
            if sentence.weights and len(planted) == 1:
                trials.append(trial(found, sentence, f"points[{planted[0]}]"))
        yield trials


def examples(kit: Kit, orders: int) -> Iterator[list[Trial]]:
    """Yield the trials of each e-mail whose sentences are those of its examples."""
    drawn, words = random.Random(1), list(NOTES)
    for _ in range(10):
        sentences = drawn.sample(SENTENCES, 3)
        letters = [f"Hi,\n\n{each}\n\nCheers,\nOle" for each in sentences]
        asked = fields([NOTES[word] for word in drawn.sample(words, 3)])
        like = [make_examples(letters, kind="email")]
        with kit.stream("email", asked, like=like, repair=False, candidates=1) as stream:
            document = stream.finish()
            slots = dict(zip(document.slots, sentences, strict=True))
            found = stream._explain(replace(document, slots=slots), orders=orders, progress=silent)
        yield [
            trial(found, sentence, next(part.name for part in found.parts if sentence.text in part.text))
            for sentence in found.sentences
            if sentence.weights
        ]


def fields(points: list[str]) -> dict[str, object]:
    """Return a request with some notes."""
    return {"to": ["Ana Duarte <ana@example.com>"], "subject": "News", "points": points, "sender": "Ben Okoro"}


def trial(found: Explanation, sentence: Sentence, name: str) -> Trial:
    """Return whether the heaviest part of a sentence is the one of that name."""
    heaviest = found.parts[sentence.weights[0].part]
    return Trial(heaviest.name == name, 1 / len(sentence.weights), sentence.is_faithful)


if __name__ == "__main__":
    main()
