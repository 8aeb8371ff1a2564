"""The settings of the baselines: there is nothing to set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jetgen.api.settings import Settings
from jetgen.data.spec import CloudSpec

__all__ = ["ReferenceSettings"]


class ReferenceSettings(Settings):
    """No fields; every preset is the same."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {} for name in ("tiny", "quick", "standard", "gpu", "full")
    }

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Training clouds answer their conditioning or one near it, but no given set is met twice."""
        if cloud_spec.given is not None:
            return "it resamples training clouds, which cannot answer a given set"
        return None
