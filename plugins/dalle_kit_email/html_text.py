"""Reading an HTML message as plain text, with ``>`` before what it quotes."""

from __future__ import annotations

import re
from html.parser import HTMLParser

_HIDDEN = {"script", "style", "head", "title", "template"}
_BLOCKS = {
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


class _Reader(HTMLParser):
    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.lines: list[tuple[int, str]] = []
        self.text, self.depth, self.hidden = "", 0, 0

    def end_line(self, *, always: bool = False) -> None:
        if self.text.strip() or always:
            self.lines.append((self.depth, self.text.strip()))
        self.text = ""

    def end_paragraph(self) -> None:
        self.end_line()
        if self.lines and self.lines[-1][1]:
            self.lines.append((self.depth, ""))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag in _HIDDEN:
            self.hidden += 1
        elif tag == "br":
            self.end_line(always=True)
        elif tag in ("p", "blockquote"):
            self.end_paragraph()
            self.depth += tag == "blockquote"
        elif tag in _BLOCKS:
            self.end_line()
            self.text = "- " if tag == "li" else ""
        elif tag in ("td", "th"):
            self.text += " "

    def handle_endtag(self, tag: str) -> None:
        if tag in _HIDDEN:
            self.hidden = max(0, self.hidden - 1)
        elif tag in ("p", "blockquote"):
            self.end_paragraph()
            self.depth = max(0, self.depth - (tag == "blockquote"))
        elif tag in _BLOCKS:
            self.end_line()

    def handle_data(self, data: str) -> None:
        if not self.hidden:
            self.text += re.sub(r"\s+", " ", data)


def html_to_lines(source: str) -> list[tuple[int, str]]:
    """Return the lines of an HTML text, each with its level of quoting."""
    reader = _Reader()
    reader.feed(source)
    reader.close()
    reader.end_line()
    return reader.lines
