"""The two classifiers: one of sets of points and their pairs, one of high-level features."""

from __future__ import annotations

import itertools
from typing import NamedTuple

import torch
from torch import Tensor, nn

__all__ = ["Batch", "HighLevelClassifier", "SetClassifier", "pair_features", "stack"]


class Batch(NamedTuple):
    """Padded clouds: points (B, P, D), positions (B, P, K), logs, shares and mask (B, P), whole (B, H).

    Slots without a point hold zeros. The fields are those of :class:`jetgen.metrics.c2st.inputs.Inputs`; the spacings
    are the last columns of ``whole``.
    """

    points: Tensor
    positions: Tensor
    logs: Tensor
    shares: Tensor
    mask: Tensor
    whole: Tensor


def stack(*sizes: int) -> nn.Sequential:
    """Linear layers of these sizes with a leaky ReLU between each two."""
    layers: list[nn.Module] = []
    for inward, outward in itertools.pairwise(sizes):
        layers += [nn.Linear(inward, outward), nn.LeakyReLU()]
    return nn.Sequential(*layers[:-1])


def pair_features(positions: Tensor, logs: Tensor, first: Tensor, second: Tensor) -> Tensor:
    """(B, pairs, 4): of each pair the logarithms of distance, kT and mass, and of the smaller over the larger weight.

    With pT as weight and Delta R as distance these are the kT of a splitting and the invariant mass at small angles.
    """
    distance = 0.5 * torch.log((positions[:, first] - positions[:, second]).square().sum(-1) + 1e-10)
    smaller = torch.minimum(logs[:, first], logs[:, second])
    larger = torch.maximum(logs[:, first], logs[:, second])
    return torch.stack([distance, smaller + distance, 0.5 * (smaller + larger) + distance, smaller - larger], -1)


class _Pairs(nn.Module):
    """Features of the pairs of leading points: summed over the pairs of each point, and over all pairs of the cloud.

    Half of the channels weight all pairs equally, the others by the product of the shares of the two points, as an
    energy correlation function does.
    """

    def __init__(self, most: int, channels: int) -> None:
        super().__init__()
        self.most, self.channels = most, channels
        self.layers = stack(4, channels, channels)
        self.mean: Tensor
        self.spread: Tensor
        self.register_buffer("mean", torch.zeros(4))
        self.register_buffer("spread", torch.ones(4))

    def _pairs(self, batch: Batch) -> tuple[Tensor, Tensor]:
        count = min(self.most, batch.mask.shape[1])
        first, second = torch.triu_indices(count, count, 1, device=batch.mask.device)
        return first, second

    @torch.no_grad()
    def standardise(self, batch: Batch) -> None:
        """Set mean and standard deviation of the pair features from these clouds."""
        first, second = self._pairs(batch)
        found = pair_features(batch.positions, batch.logs, first, second)[batch.mask[:, first] & batch.mask[:, second]]
        if len(found) > 1:
            self.mean.copy_(found.mean(0))
            self.spread.copy_(found.std(0).clamp(min=1e-3))

    def forward(self, batch: Batch) -> tuple[Tensor, Tensor]:
        first, second = self._pairs(batch)
        features = pair_features(batch.positions, batch.logs, first, second)
        both = (batch.mask[:, first] & batch.mask[:, second]).to(features.dtype)
        values = self.layers(((features - self.mean) / self.spread).clamp(-8.0, 8.0))
        size = batch.mask.sum(1, keepdim=True).clamp(min=2)
        equal, by_share = both / size, batch.shares[:, first] * batch.shares[:, second] * size
        half = self.channels // 2
        values = values * torch.stack([equal, by_share], -1).repeat_interleave(half, -1)
        return _sum_by_point(values, first, second, batch.mask.shape[1]), values.sum(1) / size


def _sum_by_point(values: Tensor, first: Tensor, second: Tensor, slots: int) -> Tensor:
    """(B, slots, C), at each point the sum of the values (B, pairs, C) of the pairs that it belongs to."""
    pairs = torch.arange(len(first), device=values.device)
    incidence = values.new_zeros(slots, len(first))
    incidence[first, pairs] = incidence[second, pairs] = 1.0
    return incidence @ values


class _Block(nn.Module):
    """Each point is updated from the cloud, then the cloud from its points: pooled plainly and weighted by share."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.norm = nn.LayerNorm(width)
        self.own = nn.Linear(width, width)
        self.condition = nn.Linear(width, width, bias=False)
        self.update = nn.Sequential(nn.LeakyReLU(), nn.Linear(width, width))
        self.gather = nn.Sequential(nn.LayerNorm(3 * width), stack(3 * width, width, width))

    def forward(self, points: Tensor, cloud: Tensor, pool: Tensor) -> tuple[Tensor, Tensor]:
        points = points + self.update(self.own(self.norm(points)) + self.condition(cloud).unsqueeze(1))
        return points, cloud + self.gather(torch.cat([cloud, (pool @ points).flatten(1)], -1))


class SetClassifier(nn.Module):
    """One logit for each set of points; it depends neither on the order of the points nor on the padding.

    The features of the points, of the pairs of leading points and of the whole cloud are combined in blocks that
    exchange information between the points and the cloud. The cost is linear in the number of points and quadratic
    in ``pairs``.

    Arguments:
        points: number of features of a point.
        whole: number of features of the whole cloud.
        width: width of all hidden layers.
        blocks: number of exchanges between points and cloud.
        pairs: pairs are formed among this many leading points.
        channels: number of features of a pair; even.
    """

    def __init__(
        self, points: int, whole: int, width: int = 64, blocks: int = 2, pairs: int = 30, channels: int = 16
    ) -> None:
        super().__init__()
        self.pairs = _Pairs(pairs, channels)
        self.embed = stack(points + channels, width, width)
        self.begin = stack(2 * width + channels + whole, width, width)
        self.blocks = nn.ModuleList(_Block(width) for _ in range(blocks))
        self.end = stack(width + channels + whole, 2 * width, width, 1)

    def standardise(self, batch: Batch) -> None:
        """Set the units of the pair features from some training clouds, before the training."""
        self.pairs.standardise(batch)

    def forward(self, batch: Batch) -> Tensor:
        of_pairs, all_pairs = self.pairs(batch)
        mask = batch.mask.to(batch.points.dtype)
        pool = torch.stack([mask / mask.sum(1, keepdim=True).clamp(min=1.0), batch.shares], 1)
        points = self.embed(torch.cat([batch.points, of_pairs], -1))
        cloud = self.begin(torch.cat([(pool @ points).flatten(1), all_pairs, batch.whole], -1))
        for block in self.blocks:
            points, cloud = block(points, cloud, pool)
        logits: Tensor = self.end(torch.cat([cloud, all_pairs, batch.whole], -1))
        return logits.squeeze(-1)


class HighLevelClassifier(nn.Module):
    """One logit for the high-level features of each cloud: a multilayer perceptron of ``depth`` hidden layers.

    Of the outputs of each hidden layer a share ``dropout`` is left out at random while it learns: few clouds teach many
    weights.
    """

    def __init__(self, whole: int, width: int = 512, depth: int = 3, dropout: float = 0.3) -> None:
        super().__init__()
        hidden = itertools.pairwise([whole, *[width] * depth])
        layers = [nn.Sequential(nn.Linear(*sizes), nn.LeakyReLU(), nn.Dropout(dropout)) for sizes in hidden]
        self.layers = nn.Sequential(*layers, nn.Linear(width, 1))

    def standardise(self, batch: Batch) -> None:
        """Nothing to do: the encoder has standardised the high-level features."""

    def forward(self, batch: Batch) -> Tensor:
        logits: Tensor = self.layers(batch.whole)
        return logits.squeeze(-1)
