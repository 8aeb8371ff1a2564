"""Checks of training: reports, data, seeds, deadlines and interrupts."""

from __future__ import annotations

import json
import math
import time
from collections.abc import Mapping
from dataclasses import asdict
from numbers import Real
from pathlib import Path
from typing import Any

from jetgen.api.protocols import FitReport
from jetgen.testing.session import SEED, Session, Training
from jetgen.testing.verdict import require, require_same, skip

__all__ = [
    "fit_follows_its_seed",
    "fit_is_repeatable",
    "fit_keeps_its_deadline",
    "fit_leaves_its_data_alone",
    "fit_needs_no_folder",
    "fit_reports_progress",
    "fit_reports_what_it_did",
    "fit_resumes_after_an_interrupt",
]

_PATIENCE = 5.0
"""Seconds beyond twice the time of a training without a deadline: the machine may be busy."""


def fit_reports_what_it_did(session: Session) -> None:
    """At the tiny preset, fit returns a FitReport with the stop reason "finished" and finite Python numbers."""
    report = session.first.report
    require(isinstance(report, FitReport), f"fit returned {type(report).__name__}, not a FitReport")
    require(report.stop_reason == "finished", f"the stop reason is {report.stop_reason!r}, not 'finished'")
    least = 0 if session.spec.baseline else 1
    for name in ("parameters", "steps"):
        value = getattr(report, name)
        require(type(value) is int and value >= least, f"{name} is {value!r}; an int of {least} or more is needed")
    for name, values in report.history.items():
        numbers = all(isinstance(value, Real) and math.isfinite(value) for value in values)
        require(numbers, f"the history of {name} has a value that is not a finite number")
    try:
        json.dumps(asdict(report), allow_nan=False)
    except (TypeError, ValueError) as error:
        require(truth=False, otherwise=f"the report cannot be written as JSON: {error}")


def fit_reports_progress(session: Session) -> None:
    """Fit reports progress at least once, as Python numbers with 0 <= done <= total."""
    messages = _progress(session.first)
    require(bool(messages), 'fit never called ctx.report("progress", done=..., total=...)')
    for message in messages:
        done: Any = message.get("done")
        total: Any = message.get("total")
        plain = all(isinstance(number, int | float) for number in (done, total))
        require(plain, f"progress of {done!r} out of {total!r}; Python numbers are needed")
        require(0 <= done <= total, f"progress of {done} out of {total}; 0 <= done <= total is needed")


def fit_leaves_its_data_alone(session: Session) -> None:
    """Fit does not change the clouds that it is given."""
    changed = session.first.changed_splits
    require(not changed, f"fit changed the clouds of {' and '.join(changed)} in place; copy what you change")


def fit_needs_no_folder(session: Session) -> None:
    """Fit works without an output folder (ctx.out is None), as in a notebook."""
    session.first  # noqa: B018 (where every training fails, another check says so)
    require(isinstance(session.second.report, FitReport), "without ctx.out, fit returned no FitReport")


def fit_is_repeatable(session: Session) -> None:
    """Two trainings with the same seed give models with identical samples."""
    require_same(session.sample(session.model), session.sample(session.second_model), "a second training")


def fit_follows_its_seed(session: Session) -> None:
    """A training with another seed gives a model with other samples, so that a spread over seeds means something."""
    if session.spec.baseline:
        skip("it is a baseline: nothing is trained")
    other = session.sample(session.train(seed=SEED + 1).model)
    same = other.fingerprint() == session.sample(session.model).fingerprint()
    require(not same, "trained with another seed, it gives the same clouds; does fit take its seeds from ctx?")


def fit_keeps_its_deadline(session: Session) -> None:
    """With a deadline in the past, fit returns soon with the stop reason "deadline", and the model can be saved."""
    undisturbed = session.first
    late = session.train(deadline=time.time() - 1)
    report = late.report
    limit = 2 * undisturbed.seconds + _PATIENCE
    require(
        late.seconds <= limit,
        f"fit went on for {late.seconds:.1f} s after its deadline; look at ctx.remaining() at every step",
    )
    reasons = ("deadline", "finished")
    require(report.stop_reason in reasons, f"the stop reason is {report.stop_reason!r}, not 'deadline'")
    cut = report.stop_reason == "finished" and report.steps < undisturbed.report.steps
    require(not cut, f"the stop reason is 'finished' after {report.steps} of {undisturbed.report.steps} steps")
    late.model.save(session.folder("late"))
    require(len(session.sample(late.model, 3)) == 3, "a model that was stopped early does not sample")


def fit_resumes_after_an_interrupt(session: Session) -> None:
    """Interrupted and called again with the same ctx.out, fit ends in the same model as without the interrupt."""
    messages = len(_progress(session.first))
    if messages == 0:
        skip("it reports no progress, so there is no moment at which to interrupt it")
    out = session.folder("interrupted")
    _train_until(session, out, (messages + 1) // 2)
    resumed = session.train(out=out)
    require(
        resumed.report.stop_reason == "finished",
        f"after an interrupt the stop reason is {resumed.report.stop_reason!r}, not 'finished'",
    )
    require_same(session.sample(session.model), session.sample(resumed.model), "a training that was interrupted")


def _train_until(session: Session, out: Path, progress: int) -> None:
    """Train, and interrupt the training at the progress message number ``progress``."""
    received = 0

    def listener(message: Mapping[str, Any]) -> None:
        nonlocal received
        received += message["kind"] == "progress"
        if received == progress:
            raise KeyboardInterrupt

    try:
        session.train(out=out, listener=listener)
    except KeyboardInterrupt:
        return


def _progress(training: Training) -> list[Mapping[str, Any]]:
    return [message for message in training.messages if message["kind"] == "progress"]
