"""The errors that a user can correct. Each message is one sentence: what is wrong, where, and what to do.

Messages quote what others wrote; :func:`plain` makes that fit to be shown.
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable

__all__ = [
    "DataError",
    "JetgenError",
    "PluginError",
    "RunFolderError",
    "StorageError",
    "TrainingError",
    "UsageError",
    "did_you_mean",
    "plain",
]

_ESCAPE_SEQUENCE = re.compile(r"\x1b(\[[0-?]*[ -/]*[@-~]|\][^\x07\x1b]*(\x07|\x1b\\)?|.)?", re.DOTALL)
# Control characters but for tabs and line ends, marks that turn the direction of what follows, half characters.
_UNPRINTABLE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff]")
_LONGEST = 2000


def plain(text: str, longest: int = _LONGEST) -> str:
    r"""Text from outside that a terminal or a table can show: no escape sequences, no control characters, cut if long.

    >>> plain("\x1b[31mred\x1b[0m\x07"), plain("abcdef", 4)
    ('red\ufffd', 'abc…')
    """
    shown = _UNPRINTABLE.sub("\ufffd", _ESCAPE_SEQUENCE.sub("", text.replace("\r\n", "\n")))
    return shown if len(shown) <= longest else f"{shown[: longest - 1]}…"


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """A hint to append to a message: the nearest known name; empty if none is near.

    >>> did_you_mean("pythia-tpo30", ["pythia-top30", "pythia-w30"])
    ' (did you mean pythia-top30?)'
    """
    near = difflib.get_close_matches(name, list(known), n=1)
    return f" (did you mean {near[0]}?)" if near else ""


class JetgenError(Exception):
    """The base of all errors of jetgen; the command line shows them as one sentence, without a traceback."""

    exit_status = 1


class UsageError(JetgenError):
    """A name, an option or a setting that does not exist or has a wrong value."""

    exit_status = 2


class DataError(JetgenError, ValueError):
    """An array or a file with wrong contents: shape, values that are not finite, a missing mask, damage."""


class PluginError(JetgenError):
    """A plugin that cannot be used: broken, incompatible, duplicate or disabled."""


class RunFolderError(JetgenError):
    """A run folder that cannot be used: another format, not writable, in use by another run."""


class StorageError(JetgenError):
    """A file or folder that cannot be written: no space, no permission, or something else in its place."""


class TrainingError(JetgenError):
    """A training that cannot go on, for example because its loss is no longer finite."""
