"""The grammar of prose: finished sentences that name and count only what is known.

A text is words with one space between them. The words of a grounded text are lower-case ones, which are free, and
those of the known texts; a sentence begins with a known word or with one of ``SENTENCE_OPENERS``. Without known texts
any word goes. The words are the grammar's terminals, each with the space before it and the punctuation after it, so
that they end at white space alone; rules count words and sentences. That keeps the masks fast: the terminals are the
same throughout the text.

What holds across words (a number of words, a forbidden text with a space in it) is left to further grammars, the
guards. They are made so that all together never forbid every continuation.
"""

from __future__ import annotations

import functools
import itertools
import re
from dataclasses import dataclass, replace

from dalle_kit.engine.constraints.known import TITLES, Known, known_words
from dalle_kit.engine.constraints.lark import exactly, forbidden, is_class, one_of, repeat, terminal
from dalle_kit.engine.constraints.openers import SENTENCE_OPENERS

#: The small letters of living alphabets; Unicode has more, for mathematics, that a model may stumble into.
_SMALL = "a-z\u00df-\u00f6\u00f8-\u017f\u0219\u021b"
#: Those of further alphabets, for texts that use them.
_FURTHER = ("\u03ac-\u03ce", "\u0430-\u045f")

#: The most words of a sentence.
LONGEST = 40

#: The most words between two that have to be mentioned.
_BETWEEN = 10

#: What free prose may not hold: what stands for something that is to be filled in.
_PLACEHOLDERS = (
    r"_{2,}|X{3,}|\.\.|(?:Your|Company|Recipient|Recipient['\u2019]s|Sender|Client|Manager|Insert) "
    "(?:Full |First |Last )?(?:Name|Title|Position|Company|Address|Date|Here)"
)
_ENDINGS = re.compile(r"[.?!][\"'\u2019\u201d)]*(?=\s|\Z)")


@dataclass(frozen=True, slots=True)
class Prose:
    """What is asked of a text in sentences; ranges are (least, most), ``known`` None is any word.

    ``mentions`` are words that the first sentence holds, in this order; ``delay*`` is any that begins so.
    """

    sentences: tuple[int, int] | None = None
    words: tuple[int, int] | None = None
    forbid: tuple[str, ...] = ()
    starts_with: str = ""
    known: tuple[str, ...] | None = None
    mentions: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Grammar:
    """A Lark grammar, and more grammars that the whole text has to match as well."""

    lark: str
    guards: tuple[str, ...] = ()


@functools.lru_cache(maxsize=128)
def prose_grammar(prose: Prose, *, lead: str, alphabet: frozenset[str] | None) -> Grammar:
    """Return the grammar of a text after ``lead`` (a space or nothing).

    ``alphabet`` are the characters that the tokenizer can write, None if it can write all. Raises ValueError for bounds
    that no text can keep.
    """
    least, most = prose.sentences or (1, None)
    barred = [entry if is_class(entry) else re.escape(entry) for entry in prose.forbid]
    if all(any(re.search(entry, end) for entry in barred) for end in ".?!"):
        raise ValueError("forbid leaves no way to end a sentence (. ? !)")
    paragraphs = most != 1 and (alphabet is None or "\n" in alphabet)
    apart = tuple(entry for entry in prose.forbid if is_class(entry) or not re.search(r"\s", entry))
    known = None if prose.known is None else _writable_words(prose.known, alphabet)
    gap = r"(?: |\n\n)" if paragraphs else " "
    lines = [
        "start: text",
        *(_free_words() if known is None else _known_words(known, _small_letters(prose.known or ()))),
        *_word_terminals(exactly(lead), gap, quotes="" if known is not None else "[\"'\u2019\u201d]*"),
    ]
    if prose.words:
        lines += _counted_words(*prose.words)
    else:
        lines += _counted_sentences(prose.starts_with.strip(), exactly(lead), least, most)
    if prose.mentions:
        lines = [line for line in lines if not line.startswith("one: ")]
        lines += _mentioning(prose.mentions, exactly(lead))
    return Grammar("\n".join(_without(apart, lines) if apart else lines), _guards(prose, known))


def _guards(prose: Prose, known: Known | None) -> tuple[str, ...]:
    """Return the grammar of what must not occur across words, if there is anything."""
    phrases = [entry for entry in prose.forbid if not is_class(entry) and re.search(r"\s", entry)]
    barred = [exactly(_cut(phrase, known)) for phrase in phrases]
    if known is None:
        barred.append(_PLACEHOLDERS)
    return ("start: GUARD\nGUARD: ~" + terminal(f"(?s:.*)(?:{'|'.join(barred)})(?s:.*)"),) if barred else ()


def _cut(phrase: str, known: Known | None) -> str:
    """Return as much of a forbidden phrase as leaves another way to go on, wherever it is refused.

    A known word that has begun can only be finished; so what is refused is the letter that tells it from the others.
    """
    before, _, last = phrase.rpartition(" ")
    if known is None or not last or last[0].islower():
        return phrase
    others = [word for word in (*known.anywhere, *known.opening) if not word.startswith(last)]
    shared = max((_shared(word, last) for word in others), default=0)
    return f"{before} {last[: shared + 1]}"


def _shared(first: str, second: str) -> int:
    """Return how many letters two words have in common at their beginnings."""
    pairs = zip(first, second, strict=False)
    return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], pairs))


def _writable_words(texts: tuple[str, ...], alphabet: frozenset[str] | None) -> Known:
    """Return the words of the known texts and those that any sentence may begin with, if they can be written whole."""
    known = known_words(texts)
    opening = (*SENTENCE_OPENERS, *known.opening)
    if alphabet is None:
        return replace(known, opening=opening)
    return replace(
        known,
        anywhere=tuple(word for word in known.anywhere if set(word) <= alphabet),
        opening=tuple(word for word in opening if set(word) <= alphabet),
    )


def finished_part(text: str) -> str:
    """Return the finished sentences that a text begins with, the text itself where there are none."""
    ends = [found.end() for found in _ENDINGS.finditer(text) if _ends_sentence(text, found.start(), found.end())]
    return text[: ends[-1]] if ends else text


def _ends_sentence(text: str, mark: int, end: int) -> bool:
    """Say whether a full stop ends a sentence, not an abbreviation: what follows does not go on in lower case."""
    following = text[end:].lstrip()
    word = text[:mark].split()[-1:] or [""]
    return word[0].strip("(\"'") not in TITLES and not following[:1].islower()


def _small_letters(texts: tuple[str, ...]) -> str:
    told = "".join(texts).lower()
    return _SMALL + "".join(letters for letters in _FURTHER if re.search(f"[{letters}]", told))


def _known_words(known: Known, small: str) -> list[str]:
    """Return the terminals of words where only known ones may name and count."""
    named = _any_apostrophe(one_of(known.anywhere or ("I",)))
    openers = _any_apostrophe(one_of(known.opening or ("I",)))
    return [
        rf"PART: /[{small}]+/ & ~{terminal('|'.join(known.held))}",
        "LOW: PART (/['\u2019-]/ PART)* /['\u2019]?/",
        "SELF: /I(?:['\u2019](?:m|ve|ll|d))?/",
        f"NAMED: {terminal(named)} /(?:['\u2019]s?)?/",
        f"OPEN: {terminal(openers)} /(?:['\u2019](?:s|re|ll|ve|d))?/ | NAMED | SELF",
        "WITHIN: LOW | NAMED | SELF",
    ]


def _any_apostrophe(regex: str) -> str:
    return re.sub("['\u2019]", "['\u2019]", regex)


def _free_words() -> list[str]:
    """Return the terminals of words that may be anything but brackets; abbreviations may end in a full stop."""
    titles = one_of(tuple(sorted(TITLES)))
    return [
        r"STOPPED: /.*[.?!:;,]['\"\u2019\u201d]*/".replace(r"\u2019\u201d", "\u2019\u201d"),
        rf"SHORT: /(?:{titles}|\p{{Lu}}|(?:\p{{L}}\.)+\p{{L}})\./",
        r"NAMED: /[^\s\[\]{}<>()]+/ & ~STOPPED",
        "WITHIN: NAMED | SHORT",
        "OPEN: WITHIN & /[\"'\u2018\u201c]?[\\p{Lu}\\p{Lt}\\p{Lo}\\p{N}].*/",
    ]


def _word_terminals(lead: str, gap: str, *, quotes: str) -> list[str]:
    """Return the terminals of words at each place: alone, first or last in a sentence, and around a colon.

    Those of the text's first word begin with ``lead``, those of another sentence's with ``gap``.
    """
    pause, end = f"/[,;]?{quotes}/", f"/[.?!]{quotes}/"
    first = f"/{lead}/ " if lead else ""
    return [
        f"OPENONE: {first}OPEN {pause}",
        f"ONLYONE: {first}OPEN {end}",
        f"OPENNEXT: /{gap}/ OPEN {pause}",
        f"ONLYNEXT: /{gap}/ OPEN {end}",
        f'WORD: " " WITHIN {pause}',
        'BEFORE: " " WITHIN ":"',
        f'NAME: " " NAMED {pause}',
        f'LAST: " " WITHIN {end}',
        f'LASTNAME: " " NAMED {end}',
    ]


def _counted_sentences(start: str, lead: str, least: int, most: int | None) -> list[str]:
    """Return the rules of a text of so many sentences, ``start`` and its own included."""
    begun = len(_ENDINGS.findall(start))
    unfinished = bool(start) and not re.search(_ENDINGS.pattern + r"\Z", start)
    started = begun + unfinished or 1
    if most is not None and started > most:
        raise ValueError(f"starts_with holds more than {most} sentence{'s' if most > 1 else ''}")
    more = repeat("next", max(0, least - started), None if most is None else most - started)
    given = lead + exactly(start)
    if not start:
        text = [f"text: one {more}"]
    elif unfinished:
        text = [f"GIVEN: /{given}[,;]?/", f"GIVENLAST: /{given}[.?!]/", f"text: (GIVEN rest | GIVENLAST) {more}"]
    else:
        text = [f"GIVEN: /{given}/", f"text: GIVEN {more}"]
    return [
        *text,
        "one: OPENONE rest | ONLYONE",
        "next: OPENNEXT rest | ONLYNEXT",
        f"rest: {repeat('item', 0, LONGEST - 2)} (LAST | BEFORE LASTNAME)",
        "item: WORD | BEFORE NAME",
    ]


def _mentioning(mentions: tuple[str, ...], lead: str) -> list[str]:
    """Return the rules of the first sentence where it has to hold some words, in their order, others between them."""
    first = f"/{lead}/ " if lead else ""
    lines = []
    for number, mention in enumerate(mentions):
        stem, any_ending = (mention[:-1], True) if mention.endswith("*") else (mention, False)
        form = _any_apostrophe(exactly(stem)) + (r"\p{Ll}*" if any_ending else "") + "(?:['\u2019]s?)?"
        lines += [f'MENTION{number}: " " /{form}/ /[,;]?/', f'MENTIONEND{number}: " " /{form}/ /[.?!]/']
    capital = _any_apostrophe(exactly(mentions[0].removesuffix("*")[:1].upper() + mentions[0].removesuffix("*")[1:]))
    opening = capital + (r"\p{Ll}*" if mentions[0].endswith("*") else "") + "(?:['\u2019]s?)?"
    between = repeat("item", 0, _BETWEEN)
    last = len(mentions) - 1
    said = "".join(f" {between} MENTION{number}" for number in range(1, last))
    after = f"(MENTIONEND{last} | MENTION{last} {between} (LAST | BEFORE LASTNAME))"
    if last == 0:
        alone = f"OPENFIRST {between} (LAST | BEFORE LASTNAME) | ONLYFIRST"
        lines += [f"one: {alone} | OPENONE {between} {after}", f"ONLYFIRST: {first}/{opening}/ /[.?!]/"]
    else:
        lines.append(f"one: (OPENFIRST | OPENONE {between} MENTION0){said} {between} {after}")
    return [*lines, f"OPENFIRST: {first}/{opening}/ /[,;]?/"]


def _counted_words(least: int, most: int) -> list[str]:
    """Return the rules of a text of so many words: one for each number, within a sentence and after one."""
    lines = ["text: " + " | ".join((["OPENONE in_1"] if most > 1 else []) + ["ONLYONE after_1"])]
    for count in range(1, most + 1):
        left = most - count
        inside = ["LAST after_{}", "WORD in_{}"][: min(left, 2)]
        if left:
            choices = [choice.format(count + 1) for choice in inside]
            choices += [f"BEFORE LASTNAME after_{count + 2}"] * (left > 1) + [f"BEFORE NAME in_{count + 2}"] * (
                left > 2
            )
            lines.append(f"in_{count}: " + " | ".join(choices))
        further = ["ONLYNEXT after_{}", "OPENNEXT in_{}"][: min(left, 2)]
        ends = ['""'] if count >= least else []
        lines.append(f"after_{count}: " + " | ".join([*ends, *(choice.format(count + 1) for choice in further)]))
    return lines


def _without(forbid: tuple[str, ...], lines: list[str]) -> list[str]:
    """Return the grammar with words that hold none of the forbidden texts and characters."""
    words = ("OPENONE", "ONLYONE", "OPENNEXT", "ONLYNEXT", "WORD", "BEFORE", "NAME", "LAST", "LASTNAME", "GIVEN")
    kept = [f"FORBIDDEN: {terminal(forbidden(forbid))}"]
    for line in lines:
        name, _, body = line.partition(": ")
        kept.append(f"{name}: ({body}) & ~FORBIDDEN" if name in (*words, "GIVENLAST") else line)
    return kept
