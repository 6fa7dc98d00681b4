"""A text as paragraphs, lines and sentences, so that a sentence can be judged and dropped by itself."""

# ruff: noqa: RUF001 - typographic quotes and dashes are what it looks for

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, replace

_MARKER = re.compile(r"[ \t]*(?:[-*•–]|\(?\d{1,2}[.)]|[a-z]\))[ \t]+")
#: It begins where a run of marks does, and keeps what it has: a long run would be read from each of its marks on.
_END = re.compile(r"(?<![.!?…。！？])[.!?…。！？]++[\"'”’»)\]]*+\s+")
_FINISHED = re.compile(r"[.!?…。！？][\"'”’»)\]*_]*\Z")
# These stand before a name or a number, so they never end a sentence.
_BEFORE_NAME = set(
    "dr mr mrs ms mx prof st sr sra mme mlle rev hon gen col sgt capt lt fr hr frau dhr mevr ing dipl fig nr tel ext "
    "vs e.g i.e z.b d.h u.a bzw ca cf approx dept rm art bd str resp incl excl p.ex p.es bv bl.a".split()
)
_BEFORE_NUMBER = {"no", "nos", "p", "pp", "vol", "ch", "sec", "n", "núm", "num"}
_MONTHS = re.compile(r"(?:jan|feb|mär|mar|apr|mai|maj|jun|jul|aug|sep|okt|oct|nov|dez|dec)", re.I)


@dataclass(frozen=True, slots=True)
class TextLine:
    """A line: the marker of a list item ("" if it is none), and its sentences."""

    marker: str
    sentences: tuple[str, ...]

    @property
    def text(self) -> str:
        """The line as written."""
        return self.marker + " ".join(self.sentences)


Paragraph = tuple[TextLine, ...]


def split_text(text: str) -> list[Paragraph]:
    """Return the paragraphs of a text; empty lines part them."""
    paragraphs = []
    for block in re.split(r"\n[ \t]*\n", text.replace("\r\n", "\n").replace("\r", "\n")):
        lines = tuple(read_line(line) for line in _unwrapped(block.split("\n")) if line)
        if lines:
            paragraphs.append(lines)
    return paragraphs


def join_text(paragraphs: list[Paragraph]) -> str:
    """Return the text of paragraphs, those without any words left out."""
    blocks = ("\n".join(line.text for line in lines if line.sentences) for lines in paragraphs)
    return "\n\n".join(block for block in blocks if block)


def read_line(line: str) -> TextLine:
    """Take a line apart."""
    line = line.strip()
    marker = _MARKER.match(line)
    start = marker.end() if marker else 0
    return TextLine(line[:start], tuple(split_sentences(line[start:])))


def all_sentences(text: str) -> list[str]:
    """Return the sentences of a text, line by line."""
    return [sentence for lines in split_text(text) for line in lines for sentence in line.sentences]


def split_sentences(text: str) -> list[str]:
    """Return the sentences of one line, without the spaces between them."""
    sentences, start = [], 0
    for match in _END.finditer(text):
        if _ends_sentence(text[start : match.end()].rstrip(), text[match.end() :]):
            sentences.append(text[start : match.end()].strip())
            start = match.end()
    return [sentence for sentence in (*sentences, text[start:].strip()) if sentence]


def is_finished(sentence: str) -> bool:
    """Say whether a sentence ends as sentences do."""
    return bool(_FINISHED.search(sentence.rstrip()))


def same_words(sentence: str) -> str:
    """Return what two sentences have in common if they say the same in the same words."""
    return " ".join(re.findall(r"\w+", sentence.casefold()))


def keep_sentences(text: str, keep: Callable[[str], bool]) -> str:
    """Return a text without the sentences that ``keep`` refuses; paragraphs and lists stay."""
    paragraphs = [
        tuple(replace(line, sentences=tuple(filter(keep, line.sentences))) for line in lines)
        for lines in split_text(text)
    ]
    return join_text(paragraphs)


def _ends_sentence(sentence: str, rest: str) -> bool:
    if not rest or rest[0].islower():
        return not rest
    if not sentence.endswith("."):
        return True
    word = sentence.split()[-1].rstrip(".").lstrip("(\"'“„«[").casefold()
    if word in _BEFORE_NAME or (word in _BEFORE_NUMBER and rest[0].isdigit()):
        return False
    if re.fullmatch(r"\w", word) and not word.isdigit() and sentence.split()[-1][0].isupper():
        return word == "i"
    if word.isdigit() and len(word) <= 2:
        return not _MONTHS.match(rest)
    # "p.m.", "etc." and the like end a sentence only before a capital letter, which rest[0] is by now unless a digit.
    return not (re.fullmatch(r"[ap]\.?m|etc|u\.s|inc|ltd|jr", word) and rest[0].isdigit())


def _unwrapped(lines: list[str]) -> list[str]:
    """Join lines that were broken in mid-sentence."""
    joined: list[str] = []
    for line in map(str.strip, lines):
        before = joined[-1] if joined else ""
        if len(before) >= 50 and not re.search(r"[.!?…:;]\W*\Z", before) and line and not _MARKER.match(line):
            joined[-1] = f"{before} {line}"
        else:
            joined.append(line)
    return joined
