"""Personal data that is in a text and not in its request: reported, put in neutral words, or refused."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dalle_kit import Document, Finding, OptionError, PrivacyError
from dalle_kit.config import Settings
from dalle_kit.plugin_manager.manager import Plugins
from dalle_kit.testing import ScriptedKit

NUMBER = "+44 20 7946 0123"
SENTENCE = f"The review is now on Thursday at 14:00. You can ring Mr Garner on {NUMBER}."
REQUEST: dict[str, Any] = {"to": "ana@example.com", "points": ("the review is now on Thursday at 14:00",)}


def kit(text: str = SENTENCE, **settings: Any) -> ScriptedKit:
    return ScriptedKit(lambda prompt, slot: text, settings=Settings(**settings))


def write(policy: str | None = None, *, text: str = SENTENCE, repair: bool = False, **fields: Any) -> Document:
    return kit(text).generate("email", {**REQUEST, **fields}, repair=repair, privacy=policy)  # type: ignore[arg-type]


def checks(document: Document) -> list[str]:
    return [finding.check for finding in document.findings if finding.severity != "note"]


def test_by_default_it_is_reported_once_with_its_place() -> None:
    document = write()
    assert NUMBER in document.text
    places = [
        document.text[each.place[0] : each.place[1]]
        for each in document.findings
        if each.check == "personal data" and each.place
    ]
    assert NUMBER in places
    assert not any("7946" in each.message for each in document.findings if each.check == "unsupported")


def test_a_sentence_with_it_is_written_again_or_dropped() -> None:
    document = write(repair=True)
    assert "7946" not in document.text and "personal data" not in checks(document)


def test_what_the_request_says_may_be_said_however_it_is_written() -> None:
    told = write(text="You can ring Mr Garner on +442079460123.", points=(f"ring Mr Garner on {NUMBER}",))
    assert "personal data" not in checks(told) and "+442079460123" in told.text


def test_redacting_leaves_a_sentence_and_nothing_of_the_data() -> None:
    document = write("redact")
    everything = json.dumps(document.as_dict())
    assert "7946" not in everything and "Garner" not in everything
    assert "You can ring " in document.text and document.text.count("\n\n") >= 1
    assert "personal data" in checks(document) and "placeholder" not in checks(document)
    [note] = [finding for finding in document.findings if finding.check == "personal data"]
    assert note.severity == "warning" and "phone number" in note.message


def test_neutral_words_are_not_called_invented() -> None:
    document = write("redact", text=f"The review is now on Thursday at 14:00. Ask Mr Garner on {NUMBER}.")
    assert "Ask someone on a phone number." in document.text and "invented" not in checks(document)
    assert "invented" in checks(write("redact", text=f"A purple giraffe dances. Ask Mr Garner on {NUMBER}."))


def test_an_empty_policy_is_none_that_there_is() -> None:
    with pytest.raises(OptionError, match="privacy"):
        write("")


def test_what_repair_says_about_a_redacted_text_does_not_quote_the_data() -> None:
    everything = json.dumps(write("redact", repair=True).as_dict())
    assert "7946" not in everything and "Garner" not in everything


def test_what_a_plugin_says_of_its_failure_does_not_quote_the_data(monkeypatch: pytest.MonkeyPatch) -> None:
    def failed(*_: Any) -> tuple[Any, list[Finding]]:
        return _[-1], [Finding("plugin:shout", "error", f"KeyError: {SENTENCE!r}")]

    monkeypatch.setattr(Plugins, "postprocess", failed)
    monkeypatch.setattr(Plugins, "shape_prompt", failed)
    document = write("redact")
    assert sum(each.message.startswith("KeyError: ") for each in document.findings) == 2
    assert "7946" not in json.dumps(document.as_dict()) and "Garner" not in json.dumps(document.as_dict())


def test_refusing_raises_an_error_that_does_not_say_the_data() -> None:
    with pytest.raises(PrivacyError, match="not in the request") as caught:
        write("refuse")
    assert "7946" not in str(caught.value) and "Garner" not in str(caught.value)
    assert caught.value.slot


def test_off_looks_for_nothing() -> None:
    document = write("off")
    assert NUMBER in document.text and "personal data" not in checks(document)


@pytest.mark.parametrize("policy", ["redact", "refuse"])
def test_a_sentence_is_held_back_until_it_was_checked(policy: Any) -> None:
    with kit().stream("email", REQUEST, repair=False, privacy=policy) as stream:
        shown = ""
        try:
            for piece in stream:
                shown += piece
        except PrivacyError:
            assert policy == "refuse"
    assert "Thursday" in shown and "7946" not in shown and "Garner" not in shown


def test_without_a_policy_that_holds_back_pieces_come_as_they_are_written() -> None:
    with kit().stream("email", REQUEST, repair=False) as stream:
        shown = "".join(stream)
    assert NUMBER in shown


def test_code_is_held_to_it_too() -> None:
    fields = {"place": {"path": "a.py", "text": "def owner():\n    ", "line": 2, "column": 5}}
    written = kit('return "jane.garner@garner-lettings.co.uk"').generate("code complete", fields, privacy="redact")
    assert "garner" not in json.dumps(written.as_dict())


def test_the_setting_holds_where_a_call_says_nothing() -> None:
    with pytest.raises(PrivacyError):
        kit(privacy="refuse").generate("email", REQUEST, repair=False)
    assert kit(privacy="refuse").generate("email", REQUEST, repair=False, privacy="off")


def test_a_policy_that_there_is_not_is_an_error_before_anything_is_written() -> None:
    with pytest.raises(OptionError, match="off, report, redact, refuse"):
        write("hide")
