"""The settings of the baselines: there is nothing to set."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

from jetgen.api.settings import Settings
from jetgen.data.spec import CloudSpec
from jetgen.errors import UsageError

__all__ = ["CopySettings", "ReferenceSettings"]


class ReferenceSettings(Settings):
    """No fields; every preset is the same."""

    presets: ClassVar[Mapping[str, Mapping[str, Any]]] = {
        name: {} for name in ("tiny", "quick", "standard", "gpu", "full")
    }

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """Conditioning is matched by training clouds with the same or a near one, true events by their size alone."""
        if cloud_spec.given is not None and cloud_spec.conditioning:
            return "it resamples training clouds by their conditioning or by their true events, not by both"
        return None

    def require_fit(self, name: str, cloud_spec: CloudSpec) -> None:
        """Refuse clouds that the baseline called ``name`` does not fit.

        Raises:
            UsageError: with the reason.
        """
        reason = self.incompatibility(cloud_spec)
        if reason is not None:
            msg = f"{name} does not fit these clouds: {reason}"
            raise UsageError(msg)


class CopySettings(ReferenceSettings):
    """No fields; every preset is the same."""

    def incompatibility(self, cloud_spec: CloudSpec) -> str | None:
        """What is copied must be there: conditioning clouds that have all features, and no more points."""
        given = cloud_spec.given
        if given is None:
            return "it copies true events, and these clouds answer none"
        missing = [name for name in cloud_spec.names if name not in given.names]
        if missing:
            return f"it copies true events, which have no {', '.join(missing)}"
        if given.max_points > cloud_spec.max_points:
            return f"it copies true events of up to {given.max_points} points, and clouds have {cloud_spec.max_points}"
        return None
