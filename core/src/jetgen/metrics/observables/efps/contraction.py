"""Energy flow polynomials of blocks of padded jets, in operations that NumPy and torch have by the same names."""

from __future__ import annotations

import math
from collections.abc import Callable
from functools import cached_property
from types import ModuleType
from typing import Any

__all__ = ["PRIME_FORMULAS", "WORK_ARRAYS", "PaddedJets"]

Array = Any  # of NumPy or of torch: they have the same functions here, and no common type

WORK_ARRAYS = 4
"""The arrays (B, P, P) that a block needs; whoever works on many blocks allocates them once."""

_SMALL_PRODUCT = 2**18
"""Multiplications up to which OpenBLAS neither copies the matrices nor starts threads of its own: a product of larger
matrices is faster in strips of this size, and leaves the other processors alone."""


class PaddedJets:
    """The sums over particles that the polynomials share; each is computed when it is first asked for.

    A sum "at" a particle is a (B, P) array with one entry for each particle of each jet.

    Arguments:
        xp: NumPy or torch.
        eta, phi, z: float64 (B, P), direction and momentum fraction of the particles; z is 0 in empty places.
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
        """At each particle, the sum over all others of z times the pair's entry (B, P, P) times the other's value."""
        weights = self.z if values is None else self.z * values
        return (pairs @ weights[:, :, None])[:, :, 0]

    def product(self, first: Array, second: Array) -> Array:
        """The products of the entries of two (B, P, P), until the next call."""
        return self._xp.multiply(first, second, out=self._scratch)

    @cached_property
    def s1(self) -> Array:
        """At each particle, the sum of z theta over all others."""
        return self.neighbours(self.theta)

    @cached_property
    def s2(self) -> Array:
        """The same of theta^2."""
        return self.neighbours(self.theta2)

    @cached_property
    def s3(self) -> Array:
        """The same of theta^3."""
        return self.neighbours(self.product(self.theta2, self.theta))

    @cached_property
    def s4(self) -> Array:
        """The same of theta^4."""
        return self.neighbours(self.product(self.theta2, self.theta2))

    @cached_property
    def path(self) -> Array:
        """At each particle, the sum over all paths of two edges that begin there."""
        return self.neighbours(self.theta, self.s1)

    @cached_property
    def links(self) -> Array:
        """For each pair of particles, the sum over all third ones of z theta theta: the paths that join the two."""
        weighted = self.product(self.theta, self.z[:, None, :])
        places = weighted.shape[-1]
        rows = max(1, _SMALL_PRODUCT // places**2)
        for start in range(0, places, rows):
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

Vertices are summed from the leaves inwards, so that all cost O(P^2) but the four with a cycle, which share one product
of matrices.
"""
