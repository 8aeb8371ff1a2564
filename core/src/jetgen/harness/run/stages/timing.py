"""Timing: the generator's sampling and the simulator, in turn, by one process with one thread on one core."""

from __future__ import annotations

import os
from collections.abc import Callable
from statistics import median
from typing import Any

from jetgen.api.protocols import CloudSource, Generator
from jetgen.data.conditions import Conditions
from jetgen.harness.run.stages.cost import precision, seconds_by_batch, timed
from jetgen.harness.run.stages.stage_context import StageContext
from jetgen.harness.store.provenance import device_name

__all__ = ["timing"]

_BLOCKS = 3
_WARM_UP = 10
_BATCH_SHARE = 4  # blocks of the batch sizes are shorter: they are not compared with the simulator


def timing(stage: StageContext) -> dict[str, Any]:
    """Seconds per cloud of the generator, and of the simulator where there is one.

    Both are medians over blocks. The blocks of the two take turns on one core, so that the ratio is paired.
    """
    if hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    dataset = stage.dataset()
    model = stage.generator_class().load(stage.folder / "model", stage.cell.device)
    ours = _sampler(stage, model, dataset.load("test"))
    blocks: dict[str, Callable[[int], Any]] = {"generator": ours}
    if stage.cell.dataset.simulated:
        simulator: Any = dataset
        seed = stage.context.torch_seed("data") % 2**31
        blocks["simulator"] = lambda n: simulator.simulate(n, seed)
    stage.begin()
    target = stage.cell.block_seconds
    sizes = {name: _block_size(block, target) for name, block in blocks.items()}
    seconds: dict[str, list[float]] = {name: [] for name in blocks}
    for i in range(_BLOCKS):
        for name, block in blocks.items():
            seconds[name].append(_seconds(block, sizes[name]) / sizes[name])
        stage.context.report("progress", done=i + 1, total=_BLOCKS, unit="blocks")
    found: dict[str, Any] = {
        "device": device_name(stage.cell.device),
        "threads": stage.context.threads,
        "precision": precision(stage.folder / "model"),
        "clouds_per_block": sizes,
    }
    batches = seconds_by_batch(model, dataset.load("test"), stage.context, target / _BATCH_SHARE)
    found["seconds_by_batch"] = {str(n): value for n, value in batches.items()}
    found["generator_seconds"] = median(seconds["generator"])
    if "simulator" in seconds:
        found["simulator_seconds"] = median(seconds["simulator"])
        pairs = zip(seconds["simulator"], seconds["generator"], strict=True)
        found["ratio"] = median(theirs / mine for theirs, mine in pairs)
    return found


def _sampler(stage: StageContext, model: Generator, test: CloudSource) -> Callable[[int], Any]:
    context = stage.context.at("timing", 0)
    whole = Conditions.like(test[: len(test)])  # read and checked before the clock starts

    def draw(n: int) -> None:
        full, rest = divmod(n, whole.n)
        for _ in range(full):
            model.sample(whole, context)
        if rest:
            model.sample(whole[:rest], context)

    return draw


def _block_size(block: Callable[[int], Any], target: float) -> int:
    """How many clouds take about ``target`` seconds, after a warm-up that pays for what is paid once."""
    block(_WARM_UP)
    n = _WARM_UP
    while True:
        seconds = _seconds(block, n)
        if seconds > target / 4:
            return max(_WARM_UP, round(n * target / seconds))
        n *= 4


def _seconds(block: Callable[[int], Any], n: int) -> float:
    return timed(lambda: block(n))
