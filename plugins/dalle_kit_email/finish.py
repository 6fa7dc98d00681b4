"""Post-processing: what the model wrote becomes the body of an e-mail. Doing it twice changes nothing more."""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from dalle_kit import Draft, Slot
from dalle_kit.checks import (
    DANGLING,
    PLACEHOLDER,
    TextLine,
    all_sentences,
    ends_well,
    is_chatter,
    join_text,
    keep_sentences,
    placeholders,
    same_words,
    split_sentences,
    split_text,
)
from dalle_kit_email import phrases as find
from dalle_kit_email.phrases import Phrases
from dalle_kit_email.request import EmailRequest

_ROUNDS = 100
# A placeholder with the words that only lead up to it: "with [Name]", ", [Company],", "([phone number])".
_LEAD = (
    r"(?:\s*\(\s*|,?\s+(?:with|at|on|in|from|by|of|for|to|as|via|and|or|called|named|mit|am|um|von|bei|für|avec|à|chez|con|com|met|"
    r"med)\s+(?:the\s+|my\s+|our\s+|your\s+)?|,\s*|\s+)?"
)


@dataclass(frozen=True, slots=True)
class Place:
    """Where a slot stands: at the start of a line or after words, before more words or not, before a list."""

    starts_line: bool
    ends_line: bool
    before_list: bool


@dataclass(frozen=True, slots=True)
class Cleaner:
    """What cleaning one slot needs to know; ``seen`` are sentences that may not come again."""

    phrases: Phrases
    known: str
    place: Place
    seen: frozenset[str]

    def clean(self, text: str) -> str:
        """Return the slot's text, cleaned until nothing changes."""
        steps: tuple[Callable[[str], str], ...] = (
            self._without_marks,
            self._without_preamble,
            self._without_stray_lines,
            self._without_ending,
            self._without_chatter,
            self._without_placeholders,
            self._without_repetition,
            self._finished,
        )
        for _ in range(_ROUNDS):
            before = text
            for step in steps:
                text = step(text)
            if text == before:
                break
        return text

    def _without_marks(self, text: str) -> str:
        """Take away Markdown, special tokens and rules; text in quotation marks loses them."""
        text = re.sub(r"<\|[^|<>\n]*\|>|</?s>", "", text)
        text = re.sub(r"^[ \t]*(?:```.*|~~~.*|[-*_=]{3,}[ \t]*)$", "", text, flags=re.MULTILINE)
        text = re.sub(r"^[ \t]{0,3}#{1,6}[ \t]+", "", text, flags=re.MULTILINE)
        text = re.sub(r"\[([^\[\]\n]+)\]\((\S{1,2000}?)\)", r"\1 (\2)", text)
        for pattern in (r"\*\*(?=\S)([^*\n]+?)(?<=\S)\*\*", r"(?<![\w*])\*(?=[^\s*])([^*\n]+?)(?<=\S)\*(?![\w*])"):
            text = re.sub(pattern, lambda match: match[0] if match[0] in self.known else match[1], text)
        text = text.strip()
        if re.fullmatch(r"[\"“][^\"“”]*[\"”]", text):
            text = text[1:-1]
        return join_text(split_text(text))

    def _without_preamble(self, text: str) -> str:
        """Take away what comes before the first sentence of the body: talk, headers, a label, a second greeting."""
        first, _, rest = text.partition("\n")
        if find.is_header(first, leading=True):
            return rest.lstrip()
        sentences = split_sentences(first)
        if sentences and is_chatter(sentences[0], opening=True):
            return f"{first[first.index(sentences[0]) + len(sentences[0]) :].lstrip()}\n{rest}".strip()
        shorter = self.phrases.without_greeting(find.without_label(text))
        if shorter != text and self.place.starts_line:
            shorter = _capitalised(shorter)
        return shorter

    def _without_stray_lines(self, text: str) -> str:
        """Take away headers and greetings that stand on lines of their own."""
        kept = [
            tuple(
                line
                for line in lines
                if not find.is_header(line.text, leading=False) and not self.phrases.is_greeting(line.text)
            )
            for lines in split_text(text)
        ]
        return join_text(kept)

    def _without_ending(self, text: str) -> str:
        """Cut at a second sign-off; names below the last paragraph go as well."""
        lines = text.split("\n")
        for place, line in enumerate(lines):
            if not self.phrases.is_sign_off(line):
                continue
            before, after = "\n".join(lines[:place]), [each for each in lines[place + 1 :] if each.strip()]
            if before.strip() or all(self.phrases.is_name_like(each) for each in after):
                return before.rstrip()
            return "\n".join(after)
        while lines and (not lines[-1].strip() or self.phrases.is_sender(lines[-1])):
            lines.pop()
        if lines:
            lines[-1] = self._without_inline_sign_off(lines[-1])
        return "\n".join(lines).rstrip()

    def _without_inline_sign_off(self, line: str) -> str:
        sentences = split_sentences(line)
        if len(sentences) > 1 and (self.phrases.is_sign_off(sentences[-1]) or self.phrases.is_sender(sentences[-1])):
            return line[: line.rindex(sentences[-1])].rstrip()
        return line

    def _without_chatter(self, text: str) -> str:
        return keep_sentences(text, lambda sentence: not is_chatter(sentence, opening=False))

    def _without_placeholders(self, text: str) -> str:
        """Drop sentences with a placeholder, or only the placeholder where the sentence has something to say."""
        kept = []
        for lines in split_text(text):
            cleaned = (TextLine(line.marker, tuple(map(self._without_placeholder, line.sentences))) for line in lines)
            kept.append(tuple(TextLine(line.marker, tuple(filter(None, line.sentences))) for line in cleaned))
        shorter = join_text(kept)
        if shorter or not text:
            return shorter
        # Nothing else is there: keep what can stand without its placeholders.
        cut = " ".join(filter(None, (self._cut(sentence) for sentence in split_sentences(text.replace("\n", " ")))))
        return cut if re.search(r"\w{3}", cut) and len(cut.split()) > 3 else ""

    def _without_placeholder(self, sentence: str) -> str:
        if not placeholders(sentence, known=self.known):
            return sentence
        numbers = re.findall(r"\d[\d:.]*", PLACEHOLDER.sub("", sentence))
        if not any(number.rstrip(".:") in self.known for number in numbers):
            return ""
        return self._cut(sentence)

    def _cut(self, sentence: str) -> str:
        """Return a sentence without its placeholders and the words that lead up to them."""
        while found := placeholders(sentence, known=self.known):
            first = found[0]
            head = re.sub(_LEAD + r"\Z", "", sentence[: first.start()], count=1)
            tail = sentence[first.end() :]
            if tail.startswith(")") and head.count("(") <= head.count(")"):
                tail = tail[1:]
            sentence = re.sub(r",\s*([.!?,])", r"\1", f"{head}{tail}").strip()
        return _capitalised(sentence.lstrip(",;:. ")) if self.place.starts_line else sentence

    def _without_repetition(self, text: str) -> str:
        seen = set(self.seen)

        def is_new(sentence: str) -> bool:
            words = same_words(sentence)
            if words and words in seen:
                return False
            seen.add(words)
            return True

        return keep_sentences(text, is_new)

    def _finished(self, text: str) -> str:
        """Drop a last sentence that was cut off; one that is all there is gets an end."""
        if not self.place.ends_line:
            return text
        paragraphs = split_text(text)
        while paragraphs and not ends_well(paragraphs, known=self.known, before_list=self.place.before_list):
            last = paragraphs[-1][-1]
            if sum(len(line.sentences) for lines in paragraphs for line in lines) == 1:
                ended = DANGLING.sub("", last.sentences[0])
                return f"{last.marker}{ended}." if re.search(r"\w\W?\Z", ended) else ""
            shorter = TextLine(last.marker, last.sentences[:-1])
            lines = (*paragraphs[-1][:-1], *([shorter] if shorter.sentences else []))
            paragraphs = [*paragraphs[:-1], *([lines] if lines else [])]
        return join_text(paragraphs)


def finish(request: EmailRequest, draft: Draft) -> Draft:
    """Return the draft with each of its free slots cleaned.

    The template's own text stays as it is, and so does a slot that was held to a pattern: its words are the user's.
    """
    phrases, known = Phrases(request), find.known_text(request)
    seen = _not_to_be_echoed(request)
    for index, part in enumerate(draft.skeleton.parts):
        if isinstance(part, Slot):
            text = draft.texts[part.name]
            if part.regex is None:
                text = Cleaner(phrases, known, place_of(draft, index), frozenset(seen)).clean(text)
            seen |= {same_words(sentence) for sentence in all_sentences(text)}
            draft = draft.replace(part.name, text)
    return draft


def place_of(draft: Draft, index: int) -> Place:
    """Return where the slot at ``index`` of the skeleton's parts stands."""
    parts = draft.skeleton.parts
    before = parts[index - 1] if index else "\n"
    after = parts[index + 1] if index + 1 < len(parts) else "\n"
    before_text = before.rstrip(" \t") if isinstance(before, str) else "\n"
    after_text = after.lstrip(" \t") if isinstance(after, str) else "\n"
    return Place(
        starts_line=not before_text or before_text.endswith(("\n", ".", "!", "?")),
        ends_line=not after_text or after_text.startswith("\n"),
        before_list=bool(re.match(r"\s*(?:[-*•]|\d+[.)])\s", after_text)),
    )


def _not_to_be_echoed(request: EmailRequest) -> set[str]:
    """Return the sentences of the answered message and of the instruction; short ones may well come again."""
    told = [request.instruction or "", request.parent.own_text if request.parent else ""]
    sentences = (same_words(sentence) for text in told for sentence in all_sentences(text))
    return {words for words in sentences if words.count(" ") >= 3}


def _capitalised(text: str) -> str:
    """Return a text with a capital first letter, unless it starts with a word like iPhone or an address."""
    first = re.match(r"[^\W\d_]+(?=[\s,.!?;:'’]|\Z)", text)
    upper = text[:1].upper()
    return upper + text[1:] if first and first.group().islower() and len(upper) == 1 else text
