"""Reading the HTML of a message as lines, each with its level of quoting."""

from __future__ import annotations

import html
import re
from collections import Counter
from html.parser import HTMLParser

from dalle_kit.examples.replies import Line

_HIDDEN = {"script", "style", "title", "template"}
_LINES = {
    "address",
    "article",
    "div",
    "dl",
    "h1",
    "h2",
    "h3",
    "h4",
    "h5",
    "h6",
    "hr",
    "li",
    "ol",
    "pre",
    "table",
    "tr",
    "ul",
}
_PARAGRAPHS = {"p", "blockquote"}
_WITHOUT_END = {"br", "hr", "img", "meta", "link", "input", "area", "base", "col", "wbr"}
#: How mail programs mark what they quote, beside blockquote.
_QUOTE = re.compile(
    r"gmail_quote|gmail_extra_quote|yahoo_quoted|moz-cite-prefix|OLK_SRC_BODY_SECTION|divRplyFwdMsg|appendonsend"
)
_COMMENT, _DECLARATION = re.compile(r"<!--.*?-->", re.DOTALL), re.compile(r"<![^>]*>")
_TAG = re.compile(r"<[a-zA-Z/!?]")


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[Line] = []
        self.text: list[str] = []
        self.hidden = self.depth = 0
        self.open: list[tuple[str, bool]] = []
        self.counts = Counter[str]()  # of the open tags: a page may have thousands that end nowhere, or never began

    def end_line(self, *, always: bool = False) -> None:
        text = "".join(self.text).strip()
        if text or always:
            self.lines.append((self.depth, text))
        self.text = []

    def end_paragraph(self) -> None:
        self.end_line()
        if self.lines and self.lines[-1][1]:
            self.lines.append((self.depth, ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag == "body":
            self.hidden = 0  # whatever in the head was left open
        elif tag == "br":
            self.end_line(always=True)
        elif tag in _PARAGRAPHS:
            self.end_paragraph()
        elif tag in _LINES:
            self.end_line()
            self.text = ["- "] if tag == "li" else []
        elif tag in ("td", "th"):
            self.text.append(" ")
        if tag not in _WITHOUT_END:
            marks = " ".join(value or "" for name, value in attrs if name in ("class", "id"))
            quotes = tag == "blockquote" or bool(_QUOTE.search(marks))
            if quotes:
                self.end_line()
            self.open.append((tag, quotes))
            self.counts[tag] += 1
            self.depth += quotes

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in _PARAGRAPHS:
            self.end_paragraph()
        elif tag in _LINES:
            self.end_line()
        while self.counts[tag]:
            name, quotes = self.open.pop()
            if quotes:
                self.end_line()
                self.depth -= 1
            self.counts[name] -= 1
            if name == tag:
                break

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text.append(re.sub(r"\s+", " ", data))


def html_lines(source: str) -> list[Line]:
    """Return the lines of an HTML text, each with its level of quoting."""
    # Python's parser looks for the end of each comment, declaration and tag anew, in time that grows with the square
    # of those that have none; so it gets none of these.
    source = _without_comments(source)
    end = source.rfind(">") + 1
    reader = _Reader()
    reader.feed(_DECLARATION.sub("", source[:end]))
    reader.close()
    reader.handle_data(html.unescape(_TAG.split(source[end:], maxsplit=1)[0]))
    reader.end_line()
    return reader.lines


def _without_comments(source: str) -> str:
    end = source.rfind("-->") + 3 if "-->" in source else 0
    return _COMMENT.sub("", source[:end]) + source[end:].replace("<!--", "")
