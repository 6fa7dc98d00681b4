"""What the command groups share: the ``--json`` option, JSON on stdout, the console and the progress bar on stderr."""

from __future__ import annotations

import json
import os
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, ParamSpec, TypeVar

import click

if TYPE_CHECKING:
    from rich.console import Console
    from rich.progress import TaskID

    from dalle_kit.models.spec import Progress

P = ParamSpec("P")
T = TypeVar("T")

#: Totals below this are counts (of tensors, of files), at or above it bytes.
_BYTES_FROM = 1_000_000

#: Control characters would let a text move the cursor or change the terminal; line ends and tabs are harmless.
_CONTROLS = {code: "�" for code in (*range(32), *range(127, 160)) if chr(code) not in "\n\t"}


class OutputFile(click.Path):
    """A file to write to; ``-`` is None, which stands for stdout."""

    def __init__(self) -> None:
        super().__init__(path_type=Path)

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:
        """Return the path, None for ``-``."""
        return None if value == "-" else super().convert(value, param, ctx)


class WholeLineGroup(click.Group):
    """A group whose help says of each command the whole of its first sentence, where click would cut it."""

    #: More characters than any sentence has.
    _LONGEST = 1000

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands, each with its first sentence."""
        found = [(name, self.get_command(ctx, name)) for name in self.list_commands(ctx)]
        rows = [
            (name, command.get_short_help_str(self._LONGEST))
            for name, command in found
            if command and not command.hidden
        ]
        with formatter.section("Commands"):
            formatter.write_dl(rows)


class ListingGroup(WholeLineGroup):
    """A group that runs its command ``list`` when none is named."""

    def __init__(self, *args: Any, **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.invoke_without_command, self.no_args_is_help = True, False

    def invoke(self, ctx: click.Context) -> Any:
        """Run the command named, or ``list``."""
        result = super().invoke(ctx)
        return ctx.invoke(self.commands["list"]) if ctx.invoked_subcommand is None else result


def json_option(command: Callable[P, T]) -> Callable[P, T]:
    """Give a command the flag ``--json``; it arrives as the argument ``as_json``."""
    return click.option("--json", "as_json", is_flag=True, help="Print the result as JSON.")(command)


def say(message: object = "", *, err: bool = False) -> None:
    """Print lines for a person, on stdout or stderr, without characters that would change the terminal."""
    click.echo(harmless(str(message)), err=err)


def print_json(value: Any) -> None:
    """Print a JSON-ready value on stdout, indented, with every character as itself, but for control characters."""
    print_text(json_text(value) + "\n")


def json_text(value: Any) -> str:
    """Return a JSON-ready value as indented JSON with every character as itself."""
    return json.dumps(value, ensure_ascii=False, indent=2)


def print_text(text: str) -> None:
    """Print a text on stdout exactly as it is, but for control characters where that is a terminal."""
    # Told that colours are wanted, click takes nothing out.
    click.echo(harmless(text) if is_shown(sys.stdout) else text, nl=False, color=True)


def print_table(
    heads: Sequence[str], rows: Sequence[Sequence[str]], *, right: Sequence[str] = (), cut: Sequence[str] = ()
) -> None:
    """Print a table on stdout, no wider than a terminal is, elsewhere as wide as its cells are.

    The columns with the heads in ``right`` are those of numbers; one in ``cut`` has what is left of a terminal's line.
    On a terminal that is too narrow for the words of the cells each cell has a line of its own.
    """
    if is_terminal(sys.stdout):
        import shutil

        if _least_width(heads, rows, cut) > shutil.get_terminal_size().columns:
            for row in rows:
                say("\n".join(f"{head} {cell}".strip() for head, cell in zip(heads, row, strict=True) if cell.strip()))
                say()
            return
        from rich.console import Console
        from rich.table import Table
        from rich.text import Text

        table = Table(box=None, header_style="bold", expand=bool(cut))
        for head in heads:
            shape: dict[str, Any] = {"overflow": "fold"}
            if head in cut:
                shape = {"no_wrap": True, "overflow": "ellipsis", "ratio": 1}
            table.add_column(head, justify="right" if head in right else "left", **shape)
        for row in rows:
            table.add_row(*(Text(harmless(cell)) for cell in row))
        Console().print(table)
        return
    widths = [max(len(row[column]) for row in (heads, *rows)) for column in range(len(heads))]
    for row in (heads, *rows):
        say("  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip())


def _least_width(heads: Sequence[str], rows: Sequence[Sequence[str]], cut: Sequence[str]) -> int:
    """Return the width below which a word of a table would be broken; those of its last column may be."""
    *columns, last = [column for column in zip(heads, *rows, strict=True) if column[0] not in cut]
    widths = [max(len(word) for cell in column for word in (cell.split() or [""])) for column in columns]
    return sum(width + 2 for width in [*widths, len(last[0])])


def harmless(text: str) -> str:
    """Return a text as long as it was, without characters that would change the terminal."""
    return text.translate(_CONTROLS)


def console() -> Console:
    """Return a rich console on stderr."""
    from rich.console import Console

    return Console(file=sys.stderr, highlight=False, soft_wrap=True)


@contextmanager
def progress_bar(*, wanted: bool = True) -> Iterator[Progress]:
    """Give a progress callback that draws bars on stderr while the block runs; silent where stderr is no terminal."""
    if not wanted or not is_terminal(sys.stderr):
        yield _draw_nothing
        return
    bar = _Bar()
    try:
        yield bar.report
    finally:
        bar.close()


def _draw_nothing(stage: str, done: int, total: int | None) -> None:
    """Take a report of progress where nothing can be drawn."""


def is_shown(stream: Any) -> bool:
    """Return whether a stream is a terminal, be it a dumb one."""
    return bool(stream is not None and not stream.closed and stream.isatty())


def is_terminal(stream: Any) -> bool:
    """Return whether a stream is a terminal that can show changing text."""
    return is_shown(stream) and os.environ.get("TERM") != "dumb"


class _Bar:
    """Bars for the stages of one piece of work; drawn, and rich imported, from the first report on."""

    def __init__(self) -> None:
        self._progress: Any = None
        self._tasks: dict[str, TaskID] = {}
        self._began: dict[str, tuple[float, int]] = {}

    def report(self, stage: str, done: int, total: int | None) -> None:
        stage = harmless(stage)  # it names models and files
        if self._progress is None:
            self._progress = _start_bars()
        if stage not in self._tasks:
            self._hide_endless()
            # What was done before is no work of this one's, and tells nothing of its speed.
            self._began[stage] = (time.monotonic(), done)
            self._tasks[stage] = self._progress.add_task(stage, total=total, completed=done, amount="")
        amount = f"{_amount(done, total)} {_rate(done, total, *self._began[stage])}".rstrip()
        self._progress.update(self._tasks[stage], completed=done, total=total, amount=amount, visible=True)

    def _hide_endless(self) -> None:
        """Take away the stages without a known end: the next one tells that they are over."""
        for task in self._progress.tasks:
            if task.total is None:
                self._progress.update(task.id, visible=False)

    def close(self) -> None:
        if self._progress is not None:
            self._progress.stop()


def _start_bars() -> Any:
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    bars = Progress(
        TextColumn("{task.description}", markup=False),
        BarColumn(),
        TextColumn("{task.fields[amount]}", markup=False),
        TimeRemainingColumn(),
        console=console(),
        transient=True,
        speed_estimate_period=600,  # a text takes long, and several may be done at once
    )
    bars.start()
    return bars


def _amount(done: int, total: int | None) -> str:
    if total is None:
        return f"{done / 1e6:.1f} MB" if done >= _BYTES_FROM else ""
    share = f"{100 * done // max(1, total):3}%"
    return f"{share} {done / 1e6:.1f} of {total / 1e6:.1f} MB" if total >= _BYTES_FROM else f"{share} {done} of {total}"


def _rate(done: int, total: int | None, since: float, begun: int) -> str:
    """Return how many are done in a second, or in an hour if these are few; nothing for bytes."""
    seconds, new = time.monotonic() - since, done - begun
    if total is None or total >= _BYTES_FROM or new <= 0 or seconds < 1:
        return ""
    each = new / seconds
    return f"({each:.0f} a second)" if each >= 10 else f"({each * 3600:.0f} an hour)"


def record_bytes(name: str, *, fix: str) -> bytes:
    """Return what is in the file of a record, or on stdin for ``-``; raises ConfigError, which says ``fix``."""
    from dalle_kit.errors import ConfigError

    try:
        return sys.stdin.buffer.read() if name == "-" else Path(name).read_bytes()
    except (OSError, ValueError) as error:
        reason = getattr(error, "strerror", None) or str(error)
        raise ConfigError(f"cannot read {name}: {reason}; {fix}") from error
