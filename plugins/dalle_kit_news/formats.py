"""The ways to write a finished article; each but the plain text says that it is a draft."""

from __future__ import annotations

from dalle_kit import Format
from dalle_kit_news.article import plain_text
from dalle_kit_news.linked_data import write_jsonld
from dalle_kit_news.markdown import write_markdown
from dalle_kit_news.page import write_html

FORMATS = (
    Format("text", plain_text, "plain text"),
    Format("markdown", write_markdown, "Markdown with front matter, as a draft", ".md", "text/markdown; charset=utf-8"),
    Format("html", write_html, "a web page", ".html", "text/html; charset=utf-8"),
    Format("jsonld", write_jsonld, "schema.org, with the disclosure of AI", ".jsonld", "application/ld+json"),
)
