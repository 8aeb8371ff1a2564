"""Energy flow polynomials: correlations of the momenta and the distances of the particles of a jet."""

from jetgen.metrics.observables.efps.blocks import efps
from jetgen.metrics.observables.efps.graphs import ALL36, PRIME5, Graph

__all__ = ["ALL36", "PRIME5", "Graph", "efps"]
