"""Writing like examples: which of them a text is written after, and how they reach the model."""

from dalle_kit.likeness.likeness import Likeness, check_steer, resolve_steer
from dalle_kit.likeness.prompting import ANOTHER

__all__ = ["ANOTHER", "Likeness", "check_steer", "resolve_steer"]
