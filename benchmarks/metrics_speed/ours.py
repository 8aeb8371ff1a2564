"""Our side: the metrics of jetgen as the harness calls them, with all cores."""

from __future__ import annotations

import os
from typing import Any, Literal

import numpy as np
from jetgen import Clouds, CloudSpec, MetricContext
from jetgen.data.spec import Feature

from metrics_speed.serving import Inputs, Task, serve

__all__ = ["clouds_of", "jet_spec"]

_CONTEXT = MetricContext(threads=os.cpu_count() or 1)


def jet_spec(inputs: Inputs) -> CloudSpec:
    """What the jets of the benchmark mean."""
    particles = int(inputs["particles"])
    return CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), particles)


def clouds_of(inputs: Inputs, side: str, jets: int) -> Clouds:
    """The first jets of one side."""
    return Clouds(inputs[f"{side}_points"], inputs[f"{side}_offsets"])[:jets]


def _values(result: Any) -> list[float]:
    """The components of a measurement if it has any, else its value."""
    return [*result.components.values()] or [result.value]


def _efp_task(which: Literal["prime5", "all36"], inputs: Inputs, jets: int, compared: int) -> Task:
    from jetgen.metrics.observables.efps import efps

    clouds, spec = clouds_of(inputs, "real", jets), jet_spec(inputs)
    return Task(
        {"": lambda: efps(clouds, spec, which=which, threads=_CONTEXT.threads)}, lambda values: values[:compared]
    )


def _efps5(inputs: Inputs, jets: int, compared: int) -> Task:
    return _efp_task("prime5", inputs, jets, compared)


def _efps36(inputs: Inputs, jets: int, compared: int) -> Task:
    return _efp_task("all36", inputs, jets, compared)


def _distance_task(metric: Any, inputs: Inputs, jets: int, compared: int) -> Task:
    real, fake = (clouds_of(inputs, side, jets) for side in ("real", "fake"))
    measured = metric.create(jet_spec(inputs))

    def of_few(result: Any) -> list[float]:
        if compared == jets:
            return _values(result)
        return _values(measured.compute(real[:compared], fake[:compared], _CONTEXT))

    return Task({"": lambda: measured.compute(real, fake, _CONTEXT)}, of_few)


def _w1efp(inputs: Inputs, jets: int, compared: int) -> Task:
    from jetgen.metrics.efp_distance import EfpDistance

    return _distance_task(EfpDistance, inputs, jets, compared)


def _w1p(inputs: Inputs, jets: int, compared: int) -> Task:
    from jetgen.metrics.wasserstein import FeatureDistance

    return _distance_task(FeatureDistance, inputs, jets, compared)


def _w1m(inputs: Inputs, jets: int, compared: int) -> Task:
    from jetgen.metrics.wasserstein import MassDistance

    return _distance_task(MassDistance, inputs, jets, compared)


def _feature_task(metric: Any, inputs: Inputs, jets: int) -> Task:
    """From the features on, with the metric's own sizes for so many jets."""
    real, fake = (inputs[f"{side}_features"][:jets] for side in ("real", "fake"))
    measured = metric.create(jet_spec(inputs))
    return Task({"": lambda: measured.compare(real, fake, _CONTEXT)}, lambda result: [result.value, result.stderr])


def _fpd(inputs: Inputs, jets: int, compared: int) -> Task:
    del compared
    from jetgen.metrics.physics_distance import FrechetPhysicsDistance

    return _feature_task(FrechetPhysicsDistance, inputs, jets)


def _kpd(inputs: Inputs, jets: int, compared: int) -> Task:
    del compared
    from jetgen.metrics.physics_distance import KernelPhysicsDistance

    return _feature_task(KernelPhysicsDistance, inputs, jets)


def _fpnd(inputs: Inputs, jets: int, compared: int) -> Task:
    del compared
    from jetgen_jetnet.fpnd import FrechetToJetNet

    real, metric = clouds_of(inputs, "real", jets), FrechetToJetNet.create(jet_spec(inputs))
    return Task({"": lambda: metric.compute(real, real, _CONTEXT)}, lambda result: result.components["fpnd_jetnet_top"])


def _batches(inputs: Inputs, jets: int) -> list[tuple[Clouds, Clouds]]:
    real, fake = (clouds_of(inputs, side, jets) for side in ("real", "fake"))
    return [(real[start : start + 100], fake[start : start + 100]) for start in range(0, jets, 100)]


def _emds(inputs: Inputs, jets: int, compared: int) -> Task:
    del compared
    from jetgen.metrics.observables.emd import emd_matrix

    batches, spec = _batches(inputs, jets), jet_spec(inputs)
    threads = _CONTEXT.threads
    return Task(
        {"": lambda: np.concatenate([emd_matrix(fake, real, spec, threads) for real, fake in batches])},
        warm=lambda: emd_matrix(batches[0][0][:5], batches[0][1][:5], spec, threads),
    )


def _matching(inputs: Inputs, jets: int, compared: int) -> Task:
    del compared
    from jetgen.metrics.coverage import Coverage, MinimumMatchingDistance

    batches = _batches(inputs, jets)
    metrics = [metric.create(jet_spec(inputs)) for metric in (Coverage, MinimumMatchingDistance)]
    threads = _CONTEXT.threads
    return Task(
        {"": lambda: [metric.of_batch(real, fake, threads) for metric in metrics for real, fake in batches]},
        warm=lambda: metrics[0].of_batch(batches[0][0][:5], batches[0][1][:5], threads),
    )


if __name__ == "__main__":
    serve(
        {
            "efps5": _efps5,
            "efps36": _efps36,
            "w1efp": _w1efp,
            "w1p": _w1p,
            "w1m": _w1m,
            "fpd": _fpd,
            "kpd": _kpd,
            "fpnd": _fpnd,
            "emds": _emds,
            "matching": _matching,
        }
    )
