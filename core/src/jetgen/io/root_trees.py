"""ROOT trees, and RNTuples: a row for each cloud, branches of lists whose entries are its points. Read by uproot."""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from jetgen.data.arrays import offsets_of
from jetgen.data.clouds import Clouds
from jetgen.data.conversions import columns_of
from jetgen.errors import DataError
from jetgen.io.names import choose
from jetgen.io.reading import reading, require_file
from jetgen.io.store import Store

__all__ = ["TreeLayout", "TreeNumbers", "find_tree"]

_TREES = ("TTree", "ROOT::RNTuple")
_SCALAR = r"(?:std::)?(?:float|double|bool|u?int(?:8|16|32|64)?(?:_t)?)"
_NUMBER = re.compile(_SCALAR)
_LIST = re.compile(rf"{_SCALAR}\[\]|(?:std::vector|vector|ROOT::VecOps::RVec|ROOT::RVec)<{_SCALAR}>")


@dataclass
class TreeLayout:
    """Branches of lists of numbers; a slice reads the baskets that it covers.

    Arguments:
        tree: an ``uproot.TTree``.
        names: the branches that are features.
        max_points: the longest list.
    """

    tree: Any
    names: tuple[str, ...]
    max_points: int
    points: str = "the tree"

    @property
    def columns(self) -> list[int]:
        """All branches that are read are features."""
        return list(range(len(self.names)))

    def __len__(self) -> int:
        return int(self.tree.num_entries)

    def read(self, start: int, stop: int) -> tuple[NDArray[Any], Clouds]:
        """The points of the entries from ``start`` to ``stop``, and clouds without features that hold their sizes.

        Raises:
            DataError: if the lists of an entry differ in length.
        """
        if start == stop:
            return np.empty((0, len(self.names)), np.float32), Clouds(np.empty((0, 0)), [0])
        lists = self.tree.arrays(list(self.names), entry_start=start, entry_stop=stop)
        points, sizes = columns_of(lists, self.names, start)
        return points, Clouds(np.empty((len(points), 0), np.float32), offsets_of(sizes))


class TreeNumbers:
    """The branches of one number for each cloud, as an array (N, branches) that is read by slices.

    Arguments:
        tree: an ``uproot.TTree``.
        names: the branches.
    """

    dtype = np.dtype(np.float32)

    def __init__(self, tree: Any, names: Sequence[str]) -> None:
        self._tree, self._names = tree, list(names)
        self.shape = (int(tree.num_entries), len(names))

    def __getitem__(self, rows: slice) -> NDArray[np.float32]:
        start, stop, _ = rows.indices(self.shape[0])
        columns = self._tree.arrays(self._names, entry_start=start, entry_stop=stop, library="np")
        return np.stack([columns[name].astype(np.float32) for name in self._names], axis=1)


def find_tree(path: Path, name: str | None, features: Sequence[str] | None) -> tuple[Store, TreeLayout] | None:
    """The tree of a ROOT file, and a store of what is one number for each cloud; None if it is no ROOT file.

    Arguments:
        name: of the tree; by default the only one of the file.
        features: the branches to read, in this order; by default all lists of numbers.

    Raises:
        DataError: if uproot is not installed, there is no such tree or branch, or a branch holds something else.
    """
    require_file(path)
    with path.open("rb") as beginning:
        if beginning.read(4) != b"root":
            return None
    with reading(path, "ROOT file"):
        try:
            import uproot
        except ModuleNotFoundError as error:
            msg = "it is a ROOT file; to read it: pip install 'jetgen[root]'"
            raise DataError(msg) from error
        file = uproot.open({str(path): None})
        tree = _chosen(file, name)
        lists, numbers = _branches(tree)
        arrays = {"context": TreeNumbers(tree, numbers)} if numbers else {}
        store = Store(path, arrays, {"context_names": ",".join(numbers)} if numbers else {}, file.close)
        what = f"the tree {tree.name}"
        if not lists:
            store.refuse(f"{what} has no branches of lists of numbers: its clouds have no points")
        names, _ = choose(store, what, lists, len(lists), features)
        longest = int(_lengths(tree, names[0]).max(initial=0))
    return store, TreeLayout(tree, names, max(1, longest), what)


def _chosen(file: Any, name: str | None) -> Any:
    trees = sorted({key.partition(";")[0] for key, kind in file.classnames().items() if kind in _TREES})
    if name is None and len(trees) == 1:
        return file[trees[0]]
    if name not in trees:
        wanted = f"there is no tree {name!r}" if name is not None else "nothing says which tree is meant"
        msg = f"{wanted}; it has {', '.join(trees) or 'none'}, and one is named by --points (points= in Python)"
        raise DataError(msg)
    return file[name]


def _branches(tree: Any) -> tuple[list[str], list[str]]:
    """The branches of lists of numbers, and those of one number for each entry."""
    kinds = tree.typenames()
    return [name for name in kinds if _LIST.fullmatch(kinds[name])], [
        name for name in kinds if _NUMBER.fullmatch(kinds[name])
    ]


def _lengths(tree: Any, name: str) -> NDArray[np.int64]:
    """The lengths of all lists of a branch."""
    from awkward import num

    parts = [np.asarray(num(part[name], axis=1), np.int64) for part in tree.iterate([name], step_size="50 MB")]
    return np.concatenate(parts) if parts else np.empty(0, np.int64)
