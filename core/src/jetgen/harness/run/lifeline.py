"""The pipe by which a child knows that its parent lives: its end is the end of the parent, however that went."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable

__all__ = ["LIFELINE", "exit_with_parent"]

LIFELINE = "JETGEN_LIFELINE"
"""The environment variable that names the file descriptor of the pipe's read end."""


def exit_with_parent(on_death: Callable[[], None]) -> None:
    """Call ``on_death`` and end this process as soon as the parent is gone, however it went.

    Without a lifeline in the environment (a batch system started us) nothing happens.
    """
    name = os.environ.pop(LIFELINE, None)
    if name is None:
        return
    pipe = int(name)
    os.set_inheritable(pipe, False)  # noqa: FBT003 (os takes it by position alone)

    def wait() -> None:
        while os.read(pipe, 1):
            pass
        try:
            on_death()
        finally:
            os._exit(137)

    threading.Thread(target=wait, daemon=True, name="lifeline").start()
