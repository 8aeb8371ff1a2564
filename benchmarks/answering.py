"""The models of a run that answer true events, with their samples and scores."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
from jetgen import Clouds
from jetgen.io.cloud_file import open_clouds
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings

__all__ = ["rows_of", "scores_of"]


def rows_of(run: Path, dataset: str, n: int) -> dict[str, Clouds]:
    """The first ``n`` answers of each model with samples of seed 0, by the names of their differing settings."""
    found = {}
    for path in sorted(run.glob(f"cells/*.{dataset}.s0/row.json")):
        row = json.loads(path.read_text())
        sample = path.parent / "samples.h5"
        if row["kind"] == "model" and not row["baseline"] and sample.exists():
            with open_clouds(sample) as file:
                found[name_of(row)] = file[:n]
    return found


def name_of(row: dict[str, Any]) -> str:
    """Model and loss, which is what a row is about."""
    settings = CVAESlotAttentionSettings.model_validate(row["settings"])
    loss = [] if settings.model == "cvae" else [settings.trained_by]
    more = [f"{name} {value}" for name, value in row["overrides"].items() if name not in ("model", "loss", "steps")]
    return " ".join([settings.model, *loss, *more])


def scores_of(run: Path, dataset: str) -> dict[str, dict[str, tuple[float, float]]]:
    """Of each model and score the mean over all seeds, and their spread; the floor is called ``floor``."""
    found: dict[str, dict[str, list[float]]] = {}
    for path in sorted(run.glob("cells/*/row.json")):
        row = json.loads(path.read_text())
        if row["status"] != "ok" or row["baseline"] or f"{row['dataset']}@{row['size']}" != dataset:
            continue
        each = found.setdefault("floor" if row["kind"] == "floor" else name_of(row), {})
        for name, score in row["scores"].items():
            each.setdefault(name, []).append(score["mean"])
        if row["kind"] == "model":
            each.setdefault("minutes", []).append(row["cost"]["fit_seconds"] / 60)
    return {
        shown: {score: (float(np.mean(values)), float(np.std(values))) for score, values in each.items()}
        for shown, each in found.items()
    }
