"""What a notebook or a script uses: datasets, generators, evaluations and runs by name."""

from __future__ import annotations

from jetgen.notebook.datasets import DatasetHandle, dataset
from jetgen.notebook.generators import GeneratorHandle, generator, load

__all__ = ["DatasetHandle", "GeneratorHandle", "dataset", "generator", "load"]
