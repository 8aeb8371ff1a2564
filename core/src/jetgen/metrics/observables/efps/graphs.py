"""The multigraphs with at most four edges, in the order of the energyflow library."""

from __future__ import annotations

from itertools import permutations

from jetgen.errors import UsageError

__all__ = ["ALL36", "PRIME5", "PRIMES", "Graph", "components"]

Graph = tuple[tuple[int, int], ...]
"""The edges of a multigraph: pairs of vertices, an edge of weight two twice. No edge is the graph of one point."""

PRIMES: tuple[Graph, ...] = (
    (),
    ((0, 1),),
    ((0, 1), (0, 1)),
    ((0, 1), (0, 1), (0, 1)),
    ((0, 1), (0, 1), (0, 1), (0, 1)),
    ((0, 1), (0, 2)),
    ((0, 1), (0, 2), (0, 2)),
    ((0, 1), (0, 2), (0, 2), (0, 2)),
    ((0, 1), (0, 1), (0, 2), (0, 2)),
    ((0, 1), (0, 2), (1, 2)),
    ((0, 1), (0, 2), (0, 2), (1, 2)),
    ((0, 1), (0, 2), (0, 3)),
    ((0, 1), (0, 2), (0, 2), (0, 3)),
    ((0, 1), (0, 2), (1, 3)),
    ((0, 1), (0, 2), (0, 2), (1, 3)),
    ((0, 1), (0, 1), (0, 2), (1, 3)),
    ((0, 1), (0, 2), (1, 2), (0, 3)),
    ((0, 1), (0, 2), (1, 3), (2, 3)),
    ((0, 1), (0, 2), (0, 3), (0, 4)),
    ((0, 1), (0, 2), (0, 3), (1, 4)),
    ((0, 1), (0, 2), (1, 3), (2, 4)),
)
"""The connected graphs with at most four edges."""

_COMPOSITES = (
    (1, 1),
    (1, 2),
    (1, 3),
    (2, 2),
    (1, 5),
    (2, 5),
    (1, 6),
    (1, 9),
    (1, 1, 1),
    (1, 11),
    (1, 13),
    (5, 5),
    (1, 1, 2),
    (1, 1, 5),
    (1, 1, 1, 1),
)  # the places of their components among the primes


def _union(graphs: tuple[Graph, ...]) -> Graph:
    """The graph that has these, side by side, as its components."""
    edges: list[tuple[int, int]] = []
    for graph in graphs:
        first = 1 + max((vertex for edge in edges for vertex in edge), default=-1)
        edges += [(first + a, first + b) for a, b in graph]
    return tuple(edges)


ALL36: tuple[Graph, ...] = (*PRIMES, *(_union(tuple(PRIMES[i] for i in parts)) for parts in _COMPOSITES))
"""All graphs with at most four edges: the features of the Fréchet and the kernel physics distance."""

PRIME5: tuple[Graph, ...] = tuple(g for g in PRIMES if len(g) == 4 and {v for e in g for v in e} == {0, 1, 2, 3})
"""The connected graphs with four vertices and four edges, those of ``w1efp``."""


def components(graph: Graph) -> tuple[int, ...]:
    """The places among :data:`PRIMES` of the connected components of a graph, whose values multiply.

    >>> components(((0, 1), (2, 3), (3, 2)))
    (1, 2)

    Raises:
        UsageError: if the graph has more than four edges or an edge from a vertex to itself.
    """
    if len(graph) > 4 or any(a == b for a, b in graph):
        msg = f"{graph} is not a graph of at most four edges between different vertices"
        raise UsageError(msg)
    parts: list[tuple[set[int], list[tuple[int, int]]]] = []
    for edge in graph:
        vertices, edges = set(edge), [edge]
        for part in [part for part in parts if part[0] & vertices]:
            parts.remove(part)
            vertices, edges = vertices | part[0], edges + part[1]
        parts.append((vertices, edges))
    return tuple(sorted(_PLACES[_canonical(tuple(edges))] for _, edges in parts)) or (0,)


def _canonical(graph: Graph) -> Graph:
    """The first, in the order of tuples, of all numberings of the vertices of a connected graph."""
    vertices = sorted({vertex for edge in graph for vertex in edge})
    numberings = (dict(zip(vertices, numbers, strict=True)) for numbers in permutations(range(len(vertices))))
    return min(tuple(sorted((min(new[a], new[b]), max(new[a], new[b])) for a, b in graph)) for new in numberings)


_PLACES = {_canonical(graph): place for place, graph in enumerate(PRIMES)}
