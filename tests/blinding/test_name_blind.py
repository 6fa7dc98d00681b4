"""Name-blind writing from the request to the document: what the model is shown, and what it comes to."""

from __future__ import annotations

import re
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest

from dalle_kit import Kit, OptionError, make_examples
from dalle_kit.cli.main import main
from dalle_kit.engine.engine import Engine
from dalle_kit.records import Slot
from dalle_kit.testing import ScriptedKit

LETTER: dict[str, Any] = {
    "to": ["Dr. Zoë O'Brien-Müller <zobrien@example.com>", "Will Okafor <will.okafor@example.com>"],
    "cc": ["praman@example.com"],
    "subject": "Review with Lakisha Washington",
    "points": [
        "Will's review is now on Thursday at 14:00",
        "LAKISHA brings the cost sheet for Will Okafor",
        "will you be there in May?",
        "Priya Raman signs it",
    ],
    "sender": "Priya Raman",
    "signature": "Raman & Okafor Ltd, priya.raman@example.com",
    "instruction": "Thank Zoë O\u2019Brien-Müller for waiting.",
}
ARTICLE: dict[str, Any] = {
    "headline": "Oona Prendergast opens the library",
    "facts": ["the library opens on Tuesday", "Prendergast had asked for it in May", "Tom Ilves gave 400 books"],
    "quotes": ['"A town needs books." -- Oona Prendergast, council leader'],
    "byline": "Ana Silva",
}
REAL = "priya raman praman zoë zoe müller muller brien okafor lakisha washington oona prendergast ilves silva".split()


@pytest.fixture(scope="module")
def kit(default_model_home: Path) -> Kit:
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("DALLE_KIT_HOME", str(default_model_home))
        return Kit()


def words(text: str) -> set[str]:
    return set(re.findall(r"[^\W\d_]+", text.casefold()))


def _bytes(written: str | bytes) -> bytes:
    return written if isinstance(written, bytes) else written.encode()


def slot_texts(slot: Slot) -> list[str]:
    texts = (*(slot.known or ()), *slot.about, *slot.otherwise, *slot.choices, *slot.mentions, *slot.examples)
    return [*texts, slot.starts_with, slot.grammar or ""]


@pytest.mark.parametrize(("domain", "fields"), [("email", LETTER), ("news", ARTICLE)])
def test_the_model_sees_no_name_and_the_document_has_them(
    kit: Kit, monkeypatch: pytest.MonkeyPatch, domain: str, fields: dict[str, Any]
) -> None:
    seen: list[str] = []
    patterns: list[str] = []
    fill = Engine.fill

    def recorded(self: Engine, works: Any, *args: Any, **named: Any) -> Any:
        for prompt, skeleton in works:
            seen.append(self.tokenizer.prompt_text(prompt))
            for part in skeleton.parts:
                seen.extend([part] if isinstance(part, str) else slot_texts(part))
                patterns.extend([] if isinstance(part, str) else [part.regex or ""])
        return fill(self, works, *args, **named)

    monkeypatch.setattr(Engine, "fill", recorded)
    with kit.stream(domain, fields, name_blind=True, candidates=1) as stream:
        pieces = "".join(stream)
    shown, document = words("\n".join(seen)), stream.document
    assert seen and not (shown | words("\n".join(patterns))) & set(REAL)
    names = words(document.text) & set(REAL)
    assert len(names) > 3
    assert document.provenance.name_blind and document.request == kit.request(domain, fields)
    # What was seen while it was written has the names, too, and nothing that stands for them.
    blind, real = (kit.prompt_text(kit.shape(domain, fields, name_blind=hidden)) for hidden in (True, False))
    stand_ins = words(blind) - words(real) - words(document.text)
    assert "taylor" in stand_ins and not words(pieces) & stand_ins and len(words(pieces) & set(REAL)) > 2
    assert not any(finding.severity == "error" for finding in document.findings)


def test_in_every_format_the_names_are_the_requests(kit: Kit) -> None:
    fields = {**LETTER, "points": ["Will has room B12"], "address": "priya.raman@example.com", "candidates": 1}
    document, plain = kit.generate("email", **fields, name_blind=True), kit.generate("email", **fields)
    eml = [_bytes(each.render("eml")).partition(b"\n\n")[0] for each in (document, plain)]
    headers = [[line for line in head.splitlines() if line[:3] in (b"To:", b"Cc:", b"Fro", b"Sub")] for head in eml]
    assert headers[0] == headers[1] and len(headers[0]) >= 4
    json_ld = str(kit.generate("news", ARTICLE, name_blind=True, candidates=1).render("jsonld"))
    assert "Ana Silva" in json_ld and "Oona Prendergast" in json_ld
    assert kit.reproduce(document).same


def test_findings_are_about_the_text_with_the_names() -> None:
    def script(prompt: Any, slot: Slot) -> str:
        other = re.search(r"note of (\w+)", prompt.text)
        assert other
        return f"The note of {other[1]} costs 99 euros."

    kit = ScriptedKit(script)
    fields = {"to": ["Maximiliana Raman <m@example.com>"], "subject": "Note", "points": ["the note of Maximiliana"]}
    document = kit.generate("email", fields, name_blind=True, repair=False, template="free", candidates=1)
    assert "Maximiliana" not in kit.engine.prompts[0].text and "note of Maximiliana costs 99" in document.text
    found = next(each for each in document.findings if "99" in each.message)
    assert found.slot and found.span and document.slots[found.slot][slice(*found.span)].startswith("99")
    assert found.place and document.text[slice(*found.place)].startswith("99")
    assert not any("Maximiliana" in each.message for each in document.findings if each.check == "unsupported")


def test_the_answered_message_is_shown_without_names_and_quoted_with_them(kit: Kit) -> None:
    parent = EmailMessage()
    parent["From"] = "Sinéad Ó Murchú <sinead@example.com>"
    parent["Subject"] = "Room for Jörg Weiß"
    parent["Date"] = "Mon, 2 Nov 2026 09:00:00 +0000"
    text = "Which room does Jörg Weiß have?\n\n> Jörg Weiß asked.\n\nSinéad\n"
    parent.set_content(text, charset="utf-8", cte="base64")
    fields = {"reply_to": bytes(parent), "points": ["room B12"], "sender": "Tom Ilves <tom@example.com>"}
    shown = words(kit.prompt_text(kit.shape("email", fields, name_blind=True)))
    assert "room" in shown and not shown & {"sinéad", "murchú", "jörg", "weiß"}
    document = kit.generate("email", fields, name_blind=True)
    quoted = "Sinéad Ó Murchú wrote:\n> Which room does Jörg Weiß have?"
    assert "Dear Sinéad," in document.text and quoted in document.text
    assert document.request.reply_to == bytes(parent)


def test_a_name_in_the_request_is_not_shown_in_examples_either(kit: Kit) -> None:
    letters = make_examples([f"Hi {name},\n\nThe van is booked.\n\nCheers,\nOle" for name in ("Priya", "Alex", "Mei")])
    fields = {"to": ["Priya <priya@example.com>"], "points": ["van booked for Priya"], "sender": "Tom"}
    shown = kit.prompt_text(kit.shape("email", fields, like=[letters], name_blind=True))
    assert "Priya" not in shown and "Mei" in shown
    # Whoever is in the examples stands for nobody.
    text = kit.generate("email", fields, like=[letters], name_blind=True).text
    assert text.startswith("Dear Priya,") and "Alex" not in text


def test_a_batch_hides_the_names_of_each_request(kit: Kit) -> None:
    requests = [{**LETTER, "to": [f"{name} <a@example.com>"]} for name in ("Mei Lin", "Kofi Mensah")]
    texts = [each.text for each in kit.batch("email", requests, name_blind=True)]
    assert [text.split("\n")[0] for text in texts] == ["Dear Mei,", "Dear Kofi,"]
    # Nothing but the names can differ: the model has read the same.
    assert texts[0].replace("Mei", "Kofi") == texts[1]


def test_code_has_no_names_to_hide_and_says_so(kit: Kit, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(OptionError, match="hidden in prose only"):
        kit.shape("code function", {"signature": "def add(a, b):"}, name_blind=True)
    assert main(["code", "function", "--help"]) == 0 and "--name-blind" not in capsys.readouterr().out


def test_a_request_without_names_is_told(kit: Kit) -> None:
    document = kit.generate("email", to=["info@example.com"], points=["lift broken"], name_blind=True)
    assert [each.message for each in document.findings if each.check == "name-blind"] == [
        "no name of a person was found in the request: all of it was shown"
    ]


def test_the_command_shows_the_prompt_that_the_model_gets(home: Path, capsys: pytest.CaptureFixture[str]) -> None:
    arguments = ["email", "--to", "Priya Raman <p@example.com>", "--point", "Priya is in room B12", "--name-blind"]
    assert main([*arguments, "--dry-run"]) == 0
    assert "Priya" not in capsys.readouterr().out
    assert main([*arguments, "--quiet"]) == 0
    assert "Dear Priya," in capsys.readouterr().out
