"""Many texts from the rows of a table or of JSON lines, gone on with after a kill."""

from dalle_kit.batching.journal import is_begun, journal_of
from dalle_kit.batching.outputs import Folder, Lines, LinesFile, Output, folder, lines_file
from dalle_kit.batching.row import Columns, Row
from dalle_kit.batching.rows import Input, read_rows
from dalle_kit.batching.running import TOGETHER, Plan, Prepared, Totals, prepare, write_rows

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
    "Totals",
    "folder",
    "is_begun",
    "journal_of",
    "lines_file",
    "prepare",
    "read_rows",
    "write_rows",
]
