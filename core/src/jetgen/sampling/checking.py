"""What a generator returned is what it was asked for: one legal cloud for each row of the conditions."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.data.spec import CloudSpec
from jetgen.data.weights import nothing_counts
from jetgen.errors import DataError

__all__ = ["checked"]


def checked(answer: object, conditions: Conditions, spec: CloudSpec) -> Clouds:
    """The clouds in ``answer``, which is what ``sample`` of a generator returned for ``conditions``.

    Raises:
        DataError: if it is not one legal cloud for each row of the conditions; the sentence says what is wrong.
    """
    if not isinstance(answer, Clouds):
        msg = f"sample returned {type(answer).__name__}, not Clouds"
        raise DataError(msg)
    # Made anew, so that every array is checked whatever the plugin did to it.
    given, event = conditions.given, conditions.event
    clouds = Clouds(answer.points, answer.offsets, answer.conditioning, given, event, answer.weights)
    if len(clouds) != conditions.n:
        msg = f"sample returned {len(clouds)} clouds, {conditions.n} were asked for"
        raise DataError(msg)
    _check_conditioning(clouds.conditioning, conditions.conditioning)
    if clouds.n_features != len(spec.features):
        msg = f"sample returned points of {clouds.n_features} features, {len(spec.features)} were asked for"
        raise DataError(msg)
    largest = int(clouds.multiplicity.max(initial=0))
    if largest > spec.max_points:
        row = int(clouds.multiplicity.argmax())
        msg = f"sample returned a cloud of {largest} points at row {row}, at most {spec.max_points} are allowed"
        raise DataError(msg)
    if nothing_counts(clouds.weights):
        msg = f"sample returned {len(clouds)} clouds with the weight 0 each; one or more must count"
        raise DataError(msg)
    return Clouds(clouds.points, clouds.offsets, conditions.conditioning, given, event, clouds.weights)


def _check_conditioning(found: NDArray[np.float32], asked: NDArray[np.float32] | None) -> None:
    """Clouds come without conditioning, or with the one that was asked for."""
    if found.shape[1] == 0:
        return
    if asked is None or found.shape != asked.shape:
        columns = 0 if asked is None else asked.shape[1]
        msg = f"sample returned {found.shape[1]} columns of conditioning, {columns} were asked for"
        raise DataError(msg)
    wrong = np.flatnonzero((found != asked).any(axis=1))
    if len(wrong):
        msg = f"sample returned another conditioning than was asked for at row {wrong[0]}; row i answers row i"
        raise DataError(msg)
