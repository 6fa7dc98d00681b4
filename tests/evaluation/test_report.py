from __future__ import annotations

from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest

from dalle_kit.errors import ConfigError
from dalle_kit.evaluation.measuring import Mark
from dalle_kit.evaluation.page import marked, render_page
from dalle_kit.evaluation.report import (
    LAYOUT,
    Report,
    Run,
    Text,
    compare,
    falls,
    parse_report,
    read_report,
    summarise,
    worst,
)
from dalle_kit.evaluation.running import compare_with
from dalle_kit.evaluation.table import render_table


def texts(coverage: float, flawed: int, count: int = 12) -> tuple[Text, ...]:
    return tuple(
        Text(
            id=f"case {number}",
            kind="hand",
            tags=("short",),
            values={"coverage": coverage, "unsupported": float(number < flawed), "seconds": 1.0 + number},
            marks=(Mark(0, 3, "unsupported", "a & b"),) if number < flawed else (),
            findings=("warning: <none>",),
            repairs=("dropped a sentence",),
            text=f"Bob <b>and</b> & {number}",
            request={"subject": "<script>alert(1)</script>"},
        )
        for number in range(count)
    )


def run(label: str, rows: tuple[Text, ...]) -> Run:
    return Run(label, "tiny", None, {"template": None}, rows, summarise(rows, seed=0), {"odd": "too <long>"}, 0.5)


def report(*runs: Run) -> Report:
    found = tuple(compare(runs[0], other, seed=0) for other in runs[1:])
    methods = {"verbs": "lists", "grammar": "none"}
    return Report(LAYOUT, "email", "1", "2026-11-02T09:00:00+00:00", 0, methods, runs, found, None)


GOOD, BAD = run("default", texts(1.0, 0)), run("model=other", texts(0.5, 9))


def test_json_round_trips(tmp_path: Path) -> None:
    made = report(GOOD, BAD)
    assert parse_report(made.to_json(), name="it") == made
    file = tmp_path / "report.json"
    file.write_text(made.to_json(), encoding="utf-8")
    assert read_report(file) == made


def test_figures_alone_hold_no_text() -> None:
    bare = report(GOOD, BAD).without_texts()
    assert bare.runs[0].summary == GOOD.summary
    assert "Bob" not in bare.to_json()
    assert "script" not in bare.to_json()
    assert compare(bare.runs[0], bare.runs[1], seed=0) == compare(GOOD, BAD, seed=0)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"layout": 1}'])
def test_what_is_no_report_is_refused(content: str) -> None:
    with pytest.raises(ConfigError, match="it is no report"):
        parse_report(content, name="it")


def test_another_layout_is_refused_and_a_missing_file_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="layout 99"):
        parse_report(replace(report(GOOD), layout=99).to_json(), name="it")
    with pytest.raises(ConfigError, match="nowhere"):
        read_report(tmp_path / "nowhere.json")


def test_a_significant_fall_is_found_and_a_rise_is_none() -> None:
    assert falls(compare(BAD, GOOD, seed=0)) == ["coverage", "unsupported"]
    assert falls(compare(GOOD, BAD, seed=0)) == []
    assert falls(compare(GOOD, GOOD, seed=0)) == []


def test_slower_is_no_fall() -> None:
    slower = tuple(replace(text, values={**text.values, "seconds": 99.0}) for text in GOOD.texts)
    assert falls(compare(run("slow", slower), GOOD, seed=0)) == []


def test_figures_of_other_methods_are_not_compared() -> None:
    rows = tuple(replace(text, values={**text.values, "fragments": 0.0}) for text in GOOD.texts)
    ours = report(run("default", rows))
    theirs = replace(ours, methods={"verbs": "spacy", "grammar": "none"})
    assert "fragments" in compare_with(ours, ours, name="file").metrics
    assert "fragments" not in compare_with(ours, theirs, name="file").metrics
    assert "coverage" in compare_with(ours, theirs, name="file").metrics


def test_a_baseline_has_to_be_about_the_same() -> None:
    ours = report(GOOD)
    with pytest.raises(ConfigError, match="about the domain 'news'"):
        compare_with(ours, replace(ours, domain="news"), name="file")
    others = tuple(replace(text, id=f"x{text.id}") for text in GOOD.texts)
    with pytest.raises(ConfigError, match="none of these cases"):
        compare_with(ours, report(run("default", others)), name="file")


def test_the_worst_texts_come_first_and_good_ones_are_not_among_them() -> None:
    assert worst(GOOD) == []
    assert len(worst(BAD)) == 10
    assert {text.id for text in worst(BAD)[:9]} == {f"case {number}" for number in range(9)}


class Reader(HTMLParser):
    """Notes the elements of a page, and whether they nest."""

    VOID = frozenset({"meta"})

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.seen: list[tuple[str, dict[str, str | None]]] = []
        self.said = ""

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.seen.append((tag, dict(attrs)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.said += data


def test_the_page_is_whole_and_says_texts_as_they_are() -> None:
    page = render_page(report(GOOD, BAD))
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader.open == []
    tags = [tag for tag, _ in reader.seen]
    assert not {"script", "b", "img", "link"} & set(tags)
    assert ("html", {"lang": "en"}) in reader.seen
    assert tags.count("h1") == 1
    assert tags.count("caption") == tags.count("table") == 3
    assert all(attributes.get("scope") for tag, attributes in reader.seen if tag == "th")
    assert tags.count("article") == 10
    assert "<script>alert(1)</script>" in reader.said
    assert "Bob (unsupported: a & b) <b>and</b> & 0" in reader.said
    assert "http" not in page


def test_marks_that_overlap_are_all_said() -> None:
    found = marked("one two three", [Mark(0, 7, "a", "x"), Mark(4, 13, "b", "<y>"), Mark(5, 5, "c", "nowhere")])
    reader = Reader()
    reader.feed(found)
    assert reader.said == "one  (a: x)two (a: x; b: <y>) three (b: <y>)"


def test_the_table_says_means_intervals_and_verdicts() -> None:
    shown = render_table(report(GOOD, BAD))
    assert "email, default (tiny): 12 hand-written; seed 0" in shown
    assert "100.0 % [75.8 %, 100.0 %]" in shown
    assert "skipped odd: too <long>" in shown
    assert "+50.0 % [+50.0 %, +50.0 %]" in shown
    assert "better" in shown
    assert "12" in shown
