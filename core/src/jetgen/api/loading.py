"""Import the class that a spec points at."""

from __future__ import annotations

import importlib
from functools import reduce

from jetgen.errors import PluginError

__all__ = ["first_line", "load_target"]


def load_target(target: str) -> type:
    """Import the class at ``"package.module:Class"``.

    Raises:
        PluginError: if the text has another form, the import fails, or there is no class of that name.

    >>> load_target("jetgen.errors:PluginError").__name__
    'PluginError'
    """
    module, colon, path = target.partition(":")
    if not (module and colon and path):
        msg = f"the target {target!r} is not of the form package.module:Class"
        raise PluginError(msg)
    try:
        found: object = reduce(getattr, path.split("."), importlib.import_module(module))
    except (Exception, SystemExit) as error:  # a plugin may raise anything at import
        msg = f"{target} cannot be loaded: {first_line(error)}"
        raise PluginError(msg) from error
    if not isinstance(found, type):
        msg = f"{target} is not a class but {found!r}"
        raise PluginError(msg)
    return found


def first_line(error: BaseException) -> str:
    r"""The type of an error and the first line of its text.

    >>> first_line(ImportError("no module of that name\nand more"))
    'ImportError: no module of that name'
    """
    if isinstance(error, SystemExit):
        status, text = (error.code, "") if isinstance(error.code, int) else (int(bool(error.code)), error.code)
        return f"exited with status {status}" + (f": {text}" if text else "")
    try:
        text = str(error).strip()
    except Exception:  # noqa: BLE001 (the words of an error are code of its author)
        text = ""
    return f"{type(error).__name__}: {text.splitlines()[0]}" if text else type(error).__name__
