"""Audits of what a model does: whether its texts differ with the people they are about; needs ``dalle-kit[audit]``.

Public: ``audit_bias`` runs a ``Plan``; reports are read, compared and rendered.
"""

from dalle_kit.audit.bold import bold
from dalle_kit.audit.comparing import compare_groups, contrast, spreads
from dalle_kit.audit.counterfactuals import Frame, frames_of, read_frames
from dalle_kit.audit.crows_pairs import crows_pairs
from dalle_kit.audit.measures import Measure, text_measures
from dalle_kit.audit.page import render_page
from dalle_kit.audit.people import Person, check_people, known_people, read_people
from dalle_kit.audit.results import Benchmark, BiasReport, Comparison, Contrast, Output, read_report
from dalle_kit.audit.running import Plan, audit_bias
from dalle_kit.audit.table import render_markdown

__all__ = [
    "Benchmark",
    "BiasReport",
    "Comparison",
    "Contrast",
    "Frame",
    "Measure",
    "Output",
    "Person",
    "Plan",
    "audit_bias",
    "bold",
    "check_people",
    "compare_groups",
    "contrast",
    "crows_pairs",
    "frames_of",
    "known_people",
    "read_frames",
    "read_people",
    "read_report",
    "render_markdown",
    "render_page",
    "spreads",
    "text_measures",
]
