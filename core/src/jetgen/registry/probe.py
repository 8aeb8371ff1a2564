"""The probing child: load entry points one after the other, and report each on a channel of its own.

Started by :mod:`jetgen.registry.probing` as ``python -m jetgen.registry.probe DESCRIPTOR`` with the entry points as
JSON on standard input. Standard output is not the channel, because a plugin may write to it.
"""

from __future__ import annotations

import faulthandler
import json
import os
import sys
import traceback
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jetgen.api.loading import first_line, load_target
from jetgen.api.specs import API_VERSION, GeneratorSpec
from jetgen.errors import JetgenError, PluginError
from jetgen.registry.plugin import SPEC_TYPES, Entry, State

__all__ = ["main", "report"]


def main() -> None:
    """Say that the child is ready, then answer for each entry point in order, one line of JSON each."""
    channel = int(sys.argv[1])
    os.set_inheritable(channel, False)  # noqa: FBT003 (it takes no keywords)
    faulthandler.enable()
    request = json.load(sys.stdin)
    entries = [Entry(**entry) for entry in request["entries"]]
    if any(entry.group != "hooks" for entry in entries):
        import jetgen.api.settings
        import jetgen.registry.validation  # noqa: F401 (so that pydantic's own time is not charged to a plugin)
    _say(channel, {"ready": True})
    for entry in entries:
        _say(channel, report(entry, deep=request["deep"]))


def report(entry: Entry, *, deep: bool) -> dict[str, Any]:
    """State, reason, spec and presets of one entry point as JSON; if ``deep``, its target is imported as well."""
    try:
        return _examined(entry, deep=deep)
    except BaseException as error:  # noqa: BLE001 (whatever a plugin raises is what is to be reported)
        reason = str(error) if isinstance(error, JetgenError) else first_line(error)
        cause = error.__cause__ or error
        text = "".join(traceback.format_exception(cause))
        return {"state": State.BROKEN, "reason": reason, "traceback": text, "files": _files(cause)}


def _files(error: BaseException) -> list[str]:
    """The source files that may have to do with an error: of what was imported, and of where it was raised."""
    found = {getattr(module, "__file__", None) for module in list(sys.modules.values())}
    chain: BaseException | None = error
    while chain is not None:
        found.update(frame.filename for frame in traceback.extract_tb(chain.__traceback__))
        found.add(chain.filename if isinstance(chain, SyntaxError) else None)
        chain = chain.__cause__ or chain.__context__
    return sorted(name for name in found if isinstance(name, str) and Path(name).is_file())


def _examined(entry: Entry, *, deep: bool) -> dict[str, Any]:
    found = EntryPoint(name=entry.name, value=entry.value, group=entry.group).load()
    if entry.group == "hooks":
        return {"state": State.OK}
    wanted = SPEC_TYPES[entry.group]
    if not isinstance(found, wanted):
        return _broken(f"{entry.value} is a {type(found).__name__}, not a {wanted.__name__}")
    if found.api_version != API_VERSION:
        reason = f"it speaks api version {found.api_version}, this jetgen speaks {API_VERSION}"
        return {"state": State.INCOMPATIBLE, "reason": reason}
    if found.name != entry.name:
        return _broken(f"its spec is called {found.name!r}, its entry point {entry.name!r}")
    from jetgen.registry.validation import validated

    try:
        spec, document = validated(entry.group, found)
        presets = _presets(spec) if isinstance(spec, GeneratorSpec) else []
    except (TypeError, ValueError) as error:
        return _broken(str(error))
    if deep:
        load_target(spec.target)
    return {"state": State.OK, "spec": document, "presets": presets}


def _presets(spec: GeneratorSpec) -> list[str]:
    """Every preset is resolved once, so that a wrong one is known before anybody asks for it."""
    from jetgen.api.settings import Settings, resolve
    from jetgen.registry.validation import require_legal

    cls = load_target(spec.settings)
    if not issubclass(cls, Settings):
        msg = f"{spec.settings} is not a subclass of jetgen.Settings"
        raise PluginError(msg)
    for preset in cls.presets:
        require_legal("the preset", preset)
        resolve(cls, spec.name, preset)
    return list(cls.presets)


def _broken(reason: str) -> dict[str, Any]:
    return {"state": State.BROKEN, "reason": reason}


def _say(channel: int, document: dict[str, Any]) -> None:
    line = json.dumps(document).encode() + b"\n"
    while line:
        line = line[os.write(channel, line) :]


if __name__ == "__main__":
    main()
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)  # threads and exit handlers that plugins left behind must not hold the child
