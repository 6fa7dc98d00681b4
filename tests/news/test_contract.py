from __future__ import annotations

from typing import TYPE_CHECKING

from dalle_kit.testing import check_plugin

if TYPE_CHECKING:
    from tests.news.conftest import Writer


def test_both_domains_keep_the_contract() -> None:
    check_plugin("news")


def test_a_quotation_that_the_model_made_up_is_an_error(write: Writer) -> None:
    document = write(texts={"fact_1": 'Closed until 14 June, "we are all very sorry", said Ana Silva.'})
    assert [each.slot for each in document.findings if each.check == "quote"] == ["fact_1"]
    kept = write(facts=['she said: "we are very sorry"', "b"], texts={"fact_1": 'She said: "we are very sorry".'})
    assert not [each for each in kept.findings if each.check == "quote"]
