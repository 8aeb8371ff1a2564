"""What the clouds of both sides answer: it must be the same true events."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.errors import DataError

__all__ = ["common_events"]


def common_events(real: Clouds, fake: Clouds, metric: str) -> tuple[Clouds, NDArray[np.int64], NDArray[np.int64]]:
    """The true events, and for the clouds of either side int64 (N,), the row of the event that each answers.

    Raises:
        DataError: if one side does not say what it answers, or they answer other events.
    """
    given, true_event = _answered(real, "true", metric)
    others, made_event = _answered(fake, "generated", metric)
    if given is not others and given.fingerprint() != others.fingerprint():
        msg = f"{metric} compares answers to the same true events; the generated clouds answer others (given differs)"
        raise DataError(msg)
    return given, true_event, made_event


def _answered(clouds: Clouds, side: str, metric: str) -> tuple[Clouds, NDArray[np.int64]]:
    if clouds.given is None or clouds.event is None:
        what = f"the {side} clouds do not say what they answer (given, event)"
        msg = f"{metric} compares answers to true events; {what}"
        raise DataError(msg)
    return clouds.given, clouds.event
