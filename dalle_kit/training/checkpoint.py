"""The state of a run on the disk: written whole or not at all, so that a run that was killed goes on where it was."""

from __future__ import annotations

import contextlib
import json
import os
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dalle_kit.errors import DiskSpaceError, IntegrityError, OptionError, OutputError
from dalle_kit.models.disk import free_space, megabytes, sync_folder
from dalle_kit.training.recipe import differences

_STATE, _BEST = "state.safetensors", "best.safetensors"
#: Files that a run which was killed had not finished.
_PARTS = ".*.part"


@dataclass(slots=True)
class History:
    """What has happened so far: a record for each step and each measurement on held-out texts.

    ``steps`` are (step, loss, tokens learned so far, seconds of training so far), ``held_out`` (step, loss), losses in
    nats per token.
    """

    steps: list[tuple[int, float, int, float]] = field(default_factory=list)
    held_out: list[tuple[int, float]] = field(default_factory=list)

    @property
    def best(self) -> tuple[int, float] | None:
        """The step with the lowest loss on held-out texts, and that loss."""
        return min(self.held_out, key=lambda each: each[1], default=None)

    def is_done(self, patience: int) -> bool:
        """Say whether the last ``patience`` measurements were all no better than one before them."""
        losses = [loss for _, loss in self.held_out]
        return len(losses) > patience and min(losses[-patience:]) >= min(losses[:-patience])


class Checkpoint:
    """A folder with the state of a run; ``settings`` are what has to be the same for it to go on."""

    def __init__(self, folder: Path, settings: Mapping[str, Any]) -> None:
        self.folder, self._settings = folder, dict(settings)

    @property
    def step(self) -> int | None:
        """The step of the state that is there, None where there is none."""
        return len(self._read()[1].steps) if (self.folder / _STATE).exists() else None

    def save(self, learned: Mapping[str, Tensor], optimiser: torch.optim.Optimizer, history: History) -> None:
        """Write the state; raises DiskSpaceError or OutputError where it cannot be, and keeps the one before."""
        tensors = {f"learned.{name}": tensor for name, tensor in learned.items()}
        for name, state in zip(learned, _states(optimiser, learned.values()), strict=True):
            tensors |= {f"optimiser.{name}.{part}": value for part, value in state.items()}
        facts = {"settings": json.dumps(self._settings), "history": json.dumps(asdict(history))}
        self._write(_STATE, tensors, facts)

    def check(self) -> History:
        """Return the history of the state that is there, an empty one where there is none; raises as ``load``."""
        if not (self.folder / _STATE).exists():
            return History()
        settings, history = self._read()
        if changed := differences(settings, self._settings):
            fix = "the settings it was begun with, or another --output; or remove it to begin anew"
            raise OptionError("resume", str(self.folder), f"{fix} ({'; '.join(changed)})")
        return history

    def load(self, learned: Mapping[str, Tensor], optimiser: torch.optim.Optimizer) -> History:
        """Put the state that is there into the weights and the optimiser; an empty history where there is none.

        Raises OptionError naming what differs where it was made with other settings, IntegrityError for one that is
        damaged.
        """
        for part in self.folder.glob(_PARTS):
            part.unlink(missing_ok=True)
        history = self.check()
        if not history.steps:
            return history
        tensors = self._tensors(_STATE)
        try:
            with torch.no_grad():
                for number, (name, parameter) in enumerate(learned.items()):
                    parameter.copy_(tensors[f"learned.{name}"])
                    prefix = f"optimiser.{name}."
                    state = {
                        key.removeprefix(prefix): value for key, value in tensors.items() if key.startswith(prefix)
                    }
                    if state:
                        _set_state(optimiser, number, state)
        except (KeyError, RuntimeError) as error:
            raise self._damaged(error) from error
        return history

    def keep_best(self, learned: Mapping[str, Tensor]) -> None:
        """Keep the weights as the best so far; raises as ``save``."""
        self._write(_BEST, dict(learned), {})

    def load_best(self, learned: Mapping[str, Tensor]) -> None:
        """Put the best weights so far, if any were kept, into the parameters."""
        if (self.folder / _BEST).exists():
            tensors = self._tensors(_BEST)
            with torch.no_grad():
                for name, parameter in learned.items():
                    parameter.copy_(tensors[name])

    def remove(self) -> None:
        """Remove the state of a run that is over."""
        for file in (self.folder / _STATE, self.folder / _BEST, *self.folder.glob(_PARTS)):
            file.unlink(missing_ok=True)
        with contextlib.suppress(OSError):  # there may be none, or something of another's in it
            self.folder.rmdir()

    def _write(self, name: str, tensors: Mapping[str, Tensor], facts: Mapping[str, str]) -> None:
        from safetensors import SafetensorError
        from safetensors.torch import save_file

        kept = {key: tensor.detach().cpu().contiguous() for key, tensor in tensors.items()}
        needed = sum(tensor.numel() * tensor.element_size() for tensor in kept.values())
        partial = self.folder / f".{secrets.token_hex(8)}.part"
        try:
            self.folder.mkdir(parents=True, exist_ok=True)
            save_file(kept, partial, metadata=dict(facts))
            with partial.open("rb+") as file:
                os.fsync(file.fileno())
            partial.replace(self.folder / name)
            sync_folder(self.folder)
        except (OSError, SafetensorError) as error:
            free = free_space(self.folder)
            before = f"the one of step {self.step} is kept" if self.step is not None else "there is none before it"
            if free < needed:
                raise DiskSpaceError(
                    f"a checkpoint needs {megabytes(needed)} on the disk and {megabytes(free)} are free in "
                    f"{self.folder}; {before}: make room and run the same command again",
                    needed=needed,
                    free=free,
                ) from error
            reason = " ".join(str(error).split())
            raise OutputError(f"cannot write the checkpoint {self.folder} ({reason:.200}); {before}") from error
        finally:
            partial.unlink(missing_ok=True)

    def _read(self) -> tuple[dict[str, Any], History]:
        from safetensors import SafetensorError, safe_open

        try:
            with safe_open(self.folder / _STATE, framework="pt") as file:
                facts = file.metadata()
            history = json.loads(facts["history"])
            steps = [(int(a), float(b), int(c), float(d)) for a, b, c, d in history["steps"]]
            held_out = [(int(step), float(loss)) for step, loss in history["held_out"]]
            return json.loads(facts["settings"]), History(steps, held_out)
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise self._damaged(error) from error

    def _tensors(self, name: str) -> dict[str, Tensor]:
        from safetensors import SafetensorError
        from safetensors.torch import load_file

        try:
            return load_file(self.folder / name)
        except (OSError, SafetensorError) as error:
            raise self._damaged(error) from error

    def _damaged(self, error: Exception) -> IntegrityError:
        reason = " ".join(str(error).split())
        return IntegrityError(f"the checkpoint {self.folder} is damaged ({reason:.200}); remove it to begin anew")


def _states(optimiser: torch.optim.Optimizer, learned: Iterable[Tensor]) -> list[Mapping[str, Tensor]]:
    """Return the optimiser's state of each parameter; empty before its first step."""
    return [optimiser.state.get(parameter, {}) for parameter in learned]


def _set_state(optimiser: torch.optim.Optimizer, number: int, state: Mapping[str, Tensor]) -> None:
    parameters: Sequence[Tensor] = [each for group in optimiser.param_groups for each in group["params"]]
    parameter = parameters[number]
    # The count of steps stays where it is; the moments belong beside their parameter.
    optimiser.state[parameter] = {
        part: value.clone() if part == "step" else value.to(parameter.device) for part, value in state.items()
    }
