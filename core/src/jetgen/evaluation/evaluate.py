"""The function ``evaluate``: metrics of generated against true clouds, outside a run."""

from __future__ import annotations

import copy
import dataclasses
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from html import escape
from pathlib import Path
from typing import Any, cast

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.api.loading import first_line
from jetgen.api.protocols import CloudSource, MetricContext
from jetgen.api.specs import MetricSpec
from jetgen.data.clouds import Clouds
from jetgen.data.shown import columns_html
from jetgen.data.spec import CloudSpec
from jetgen.data.weights import effective_size
from jetgen.evaluation.choice import chosen_metrics, claimed_metrics, clash, inapplicable, too_few_clouds, unweighted
from jetgen.evaluation.floors import Band, bands, floor_draws, sampling_spread
from jetgen.evaluation.progress import progress_bar
from jetgen.evaluation.scorer import Scorer
from jetgen.evaluation.sides import read_clouds, read_sides
from jetgen.evaluation.strata import strata
from jetgen.registry import discover, load_target
from jetgen.system import usable_cores

__all__ = ["Evaluation", "Floor", "MetricResult", "evaluate"]


@dataclass(frozen=True)
class Floor:
    """The scores of truth against truth: bands by name, over random splits of the reference into these two sizes."""

    bands: dict[str, Band]
    n_real: int
    n_fake: int


@dataclass(frozen=True)
class MetricResult:
    """The result of one metric.

    Arguments:
        value: the metric's own value.
        components: every value by name, the metric's own first.
        spreads: by name, the standard deviation between generated samples of this size: what the metric itself
            computes, else an estimate from five parts of the sample. A name is missing if neither is possible.
        n_real, n_fake: the numbers of clouds compared.
        unit, direction: as in :class:`jetgen.MetricSpec`.
        floor: None if it was not wanted or the reference is too small to be split.
        clipped: how many generated points had an illegal value that was clipped: negative momenta or energies, hits
            outside the calorimeter.
        n_effective: the effective size (Σw)² / Σw² of the generated sample; None if the clouds have no weights.
    """

    value: float
    components: dict[str, float]
    spreads: dict[str, float]
    n_real: int
    n_fake: int
    unit: str
    direction: str
    floor: Floor | None
    clipped: int = 0
    n_effective: float | None = None


_HEADS = ("score", "value", "floor [5 %, 95 %]")


@dataclass(frozen=True, repr=False)
class Evaluation:
    """The results by metric, and for each metric that was skipped the reason."""

    metrics: dict[str, MetricResult] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every number."""
        return dataclasses.asdict(self)

    def __str__(self) -> str:
        lines = [f"{head:14} {value:>12} {floor:>28}" for head, value, floor in (_HEADS, *self._lines())]
        return "\n".join([*lines, *(f"no {name}: {reason}" for name, reason in self.skipped.items())])

    def __repr__(self) -> str:
        return str(self)

    def _repr_html_(self) -> str:
        skipped = "".join(f"<p>no {escape(name)}: {escape(reason)}</p>" for name, reason in self.skipped.items())
        return columns_html(_HEADS, list(self._lines())) + skipped

    def _lines(self) -> Iterator[tuple[str, str, str]]:
        """Every value with its floor."""
        for one in self.metrics.values():
            for name, value in one.components.items():
                band = None if one.floor is None else one.floor.bands.get(name)
                floor = "" if band is None else f"{band.mean:.3g} [{band.low:.3g}, {band.high:.3g}]"
                yield name, f"{value:.4g}", floor


def evaluate(
    real: CloudSource | Path | str,
    fake: CloudSource | Path | str,
    metrics: Sequence[str | MetricSpec] | str = "standard",
    spec: CloudSpec | None = None,
    train: CloudSource | Path | str | None = None,
    features: Sequence[str] | None = None,
    seed: int = 0,
    floor_splits: int | None = None,
    device: str = "cpu",
    progress: bool | None = None,
    weights: ArrayLike | None = None,
) -> Evaluation:
    """Compare generated with true clouds.

    Arguments:
        real, fake, train: clouds, or paths of files; ``train`` is for the metrics that look for copies.
        metrics: names or specs of metrics, or a word for many installed ones: ``standard``, ``slow`` or ``all``.
        spec: features and conditioning of the clouds; by default those in the file ``real``.
        features: the names of the columns of files without names; of other files, the features to read.
        seed: of the splits of the floor and of the metrics that draw clouds.
        floor_splits: the number of splits of the reference for the floor; by default that of the metric (30,
            or fewer for a slow one); 0 for no floor.
        device: of the metrics that use torch.
        progress: True for a progress bar on standard error, False for none; by default on a terminal only.
        weights: (N,), how much each generated cloud counts; by default the weights that ``fake`` has, if any.

    Raises:
        UsageError: if there is no such metric, ``spec`` is needed, or weights are given twice.
        DataError: if a file cannot be read, the true clouds have weights or are not what their spec says, or the
            generated ones are of another kind or in other units, or their weights cannot be used.

    A metric that does not apply or fails is listed with the reason; the others are still computed.
    """
    specs, claimed = _chosen([metrics] if isinstance(metrics, str) else metrics)
    meaning, truth, made = read_sides(real, fake, spec, features, weights)
    known = read_clouds(train, meaning, features)[1] if train is not None else None
    result = Evaluation(skipped=claimed)
    names, seen = {one.name for one in specs}, set[str]()
    with progress_bar("metrics", len(specs), show=progress) as bar:
        ctx = MetricContext(seed=seed, device=device, threads=usable_cores(), train=known, listener=bar)
        for done, one in enumerate(specs):
            bar({"kind": "stage", "stage": one.name, "done": done})
            found = _result_or_reason(one, meaning, truth, made, ctx, floor_splits)
            if not isinstance(found, str):
                found = clash(one.name, found.components, names, seen) or found
            if isinstance(found, str):
                result.skipped[one.name] = found
            else:
                result.metrics[one.name] = found
                seen.update(found.components)
    return result


def _chosen(metrics: Sequence[str | MetricSpec]) -> tuple[list[MetricSpec], dict[str, str]]:
    """The metrics that are meant, and why some of the names are left out."""
    specs = [one for one in metrics if isinstance(one, MetricSpec)]
    names = [one for one in metrics if isinstance(one, str)]
    if not names:
        return specs, {}
    registry = discover()
    found = [cast("MetricSpec", plugin.spec) for plugin, _ in chosen_metrics(registry, names)]
    return [*specs, *found], claimed_metrics(registry, names)


def _result_or_reason(
    spec: MetricSpec, meaning: CloudSpec, real: Clouds, fake: Clouds, ctx: MetricContext, floor_splits: int | None
) -> MetricResult | str:
    """The result of a metric, or why there is none."""
    reason = _skipped(spec, meaning, real, fake, ctx.train)
    if reason is not None:
        return reason
    try:
        # A metric is a plugin: what it writes into the clouds is not for the next one.
        real, fake, train = copy.deepcopy((real, fake, ctx.train))
        return _result(spec, meaning, real, fake, dataclasses.replace(ctx, train=train), floor_splits)
    except Exception as error:  # noqa: BLE001 (a metric is a plugin: it may raise anything, the others go on)
        return first_line(error)


def _skipped(spec: MetricSpec, meaning: CloudSpec, real: Clouds, fake: Clouds, train: CloudSource | None) -> str | None:
    """Why a metric is not computed, in one sentence; None if it is."""
    reason = inapplicable(spec, meaning)
    if reason is not None:
        return reason
    if "model" in spec.needs:
        return f"{spec.name} asks the trained generator itself: `jetbench run` tells it"
    if "train" in spec.needs and train is None:
        return f"{spec.name} looks at the training clouds too; none were given"
    reason = unweighted(spec, weights=fake.weights is not None)
    return reason or too_few_clouds(spec, len(real), len(fake), _effective(fake))


def _effective(fake: Clouds) -> float | None:
    return None if fake.weights is None or not len(fake) else effective_size(fake.weights)


def _result(
    spec: MetricSpec, meaning: CloudSpec, real: Clouds, fake: Clouds, ctx: MetricContext, floor_splits: int | None
) -> MetricResult:
    scorer = Scorer(cast("Any", load_target(spec.target)).create(meaning))
    clips: list[int] = []
    counting = dataclasses.replace(ctx, listener=_counting(clips, ctx.listener))
    truth, made = scorer.featurise(real, ctx), scorer.featurise(fake, counting)
    found = scorer.compare(truth, made, counting)
    spreads = found.named_stderr(spec.name) or sampling_spread(
        scorer, spec.name, truth, made, ctx, strata(fake, meaning)
    )
    return MetricResult(
        value=found.value,
        components=found.named(spec.name),
        spreads=spreads,
        n_real=len(real),
        n_fake=len(fake),
        unit=spec.unit,
        direction=spec.direction,
        floor=_floor(spec, scorer, real, len(fake), ctx, strata(real, meaning), floor_splits),
        clipped=sum(clips),
        n_effective=_effective(fake),
    )


def _floor(
    spec: MetricSpec,
    scorer: Scorer,
    real: Clouds,
    n_fake: int,
    ctx: MetricContext,
    groups: NDArray[np.int64] | None,
    splits: int | None,
) -> Floor | None:
    splits = spec.floor_draws if splits is None else splits
    if not splits or len(real) < 2:
        return None
    n_real, n_fake, draws = floor_draws(scorer, real, len(real), n_fake, splits, ctx, groups)
    return Floor(bands(spec.name, draws), n_real, n_fake)


def _counting(clips: list[int], listener: Callable[[Mapping[str, Any]], None]) -> Callable[[Mapping[str, Any]], None]:
    """A listener that also appends the number of clipped points of each event ``clipped`` to ``clips``."""

    def listen(event: Mapping[str, Any]) -> None:
        if event["kind"] == "clipped":
            clips.append(int(event["points"]))
        listener(event)

    return listen
