"""Examples to write like: reading them from where they are, keeping them in sets, finding those near to a request.

Attributes load on first use: who writes without examples waits for none of it.
"""

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from dalle_kit.examples.choosing import Chosen, Pool, choose
    from dalle_kit.examples.cutting import Measure, cut
    from dalle_kit.examples.encoder import Encoder
    from dalle_kit.examples.example_set import ExampleSet, SetInfo
    from dalle_kit.examples.index import Neighbour, encode_set, nearest, search
    from dalle_kit.examples.memory_set import MemorySet, read_examples
    from dalle_kit.examples.personal import Sighting, scan
    from dalle_kit.examples.profile import Habit, Profile, Spread, profile_of
    from dalle_kit.examples.sources import read_sources
    from dalle_kit.examples.store import ExampleStore
    from dalle_kit.examples.texts import Found, Kind, Report, Skipped

_HOME = {
    "Chosen": "choosing",
    "Encoder": "encoder",
    "ExampleSet": "example_set",
    "ExampleStore": "store",
    "Found": "texts",
    "Habit": "profile",
    "Kind": "texts",
    "Measure": "cutting",
    "MemorySet": "memory_set",
    "Neighbour": "index",
    "Pool": "choosing",
    "Profile": "profile",
    "Report": "texts",
    "SetInfo": "example_set",
    "Sighting": "personal",
    "Skipped": "texts",
    "Spread": "profile",
    "choose": "choosing",
    "cut": "cutting",
    "encode_set": "index",
    "nearest": "index",
    "profile_of": "profile",
    "read_examples": "memory_set",
    "read_sources": "sources",
    "scan": "personal",
    "search": "index",
}

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
    "Sighting",
    "Skipped",
    "Spread",
    "choose",
    "cut",
    "encode_set",
    "nearest",
    "profile_of",
    "read_examples",
    "read_sources",
    "scan",
    "search",
]


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    value = getattr(importlib.import_module(f"{__name__}.{_HOME[name]}"), name)
    globals()[name] = value
    return value


def __dir__() -> list[str]:
    return __all__
