"""The processes by name: what determines the clouds of each, how many a shard holds, and what simulates them."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any

from jetgen_pythia import recipe
from jetgen_pythia.higgs.recipe import CHANNELS, ROWS_IN_A_SHARD, table_definition
from jetgen_pythia.tracks.recipe import PROCESS as TRACKS
from jetgen_pythia.tracks.recipe import charged_definition

if TYPE_CHECKING:
    from jetgen_pythia.simulator import Simulator

__all__ = ["definition", "shard_size", "simulator"]

_JETS_IN_A_SHARD = 100
"""About a second of CPU time, the most that a kill can cost each worker."""


def definition(process: str) -> dict[str, Any]:
    """A JSON object that determines the streams of a class of jets, of a table or of true events; they have no end.

    Raises:
        JetgenError: if Pythia or FastJet is not installed.
    """
    if process == TRACKS:
        return charged_definition()
    return table_definition(process) if process in CHANNELS else recipe.definition(process)


def shard_size(process: str) -> int:
    """The number of clouds in a shard."""
    return ROWS_IN_A_SHARD if process in CHANNELS else _JETS_IN_A_SHARD


@cache
def simulator(process: str) -> Simulator:
    """The simulator of a process, initialised once per Python process.

    Raises:
        JetgenError: if this version of Pythia does not accept the settings.
        ImportError: if Pythia or FastJet cannot be imported.
    """
    if process in CHANNELS:
        from jetgen_pythia.higgs.simulator import TableSimulator  # here, because a planner must not load Pythia

        return TableSimulator(process)
    if process == TRACKS:
        from jetgen_pythia.tracks.simulator import ChargedSimulator

        return ChargedSimulator()
    from jetgen_pythia.jets import JetSimulator

    return JetSimulator(process)
