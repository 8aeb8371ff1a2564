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
        """Conditioning is matched by training clouds with the same or a near one; conditioning clouds never repeat."""
        if cloud_spec.given is not None:
            return "it resamples training clouds, which cannot match conditioning clouds"
        return None
