"""A record of what was written, in a file of its user's own."""

from dalle_kit.history.entry import Entry, Match
from dalle_kit.history.history import KEEP_TEXTS, History

__all__ = ["KEEP_TEXTS", "Entry", "History", "Match"]
