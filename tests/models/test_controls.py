"""Control tokens under other names: their numbers stay, and what is made of texts does."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.engine.tokenization import Tokenizer
from dalle_kit.errors import ModelError
from dalle_kit.models.controls import rename_controls
from dalle_kit.records import Message, Prompt

NAMES = {"<issue_start>": "<fim_prefix>", "<issue_comment>": "<fim_suffix>", "<issue_closed>": "<fim_middle>"}
FILES = ("tokenizer.json", "tokenizer_config.json")


@pytest.fixture
def folder(tmp_path: Path, default_model_path: Path) -> Path:
    for name in FILES:
        shutil.copyfile(default_model_path / name, tmp_path / name)
    return tmp_path


@pytest.fixture(scope="module")
def renamed(tmp_path_factory: pytest.TempPathFactory, default_model_path: Path) -> Tokenizer:
    folder = tmp_path_factory.mktemp("renamed")
    for name in FILES:
        shutil.copyfile(default_model_path / name, folder / name)
    rename_controls(folder, NAMES)
    return Tokenizer.load(folder)


@pytest.fixture(scope="module")
def bare(default_model_path: Path) -> Tokenizer:
    return Tokenizer.load(default_model_path)


def test_the_default_models_tokenizer_infills_with_other_names_and_not_without(
    renamed: Tokenizer, bare: Tokenizer
) -> None:
    assert renamed.infills and not bare.infills
    assert renamed.size == bare.size and renamed.control_ids == bare.control_ids
    prompt = Prompt((Message("prefix", "def f(x):\n    return "), Message("suffix", "\n\nprint(f(1))\n")))
    tokens = renamed.encode_prompt(prompt)
    assert tokens == [8, *bare.encode_text("def f(x):\n    return "), 9, *bare.encode_text("\n\nprint(f(1))\n"), 10]
    assert renamed.prompt_text(prompt) == (
        "<fim_prefix>def f(x):\n    return <fim_suffix>\n\nprint(f(1))\n<fim_middle>"
    )


def test_further_files_stand_before_the_prefix_behind_the_mark_of_a_file(renamed: Tokenizer, bare: Tokenizer) -> None:
    files = [Message("context", f"def {name}(): pass\n", name=f"{name}.py") for name in ("one", "two")]
    prompt = Prompt((*files, Message("prefix", "one("), Message("suffix", ")\n")))
    expected = (
        "<file_sep>def one(): pass\n<file_sep>def two(): pass\n<file_sep><fim_prefix>one(<fim_suffix>)\n<fim_middle>"
    )
    assert renamed.prompt_text(prompt) == expected
    texts = [bare.encode_text(each) for each in ("def one(): pass\n", "def two(): pass\n", "one(", ")\n")]
    assert renamed.encode_prompt(prompt) == [5, *texts[0], 5, *texts[1], 5, 8, *texts[2], 9, *texts[3], 10]


@given(
    st.lists(st.sampled_from(["<fim_prefix>", "<issue_start>", "<file_sep>", "<repo_name>", "a", " ", "é", "🙂", "\n"]))
)
def test_no_text_becomes_a_control_token_and_every_text_comes_back(renamed: Tokenizer, parts: list[str]) -> None:
    text = "".join(parts)
    prompt = Prompt((Message("context", text), Message("prefix", text), Message("suffix", text)))
    tokens = renamed.encode_prompt(prompt)
    controls = [token for token in tokens if token in renamed.control_ids]
    assert controls == [5, 5, 8, 9, 10]
    pieces: list[list[int]] = [[]]
    for token in tokens:
        pieces.append([]) if token in renamed.control_ids else pieces[-1].append(token)
    assert [renamed.decode(piece) for piece in pieces] == ["", text, "", text, text, ""]


@pytest.mark.parametrize("text", ["Dear Ana, the review moved to Thursday.", "<issue>", "x = [1, 22, 333]\n\tpass"])
def test_texts_and_chats_are_read_as_before(renamed: Tokenizer, bare: Tokenizer, text: str) -> None:
    assert renamed.encode_text(text) == bare.encode_text(text)
    prompt = Prompt((Message("system", "Write."), Message("user", text)))
    assert renamed.encode_prompt(prompt) == bare.encode_prompt(prompt)


def test_transformers_knows_the_new_names(folder: Path) -> None:
    from transformers import AutoTokenizer

    rename_controls(folder, NAMES)
    tokenizer = AutoTokenizer.from_pretrained(folder)
    assert tokenizer.convert_tokens_to_ids(list(NAMES.values())) == [8, 9, 10]
    assert tokenizer("<fim_prefix>a<fim_suffix>b<fim_middle>")["input_ids"] == [8, 81, 9, 82, 10]
    assert tokenizer.decode([8, 81], skip_special_tokens=True) == "a"


def test_all_files_that_name_a_token_are_changed(folder: Path) -> None:
    settings = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    named = {
        "additional_special_tokens": ["<issue_start>"],
        "added_tokens_decoder": {"8": {"content": "<issue_start>"}},
    }
    (folder / "tokenizer_config.json").write_text(json.dumps({**settings, **named}), encoding="utf-8")
    (folder / "vocab.json").write_text('{"<issue_start>": 8, "a": 81}', encoding="utf-8")
    rename_controls(folder, {"<issue_start>": "<fim_prefix>"})
    for name in (*FILES, "vocab.json"):
        text = (folder / name).read_text(encoding="utf-8")
        assert "<issue_start>" not in text and "<fim_prefix>" in text
    changed = json.loads((folder / "tokenizer_config.json").read_text(encoding="utf-8"))
    assert changed["chat_template"] == settings["chat_template"] and changed["eos_token"] == settings["eos_token"]


def _use(folder: Path) -> None:
    (folder / "chat_template.jinja").write_text("{{ '<issue_start>' }}", encoding="utf-8")


def _use_in_settings(folder: Path) -> None:
    settings = {"chat_template": [{"name": "default", "template": "x<issue_start>y"}]}
    (folder / "tokenizer_config.json").write_text(json.dumps(settings), encoding="utf-8")


def _nothing(folder: Path) -> None:
    pass


@pytest.mark.parametrize(
    ("names", "prepare", "message"),
    [
        ({"<issue_begin>": "<a>"}, _nothing, "<issue_begin> is no control token .* it has <empty_output>, <file_sep>"),
        ({"hello": "<a>"}, _nothing, "hello is no control token"),
        ({"<issue_start>": "<file_sep>"}, _nothing, "<issue_start> cannot be called <file_sep>: another token"),
        ({"<issue_start>": "the"}, _nothing, "<issue_start> cannot be called the: another token"),
        ({"<issue_start>": "<a>", "<issue_closed>": "<a>"}, _nothing, "<issue_start> cannot be called <a>"),
        ({"<issue_start>": "<a>"}, _use, "<issue_start> is used by the chat format"),
        ({"<issue_start>": "<a>"}, _use_in_settings, "<issue_start> is used by the chat format"),
        ({"<issue_start>": "<a>"}, lambda folder: (folder / "tokenizer.json").unlink(), "has no tokenizer.json"),
        ({"<issue_start>": "<a>"}, lambda folder: (folder / "tokenizer.json").write_text("{"), "cannot be read"),
        ({"<issue_start>": "<a>"}, lambda folder: (folder / "tokenizer.json").write_text("[]"), "is no tokenizer"),
        (
            {"<issue_start>": "<a>"},
            lambda folder: (folder / "tokenizer_config.json").write_text("[]"),
            "tokenizer_config.json holds no JSON object; copy or save the model anew",
        ),
    ],
)
def test_names_that_cannot_be_given_are_refused_and_nothing_is_changed(
    folder: Path, names: dict[str, str], prepare: Callable[[Path], Any], message: str
) -> None:
    prepare(folder)
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    with pytest.raises(ModelError, match=message) as caught:
        rename_controls(folder, names)
    assert "\n" not in str(caught.value)
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
