"""A target that cannot be imported."""

from __future__ import annotations

message = "the evil target cannot be imported"
raise RuntimeError(message)
