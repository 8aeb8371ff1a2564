"""Whether the values of clouds are what their spec says: legal for their nature, and in plausible units."""

from __future__ import annotations

import math
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray

from jetgen.data.clouds import Clouds
from jetgen.data.jets import RELATIVE, has_relative
from jetgen.data.spec import CloudSpec, Feature
from jetgen.data.weights import NOTHING_LEFT, nothing_counts
from jetgen.errors import DataError

__all__ = ["check_generated", "check_truth", "illegal_values"]

_Column = NDArray[np.float32]

_SUM_OF_PTREL = 2.0  # a jet of relative momenta has about 1; in GeV it has hundreds
_OFF_AXIS = 0.3  # particles relative to the axis of their jet have a mean near 0
_HOPELESS_SUM = 50.0  # no generator is that far off: this is another unit
_HOPELESS_RATIO = 100.0
_WEIGHTED_TRUTH = (
    "the clouds have weights, but true and training clouds count alike here: keep each with the probability of its "
    "weight over the largest one, then leave the weights out"
)


def illegal_values(clouds: Clouds, spec: CloudSpec, first: int = 0) -> Iterator[str]:
    """For each column with a value that its nature forbids: what it is and where, in a few words.

    Arguments:
        first: the row of the first of these clouds in the whole.
    """
    for column, feature in enumerate(spec.features):
        values = clouds.points[:, column]
        for point in _first(_forbidden(values, feature)):
            row = int(np.searchsorted(clouds.offsets, point, "right")) - 1
            at = f"row {first + row}, point {point - clouds.offsets[row]}"
            yield f"{feature.name} is {values[point]:g} at {at}; {_rule(feature)}"
    for column, feature in enumerate(spec.conditioning):
        values = clouds.conditioning[:, column]
        for row in _first(_forbidden(values, feature)):
            yield f"the conditioning {feature.name} is {values[row]:g} at row {first + row}; {_rule(feature)}"


def check_truth(clouds: Clouds, spec: CloudSpec, what: str, first: int = 0) -> None:
    """Check clouds that are to be learnt or compared with.

    Arguments:
        what: the file or dataset, for the message.
        first: the row of the first of these clouds in the whole.

    Raises:
        DataError: if the clouds have weights, a value is not legal, or jets are plainly in other units than the names
            of their features say.
    """
    _refuse(what, _WEIGHTED_TRUTH if clouds.weights is not None else None)
    fault = _order_of_columns(clouds, spec) or next(illegal_values(clouds, spec, first), None)
    fault = fault or _units(clouds, spec, _SUM_OF_PTREL) or _directions(clouds, spec)
    _refuse(what, fault)
    if clouds.given is not None and spec.given is not None:
        check_truth(clouds.given, spec.given, f"{what}, given")


def check_generated(clouds: Clouds, spec: CloudSpec, truth: Clouds, what: str) -> None:
    """Check generated clouds against the true ones that they will be compared with.

    A generator may be as bad as it likes, and illegal values are clipped and counted by the metrics. Other columns or
    units are refused, because a score of them says nothing about a generator.

    Raises:
        DataError: if the columns are in another order, the values in plainly other units than the true ones, or all
            weights 0.
    """
    _refuse(what, NOTHING_LEFT.format(len(clouds)) if nothing_counts(clouds.weights) else None)
    fault = _order_of_columns(clouds, spec) or _units(clouds, spec, _HOPELESS_SUM)
    _refuse(what, fault or _ratios(clouds, truth, spec))


def _refuse(what: str, fault: str | None) -> None:
    if fault is not None:
        msg = f"{what}: {fault}"
        raise DataError(msg)


def _forbidden(values: _Column, feature: Feature) -> NDArray[np.bool_]:
    """Where the nature of a feature forbids the value."""
    wrong: NDArray[np.bool_] = np.zeros(len(values), np.bool_)
    if feature.nature == "positive":
        wrong = values < 0
    elif feature.nature == "categorical" or feature.bins:
        top = feature.bins or len(feature.categories) or math.inf
        wrong = (values < 0) | (values >= top) | (values != np.floor(values))
    elif feature.nature == "periodic":
        wrong = np.abs(values) > 2 * math.pi + 1e-3
    return wrong


def _rule(feature: Feature) -> str:
    if feature.nature == "positive":
        return "it is positive: clip or leave out such values"
    if feature.bins:
        return f"it is the index of one of {feature.bins} bins"
    if feature.nature == "categorical":
        known = len(feature.categories)
        return f"it is one of {known} categories, 0 to {known - 1}" if known else "categories are 0, 1, 2, ..."
    return "it is an angle in radians, within a turn of 0"


def _first(wrong: NDArray[np.bool_]) -> list[int]:
    return [int(index) for index in np.flatnonzero(wrong)[:1]]


def _columns(clouds: Clouds, spec: CloudSpec) -> dict[str, _Column]:
    return {name: clouds.points[:, spec.index(name)] for name in RELATIVE}


def _order_of_columns(clouds: Clouds, spec: CloudSpec) -> str | None:
    """Momenta are never negative and directions have both signs: names in another order than the columns show."""
    if not has_relative(spec) or len(clouds.points) < 100:
        return None
    columns = _columns(clouds, spec)
    signed = [name for name, values in columns.items() if np.mean(values < 0) > 0.2]
    if "ptrel" in signed and len(signed) == 2:
        (other,) = set(RELATIVE) - set(signed)
        return (
            f"ptrel is negative for {np.mean(columns['ptrel'] < 0):.0%} of the points and {other} for none: "
            f"the columns have another order than their names; give the names in the order of the columns"
        )
    return None


def _units(clouds: Clouds, spec: CloudSpec, most: float) -> str | None:
    """Relative momenta of a jet add up to about 1."""
    if not has_relative(spec) or not len(clouds.points):
        return None
    sums = np.bincount(clouds.rows, np.abs(_columns(clouds, spec)["ptrel"]), minlength=len(clouds))
    typical = float(np.median(sums[clouds.multiplicity > 0]))
    if typical > most:
        return (
            f"ptrel adds up to {typical:.4g} in a typical jet; relative to the momentum of the jet it is about 1: "
            "divide it by that, or call the feature pt"
        )
    return None


def _directions(clouds: Clouds, spec: CloudSpec) -> str | None:
    """Directions relative to the axis of a jet have a mean near 0, weighted with the momenta."""
    if not has_relative(spec) or not len(clouds.points):
        return None
    columns, full = _columns(clouds, spec), clouds.multiplicity > 0
    weights = np.bincount(clouds.rows, columns["ptrel"], minlength=len(clouds))[full]
    for name in ("etarel", "phirel"):
        sums = np.bincount(clouds.rows, columns["ptrel"] * columns[name], minlength=len(clouds))[full]
        off = float(np.median(np.abs(sums / np.maximum(weights, 1e-12))))
        if off > _OFF_AXIS:
            turn = " and wrap it into [-pi, pi]" if name == "phirel" else ""
            axis = name.removesuffix("rel")
            return (
                f"{name} is {off:.2g} on average in a typical jet; relative to the axis it is about 0: "
                f"subtract the {axis} of the jet{turn}, or call the feature {axis}"
            )
    return None


def _ratios(clouds: Clouds, truth: Clouds, spec: CloudSpec) -> str | None:
    """Positive features of generated clouds have the size of the true ones, or are in another unit."""
    if not len(clouds.points) or not len(truth.points):
        return None
    for column, feature in enumerate(spec.features):
        if feature.nature != "positive":
            continue
        ours, theirs = (float(np.median(np.abs(side.points[:, column]))) for side in (clouds, truth))
        if ours > 0 and theirs > 0 and max(ours / theirs, theirs / ours) > _HOPELESS_RATIO:
            return (
                f"{feature.name} is typically {ours:.3g}, {theirs:.3g} in the true clouds: "
                f"they are in different units; convert one of them{f' to {feature.unit}' if feature.unit else ''}"
            )
    return None
