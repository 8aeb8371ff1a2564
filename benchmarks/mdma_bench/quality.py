"""The case ``quality``: what `jetbench run` says of the MDMA generators, beside the targets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mdma_bench.outcome import Claim, Outcome

__all__ = ["TARGETS", "Asked", "quality_case"]

_SHOWN = {"w1m": 1e-3, "w1p": 1e-3, "w1pt": 1e-3, "w1efp": 1e-6, "sliced": 1e-3, "c2st": 1.0, "fpnd_truth": 1.0}


@dataclass(frozen=True)
class Targets:
    """What is claimed of a generator.

    Arguments:
        values: by preset and score, the largest value.
        ratios: by preset and score, the largest multiple of the floor.
        speed_up: over the simulator on one core, with the defaults.
    """

    values: Mapping[str, Mapping[str, float]]
    ratios: Mapping[str, Mapping[str, float]]
    speed_up: float


TARGETS: Mapping[str, Targets] = {
    "mdma-flowmatch": Targets(
        {"quick": {"w1m": 5e-3, "w1p": 2e-3}}, {"standard": {"w1m": 2.0, "w1p": 1.5, "w1efp": 1.5}}, 20.0
    ),
    "mdma-gan": Targets({}, {"standard": {"w1m": 2.5, "w1p": 2.5}}, 50.0),
}


@dataclass(frozen=True)
class Asked:
    """What is to be trained and judged.

    Arguments:
        generator: a key of :data:`TARGETS`.
        seeds: trainings of each preset.
        weights: folders of models, by `benchmarks/mdma_training.py`: they are judged, and nothing is trained.
        jobs: cells at a time.
        metrics: as `jetbench run -m` takes them.
    """

    generator: str
    presets: Sequence[str]
    datasets: Sequence[str]
    seeds: int
    weights: Sequence[Path]
    jobs: int
    metrics: Sequence[str]


def quality_case(folder: Path, asked: Asked) -> Outcome:
    """Train, sample, judge and time with the harness; a folder that has some of it already is gone on with."""
    for dataset in asked.datasets:
        for preset in asked.presets:
            print(f"  {asked.generator} {preset} on {dataset}", flush=True)
            for more in _trainings(asked):
                command = [sys.executable, "-m", "jetgen.cli", "run", "-g", asked.generator, "-d", dataset]
                command += ["--preset", preset, "--jobs", str(asked.jobs), "--out", str(folder), "--timeout", "14400"]
                command += [word for metric in asked.metrics for word in ("-m", metric)]
                subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
    rows = pq.read_table(folder / "results.parquet").to_pylist()
    figures, claims = {}, []
    for dataset in asked.datasets:
        for preset in asked.presets:
            found = _summary(rows, dataset, preset, asked)
            figures[f"{asked.generator} {preset} {dataset}"] = found
            _show(preset, dataset, found)
            claims += _claims(preset, dataset, found, TARGETS[asked.generator])
    return Outcome(figures, claims)


def _trainings(asked: Asked) -> list[list[str]]:
    if not asked.weights:
        return [["--seeds", str(asked.seeds)]]
    return [["--set", f"{asked.generator}.weights={folder.resolve()}"] for folder in asked.weights]


def _summary(rows: Sequence[Mapping[str, Any]], dataset: str, preset: str, asked: Asked) -> dict[str, dict[str, float]]:
    """For each score mean and spread over the trainings, and the floor; and what the timing says."""
    name, _, size = dataset.partition("@")
    here = [row for row in rows if row["dataset"] == name and row["size"] == size and row["status"] == "ok"]
    mine = [row for row in here if row["generator"] == asked.generator and _is(row["preset"], preset, asked)]
    found: dict[str, dict[str, float]] = {}
    for score in _SHOWN:
        values = [row["mean"] for row in mine if row["score"] == score]
        floor = [row["mean"] for row in here if row["kind"] == "floor" and row["score"] == score]
        if values:
            spread = float(np.std(values, ddof=1)) if len(values) > 1 else float("nan")
            draws = float(np.mean([row["spread"] for row in mine if row["score"] == score]))
            found[score] = {"mean": float(np.mean(values)), "seeds": len(values), "spread": spread, "draws": draws}
            found[score]["floor"] = floor[0] if floor else float("nan")
    cells = {row["id"]: row for row in mine}.values()
    for column in ("fit_seconds", "microseconds_per_cloud", "simulator_ratio", "parameters"):
        told = [row[column] for row in cells if row[column] is not None]
        if told:
            found[column] = {"mean": float(np.median(told)), "seeds": len(told)}
    return found


def _is(named: str, preset: str, asked: Asked) -> bool:
    """Whether a row is of this preset; with settings of one's own, as the weights are, its name has a suffix."""
    return named.startswith(f"{preset}+") if asked.weights else named == preset


def _show(preset: str, dataset: str, found: Mapping[str, Mapping[str, float]]) -> None:
    for score, unit in _SHOWN.items():
        if score in found:
            one = found[score]
            text = f"{one['mean'] / unit:8.3g} ± {one['spread'] / unit:.2g} (seeds) ± {one['draws'] / unit:.2g} (draws)"
            floor = f"floor {one['floor'] / unit:.3g}, {one['mean'] / one['floor']:.2f} x"
            print(f"  {preset:9s} {dataset:20s} {score:10s} {text} in {unit:g}, {int(one['seeds'])} seed(s); {floor}")
    facts = {name: one["mean"] for name, one in found.items() if name not in _SHOWN}
    print(
        f"  {preset:9s} {dataset:20s} " + ", ".join(f"{name} {value:,.1f}" for name, value in facts.items()), flush=True
    )


def _claims(preset: str, dataset: str, found: Mapping[str, Mapping[str, float]], targets: Targets) -> list[Claim]:
    claims = []
    for score, most in targets.values.get(preset, {}).items():
        if score in found:
            claims.append(Claim(f"{preset} {dataset} {score}", found[score]["mean"], most, at_least=False))
    for score, most in targets.ratios.get(preset, {}).items():
        if score in found:
            ratio = found[score]["mean"] / found[score]["floor"]
            claims.append(Claim(f"{preset} {dataset} {score} over its floor", ratio, most, at_least=False))
    if "simulator_ratio" in found:
        speed = found["simulator_ratio"]["mean"]
        claims.append(Claim(f"{preset} {dataset} samples faster than the simulator by", speed, targets.speed_up))
    return claims
