"""Articles as Markdown with YAML front matter, the form that site generators read."""

from __future__ import annotations

import re

from dalle_kit import Document
from dalle_kit_news.article import Article, Block, read_article
from dalle_kit_news.request import ArticleRequest

#: Marks of Markdown and of raw HTML, and the braces of shortcodes, wherever they stand.
_MARKS = re.compile(r"[\\`*_{}\[\]<>&~|$:]")
#: What makes a block of its own at the beginning of a line.
_FIRST = re.compile(r"\A([#+=-]|\d{1,9}(?=[.)]))")


def write_markdown(document: Document) -> str:
    """Return the front matter, which marks a draft, and the text; what the texts hold is never markup."""
    article = read_article(document)
    blocks = "\n\n".join(_blocks(article))
    return f"---\n{_front_matter(document, article)}---\n\n{blocks}\n"


def quoted_yaml(text: str) -> str:
    """Return a text as a double-quoted YAML scalar, on one line, in characters that every parser takes."""
    return '"' + "".join(map(_yaml_character, text)) + '"'


def escape(text: str) -> str:
    """Return a line of text in which nothing is markup."""
    marked = _MARKS.sub(lambda match: f"\\{match[0]}", " ".join(text.split()))
    return _FIRST.sub(lambda match: _escaped_first(match[1]), marked)


def _escaped_first(mark: str) -> str:
    # A number keeps its digits: what is escaped is the point behind it.
    return f"{mark}\\" if mark.isdigit() else f"\\{mark}"


def _yaml_character(character: str) -> str:
    if character in '"\\':
        return f"\\{character}"
    code = ord(character)
    if 0x20 <= code < 0x7F or (code > 0xA0 and code < 0x10000 and character.isprintable()):
        return character
    return f"\\x{code:02x}" if code < 0x100 else f"\\u{code:04x}" if code < 0x10000 else f"\\U{code:08x}"


def _front_matter(document: Document, article: Article) -> str:
    request: ArticleRequest = document.request
    lines = [f"title: {quoted_yaml(article.headline)}", f"date: {document.provenance.created}", "draft: true"]
    texts = {"kicker": article.kicker, "description": article.standfirst}
    texts["dateline"] = getattr(request, "dateline", None) or ""
    lines += [f"{name}: {quoted_yaml(text)}" for name, text in texts.items() if text]
    lists = {
        "authors": request.authors,
        "categories": (request.section,) if request.section else (),
        "sources": article.sources,
    }
    for name, texts_of in lists.items():
        lines += [f"{name}:", *(f"  - {quoted_yaml(text)}" for text in texts_of)] if texts_of else []
    if request.audience:
        lines.append(f"audience: {quoted_yaml(request.audience)}")
    if document.provenance.model:
        lines.append(f"generator: {quoted_yaml(f'dalle-kit, {document.provenance.model}')}")
    return "".join(f"{line}\n" for line in lines)


def _blocks(article: Article) -> list[str]:
    blocks = [f"*{escape(article.kicker)}*"] if article.kicker else []
    blocks += [f"**{escape(article.standfirst)}**"] if article.standfirst else []
    blocks += [escape(article.byline)] if article.byline else []
    blocks += [_block(block) for block in article.blocks]
    if article.sources:
        blocks += ["## Sources", "\n".join(f"- {escape(source)}" for source in article.sources)]
    return blocks


def _block(block: Block) -> str:
    lines = [escape(line) for line in block.lines]
    if block.quote is not None:
        return f"> {escape(block.quote.marked)}\n>\n> \u2014 {escape(block.quote.speaker)}"
    match block.kind:
        case "heading":
            return f"## {lines[0]}"
        case "items":
            return "\n".join(f"- {line}" for line in lines)
        case "steps":
            return "\n".join(f"{number}. {line}" for number, line in enumerate(lines, start=1))
        case _:
            return "\n".join(lines)
