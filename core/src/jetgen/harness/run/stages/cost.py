"""The time that a trained generator takes to sample one cloud, by batch size."""

from __future__ import annotations

import importlib.util
import time
from collections.abc import Callable
from pathlib import Path
from statistics import median

from jetgen.api.context import RunContext
from jetgen.api.metric import CloudMetric, Measurement
from jetgen.api.protocols import CloudSource, Generator, MetricContext
from jetgen.data.clouds import Clouds
from jetgen.data.conditions import Conditions
from jetgen.errors import DataError

__all__ = ["BATCHES", "SamplingCost", "precision", "seconds_by_batch", "timed"]

BATCHES = (1, 100, 10_000)
"""Batch sizes: the numbers of clouds of one call of ``sample``."""

_REPEATS = 3
_FORMATS = {"F64": "float64", "F32": "float32", "F16": "float16", "BF16": "bfloat16"}
_PATIENCE = 20.0  # a batch that would take longer than this many blocks is left out


class SamplingCost(CloudMetric):
    """``cost``: microseconds per cloud of a trained generator, in the largest batch that was timed.

    The sampler is warmed up, and its result is a NumPy array, so a device has finished when the clock stops. The time
    includes drawing multiplicities and inverting all scaling. The components ``cost_batch_1``, ``cost_batch_100`` and
    ``cost_batch_10000`` are for 1, 100 and 10,000 clouds in one call.

    In a run the timing stage measures this on one core, in turn with the simulator, and the cost table shows it beside
    training time, memory and break-even. Outside a run, set ``MetricContext(model=...)``; other load of the machine
    is then part of the result.
    """

    def compute(self, real: Clouds, fake: Clouds, ctx: MetricContext) -> Measurement:
        """Microseconds per cloud under the conditions of ``real``; ``fake`` is not used.

        Raises:
            DataError: if there is no model or no true cloud.
        """
        del fake
        if ctx.model is None or len(real) == 0:
            msg = "cost needs a trained generator and the conditions of true clouds; one of them is missing"
            raise DataError(msg)
        found = {n: 1e6 * seconds for n, seconds in seconds_by_batch(ctx.model, real, ctx, block=1.0).items()}
        return Measurement(found[max(found)], {f"cost_batch_{n}": value for n, value in found.items()})


def seconds_by_batch(model: Generator, test: CloudSource, ctx: RunContext, block: float) -> dict[int, float]:
    """Seconds per cloud by the number of clouds of one call, as medians over blocks of about ``block`` seconds.

    Arguments:
        model: the trained generator.
        test: true clouds, whose conditions are used; batch sizes are limited to their number.
        ctx: seeds and device.
        block: seconds; a batch size whose blocks would take much longer is left out.
    """
    context = ctx.at("timing", "batches")
    found: dict[int, float] = {}
    whole = Conditions.like(test[: max(BATCHES)])
    for size in dict.fromkeys(min(n, len(test)) for n in BATCHES):
        conditions = whole[:size]

        def call(conditions: Conditions = conditions) -> None:
            model.sample(conditions, context)

        # A call costs something whatever its size, so one cloud tells nothing of a hundred; a hundred tell of more.
        if max(found, default=1) > 1 and size * found[max(found)] > _PATIENCE * block:
            break
        once = timed(call)  # the first call is the warm-up and says how many fill a block
        calls = max(1, min(round(block / once), 10_000)) if once > 0 else 10_000
        found[size] = median(timed(call, calls) for _ in range(_REPEATS)) / (calls * size)
    return found


def timed(call: Callable[[], None], calls: int = 1) -> float:
    """Seconds that one or more calls take."""
    start = time.perf_counter()
    for _ in range(calls):
        call()
    return time.perf_counter() - start


def precision(folder: Path) -> str | None:
    """The number formats of the weights that a model folder keeps as safetensors; None if it keeps none.

    >>> precision(Path("nowhere")) is None
    True
    """
    files = sorted(folder.rglob("*.safetensors"))
    if not files or importlib.util.find_spec("safetensors") is None:
        return None
    return ", ".join(sorted({name for path in files for name in _formats(path)})) or None


def _formats(path: Path) -> set[str]:
    """The floating-point formats in the header of a file; empty if it is damaged."""
    from safetensors import SafetensorError, safe_open

    try:
        with safe_open(path, framework="numpy") as file:
            found = {file.get_slice(key).get_dtype() for key in file.keys()}  # noqa: SIM118 (it is no mapping)
    except (OSError, SafetensorError):
        return set()
    return {_FORMATS[name] for name in found if name in _FORMATS}
