"""Reading texts to train on: from files and domains, and what is refused."""

from __future__ import annotations

import json
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dalle_kit.corpora import reserved
from dalle_kit.domain import Example
from dalle_kit.errors import RequestError
from dalle_kit.kit import Kit
from dalle_kit.likeness import ANOTHER
from dalle_kit.training.sources import Samples, Sources, corpus_samples, read_samples

FIELDS = {"to": ["a@example.com"], "subject": "Room", "points": ["room B12"]}


def read(*files: Path, **settings: Any) -> Samples:
    return read_samples(Kit(), Sources(files=files, **settings), seed=0)


def write(folder: Path, *lines: object, name: str = "texts.jsonl") -> Path:
    file = folder / name
    file.write_text("\n".join(each if isinstance(each, str) else json.dumps(each) for each in lines), encoding="utf-8")
    return file


def test_a_prompt_is_told_to_the_model_and_a_request_goes_through_its_domains_templates(tmp_path: Path) -> None:
    file = write(
        tmp_path,
        {"prompt": "Say hello.", "text": "Hello!", "examples": ["Hi!", "Good day!"]},
        "",
        {"domain": "email", "fields": FIELDS, "text": "We meet in room B12."},
    )
    plain, request = read(file).learned
    assert plain.prompt.text == "Say hello." and plain.before == "" and plain.examples == ("Hi!", "Good day!")
    assert "room B12" in request.prompt.text and request.before == "Hello,\n\n" and request.examples == ()


def test_a_set_of_examples_teaches_each_of_its_texts_from_the_others(tmp_path: Path) -> None:
    sets = [{"examples": [f"a{number}", f"b{number}", f"c{number}"]} for number in range(40)]
    found = read(write(tmp_path, *sets, {"prompt": "Go on.", "examples": ["x", "y"]}))
    texts = {sample.text: sample for sample in [*found.learned, *found.held_out]}
    assert texts["b7"].examples == ("a7", "c7") and texts["b7"].prompt.text == "Write another text like these."
    assert texts["x"].examples == ("y",) and texts["x"].prompt.text == "Go on."
    # A set is on one side, whole.
    assert len(texts) == 122 and len(found.held_out) == 6
    assert len({sample.text[1:] for sample in found.held_out}) == 2


@pytest.mark.parametrize(
    ("line", "problem"),
    [
        ("{", "Expecting"),
        ("[1]", "no JSON object"),
        (r'{"prompt": "a", "text": "\ud800"}', "surrogates not allowed"),
        ('{"prompt": "a"}', "'text' is missing or empty"),
        ('{"examples": ["a", "a"]}', "a set of examples needs two different texts"),
        ('{"prompt": "a", "text": "  "}', "'text' is missing or empty"),
        ('{"prompt": 1, "text": "b"}', "'prompt' is 1, which is no text"),
        ('{"prompt": "a", "text": "b", "exmples": []}', "no field 'exmples'"),
        ('{"prompt": "a", "text": "b", "examples": [1]}', "'examples' holds something that is no text"),
        ('{"prompt": "a", "text": "b", "domain": "email", "fields": {}}', "either 'prompt' or 'domain'"),
        ('{"domain": "email", "text": "b"}', "'domain' and 'fields' go together"),
        ('{"domain": "email", "fields": {"subject": "x"}, "text": "b"}', "to: "),
        ('{"domain": "emial", "fields": {}, "text": "b"}', "did you mean 'email'"),
    ],
)
def test_a_line_that_is_no_record_is_named_with_what_is_wrong(line: str, problem: str, tmp_path: Path) -> None:
    file = write(tmp_path, {"prompt": "a", "text": "b"}, line)
    with pytest.raises(RequestError, match=r"texts\.jsonl:2: ") as caught:
        read(file)
    assert problem in str(caught.value) and "\n" not in str(caught.value)


def test_an_empty_file_a_missing_one_and_one_of_the_same_text_are_refused(tmp_path: Path) -> None:
    with pytest.raises(RequestError, match=r"texts.jsonl is empty; give a file with"):
        read(write(tmp_path, "", " "))
    with pytest.raises(RequestError, match=r"holds the same text 3 times"):
        read(write(tmp_path, *[{"prompt": "a", "text": "b"}] * 3))
    with pytest.raises(RequestError, match=r"cannot be read \(No such file"):
        read(tmp_path / "none.jsonl")
    (tmp_path / "latin.jsonl").write_bytes(b'{"prompt": "\xe9", "text": "b"}')
    with pytest.raises(RequestError, match="it is no UTF-8 text"):
        read(tmp_path / "latin.jsonl")


def test_duplicates_are_left_out_and_counted(tmp_path: Path) -> None:
    found = read(
        write(tmp_path, *[{"prompt": "a", "text": "b"}] * 2, {"text": "b", "prompt": "a"}, {"prompt": "c", "text": "b"})
    )
    assert [sample.prompt.text for sample in found.learned] == ["a", "c"] and found.duplicates == 2


def test_a_twentieth_of_the_prompts_is_held_out_and_never_on_both_sides(tmp_path: Path) -> None:
    file = write(tmp_path, *({"prompt": f"a{number % 40}", "text": f"b{number}"} for number in range(120)))
    found = read(file)
    learned, held_out = ({sample.prompt.text for sample in each} for each in (found.learned, found.held_out))
    assert len(held_out) == 2 and len(found.held_out) == 6 and not learned & held_out
    assert found.counts == {"texts.jsonl train": 114, "texts.jsonl dev": 6}
    assert read(file) == found


def test_held_out_texts_of_a_file_of_their_own_must_not_be_learned(tmp_path: Path) -> None:
    records = [{"prompt": f"a{number}", "text": "b"} for number in range(40)]
    file, other = write(tmp_path, *records), write(tmp_path, {"prompt": "x", "text": "b"}, name="dev.jsonl")
    found = read(file, held_out=(other,))
    assert (len(found.learned), len(found.held_out)) == (40, 1)
    with pytest.raises(RequestError, match="1 held-out texts are also texts to learn, such as 'b'"):
        read(file, held_out=(write(tmp_path, records[3], name="dev.jsonl"),))


def test_personal_data_is_redacted_unless_it_is_to_stay(tmp_path: Path) -> None:
    record = {"prompt": "Mail ana@corp.com", "text": "I wrote to ana@corp.com.", "examples": ["ana@corp.com"]}
    file = write(tmp_path, record, {"prompt": "a", "text": "b"})
    found = read(file)
    assert found.redacted == 1
    assert found.learned[0].text == "I wrote to person1@example.com."
    assert found.learned[0].prompt.text == "Mail person1@example.com"
    assert found.learned[0].examples == ("person1@example.com",)
    assert read(file, redact=False).learned[0].text == record["text"]


@pytest.mark.parametrize("field", ["text", "prompt", "examples"])
def test_a_text_that_is_reserved_for_evaluation_is_refused(
    field: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    kept = "The mayor of the old town resigned on Tuesday evening."
    monkeypatch.setattr(reserved, "_reserved", lambda: frozenset([reserved.pack([kept], [])]))
    record = {"prompt": "a", "text": "b", "examples": ["c"]} | {field: [kept] if field == "examples" else kept}
    with pytest.raises(RequestError, match=r"texts.jsonl:2: 1 of 1 sentences are of a text that is reserved"):
        read(write(tmp_path, {"prompt": "a", "text": "b"}, record))


def test_a_domains_texts_are_its_corpus_without_impossible_requests(monkeypatch: pytest.MonkeyPatch) -> None:
    kit = Kit()

    def corpus(split: str) -> Iterable[Example]:
        yield Example("no recipient", {"subject": "Review"}, "Yes.")
        yield Example(split, FIELDS, f"Call {split} at +49 30 901820.")

    kit.plugins.domains["email"] = replace(kit.plugins.domain("email"), corpus=corpus)  # type: ignore[index]
    found = read_samples(kit, Sources(domains=("email",)), seed=0)
    assert found.counts == {"email train": 1, "email dev": 1} and found.redacted == 2
    assert found.learned[0].text == "Call train at +1 202 555 0101." and found.reserved == 0
    # One that is reserved for evaluation is left out.
    kept = "We have all been asked to call the office tomorrow."
    monkeypatch.setattr(reserved, "_reserved", lambda: frozenset([reserved.pack([kept], [])]))
    kit.plugins.domains["email"] = replace(  # type: ignore[index]
        kit.plugins.domain("email"), corpus=lambda split: [*corpus(split), Example("kept", FIELDS, kept)]
    )
    found = read_samples(kit, Sources(domains=("email",)), seed=0)
    assert found.counts == {"email train": 1, "email dev": 1} and found.reserved == 2
    kit.plugins.domains["email"] = replace(kit.plugins.domain("email"), corpus=lambda split: ())  # type: ignore[index]
    with pytest.raises(RequestError, match="'email' has no dev texts"):
        corpus_samples(kit, "email", "dev", Samples(), seed=0)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=60)
@given(
    st.lists(
        st.one_of(
            st.text(max_size=30),
            st.recursive(
                st.none() | st.integers() | st.text(max_size=8),
                lambda inner: (
                    st.lists(inner, max_size=3)
                    | st.dictionaries(st.sampled_from(["prompt", "text", "examples", "x"]), inner)
                ),
                max_leaves=6,
            ).map(json.dumps),
        ),
        max_size=4,
    )
)
def test_any_file_is_read_or_refused_in_one_line(tmp_path: Path, lines: list[str]) -> None:
    file = tmp_path / "any.jsonl"
    file.write_text("\n".join(lines), encoding="utf-8", errors="surrogatepass")
    try:
        assert all(sample.text.strip() for sample in read(file).learned)
    except RequestError as error:
        assert "any.jsonl" in str(error) and "\n" not in str(error)


def test_texts_of_an_author_come_with_others_of_theirs_and_as_a_set(home: Path) -> None:
    def corpus(split: str) -> Iterable[Example]:
        for number in range(6 if split == "train" else 2):
            who = "" if number == 5 else "ada" if number < 3 else "bob"
            yield Example(f"{split} {number}", FIELDS, f"This is the {split} text {number} by {who}.", author=who)

    kit = Kit()
    kit.plugins.domains["email"] = replace(kit.plugins.domain("email"), corpus=corpus)  # type: ignore[index]
    found = read_samples(kit, Sources(domains=("email",), examples=True), seed=0).learned
    sets = [each for each in found if each.prompt.text == ANOTHER]
    assert len(found) == 11 and len(sets) == 5
    for sample in found:
        who = sample.text.split()[-1]
        assert sample.text not in sample.examples
        assert all(each.endswith(who) for each in sample.examples)
    assert all(each.examples for each in sets)
    nameless = [each for each in found if each.text.endswith("by .")]
    assert len(nameless) == 1 and not nameless[0].examples
    assert not any(each.examples for each in read_samples(kit, Sources(domains=("email",)), seed=0).learned)


def test_code_is_learned_with_what_it_has_to_begin_with(home: Path) -> None:
    place = {"text": "def double(number):\n    \n\n\nprint(double(2))\n", "path": "a.py", "line": 2}
    file = home / "code.jsonl"
    record = {"domain": "code complete", "fields": {"place": place}, "text": "return 2 * number"}
    other = {**record, "text": "return number + number"}
    file.write_text(f"{json.dumps(record)}\n{json.dumps(other)}\n", encoding="utf-8")
    (sample, _) = read(file).learned
    assert sample.prompt.messages[-2].content == "def double(number):"
    assert sample.text == "\n    return 2 * number"
