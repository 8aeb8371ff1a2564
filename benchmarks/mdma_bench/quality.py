"""The cases ``quality`` and ``sampling``: what `jetbench run` says of mdma-flowmatch, beside the targets."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.parquet as pq

from mdma_bench.outcome import Claim, Outcome

__all__ = ["quality_case"]

GENERATOR = "mdma-flowmatch"
_SHOWN = {"w1m": 1e-3, "w1p": 1e-3, "w1pt": 1e-3, "w1efp": 1e-6, "sliced": 1e-3, "c2st": 1.0, "fpnd_truth": 1.0}

# By preset: the largest value, or the largest multiple of the floor.
_VALUES: Mapping[str, Mapping[str, float]] = {"quick": {"w1m": 5e-3, "w1p": 2e-3}}
_RATIOS: Mapping[str, Mapping[str, float]] = {"standard": {"w1m": 2.0, "w1p": 1.5, "w1efp": 1.5}}
_SPEED_UP = 20.0


def quality_case(
    folder: Path, presets: Sequence[str], datasets: Sequence[str], *, seeds: int, jobs: int, metrics: Sequence[str]
) -> Outcome:
    """Train, sample, judge and time with the harness; a folder that has some of it already is gone on with."""
    chosen = [word for metric in metrics for word in ("-m", metric)]
    for dataset in datasets:
        for preset in presets:
            command = [sys.executable, "-m", "jetgen.cli", "run", "-g", GENERATOR, "-d", dataset, "--preset", preset]
            more = ["--seeds", str(seeds), "--jobs", str(jobs), "--out", str(folder), "--timeout", "14400", *chosen]
            print(f"  {GENERATOR} {preset} on {dataset}, {seeds} seed(s)", flush=True)
            subprocess.run([*command, *more], check=True, stdout=subprocess.DEVNULL)
    rows = pq.read_table(folder / "results.parquet").to_pylist()
    figures, claims = {}, []
    for dataset in datasets:
        for preset in presets:
            found = _summary(rows, dataset, preset)
            figures[f"{preset} {dataset}"] = found
            _show(preset, dataset, found)
            claims += _claims(preset, dataset, found)
    return Outcome(figures, claims)


def _summary(rows: Sequence[Mapping[str, Any]], dataset: str, preset: str) -> dict[str, dict[str, float]]:
    """For each score mean and spread over the seeds, and the floor; and what the timing says."""
    name, _, size = dataset.partition("@")
    here = [row for row in rows if row["dataset"] == name and row["size"] == size and row["status"] == "ok"]
    mine = [row for row in here if row["generator"] == GENERATOR and row["preset"] == preset]
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


def _claims(preset: str, dataset: str, found: Mapping[str, Mapping[str, float]]) -> list[Claim]:
    claims = []
    for score, most in _VALUES.get(preset, {}).items():
        if score in found:
            claims.append(Claim(f"{preset} {dataset} {score}", found[score]["mean"], most, at_least=False))
    for score, most in _RATIOS.get(preset, {}).items():
        if score in found:
            ratio = found[score]["mean"] / found[score]["floor"]
            claims.append(Claim(f"{preset} {dataset} {score} over its floor", ratio, most, at_least=False))
    if "simulator_ratio" in found:
        speed = found["simulator_ratio"]["mean"]
        claims.append(Claim(f"{preset} {dataset} samples faster than the simulator by", speed, _SPEED_UP))
    return claims
