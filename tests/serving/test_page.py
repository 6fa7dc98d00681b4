"""The page for the browser: as it is served, and in a real one where there is one."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any

import html5lib
import pytest

from dalle_kit import Kit
from dalle_kit.examples import ExampleStore, Found
from tests.serving.browser import PROGRAM, Browser, browsing
from tests.serving.conftest import Server, serving

KEY = "a key for the page"
TAG = '<img src=x onerror="alert(1)">'


@pytest.fixture(scope="module")
def locked(kit: Kit) -> Iterator[Server]:
    """A server with a key."""
    with serving(kit, key=KEY) as running:
        yield running


def test_the_page_is_small_and_asks_nobody_else(server: Server) -> None:
    page, script, style = (server.ask(path) for path in ("/", "/page.js", "/page.css"))
    assert len(page.body + script.body + style.body) < 25_000
    assert "default-src 'none'" in page.headers["content-security-policy"]
    assert "unsafe" not in page.headers["content-security-policy"]
    assert page.headers["x-content-type-options"] == "nosniff"
    assert not re.search(
        rb"https?://|innerHTML|insertAdjacent|document\.write|eval\(", page.body + script.body + style.body
    )
    assert not re.search(rb"<script(?![^>]* src=)| on[a-z]+=| style=", page.body)


def test_the_page_is_well_formed_and_each_control_has_a_name(server: Server) -> None:
    parser = html5lib.HTMLParser(namespaceHTMLElements=False, strict=True)
    document = parser.parse(server.ask("/").body.decode("utf-8"))
    assert document.get("lang") == "en"
    named = {label.get("for") for label in document.iter("label")}
    for control in [*document.iter("input"), *document.iter("select")]:
        assert control.get("id") in named
    assert all((button.text or "").strip() for button in document.iter("button"))


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    if PROGRAM is None:
        pytest.skip("Chromium is not installed")
    with browsing(tmp_path_factory.mktemp("profile")) as running:
        yield running


def text_of(browser: Browser, id: str) -> str:
    found: str = browser.value(f"document.getElementById({id!r}).innerText")
    return found


def test_a_letter_is_written_by_the_keyboard_alone(browser: Browser, server: Server, kit: Kit) -> None:
    browser.resize(1200, 900)
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    browser.tab_to("field-to")
    browser.type("Ana Ferreira <ana@example.com>")
    browser.tab_to("field-points")
    browser.type("room B12\nfrom 14:00")
    browser.tab_to("field-sender")
    browser.type("Tom Ilves")
    browser.tab_to("field-tone")
    for _ in ("formal", "friendly"):
        browser.press("ArrowDown")
    browser.tab_to("write")
    browser.press("Enter")
    browser.until("!document.getElementById('about').hidden")
    fields = {"to": ["Ana Ferreira <ana@example.com>"], "points": ["room B12", "from 14:00"], "tone": "friendly"}
    document = kit.generate("email", {**fields, "sender": "Tom Ilves"})
    assert browser.value("document.getElementById('text').textContent") == document.text
    assert text_of(browser, "status").startswith("Finished: ")
    assert "dalle-base" in text_of(browser, "provenance")
    browser.tab_to("copy")
    assert not browser.value("document.getElementById('download').disabled")
    assert all(url.startswith((server.url, "data:")) for url in browser.requested)
    assert browser.problems == []


def test_a_narrow_screen_shows_all_of_it(browser: Browser, server: Server) -> None:
    browser.resize(320, 640)
    for domain in ("code complete", "news"):
        browser.open(server.url)
        browser.until("document.getElementById('field-to') !== null")
        choose = f"d => {{ d.value = {domain!r}; d.dispatchEvent(new Event('change')) }}"
        browser.value(f"({choose})(document.getElementById('domain'))")
        browser.until("document.getElementById('field-to') === null && !!document.querySelector('#fields textarea')")
        assert browser.value("document.documentElement.scrollWidth") <= 320
    browser.value(
        "[...document.querySelectorAll('#fields button')].find(b => b.textContent.includes('quotes')).click()"
    )
    assert browser.value("document.activeElement.id").startswith("field-quotes.0")
    unnamed = "[...document.querySelectorAll('input, select, textarea')].filter(each => !each.labels.length).length"
    assert browser.value(unnamed) == 0


def test_sets_of_examples_are_chosen_by_the_keyboard_and_nothing_is_remembered(
    browser: Browser, server: Server
) -> None:
    for name in ("tom", "notices"):
        ExampleStore().add(name, [Found(text="Hi Ana,\n\nthe room is booked.\n\nCheers,\nTom")])
    assert [each["id"] for each in server.ask("/v1/examples").json["data"]] == ["notices", "tom"]
    browser.resize(360, 740)
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    browser.tab_to("field-to")
    browser.type("ana@example.com")
    browser.value("void document.querySelector('details').setAttribute('open', '')")
    browser.tab_to("field-option-like.1")
    # What has the focus is not under the buttons that stay at the bottom.
    middle = "(r => document.elementFromPoint(r.x + r.width / 2, r.y + r.height / 2))"
    assert browser.value(f"{middle}(document.activeElement.getBoundingClientRect()) === document.activeElement")
    browser.press(" ")
    browser.value("window.fetch = async (path, given) => { window.asked = given.body; return new Response('') }; 0")
    browser.press("Enter", control=True)
    browser.until("window.asked")
    assert json.loads(browser.value("window.asked"))["like"] == ["tom"]
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    assert browser.value("[localStorage.length, sessionStorage.length, document.cookie]") == [0, 0, ""]
    assert browser.value("document.getElementById('field-to').value") == ""


def test_what_is_wrong_is_said_at_its_field(browser: Browser, server: Server) -> None:
    browser.resize(1200, 900)
    browser.problems.clear()
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    browser.tab_to("field-to")
    browser.type("no address at all, really @@")
    browser.press("Enter", control=True)
    browser.until("document.getElementById('error').textContent")
    assert "to" in text_of(browser, "error")
    assert browser.value("document.activeElement.id") == "field-to"
    assert browser.value("document.activeElement.getAttribute('aria-invalid')") == "true"
    assert browser.value("document.activeElement.nextElementSibling.id") == "error"
    assert not browser.value("document.getElementById('write').disabled")


def test_an_error_goes_with_the_form_that_it_was_in(browser: Browser, server: Server) -> None:
    browser.value("document.getElementById('domain').value = 'news'")
    browser.value("void document.getElementById('domain').dispatchEvent(new Event('change'))")
    browser.until("document.getElementById('field-headline') !== null")
    assert text_of(browser, "error") == ""


def test_the_key_is_asked_for(browser: Browser, locked: Server) -> None:
    browser.open(locked.url)
    browser.until("document.activeElement.id === 'key'")
    browser.type(KEY)
    browser.press("Tab")
    browser.until("document.getElementById('field-to') !== null")
    assert text_of(browser, "error") == ""


def told(*events: Any) -> str:
    """Return a script that has the page hear these events the next time it asks."""
    lines = "".join(f"data: {json.dumps(event)}\n\n" for event in events)
    return f"void (window.fetch = async () => new Response({json.dumps(lines)}))"


def test_findings_are_marked_and_what_is_told_stays_text(browser: Browser, server: Server) -> None:
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    text = f"😀 Robert Miller has the plan. {TAG} is here."
    start = text.index("Robert")
    finding = {"check": "names", "severity": "error", "message": f"nobody told of {TAG}", "slot": "body", "span": None}
    made = {
        "model": None,
        "template": TAG,
        "options": {"seed": 0},
        "generated_tokens": 5,
        "timings": {},
        "repairs": [TAG],
    }
    sentence = {"text": text, "note": f"by the model {TAG}", "weights": [{"part": 0, "value": 3.25, "error": 0.0}]}
    explanation = {
        "object": "document.explanation",
        "parts": [{"kind": "field", "name": "points[0]", "text": TAG}],
        "sentences": [sentence],
    }
    document = {
        "object": "document",
        "domain": "email",
        "text": text,
        "findings": [{**finding, "start": start, "end": start + len("Robert Miller")}],
        "provenance": made,
    }
    browser.value(told({"object": "document.piece", "text": text}, document, explanation))
    browser.value("document.getElementById('form').requestSubmit()")
    browser.until("!document.getElementById('explained').hidden")
    assert "points[0]: “<img" in text_of(browser, "explanation") and "(+3.3)" in text_of(browser, "explanation")
    assert browser.value("document.getElementById('text').textContent") == text
    assert browser.value("[...document.querySelectorAll('#text mark')].map(each => each.textContent)") == [
        "Robert Miller"
    ]
    assert "nobody told of" in text_of(browser, "findings")
    assert browser.value("document.querySelectorAll('img').length") == 0
    assert text_of(browser, "status") == "Finished: 11 words, 1 finding."


def test_a_server_that_goes_or_fails_is_said(browser: Browser, server: Server) -> None:
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    piece = {"object": "document.piece", "text": "Dear"}
    for events, message in (
        ([piece], "went away before the text was finished"),
        ([piece, {"error": {"message": "the time is over"}}], "the time is over"),
    ):
        browser.value(told(*events))
        browser.value("document.getElementById('form').requestSubmit()")
        browser.until(f"document.getElementById('error').textContent.includes({message!r})")
        assert browser.value("document.getElementById('copy').disabled")
        assert not browser.value("document.getElementById('write').disabled")


def test_a_server_that_cannot_be_reached_is_said_in_our_words(browser: Browser, server: Server) -> None:
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    cut = "new ReadableStream({ start: (stream) => stream.error(new TypeError('network error')) })"
    for fetched, message in (
        ("Promise.reject(new TypeError('Failed to fetch'))", "cannot be reached; see whether it runs"),
        (f"Promise.resolve(new Response({cut}))", "went away before the text was finished"),
    ):
        browser.value(f"window.fetch = () => {fetched}")
        browser.value("document.getElementById('form').requestSubmit()")
        browser.until(f"document.getElementById('error').textContent.includes({message!r})")


def test_stopping_frees_the_server(browser: Browser, server: Server) -> None:
    browser.open(server.url)
    browser.until("document.getElementById('field-to') !== null")
    browser.value("document.getElementById('field-to').value = 'ana@example.com'")
    points = "\\n".join(f"point number {number}" for number in range(12))
    browser.value(f"document.getElementById('field-points').value = '{points}'")
    browser.value("document.getElementById('form').requestSubmit()")
    browser.until("document.getElementById('text').textContent.length > 20")
    browser.value("document.getElementById('stop').click()")
    browser.until("document.getElementById('status').textContent.startsWith('Stopped')")
    browser.until("fetch('/ready').then(r => r.json()).then(r => r.running === 0)")
