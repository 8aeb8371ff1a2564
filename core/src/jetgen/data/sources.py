"""Sources of clouds that are read by slices: what files, caches and mixtures share."""

from __future__ import annotations

from abc import ABC, abstractmethod

import numpy as np

from jetgen.data.clouds import Clouds

__all__ = ["SlicedSource"]


class SlicedSource(ABC):
    """A :class:`jetgen.CloudSource` by two methods: the length, and how a range of clouds is read.

    >>> class Ones(SlicedSource):
    ...     def __len__(self) -> int:
    ...         return 10**9
    ...
    ...     def read(self, start: int, stop: int) -> Clouds:
    ...         return Clouds.from_multiplicities(np.ones((stop - start, 1)), np.ones(stop - start, int))
    >>> len(Ones()[-3:]), len(Ones()[20:0:-5])
    (3, 4)
    """

    @abstractmethod
    def __len__(self) -> int:
        """The number of clouds."""

    @abstractmethod
    def read(self, start: int, stop: int) -> Clouds:
        """The clouds from ``start`` to ``stop``, with ``0 <= start <= stop <= len(self)``."""

    def __getitem__(self, key: object, /) -> Clouds:
        """Some of the clouds, read now. A slice with a step reads the whole range that it spans.

        Raises:
            TypeError: if ``key`` is not a slice.
        """
        if not isinstance(key, slice):
            msg = f"a source of clouds is read by slices such as source[0:100], not by {key!r}"
            raise TypeError(msg)
        rows = range(len(self))[key]
        if not rows:
            return self.read(0, 0)
        first, last = min(rows), max(rows)
        clouds = self.read(first, last + 1)
        return clouds if rows.step == 1 else clouds[np.asarray(rows) - first]
