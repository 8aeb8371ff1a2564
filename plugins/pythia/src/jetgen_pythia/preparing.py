"""Shards that a dataset needs are made where they are missing, with news of the progress."""

from __future__ import annotations

from collections.abc import Sequence

from jetgen.atomic import write_json
from jetgen.context import RunContext

from jetgen_pythia.pool import make_shards
from jetgen_pythia.recipe import definition
from jetgen_pythia.shards import SHARD, Shard

__all__ = ["prepare_shards"]


def prepare_shards(wanted: Sequence[Shard], ctx: RunContext) -> None:
    """Simulate the shards that are missing or damaged, in ``ctx.threads`` processes; what is there stays."""
    for folder, parton in {shard.home: shard.parton for shard in wanted}.items():
        if not (folder / "definition.json").exists():
            write_json(folder / "definition.json", {**definition(parton), "shard": SHARD})
    missing = [shard for shard in wanted if not shard.intact()]
    done = len(wanted) - len(missing)

    def tell() -> None:
        ctx.report("progress", done=done * SHARD, total=len(wanted) * SHARD, unit="jets")

    def ready() -> None:
        nonlocal done
        done += 1
        tell()

    tell()
    make_shards(missing, ctx.threads, ready)
