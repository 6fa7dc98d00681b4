"""The pages of the documentation, as the blocks of code that they show.

What a block is to be taken for, a comment directly before it says: ``<!-- not run: REASON -->``, ``<!-- output -->``
(what the block before it prints) or ``<!-- file: NAME -->`` (the reader saves it under that name). Python between lines
``<!-- setup`` and ``-->`` is a block that no reader sees: it makes what the reader has.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

REPOSITORY = Path(__file__).parents[2]
DOCS = REPOSITORY / "docs"
README = REPOSITORY / "README.md"
PAGES = [
    *(REPOSITORY / name for name in ("README.md", "CHANGELOG.md", "SECURITY.md")),
    *sorted(DOCS.rglob("*.md")),
    *sorted((REPOSITORY / "examples").glob("*/README.md")),
]

#: Why a block may stay unrun.
REASONS = {
    "edits the environment",
    "is run in its package",
    "needs a GPU",
    "needs a server",
    "needs another program",
    "needs files of the reader",
    "needs the network",
    "runs until it is stopped",
    "shown for its form",
    "takes minutes",
}

#: What may stand in an output instead of the same figure: how fast the machine was.
PACE = re.compile(r"\b\d+(?:[.,]\d+)*(?= (?:s|ms|rows an hour|tokens/s)\b)")

_GENERATED = re.compile(r"^<!-- generated: .*?^<!-- end -->$", re.DOTALL | re.MULTILINE)
_PIECE = re.compile(
    r"^(?P<indent> *)```(?P<language>[^\n`]*)\n(?P<text>.*?)^(?P=indent)```$"
    r"|^<!-- not run: (?P<reason>[^\n]*) -->$"
    r"|^<!-- file: (?P<file>[^\n]*) -->$"
    r"|^<!-- setup\n(?P<setup>.*?)^-->$"
    r"|^<!-- (?P<output>output)(?:: [\w-]+)? -->$",
    re.DOTALL | re.MULTILINE,
)


@dataclass(frozen=True)
class Block:
    """A block of code; ``output`` is the text that the page shows as what it prints, ``file`` where it is saved."""

    page: Path
    line: int
    language: str
    text: str
    reason: str | None = None
    file: str | None = None
    output: str | None = None

    def __str__(self) -> str:
        return f"{self.page.relative_to(REPOSITORY).as_posix()}:{self.line}"

    @property
    def is_plugin(self) -> bool:
        """Whether it is the source of a plugin."""
        return self.language == "python" and "@hookimpl" in self.text

    def commands(self) -> Iterator[str]:
        """Yield the commands of a block of shell, each on one line; what a console prints is left out."""
        if self.language not in ("console", "sh"):
            return
        for line in self.text.replace("\\\n", " ").splitlines():
            if self.language == "console":
                if line.startswith("$ "):
                    yield line[2:]
            elif line.strip() and not line.lstrip().startswith("#"):
                yield line

    def exchanges(self) -> Iterator[tuple[str, str]]:
        """Yield each command of a console with what it prints."""
        head, *rest = re.split(r"^\$ ", self.text, flags=re.MULTILINE)
        assert not head, f"{self}: what is shown of a console begins with '$ ' and a command"
        for each in rest:
            command, _, printed = each.replace("\\\n", " ").partition("\n")
            yield command, printed


def blocks(page: Path) -> list[Block]:
    """Return a page's blocks in their order, those that are generated and those that are outputs left out."""
    found: list[Block] = []
    text = _GENERATED.sub(lambda part: "\n" * part[0].count("\n"), page.read_text(encoding="utf-8"))
    said: dict[str, str] = {}  # what comments say of the block that comes next
    end = 0
    for piece in _PIECE.finditer(text):
        line = text.count("\n", 0, piece.start()) + 1
        place = f"{page.name}:{line}"
        assert not said or not text[end : piece.start()].strip(), f"{place}: the comment before it has lost its block"
        end = piece.end()
        if piece["text"] is None and piece["setup"] is None:
            said |= {kind: piece[kind] for kind in ("reason", "file", "output") if piece[kind]}
            assert said.get("reason") in {None, *REASONS}, f"{place}: say why, as one of {sorted(REASONS)}"
        elif said.pop("output", None):
            assert found and not found[-1].reason, f"{place}: nothing that runs stands before it"
            found[-1] = replace(found[-1], output=_body(piece))
        else:
            language = "setup" if piece["text"] is None else piece["language"]
            found.append(Block(page, line, language, _body(piece), **said))
            said = {}
    assert not said, f"{page.name}: the comment at the end has no block"
    return found


def _body(piece: re.Match[str]) -> str:
    """Return a block's text without what it is indented by."""
    return re.sub(f"^{piece['indent'] or ''}", "", piece["text"] or piece["setup"] or "", flags=re.MULTILINE)


def calls(command: str) -> Iterator[list[str]]:
    """Yield the arguments of each dalle-kit in a command of the shell."""
    words = shlex.split(command, comments=True)
    stops = [at for at, word in enumerate(words) if word in ("|", "<", ">", ">>", "&&", "&", "2>")]
    for start in [at for at, word in enumerate(words) if word == "dalle-kit"]:
        yield words[start + 1 : next((stop for stop in stops if stop > start), None)]


def matches(shown: str, printed: str) -> bool:
    """Say whether a page shows what was printed; ``...`` stands for anything, and figures of pace for others."""
    first, *parts = [re.escape(PACE.sub("#", part)) for part in _lines(shown).split("...")]
    # The first place of each part is the only one that is tried, or an output that is another might take hours.
    pattern = first + "".join(f"(?>.*?{part})" for part in parts[:-1]) + "".join(f".*{part}" for part in parts[-1:])
    return re.fullmatch(pattern, PACE.sub("#", _lines(printed)), re.DOTALL) is not None


def _lines(text: str) -> str:
    return "\n".join(line.rstrip() for line in text.splitlines()).strip("\n")
