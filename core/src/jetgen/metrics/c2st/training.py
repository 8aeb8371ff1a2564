"""One training of a classifier: learn on three parts, select an epoch on the fourth, give the outputs of the fifth."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from jetgen.metrics.c2st.calibration import Labels, area_under_curve
from jetgen.metrics.c2st.inputs import Inputs
from jetgen.metrics.c2st.networks import Batch
from jetgen.metrics.c2st.profiles import Recipe
from jetgen.torch.training import Average, constant, derived_seed, warmup_cosine
from jetgen.torch.training.average import copy_into, snapshot

__all__ = ["Classifier", "Part", "outputs_after_training"]

_BUCKETS = 8
_AT_ONCE = 500


class Classifier(Protocol):
    """A module that gives one logit for each cloud of a batch."""

    def standardise(self, batch: Batch) -> None:
        """Take fixed units from some training clouds."""
        ...

    def __call__(self, batch: Batch) -> Tensor: ...


class Part:
    """The clouds of one part of a split, on a device, from which padded batches are taken.

    Arguments:
        inputs: the clouds as the networks see them.
        labels: True for true clouds.
        device: where the batches shall be.
    """

    def __init__(self, inputs: Inputs, labels: Labels, device: str) -> None:
        self.labels = labels
        self.offsets = torch.from_numpy(inputs.offsets).to(device)
        self.sizes = self.offsets.diff()
        self.targets = torch.from_numpy(labels.astype(np.float32)).to(device)
        arrays: Mapping[str, NDArray[np.float32]] = {
            name: getattr(inputs, name) for name in ("points", "places", "logs", "shares", "whole")
        }
        self.tensors = {name: torch.from_numpy(np.ascontiguousarray(each)).to(device) for name, each in arrays.items()}

    def __len__(self) -> int:
        return len(self.labels)

    def batch(self, rows: Tensor) -> Batch:
        """The clouds of these rows, padded to the largest of them."""
        sizes = self.sizes[rows]
        places = torch.arange(max(1, int(sizes.max())), device=sizes.device)
        mask = places < sizes[:, None]
        index = (self.offsets[rows, None] + places)[mask]
        fields: dict[str, Tensor] = {}
        for name in ("points", "places", "logs", "shares"):
            values = self.tensors[name]
            fields[name] = values.new_zeros(*mask.shape, *values.shape[1:])
            fields[name][mask] = values[index]
        return Batch(**fields, mask=mask, whole=self.tensors["whole"][rows])

    def epoch(self, size: int, generator: torch.Generator) -> list[Tensor]:
        """The rows of the batches of one epoch, in random order; clouds of like size come together.

        Several batches are drawn at once and sorted by size before they are parted, so that little is padded and
        every batch is still a random one. Fewer clouds than a batch at the end are left out.
        """
        order = torch.randperm(len(self), generator=generator).to(self.sizes.device)
        size = min(size, len(self))
        order = order[: len(self) // size * size]
        rows: list[Tensor] = []
        for chunk in _pieces(order, _BUCKETS * size):
            rows += _pieces(chunk[torch.argsort(self.sizes[chunk], stable=True)], size)
        shuffled = torch.randperm(len(rows), generator=generator).tolist()
        return [rows[i] for i in shuffled]


def _pieces(rows: Tensor, size: int) -> list[Tensor]:
    return [rows[start : start + size] for start in range(0, len(rows), size)]


@torch.no_grad()
def _outputs(network: nn.Module, part: Part) -> NDArray[np.float64]:
    network.eval()
    outputs = torch.zeros(len(part), device=part.sizes.device)
    for rows in _pieces(torch.argsort(part.sizes, stable=True), _AT_ONCE):
        outputs[rows] = network(part.batch(rows))
    network.train()
    return outputs.double().cpu().numpy()


def outputs_after_training(
    network: nn.Module, parts: tuple[Part, Part, Part], recipe: Recipe, seed: int
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Train, and return the outputs for the clouds of the second and of the third part, which it never learns from.

    Of the weights after each epoch those are kept that order the second part best (largest area under the curve). The
    outputs are calibrated afterwards, so that only their order counts: cross-entropy would choose an early epoch where
    a network has learnt single clouds by heart and says so too boldly, which is how a collapse is found.
    """
    learn, select, test = parts
    generator = torch.Generator().manual_seed(derived_seed(seed, "batches"))
    some = torch.arange(0, len(learn), max(1, len(learn) // _AT_ONCE), device=learn.sizes.device)
    cast("Classifier", network).standardise(learn.batch(some))
    steps = recipe.epochs * max(1, len(learn) // recipe.batch)
    optimiser = torch.optim.AdamW(network.parameters(), lr=recipe.rate, weight_decay=1e-2 if recipe.cycle else 0.0)
    factor = warmup_cosine(steps, warmup=steps // 5) if recipe.cycle else constant
    schedule = torch.optim.lr_scheduler.LambdaLR(optimiser, factor)
    average = Average(network, recipe.average)
    best, weights, step = -1.0, snapshot(network), 0
    for _ in range(recipe.epochs):
        for rows in learn.epoch(recipe.batch, generator):
            loss = nn.functional.binary_cross_entropy_with_logits(network(learn.batch(rows)), learn.targets[rows])
            optimiser.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]  # torch leaves it without types
            nn.utils.clip_grad_norm_(network.parameters(), 1.0)
            optimiser.step()
            schedule.step()
            average.update(step)
            step += 1
        with average.applied():
            area = area_under_curve(_outputs(network, select), select.labels)
            if area > best:
                best, weights = area, snapshot(network)
    copy_into(network, weights)
    return _outputs(network, select), _outputs(network, test)
