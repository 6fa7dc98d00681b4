"""Explanations of real e-mails, with the real default model."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import Kit, ModelError, OptionError, make_examples
from dalle_kit.cli.main import main
from dalle_kit.explain import Explanation, Sentence
from dalle_kit.records import Document, Draft, Finding
from dalle_kit.testing import ScriptedKit

#: How far weights may be from what the engine says, in nats a token: int8 numbers depend on what is read together.
TOLERANCE = 0.05

REQUEST: dict[str, Any] = {
    "to": ["Priya Raman <priya@example.com>"],
    "subject": "Delivery of the pumps",
    "points": ["pumps arrive on 12 June", "warehouse in Leeds closed on Monday"],
    "sender": "Tom",
}


@pytest.fixture(scope="module")
def kit(loaded_kit: Kit) -> Kit:
    return loaded_kit


@pytest.fixture(scope="module")
def explanation(kit: Kit) -> Explanation:
    return kit.explain("email", REQUEST, orders=4, candidates=1)


def saying(explanation: Explanation, word: str) -> Sentence:
    return next(each for each in explanation.sentences if word in each.text)


def heaviest(explanation: Explanation, sentence: Sentence) -> str:
    return explanation.parts[sentence.weights[0].part].name


def test_each_part_is_a_field_an_example_or_a_line_of_the_template(explanation: Explanation) -> None:
    found = {(part.kind, part.name): part.text for part in explanation.parts}
    assert found["template", "system, line 1"] == "Write the e-mail."
    assert found["template", "user, line 1"] == "Subject:"
    assert found["field", "subject"] == "Delivery of the pumps"
    assert found["field", "points[1]"] == "warehouse in Leeds closed on Monday"
    assert found["field", "to"] == "Priya" and found["prepared", "greeting"] == "Dear"
    assert "".join(text for text, _ in explanation.prompt).startswith("Write the e-mail.\n\nSubject: Delivery")


def test_a_planted_fact_is_attributed_to_its_field(explanation: Explanation) -> None:
    sentence = saying(explanation, "Leeds")
    assert sentence.source == "written" and heaviest(explanation, sentence) == "points[1]"
    assert heaviest(explanation, saying(explanation, "12 June")) == "points[0]"


@pytest.mark.parametrize(
    ("facts", "word", "place"),
    [
        (["lift out of order", "bring 40 chairs to hall C"], "40", 1),
        (["invoice for 310 euros", "meeting on Tuesday"], "310", 0),
    ],
)
def test_other_planted_facts_are_attributed_too(kit: Kit, facts: list[str], word: str, place: int) -> None:
    asked = {**REQUEST, "subject": "Some news", "points": facts}
    found = kit.explain("email", asked, orders=4, candidates=1)
    sentence = saying(found, word)
    assert sentence.source == "written" and heaviest(found, sentence) == f"points[{place}]"


def test_weights_add_up_to_what_all_parts_change_by_the_engines_own_score(kit: Kit, explanation: Explanation) -> None:
    prompt = kit.shape("email", REQUEST).prompt
    bare = replace(prompt, messages=tuple(replace(message, content="") for message in prompt.messages), beginning=())
    sentence = next(each for each in explanation.sentences if each.source == "written")
    before = explanation.text[: sentence.start]
    with_all = _likelihood(kit, prompt, before, sentence.text)
    without = _likelihood(kit, bare, "", sentence.text)
    total = sum(weight.value for weight in sentence.weights)
    assert total == pytest.approx(sentence.likelihood - sentence.likelihood_without, abs=1e-6)
    assert total == pytest.approx(with_all - without, abs=TOLERANCE * len(sentence.tokens))


def _likelihood(kit: Kit, prompt: Any, before: str, sentence: str) -> float:
    engine = kit.load()
    head = engine.tokenizer.encode_context(before)
    tokens = engine.tokenizer.encode_text(sentence)
    (found,) = engine.log_likelihoods([(prompt, [*head, *tokens])])
    return float(found[len(head) :].sum())


def test_leaving_out_the_heaviest_part_takes_more_than_another(explanation: Explanation) -> None:
    written = [each for each in explanation.sentences if each.source == "written"]
    assert len(written) == 2 and explanation.faithfulness == 1.0
    assert all(each.drop > each.drop_of_others + 5 for each in written)


def test_tokens_are_told_with_what_else_was_likely(explanation: Explanation) -> None:
    sentence = saying(explanation, "Leeds")
    assert "".join(token.text for token in sentence.tokens).strip() == sentence.text
    assert all(0 < token.probability <= 1 and len(token.others) == 5 for token in sentence.tokens)


def test_what_the_template_wrote_is_certain_and_gets_no_weights(explanation: Explanation) -> None:
    greeting, sender = explanation.sentences[0], explanation.sentences[-1]
    assert (greeting.text, greeting.source, greeting.weights) == ("Dear Priya,", "certain", ())
    assert [explanation.parts[number].name for number in greeting.parts] == ["greeting", "to"]
    assert (sender.text, [explanation.parts[number].name for number in sender.parts]) == ("Tom", ["sender"])
    assert all(explanation.text[each.start : each.end] == each.text for each in explanation.sentences)


def test_plain_words_of_a_repair_are_said_to_be_such() -> None:
    kit = ScriptedKit({"point_1": "It rains.", "point_2": "It snows."})
    with kit.stream("email", REQUEST) as stream:
        document = stream.finish()
    stated = [line for line in document.provenance.repairs if line.startswith("stated: ")]
    assert len(stated) == 2
    found = stream.explain()  # nothing is left that the model wrote, so no likelihoods are needed
    sentence = saying(found, "Leeds")
    assert (sentence.source, sentence.weights) == ("stated", ()) and sentence.note == "in plain words"
    assert [found.parts[number].name for number in sentence.parts] == ["points[1]"]


def test_a_model_without_likelihoods_is_a_clear_error() -> None:
    script = {"point_1": "The pumps arrive on 12 June.", "point_2": "The warehouse in Leeds is closed on Monday."}
    with pytest.raises(ModelError, match="scripted tells no likelihoods"):
        ScriptedKit(script).explain("email", REQUEST)


def test_a_document_that_no_model_wrote_is_explained_without_one(kit: Kit) -> None:
    found = kit.explain("email", to=["ana@example.com"], subject="Lunch")
    assert found.cost.evaluations == 0 and found.faithfulness is None
    assert all(each.source == "certain" for each in found.sentences)


def test_neutral_words_for_personal_data_are_said_to_be_none_of_the_models(
    kit: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    def added(_: Any, domain: str, request: Any, draft: Draft) -> tuple[Draft, list[Finding]]:
        return draft.replace("point_1", "Ring Mr Garner on +44 20 7946 0123."), []

    monkeypatch.setattr(type(kit.plugins), "postprocess", added)
    arguments: dict[str, Any] = {"to": ["ana@example.com"], "points": ["the pumps arrive"], "repair": False}
    found = kit.explain("email", **arguments, privacy="redact", orders=4)
    assert "Ring someone on a phone number." in found.text and "7946" not in json.dumps(found.as_dict())
    assert any("Neutral words stand for personal data" in note for note in found.notes)
    assert not any("Neutral" in note for note in kit.explain("email", **arguments, privacy="off", orders=4).notes)


@pytest.mark.parametrize("orders", [2, 5, 0, True, "4"])
def test_orders_that_cannot_be_sampled_are_refused(kit: Kit, orders: Any) -> None:
    with pytest.raises(OptionError, match="orders"):
        kit.explain("email", to=["ana@example.com"], subject="Lunch", orders=orders)


def test_what_is_copied_from_an_example_is_attributed_to_it(kit: Kit) -> None:
    letters = [
        "Hi Ben,\n\nThe kettle is broken. Zoltan has the spare one.\n\nOle",
        "Hi Ana,\n\nLunch is at one.\n\nOle",
    ]
    like = [make_examples(letters, kind="email")]
    with kit.stream("email", {**REQUEST, "points": ["room B12"]}, like=like, candidates=1, repair=False) as stream:
        document = stream.finish()
    slots = dict.fromkeys(document.slots, "Zoltan has the spare one.")
    copied: Document = replace(document, slots=slots, text=document.text)
    found = stream._explain(copied, orders=4, progress=lambda *_: None)
    sentence = saying(found, "Zoltan")
    part = found.parts[sentence.weights[0].part]
    assert part.kind == "example" and "kettle" in part.text


def test_the_command_writes_text_a_page_and_json(
    tmp_path: Path, home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    page = tmp_path / "why.html"
    asked = ["--to", "ana@example.com", "--subject", "Lunch", "-q"]
    assert main(["explain", "email", *asked, "-o", str(page)]) == 0
    assert page.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")
    assert main(["explain", "email", *asked, "-o", str(page)]) == 2  # never overwritten
    assert main(["explain", "email", *asked, "-o", str(tmp_path / "why.pdf")]) == 2
    assert main(["email", *asked, f"--explain={tmp_path / 'why.pdf'}"]) == 2
    assert "why.pdf: an explanation is written as .txt" in capsys.readouterr().err
    assert main(["explain", "email", *asked, "--json"]) == 0
    told = json.loads(capsys.readouterr().out)
    assert told["document"]["request"] == {"to": ["ana@example.com"], "subject": "Lunch"}
    assert [each["source"] for each in told["sentences"]] == ["certain"] * 3
    assert main(["email", *asked, "--explain"]) == 0
    shown = capsys.readouterr()
    assert shown.out.startswith("Hello,\n") and "the template's, with what was asked" in shown.err
    assert main(["email", *asked, f"--explain={tmp_path / 'why.json'}"]) == 0
    assert json.loads((tmp_path / "why.json").read_text(encoding="utf-8"))["domain"] == "email"
