"""A finished document taken apart: what stands above the text, its blocks, and what is known about it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Literal

from dalle_kit import Document
from dalle_kit_news.quotes import Quote
from dalle_kit_news.request import ArticleRequest

Kind = Literal["paragraph", "heading", "items", "steps", "quote"]

_HEADING = re.compile(r"##+ +(\S.*)")
_ITEM = re.compile(r"- +(\S.*)")
_STEP = re.compile(r"\d{1,3}\. +(\S.*)")
_SOURCES = "Sources"


@dataclass(frozen=True, slots=True)
class Block:
    """A part of the text: its lines, without the marks of headings and lists; a quotation has what it quotes."""

    kind: Kind
    lines: tuple[str, ...]
    quote: Quote | None = None


@dataclass(frozen=True, slots=True)
class Article:
    """The parts of an article; what it does not have is "" or empty."""

    kicker: str
    headline: str
    standfirst: str
    byline: str
    blocks: tuple[Block, ...]
    sources: tuple[str, ...]

    @property
    def body(self) -> str:
        """The text below headline and byline as plain text, without the list of sources."""
        return "\n\n".join(_plain(block) for block in self.blocks)


def read_article(document: Document) -> Article:
    """Take a document apart; a template that leaves a part out, or moves it, makes it part of the text."""
    request: ArticleRequest = document.request
    kicker, blocks = _below_headline(document.text, request.headline)
    standfirst = document.slots.get("standfirst", "").strip()
    byline = f"By {request.byline}" if request.byline else ""
    found = dict.fromkeys(("standfirst", "byline"), "")
    for name, expected in (("standfirst", standfirst), ("byline", byline)):
        if expected and blocks and blocks[0] == expected:
            found[name] = blocks.pop(0)
    sources: tuple[str, ...] = ()
    listed = [f"## {_SOURCES}", "\n".join(f"- {source}" for source in request.sources)]
    if request.sources and blocks[-2:] == listed:
        del blocks[-2:]
        sources = request.sources
    quotes = {quote.line: quote for quote in request.quotes}
    read = tuple(_block(text, quotes) for text in blocks)
    return Article(kicker, request.headline, found["standfirst"], found["byline"], read, sources)


def plain_text(document: Document) -> str:
    """Return the document as it reads without marks of headings."""
    lines = document.text.split("\n")
    return "\n".join(match[1] if (match := _HEADING.fullmatch(line)) else line for line in lines)


def is_link(source: str) -> bool:
    """Say whether a source is a link that a page may lead to."""
    return bool(re.fullmatch(r"https?://[^\s<>\"'`\\]+", source, re.IGNORECASE))


def _below_headline(text: str, headline: str) -> tuple[str, list[str]]:
    """Return what stands in the line above the headline, and the blocks below it."""
    blocks = [block.strip("\n") for block in re.split(r"\n[ \t]*\n", text.strip("\n")) if block.strip()]
    first = blocks[0].split("\n") if blocks else []
    if headline in first[:2]:
        place = first.index(headline)
        rest = "\n".join(first[place + 1 :])
        return first[0] if place else "", [*([rest] if rest else []), *blocks[1:]]
    return "", blocks


def _block(text: str, quotes: dict[str, Quote]) -> Block:
    lines = tuple(line.strip() for line in text.split("\n"))
    quote = quotes.get(text)
    if quote is not None:
        return Block("quote", (text,), quote)
    marks: tuple[tuple[Kind, re.Pattern[str]], ...] = (("heading", _HEADING), ("items", _ITEM), ("steps", _STEP))
    for kind, mark in marks:
        matches = [mark.fullmatch(line) for line in lines]
        if all(matches) and (kind != "heading" or len(lines) == 1):
            return Block(kind, tuple(match[1] for match in matches if match))
    return Block("paragraph", lines)


def _plain(block: Block) -> str:
    marks = {"items": ["- "] * len(block.lines), "steps": [f"{number}. " for number in range(1, len(block.lines) + 1)]}
    lead = marks.get(block.kind, [""] * len(block.lines))
    return "\n".join(mark + line for mark, line in zip(lead, block.lines, strict=True))
