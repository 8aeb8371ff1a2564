"""One training of a classifier: learn on three parts, select an epoch on the fourth, classify the fifth."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import partial
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen.api.context import RunContext
from jetgen.api.protocols import FitReport
from jetgen.metrics.c2st.calibration import Float64, Labels, area_under_curve
from jetgen.metrics.c2st.inputs import Inputs
from jetgen.metrics.c2st.networks import Batch, SetClassifier
from jetgen.metrics.c2st.profiles import Recipe
from jetgen.metrics.c2st.splitting import Samples
from jetgen.metrics.c2st.verdict import Logits
from jetgen.torch.training import (
    Phase,
    Ragged,
    Rows,
    Step,
    Update,
    constant,
    fit,
    mask_of,
    torch_threads,
    warmup_cosine,
)

__all__ = ["Classifier", "Part", "outputs", "set_classifier", "train", "trained_outputs"]

_BUCKET_POOL = 8  # batches that are sorted by size together: little is padded and every batch is still a random one
_AT_ONCE = 500


class Classifier(Protocol):
    """A module that gives one logit for each cloud of a batch."""

    def standardise(self, batch: Batch) -> None:
        """Set the units of the inputs from some training clouds, before the training."""
        ...

    def __call__(self, batch: Batch) -> Tensor: ...


class Part:
    """The clouds of one part of a split, on a device.

    Arguments:
        inputs: the encoded clouds.
        labels: True for true clouds.
        device: where the tensors are.
        weights: float64 (N,), of mean 1 in each class; None if all clouds count alike.
    """

    def __init__(self, inputs: Inputs, labels: Labels, device: str, weights: Float64 | None = None) -> None:
        self.labels, self.weights = labels, weights
        self.width, self.dimension = inputs.points.shape[1], inputs.positions.shape[1]
        columns = [inputs.points, inputs.positions, inputs.logs[:, None], inputs.shares[:, None]]
        whole = np.concatenate([inputs.whole, inputs.spacings], axis=1)
        points, offsets = torch.from_numpy(np.concatenate(columns, axis=1)), torch.from_numpy(inputs.offsets)
        self.rows: Mapping[str, Rows] = {
            "points": Ragged(points.to(device), offsets.to(device)),
            "sizes": offsets.diff().to(device),
            "whole": torch.from_numpy(whole).to(device),
            "labels": torch.from_numpy(labels.astype(np.float32)).to(device),
        }
        if weights is not None:
            self.rows = {**self.rows, "weights": torch.from_numpy(weights.astype(np.float32)).to(device)}

    def __len__(self) -> int:
        return len(self.labels)

    @property
    def sizes(self) -> Tensor:
        """int64 (N,), the number of points of each cloud."""
        return cast("Tensor", self.rows["sizes"])

    def batch(self, index: Tensor) -> Batch:
        """The clouds with these numbers, padded to the largest of them."""
        return self.padded({name: rows[index] for name, rows in self.rows.items()})

    def padded(self, rows: Mapping[str, Tensor]) -> Batch:
        """The batch of some rows of each of ``self.rows``; it has one slot or more."""
        points = rows["points"] if rows["points"].shape[1] else nn.functional.pad(rows["points"], (0, 0, 0, 1))
        features, positions, logs, shares = torch.split(points, [self.width, self.dimension, 1, 1], dim=-1)
        mask = mask_of(rows["sizes"], points.shape[1])
        return Batch(features, positions, logs.squeeze(-1), shares.squeeze(-1), mask, rows["whole"])


def set_classifier(inputs: Inputs, width: int, pairs: int) -> SetClassifier:
    """An untrained classifier of sets that takes clouds encoded like ``inputs``, of which there may be none."""
    whole = inputs.whole.shape[1] + inputs.spacings.shape[1]
    return SetClassifier(inputs.points.shape[1], whole, width, pairs=pairs)


@torch.no_grad()
def outputs(network: nn.Module, part: Part) -> NDArray[np.float64]:
    """float64 (N,), the logit of each cloud: large for true ones."""
    outputs = torch.zeros(len(part), device=part.sizes.device)
    for index in torch.split(torch.argsort(part.sizes, stable=True), _AT_ONCE):
        outputs[index] = network(part.batch(index))
    return outputs.double().cpu().numpy()


def trained_outputs(
    network: nn.Module,
    inputs: Sequence[Inputs],
    samples: Samples,
    recipe: Recipe,
    ctx: RunContext,
) -> Logits:
    """The logits of a network that has learnt.

    The weights after the epoch with the largest area under the curve on the selection clouds are kept. The outputs are
    calibrated afterwards, so only their order counts. Cross-entropy would select an early epoch where a network has
    memorised single clouds and is overconfident, which is how a collapse is found.

    Arguments:
        network: a :class:`Classifier`; it is trained in place.
        inputs: the encoded clouds of each sample.
        samples: those of :meth:`.splitting.Folds.samples`.
        recipe: how it is trained.
        ctx: seeds, device and threads. Nothing is written, and nothing is reported.

    Raises:
        TrainingError: if a loss or a gradient is not finite.
    """
    learn, select, report = (
        Part(one, of.labels, ctx.device, of.weights) for one, of in zip(inputs, samples, strict=True)
    )
    quiet = RunContext(seed=ctx.seed, device=ctx.device, threads=ctx.threads, key=ctx.key)
    with torch_threads(ctx.threads):
        train(network.to(ctx.device), learn, select, recipe, quiet)
        return Logits(outputs(network, select), outputs(network, report))


def train(network: nn.Module, learn: Part, select: Part, recipe: Recipe, ctx: RunContext) -> FitReport:
    """Train a network, and keep the weights after the epoch with the largest area under the curve on ``select``.

    Arguments:
        network: a :class:`Classifier`; it is trained in place.
        learn, select: the clouds to learn from, and those to choose by.
        recipe: how it is trained.
        ctx: seeds, device and threads; and the folder of the checkpoints, if they are wanted.

    Raises:
        TrainingError: if a loss or a gradient is not finite.
    """
    some = torch.arange(0, len(learn), max(1, len(learn) // _AT_ONCE), device=learn.sizes.device)
    cast("Classifier", network).standardise(learn.batch(some))
    return fit({"classifier": network}, learn.rows, [_phase(network, learn, select, recipe)], ctx)


def _phase(network: nn.Module, learn: Part, select: Part, recipe: Recipe) -> Phase:
    """The training of ``network`` by ``recipe``; each epoch ends with the area under the curve on ``select``."""
    steps_per_epoch = max(1, len(learn) // recipe.batch)
    steps = recipe.epochs * steps_per_epoch

    def cross_entropy(step: Step) -> Tensor:
        logits = network(learn.padded(step.batch))
        return nn.functional.binary_cross_entropy_with_logits(logits, step.batch["labels"], step.batch.get("weights"))

    def validate(generator: torch.Generator) -> float:
        del generator
        return -area_under_curve(outputs(network, select), select.labels, select.weights)

    optimiser = partial(torch.optim.AdamW, lr=recipe.rate, weight_decay=1e-2 if recipe.cycle else 0.0)
    schedule = warmup_cosine(steps, warmup=steps // 5) if recipe.cycle else constant
    return Phase(
        "classifier",
        steps,
        recipe.batch,
        (Update("cross_entropy", ("classifier",), cross_entropy, optimiser, schedule, clip=1.0),),
        ema={"classifier": recipe.average} if recipe.average else {},
        validate=validate,
        validate_every=steps_per_epoch,
        buckets="points",
        bucket_pool=_BUCKET_POOL,
    )
