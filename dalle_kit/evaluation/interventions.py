"""How much of a document is the model's own: what was repaired, and what stands as it was typed."""

from __future__ import annotations

from dalle_kit.records import Provenance


def repairs_made(provenance: Provenance) -> int:
    """Return the number of changes made because of findings; that a point stands as it was typed is none."""
    return len(provenance.repairs) - list(provenance.finish_reasons.values()).count("stated")


def share_as_typed(provenance: Provenance) -> float | None:
    """Return the share of a document's slots whose point stands as it was typed; None where it has no slots."""
    reasons = [reason for reason in provenance.finish_reasons.values() if reason != "skipped"]
    return reasons.count("stated") / len(reasons) if reasons else None
