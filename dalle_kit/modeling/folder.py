"""The tokenizers in a saved model's folder."""

from __future__ import annotations

import shutil
from pathlib import Path

from dalle_kit.errors import ModelError

#: Where the tokenizer of a transformer encoder lies.
ENCODER_TOKENIZER = "encoder_tokenizer"
_FILES = ("tokenizer.json", "tokenizer_config.json", "chat_template.jinja")


def copy_tokenizers(folder: Path, *, decoder: Path, encoder: Path | None = None) -> None:
    """Put the tokenizers of the decoder and of a transformer encoder, from their folders, into a saved model's folder.

    Raises ModelError for a folder without a ``tokenizer.json``.
    """
    _copy(decoder, folder)
    if encoder is not None:
        _copy(encoder, folder / ENCODER_TOKENIZER)


def _copy(source: Path, folder: Path) -> None:
    if not (source / "tokenizer.json").is_file():
        raise ModelError(f"{source} has no tokenizer.json; give the folder of a model in the layout of transformers")
    folder.mkdir(parents=True, exist_ok=True)
    for name in _FILES:
        if (source / name).is_file():
            shutil.copyfile(source / name, folder / name)
