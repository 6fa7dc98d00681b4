from __future__ import annotations

import io
from enum import Enum
from pathlib import Path
from typing import Any, Literal

import click
import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit.cli.request_options import collect_fields, named_by_option, request_options
from dalle_kit.domain import Request, option
from dalle_kit.errors import PluginError, RequestError, UnknownNameError


class Colour(Enum):
    RED = "red"
    BLUE = "blue"


class Everything(Request):
    title: str = pydantic.Field(description="The title.")
    points: tuple[str, ...] = pydantic.Field((), description="A point.")
    tone: Literal["neutral", "formal", "friendly"] = pydantic.Field(
        "neutral", description="The tone.", json_schema_extra=option(identity=True)
    )
    colour: Colour | None = pydantic.Field(None, description="A colour.")
    count: int = pydantic.Field(3, description="How many.")
    weight: float | None = pydantic.Field(None, description="How heavy.")
    polite: bool = pydantic.Field(True, description="Politely.")
    parent: bytes | None = pydantic.Field(
        None, description="The message.", json_schema_extra=option(flag="reply-to", metavar="FILE.eml")
    )
    address: list[str] = pydantic.Field([], description="An address.")
    extra: dict[str, int] = pydantic.Field({}, description="Further facts.")


OPTIONS = request_options("all", Everything.model_json_schema())


def fields(*arguments: str) -> dict[str, Any]:
    found: dict[str, Any] = {}
    command = click.Command("all", params=[*OPTIONS], callback=lambda **values: found.update(values))
    command.main([*arguments], standalone_mode=False)
    return collect_fields(OPTIONS, found)


def help_text() -> str:
    command = click.Command("all", params=[*OPTIONS])
    return command.get_help(click.Context(command, terminal_width=200))


@pytest.mark.parametrize(
    ("field", "message", "said"),
    [
        ("points", "points: there are 9", "--point: there are 9"),
        ("parent", "parent: no e-mail: sorry", "--reply-to: no e-mail: sorry"),
        ("points", "points.text: is required", "--point: text: is required"),
        ("place", "place: line 9 is outside", "line 9 is outside"),
        ("tone", "no tone named 'x': choose from y", "no tone named 'x': choose from y"),
        (None, "it is empty", "it is empty"),
    ],
)
def test_a_field_at_fault_is_named_by_its_option(field: str | None, message: str, said: str) -> None:
    named = named_by_option(RequestError(message, field=field), OPTIONS, source="place")
    assert (str(named), named.field) == (said, field)


def test_options_that_are_not_given_make_no_field() -> None:
    assert fields() == {}


def test_every_kind_of_field_arrives_as_its_type() -> None:
    given_fields = fields(
        "--title", "T", "--point", "one", "--point", "two", "--tone", "FORMAL", "--colour", "blue", "--count", "7",
        "--weight", "1.5", "--no-polite", "--address", "a@b.c", "--extra", '{"n": 1}',
    )  # fmt: skip
    assert given_fields == {
        "title": "T",
        "points": ["one", "two"],
        "tone": "formal",
        "colour": "blue",
        "count": 7,
        "weight": 1.5,
        "polite": False,
        "address": ["a@b.c"],
        "extra": {"n": 1},
    }
    request = Everything.model_validate(given_fields)
    assert request.colour is Colour.BLUE


def test_the_help_says_what_repeats_what_is_required_and_what_the_default_is() -> None:
    shown = " ".join(help_text().split())
    assert "--title TEXT The title. [required]" in shown
    assert "--point TEXT A point. [repeatable]" in shown
    assert "--tone [neutral|formal|friendly] The tone. [default: neutral; saved identity fills it]" in shown
    assert "--reply-to FILE.eml The message. --address" in shown
    assert "--count INTEGER How many. [default: 3]" in shown
    assert "--weight FLOAT How heavy. --polite" in shown
    assert "--polite / --no-polite Politely. [default: yes]" in shown


def test_required_options_are_left_for_the_domain_to_ask_for() -> None:
    assert "title" not in fields("--count", "1")


def test_wrong_choice_names_the_nearest() -> None:
    with pytest.raises(UnknownNameError, match="no tone named 'frendly': did you mean 'friendly'"):
        fields("--tone", "frendly")


def test_at_sign_reads_a_text_from_a_file_and_two_stand_for_one(tmp_path: Path) -> None:
    file = tmp_path / "títle.txt"
    file.write_bytes("\ufeffZoë\r\nsecond\n".encode())
    assert fields("--title", f"@{file}") == {"title": "Zoë\nsecond\n"}
    assert fields("--title", "@@here") == {"title": "@here"}


def test_list_takes_one_item_a_line_from_a_file(tmp_path: Path) -> None:
    file = tmp_path / "points"
    file.write_text("one\n\n  two \n", encoding="utf-8")
    assert fields("--point", "zero", "--point", f"@{file}", "--point", "@@x") == {
        "points": ["zero", "one", "two", "@x"]
    }


@pytest.mark.parametrize(
    ("text", "items"),
    [
        ("1. buy milk\n2. call Jo\n", ["buy milk", "call Jo"]),
        ("To do\n=====\n(1) buy milk\n\n2) call Jo\n---\n", ["To do", "buy milk", "call Jo"]),
        ("[ ] buy milk\n- [ ] call Jo\n[x] rent\n", ["buy milk", "call Jo", "[x] rent"]),
        ("-> buy milk\n\u25aa call Jo\n\u2192 rent\n", ["buy milk", "call Jo", "rent"]),
        ("1. buy milk\ncall Jo\n", ["1. buy milk", "call Jo"]),
        ("2. call Jo\n3. buy milk\n", ["2. call Jo", "3. buy milk"]),
        ("1. Mai: Probe\n2. Mai: Konzert\n", ["1. Mai: Probe", "2. Mai: Konzert"]),
        ("1.5 litres\n2.5 kilos\n[1] a note\n", ["1.5 litres", "2.5 kilos", "[1] a note"]),
    ],
)
def test_what_draws_a_list_is_no_part_of_its_items(tmp_path: Path, text: str, items: list[str]) -> None:
    file = tmp_path / "points.txt"
    file.write_text(text, encoding="utf-8")
    assert fields("--point", f"@{file}") == {"points": items}


def test_items_that_are_typed_with_numbers_lose_them_too() -> None:
    assert fields("--point", "1. buy milk", "--point", "2. call Jo") == {"points": ["buy milk", "call Jo"]}
    assert fields("--point", "1. buy milk") == {"points": ["1. buy milk"]}


def test_dash_reads_stdin_once(monkeypatch: pytest.MonkeyPatch) -> None:
    def typed(text: str) -> None:
        monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO(text.encode()), encoding="ascii"))

    typed("ä\nb\n")
    assert fields("--point", "-") == {"points": ["ä", "b"]}
    typed("whole\ntext")
    assert fields("--title", "-") == {"title": "whole\ntext"}
    typed("From: x\n")
    assert fields("--reply-to", "-") == {"parent": b"From: x\n"}
    with pytest.raises(RequestError, match="--point: stdin was already read for --title"):
        fields("--title", "-", "--point", "-")


def test_a_list_from_an_empty_file_or_stdin_is_an_error(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    file = tmp_path / "points.txt"
    file.write_text(" \n\n", encoding="utf-8")
    with pytest.raises(RequestError, match=r"--point: '.*points\.txt' is empty; give at least one line"):
        fields("--point", f"@{file}")
    monkeypatch.setattr("sys.stdin", io.TextIOWrapper(io.BytesIO()))
    with pytest.raises(RequestError, match="--point: stdin is empty"):
        fields("--point", "-")


def test_bytes_field_takes_the_contents_of_a_file_unchanged(tmp_path: Path) -> None:
    file = tmp_path / "mail.eml"
    file.write_bytes(b"\x00\xff\r\n")
    assert fields("--reply-to", str(file)) == {"parent": b"\x00\xff\r\n"}


@pytest.mark.parametrize(
    ("content", "complaint"),
    [(b"\xff\xfe", "not UTF-8 text"), (b"a\x00b", "a binary file"), (None, "cannot read .*: No such file")],
)
def test_file_that_is_no_text_is_refused_by_the_options_name(
    tmp_path: Path, content: bytes | None, complaint: str
) -> None:
    file = tmp_path / "in"
    if content is not None:
        file.write_bytes(content)
    with pytest.raises(RequestError, match=f"--title: .*{complaint}"):
        fields("--title", f"@{file}")


@pytest.mark.parametrize("name", ["@", "@."])
def test_at_sign_without_a_file_is_refused(name: str) -> None:
    with pytest.raises(RequestError, match="--title: "):
        fields("--title", name)


def test_broken_json_is_refused() -> None:
    with pytest.raises(RequestError, match="--extra: not valid JSON"):
        fields("--extra", "{1")


def test_bytes_that_are_no_text_in_an_argument_are_refused() -> None:
    with pytest.raises(RequestError, match=r"--title: .*not UTF-8"):
        fields("--title", "a\udcff")


def test_two_fields_with_one_flag_are_the_plugins_error() -> None:
    class Clash(Request):
        point: str = pydantic.Field("", description="One.")
        points: list[str] = pydantic.Field([], description="Many.")

    with pytest.raises(PluginError, match="'point' and 'points' both make the flag --point"):
        request_options("clash", Clash.model_json_schema())


@pytest.mark.parametrize(
    ("name", "flag"),
    [("duties", "--duty"), ("addresses", "--address"), ("boxes", "--box"), ("branches", "--branch"), ("to", "--to"),
     ("due_dates", "--due-date"), ("loss", "--loss")],
)  # fmt: skip
def test_a_list_has_a_flag_in_the_singular(name: str, flag: str) -> None:
    (option,) = request_options("made", {"properties": {name: {"type": "array", "items": {"type": "string"}}}})
    assert option.opts == [flag]


@given(st.text(alphabet=st.characters(exclude_categories=["Cs"])))
def test_any_text_can_be_given(text: str) -> None:
    typed = f"@{text}" if text.startswith("@") else text
    if typed != "-":
        assert fields(f"--title={typed}") == {"title": text}


@given(st.lists(st.text(alphabet=st.characters(exclude_categories=["Cs"])).filter(lambda text: text != "-")))
def test_any_list_of_texts_can_be_given(texts: list[str]) -> None:
    typed = [f"--point={'@' * text.startswith('@')}{text}" for text in texts]
    assert fields(*typed) == ({"points": texts} if texts else {})


class Quote(pydantic.BaseModel):
    text: str
    speaker: str = ""

    @pydantic.model_validator(mode="before")
    @classmethod
    def _from_text(cls, value: Any) -> Any:
        if isinstance(value, str):
            text, _, speaker = value.partition(" - ")
            return {"text": text, "speaker": speaker}
        return value


class Quoted(Request):
    lead: Quote | None = pydantic.Field(None, description="A quote.", json_schema_extra=option(metavar="TEXT - NAME"))
    quotes: tuple[Quote, ...] = pydantic.Field((), description="More of them.")


def quoted(*arguments: str) -> tuple[dict[str, Any], Quoted]:
    options = request_options("quoted", Quoted.model_json_schema())
    found: dict[str, Any] = {}
    command = click.Command("quoted", params=[*options], callback=lambda **values: found.update(values))
    command.main([*arguments], standalone_mode=False)
    fields = collect_fields(options, found)
    return fields, Quoted.model_validate(fields)


def test_a_model_is_given_as_one_text_for_its_own_validator(tmp_path: Path) -> None:
    file = tmp_path / "quotes"
    file.write_text("one - Ana\n\ntwo - Ben\n", encoding="utf-8")
    fields, request = quoted("--lead", "zero - {Zoë}", "--quote", f"@{file}", "--quote", "{three - Cy")
    assert fields == {"lead": "zero - {Zoë}", "quotes": ["one - Ana", "two - Ben", "{three - Cy"]}
    assert request.lead == Quote(text="zero", speaker="{Zoë}")
    assert [quote.speaker for quote in request.quotes] == ["Ana", "Ben", "Cy"]


def test_a_model_can_also_be_a_json_object() -> None:
    _, request = quoted("--lead", '{"text": "a - b"}', "--quote", '{"text": "c", "speaker": "d"}')
    assert request.lead == Quote(text="a - b") and request.quotes == (Quote(text="c", speaker="d"),)


def test_the_help_shows_how_a_model_is_written() -> None:
    command = click.Command("quoted", params=[*request_options("quoted", Quoted.model_json_schema())])
    shown = " ".join(command.get_help(click.Context(command, terminal_width=200)).split())
    assert "--lead TEXT - NAME A quote." in shown and "--quote TEXT More of them. [repeatable]" in shown
