"""Points in the voxels of a grid: an index as a real number, and one point to a voxel."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from typing import Literal, Self

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.spec import CloudSpec, Feature
from jetgen.errors import DataError
from jetgen.torch.transforms.elementwise import Float64, Logit

__all__ = ["VoxelGrid", "check_indices", "inside_voxels", "one_to_a_voxel", "only_voxels", "slopes", "voxel_logit"]

Int64 = NDArray[np.int64]

# Of the range of a feature: nearer to the edge of a voxel float32 could round into the next one.
_MARGIN = 1e-6
# The edges of the range become logit(1e-5) and logit(1 - 1e-5).
_EDGE = 1e-5
# Clouds are looked at together while their voxels are no more than this: the arrays stay in the cache.
_BLOCK = 2**18
_LARGEST = 10**8
_ORDERS = 4096
_NEAR = 3


def inside_voxels(values: Float64, bins: int, rng: np.random.Generator, density: Float64 | None = None) -> Float64:
    """A place in each of the voxels: index + u, u uniform in (0, 1) or from the density with these :func:`slopes`."""
    part = rng.random(len(values))
    if density is not None:
        here, there = (density[values.astype(np.int64) + step] for step in (0, 1))
        # The inverse of the cumulative distribution of a density that goes from here to there along the voxel.
        part = (here + there) * part / (here + np.sqrt(here**2 + (there**2 - here**2) * part))
    return values + np.clip(part, _MARGIN * bins, 1 - _MARGIN * bins)


def slopes(values: NDArray[np.float32], bins: int) -> Float64:
    """float64 (bins + 1,): a density at the lower edge of each voxel and at the end, from the points in each voxel.

    It is linear along a voxel; at the end the last slope goes on. A voxel that nobody hit multiplicity as hit once.
    """
    multiplicity = np.maximum(np.bincount(values.astype(np.int64), minlength=bins), 1).astype(np.float64)
    return np.append(multiplicity, max(0.0, 2 * multiplicity[-1] - multiplicity[-2]) if bins > 1 else multiplicity[-1])


def voxel_logit(bins: int) -> Logit:
    """The logit of the range [0, bins] of dequantised indices, shrunk to [1e-5, 1 - 1e-5].

    >>> float(voxel_logit(45).forward(np.array(45.0)).round(4))
    11.5129
    """
    beyond = (_EDGE - Logit.shrink / 2) / (1 - Logit.shrink)
    width = bins / (1 - 2 * beyond)
    return Logit(-beyond * width, width)


def check_indices(feature: Feature, values: NDArray[np.float32]) -> None:
    """A :class:`DataError` if a value is not the index of a voxel of the feature.

    Raises:
        DataError: if one is not a whole number inside the grid.
    """
    wrong = np.flatnonzero((values != np.floor(values)) | (values < 0) | (values >= feature.bins))
    if len(wrong):
        msg = (
            f"{feature.name} is {values[wrong[0]]:g} at point {wrong[0]}; the index of one of its {feature.bins} "
            "voxels is needed"
        )
        raise DataError(msg)


def only_voxels(spec: CloudSpec) -> bool:
    """Whether a point is nothing but a voxel, and how much of something is in it."""
    return any(feature.bins for feature in spec.features) and all(
        feature.bins or feature.nature == "positive" for feature in spec.features
    )


def one_to_a_voxel(spec: CloudSpec, clouds: Clouds, shared: Literal["move", "sum"]) -> Clouds:
    """The clouds with no two points of one in the same voxel; see :meth:`PointPreprocessing.decode`."""
    axes = [column for column, feature in enumerate(spec.features) if feature.bins]
    amounts = [column for column, feature in enumerate(spec.features) if feature.nature == "positive"]
    grid = VoxelGrid.of([spec.features[column] for column in axes])
    voxels = clouds.points[:, axes].astype(np.int64)
    if shared == "move":
        points = clouds.points.copy()
        weights = points[:, amounts[0]] if amounts else np.zeros(len(points), np.float32)
        points[:, axes] = grid.alone(voxels, clouds.multiplicity, weights)
        return clouds.with_points(points)
    keys, first, which = np.unique(clouds.rows * grid.size + grid.flat(voxels), return_index=True, return_inverse=True)
    points = clouds.points[first]
    for column in amounts:
        points[:, column] = np.bincount(which, clouds.points[:, column], minlength=len(keys))
    multiplicity = np.bincount(keys // grid.size, minlength=len(clouds))
    return Clouds(points, np.concatenate([[0], np.cumsum(multiplicity)]), clouds.conditioning)


@dataclass(frozen=True)
class VoxelGrid:
    """Voxels along some axes, of which periodic ones have no end.

    >>> grid = VoxelGrid((3, 4), (False, True))
    >>> crowded = np.array([[1, 0], [1, 0], [1, 0]])
    >>> len(np.unique(grid.alone(crowded, np.array([3]), np.array([5.0, 7.0, 1.0])), axis=0))
    3
    """

    shape: tuple[int, ...]
    periodic: tuple[bool, ...]

    @classmethod
    def of(cls, features: Sequence[Feature]) -> Self:
        """The grid whose axes are these features with voxels."""
        return cls(tuple(one.bins for one in features), tuple(one.nature == "periodic" for one in features))

    @property
    def size(self) -> int:
        """The number of voxels."""
        return math.prod(self.shape)

    def flat(self, voxels: Int64) -> Int64:
        """int64 (total,), one number for each of the voxels (total, D)."""
        return np.asarray(np.ravel_multi_index(tuple(voxels.T), self.shape), np.int64)

    def alone(self, voxels: Int64, multiplicity: Int64, weights: NDArray[np.float32]) -> Int64:
        """The voxels (total, D), so changed that no two points of a cloud share one.

        A voxel keeps its heaviest point. The others go to a free voxel one step away along an axis, chosen at random,
        or two or three steps away if there is none; who finds none there either goes on along the longest axis, up or
        down, to the next free voxel. Of two that want one voxel the heavier has it. Chance comes from the weights
        themselves: equal clouds get equal answers, whatever stands beside them.

        Arguments:
            voxels: indices inside the grid.
            multiplicity: (N,), how many of the points each cloud has.
            weights: (total,), not negative.

        Raises:
            DataError: if a cloud has more points than there are voxels.
        """
        if self.size > _LARGEST:
            msg = f"a grid of {self.size} voxels is too fine to look for free ones; {_LARGEST} is the most"
            raise DataError(msg)
        if len(multiplicity) and multiplicity.max() > self.size:
            row = int(np.argmax(multiplicity))
            msg = f"cloud {row} has {multiplicity[row]} points, more than the {self.size} voxels of the grid"
            raise DataError(msg)
        places = self.flat(voxels)
        ends = np.concatenate([[0], np.cumsum(multiplicity)])
        step = max(1, _BLOCK // self.size)
        for start in range(0, len(multiplicity), step):
            some = multiplicity[start : start + step]
            part = slice(ends[start], ends[start + len(some)])
            keys = np.repeat(np.arange(len(some)), some) * self.size + places[part]
            places[part] = self._separated(keys, weights[part], len(some)) % self.size
        return np.stack(np.unravel_index(places, self.shape), 1)

    def _separated(self, keys: Int64, weights: NDArray[np.float32], clouds: int) -> Int64:
        """For each point a key (number of the cloud times the voxels, plus the voxel) of its own."""
        hits = np.bincount(keys, minlength=clouds * self.size + 1)
        crowded = np.flatnonzero(hits[keys] > 1)
        strength = np.empty(len(crowded), np.int64)
        strength[np.argsort(weights[crowded], kind="stable")] = np.arange(1, len(crowded) + 1)
        strongest = np.zeros(len(hits), np.int64)
        np.maximum.at(strongest, keys[crowded], strength)
        moving = strength < strongest[keys[crowded]]
        movers, keys = crowded[moving], keys.copy()
        # What each voxel is worth to its owner: 0 if it is free, more than any mover has if it is hit. The last one
        # stands for all places outside the grid.
        owner = np.where(hits > 0, len(crowded) + 1, 0)
        owner[-1] = len(crowded) + 1
        chance = _hashed(weights[movers], keys[movers] % self.size)
        far = self._step_aside(keys, movers, strength[moving], chance % _ORDERS, owner)
        for side in (0, 1):
            self._go_on(keys, movers[far[chance[far] // _ORDERS % 2 == side]], owner[:-1], ahead=side == 0)
        return keys

    def _step_aside(self, keys: Int64, movers: Int64, strength: Int64, chance: Int64, owner: Int64) -> Int64:
        """Move points to free voxels near by, in place; the answer is who found none, as places among the movers.

        Arguments:
            keys: the keys of all points.
            movers: the points that have to leave.
            strength: for each of them a number of its own; of two that want one voxel the larger has it.
            chance: for each of them the number of its order of steps.
            owner: by key, what the voxel is worth to its owner.
        """
        voxels = np.stack(np.unravel_index(keys[movers] % self.size, self.shape), 1)
        first = keys[movers] // self.size * self.size
        far = np.arange(len(movers))
        for steps, orders in _steps(self):
            left, far = far, far[:0]
            near, inside = self._stepped(voxels[left][:, None], steps[orders[chance[left]]])
            near = np.where(inside, first[left][:, None] + near, len(owner) - 1)
            while len(left):
                free = owner[near] == 0
                able = free.any(1)
                far = np.concatenate([far, left[~able]])
                left, near, free = left[able], near[able], free[able]
                target = near[np.arange(len(left)), free.argmax(1)]
                np.maximum.at(owner, target, strength[left])
                won = owner[target] == strength[left]
                keys[movers[left[won]]] = target[won]
                left, near = left[~won], near[~won]
        return far

    def _stepped(self, voxels: Int64, steps: Int64) -> tuple[Int64, NDArray[np.bool_]]:
        """The flat numbers of the voxels that are ``steps`` steps away, and which of them are inside the grid."""
        shape = np.broadcast_shapes(voxels.shape, steps.shape)[:-1]
        target, inside = np.zeros(shape, np.int64), np.ones(shape, np.bool_)
        for axis, bins in enumerate(self.shape):
            index = voxels[..., axis] + steps[..., axis]
            if self.periodic[axis]:
                index %= bins
            else:
                inside &= (index >= 0) & (index < bins)
            target = target * bins + index
        return target, inside

    def _go_on(self, keys: Int64, movers: Int64, owner: Int64, *, ahead: bool) -> None:
        """Move points to the next free voxels on the way through the grid, in place.

        Each takes the first free one that those before it leave; the last ones take what is left at the end.
        """
        way = _way(self) if ahead else _way(self)[::-1]
        place = np.empty_like(way)
        place[way] = np.arange(self.size)
        cloud = keys[movers] // self.size
        movers = movers[np.argsort(cloud * self.size + place[keys[movers] % self.size], kind="stable")]
        cloud, where = keys[movers] // self.size, place[keys[movers] % self.size]
        involved, cloud, wanting = np.unique(cloud, return_inverse=True, return_counts=True)
        free = owner.reshape(-1, self.size)[involved][:, way] == 0
        # How many free voxels come before: the number of the next free one, were nobody else on the way.
        after = np.cumsum(free, 1)
        room = after[:, -1]
        number = np.arange(len(movers)) - np.repeat(np.cumsum(wanting) - wanting, wanting)
        apart = 2 * self.size * cloud
        taken = number + np.maximum.accumulate(after[cloud, where] - number + apart) - apart
        taken = np.minimum(taken, room[cloud] - wanting[cloud] + number)
        _, column = np.nonzero(free)
        target = involved[cloud] * self.size + way[column[np.cumsum(room)[cloud] - room[cloud] + taken]]
        keys[movers], owner[target] = target, 1


@lru_cache(maxsize=8)
def _steps(grid: VoxelGrid) -> list[tuple[Int64, Int64]]:
    """The steps (L, D) from one voxel to another that are 1, 2, ... long, and many random orders (M, L) of each."""
    axes = [np.arange(-_NEAR, _NEAR + 1)] * len(grid.shape)
    steps = np.stack(np.meshgrid(*axes, indexing="ij"), -1).reshape(-1, len(axes))
    rng, shells = np.random.default_rng(0), []
    for length in range(1, _NEAR + 1):
        shell = steps[np.abs(steps).sum(1) == length]
        shells.append((shell, np.argsort(rng.random((_ORDERS, len(shell))), axis=1)))
    return shells


@lru_cache(maxsize=8)
def _way(grid: VoxelGrid) -> Int64:
    """All voxels, one after the other: along the longest axis, back along the line beside it, and so on."""
    numbers = np.moveaxis(np.arange(grid.size).reshape(grid.shape), int(np.argmax(grid.shape)), -1)
    lines: Int64 = numbers.reshape(-1, max(grid.shape)).copy()
    lines[1::2] = lines[1::2, ::-1]
    return lines.reshape(-1)


def _hashed(weights: NDArray[np.float32], voxels: Int64) -> Int64:
    """Numbers as good as random, and the same for the same weight and voxel."""
    bits = weights.astype(np.float32).view(np.uint32) ^ (voxels.astype(np.uint32) * np.uint32(0x9E3779B1))
    bits = (bits ^ (bits >> np.uint32(16))) * np.uint32(0x85EBCA6B)
    return np.asarray(bits >> np.uint32(16), np.int64)
