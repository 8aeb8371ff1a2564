"""A dataset whose truth is a trained flow: jets that look real, from a density that is known exactly."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any, Self, get_args

import numpy as np
from jetgen import Clouds, CloudSpec, Conditions, RunContext
from jetgen.api.protocols import Split
from jetgen.errors import DataError, UsageError, did_you_mean
from jetgen.io.content import content_digest
from jetgen.io.saved_model import read_card
from jetgen.io.shards import ShardedSource, ShardFile, definition_digest, write_definition, write_missing
from jetgen.system import cache_folder
from numpy.typing import NDArray
from scipy.special import chdtri

from jetgen_rqs_flow.spec import SURROGATE_SIZES

__all__ = ["RQSSurrogate"]

_RECIPE = 1  # increased by hand whenever a change of the code changes a jet of a given model
_SHARD = 1_000
_FILES = ("model.json", "weights.safetensors")
_AT_ONCE = 2_000
_UNLIKELY = 1e-6  # noise so far out that it is not what a jet came from


@dataclass(frozen=True)
class _Shard(ShardFile):
    """One shard of a stream of jets."""

    home: Path
    split: str
    index: int

    @property
    def size(self) -> int:
        """The number of jets in the file."""
        return _SHARD


class RQSSurrogate:
    """Jets drawn from a trained rqs-flow, in independent streams for the three splits.

    Another generator that learns them can be compared with the truth by density (``nll_excess``), and a classifier of
    the two by the best one that there is (arXiv:2511.15779).

    Arguments:
        size: a name in :data:`jetgen_rqs_flow.spec.SURROGATE_SIZES`.
        model: the folder of a saved rqs-flow of the design ``places``, trained on jets.

    Raises:
        UsageError: if there is no such size.
    """

    def __init__(self, size: str, *, model: str) -> None:
        if size not in SURROGATE_SIZES:
            known = f"{did_you_mean(size, SURROGATE_SIZES)}; use {', '.join(SURROGATE_SIZES)}"
            msg = f"rqs-surrogate has no size {size!r}{known}"
            raise UsageError(msg)
        self._folder = Path(model)
        self._counts = dict(zip(get_args(Split), SURROGATE_SIZES[size], strict=True))

    @classmethod
    def create(cls, size: str, **options: Any) -> Self:
        """The dataset of one size; nothing is read or sampled yet."""
        return cls(size, **options)

    @cached_property
    def spec(self) -> CloudSpec:
        """The meaning of the jets that the flow was trained on.

        Raises:
            DataError: if the folder does not hold a rqs-flow of the design ``places`` that was trained on jets.
        """
        card = read_card(self._folder)
        described, spec = card["generator"], CloudSpec.from_json(card["cloud_spec"])
        settings = described.get("settings")
        design = settings.get("design") if isinstance(settings, dict) else None
        if (described["name"], design, spec.kind) != ("rqs-flow", "places", "jets"):
            found = f"a {described['name']} of {spec.kind}" + (f" of design {design}" if design else "")
            msg = f"{self._folder} holds {found}; rqs-surrogate needs a rqs-flow of jets of design places"
            raise DataError(msg)
        return spec

    def recipe(self) -> Mapping[str, Any]:
        """What determines the jets: the weights of the flow, and how many are drawn.

        Raises:
            DataError: if the folder does not hold such a flow.
        """
        return {**self._definition, "shard": _SHARD, **self._counts}

    def prepare(self, ctx: RunContext) -> None:
        """Sample the shards that are missing or damaged; the others stay.

        Raises:
            DataError: if the folder does not hold such a flow.
            JetgenError: if the cache cannot be written.
        """
        wanted = [shard for split in self._counts for shard in self._shards(split)]
        write_definition(wanted[0].home, self._definition, _SHARD)
        write_missing(wanted, lambda shard: self._sampled(shard, ctx.threads), ctx, "jets")

    def load(self, split: Split) -> ShardedSource:
        """The jets of one split.

        Raises:
            UsageError: if there is no such split.
            DataError: if they were not prepared.
        """
        if split not in self._counts:
            msg = f"rqs-surrogate has no split {split!r}; use {', '.join(self._counts)}"
            raise UsageError(msg)
        return ShardedSource(self._shards(split), self._counts[split])

    def log_prob(self, clouds: Clouds) -> NDArray[np.float64]:
        """float64 (N,), the logarithm of the density of each jet, its particles in falling order of momentum."""
        blocks = [clouds[start : start + _AT_ONCE] for start in range(0, len(clouds), _AT_ONCE)]
        return np.concatenate([np.empty(0), *(self._model.log_prob(block, RunContext()) for block in blocks)])

    @cached_property
    def _model(self) -> Any:
        from jetgen_rqs_flow.generator import RQSFlow  # here, because a planner must not load torch

        return RQSFlow.load(self._folder, "cpu")

    @cached_property
    def _definition(self) -> Mapping[str, Any]:
        clouds = self.spec.to_json()  # first, so that another generator is refused before its files are read
        return {"recipe": _RECIPE, "clouds": clouds, **{name: content_digest(self._folder / name) for name in _FILES}}

    def _shards(self, split: str) -> list[_Shard]:
        home = cache_folder() / "rqs-surrogate" / definition_digest(self._definition, _SHARD)
        return [_Shard(home, split, index) for index in range(-(-self._counts[split] // _SHARD))]

    def _sampled(self, shard: _Shard, threads: int) -> Clouds:
        ctx = RunContext(threads=threads).at("split", shard.split).at("shard", shard.index)
        parts: list[Clouds] = []
        while sum(map(len, parts)) < _SHARD:
            jets = self._model.sample(Conditions(_SHARD), ctx.at("part", len(parts)))
            parts.append(jets[np.flatnonzero(self._recognised(jets))])
        return Clouds.concatenate(parts)[:_SHARD]

    def _recognised(self, jets: Clouds) -> NDArray[np.bool_]:
        """Whether the flow takes each jet back to noise that it could have come from.

        Single precision loses what a few jets with saturated numbers came from: of one in four thousand of ``quick``.
        Their density is not the one that they were drawn with, so that they are drawn anew.
        """
        import torch  # here, because a planner must not load it

        rows = self._model.preprocessing.rows(jets, np.random.default_rng(0), training=True)
        with torch.inference_mode():
            noise = self._model.trained().encode(rows["values"], rows["multiplicity"])
        squares = noise.double().square().sum(1).numpy().reshape(-1, len(jets)).min(0)  # of all mirror images
        numbers = jets.multiplicity * len(self.spec.features)
        return np.asarray(squares <= chdtri(np.maximum(numbers, 1), _UNLIKELY))
