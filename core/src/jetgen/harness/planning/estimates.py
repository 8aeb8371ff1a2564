"""How long a cell may take: as long as one like it took in the run folder, else by rule and the machine's own speed."""

from __future__ import annotations

import time
from collections.abc import Sequence
from statistics import median
from typing import Any

from jetgen.harness.store.plan import CellPlan, GeneratorPlan
from jetgen.harness.store.row import Row

__all__ = ["Estimates", "fit_seconds"]

# Seconds on two cores of a machine that counts as in `_COUNT_SECONDS`, measured with `make bench`; see `_by_rule`.
_FIT = {"tiny": 3.0, "quick": 120.0, "standard": 1800.0, "gpu": 300.0, "full": 36_000.0}
_BASELINE = 1.0
_SAMPLE = {"tiny": 1.0}
_USUAL_SAMPLE = 15.0
_METRICS = {"standard": 1.0, "slow": 120.0, "paper": 3600.0}
_COSTLY = {"standard": 50.0, "slow": 170.0, "paper": 36_000.0}  # one draw, of a floor too
_OF_A_FLOOR = 2.0  # more draws than of a model
_OF_A_MODEL = 15.0  # seconds of a metric that asks the model itself
_TIMING = {"tiny": 2.0}
_USUAL_TIMING = 12.0
_START = 0.5  # of each process
_CLOUDS = 10_000  # test clouds behind the numbers above
_COUNT_SECONDS = 0.0023


class Estimates:
    """Minutes of cells, from the rows that are in the run folder and the speed of this machine at this moment.

    Arguments:
        rows: of earlier commands on the folder.
    """

    def __init__(self, rows: Sequence[Row] = ()) -> None:
        self._slowness = _count() / _COUNT_SECONDS
        taken: dict[tuple[Any, ...], list[float]] = {}
        for row in rows:
            for stage, seconds in row.cost.seconds.items() if row.scored else ():
                data = (stage, row.label, row.threads)
                taken.setdefault((*data, row.generator, row.preset), []).append(seconds)
                if stage.startswith("metric."):
                    taken.setdefault((*data, row.kind), []).append(seconds)
        self._usual = {key: median(seconds) for key, seconds in taken.items()}

    def minutes(self, cell: CellPlan) -> float:
        """Minutes of all stages of ``cell``, making data excepted."""
        stages = [f"metric.{metric.name}" for metric in cell.metrics]
        if cell.generator is not None:
            stages += ["fit", "sample"] + (["timing"] if cell.generator.timed else [])
        return sum(self._seconds(cell, stage) for stage in stages) / 60

    def _seconds(self, cell: CellPlan, stage: str) -> float:
        """As rows of the same generator, preset, data and threads have it, else of the same data, else by rule."""
        data = (stage, cell.dataset.label, cell.threads)
        generator = cell.generator
        subject = (None, None) if generator is None else (generator.name, generator.preset)
        for key in ((*data, *subject), (*data, cell.kind)):
            if key in self._usual:
                return self._usual[key] + _START
        return (_by_rule(cell, stage) + _START) * self._slowness * 2 / max(1, min(2, cell.threads))


def fit_seconds(generator: GeneratorPlan | None) -> float:
    """Seconds of a training by its preset. One that only its generator has may be long."""
    if generator is None or generator.baseline:
        return _BASELINE
    return _FIT.get(generator.base_preset, _FIT["standard"])


def _by_rule(cell: CellPlan, stage: str) -> float:
    """Seconds of a stage by the preset and the tiers of metrics, in proportion to the clouds that are judged."""
    generator = cell.generator
    size = cell.dataset.counts[2] / _CLOUDS
    preset = "" if generator is None else generator.base_preset
    if stage == "fit":
        return fit_seconds(generator)
    if stage == "sample":
        return _BASELINE if generator is not None and generator.baseline else size * _SAMPLE.get(preset, _USUAL_SAMPLE)
    if stage == "timing":
        return _TIMING.get(preset, _USUAL_TIMING)
    spec = next(metric.spec for metric in cell.metrics if stage == f"metric.{metric.name}")
    if spec.costly:
        return size * _COSTLY[spec.tier]
    seconds = _METRICS[spec.tier] * (_OF_A_FLOOR if generator is None else 1.0)
    return size * (seconds + (_OF_A_MODEL if "model" in spec.needs else 0.0))


def _count() -> float:
    """Seconds that this machine takes to count, at its best of three: plain Python, which needs no library."""
    best = float("inf")
    for _ in range(3):
        start = time.perf_counter()
        sum(i * i for i in range(50_000))
        best = min(best, time.perf_counter() - start)
    return best
