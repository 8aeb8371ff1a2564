"""The dataset class of a single class of jets. Pythia and FastJet are imported when jets are simulated."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Self, get_args

from jetgen.api.context import RunContext
from jetgen.api.protocols import Split
from jetgen.data.clouds import Clouds
from jetgen.data.jets import jet_spec
from jetgen.data.spec import CloudSpec
from jetgen.errors import JetgenError, UsageError, did_you_mean

from jetgen_pythia.pool import prepare_shards
from jetgen_pythia.recipe import JETS, PARTONS, definition
from jetgen_pythia.shards import SHARD, Shard, home, shards
from jetgen_pythia.source import ShardedJets, hardest
from jetgen_pythia.specs import SIZES

__all__ = ["PythiaJets"]


class PythiaJets:
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

    def __init__(self, size: str = "small", *, parton: str = "top", particles: int = 30, share: int = 1) -> None:
        for what, name, known in (("size", size, SIZES), ("parton", parton, PARTONS)):
            if name not in known:
                msg = f"the Pythia datasets have no {what} {name!r}{did_you_mean(name, known)}; use {_either(known)}"
                raise UsageError(msg)
        if not 1 <= particles <= JETS.most:
            msg = f"the Pythia datasets keep from 1 to {JETS.most} particles a jet, not {particles}"
            raise UsageError(msg)
        self._parton, self._particles = parton, particles
        self._counts = {split: n // share for split, n in zip(get_args(Split), SIZES[size], strict=True)}

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size; nothing is read or simulated yet."""
        return cls(size, **options)

    @property
    def spec(self) -> CloudSpec:
        """The spec of the jets: angles to the jet axis, and fractions of its transverse momentum."""
        return jet_spec(self._particles)

    def recipe(self) -> Mapping[str, Any]:
        """What determines the jets: the definition of the streams, and the numbers of jets taken from them.

        Raises:
            JetgenError: if Pythia or FastJet is not installed.
        """
        return {**definition(self._parton), "shard": SHARD, "particles": self._particles, **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Simulate the shards that are missing or damaged, in ``ctx.threads`` processes; the others stay.

        Raises:
            JetgenError: if a process fails, or the cache cannot be written.
        """
        prepare_shards(self.shards(), ctx)

    def shards(self) -> list[Shard]:
        """The shards of all splits, whether they exist or not."""
        return [shard for split in self._counts for shard in self._shards(split)]

    def load(self, split: Split) -> ShardedJets:
        """The jets of one split.

        Raises:
            UsageError: if there is no such split.
            DataError: if they were not prepared.
        """
        if split not in self._counts:
            msg = f"the Pythia datasets have no split {split!r}; use {_either(self._counts)}"
            raise UsageError(msg)
        return ShardedJets(self._shards(split), self._counts[split], self._particles)

    def simulate(self, n: int, seed: int) -> Clouds:
        """``n`` new jets, simulated now on one thread. The first call in a process also initialises Pythia (1.5 s).

        Raises:
            JetgenError: if Pythia or FastJet cannot be imported.
        """
        try:
            from jetgen_pythia.simulator import simulator  # here, because a planner must not load Pythia
        except ImportError as error:
            msg = f"jets cannot be simulated ({error}); run: pip install --force-reinstall jetgen-pythia"
            raise JetgenError(msg) from error
        return hardest(simulator(self._parton).jets(n, "simulate", seed), self._particles)

    def _shards(self, split: str) -> list[Shard]:
        return shards(home(self._parton), self._parton, split, self._counts[split])


def _either(names: Iterable[str]) -> str:
    return ", ".join(names)
