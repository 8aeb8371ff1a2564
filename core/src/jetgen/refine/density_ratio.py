"""The ratio of the density of truth to that of a generator, learnt by a classifier (2009.03796)."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Self

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize

from jetgen.api.context import RunContext
from jetgen.api.protocols import FitReport
from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec
from jetgen.errors import DataError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.c2st.profiles import SLOW
from jetgen.metrics.c2st.training import Part, outputs, set_classifier, train
from jetgen.torch.training import load_weights, read_document, save_weights, seeded, torch_threads

__all__ = ["DensityRatio"]

Float64 = NDArray[np.float64]
_FEWEST = 50
_UNITS = "units.h5"
_MOST_UNITS = 20_000


class DensityRatio:
    """A classifier D of true against generated clouds, and w = D / (1 - D) of any clouds.

    The network and its inputs are those of the classifier test. It learns on the training clouds and as many generated
    ones; the epoch is chosen and the logits are calibrated (slope and offset) on the validation clouds and as many
    generated ones.

    Arguments:
        spec: of the clouds.
        units: some of the clouds that it learns on, true and generated ones: they set the units of the inputs.
        width: of the hidden layers.
    """

    def __init__(self, spec: CloudSpec, units: Clouds, width: int) -> None:
        self.spec, self.units, self.width = spec, units, width
        self.encoder = Encoder(units, spec, SLOW.points)
        self.network = set_classifier(self.encoder(units[:0]), width, SLOW.pairs)
        self.slope, self.offset = 1.0, 0.0

    @classmethod
    def fit(
        cls,
        truth: tuple[Clouds, Clouds],
        generated: tuple[Clouds, Clouds],
        spec: CloudSpec,
        ctx: RunContext,
        *,
        epochs: int = SLOW.set_recipe.epochs,
        width: int = SLOW.set_width,
    ) -> tuple[Self, FitReport]:
        """The trained ratio, and the report of the training.

        Arguments:
            truth, generated: the clouds to learn on, and those to choose by; equally many.
            spec: of the clouds.
            ctx: seeds, device, threads, and where checkpoints are kept.
            epochs: passes over the clouds to learn on.
            width: of the hidden layers.

        Raises:
            DataError: if one of the four samples has fewer than 50 clouds, or there are not equally many of both kinds.
            TrainingError: if a loss or a gradient is not finite.
        """
        _require_enough(truth, generated)
        parts = [Clouds.concatenate([true, made]) for true, made in zip(truth, generated, strict=True)]
        labels = [np.arange(len(part)) < len(true) for part, true in zip(parts, truth, strict=True)]
        with torch_threads(ctx.threads):
            with seeded(ctx.torch_seed("init")):
                ratio = cls(spec, parts[0][:: max(1, len(parts[0]) // _MOST_UNITS)], width)
            learn, select = (Part(ratio.encoder(part), of, ctx.device) for part, of in zip(parts, labels, strict=True))
            recipe = dataclasses.replace(SLOW.set_recipe, epochs=epochs)
            report = train(ratio.network.to(ctx.device), learn, select, recipe, ctx)
            ratio.slope, ratio.offset = _calibrated(outputs(ratio.network, select), labels[1])
        return ratio, report

    def weights(self, clouds: Clouds, *, threads: int = 1) -> Float64:
        """float64 (N,), w of each cloud."""
        device = str(next(self.network.parameters()).device)
        with torch_threads(threads):
            part = Part(self.encoder(clouds), np.zeros(len(clouds), bool), device)
            return np.exp(np.clip(self.slope * outputs(self.network, part) + self.offset, -50.0, 50.0))

    def save(self, folder: Path) -> None:
        """Write the network, and the clouds that set the units of its inputs."""
        write_clouds(folder / _UNITS, self.units, self.spec)
        document = {"width": self.width, "slope": self.slope, "offset": self.offset}
        save_weights(folder, self.network, document)

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """What :meth:`save` wrote, on ``device``.

        Raises:
            DataError: if a file is missing or damaged.
        """
        document: Mapping[str, Any] = read_document(folder)
        with open_clouds(folder / _UNITS) as file:
            spec, units = file.spec, file[:]
        with seeded(0):
            ratio = cls(spec, units, int(document["width"]))
        load_weights(folder, ratio.network, device)
        ratio.network.eval()
        ratio.slope, ratio.offset = float(document["slope"]), float(document["offset"])
        return ratio


def _require_enough(truth: tuple[Clouds, Clouds], generated: tuple[Clouds, Clouds]) -> None:
    samples = zip(("training", "validation"), truth, generated, strict=True)
    for name, true, made in samples:
        there_are = f"there are {len(true)} true and {len(made)} generated {name} clouds"
        if min(len(true), len(made)) < _FEWEST:
            msg = f"weights are learnt from {_FEWEST} or more clouds of each kind; {there_are}"
            raise DataError(msg)
        if len(true) != len(made):
            msg = f"weights are learnt from equally many clouds of each kind; {there_are}"
            raise DataError(msg)


def _calibrated(logits: Float64, labels: NDArray[np.bool_]) -> tuple[float, float]:
    """Slope and offset by which the logits have the smallest cross-entropy, each class as a whole counting alike."""
    signs, share = np.where(labels, 1.0, -1.0), np.where(labels, 1.0 / labels.sum(), 1.0 / (~labels).sum())

    def loss(line: Float64) -> tuple[float, Float64]:
        margins = signs * (line[0] * logits + line[1])
        slopes = -share * signs / (1.0 + np.exp(np.clip(margins, -50.0, 50.0)))
        return float(share @ np.logaddexp(0.0, -margins)), np.array([slopes @ logits, slopes.sum()])

    # A falling line would say that what the classifier takes for true is less so: then it has learnt nothing.
    found = minimize(loss, np.array([1.0, 0.0]), jac=True, bounds=[(0.0, None), (None, None)]).x
    return float(found[0]), float(found[1])
