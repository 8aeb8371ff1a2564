"""The dataset class of a single class of jets. Pythia and FastJet are imported when jets are simulated."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from jetgen.data.clouds import Clouds
from jetgen.data.jets import jet_spec
from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError

from jetgen_pythia.recipe import JETS, PARTONS
from jetgen_pythia.shards import Shard
from jetgen_pythia.source import ShardedJets, hardest
from jetgen_pythia.specs import SIZES
from jetgen_pythia.streams import Streams, require_known

__all__ = ["PythiaJets"]


class PythiaJets(Streams):
    """Jets of one class, each with its ``particles`` hardest particles, hardest first.

    Arguments:
        size: a name in :data:`jetgen_pythia.specs.SIZES`.
        parton: the class: ``gluon``, ``quark``, ``top``, ``w`` or ``z``.
        particles: from 1 to 150; all choices share the same simulated jets.
        share: each split is cut to its first ``1 / share``; a mixture of five classes takes a fifth of each.

    Raises:
        UsageError: if an argument is out of range.

    >>> PythiaJets.create("tiny", parton="w").spec.names
    ('etarel', 'phirel', 'ptrel')
    """

    unit = "jets"

    def __init__(self, size: str = "small", *, parton: str = "top", particles: int = 30, share: int = 1) -> None:
        require_known("size", size, SIZES)
        require_known("parton", parton, PARTONS)
        if not 1 <= particles <= JETS.most:
            msg = f"the Pythia datasets keep from 1 to {JETS.most} particles a jet, not {particles}"
            raise UsageError(msg)
        super().__init__(parton, [n // share for n in SIZES[size]])
        self._particles = particles

    @property
    def spec(self) -> CloudSpec:
        """The spec of the jets: angles to the jet axis, and fractions of its transverse momentum."""
        return jet_spec(self._particles)

    def recipe(self) -> Mapping[str, Any]:
        """What determines the jets: the definition of the streams, and the numbers of jets taken from them.

        Raises:
            JetgenError: if Pythia or FastJet is not installed.
        """
        return {**super().recipe(), "particles": self._particles}

    def source(self, parts: Sequence[Shard], n: int) -> ShardedJets:
        """The first ``n`` jets of the shards of a stream, cut down to their hardest particles.

        Raises:
            DataError: if the file of a shard does not exist.
        """
        return ShardedJets(parts, n, self._particles)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new jets, simulated now on one thread. The first call in a process also initialises Pythia (1.5 s).

        Raises:
            JetgenError: if Pythia or FastJet cannot be imported.
        """
        return hardest(super().simulate(n, seed), self._particles)
