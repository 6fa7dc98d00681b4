"""The form of a text: nothing left to be filled in, nothing broken off, nothing said twice, no talk about the task."""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence

from dalle_kit.checks.notes import says_surely
from dalle_kit.checks.sentences import Paragraph, all_sentences, is_finished, same_words, split_text
from dalle_kit.records import Finding

PLACEHOLDER = re.compile(
    r"\[(?=[^\[\]\n]*[^\W\d_])[^\[\]\n]{1,60}\]"
    r"|<(?![^<>\n]*[@/:])[^\W\d_][^<>\n]{0,40}>"
    r"|(?<!\{)\{++[^{}\n]{1,40}\}+"
    r"|\b(?:[Yy]our|YOUR|Recipient(?:'s|’s)?|Sender(?:'s|’s)?|Manager(?:'s|’s)?) "
    r"(?:(?:Full|First|Last|FULL|FIRST|LAST) )?(?:Name|NAME|Title|Position|Company|Signature|Email|"
    r"Phone Number|Contact Information)\b"
    r"|\b(?:Company|Recipient|Sender) Name\b"
    r"|\binsert [\w ]{1,30} here\b"
    r"|_{3,}|\bX{2,}(?:[/:.\-]X{2,})+|\bX{3,}\b"
)
DANGLING = re.compile(
    r"(?<![\s,;:(\[{<\-–—\"“„/&])(?:[\s,;:(\[{<\-–—\"“„/&]|\b(?:and|or|but|the|a|an|of|to|with|for|in|on|at|by|from|as|that|which|und|oder|der|die|das|"
    r"et|ou|le|la|les|de|y|o|el|en))+\Z",
    re.IGNORECASE,
)
_WORKS = "e-?mail|message|draft|reply|response|letter|version|body|article|story|report|text|summary|paragraph"
_OPENING_CHATTER = re.compile(
    r"(?:sure|certainly|of course|absolutely|okay|ok)(?: thing)?(?:[,!.:]|\Z)"
    r"(?:\s*\Z|.*\b(?:here|below|e-?mail|draft|reply|article)\b.*\Z)"
    r"|(?:here(?:'s|’s| is| are)|below is|this is|i(?:'ve|’ve| have) (?:written|drafted|prepared))\b.*"
    rf"\b(?:{_WORKS})\b.*:\Z"
    r"|(?:please )?(?:write|compose|draft|generate|create) (?:an?|the|me an?) .*"
    r"\b(?:e-?mail|reply|message|article)\b.*",
    re.IGNORECASE,
)
_CHATTER = re.compile(
    r"as an? (?:ai|artificial intelligence)\b.*|.*\bas an? (?:ai )?language model\b.*"
    r"|(?:please )?(?:feel free to|remember to|make sure to)? ?(?:modify|adjust|edit|customi[sz]e|"
    r"personali[sz]e|replace)\b.*\b(?:e-?mail|draft|template|placeholders?|brackets)\b.*"
    r"|let me know if you(?:'d|’d| would) like me to (?:change|revise|adjust|modify|edit|make)\b.*"
    r"|[(\[]?note: .*\b(?:e-?mail|template|placeholders?)\b.*",
    re.IGNORECASE,
)
#: The headings under which a prompt lists what is asked for, and the marks of a chat.
_PROMPT = re.compile(
    r"^\W{0,3}(?:subject|headline|notes|points|key points|facts|tone|length|instructions?|user|assistant|system)"
    r"[ \t]*:.*$"
    r"|<\|[^|<>\n]*\|>|</?s>|^write the (?:news article|e-?mail)\b.*$",
    re.IGNORECASE | re.MULTILINE,
)
_SHORTEST_ECHO = 2


def form(
    text: str,
    *,
    known: str = "",
    notes: Sequence[str] = (),
    slot: str | None = None,
    ends_line: bool = True,
    before_list: bool = False,
) -> list[Finding]:
    """Return what is wrong with the form of a text, whatever it says.

    ``known`` are the user's own words, which may look as they like. ``notes`` are the notes it was written from: a
    sentence that is nothing but one of them gives a note. ``ends_line`` is False where more words follow on the same
    line, ``before_list`` True where a list does.
    """
    findings = [
        Finding("placeholder", "error", f"{match.group()!r} is left to be filled in", slot, match.span())
        for match in placeholders(text, known=known)
    ]
    findings += _leaks(text, known, slot)
    if ends_line:
        findings += _unfinished(text, known, slot, before_list=before_list)
    return [*findings, *_repeated(text, slot), *_echoes(text, notes, slot)]


def placeholders(text: str, *, known: str) -> list[re.Match[str]]:
    """Return the placeholders in a text that are not the user's own words."""
    return [match for match in PLACEHOLDER.finditer(text) if match.group() not in known]


def is_chatter(sentence: str, *, opening: bool) -> bool:
    """Say whether a sentence is the model talking to its user instead of writing the text."""
    return bool(_CHATTER.fullmatch(sentence) or (opening and _OPENING_CHATTER.fullmatch(sentence)))


def ends_well(paragraphs: Sequence[Paragraph], *, known: str, before_list: bool = False) -> bool:
    """Say whether a text ends with a whole sentence, a list item, an address or a link the user gave, or a symbol."""
    lines = paragraphs[-1]
    last = lines[-1].sentences[-1]
    if is_finished(last):
        return True
    if before_list and last.endswith(":"):
        return True
    if lines[-1].marker and not DANGLING.search(last):
        others = [line.sentences[-1] for line in lines[:-1] if line.marker and line.sentences]
        return not others or not all(is_finished(other) for other in others)
    final = last.split()[-1]
    return (("://" in final or "@" in final) and final in known) or not re.search(r"[\w,;:(\[{<\-–—\"'“&/]\Z", last)


def _leaks(text: str, known: str, slot: str | None) -> Iterable[Finding]:
    for match in _PROMPT.finditer(text):
        if match.group().strip() not in known:
            message = f"part of the instructions stands in the text: {match.group()[:60]!r}"
            yield Finding("leaked instruction", "error", message, slot, match.span())
    for place, sentence in enumerate(all_sentences(text)):
        if is_chatter(sentence, opening=place == 0 and " " in sentence):
            message = f"the model talks about its task: {sentence[:60]!r}"
            yield Finding("leaked instruction", "error", message, slot, span_of(sentence, text))


def _unfinished(text: str, known: str, slot: str | None, *, before_list: bool) -> Iterable[Finding]:
    paragraphs = split_text(text)
    while paragraphs and not paragraphs[-1][-1].sentences:
        paragraphs = [*paragraphs[:-1], paragraphs[-1][:-1]] if len(paragraphs[-1]) > 1 else paragraphs[:-1]
    if paragraphs and not ends_well(paragraphs, known=known, before_list=before_list):
        last = paragraphs[-1][-1].sentences[-1]
        start = text.rfind(last)
        span = (start, start + len(last)) if start >= 0 else None
        yield Finding("unfinished sentence", "error", f"the text breaks off: {last[-60:]!r}", slot, span)


def _repeated(text: str, slot: str | None) -> Iterable[Finding]:
    seen: set[str] = set()
    for sentence in all_sentences(text):
        words = same_words(sentence)
        if words and words in seen:
            yield Finding("repeated sentence", "warning", f"said before: {sentence[:80]!r}", slot)
        seen.add(words)


def _echoes(text: str, notes: Sequence[str], slot: str | None) -> Iterable[Finding]:
    """Yield a finding for each sentence that is a note, and no whole sentence: that may be said as it was typed."""
    told = {same_words(note) for note in notes}
    for sentence in all_sentences(text):
        words = same_words(sentence)
        if words in told and words.count(" ") + 1 >= _SHORTEST_ECHO and not says_surely(sentence):
            message = f"only a note, not a sentence written from it: {sentence[:80]!r}"
            yield Finding("echo of a note", "note", message, slot, span_of(sentence, text))


def span_of(sentence: str, text: str) -> tuple[int, int] | None:
    """Return where a sentence stands in a text; None if lines were joined to make it."""
    start = text.find(sentence)
    return (start, start + len(sentence)) if start >= 0 else None
