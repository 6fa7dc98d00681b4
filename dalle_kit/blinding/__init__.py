"""Name-blind writing: the model sees stand-ins for the names of people, the document has the names."""

from dalle_kit.blinding.requests import blinded, find_stand_ins, unblinded
from dalle_kit.blinding.stand_ins import Revealing, StandIns

__all__ = ["Revealing", "StandIns", "blinded", "find_stand_ins", "unblinded"]
