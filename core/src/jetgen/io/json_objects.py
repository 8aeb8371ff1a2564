"""JSON that others wrote: an object of finite numbers, or one sentence."""

from __future__ import annotations

import hashlib
import json
import math
from pathlib import Path
from typing import Any, NoReturn

from jetgen.errors import DataError
from jetgen.io.reading import one_line, reading, require_file

__all__ = ["digest", "parse_object", "read_object"]

_LARGEST = 2**26  # bytes; the largest description of a model that is known has a hundredth of it


def digest(document: Any) -> str:
    """SHA-256 of the canonical JSON of ``document``: sorted keys, no spaces, no NaN.

    >>> digest({"a": 1, "b": [2.0]}) == digest({"b": [2.0], "a": 1})
    True
    """
    text = json.dumps(document, sort_keys=True, separators=(",", ":"), allow_nan=False)
    return hashlib.sha256(text.encode()).hexdigest()


def read_object(path: Path, what: str, remedy: str) -> dict[str, Any]:
    """The JSON object in a file.

    Arguments:
        what: what the file is, such as ``"description of a model"``.
        remedy: what to do if it is damaged.

    Raises:
        DataError: if the file cannot be read, or does not hold a JSON object.
    """
    with reading(path, what, remedy):
        if not path.exists():
            msg = f"{path} is not the {what}: there is no such file; {remedy}"
            raise DataError(msg)
        size = require_file(path)
        if size > _LARGEST:
            msg = f"the file has {size:,} bytes and is not the {what}; {remedy}"
            raise DataError(msg)
        text = path.read_bytes()
        try:
            return parse_object(text)
        except DataError as error:
            msg = f"{path} is not the {what} ({one_line(str(error))}); {remedy}"
            raise DataError(msg) from error


def parse_object(text: str | bytes) -> dict[str, Any]:
    """The JSON object in a text.

    Raises:
        DataError: if it is not JSON, holds NaN, infinity or a key twice, is nested too deep, or is not an object.

    >>> parse_object('{"n": 1}')
    {'n': 1}
    """
    try:
        text = text.encode() if isinstance(text, str) else text  # a surrogate is a byte that is no UTF-8
        found = json.loads(text, parse_constant=_refuse, parse_float=_finite, object_pairs_hook=_distinct)
    except RecursionError as error:
        msg = "its JSON is nested too deep"
        raise DataError(msg) from error
    except (ValueError, TypeError) as error:
        if isinstance(error, DataError):
            raise
        msg = f"it is not JSON: {error}"
        raise DataError(msg) from error
    if not isinstance(found, dict):
        msg = "it holds no JSON object"
        raise DataError(msg)
    return found


def _refuse(constant: str) -> NoReturn:
    msg = f"it holds {constant}, which is no number of JSON"
    raise DataError(msg)


def _finite(digits: str) -> float:
    number = float(digits)
    if not math.isfinite(number):
        msg = f"it holds {digits}, which is too large for a number"
        raise DataError(msg)
    return number


def _distinct(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        keys = [key for key, _ in pairs]
        msg = f"it holds the key {next(key for key in keys if keys.count(key) > 1)!r} twice"
        raise DataError(msg)
    return found
