"""The learning rate of the publication."""

from __future__ import annotations

from collections.abc import Sequence

from jetgen.torch.training import Schedule

__all__ = ["halved"]


def halved(steps: Sequence[int]) -> Schedule:
    """A factor that halves at each of these steps.

    >>> [halved((10, 20))(step) for step in (9, 10, 20)]
    [1.0, 0.5, 0.25]
    """

    def factor(step: int) -> float:
        return 0.5 ** sum(step >= one for one in steps)

    return factor
