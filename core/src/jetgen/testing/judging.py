"""Run one check, and turn whatever comes of it into a result."""

from __future__ import annotations

import time
import traceback

from jetgen.registry.target import first_line
from jetgen.testing.check import Check, CheckResult, Outcome
from jetgen.testing.session import Session
from jetgen.testing.verdict import CheckFailedError, CheckSkippedError

__all__ = ["run_check"]


def run_check(check: Check, session: Session, expected: str | None = None) -> CheckResult:
    """The result of one check; nothing that the generator does wrong is raised.

    Arguments:
        expected: why it is known to fail; None if it is not.
    """
    started = time.perf_counter()
    outcome, reason, trace = _verdict(check, session)
    if expected is not None and outcome == "failed":
        outcome, reason = "expected", expected
    elif expected is not None and outcome == "passed":
        outcome, reason = "failed", f"it passed, but was expected to fail: {expected}"
    return CheckResult(check.id, check.description, outcome, reason, trace, time.perf_counter() - started)


def _verdict(check: Check, session: Session) -> tuple[Outcome, str, str]:
    """Outcome, reason and traceback, whatever the generator raises."""
    try:
        check(session)
    except CheckSkippedError as error:
        return "skipped", str(error), ""
    except CheckFailedError as error:
        return "failed", str(error), ""
    except (Exception, SystemExit) as error:  # noqa: BLE001 (a plugin may raise anything)
        return "failed", first_line(error), traceback.format_exc()
    return "passed", "", ""
