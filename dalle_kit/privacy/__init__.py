"""Personal data in texts: finding it, telling what leaked, and writing something else in its place."""

from dalle_kit.privacy.finder import PersonalFinder, load_finder
from dalle_kit.privacy.kinds import KINDS, PersonalData
from dalle_kit.privacy.leaks import PERSONAL_DATA, leaked, leaks
from dalle_kit.privacy.made_up import Redactor, has_personal_data
from dalle_kit.privacy.readable import redacted

__all__ = [
    "KINDS",
    "PERSONAL_DATA",
    "PersonalData",
    "PersonalFinder",
    "Redactor",
    "has_personal_data",
    "leaked",
    "leaks",
    "load_finder",
    "redacted",
]
