"""The command as people run it, with the real default model."""

from __future__ import annotations

import io
import json
import sys
from pathlib import Path

import pytest

from dalle_kit.cli.main import main

BRIDGE = ("news", "--headline", "Old Mill Bridge closed", "--fact", "closed until 14 June")


def run(capfd: pytest.CaptureFixture[str], *arguments: str) -> tuple[int, str, str]:
    capfd.readouterr()
    code = main(arguments)
    return code, *capfd.readouterr()


@pytest.mark.parametrize("template", ["planned", "free"])
def test_an_article_is_written_below_its_headline(template: str, home: Path, capfd: pytest.CaptureFixture[str]) -> None:
    code, out, _ = run(
        capfd, *BRIDGE, "--fact", "detour via Hanfield, 12 km", "--template", template, "--max-tokens", "48", "-q"
    )
    headline, blank, *body = out.splitlines()
    assert (code, headline, blank) == (0, "Old Mill Bridge closed", "")
    text = " ".join(body)
    assert text.endswith((".", "!", "?", '"'))
    assert all(fact in text for fact in ("14 June", "Hanfield", "12"))


def test_the_article_as_json_with_facts_from_a_file(
    home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "facts.txt"
    file.write_text("- 412 cases in November\n\n- a third are children\n", encoding="utf-8")
    command = ("news", "--headline", "Flu arrives early", "--fact", f"@{file}", "--max-tokens", "32", "--json")
    code, out, _ = run(capfd, *command)
    article = json.loads(out)
    assert code == 0 and article["domain"] == "news" and list(article["slots"]) == ["fact_1", "fact_2"]
    assert article["text"].startswith("Flu arrives early\n\n") and "412" in article["text"]


def test_facts_come_from_standard_input(
    home: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(b"rain\n12 degrees\n"), encoding="utf-8"))
    code, out, _ = run(capfd, "news", "--headline", "Weather", "--fact", "-", "--dry-run")
    assert code == 0 and "Facts:\n- rain\n- 12 degrees<" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--headline", "Bridge closed"), "at least one fact"),
        (("--title", "Bridge closed", "--fact", "closed"), "did you mean --headline?"),
        (("--fact", "closed"), "headline"),
        (("--headline", "Bridge", "--fact", "@missing.txt"), "missing.txt"),
        ((), "headline"),
        (("--headline", "Bridge", "--fact", "@empty.txt"), "'empty.txt' is empty; give at least one line"),
        (("--headline", "Bridge", "--fact", "@binary"), "not UTF-8 text"),
        (("--headline", "Bridge", "--fact", "@zeros"), "over 64 MiB"),
        (("--headline", "Bridge", "--fact", "@long.txt"), "at most 200"),
        (("--headline", "Bridge", "--fact", "x", "--quote", '"We are glad."'), "has no speaker"),
        (("--headline", "Bridge", "--fact", "x", "--length", "huge"), "huge"),
        (("--headline", "Bridge", "--fact", "x", "--format", "eml"), "eml"),
        (("--headline", "Bridge", "--fact", "x", "--template", "plan"), "planned"),
    ],
)
def test_what_cannot_be_written_is_one_line_and_exit_code_2(
    arguments: tuple[str, ...],
    message: str,
    home: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capfd: pytest.CaptureFixture[str],
) -> None:
    folder = tmp_path / "work"
    folder.mkdir()
    monkeypatch.chdir(folder)
    for name, data in {"empty.txt": b"\n \n", "binary": b"\xff\xd8\x00", "long.txt": b"a fact\n" * 201}.items():
        (folder / name).write_bytes(data)
    with (folder / "zeros").open("wb") as file:
        file.truncate(65 * 2**20)
    before = sorted(folder.iterdir())
    code, out, err = run(capfd, "news", *arguments, "--output", "article.md")
    assert (code, out) == (2, "") and sorted(folder.iterdir()) == before
    assert message in err and err.startswith("Error: ") and err.count("\n") == 1


def test_a_quotation_a_dateline_and_front_matter_from_the_command_line(
    home: Path, tmp_path: Path, capfd: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "article.md"
    options = ("--quote", '"Safety first." -- Ana Silva, mayor', "--dateline", "HANFIELD, June 3", "--byline", "Bo Li")
    code, out, _ = run(capfd, *BRIDGE, *options, "--max-tokens", "40", "--output", str(file), "-q")
    text = file.read_text(encoding="utf-8")
    assert (code, out) == (0, "") and text.startswith('---\ntitle: "Old Mill Bridge closed"\n')
    assert "draft: true\n" in text and '> "Safety first."\n' in text and "\n\nHANFIELD, June 3 -- " in text
