"""Articles as a web page: complete, accessible, without scripts."""

from __future__ import annotations

import html

from dalle_kit import Document
from dalle_kit_news.article import Article, Block, is_link, read_article
from dalle_kit_news.request import ArticleRequest


def write_html(document: Document) -> str:
    """Return a page with one heading of the first level, its parts marked as what they are."""
    article = read_article(document)
    request: ArticleRequest = document.request
    head = [
        '<meta charset="utf-8">',
        '<meta name="viewport" content="width=device-width, initial-scale=1">',
        f"<title>{_markup(article.headline)}</title>",
        *_meta("description", article.standfirst),
        *_meta("author", request.byline or ""),
        *_meta("generator", f"dalle-kit, {document.provenance.model}" if document.provenance.model else ""),
    ]
    body = [
        "<main>",
        "<article>",
        *_header(article, document.provenance.created),
        *(_block(block) for block in article.blocks),
        *_footer(article, document),
        "</article>",
        "</main>",
    ]
    return "\n".join(
        ["<!DOCTYPE html>", '<html lang="en">', "<head>", *head, "</head>", "<body>", *body, "</body>", "</html>", ""]
    )


def _header(article: Article, created: str) -> list[str]:
    lines = ["<header>"]
    lines += [f'<p class="kicker">{_markup(article.kicker)}</p>'] if article.kicker else []
    lines.append(f"<h1>{_markup(article.headline)}</h1>")
    lines += [f'<p class="standfirst">{_markup(article.standfirst)}</p>'] if article.standfirst else []
    lines += [f'<p class="byline">{_markup(article.byline)}</p>'] if article.byline else []
    lines.append(f'<p class="date">Draft of <time datetime="{html.escape(created)}">{_markup(created[:10])}</time></p>')
    return [*lines, "</header>"]


def _footer(article: Article, document: Document) -> list[str]:
    lines: list[str] = []
    if article.sources:
        items = (f"<li>{_source(source)}</li>" for source in article.sources)
        lines += ['<section aria-labelledby="sources">', '<h2 id="sources">Sources</h2>', "<ul>", *items, "</ul>"]
        lines.append("</section>")
    if document.provenance.model:
        lines.append(f"<p>Written with a language model ({_markup(document.provenance.model)}), from facts given.</p>")
    return ["<footer>", *lines, "</footer>"] if lines else []


def _block(block: Block) -> str:
    lines = [_markup(line) for line in block.lines]
    if block.quote is not None:
        text, speaker = _markup(block.quote.marked), _markup(block.quote.speaker)
        quotation = f"<blockquote>\n<p>{text}</p>\n</blockquote>"
        return f"<figure>\n{quotation}\n<figcaption>{speaker}</figcaption>\n</figure>"
    match block.kind:
        case "heading":
            return f"<h2>{lines[0]}</h2>"
        case "items" | "steps":
            tag = "ul" if block.kind == "items" else "ol"
            return f"<{tag}>\n" + "\n".join(f"<li>{line}</li>" for line in lines) + f"\n</{tag}>"
        case _:
            return "<p>" + "<br>\n".join(lines) + "</p>"


def _source(source: str) -> str:
    return f'<a href="{html.escape(source)}">{_markup(source)}</a>' if is_link(source) else _markup(source)


def _meta(name: str, content: str) -> list[str]:
    return [f'<meta name="{name}" content="{html.escape(content)}">'] if content else []


def _markup(text: str) -> str:
    """Return text as it stands between tags, where quotation marks mean nothing."""
    return html.escape(text, quote=False)
