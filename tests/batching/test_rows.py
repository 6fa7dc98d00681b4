"""The rows of a table and of JSON lines: which fields they give, and what is said of what is wrong with them."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import replace
from typing import Any, Literal

import pydantic
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalle_kit import DalleKitError, Request, UnknownNameError
from dalle_kit.batching import Columns, Input, Row, Shared, read_rows


class Part(pydantic.BaseModel):
    """A part of a request."""

    text: str


class Note(Request):
    """A request with a field of each kind."""

    to: str = pydantic.Field(description="Who it is for.")
    sign_off: str = pydantic.Field("", description="How it ends.")
    points: tuple[str, ...] = pydantic.Field((), description="A thing to say.")
    parts: list[Part] = pydantic.Field([], description="A part.")
    tone: Literal["plain", "merry"] = pydantic.Field("plain", description="The tone.")
    level: Literal[1, 2] = pydantic.Field(1, description="The level.")
    pair: tuple[int, int] | None = pydantic.Field(None, description="Two numbers.")


SCHEMA = Note.model_json_schema()


def rows_of(
    data: str | bytes, columns: Columns | None = None, *, name: str = "in.csv", filled: tuple[str, ...] = ()
) -> list[Row]:
    content = data if isinstance(data, bytes) else data.encode()
    return read_rows(Input(content, name), SCHEMA, columns or Columns(), domain="note", filled=filled)


def fields_of(data: str | bytes, columns: Columns | None = None, *, name: str = "in.csv") -> list[Any]:
    rows = rows_of(data, columns, name=name)
    assert [row.problem for row in rows] == [""] * len(rows)
    return [dict(row.fields) for row in rows]


def test_columns_are_fields_by_their_names_and_empty_cells_are_none() -> None:
    assert fields_of("To,Sign off,TONE\nAna,Cheers,Merry\n\nBen,, \n") == [
        {"to": "Ana", "sign_off": "Cheers", "tone": "merry"},
        {"to": "Ben"},
    ]


def test_a_cell_of_a_list_has_items_on_its_lines_else_between_semicolons() -> None:
    data = 'to,points\nAna,a; b ;;c\nBen,"a; b\nc"\n'
    assert [each["points"] for each in fields_of(data)] == [["a", "b", "c"], ["a; b", "c"]]


def test_columns_are_mapped_to_fields_and_a_list_takes_several() -> None:
    columns = Columns((("to", "Guest"), ("points", "P 1"), ("points", "P 2")), ignored=("City",), name="No")
    (row,) = rows_of("No,Guest,P 1,P 2,City\n7,Ana,one,two,Rome\n", columns)
    assert row == Row(1, "line 2", "7", {"to": "Ana", "points": ["one", "two"]})


def test_cells_become_values_of_their_fields_kinds() -> None:
    data = 'to;level;pair;parts\nAna;2;[1, 2];"{""text"": ""x""}\nplain"\n'
    assert fields_of(data) == [{"to": "Ana", "level": 2, "pair": [1, 2], "parts": [{"text": "x"}, "plain"]}]


@pytest.mark.parametrize(
    "data", [b"\xef\xbb\xbfto,points\nAna,x\n", b"to\tpoints\nAna\tx\n", b"to,points,,\r\nAna,x,,\r\n"]
)
def test_what_spreadsheets_write_is_read(data: bytes) -> None:
    assert fields_of(data) == [{"to": "Ana", "points": ["x"]}]


@pytest.mark.parametrize("text", ["@/etc/passwd", "-", "file:///etc/passwd"])
def test_a_cell_is_text_and_opens_no_file(text: str) -> None:
    assert fields_of(f"to\n{text}\n") == [{"to": text}]
    assert fields_of(json.dumps({"to": text}), name="in.jsonl") == [{"to": text}]


@pytest.mark.parametrize(
    ("data", "columns", "words"),
    [
        ("", None, "has no rows"),
        ("to\n", None, "has no rows"),
        ("to,pionts\nAna,x\n", None, "did you mean 'points'? (--map FIELD=pionts"),
        ("to,City,Age\nAna,x,9\n", None, "passes it over); nor is there one for 'Age'"),
        ("to,to\nAna,x\n", None, "two columns are named 'to'"),
        ("to,To\nAna,x\n", None, "'to' and 'To' both give to"),
        ("to,,tone\nAna,x,y\n", None, "column 2 has no name"),
        ("points\nx\n", None, "no column 'to', which note needs; add one, or name the one that has it: --map to="),
        ("to\nAna\n", Columns((("too", "to"),)), "did you mean 'to'?"),
        ("to\nAna\n", Columns((("to", "Tp"),)), "no column named 'Tp'"),
        ("to\nAna\n", Columns((("to", "to"), ("tone", "to"))), "is given to to and to tone"),
        ("to\nAna\n", Columns(ignored=("x",)), "no column named 'x'"),
        ("to\nAna\n", Columns(name="x"), "no column named 'x'"),
        ("to,id\nA,1\nB,2\nC,1\n", Columns(name="id"), "'1' is on line 2 and again on line 4"),
        (b"to\nAna\nJos\xe9\n", None, "in.csv, line 3: this is not UTF-8 text; save it as UTF-8"),
        ("to\nAna\n".encode("utf-16"), None, "line 1: this is not UTF-8"),
        ("to\nAna\nB\0\n", None, "line 3: this is no text"),
        ('to\nAna\n"Ben\nCem\n', None, "line 3: a cell has no end"),
        ('to\nAna\n"Ben" Cem\n', None, "line 3: behind a quoted cell stands more"),
        ("to\nAna\n" + "x" * 200_000, None, "line 3: a cell has over 131072 characters"),
    ],
)
def test_what_is_wrong_with_a_whole_table_is_one_line(data: str | bytes, columns: Columns | None, words: str) -> None:
    with pytest.raises(DalleKitError) as raised:
        rows_of(data, columns)
    assert words in str(raised.value) and "\n" not in str(raised.value)


def test_a_required_column_may_be_lacking_where_the_identity_fills_it() -> None:
    assert rows_of("points\nx\n", filled=("to",))[0].fields == {"points": ["x"]}


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ("Ana,x,y", "there are 3 cells for 2 columns; quote a cell"),
        ("Ana", "there is 1 cell for 2 columns; an empty cell"),
        ("Ana,1 2", "pair: not valid JSON"),
        ('Ana,"' + "[" * 100_000 + '"', "pair: not valid JSON"),
    ],
)
def test_what_is_wrong_with_a_row_of_a_table_is_its_own_problem(line: str, words: str) -> None:
    bad, good = rows_of(f'to,pair\n{line}\nBen,"[1, 2]"\n')
    assert words in bad.problem and bad.place == "line 2"
    assert good.fields == {"to": "Ben", "pair": [1, 2]} and not good.problem


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"to": "A"', "not valid JSON"),
        ("[1]", "no object"),
        ('{"to": "A", "to": "B"}', "the key 'to' is there twice"),
        ('{"to": NaN}', "NaN is no number"),
        ('{"to": ' + "[" * 100_000, "too deeply nested"),
        ('{"to": ' + "9" * 5000 + "}", "not valid JSON"),
        ('{"id": true, "to": "A"}', "'id' names the row; give a text or a number"),
        ('{"id": "\\ud800", "to": "A"}', "'id' is no text"),
        ('{"to": {"$base64": "?"}}', "$base64"),
        (" " * 2**24 + "{}", "over 16777216 characters"),
    ],
)
def test_what_is_wrong_with_a_line_is_its_own_problem(line: str, words: str) -> None:
    bad, good = rows_of(f'{line}\n\n{{"id": 7, "to": "B"}}\n', Columns(name="id"), name="in.jsonl")
    assert words in bad.problem and good == Row(2, "line 3", "7", {"to": "B"})


def test_keys_are_mapped_and_ignored_as_columns_are() -> None:
    columns = Columns((("to", "Guest"), ("points", "a"), ("points", "b")), ignored=("City",))
    line = json.dumps({"Guest": "Ana", "a": ["1", "2"], "b": "3", "City": "Rome"})
    assert fields_of(line, columns, name="stdin") == [{"to": "Ana", "points": ["1", "2", "3"]}]


def shared(*values: tuple[str, str]) -> Columns:
    return Columns(shared=Shared.read(values, SCHEMA, domain="note"))


MERGED = shared(
    ("to", "{First} {Last} <{Mail}>"),
    ("points", "the meter of flat {Flat} is read on {Date}; somebody has to be in"),
    ("points", "please bring {Bring}"),
)


@pytest.mark.parametrize("as_lines", [False, True])
def test_cells_are_put_into_what_is_set_for_all_and_a_text_whose_cells_are_empty_is_left_out(as_lines: bool) -> None:
    header, rows = (
        ["First", "Last", "Mail", "Flat", "Date", "Bring"],
        [
            ["Ana", "Reis", "ana@example.com", "12", "1  June", ""],
            ["Ben", "Okoye", "ben@example.com", "13", "2 June", "the key; and {Date}"],
        ],
    )
    if as_lines:
        data = "\n".join(json.dumps(dict(zip(header, cells, strict=True))) for cells in rows)
    else:
        data = "\n".join(",".join(cells) for cells in [header, *rows])
    columns = replace(MERGED, name="Flat")
    first, second = rows_of(data, columns, name="in.jsonl" if as_lines else "in.csv")
    assert first == Row(
        1,
        "line 1" if as_lines else "line 2",
        "12",
        {
            "to": "Ana Reis <ana@example.com>",
            "points": ["the meter of flat 12 is read on 1 June", "somebody has to be in"],
        },
    )
    # A cell is text: nothing is put into it, and it is not cut where a list's own cell would be.
    assert second.fields["points"][2:] == ["please bring the key; and {Date}"]


def test_a_text_of_which_one_cell_is_empty_fails_its_row_and_no_other() -> None:
    columns = shared(("points", "flat {Flat} on {Date}"))
    bad, good = rows_of("to,Flat,Date\nAna,12,\nBen,13,2 June\n", columns)
    assert bad.problem.startswith("'Date' is empty, which 'flat {Flat} on {Date}' needs; fill it")
    assert good.fields == {"to": "Ben", "points": ["flat 13 on 2 June"]}


def test_a_row_keeps_what_is_its_own() -> None:
    columns = replace(shared(("points", "flat {Flat} on {Date}")), ignored=("Date",))
    assert fields_of("to,Flat,Date,points\nAna,12,,own\n", columns) == [{"to": "Ana", "points": ["own"]}]


def test_what_is_set_for_all_may_fill_a_field_that_is_needed() -> None:
    assert fields_of("Guest\nAna\n", shared(("to", "{Guest}"))) == [{"to": "Ana"}]


@pytest.mark.parametrize(("data", "name"), [("Mail\nAna\n", "in.csv"), ('{"Mail": "Ana"}', "in.jsonl")])
def test_a_column_that_is_a_field_may_be_put_into_texts_too(data: str, name: str) -> None:
    columns = replace(shared(("points", "we write to {Mail}")), mapped=(("to", "Mail"),))
    assert fields_of(data, columns, name=name) == [{"to": "Ana", "points": ["we write to Ana"]}]


def test_a_column_may_be_in_several_texts_doubled_braces_are_braces_and_json_has_its_own() -> None:
    columns = shared(
        ("points", "{{{City}}} and {City}"), ("sign_off", "from {City}"), ("parts", '{"text": "x"}'), ("pair", "[1, 2]")
    )
    assert fields_of("to,City\nAna,Rome\n", columns) == [
        {
            "to": "Ana",
            "points": ["{Rome} and Rome"],
            "sign_off": "from Rome",
            "parts": [{"text": "x"}],
            "pair": [1, 2],
        }
    ]


@pytest.mark.parametrize(
    ("name", "text", "words"),
    [
        ("points", "flat {Flot}", "no column named 'Flot': did you mean 'Flat'?"),
        ("points", "flat {Flat} on {", "a brace without its other half; put a column in braces; a brace itself is"),
        ("points", "flat Flat}", "a brace without its other half"),
        ("pionts", "x", "did you mean 'points'?"),
        ("pair", "[1", "--set pair: not valid JSON"),
        ("parts", '{"text": x}', "--set parts: not valid JSON"),
    ],
)
def test_what_is_wrong_with_what_is_set_for_all_is_one_line(name: str, text: str, words: str) -> None:
    with pytest.raises(DalleKitError) as raised:
        rows_of("to,Flat\nAna,1\n", shared((name, text)))
    assert words in str(raised.value) and "\n" not in str(raised.value)


@pytest.mark.parametrize(
    ("line", "words"),
    [
        ('{"to": "A", "flat": 1}', "no column named 'Flat': did you mean 'flat'?"),
        ('{"to": "A", "Flat": [1]}', "'Flat' is put into 'flat {Flat}'; give a text or a number"),
    ],
)
def test_a_line_without_what_a_text_needs_is_its_own_problem(line: str, words: str) -> None:
    good = '{"to": "B", "Flat": 7}'
    bad, second = rows_of(f"{line}\n{good}\n", shared(("points", "flat {Flat}")), name="in.jsonl")
    assert words in bad.problem and second.fields == {"to": "B", "points": ["flat 7"]}


CELL = st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"]), max_size=20)


@given(st.lists(st.tuples(CELL, CELL), min_size=1, max_size=5))
def test_any_cells_are_read_as_they_were_written(rows: list[tuple[str, str]]) -> None:
    file = io.StringIO(newline="")
    csv.writer(file).writerows([("to", "sign_off"), *((f"x{first}", second) for first, second in rows)])
    found = [(each["to"], each.get("sign_off", "")) for each in fields_of(file.getvalue())]
    assert found == [(f"x{first}", second if second.strip() else "") for first, second in rows]


@given(
    st.binary(max_size=200) | st.text('"{}[],;\n\r\tto', max_size=60).map(str.encode),
    st.sampled_from(["a.csv", "a.jsonl", "-"]),
)
def test_whatever_is_given_there_are_rows_or_one_line_that_says_why_not(data: bytes, name: str) -> None:
    try:
        rows = rows_of(data, name=name)
    except DalleKitError as error:
        assert "\n" not in str(error)
    else:
        assert [row.number for row in rows] == list(range(1, len(rows) + 1))


def test_a_table_is_not_taken_for_lines_nor_lines_for_a_table() -> None:
    assert fields_of('\ufeff {"to": "A"}\n', name="stdin") == [{"to": "A"}] == fields_of("to\nA\n", name="stdin")
    with pytest.raises(UnknownNameError):
        rows_of('{"to": "A"}\n', name="x.csv")
