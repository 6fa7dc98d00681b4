"""Other names for control tokens that a model has and never uses; their numbers stay."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dalle_kit.errors import ModelError
from dalle_kit.models.manifest import way_to_mend

_TOKENIZER, _SETTINGS = "tokenizer.json", "tokenizer_config.json"
#: Further files that may name control tokens.
_OTHERS = (_SETTINGS, "special_tokens_map.json", "added_tokens.json", "vocab.json")
_TEMPLATE = "chat_template.jinja"


def rename_controls(folder: Path, names: Mapping[str, str]) -> None:
    """Give control tokens of the tokenizer in a folder other names: ``names`` maps the old ones to the new ones.

    Raises ModelError for a name that is none of a control token, a new one that is taken, and a token that the chat
    format uses; then nothing was changed. OSError is left to the caller.
    """
    files = {name: folder / name for name in (_TOKENIZER, *_OTHERS) if (folder / name).is_file()}
    if _TOKENIZER not in files:
        raise ModelError(f"{folder} has no {_TOKENIZER}; control tokens are renamed in such a file only")
    contents = {name: _read(file) for name, file in files.items()}
    _check(contents, folder, names)
    for name, content in contents.items():
        changed = _renamed(content, names)
        if changed != content:
            files[name].write_bytes(json.dumps(changed, ensure_ascii=False, separators=(",", ":")).encode("utf-8"))


def _check(contents: Mapping[str, Any], folder: Path, names: Mapping[str, str]) -> None:
    tokenizer = contents[_TOKENIZER]
    try:
        controls = {token["content"] for token in tokenizer["added_tokens"] if token["special"]}
        known = {token["content"] for token in tokenizer["added_tokens"]} | _vocabulary(tokenizer["model"]["vocab"])
    except (KeyError, TypeError) as error:
        raise ModelError(f"{folder / _TOKENIZER} is no tokenizer that can be read: it lacks {error}") from error
    settings = contents.get(_SETTINGS, {})
    if not isinstance(settings, dict):
        raise ModelError(f"{folder / _SETTINGS} holds no JSON object; {way_to_mend(folder)}")
    formats = [json.dumps(settings.get("chat_template", ""), ensure_ascii=False)]
    if (folder / _TEMPLATE).is_file():
        formats.append((folder / _TEMPLATE).read_text(encoding="utf-8"))
    for old, new in names.items():
        if old not in controls:
            raise ModelError(
                f"{old} is no control token of the tokenizer in {folder} and gets no other name; it has "
                f"{', '.join(sorted(controls))}"
            )
        if new in known or list(names.values()).count(new) > 1:
            raise ModelError(f"{old} cannot be called {new}: another token of the tokenizer in {folder} is")
        if any(old in text for text in formats):
            raise ModelError(f"{old} is used by the chat format of the tokenizer in {folder} and keeps its name")


def _vocabulary(vocabulary: Any) -> set[str]:
    """Return the tokens of a vocabulary: a dictionary, or pairs of token and score."""
    return set(vocabulary) if isinstance(vocabulary, dict) else {token for token, _ in vocabulary}


def _renamed(value: Any, names: Mapping[str, str]) -> Any:
    """Return JSON with each text and key that is a name, and nothing else, changed; all keep their order."""
    match value:
        case str():
            return names.get(value, value)
        case list():
            return [_renamed(each, names) for each in value]
        case dict():
            return {names.get(key, key): _renamed(each, names) for key, each in value.items()}
    return value


def _read(file: Path) -> Any:
    try:
        return json.loads(file.read_text(encoding="utf-8"))
    except ValueError as error:
        raise ModelError(f"{file} cannot be read ({error}); {way_to_mend(file.parent)}") from error
