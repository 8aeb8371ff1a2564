"""Clouds as jagged arrays of awkward and as tensors of torch, and back."""

from __future__ import annotations

import importlib
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from jetgen.errors import DataError, UsageError

if TYPE_CHECKING:
    from jetgen.data.clouds import Clouds

__all__ = ["awkward_of", "columns_of", "tensors_of"]


def awkward_of(clouds: Clouds, names: Sequence[str]) -> Any:
    """A jagged array of records, one for each point, with a field for each feature.

    Raises:
        UsageError: if awkward is not installed.
        DataError: if there is not one name for each feature.
    """
    if len(names) != clouds.n_features or len(set(names)) != len(names):
        msg = f"{clouds.n_features} features need as many names, not {', '.join(names) or 'none'}"
        raise DataError(msg)
    ak = _library("awkward")
    # Arrow, and so Parquet, takes contiguous columns only.
    flat = ak.zip({name: np.ascontiguousarray(clouds.points[:, i]) for i, name in enumerate(names)})
    return ak.unflatten(flat, clouds.multiplicity)


def columns_of(array: Any, names: Sequence[str] | None, first: int = 0) -> tuple[Any, Any]:
    """The points (total, F) and the multiplicities (N,) of a jagged array of records.

    Arguments:
        names: the fields to read; None for all.
        first: the row of the first cloud of the array in the whole, for messages.

    Raises:
        UsageError: if awkward is not installed.
        DataError: if the array has no such fields, or their lists differ in length.
    """
    ak = _library("awkward")
    fields = list(ak.fields(array))
    names = fields if names is None else list(names)
    missing = [name for name in names if name not in fields]
    if missing or not names:
        msg = f"the array has no field {', '.join(missing) or 'at all'}; it has {', '.join(fields) or 'none'}"
        raise DataError(msg)
    columns = [array[name] for name in names]
    sizes = [np.asarray(ak.num(column, axis=1)) for column in columns]
    for name, other in zip(names, sizes, strict=True):
        wrong = np.flatnonzero(other != sizes[0])
        if len(wrong):
            row = wrong[0]
            each = f"{name} has {other[row]} values in row {first + row} and {names[0]} has {sizes[0][row]}"
            msg = f"{each}; one point has both"
            raise DataError(msg)
    return np.stack([np.asarray(ak.flatten(column, axis=1)) for column in columns], axis=1), sizes[0]


def tensors_of(clouds: Clouds, size: int | None) -> tuple[Any, Any]:
    """The padded points (N, P, F) and the mask (N, P) as tensors.

    Raises:
        UsageError: if torch is not installed.
    """
    torch = _library("torch")
    points, mask = clouds.padded(size)
    return torch.from_numpy(points), torch.from_numpy(mask)


def _library(name: str) -> Any:
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        msg = f"{name} is not installed: pip install {name}"
        raise UsageError(msg) from error
