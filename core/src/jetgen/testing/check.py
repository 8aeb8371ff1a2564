"""One check, and what came of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from jetgen.testing.session import Session

__all__ = ["Check", "CheckResult", "Outcome"]

Outcome = Literal["passed", "failed", "skipped", "expected"]


@dataclass(frozen=True)
class Check:
    """A function of a :class:`jetgen.testing.Session` that returns if the generator keeps its word, else raises."""

    function: Callable[[Session], None]

    @property
    def id(self) -> str:
        """The name by which results and expected failures know it.

        >>> def samples_are_repeatable(session): "The same context gives the same clouds."
        >>> Check(samples_are_repeatable).id
        'samples-are-repeatable'
        """
        return self.function.__name__.replace("_", "-")

    @property
    def description(self) -> str:
        """One sentence: what a generator must do to pass."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def __call__(self, session: Session) -> None:
        """Check the generator of ``session``.

        Raises:
            CheckFailedError: if it broke the contract; an error of the generator itself comes through as it is.
            CheckSkippedError: if the check does not apply to it.
        """
        self.function(session)


@dataclass(frozen=True)
class CheckResult:
    """What came of one check.

    Arguments:
        outcome: ``"expected"`` is a failure that was announced, with a reason, and did happen.
        reason: why it failed, was skipped or was expected to fail; empty if it passed.
        traceback: where an error of the generator came from; empty for a plain verdict.
    """

    id: str
    description: str
    outcome: Outcome
    reason: str = ""
    traceback: str = ""
    seconds: float = 0.0
