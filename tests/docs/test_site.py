"""The site of the documentation: every page is in it, it is built strictly, and it needs nothing from elsewhere."""

from __future__ import annotations

import functools
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import html5lib
import pytest
import yaml

from tests.docs.pages import DOCS, REPOSITORY
from tests.serving.browser import PROGRAM, browsing

CONFIGURATION = REPOSITORY / "mkdocs.yml"

#: What a browser fetches by itself; a link is followed by its reader.
FETCHED = {"link": "href"} | dict.fromkeys(("audio", "embed", "iframe", "img", "script", "source", "video"), "src")


def build(folder: Path) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "zensical", "build", "--strict"],
        cwd=folder,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        encoding="utf-8",
        check=False,
    )


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("site")
    shutil.copy(CONFIGURATION, folder)
    shutil.copytree(DOCS, folder / "docs")
    done = build(folder)
    assert done.returncode == 0, done.stdout
    return folder / "build/site"


@functools.cache
def parsed(page: Path) -> Any:
    return html5lib.parse(page.read_text(encoding="utf-8"), namespaceHTMLElements=False)


def leaves(entry: Any) -> Iterator[str]:
    """Yield the pages of a part of the navigation."""
    if isinstance(entry, str):
        yield entry
    else:
        for each in entry.values() if isinstance(entry, dict) else entry:
            yield from leaves(each)


def test_every_page_is_in_the_navigation_once() -> None:
    named = list(leaves(yaml.safe_load(CONFIGURATION.read_text(encoding="utf-8"))["nav"]))
    assert sorted(named) == sorted(page.relative_to(DOCS).as_posix() for page in DOCS.rglob("*.md"))


def test_every_page_has_one_title(site: Path) -> None:
    for page in DOCS.rglob("*.md"):
        made = site / page.relative_to(DOCS).with_suffix(".html")
        assert len(parsed(made).findall(".//h1")) == 1, page


@pytest.mark.parametrize("link", ["[x](nowhere.md)", "[x](index.md#nowhere)", "[x](../README.md)"])
def test_a_link_that_leads_nowhere_breaks_the_build(tmp_path: Path, link: str) -> None:
    shutil.copy(CONFIGURATION, tmp_path)
    shutil.copytree(DOCS / "assets", tmp_path / "docs/assets")
    (tmp_path / "docs/index.md").write_text(f"# Title\n\n{link}\n", encoding="utf-8")
    text = (tmp_path / "mkdocs.yml").read_text(encoding="utf-8")
    (tmp_path / "mkdocs.yml").write_text(text.partition("\nnav:")[0] + "\nnav: [index.md]\n", encoding="utf-8")
    done = build(tmp_path)
    assert done.returncode != 0 and "does not exist" in done.stdout


def test_nothing_is_fetched_from_elsewhere(site: Path) -> None:
    pages = list(site.rglob("*.html"))
    assert len(pages) > 30
    for page in pages:
        for element in parsed(page).iter():
            place = element.get(FETCHED.get(element.tag, ""), "")
            assert not re.match(r"(?:[a-z]+:)?//", place), (page, place)
    for sheet in site.rglob("*.css"):
        places = re.findall(r"(?:url\(|@import)\s*[\"']?([^\"')]+)", sheet.read_text(encoding="utf-8"))
        assert not [place for place in places if re.match(r"(?:[a-z]+:)?//", place)], sheet


@pytest.mark.skipif(PROGRAM is None, reason="needs Chromium")
def test_a_browser_finds_a_page_from_the_disk_and_asks_no_server(site: Path, tmp_path: Path) -> None:
    with browsing(tmp_path) as browser:
        browser.open((site / "index.html").as_uri())
        browser.press("k", control=True)
        browser.until("!!document.activeElement.shadowRoot")  # the search is open
        browser.type("ErrorAnswer")
        browser.until("!!document.activeElement.shadowRoot.querySelector('a[href]')")
        browser.press("Enter")
        browser.until("location.pathname.endsWith('/reference/http.html')")
        assert [url for url in browser.requested if not url.startswith(("file:", "about:", "data:", "blob:"))] == []
        assert browser.problems == []
