"""Energy flow polynomials of blocks of padded jets, by operations with the same names in NumPy and torch."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any

__all__ = ["PRIME_FORMULAS", "WORK_ARRAYS", "PaddedJets"]

Array = Any  # of NumPy or torch, which have no common type

WORK_ARRAYS = 4
"""The number of arrays (B, P, P) that a block needs; they are allocated once for many blocks."""

_SMALL_PRODUCT = 2**18
"""Multiplications up to which OpenBLAS neither copies the matrices nor starts threads of its own: larger products are
faster in strips of this size, and do not compete for the other cores."""


class PaddedJets:
    """The sums over particles that the polynomials share; each is computed at its first use.

    A sum "at" a particle is a (B, P) array with one entry for each particle of each jet.

    Arguments:
        xp: NumPy or torch.
        eta, phi, z: float64 (B, P), direction and momentum fraction of the particles; z is 0 in empty slots.
        work: float64 (WORK_ARRAYS, B, P, P), overwritten.
        wrap: whether differences of phi may leave [-pi, pi] and must be brought back.
    """

    def __init__(self, xp: ModuleType, eta: Array, phi: Array, z: Array, work: Array, *, wrap: bool = True) -> None:
        self.z = z
        self._xp = xp
        self.theta2, self.theta, self._links, self._scratch = work
        difference = xp.subtract(phi[:, :, None], phi[:, None, :], out=self._scratch)
        if wrap:
            difference -= math.tau * (difference / math.tau).round()
        xp.multiply(difference, difference, out=self.theta2)
        xp.subtract(eta[:, :, None], eta[:, None, :], out=difference)
        difference *= difference
        self.theta2 += difference
        xp.sqrt(self.theta2, out=self.theta)

    def total(self, values: Array) -> Array:
        """The sum of z times the values (B, P) over all particles."""
        return (values * self.z).sum(-1)

    def neighbours(self, pairs: Array, values: Array | None = None) -> Array:
        """(B, P), at each particle the sum over all others of z times ``pairs`` (B, P, P) times ``values`` (B, P)."""
        weights = self.z if values is None else self.z * values
        return (pairs @ weights[:, :, None])[:, :, 0]

    def product(self, first: Array, second: Array) -> Array:
        """The elementwise product of two arrays (B, P, P); the next call overwrites it."""
        return self._xp.multiply(first, second, out=self._scratch)

    @cached_property
    def s1(self) -> Array:
        """At each particle, the sum of z theta over all others."""
        return self.neighbours(self.theta)

    @cached_property
    def s2(self) -> Array:
        """At each particle, the sum of z theta^2 over all others."""
        return self.neighbours(self.theta2)

    @cached_property
    def s3(self) -> Array:
        """At each particle, the sum of z theta^3 over all others."""
        return self.neighbours(self.product(self.theta2, self.theta))

    @cached_property
    def s4(self) -> Array:
        """At each particle, the sum of z theta^4 over all others."""
        return self.neighbours(self.product(self.theta2, self.theta2))

    @cached_property
    def path(self) -> Array:
        """At each particle, the sum over all paths of two edges that start there."""
        return self.neighbours(self.theta, self.s1)

    @cached_property
    def links(self) -> Array:
        """(B, P, P), for each pair of particles the sum of z theta theta over all third ones."""
        weighted = self.product(self.theta, self.z[:, None, :])
        slots = weighted.shape[-1]
        rows = max(1, _SMALL_PRODUCT // slots**2)
        for start in range(0, slots, rows):
            strip = slice(start, start + rows)
            self._xp.matmul(weighted[:, strip], self.theta, out=self._links[:, strip])
        return self._links

    @cached_property
    def triangles(self) -> Array:
        """At each particle, the sum over all triangles with a corner there."""
        return self.neighbours(self.product(self.links, self.theta))


PRIME_FORMULAS: tuple[Callable[[PaddedJets], Array], ...] = (
    lambda jets: jets.z.sum(-1),
    lambda jets: jets.total(jets.s1),
    lambda jets: jets.total(jets.s2),
    lambda jets: jets.total(jets.s3),
    lambda jets: jets.total(jets.s4),
    lambda jets: jets.total(jets.s1**2),
    lambda jets: jets.total(jets.s1 * jets.s2),
    lambda jets: jets.total(jets.s1 * jets.s3),
    lambda jets: jets.total(jets.s2**2),
    lambda jets: jets.total(jets.triangles),
    lambda jets: jets.total(jets.neighbours(jets.product(jets.links, jets.theta2))),
    lambda jets: jets.total(jets.s1**3),
    lambda jets: jets.total(jets.s1**2 * jets.s2),
    lambda jets: jets.total(jets.s1 * jets.path),
    lambda jets: jets.total(jets.s2 * jets.path),
    lambda jets: jets.total(jets.s1 * jets.neighbours(jets.theta2, jets.s1)),
    lambda jets: jets.total(jets.s1 * jets.triangles),
    lambda jets: jets.total(jets.neighbours(jets.product(jets.links, jets.links))),
    lambda jets: jets.total(jets.s1**4),
    lambda jets: jets.total(jets.s1**2 * jets.path),
    lambda jets: jets.total(jets.path**2),
)
"""One formula for each of the prime graphs of :mod:`jetgen.metrics.observables.efps.graphs`, in their order.

Vertices are summed from the leaves inwards: the cost is O(P^2), except for the four graphs with a cycle, which share
one matrix product.
"""
