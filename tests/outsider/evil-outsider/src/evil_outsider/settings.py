"""Settings of every evil."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jetgen.api.settings import Settings

__all__ = ["EvilSettings"]


class EvilSettings(Settings):
    """``most_gb`` is where the memory filler gives up with a MemoryError, so that the machine of the tests survives."""

    most_gb: float = 8.0

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        "tiny": {},
        "quick": {},
        "standard": {},
        "gpu": {},
        "full": {},
    }
