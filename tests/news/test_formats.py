"""What each format writes, read by a parser of its own: nothing in a text ever becomes markup."""

from __future__ import annotations

import json
import re
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

import html5lib
import pytest
import yaml
from hypothesis import assume, given, settings
from hypothesis import strategies as st
from markdown_it import MarkdownIt

from dalle_kit import Document, RequestError
from dalle_kit_news.markdown import escape, quoted_yaml

if TYPE_CHECKING:
    from tests.news.conftest import Writer

VOCABULARY = json.loads(Path(__file__).with_name("schema_org.json").read_text(encoding="utf-8"))
KEYWORDS = {"@context", "@type"}
STYLES = [("news", style) for style in ("inverted-pyramid", "brief", "analysis")]
STYLES += [("blog", style) for style in ("post", "how-to", "list", "opinion")]

#: What is markup somewhere, beside letters of one and of several bytes.
ALPHABET = "ab1 \n.)<>&\"'`*_[](){}#+-=:|~\\$!/%@?;\u00e9\u2028\u00a0\u6570\U0001f642"

hostile = st.one_of(
    st.text(ALPHABET, min_size=1),
    st.sampled_from(
        [
            "</h1><script>alert(1)</script>",
            '" onmouseover="x',
            "](javascript:x) ![a](b)",
            "---",
            "# not a heading",
            "1. not a step",
            "- not an item",
            "> not a quotation",
            "{{< shortcode >}}",
            "&lt; &#x41; *a* _b_ `c` ~~d~~ | e |",
            "title: x\n---\nbody",
            "\u2028</script>",
        ]
    ),
)


def check_vocabulary(value: Any) -> None:
    """Assert that a value and what is in it have properties of their class only."""
    if isinstance(value, list):
        for each in value:
            check_vocabulary(each)
    elif isinstance(value, dict):
        unknown = set(value) - KEYWORDS - set(VOCABULARY["types"][value["@type"]])
        assert not unknown
        for each in value.values():
            check_vocabulary(each)


def page(text: str) -> Any:
    """Return the tree of a page that an HTML parser finds nothing wrong with."""
    parser = html5lib.HTMLParser(tree=html5lib.getTreeBuilder("etree"), strict=True, namespaceHTMLElements=False)
    return parser.parse(text)


def words(text: str) -> list[str]:
    return re.findall(r"\w+", text)


@pytest.mark.parametrize(("domain", "style"), STYLES)
def test_jsonld_uses_the_published_vocabulary_and_discloses_the_model(domain: str, style: str, write: Writer) -> None:
    described = json.loads(write(domain, style=style).render("jsonld"))
    check_vocabulary(described)
    assert described["@type"] == {"news": "NewsArticle", "blog": "BlogPosting"}[domain]
    assert described["digitalSourceType"] == "https://schema.org/TrainedAlgorithmicMediaDigitalSource"
    assert described["digitalSourceType"] in VOCABULARY["digitalSourceType"]
    assert described["creativeWorkStatus"] == "Draft" and "datePublished" not in described
    assert [author["name"] for author in described["author"]] == ["Bo Li", "Ines Roth"]
    assert described["hasPart"][0]["text"] == "Safety comes first."
    assert described["citation"] == ["https://example.com/bridge?a=1&b=2", "report of the council"]
    assert ("dateline" in described) == (domain == "news")
    assert "Safety comes first." in described["articleBody"] and "Sources" not in described["articleBody"]


def test_what_is_not_known_is_left_out_of_jsonld(write: Writer) -> None:
    described = json.loads(write(headline="Snow", facts=["10 centimetres"]).render("jsonld"))
    absent = {"author", "dateline", "citation", "audience", "hasPart", "description", "articleSection"}
    assert not absent & set(described)
    assert described["headline"] == "Snow" and described["articleBody"] == "10 centimetres."


@pytest.mark.parametrize(("domain", "style"), STYLES)
def test_a_page_is_complete_and_accessible(domain: str, style: str, write: Writer) -> None:
    tree = page(str(write(domain, style=style).render("html")))
    assert tree.get("lang") == "en"
    assert tree.findtext("head/title") == "Old Mill Bridge closed"
    assert tree.find("head/meta[@charset]") is not None and tree.find("head/meta[@name='viewport']") is not None
    assert [each.text for each in tree.iter("h1")] == ["Old Mill Bridge closed"]
    assert len(list(tree.iter("main"))) == 1 and len(list(tree.iter("article"))) == 1
    assert [link.get("href") for link in tree.iter("a")] == ["https://example.com/bridge?a=1&b=2"]
    assert [each.text for each in tree.iter("figcaption")] == ([] if style == "brief" else ["Ana Silva, mayor"])
    levels = [int(each.tag[1]) for each in tree.iter() if re.fullmatch(r"h\d", str(each.tag))]
    assert levels[0] == 1 and all(later - earlier <= 1 for earlier, later in pairwise(levels))
    assert "language model (scripted)" in "".join(tree.itertext())


@pytest.mark.parametrize(("style", "tag"), [("how-to", "ol"), ("list", "ul")])
def test_steps_and_items_are_lists(style: str, tag: str, write: Writer) -> None:
    document = write("blog", style=style, standfirst=False, sources=[])
    items = [each.text for each in page(str(document.render("html"))).find(f".//{tag}").iter("li")]
    assert items == ["Closed from Monday to 14 June.", "Cracks found in two pillars.", "Detour via Hanfield, 12 km."]
    rendered = MarkdownIt().render(str(document.render("markdown")).split("---\n", 2)[2])
    assert rendered.count("<li>") == 3 and f"<{tag}>" in rendered


@pytest.mark.parametrize(("domain", "style"), STYLES)
def test_front_matter_marks_a_draft(domain: str, style: str, write: Writer) -> None:
    document = write(domain, style=style)
    start, front, body = str(document.render("markdown")).split("---\n", 2)
    data = yaml.safe_load(front)
    assert start == "" and data["draft"] is True and data["title"] == "Old Mill Bridge closed"
    assert data["date"].isoformat() == document.provenance.created
    assert data["authors"] == ["Bo Li", "Ines Roth"] and data["categories"] == ["Transport"]
    assert data["sources"] == ["https://example.com/bridge?a=1&b=2", "report of the council"]
    assert data["description"] == document.slots["standfirst"]
    rendered = MarkdownIt().render(body)
    assert ("<blockquote>" in rendered) == (style != "brief")
    assert "<h1>" not in rendered and rendered.count("<h2>Sources</h2>") == 1


def test_the_text_has_no_marks_of_headings(write: Writer) -> None:
    text = str(write(style="analysis").render("text"))
    assert "\n\nVoices\n\n" in text and "##" not in text


@settings(max_examples=60)
@given(st.sampled_from(STYLES), st.lists(hostile, min_size=8, max_size=8))
def test_no_field_can_inject_markup(write: Writer, shape: tuple[str, str], texts: list[str]) -> None:
    domain, style = shape
    headline, fact, quote, speaker, byline, section, audience, source = texts
    fields: dict[str, Any] = {
        "headline": headline,
        "facts": [fact, "detour of 12 km"],
        "quotes": [{"text": quote, "speaker": speaker}],
        "byline": byline,
        "section": section,
        "audience": audience,
        "sources": [source],
        "style": style,
        "kicker": True,
    }
    try:
        document = write(domain, **fields)
    except RequestError:
        assume(False)
    tree = page(str(document.render("html")))
    allowed = "html head meta title body main article header h1 h2 p br time figure blockquote figcaption ul ol li"
    assert {str(each.tag) for each in tree.iter()} <= set(f"{allowed} section footer a".split())
    attributes = {name for each in tree.iter() for name in each.keys()}
    assert attributes <= {"lang", "charset", "name", "content", "class", "datetime", "id", "aria-labelledby", "href"}
    assert all(link.get("href").lower().startswith(("http://", "https://")) for link in tree.iter("a"))
    assert tree.findtext("head/title").split() == document.request.headline.split()
    check_jsonld(document)
    check_markdown(document)


def check_jsonld(document: Document) -> None:
    text = str(document.render("jsonld"))
    described = json.loads(text)
    assert described["headline"] == document.request.headline and "<" not in text
    assert described["hasPart"][0]["text"] == document.request.quotes[0].text
    check_vocabulary(described)


def check_markdown(document: Document) -> None:
    _, front, body = re.split(r"^---\n", str(document.render("markdown")), maxsplit=2, flags=re.MULTILINE)
    data = yaml.safe_load(front)
    assert data["title"] == document.request.headline and data["draft"] is True
    tokens = MarkdownIt("commonmark").parse(body)
    inline = [child.type for token in tokens for child in token.children or ()]
    assert not {"link_open", "image", "html_inline", "code_inline", "s_open"} & set(inline)
    assert not {"html_block", "fence", "code_block", "hr"} & {token.type for token in tokens}
    assert all(token.tag == "h2" for token in tokens if token.type == "heading_open")


@given(st.text(ALPHABET + "\x00\x7f\x85\u200b\ufeff\uffff"))
def test_yaml_reads_back_what_was_quoted(text: str) -> None:
    assert yaml.safe_load(f"a: {quoted_yaml(text)}\n") == {"a": text}


@given(st.text("".join(ALPHABET.split()), min_size=1))
def test_markdown_shows_an_escaped_text_as_it_was(text: str) -> None:
    (_, inline, _) = MarkdownIt("commonmark").parse(escape(text))
    assert "".join(child.content for child in inline.children or ()) == text


def test_a_shortcode_of_a_site_generator_is_only_text() -> None:
    assert "{{" not in escape("{{< x >}} {{% y %}}")
