"""Release notes and the house style, without a model."""

from collections.abc import Callable
from typing import Any

import pytest
from dalle_kit import RequestError
from dalle_kit.testing import ScriptedKit, check_domain, check_plugin

from dalle_kit_release_notes.commits import read_changes
from dalle_kit_release_notes.domain import DOMAIN
from dalle_kit_release_notes.style import in_house_style

LOG = """\
4f2a91c feat: dark mode
0b1c2d3 Merge branch 'main' into dark
9e8d7c6 fix(login): session expires after an hour
a1b2c3d feat!: drop Python 3.10
Add export as CSV
chore: new linter
"""
REQUEST = {
    "commits": LOG,
    "project": "Skyline",
    "release": "1.4.0",
    "date": "2031-05-04",
    "sender": "Tom Ilves",
}
SCRIPT = {
    "highlight_1": "Skyline no longer supports Python 3.10.",
    "highlight_2": "Skyline now has a dark mode!",
    "highlight_3": "Skyline now has an export as CSV.",
}


def test_the_domain_keeps_the_contract() -> None:
    check_domain(DOMAIN)


def test_the_plugin_keeps_the_contract(dalle_kit_home: Any) -> None:
    check_plugin("release-notes")


def test_commits_are_sorted_by_type_or_first_word() -> None:
    found = [(change.kind, change.subject) for change in read_changes(LOG)]
    assert found == [
        ("new", "Dark mode"),
        ("fixed", "Session expires after an hour"),
        ("breaking", "Drop Python 3.10"),
        ("new", "Add export as CSV"),
        ("internal", "New linter"),
    ]
    assert [change.kind for change in read_changes("runtime: close files\nnet!: drop IPv4")] == ["changed", "breaking"]


def test_an_empty_log_is_refused() -> None:
    with pytest.raises(RequestError, match="git log"):
        DOMAIN.parse({**REQUEST, "commits": "Merge branch 'main'"})


@pytest.mark.parametrize("template", ["default", "mail"])
def test_the_notes_are_as_they_were(
    template: str, scripted_kit: Callable[..., ScriptedKit], golden: Callable[..., None]
) -> None:
    document = scripted_kit(SCRIPT).generate("release-notes", REQUEST, template=template)
    golden(f"{template}.md", document)


def test_a_release_without_news_needs_no_model(scripted_kit: Callable[..., ScriptedKit]) -> None:
    document = scripted_kit({}).generate("release-notes", {**REQUEST, "commits": "chore: new linter"})
    assert document.text == "## Skyline 1.4.0 (2031-05-04)\n\nNothing that you would notice.\n"
    assert [finding.check for finding in document.findings] == ["no news"]


def test_the_house_style_is_in_e_mails_too(scripted_kit: Callable[..., ScriptedKit]) -> None:
    kit = scripted_kit({"point_1": "Please utilize room B12!"})
    request = {"to": ["ana@example.com"], "subject": "Room", "points": ["please use room B12"]}
    assert kit.generate("email", request).slots["point_1"] == "Please use room B12."


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("Utilize it in order to win!", "Use it to win."),
        ("Really?! Yes!!", "Really? Yes."),
        ('He said "utilize it!" and left.', 'He said "utilize it!" and left.'),
        ("a != b", "a != b"),
    ],
)
def test_the_house_style(before: str, after: str) -> None:
    assert in_house_style(before) == after == in_house_style(after)
