"""One check, and its result."""

from __future__ import annotations

import time
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal

from jetgen.api.loading import first_line
from jetgen.testing.session import Session
from jetgen.testing.truth import TruthSession
from jetgen.testing.verdict import CheckFailedError, CheckSkippedError

__all__ = ["Check", "CheckResult", "Outcome", "run_check"]


Outcome = Literal["passed", "failed", "skipped", "expected"]


@dataclass(frozen=True)
class Check:
    """One requirement: a function of a session, of a generator or of a dataset, that raises if it is not met."""

    function: Callable[[Any], None]

    @property
    def id(self) -> str:
        """Its name in results and in expected failures.

        >>> def samples_are_repeatable(session): "The same RunContext gives the same clouds."
        >>> Check(samples_are_repeatable).id
        'samples-are-repeatable'
        """
        return self.function.__name__.replace("_", "-")

    @property
    def description(self) -> str:
        """One sentence: what a generator must do to pass."""
        return (self.function.__doc__ or "").strip().splitlines()[0]

    def __call__(self, session: Session | TruthSession) -> None:
        """Check what ``session`` holds. An error that it raises is not caught.

        Raises:
            CheckFailedError: if it does not pass.
            CheckSkippedError: if the check does not apply to it.
        """
        self.function(session)


@dataclass(frozen=True)
class CheckResult:
    """The result of one check.

    Arguments:
        id, description: of the check.
        outcome: ``"passed"``, ``"failed"``, ``"skipped"``, or ``"expected"`` for a failure that was expected.
        reason: why it failed, was skipped or was expected to fail; empty if it passed.
        traceback: of the error that the generator raised; empty if it raised none.
        seconds: the time that the check took.
    """

    id: str
    description: str
    outcome: Outcome
    reason: str = ""
    traceback: str = ""
    seconds: float = 0.0


def run_check(check: Check, session: Session | TruthSession, expected: str | None = None) -> CheckResult:
    """The result of one check; no error of the generator is raised.

    Arguments:
        expected: the reason why it is expected to fail; None if it must pass.
    """
    started = time.perf_counter()
    outcome, reason, trace = _verdict(check, session)
    if expected is not None and outcome == "failed":
        outcome, reason = "expected", expected
    elif expected is not None and outcome == "passed":
        outcome, reason = "failed", f"it passed, but was expected to fail: {expected}"
    return CheckResult(check.id, check.description, outcome, reason, trace, time.perf_counter() - started)


def _verdict(check: Check, session: Session | TruthSession) -> tuple[Outcome, str, str]:
    """Outcome, reason and traceback, whatever the generator raises."""
    try:
        check(session)
    except CheckSkippedError as error:
        return "skipped", str(error), ""
    except CheckFailedError as error:
        return "failed", str(error), traceback.format_exc() if error.__cause__ else ""
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a plugin may raise anything)
        return "failed", first_line(error), traceback.format_exc()
    return "passed", "", ""
