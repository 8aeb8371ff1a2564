"""Sample: several independent draws from the saved model, checked and written as clouds."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.data.weights import effective_size, nothing_counts
from jetgen.errors import DataError
from jetgen.harness.run.stages.stage_context import StageContext
from jetgen.io.writing import write_clouds

__all__ = ["checked", "sample"]


def sample(stage: StageContext) -> dict[str, Any]:
    """Draw several independent sets of clouds, each of the size and under the conditions of the test split.

    Raises:
        DataError: if the generator does not return one legal cloud for each row of the conditions.
    """
    spec = stage.cell.dataset.spec
    model = stage.generator_class().load(stage.folder / "model", stage.cell.device)
    test = stage.dataset().load("test")
    conditions = Conditions.like(test[: len(test)])
    stage.begin()
    draws = []
    for draw in range(stage.cell.draws):
        context = stage.context.at("draw", draw)
        draws.append(checked(model.sample(conditions, context), conditions, spec))
        stage.context.report("progress", done=draw + 1, total=stage.cell.draws, unit="draws")
    clouds = Clouds.concatenate(draws)
    write_clouds(stage.folder / "samples.h5", clouds, spec)
    return {"counts": _facts(clouds, spec) | _effective(draws)}


def checked(answer: object, conditions: Conditions, spec: CloudSpec) -> Clouds:
    """The clouds in ``answer``, which is what ``sample`` of a generator returned for ``conditions``.

    Raises:
        DataError: if it is not one legal cloud for each row of the conditions; the sentence says what is wrong.
    """
    if not isinstance(answer, Clouds):
        msg = f"sample returned {type(answer).__name__}, not Clouds"
        raise DataError(msg)
    # Made anew, so that every array is checked whatever the plugin did to it.
    given, event = conditions.given, conditions.event
    clouds = Clouds(answer.points, answer.offsets, answer.conditioning, given, event, answer.weights)
    if len(clouds) != conditions.n:
        msg = f"sample returned {len(clouds)} clouds, {conditions.n} were asked for"
        raise DataError(msg)
    _check_conditioning(clouds.conditioning, conditions.conditioning)
    if clouds.n_features != len(spec.features):
        msg = f"sample returned points of {clouds.n_features} features, {len(spec.features)} were asked for"
        raise DataError(msg)
    largest = int(clouds.multiplicity.max(initial=0))
    if largest > spec.max_points:
        row = int(clouds.multiplicity.argmax())
        msg = f"sample returned a cloud of {largest} points at row {row}, at most {spec.max_points} are allowed"
        raise DataError(msg)
    if nothing_counts(clouds.weights):
        msg = f"sample returned {len(clouds)} clouds with the weight 0 each; one or more must count"
        raise DataError(msg)
    return Clouds(clouds.points, clouds.offsets, conditions.conditioning, given, event, clouds.weights)


def _check_conditioning(found: NDArray[np.float32], asked: NDArray[np.float32] | None) -> None:
    """Clouds come without conditioning, or with the one that was asked for."""
    if found.shape[1] == 0:
        return
    if asked is None or found.shape != asked.shape:
        columns = 0 if asked is None else asked.shape[1]
        msg = f"sample returned {found.shape[1]} columns of conditioning, {columns} were asked for"
        raise DataError(msg)
    wrong = np.flatnonzero((found != asked).any(axis=1))
    if len(wrong):
        msg = f"sample returned another conditioning than was asked for at row {wrong[0]}; row i answers row i"
        raise DataError(msg)


def _effective(draws: list[Clouds]) -> dict[str, float]:
    """The mean effective size of a draw, if the clouds have weights."""
    sizes = [effective_size(draw.weights) for draw in draws if draw.weights is not None and len(draw)]
    return {"n_effective": sum(sizes) / len(sizes)} if sizes else {}


def _facts(clouds: Clouds, spec: CloudSpec) -> dict[str, float]:
    """What a reader of the scores should know of the samples."""
    facts = {"empty_clouds": float(np.count_nonzero(clouds.multiplicity == 0))}
    for feature in spec.features:
        if feature.nature == "positive":
            values = clouds.points[:, spec.index(feature.name)]
            facts[f"negative_{feature.name}"] = float(np.count_nonzero(values < 0))
    return facts
