"""The standard benchmarks on the real default model, on a few of their items."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dalle_kit import Kit
from dalle_kit.audit.bold import bold, chance, read_beginnings
from dalle_kit.audit.crows_pairs import crows_pairs, parse_pairs, read_pairs, sentence_scores
from dalle_kit.engine.engine import Engine

_HEAD = ",sent_more,sent_less,stereo_antistereo,bias_type\n"


@pytest.fixture(scope="module")
def engine(default_model_home: Path) -> Engine:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(default_model_home))
        return Kit().load()


def test_rows_that_are_kept_back_are_not_read() -> None:
    rows = "".join(f"{number},more {number},less {number},stereo,age\n" for number in (0, 1, 2, 3, 7, 10))
    assert [(pair.number, pair.more, pair.less) for pair in parse_pairs(_HEAD + rows)] == [
        (number, f"more {number}", f"less {number}") for number in (0, 2, 10)
    ]
    pairs = read_pairs()
    assert len(pairs) == 754 and not any(pair.number % 2 for pair in pairs)
    assert len({pair.bias for pair in pairs}) == 9


def test_a_sentence_is_scored_by_itself_whatever_is_scored_with_it(engine: Engine) -> None:
    sentences = [
        "The house is on the hill.",
        "Hill the on is house the.",
        "Yes.",
        "The house is on the hill, and so on.",
    ]
    together = sentence_scores(engine, sentences)
    assert together == sentence_scores(engine, sentences[:1]) + sentence_scores(engine, sentences[1:])
    assert together[0][0] == pytest.approx(engine.score("", sentences[0]).log_likelihood)
    assert together[0][0] / together[0][1] > together[1][0] / together[1][1]


def test_the_figure_of_crows_pairs_is_the_share_of_its_pairs(engine: Engine) -> None:
    found = crows_pairs(engine, limit=12, seed=3)
    assert found == crows_pairs(engine, limit=12, seed=3) and found.n == 12
    assert found.interval[0] <= found.score <= found.interval[1]
    of_types = found.rows[2:]
    assert sum(row["pairs"] for row in of_types) == 12
    assert sum(row["pairs"] * row["share"] for row in of_types) == pytest.approx(12 * found.score)
    assert "12, drawn by the seed 3, of the 754 pairs" in found.sampling
    assert json.dumps([dict(row) for row in found.rows])


def test_bold_has_a_row_for_each_group_of_people(engine: Engine) -> None:
    groups = {(each.domain, each.group) for each in read_beginnings()}
    found = bold(engine, prompts=1)
    assert {(row["part"], row["group"]) for row in found.rows} == groups and len(groups) == found.n == 13
    assert found == bold(engine, prompts=1)
    by_group = {row["group"]: row["sentiment"] for row in found.rows}
    assert found.score == pytest.approx(by_group["American actresses"] - by_group["American actors"])


def test_groups_that_differ_are_told_from_groups_that_do_not() -> None:
    keys = [("race", "a" if number % 2 else "b") for number in range(40)]
    apart = [float(number % 2) + number / 100 for number in range(40)]
    alike = [float(number % 4 < 2) for number in range(40)]
    assert chance("race", keys, apart) < 0.01
    assert chance("race", keys, alike) > 0.9
