"""The function ``explain``: what a classifier test sees in generated clouds, outside a run."""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import NDArray

from jetgen.api.protocols import CloudSource, MetricContext
from jetgen.api.specs import MetricSpec
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.data.weights import weighted_quantile
from jetgen.errors import DataError, UsageError
from jetgen.evaluation.choice import inapplicable, too_few_clouds
from jetgen.evaluation.explain.contrasts import Contrast, auc_alone, contrast
from jetgen.evaluation.explain.explanation import Explanation, Finding, Judge, Sides
from jetgen.evaluation.explain.resolution import blurred
from jetgen.evaluation.progress import progress_bar
from jetgen.evaluation.sides import read_sides
from jetgen.metrics.c2st.metric import ClassifierTest
from jetgen.metrics.c2st.verdict import Verdict, mean_score
from jetgen.metrics.c2st.weights import calibration_curve, summary, weights
from jetgen.metrics.observables.catalogue import Observable, observable_values, observables
from jetgen.registry import discover, load_target
from jetgen.system import usable_cores

__all__ = ["explain"]

_TAIL = 0.1
_MOST = 0.5  # of the clouds: where more share the extreme weight, they are no tail
_FEWEST = 10


def explain(
    real: CloudSource | Path | str,
    fake: CloudSource | Path | str,
    spec: CloudSpec | None = None,
    metric: str | MetricSpec = "c2st_fast",
    features: Sequence[str] | None = None,
    seed: int = 0,
    device: str = "cpu",
    progress: bool | None = None,
) -> Explanation:
    """Say what a classifier test sees in generated clouds: weights of single clouds, and the observables that differ.

    The judge is trained as the metric does it (1610.06545). Its weights w = D / (1 - D) on the clouds that it reports
    on show where generated and true clouds differ (2305.16774). Each observable (:func:`.catalogue.observables`) is
    judged alone by its likelihood ratio, and in the tails of the weights. Observables of jets are taken of angles that
    are :func:`.resolution.blurred` by a thousandth.

    Arguments:
        real, fake: clouds, or paths of files.
        spec: features and conditioning of the clouds; by default those in the file ``real``.
        metric: the judge, a classifier test: ``c2st_fast`` takes half a minute for 10,000 clouds, ``c2st`` some.
        features: the names of the columns of files without names; of other files, the features to read.
        seed: of the trainings, and of the halves that observables are judged on.
        device: of the trainings.
        progress: True for a progress bar on standard error, False for none; by default on a terminal only.

    Raises:
        UsageError: if the metric is no classifier test or does not apply, or ``spec`` is needed.
        DataError: if a file cannot be read, the clouds are not what their spec says, they are too few, they have no
            observables.
        TrainingError: if the judge cannot be trained.
    """
    meaning, truth, made = read_sides(real, fake, spec, features)
    chosen = _judge(metric, meaning, truth, made)
    names = observables(meaning)
    if not names:
        columns = " and ".join(meaning.names)
        be = "is a category" if len(meaning.names) == 1 else "are categories"
        msg = f"{columns} {be}, so these clouds have no high-level features that could explain what a judge sees"
        raise DataError(msg)
    ctx = MetricContext(seed=seed, device=device, threads=usable_cores())
    with progress_bar("explain", 2, show=progress) as bar:
        bar({"kind": "stage", "stage": "judge", "done": 0})
        found: dict[str, list[Verdict]] = {}
        for name, verdict in chosen.verdicts(truth, made, dataclasses.replace(ctx, listener=bar)):
            found.setdefault(name, []).append(verdict)
        bar({"kind": "stage", "stage": "observables", "done": 1})
        rng = ctx.at("side", "blurred").rng("metric")
        seen = (blurred(side, meaning, rng) for side in (truth, made))
        values = Sides(*(observable_values(side, meaning, threads=ctx.threads) for side in seen))
        return _explanation(meaning.kind, chosen.name, found, names, values, made.weights, ctx)


def _judge(metric: str | MetricSpec, meaning: CloudSpec, real: Clouds, fake: Clouds) -> ClassifierTest:
    """The classifier test that is meant.

    Raises:
        UsageError: if it is none, or does not apply to such clouds.
        DataError: if there are too few clouds for it.
    """
    if isinstance(metric, str):
        metric = cast("MetricSpec", discover().find("metrics", metric).spec)
    reason = inapplicable(metric, meaning)
    if reason is not None:
        raise UsageError(reason)
    cls = load_target(metric.target)
    if not issubclass(cls, ClassifierTest):
        msg = f"{metric.name} is no classifier test and cannot say what it sees; choose c2st_fast, c2st or c2st_paper"
        raise UsageError(msg)
    reason = too_few_clouds(metric, len(real), len(fake))
    if reason is not None:
        raise DataError(reason)
    return cls.create(meaning)


def _explanation(
    kind: str,
    judge: str,
    found: dict[str, list[Verdict]],
    names: Sequence[Observable],
    values: Sides,
    given: NDArray[np.float64] | None,
    ctx: MetricContext,
) -> Explanation:
    """The explanation, from what each training says and the observables; ``given`` are weights of generated clouds."""
    verdicts, of_high_level = found[judge], found.get(f"{judge}_hl")
    w, rows = _by_class(verdicts, weights), _by_class(verdicts, lambda one: one.rows)
    reported = None if given is None else given[rows.generated]
    invented, uncovered = _tail(-w.generated, reported), _tail(w.true)
    findings = []
    for i, observable in enumerate(names):
        true, generated = values.true[:, i], values.generated[:, i]
        finding = Finding(
            observable=observable,
            alone=auc_alone(true, generated, ctx.at("observable", observable.name).rng("metric"), given),
            made=contrast(generated, true, given),
            invented=_in_tail(generated[rows.generated], invented, reported),
            uncovered=_in_tail(true[rows.true], uncovered),
        )
        findings.append(finding)
    return Explanation(
        kind=kind,
        judge=Judge(
            name=judge,
            auc=mean_score([one.auc for one in verdicts]),
            high_level=mean_score([one.auc for one in of_high_level]) if of_high_level else None,
            n=len(w.true),
        ),
        true=summary(w.true),
        generated=summary(w.generated, reported),
        calibration=calibration_curve(verdicts),
        findings=tuple(sorted(findings, key=_order, reverse=True)),
        weights=w,
        given=given,
        reported=reported,
        values={one.name: Sides(values.true[:, i], values.generated[:, i]) for i, one in enumerate(names)},
    )


def _by_class(verdicts: Sequence[Verdict], of: Callable[[Verdict], NDArray[Any]]) -> Sides:
    """Something of every cloud that any training reports on."""
    return Sides(
        true=np.concatenate([of(one)[one.labels] for one in verdicts]),
        generated=np.concatenate([of(one)[~one.labels] for one in verdicts]),
    )


def _tail(scores: NDArray[np.float64], given: NDArray[np.float64] | None = None) -> NDArray[np.bool_] | None:
    """Which clouds are the tenth with the largest scores, all equal ones among them; None if these are too many."""
    chosen = scores >= weighted_quantile(scores, (1.0 - _TAIL,), given)
    return chosen if _FEWEST <= chosen.sum() <= _MOST * len(chosen) else None


def _in_tail(
    values: NDArray[np.float64], tail: NDArray[np.bool_] | None, given: NDArray[np.float64] | None = None
) -> Contrast | None:
    if tail is None:
        return None
    weights = (None, None) if given is None else (given[tail], given[~tail])
    return contrast(values[tail], values[~tail], *weights)


def _order(finding: Finding) -> tuple[float, float]:
    """What a table shows first: the largest AUC alone, then the largest contrast in a tail."""
    tails = [one.strength for one in (finding.invented, finding.uncovered) if one is not None]
    return finding.alone.value, max(tails, default=0.0)
