"""Both sides at the same work, in turns, until there were enough rounds."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from metrics_speed.cases import Work
from metrics_speed.side import Side

__all__ = ["Measured", "Outcome", "measure"]


@dataclass
class Outcome:
    """What one side said: its seconds round by round, its fastest variant, its memory, and an error if it failed."""

    seconds: list[float] = field(default_factory=list)
    variant: str = ""
    variants: dict[str, float] = field(default_factory=dict)
    memory: float = 0.0
    error: str = ""

    @property
    def fastest(self) -> float | None:
        """The minimum over the rounds."""
        return min(self.seconds) if self.seconds and not self.error else None


@dataclass
class Measured:
    """Both sides of one piece of work."""

    ours: Outcome
    theirs: Outcome | None
    difference: float | None = None
    values: dict[str, list[float]] = field(default_factory=dict)


def measure(work: Work, sides: dict[str, Side], jets_file: Path, rounds: int, patience: float) -> Measured:
    """Ours, theirs, ours, theirs: ``rounds`` times, or once ``patience`` seconds have passed."""
    outcomes = {name: Outcome() for name in sides}
    files = {name: jets_file.with_name(f"{name}.npy") for name in sides}
    for path in files.values():
        path.unlink(missing_ok=True)
    compared = min(work.ours, work.theirs)
    start = time.monotonic()
    for number in range(rounds):
        for name, side in sides.items():
            outcome = outcomes[name]
            if outcome.error:
                continue
            request: dict[str, Any] = {
                "case": work.case,
                "jets_file": jets_file,
                "jets": work.ours if name == "ours" else work.theirs,
                "compared": compared,
                "variant": outcome.variant if number else None,
                "values_file": None if number else files[name],
            }
            _note(outcome, side.ask(**request))
        if time.monotonic() - start > patience:
            break
    values = {name: np.load(path) for name, path in files.items() if path.exists()}
    small = {name: value.ravel().tolist() for name, value in values.items() if value.size <= 10}
    difference = _difference(values["ours"], values["theirs"]) if len(values) == 2 else None
    return Measured(outcomes["ours"], outcomes.get("theirs"), difference, small)


def _note(outcome: Outcome, answer: dict[str, Any]) -> None:
    if "error" in answer:
        outcome.error = answer["error"]
        return
    seconds: dict[str, float] = answer["seconds"]
    if not outcome.seconds:
        outcome.variants = seconds
        outcome.variant = min(seconds, key=seconds.__getitem__)
    outcome.seconds.append(seconds[outcome.variant])
    outcome.memory = max(outcome.memory, answer["memory"])


def _difference(ours: Any, theirs: Any) -> float:
    """The largest relative difference; what is 1e-9 of the largest value is compared with that."""
    if ours.shape != theirs.shape:
        return float("nan")
    scale = np.maximum(np.abs(theirs), 1e-9 * np.abs(theirs).max())
    return float(np.max(np.abs(ours - theirs) / scale)) if scale.all() else float(np.max(np.abs(ours - theirs)))
