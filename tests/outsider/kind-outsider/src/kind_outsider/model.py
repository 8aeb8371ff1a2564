"""The points of each rank follow one multivariate Gaussian; how many there are is drawn from the training clouds."""

from __future__ import annotations

import json
import time
from pathlib import Path
from typing import Self

import numpy as np
from jetgen import Clouds, CloudSource, CloudSpec, Conditions, FitReport, RunContext
from numpy.typing import NDArray

from kind_outsider.settings import KindGaussianSettings

__all__ = ["KindGaussian"]

_RIDGE = 1e-9
"""Added to the diagonal of a covariance, for ranks with few points."""


class KindGaussian:
    """A step of its training is one rank: mean and covariance of the points of that rank in some of the clouds."""

    def __init__(self, settings: KindGaussianSettings, cloud_spec: CloudSpec) -> None:
        size, features = cloud_spec.max_points, len(cloud_spec.features)
        self.settings = settings
        self.cloud_spec = cloud_spec
        self.means = np.zeros((size, features))
        self.factors = np.zeros((size, features, features))
        self.counts = np.zeros(1, np.int64)

    @classmethod
    def create(cls, settings: KindGaussianSettings, cloud_spec: CloudSpec) -> Self:
        """Gaussians of width zero, until they are trained."""
        return cls(settings, cloud_spec)

    def fit(self, train: CloudSource, val: CloudSource, ctx: RunContext) -> FitReport:
        """Rank by rank; after a kill it goes on with the rank that it had not finished."""
        del val
        self.counts = train[0 : len(train)].multiplicity
        size = self.cloud_spec.max_points
        losses = self._resume(ctx.out)
        for rank in range(len(losses), size):
            if ctx.remaining() <= 0:
                break
            time.sleep(self.settings.step_seconds)
            losses.append(self._fit_rank(rank, train, ctx.at("rank", rank).rng("training")))
            self._checkpoint(ctx.out, losses)
            ctx.report("progress", done=rank + 1, total=size, unit="ranks", loss=losses[-1])
        reason = "finished" if len(losses) == size else "deadline"
        return FitReport(self.means.size + self.factors.size, len(losses), reason, {"loss": losses})

    def _fit_rank(self, rank: int, train: CloudSource, rng: np.random.Generator) -> float:
        """Mean and covariance of one rank; what comes back is the entropy of its Gaussian, without constants."""
        start = int(rng.integers(max(1, len(train) - self.settings.clouds_per_step + 1)))
        clouds = train[start : start + self.settings.clouds_per_step]
        points = clouds.points[clouds.ranks == rank].astype(np.float64)
        if len(points) == 0:
            return 0.0
        self.means[rank] = points.mean(0)
        centred = points - self.means[rank]
        covariance = centred.T @ centred / len(points) + _RIDGE * np.eye(points.shape[1])
        self.factors[rank] = np.linalg.cholesky(covariance)
        return float(np.log(np.diagonal(self.factors[rank])).sum())

    def sample(self, conditions: Conditions, ctx: RunContext) -> Clouds:
        """Clouds with multiplicities of the training clouds, or those that are asked for."""
        rng = ctx.rng("sampling")
        counts = rng.choice(self.counts, conditions.n) if conditions.multiplicity is None else conditions.multiplicity
        ranks = np.concatenate([np.empty(0, np.int64), *map(np.arange, counts)])
        noise = rng.standard_normal((len(ranks), self.means.shape[1])) * self.settings.width
        points = self.means[ranks] + np.einsum("ijk,ik->ij", self.factors[ranks], noise)
        for column, feature in enumerate(self.cloud_spec.features):
            if feature.nature == "positive":
                points[:, column] = np.maximum(points[:, column], 0)
        return Clouds.from_multiplicities(points, counts, conditions.conditioning, conditions.given, conditions.event)

    def save(self, folder: Path) -> None:
        """Arrays as ``.npz``, the rest as JSON."""
        np.savez(folder / "gaussians.npz", means=self.means, factors=self.factors, counts=self.counts)
        document = {"settings": self.settings.model_dump(mode="json"), "cloud_spec": self.cloud_spec.to_json()}
        (folder / "gaussians.json").write_text(json.dumps(document), encoding="utf-8")

    @classmethod
    def load(cls, folder: Path, device: str) -> Self:
        """The model that :meth:`save` wrote; NumPy knows one device only."""
        del device
        document = json.loads((folder / "gaussians.json").read_text(encoding="utf-8"))
        self = cls(KindGaussianSettings(**document["settings"]), CloudSpec.from_json(document["cloud_spec"]))
        with np.load(folder / "gaussians.npz", allow_pickle=False) as arrays:
            self.means, self.factors, self.counts = arrays["means"], arrays["factors"], arrays["counts"]
        return self

    def _checkpoint(self, out: Path | None, losses: list[float]) -> None:
        """Ranks so far, written aside and then put in place; each rank leaves a line that tests can count."""
        if out is None:
            return
        aside = out / "ranks.part.npz"
        np.savez(aside, means=self.means, factors=self.factors, losses=np.array(losses))
        aside.replace(out / "ranks.npz")
        with (out / "ranks.log").open("a", encoding="utf-8") as log:
            log.write(f"rank {len(losses) - 1}\n")

    def _resume(self, out: Path | None) -> list[float]:
        if out is None or not (out / "ranks.npz").exists():
            return []
        with np.load(out / "ranks.npz", allow_pickle=False) as arrays:
            self.means, self.factors = arrays["means"], arrays["factors"]
            losses: NDArray[np.float64] = arrays["losses"]
        return [float(loss) for loss in losses]
