"""The dataset class of the tables. Pythia and FastJet are imported when rows are simulated."""

from __future__ import annotations

from jetgen.data.spec import CloudSpec

from jetgen_pythia.higgs.columns import TABLE
from jetgen_pythia.higgs.recipe import CHANNELS
from jetgen_pythia.higgs.specs import SIZES
from jetgen_pythia.streams import Streams, require_known

__all__ = ["HiggsTable"]

_PREFIX = "higgs-"


class HiggsTable(Streams):
    """The 18 observables of the HIGGS data set for one channel, a cloud of one point for each event.

    Arguments:
        size: a name in :data:`jetgen_pythia.higgs.specs.SIZES`.
        channel: ``signal`` or ``background``.

    Raises:
        UsageError: if an argument is unknown.

    >>> HiggsTable.create("tiny", channel="signal").spec.names[-3:]
    ('m_bb', 'm_wbb', 'm_wwbb')
    """

    unit = "rows"

    def __init__(self, size: str = "small", *, channel: str = "signal") -> None:
        require_known("size", size, SIZES)
        require_known("channel", channel, [name.removeprefix(_PREFIX) for name in CHANNELS])
        super().__init__(_PREFIX + channel, SIZES[size])

    @property
    def spec(self) -> CloudSpec:
        """The spec of the rows: momenta and masses in GeV, and pseudorapidities."""
        return TABLE
