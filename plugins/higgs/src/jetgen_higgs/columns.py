"""The columns of the UCI HIGGS file, and the 18 of them that are continuous."""

from __future__ import annotations

from jetgen.data.spec import CloudSpec, Feature

__all__ = ["COLUMNS", "FEATURES", "LABEL", "SIGNAL", "cloud_spec"]

LABEL = "label"
"""The first column: 1 for signal, 0 for background."""

_JETS = tuple(f"jet{i}_{name}" for i in range(1, 5) for name in ("pt", "eta", "phi", "btag"))
_MASSES = ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")

COLUMNS = (LABEL, "lepton_pt", "lepton_eta", "lepton_phi", "met", "met_phi", *_JETS, *_MASSES)
"""The 29 columns in the order of the file; ``met`` is the magnitude of the missing energy."""

_DROPPED = ("_phi", "_btag")  # the angles are uniform, the tags discrete
_SIGNED = "_eta"

FEATURES = tuple(
    Feature(name, nature="continuous" if name.endswith(_SIGNED) else "positive")
    for name in COLUMNS[1:]
    if not name.endswith(_DROPPED)
)
"""The 18 continuous columns. The file gives them without units."""

SIGNAL = Feature("signal", nature="categorical", categories=("background", "signal"))
"""The label as conditioning."""


def cloud_spec(*, labelled: bool) -> CloudSpec:
    """The spec of the events, each a cloud of one point; with the label as conditioning if ``labelled``.

    >>> len(cloud_spec(labelled=True).features)
    18
    """
    return CloudSpec("table", FEATURES, 1, (SIGNAL,) if labelled else ())
