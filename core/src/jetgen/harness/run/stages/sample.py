"""Sample: several independent draws from the saved model, checked and written as clouds."""

from __future__ import annotations

from typing import Any

import numpy as np

from jetgen.data.checks import check_generated
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.data.weights import effective_size
from jetgen.harness.run.stages.stage_context import StageContext
from jetgen.io.writing import write_clouds
from jetgen.sampling.checking import checked

__all__ = ["sample"]


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
        if stage.generator.made_elsewhere:
            check_generated(draws[-1], spec, test[: len(test)], f"the samples {stage.generator.name}")
        stage.context.report("progress", done=draw + 1, total=stage.cell.draws, unit="draws")
    clouds = Clouds.concatenate(draws)
    write_clouds(stage.folder / "samples.h5", clouds, spec)
    return {"counts": _facts(clouds, spec) | _effective(draws)}


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
