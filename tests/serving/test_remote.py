"""Documents that this process writes with the model of a server of ours: as here, and without what only ours can."""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator, Callable, Iterator
from pathlib import Path
from typing import Any, cast

import pytest

from dalle_kit import Kit
from dalle_kit.cli.main import main
from dalle_kit.config import Settings
from dalle_kit.engine.remote.asking import Way
from dalle_kit.engine.remote.client import Client
from dalle_kit.engine.remote.engine import RemoteEngine
from dalle_kit.engine.remote.events import Delta
from dalle_kit.errors import ConfigError, ModelError
from tests.serving.conftest import Server

EMAIL: dict[str, Any] = {
    "to": "Ana Ruiz <ana@example.com>",
    "sender": "Ben Cole",
    "subject": "Delayed shipment",
    "points": ["shipment delayed until Friday", "express fee of 12 euros refunded"],
}
NEWS: dict[str, Any] = {
    "headline": "Bridge reopens in Hanfield",
    "facts": ["the bridge reopened on Monday", "it cost 3 million euros"],
}

Run = Callable[..., tuple[int, str, str]]


@pytest.fixture(scope="module")
def name(server: Server) -> str:
    return f"openai:{server.url}#dalle-base"


@pytest.fixture
def remote(name: str, serving_home: Path) -> Iterator[Kit]:
    kit = Kit(model=name)
    yield kit
    cast(RemoteEngine, kit.load()).close()


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], serving_home: Path) -> Run:
    def run(*arguments: str) -> tuple[int, str, str]:
        capfd.readouterr()
        code = main(arguments)
        return code, *capfd.readouterr()

    return run


@pytest.mark.parametrize(("domain", "fields"), [("email", EMAIL), ("news", NEWS)])
def test_the_draft_is_the_one_that_is_written_here(kit: Kit, remote: Kit, domain: str, fields: dict[str, Any]) -> None:
    here = kit.generate(domain, fields, candidates=1, repair=False)
    there = remote.generate(domain, fields, candidates=1, repair=False)
    assert there.text == here.text
    assert there.provenance.finish_reasons == here.provenance.finish_reasons


@pytest.mark.parametrize(
    ("domain", "fields"),
    [
        ("email", EMAIL),
        (
            "email",
            {**EMAIL, "subject": "Rota", "points": ["Jo isn't on duty on Sunday, Kim is", "lost one of two keys"]},
        ),
        ("email", {**EMAIL, "subject": "Museum", "points": ["closed monday, open tuesday", "told him twice already"]}),
        ("email", {**EMAIL, "subject": "Café", "points": ["“Gala” on 5 May, 12 € each", "Siân's name misspelt"]}),
        ("news", NEWS),
        (
            "blog",
            {"headline": "My first winter as a beekeeper", "facts": ["lost one of two hives", "in March they flew"]},
        ),
    ],
)
def test_each_sentence_is_compared_with_its_note_and_the_text_is_the_one_that_is_written_here(
    kit: Kit, remote: Kit, domain: str, fields: dict[str, Any]
) -> None:
    here, there = (each.generate(domain, fields, candidates=1) for each in (kit, remote))
    assert there.text == here.text
    assert there.provenance.repairs == here.provenance.repairs
    assert [each.message for each in there.findings] == [each.message for each in here.findings]


def test_texts_are_as_likely_as_here_to_the_last_digit(kit: Kit, remote: Kit) -> None:
    texts = [
        (f"Sentence: {sentence}\nNote:", f" {note}\n")
        for sentence in ("The report is ready.", "Grüße 👍 cost 12.5 €!")
        for note in ("report ready", "“x” (12)", "- 5 C", "数据")
    ]
    here, there = kit.load(), cast(RemoteEngine, remote.load())
    assert there.tells_likelihoods and there.trusted_from == here.trusted_from is not None
    for ours, theirs in zip(here.log_likelihoods(texts), there.log_likelihoods(texts), strict=True):
        assert ours.tolist() == theirs.tolist()
    assert there.score("One, two,", " three") == here.score("One, two,", " three")
    told = [(each.text, each.log_likelihood) for each in there.token_scores("One, two,", " three, four")]
    assert told == [(each.text, each.log_likelihood) for each in here.token_scores("One, two,", " three, four")]


def test_what_is_written_again_has_none_of_the_names_that_the_server_is_not_shown(
    remote: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    sent: list[str] = []
    opened = Client._opened

    async def noted(client: Client, method: str, path: str, body: Any) -> Any:
        sent.append(f"{path} {json.dumps(body)}")
        return await opened(client, method, path, body)

    monkeypatch.setattr(Client, "_opened", noted)
    points = ["Carla isn't on duty on Sunday, Bertram is", "boxes with Carla since May"]
    document = remote.generate("email", {**EMAIL, "points": points}, candidates=1, name_blind=True)
    assert "Bertram" in document.text
    assert len(sent) > 1
    assert not [each for each in sent if "Bertram" in each or "Carla" in each or "Ruiz" in each]


def test_the_record_says_whose_model_wrote_and_can_be_made_again(remote: Kit, name: str) -> None:
    document = remote.generate("email", EMAIL, candidates=1)
    made = document.provenance
    assert (made.model, made.runner, made.device, made.model_sha256) == (
        name.replace("#", "/v1#"),
        "server",
        None,
        None,
    )
    assert made.constrained
    found = remote.reproduce(document)
    assert found.same
    assert [str(each) for each in found.differences] == [
        f"{made.model}: was on a server, is there still: it may be another, and write another text"
    ]


def test_nothing_is_sent_to_a_server_that_only_a_record_names(remote: Kit, kit: Kit) -> None:
    document = remote.generate("email", EMAIL, candidates=1)
    with pytest.raises(ConfigError, match="which nothing is sent to because a record says so"):
        kit.reproduce(document)
    named = Kit(settings=Settings(aliases={"far": remote.model}))
    assert named.reproduce(document).same


def test_a_server_that_holds_no_text_to_anything_gives_no_word_that_is_made_up(remote: Kit) -> None:
    cast(RemoteEngine, remote.load())._speaker.way = Way(continues=True)
    document = remote.generate("email", EMAIL, candidates=1)
    assert not document.provenance.constrained
    assert "Friday" in document.text and "12 euros" in document.text
    assert [each for each in document.findings if each.severity == "error"] == []


def test_rows_are_written_together(remote: Kit, kit: Kit) -> None:
    rows = [{**EMAIL, "points": [f"order {number} delayed until Friday"]} for number in range(6)]
    pieces = [each.text for each in remote.batch("email", rows, candidates=1, repair=False)]
    assert pieces == [each.text for each in kit.batch("email", rows, candidates=1, repair=False)]


def test_a_sentence_that_is_wrong_is_written_again_without_likelihoods(remote: Kit) -> None:
    points = ["Jo isn't on duty on Sunday, Kim is", "lost one of two keys"]
    cast(RemoteEngine, remote.load()).tells_likelihoods = False  # as a server of an earlier version
    document = remote.generate("email", {**EMAIL, "subject": "Rota", "points": points})
    assert "Jo is" in document.text and "Kim is." in document.text and "one of two keys" in document.text
    assert not [each for each in document.findings if each.severity == "error"]


def test_code_is_plain_text_to_go_on_with(remote: Kit) -> None:
    document = remote.generate("code function", signature="def add(a: int, b: int) -> int:", doc="Add two numbers.")
    assert document.text.startswith("def add(a: int, b: int) -> int:")


def test_an_explanation_says_that_a_server_tells_no_likelihoods(remote: Kit) -> None:
    with pytest.raises(ModelError, match="is on a server and cannot say how likely texts are"):
        remote.explain("email", {**EMAIL, "points": ["report ready"]}, candidates=1)


def test_the_command_takes_an_alias_and_says_nothing_of_a_server_on_this_machine(run: Run, name: str) -> None:
    assert run("models", "alias", "set", "far", name)[0] == 0
    try:
        arguments = ("email", "--to", "ana@example.com", "--subject", "Report", "--point", "report ready")
        code, out, err = run(*arguments, "--model", "far", "--json", "--candidates", "1")
        assert (code, err) == (0, "")
        assert json.loads(out)["provenance"]["model"] == name.replace("#", "/v1#")
    finally:
        run("models", "alias", "remove", "far")


def test_the_doctor_asks_the_server_of_the_default_model(run: Run, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALLE_KIT_MODEL", name)
    facts = json.loads(run("doctor", "--json")[1])["model"]
    assert facts["state"].startswith("the server answers and has dalle-base; its texts are held to")
    monkeypatch.setenv("DALLE_KIT_MODEL", f"{name}x")
    problems = json.loads(run("doctor", "--json")[1])["problems"]
    assert "no model of the server named 'dalle-basex': did you mean" in problems[0]["what"]


def test_the_command_says_where_a_request_goes_that_leaves_this_machine(
    run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(*_: object, **__: object) -> None:
        raise ModelError("not now")

    monkeypatch.setattr(RemoteEngine, "connect", refuse)
    arguments = ("email", "--to", "ana@example.com", "--subject", "Report", "--point", "report ready")
    where = "The request goes to https://models.example.com/v1, whose model writes.\n"
    far = "openai:https://models.example.com"
    assert run(*arguments, "--model", far) == (2, "", f"{where}Error: not now\n")
    assert run(*arguments, "--model", far, "-q") == (2, "", "Error: not now\n")


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ({"messages": [{"role": "user", "content": "x"}], "continue_final_message": True}, "the last message is to be"),
        ({"messages": [{"role": "user", "content": "x"}], "slot": {"sentences": "many"}}, "slot.sentences"),
        ({"messages": [{"role": "user", "content": "x"}], "slot": {"regex": "(", "max_tokens": 1}}, "slot.max_tokens"),
        ({"messages": [{"role": "user", "content": "x"}], "slot": {"sentences": [2, 1]}}, "the least and the most"),
        ({"messages": [{"role": "user", "content": "x"}], "slot": {"regex": "("}}, "cannot be used"),
        (
            {
                "messages": [{"role": "user", "content": "x"}],
                "slot": {"choices": ["a"]},
                "response_format": {"type": "json_object"},
            },
            "give one of them",
        ),
    ],
)
def test_a_slot_or_a_beginning_that_is_none_is_refused(server: Server, body: dict[str, Any], message: str) -> None:
    answer = server.ask("/v1/chat/completions", body)
    assert answer.status == 400
    assert message in answer.json["error"]["message"]


def test_what_was_about_to_be_written_again_is_no_part_of_a_text_whose_time_is_up(
    remote: Kit, monkeypatch: pytest.MonkeyPatch
) -> None:
    engine = cast(RemoteEngine, remote.load())
    engine._speaker.way = Way(continues=True)

    async def write(client: Client, path: str, body: dict[str, Any]) -> AsyncIterator[Delta]:
        asked.append(body)
        yield Delta("Martin was late.", "stop" if len(asked) == 1 else None)
        await asyncio.sleep(5)

    asked: list[Any] = []
    monkeypatch.setattr(Client, "write", write)
    document = remote.generate("email", EMAIL, candidates=1, budget=1.0)
    assert document.provenance.budget_spent
    assert "Martin" not in document.text
    assert "Friday" in document.text
