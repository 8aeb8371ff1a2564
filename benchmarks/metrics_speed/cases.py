"""What is timed: the figures of merit, their targets, and how many jets each side is given."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import NamedTuple

__all__ = ["CASES", "Case", "Work", "wanted"]


class Work(NamedTuple):
    """One thing to time: equal work is timed once, and scaled to each size that it stands for."""

    case: str
    particles: int
    ours: int
    theirs: int


@dataclass(frozen=True)
class Case:
    """A row of the table.

    Arguments:
        name: what the workers call it.
        label: what the reader sees.
        target: theirs over ours, at least; None where the issue asks for nothing.
        particles: the numbers of particles that it applies to.
        ours, theirs: by number of particles, the most jets a side is given; more are scaled linearly.
    """

    name: str
    label: str
    target: float | None
    particles: tuple[int, ...] = (30, 150)
    ours: tuple[int, ...] = ()
    theirs: tuple[int, ...] = ()

    def work(self, particles: int, jets: int) -> Work:
        """What is timed for a row of so many jets."""
        place = self.particles.index(particles)
        ours = min(jets, self.ours[place]) if self.ours else jets
        theirs = min(jets, self.theirs[place]) if self.theirs else jets
        return Work(self.name, particles, ours, theirs)


# The costs of EFPs, of ParticleNet and of EMD matrices are linear in the number of jets (of matrices). The caps keep
# a round below a few minutes: at 150 particles and 50,000 jets the peer's 36 EFPs alone would take seven minutes.
CASES = (
    Case("efps5", "five prime EFPs (n = d = 4)", 20.0, theirs=(10_000, 2_000)),
    Case("efps36", "36 EFPs (d <= 4)", 10.0, theirs=(4_000, 1_000)),
    Case("w1efp", "w1efp", None, theirs=(4_000, 1_000)),
    Case("w1p", "w1p", 3.0),
    Case("w1m", "w1m", None),
    Case("fpd", "fpd (of 36 features)", None, particles=(30,)),
    Case("kpd", "kpd (of 36 features)", 5.0, particles=(30,)),
    Case("fpnd", "FPND", 2.0, particles=(30,), ours=(1_024,), theirs=(1_024,)),
    Case("matching", "cov and mmd (10 batches of 100 x 100)", 1.0, ours=(300, 100), theirs=(300, 100)),
    Case("emds", "EMD matrices (10 of 100 x 100)", None, ours=(300, 100), theirs=(300, 100)),
)


_BATCHED = ("matching", "emds")
_MATCHED = 1_000
"""The jets of ten batches, which is what cov and mmd look at whatever there is."""


def wanted(sizes: list[int], particles: list[int]) -> Iterator[tuple[Case, int, int]]:
    """Every row of the table: the case, its number of particles and of jets."""
    for number in particles:
        for jets in sizes:
            yield from (
                (case, number, jets) for case in CASES if number in case.particles and case.name not in _BATCHED
            )
        yield from ((case, number, _MATCHED) for case in CASES if case.name in _BATCHED)
