"""What is to be measured, what has been, and how each is measured."""

from __future__ import annotations

import dataclasses
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import jetgen
from c2st import particlenet_verdict
from jetgen.metrics.c2st.profiles import SLOW
from jetgen.metrics.c2st.splitting import Folds
from jetgen.metrics.c2st.verdict import Score, Verdict, mean_score
from jetgen.registry import discover, load_target

from planted.faults import FAULTS, Fault, Truth
from planted.scores import optimal_area, power

__all__ = ["CLOSURE", "OPTIMUM", "PARTICLENET", "Results", "Study", "Task"]

CLOSURE, OPTIMUM, PARTICLENET = "closure", "optimum", "particlenet"
Results = Mapping[str, Mapping[str, Any]]


@dataclass(frozen=True)
class Task:
    """The optimum of a fault, or what a judge finds of a fault or of nothing, which is a closure."""

    fault: str
    judge: str
    replica: int

    @property
    def name(self) -> str:
        """Under which its result is kept."""
        return f"{self.fault}/{self.judge}/{self.replica}"


@dataclass(frozen=True)
class Study:
    """The sizes that all results share.

    Arguments:
        clouds: jets of each class that a judge gets.
        fresh: jets for each optimum.
        epochs: of ParticleNet-lite.
    """

    truth: Truth
    clouds: int
    fresh: int
    epochs: int

    def measure(self, task: Task, results: Results) -> dict[str, Any]:
        """The result of one task as JSON; the optimum of its fault must be among the results."""
        if task.fault == CLOSURE:
            real, fake = (self.truth.sample(self.clouds, CLOSURE, side, task.replica) for side in ("real", "fake"))
            return {name: _facts(*found) for name, found in self._judged(task, real, fake).items()}
        fault: Fault = FAULTS[task.fault].make(self.truth)
        if task.judge == OPTIMUM:
            best = optimal_area(fault.log_ratio(self.truth.sample(self.fresh, OPTIMUM)))
            return {"area": best.value, "stderr": best.stderr}
        real = self.truth.sample(self.clouds, "real", task.replica)
        fake = fault.sample(self.clouds, "fake", task.fault, task.replica)
        ratios = fault.log_ratio(real), fault.log_ratio(fake)
        kept = results[Task(task.fault, OPTIMUM, 0).name]
        best = Score(kept["area"], kept["stderr"])
        document = {}
        for name, (verdicts, seconds) in self._judged(task, real, fake).items():
            reached = power(verdicts, *ratios, best)
            document[name] = {**_facts(verdicts, seconds), "power": reached.value, "power_stderr": reached.stderr}
        return document

    def _judged(self, task: Task, real: jetgen.Clouds, fake: jetgen.Clouds) -> dict[str, tuple[list[Verdict], float]]:
        """By the name of each value of the judge: the verdicts, and the seconds that all of them took."""
        ctx = jetgen.MetricContext(seed=task.replica, threads=self.truth.threads)
        begun, verdicts = time.perf_counter(), dict[str, list[Verdict]]()
        for name, verdict in self._verdicts(task.judge, real, fake, ctx):
            verdicts.setdefault(name, []).append(verdict)
        seconds = time.perf_counter() - begun
        return {name: (each, seconds) for name, each in verdicts.items()}

    def _verdicts(
        self, judge: str, real: jetgen.Clouds, fake: jetgen.Clouds, ctx: jetgen.MetricContext
    ) -> Iterator[tuple[str, Verdict]]:
        if judge == PARTICLENET:
            folds = Folds.of(real, fake, SLOW.clouds, ctx.rng("metric"))
            recipe = dataclasses.replace(SLOW.set_recipe, epochs=self.epochs)
            yield judge, particlenet_verdict(folds, 0, self.truth.spec, recipe, ctx)
            return
        plugin = discover().find("metrics", judge)
        assert plugin.spec is not None
        metric: Any = load_target(plugin.spec.target)
        yield from metric.create(self.truth.spec).verdicts(real, fake, ctx)


def _facts(verdicts: Sequence[Verdict], seconds: float) -> dict[str, float]:
    area = mean_score([verdict.auc for verdict in verdicts])
    return {"area": area.value, "stderr": area.stderr, "trainings": len(verdicts), "seconds": round(seconds, 1)}
