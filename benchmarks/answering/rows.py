"""The models of a run that answer true events, with their samples and scores."""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from jetgen import Clouds, CloudSpec
from jetgen.io.cloud_file import open_clouds
from jetgen.metrics.answers.matching import Coordinates, matched, resolution_of
from jetgen.metrics.answers.resolution import FEWEST, Moments
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings
from numpy.typing import NDArray

__all__ = ["Row", "Truth", "rows_of", "scores_of"]


@dataclass(frozen=True)
class Truth:
    """True answers, and how they are compared."""

    clouds: Clouds
    spec: CloudSpec

    @cached_property
    def own(self) -> Moments:
        """Mean and variance of the residuals of each true particle, over the true answers."""
        return self._moments(self.clouds)

    def compared(self, clouds: Clouds) -> tuple[Moments, Moments]:
        """Those of the true answers and of ``clouds``, of the particles that both have often enough."""
        made = self._moments(clouds)
        enough = np.minimum(self.own.count, made.count) >= FEWEST
        return self.own.some(enough), made.some(enough)

    def _moments(self, clouds: Clouds) -> Moments:
        given, coordinates = self.clouds.given, Coordinates(self.spec)
        assert given is not None
        assert clouds.event is not None
        return Moments.of(matched(clouds, clouds.event, given, coordinates, self._width), len(given.points))

    @cached_property
    def _width(self) -> NDArray[np.float64]:
        given, event = self.clouds.given, self.clouds.event
        assert given is not None
        assert event is not None
        return resolution_of(self.clouds, event, given, Coordinates(self.spec))


@dataclass(frozen=True)
class Row:
    """A model of one seed, and as many of its answers as there are true ones."""

    name: str
    clouds: Clouds


def rows_of(run: Path, dataset: str, truth: Truth) -> list[Row]:
    """The models with samples of seed 0, by the names of their differing settings."""
    found = []
    for path in sorted(run.glob(f"cells/*.{dataset}.s0/row.json")):
        row = json.loads(path.read_text())
        sample = path.parent / "samples.h5"
        if row["kind"] == "model" and not row["baseline"] and sample.exists():
            with open_clouds(sample) as file:
                found.append(Row(name_of(row), file[: len(truth.clouds)]))
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
