"""Repairing a draft: what a check found wrong is written again or dropped, what is missing is stated."""

from dalle_kit.repair.steps import Repaired, Steps, needs_repair, repair_steps
from dalle_kit.repair.workbench import Rewriting, quoted

__all__ = ["Repaired", "Rewriting", "Steps", "needs_repair", "quoted", "repair_steps"]
