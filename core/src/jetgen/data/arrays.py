"""Checks of the arrays that users and plugins hand over; each error names the array and the first bad index."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from jetgen.errors import DataError

__all__ = ["check_offsets", "check_range", "finite", "integers", "numbers", "offsets_of"]


def finite(name: str, values: ArrayLike) -> NDArray[np.float32]:
    """``values`` as float32 in two dimensions; the same array if it is that already.

    Raises:
        DataError: if there are not two dimensions, or a value is no number or not finite in float32.
    """
    array = _array(name, values)
    if array.ndim != 2:
        msg = f"{name} has shape {array.shape}; two dimensions are needed"
        raise DataError(msg)
    if array.dtype.kind not in "fiu":
        msg = f"{name} has dtype {array.dtype}; numbers are needed"
        raise DataError(msg)
    with np.errstate(over="ignore"):
        array = array.astype(np.float32, copy=False)
    good = np.isfinite(array)
    if not good.all():
        row, column = np.argwhere(~good)[0]
        msg = f"{name} is not finite at row {row}, column {column}"
        raise DataError(msg)
    return array


def integers(name: str, values: ArrayLike) -> NDArray[np.int64]:
    """``values`` as int64 in one dimension; an empty list is no integers.

    Raises:
        DataError: if there is another number of dimensions, or the values are not integers or beyond int64.
    """
    array = _array(name, values)
    if array.shape == (0,):  # NumPy makes floats of an empty list
        return array.astype(np.int64)
    if array.ndim != 1 or array.dtype.kind not in "iu":
        msg = f"{name} has shape {array.shape} and dtype {array.dtype}; one dimension of integers is needed"
        raise DataError(msg)
    if array.dtype == np.uint64 and array.max() > np.iinfo(np.int64).max:
        first = int(np.argmax(array > np.iinfo(np.int64).max))
        msg = f"{name} is {array[first]} at index {first}, which is beyond the largest int64"
        raise DataError(msg)
    return array.astype(np.int64, copy=False)


def numbers(name: str, values: ArrayLike) -> NDArray[np.float64]:
    """``values`` as float64 in one dimension; the same array if it is that already.

    Raises:
        DataError: if there is another number of dimensions, or a value is no number.
    """
    array = _array(name, values)
    if array.ndim != 1 or array.dtype.kind not in "fiu":
        msg = f"{name} has shape {array.shape} and dtype {array.dtype}; one dimension of numbers is needed"
        raise DataError(msg)
    return array.astype(np.float64, copy=False)


def _array(name: str, values: ArrayLike) -> NDArray[Any]:
    try:
        return np.asarray(values)
    except (ValueError, TypeError, OverflowError) as error:
        msg = f"{name} is no array: its rows have different lengths, or it holds what is no number"
        raise DataError(msg) from error


def check_range(name: str, numbers: NDArray[np.int64], end: int | None = None, of: str = "") -> None:
    """Check that the integers are 0 or more, and less than ``end``, the number of what they count (``of``).

    Raises:
        DataError: if one is not.
    """
    wrong = np.flatnonzero((numbers < 0) | (numbers >= (np.inf if end is None else end)))
    if len(wrong):
        allowed = "0 or more is needed" if end is None else f"there are {end} {of}"
        msg = f"{name} is {numbers[wrong[0]]} at index {wrong[0]}; {allowed}"
        raise DataError(msg)


def check_offsets(offsets: NDArray[np.int64], total: int) -> None:
    """Check that the offsets begin with 0, do not decrease and end with ``total``, the number of points.

    Raises:
        DataError: if they do not.
    """
    if len(offsets) == 0 or offsets[0] != 0:
        msg = "offsets do not begin with 0"
        raise DataError(msg)
    falls = np.flatnonzero(offsets[1:] < offsets[:-1])  # a difference may be beyond int64
    if len(falls):
        msg = f"offsets fall from {offsets[falls[0]]} to {offsets[falls[0] + 1]} at index {falls[0] + 1}"
        raise DataError(msg)
    if offsets[-1] != total:
        msg = f"offsets end at {offsets[-1]} but there are {total} points"
        raise DataError(msg)


def offsets_of(multiplicity: NDArray[Any]) -> NDArray[np.int64]:
    """int64 (N + 1,): 0 and the cumulative sums of the multiplicities (N,)."""
    return np.concatenate([[0], np.cumsum(multiplicity, dtype=np.int64)])
