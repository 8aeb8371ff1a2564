"""Judge a file or an array of generated clouds against true ones, outside any run."""

from __future__ import annotations

import dataclasses
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

from jetgen.cloud_spec import CloudSpec
from jetgen.clouds import Clouds
from jetgen.errors import DataError, UsageError
from jetgen.files import CloudFile, open_clouds
from jetgen.protocols import CloudSource, Metric, MetricContext
from jetgen.registry import discover, load_target
from jetgen.registry.target import first_line
from jetgen.scoring import Band, band, floor_draws, inapplicable, score
from jetgen.specs import MetricSpec

__all__ = ["Evaluation", "Floor", "Measured", "evaluate"]


@dataclass(frozen=True)
class Floor:
    """What truth scores against truth: two disjoint parts of the reference, of these sizes, split again and again."""

    bands: dict[str, Band]
    n_real: int
    n_fake: int


@dataclass(frozen=True)
class Measured:
    """What one metric says.

    Arguments:
        value: the metric's own value.
        components: every value by name, its own among them.
        n_real, n_fake: the numbers of clouds that were compared.
        unit, direction: as in :class:`jetgen.MetricSpec`.
        floor: None if the reference is too small to be split.
        clipped: generated values that the metric had to set to 0 because they were negative.
    """

    value: float
    components: dict[str, float]
    n_real: int
    n_fake: int
    unit: str
    direction: str
    floor: Floor | None
    clipped: int = 0


@dataclass(frozen=True)
class Evaluation:
    """The metrics that could be computed, and for each other one the reason why not."""

    metrics: dict[str, Measured] = field(default_factory=dict)
    skipped: dict[str, str] = field(default_factory=dict)

    def to_json(self) -> dict[str, Any]:
        """A JSON object with every number."""
        return dataclasses.asdict(self)


def evaluate(
    real: CloudSource | Path | str,
    fake: CloudSource | Path | str,
    metrics: Sequence[str | MetricSpec] | None = None,
    spec: CloudSpec | None = None,
    train: CloudSource | Path | str | None = None,
    features: Sequence[str] | None = None,
    seed: int = 0,
    floor_splits: int = 30,
) -> Evaluation:
    """Compare generated with true clouds.

    Arguments:
        real, fake, train: clouds, or the files that hold them; ``train`` for the metrics that look for copies.
        metrics: names, or specs of metrics; by default every standard metric that is installed.
        spec: what the clouds mean; by default what the file ``real`` says.
        features: the columns of files that do not name them, in their order; of other files, what to read.
        seed: of the splits of the floor and of the metrics that choose clouds.
        floor_splits: how often the reference is split for the floor; 0 for no floor.

    Raises:
        UsageError: if a metric is not known or nothing says what the clouds mean.
        DataError: if a file cannot be read or the clouds have other features than the reference.

    A metric that does not apply or fails is listed with its reason; the others are still computed.
    """
    specs = _chosen(metrics)
    meaning, truth = _read(real, spec, features)
    _, made = _read(fake, meaning, features)
    seen = _read(train, meaning, features)[1] if train is not None else None
    result = Evaluation()
    for one in specs:
        reason = _unfit(one, meaning, truth, made, seen)
        if reason is None:
            try:
                result.metrics[one.name] = _measure(one, meaning, truth, made, seen, seed, floor_splits)
            except Exception as error:  # noqa: BLE001 (a metric is a plugin: it may raise anything, the others go on)
                reason = first_line(error)
        if reason is not None:
            result.skipped[one.name] = reason
    return result


def _chosen(metrics: Sequence[str | MetricSpec] | None) -> list[MetricSpec]:
    if metrics is None:
        found = [cast("MetricSpec", plugin.spec) for plugin in discover().usable("metrics")]
        return [spec for spec in found if spec.tier == "standard"]
    return [one if isinstance(one, MetricSpec) else _found(one) for one in metrics]


def _found(name: str) -> MetricSpec:
    return cast("MetricSpec", discover().find("metrics", name).spec)


def _read(
    source: CloudSource | Path | str, spec: CloudSpec | None, features: Sequence[str] | None
) -> tuple[CloudSpec, Clouds]:
    """The meaning and the clouds of a source; a file with the features in another order is reordered."""
    if isinstance(source, str | Path):
        with open_clouds(source, features) as file:
            return spec or file.spec, _reordered(file, spec or file.spec)
    if spec is None and isinstance(source, CloudFile):
        spec = source.spec
    if spec is None:
        msg = "nothing says what the columns of the clouds mean; give spec=CloudSpec(...)"
        raise UsageError(msg)
    clouds = source[: len(source)]
    if clouds.n_features != len(spec.features):
        msg = f"the clouds have {clouds.n_features} features, not the {len(spec.features)}: {', '.join(spec.names)}"
        raise DataError(msg)
    return spec, clouds


def _reordered(file: CloudFile, spec: CloudSpec) -> Clouds:
    missing = [name for name in spec.names if name not in file.spec.names]
    if missing:
        msg = f"{file.path}: there is no feature {', '.join(missing)}; it has {', '.join(file.spec.names)}"
        raise DataError(msg)
    clouds = file[:]
    if file.spec.names == spec.names:
        return clouds
    columns = [file.spec.index(name) for name in spec.names]
    return Clouds(clouds.points[:, columns], clouds.offsets, clouds.context, clouds.given, clouds.event)


def _unfit(spec: MetricSpec, meaning: CloudSpec, real: Clouds, fake: Clouds, train: Clouds | None) -> str | None:
    reason = inapplicable(spec, meaning)
    if reason is not None:
        return reason
    if "train" in spec.needs and train is None:
        return f"{spec.name} looks at the training clouds too; none were given"
    for what, clouds in (("true", real), ("generated", fake)):
        if len(clouds) < spec.smallest_n:
            return f"{len(clouds)} {what} clouds are too few: {spec.name} says something from {spec.smallest_n} on"
    return None


def _measure(
    spec: MetricSpec,
    meaning: CloudSpec,
    real: Clouds,
    fake: Clouds,
    train: Clouds | None,
    seed: int,
    floor_splits: int,
) -> Measured:
    clips: list[int] = []
    ctx = MetricContext(seed=seed, train=train)
    metric: Metric = cast("Any", load_target(spec.target)).create(meaning)

    def listen(event: Any) -> None:
        if event["kind"] == "clipped":
            clips.append(int(event["points"]))

    components = score(metric, real, fake, dataclasses.replace(ctx, listener=listen))
    floor = None
    if floor_splits and len(real) > 1:
        n_real, n_fake, draws = floor_draws(metric, real, len(real), len(fake), floor_splits, ctx)
        floor = Floor({name: band([draw[name] for draw in draws]) for name in draws[0]}, n_real, n_fake)
    value = next(iter(components.values()))
    return Measured(value, components, len(real), len(fake), spec.unit, spec.direction, floor, sum(clips))
