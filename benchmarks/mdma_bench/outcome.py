"""What a case of the benchmark finds: figures for a file, and claims that are met or not."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

__all__ = ["Claim", "Outcome"]


@dataclass(frozen=True)
class Claim:
    """A figure that should be at least (or at most) its target."""

    what: str
    value: float
    target: float
    at_least: bool = True

    @property
    def met(self) -> bool:
        """Whether it is; what is not a number is not."""
        return self.value >= self.target if self.at_least else self.value <= self.target

    def __str__(self) -> str:
        sign, verdict = "≥" if self.at_least else "≤", "met" if self.met else "MISSED"
        return f"{self.what}: {self.value:.3g} (target {sign} {self.target:g}, {verdict})"


@dataclass(frozen=True)
class Outcome:
    """The figures of one case, ready for JSON, and what they say."""

    figures: Mapping[str, Any]
    claims: list[Claim] = field(default_factory=list)

    def document(self) -> dict[str, Any]:
        """All of it for JSON."""
        claims = [asdict(claim) | {"met": claim.met} for claim in self.claims]
        return {"figures": dict(self.figures), "claims": claims}
