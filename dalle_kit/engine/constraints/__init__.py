"""Holding what is generated to what a slot demands, token by token, with llguidance."""

from dalle_kit.engine.constraints.grammars import is_free
from dalle_kit.engine.constraints.matching import Constraint, Constraints
from dalle_kit.engine.constraints.prose import finished_part

__all__ = ["Constraint", "Constraints", "finished_part", "is_free"]
