"""Angles."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

__all__ = ["wrapped"]


def wrapped(angle: NDArray[np.float64]) -> NDArray[np.float64]:
    """The angles, shifted by multiples of 2 pi into [-pi, pi).

    >>> wrapped(np.array([0.5, 3.5])).round(2).tolist()
    [0.5, -2.78]
    """
    return (angle + np.pi) % (2.0 * np.pi) - np.pi
