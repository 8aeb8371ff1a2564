"""What every metric of ours starts from."""

from __future__ import annotations

from typing import Self

from jetgen.cloud_spec import CloudSpec

__all__ = ["CloudMetric"]


class CloudMetric:
    """It remembers what the clouds mean."""

    def __init__(self, cloud_spec: CloudSpec) -> None:
        self.cloud_spec = cloud_spec

    @classmethod
    def create(cls, cloud_spec: CloudSpec) -> Self:
        """The metric for clouds of this meaning."""
        return cls(cloud_spec)
