"""Many texts from the rows of a table or of JSON lines, gone on with after a kill."""

from dalle_kit.batching.journal import is_begun, journal_of
from dalle_kit.batching.on_ray import on_ray
from dalle_kit.batching.outputs import Folder, Lines, LinesFile, Output, folder, lines_file
from dalle_kit.batching.processes import choose_workers, in_processes, threads_of
from dalle_kit.batching.row import Columns, Row
from dalle_kit.batching.rows import Input, read_rows
from dalle_kit.batching.running import Prepared, Totals, prepare, write_rows
from dalle_kit.batching.shared import Shared
from dalle_kit.batching.writer import TOGETHER, Plan, Writers, in_threads

__all__ = [
    "TOGETHER",
    "Columns",
    "Folder",
    "Input",
    "Lines",
    "LinesFile",
    "Output",
    "Plan",
    "Prepared",
    "Row",
    "Shared",
    "Totals",
    "Writers",
    "choose_workers",
    "folder",
    "in_processes",
    "in_threads",
    "is_begun",
    "journal_of",
    "lines_file",
    "on_ray",
    "prepare",
    "read_rows",
    "threads_of",
    "write_rows",
]
