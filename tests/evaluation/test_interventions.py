"""What counts as repaired, and what as the user's own words."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest

from dalle_kit.config import Settings
from dalle_kit.evaluation.interventions import repairs_made, share_as_typed
from dalle_kit.kit import Kit
from dalle_kit.records import Provenance

REQUEST = {"to": ["ana@example.com"], "points": ["please call Omar first", "room B12 from Monday"]}


@pytest.fixture
def provenance(home: Path) -> Provenance:
    return Kit(settings=Settings(device="cpu")).generate("email", REQUEST).provenance


def test_a_point_that_stands_as_typed_is_no_repair(provenance: Provenance) -> None:
    stated = 'stated: "Please call Omar first."'
    assert stated in provenance.repairs
    assert repairs_made(provenance) == len(provenance.repairs) - 1
    changed = replace(provenance, repairs=(*provenance.repairs, 'dropped: "Omar has left."'))
    assert repairs_made(changed) == repairs_made(provenance) + 1


def test_the_share_that_stands_as_typed_is_of_what_there_was_to_write(provenance: Provenance) -> None:
    assert share_as_typed(provenance) == 0.5
    reasons = {**provenance.finish_reasons, "closing": "skipped"}
    assert share_as_typed(replace(provenance, finish_reasons=reasons)) == 0.5
    assert share_as_typed(replace(provenance, finish_reasons={})) is None
