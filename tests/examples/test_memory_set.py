"""Examples in memory: what is given has to be texts."""

from __future__ import annotations

from typing import Any

import pytest

from dalle_kit.errors import ExampleError
from dalle_kit.examples.memory_set import make_examples


@pytest.mark.parametrize(
    ("texts", "settings", "message"),
    [
        ("One text.", {}, "made of a list of texts, not of 'One text.'; put a single text into a list"),
        (b"One.", {}, "made of a list of texts"),
        (None, {}, "made of a list of texts, not of None"),
        (["One.", 2], {}, "2 is no text to make an example of"),
        (["One.", None], {}, "None is no text"),
        (["One.", b"Two."], {}, "b'Two.' is no text"),
        (["One."], {"kind": "emial"}, "no kind of example named 'emial': did you mean 'email'?"),
        (["One."], {"kind": None}, "no kind of example named 'None'"),
        (["One."], {"name": " "}, "is no name for examples"),
        (["One."], {"name": 3}, "3 is no name for examples"),
        ([], {}, "there is no text among the examples"),
    ],
)
def test_what_is_no_list_of_texts_is_one_error(texts: Any, settings: dict[str, Any], message: str) -> None:
    with pytest.raises(ExampleError) as error:
        make_examples(texts, **settings)
    assert message in str(error.value) and "\n" not in str(error.value)


def test_any_iterable_of_texts_will_do() -> None:
    assert len(make_examples(text for text in ("One.", "Two."))) == 2
