from __future__ import annotations

from hypothesis import given
from hypothesis import strategies as st

from dalle_kit_email.flowed import flow_line, quoted_lines, unflow

LINE = st.text(st.sampled_from(["a", "word", " ", ">", "-", "From ", "-- ", "ü", "." * 90]), max_size=60) | st.text(
    st.characters(exclude_characters="\n\r", exclude_categories=["Cs"]), max_size=300
)
LINES = st.lists(
    st.lists(st.sampled_from(["word", " ", "  ", ">", "-", "--", "-- ", "From ", "x" * 90]), max_size=40).map("".join)
)


@given(LINES, st.integers(0, 4))
def test_flowed_lines_join_to_what_they_were_but_for_spaces_at_their_ends(lines: list[str], depth: int) -> None:
    lines = [line if line == "-- " else line.rstrip(" ") for line in lines]
    flowed = [piece for line in lines for piece in flow_line(line, depth=depth)]
    assert unflow("\n".join(flowed)) == ([(depth, line) for line in lines] or [(0, "")])


@given(
    st.lists(st.sampled_from(["word", "longer-word", "a", "From", ">", "--"]), max_size=80).map(" ".join),
    st.integers(0, 6),
)
def test_flowed_lines_have_at_most_78_columns(line: str, depth: int) -> None:
    assert all(len(piece) <= 78 for piece in flow_line(line, depth=depth))


def test_lines_that_mail_programs_misread_are_stuffed() -> None:
    assert flow_line("From me") == [" From me"]
    assert flow_line("> 5 people") == [" > 5 people"]
    assert flow_line(" indented") == ["  indented"]
    assert flow_line("-- ") == ["-- "]
    assert flow_line("quoted", depth=2) == [">> quoted"]


def test_delsp_drops_the_space_of_a_soft_break() -> None:
    assert unflow("donau \ndampf", delsp=True) == [(0, "donaudampf")]
    assert unflow("donau \ndampf") == [(0, "donau dampf")]


def test_quoted_lines_read_as_people_expect() -> None:
    assert quoted_lines([(0, "me"), (1, "you"), (2, ""), (2, "they")]) == ["me", "> you", ">>", ">> they"]
