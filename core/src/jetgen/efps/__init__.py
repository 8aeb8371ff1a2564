"""Energy flow polynomials: correlations of the momenta and the distances of the particles of a jet."""

from jetgen.efps.blocks import efps
from jetgen.efps.graphs import ALL36, PRIME5, Graph

__all__ = ["ALL36", "PRIME5", "Graph", "efps"]
