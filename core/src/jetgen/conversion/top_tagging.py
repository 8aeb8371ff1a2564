"""The top-tagging reference dataset (Zenodo 2603256; 1902.09914): HDF5 of pandas, E, px, py, pz of 200 particles a row.

pandas keeps the names of the columns in a pickle, which is never read: the widths of the blocks tell the layout.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from jetgen.conversion.relative import JetTypes
from jetgen.data.clouds import Clouds
from jetgen.data.sources import SlicedSource
from jetgen.data.spec import CloudSpec, Feature
from jetgen.io.store import Store

__all__ = ["TopTaggingFile", "is_top_tagging"]

_PARTICLES = 200
_NUMBERS, _WHOLE = "values_block_0", "values_block_1"
_WIDTHS = {_NUMBERS: (4 * _PARTICLES + 4,), _WHOLE: (2,)}  # the last four: the true top; then the split and the type
_TYPES = ("QCD", "top")


def is_top_tagging(store: Store) -> bool:
    """Whether the table of pandas has the columns of the dataset."""
    fields = getattr(getattr(_table(store), "dtype", None), "fields", None) or {}
    return all(name in fields and fields[name][0].shape == shape for name, shape in _WIDTHS.items())


class TopTaggingFile(SlicedSource):
    """Its jets, with energy and momentum of their particles in GeV.

    Arguments:
        store: the open file.

    Raises:
        DataError: if the types of the jets are not 0 and 1.
    """

    spec = CloudSpec("jets", tuple(Feature(name, "GeV") for name in ("energy", "px", "py", "pz")), _PARTICLES)

    def __init__(self, store: Store) -> None:
        self._store, self._rows = store, _table(store)
        types = self._rows.fields(_WHOLE)[:][:, 1]
        if not np.isin(types, range(len(_TYPES))).all():
            store.refuse("the last column of its table is not the type of a jet, 0 (QCD) or 1 (top)")
        self.types = JetTypes(types.astype(np.int64), _TYPES)

    @property
    def path(self) -> Path:
        """The file."""
        return self._store.path

    def __len__(self) -> int:
        return len(self._rows)

    def read(self, start: int, stop: int) -> Clouds:
        """The jets from ``start`` to ``stop``. A particle of energy 0 is padding."""
        block = self._rows.fields(_NUMBERS)[start:stop][:, : 4 * _PARTICLES].reshape(-1, _PARTICLES, 4)
        return Clouds.from_padded(block, block[..., 0] > 0)


def _table(store: Store) -> Any:
    """The one table of the file."""
    group: Any = store.arrays.get("table")
    return group.get("table") if hasattr(group, "get") else None
