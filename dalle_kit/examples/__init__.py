"""Examples to write like: reading them from where they are, keeping them in sets, finding those near to a request."""

from dalle_kit.examples.choosing import Chosen, Pool, choose
from dalle_kit.examples.cutting import Measure, cut
from dalle_kit.examples.encoder import Encoder
from dalle_kit.examples.example_set import ExampleSet, SetInfo
from dalle_kit.examples.index import Neighbour, encode_set, nearest, search
from dalle_kit.examples.memory_set import MemorySet, read_files
from dalle_kit.examples.profile import Habit, Profile, Spread, profile_of
from dalle_kit.examples.sources import read_sources
from dalle_kit.examples.store import ExampleStore
from dalle_kit.examples.texts import Found, Kind, Report, Skipped

__all__ = [
    "Chosen",
    "Encoder",
    "ExampleSet",
    "ExampleStore",
    "Found",
    "Habit",
    "Kind",
    "Measure",
    "MemorySet",
    "Neighbour",
    "Pool",
    "Profile",
    "Report",
    "SetInfo",
    "Skipped",
    "Spread",
    "choose",
    "cut",
    "encode_set",
    "nearest",
    "profile_of",
    "read_files",
    "read_sources",
    "search",
]
