"""The rows of the table, in Markdown and for JSON."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import Any

from metrics_speed.cases import Case, Work
from metrics_speed.comparing import Measured, Outcome

__all__ = ["Row", "header"]


def header() -> str:
    """The two lines above the rows."""
    names = ("what", "particles", "jets", "ours, s", "theirs, s", "ratio", "target", "", "difference", "MiB", "rounds")
    return "| " + " | ".join(names) + " |\n|" + "---|" * len(names)


@dataclass
class Row:
    """One case at one size: what was measured, and what it says."""

    case: Case
    particles: int
    jets: int
    work: Work
    measured: Measured

    def seconds(self, outcome: Outcome | None, measured_jets: int) -> float | None:
        """Seconds for all jets of the row."""
        if outcome is None or outcome.fastest is None:
            return None
        return outcome.fastest * self.jets / measured_jets

    @property
    def ratio(self) -> float | None:
        """Theirs over ours."""
        ours = self.seconds(self.measured.ours, self.work.ours)
        theirs = self.seconds(self.measured.theirs, self.work.theirs)
        return None if ours is None or theirs is None else theirs / ours

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none, or no peer. What failed has missed it."""
        if self.measured.ours.error:
            return False
        if self.measured.theirs is None or self.case.target is None:
            return None
        return self.ratio is not None and self.ratio >= self.case.target

    def markdown(self) -> str:
        """The row."""
        ours, theirs = self.measured.ours, self.measured.theirs
        target = self.case.target
        cells = (
            self.case.label,
            str(self.particles),
            f"{self.jets:,}",
            self._cell(ours, self.work.ours),
            self._cell(theirs, self.work.theirs),
            "" if self.ratio is None else f"{self.ratio:.1f}",
            "" if target is None else f"≥ {target:g}",
            {True: "met", False: "MISSED", None: ""}[self.met],
            "" if self.measured.difference is None else f"{self.measured.difference:.0e}",
            " / ".join(f"{side.memory:.0f}" for side in (ours, theirs) if side is not None),
            " / ".join(str(len(side.seconds)) for side in (ours, theirs) if side is not None),
        )
        return "| " + " | ".join(cells) + " |"

    def _cell(self, outcome: Outcome | None, measured_jets: int) -> str:
        if outcome is None:
            return "–"
        if outcome.error:
            return f"failed: {outcome.error}"
        seconds = self.seconds(outcome, measured_jets)
        scaled = f" (scaled from {measured_jets:,})" if measured_jets != self.jets else ""
        variant = f" ({outcome.variant})" if outcome.variant else ""
        return f"{seconds:.3g}{scaled}{variant}"

    def document(self) -> dict[str, Any]:
        """The row for JSON."""
        return {
            "case": self.case.name,
            "what": self.case.label,
            "particles": self.particles,
            "jets": self.jets,
            "measured_jets": {"ours": self.work.ours, "theirs": self.work.theirs},
            "ratio": self.ratio,
            "target": self.case.target,
            "met": self.met,
            **asdict(self.measured),
        }
