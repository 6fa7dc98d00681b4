"""The audit of a run with canaries: what its weights remember of them, before training and after."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import fmean
from typing import Any

from dalle_kit.models.spec import Progress
from dalle_kit.training.canaries import Canary
from dalle_kit.training.exposure import Exposure, measure_exposure
from dalle_kit.training.learner import Learner
from dalle_kit.training.loop import tensors_of
from dalle_kit.training.networks import Origin, network_with
from dalle_kit.training.recipe import Recipe


class Audit:
    """Measures the canaries of a run with the weights as they are written: in float32, whatever they learned in."""

    def __init__(self, canaries: Sequence[Canary], origin: Origin, recipe: Recipe, *, progress: Progress) -> None:
        self._canaries, self._origin, self._recipe, self._progress = canaries, origin, recipe, progress
        self._seconds = 0.0

    def measure(self, learner: Learner) -> list[Exposure]:
        """Return the exposure of each canary with what a learner knows now; raises ModelError as measuring does."""
        if not self._canaries:
            return []
        begun, learned = time.perf_counter(), tensors_of(learner)
        device = next(learner.parameters()).device
        network = network_with(self._origin, self._recipe, learned).eval().to(device)
        found = []
        for number, canary in enumerate(self._canaries):
            self._progress("measuring what is remembered", number, len(self._canaries))
            found.append(
                measure_exposure(network, canary, self._origin.tokenizer, read_examples=self._origin.read_examples)
            )
        self._seconds += time.perf_counter() - begun
        return found

    def report(self, before: Sequence[Exposure], after: Sequence[Exposure]) -> dict[str, Any]:
        """Return what was measured before training and after it, as JSON-ready values; exposures are in bits."""
        form = self._canaries[0].form
        planted = [canary for canary in self._canaries if canary.times]
        return {
            "sentence": form.sentence,
            "candidates": len(form.codes),
            "redacted": sum(not canary.is_whole for canary in planted),
            "seconds": round(self._seconds, 1),
            "rows": _rows(before, after),
        }


def _rows(before: Sequence[Exposure], after: Sequence[Exposure]) -> list[dict[str, Any]]:
    """Return a row for each number of times that canaries were planted; none is the control."""
    rows = []
    for times in sorted({each.times for each in after}):
        row: dict[str, Any] = {"times": times, "canaries": sum(each.times == times for each in after)}
        for name, measured in (("before", before), ("after", after)):
            here = [each for each in measured if each.times == times]
            row[name] = {
                "mean": round(fmean(each.bits for each in here), 2),
                "highest": round(max(each.bits for each in here), 2),
                "given_back": sum(each.given_back for each in here),
                "each": [round(each.bits, 2) for each in here],
            }
        rows.append(row)
    return rows
