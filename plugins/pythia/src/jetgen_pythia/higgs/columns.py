"""The columns of the tables."""

from __future__ import annotations

from jetgen.data.spec import CloudSpec, Feature

__all__ = ["COLUMNS", "TABLE"]

COLUMNS = (
    *("lepton_pt", "lepton_eta", "met"),
    *(f"jet{rank}_{what}" for rank in range(1, 5) for what in ("pt", "eta")),
    *("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb"),
)
"""Transverse momenta (GeV), pseudorapidities and invariant masses (GeV), in the order of the HIGGS data set."""

TABLE = CloudSpec(
    "table",
    tuple(Feature(name) if name.endswith("eta") else Feature(name, "GeV", "positive") for name in COLUMNS),
    max_points=1,
)
