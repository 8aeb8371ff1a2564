"""How many answers to true events the models give a second, on one core: fifty to each event, and one to each.

What the model sees of an event is shared by its answers, so those to many events cost more. Weights do not matter for
speed: each model is trained for 20 steps.

    python benchmarks/answer_speed.py
"""

from __future__ import annotations

import os

os.environ["OMP_NUM_THREADS"] = "1"  # before NumPy and torch count the cores

import argparse
import time
from statistics import median

import jetgen
import numpy as np
from jetgen import Clouds, Conditions

_MODELS = ("copy", "slot", "cvae")


def main() -> None:
    """Print the table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="tracks-stochastic@small")
    parser.add_argument("--repeats", type=int, default=7, help="the median counts")
    asked = parser.parse_args()
    data = jetgen.dataset(asked.dataset)
    clouds = data.train[: len(data.train)]
    requests = {"many to each event": clouds[:20_000], "one to each event": _one_each(clouds)}
    print(f"{'model':6}", *(f"{name + ', ' + format(len(clouds), ','):>28}" for name, clouds in requests.items()))
    for name in _MODELS:
        model = jetgen.generator("cvae-slot-attention", model=name, steps=20)
        model.fit(data)
        rates = [_rate(model, clouds, asked.repeats) for clouds in requests.values()]
        print(f"{name:6}", *(f"{rate:26,.0f}/s" for rate in rates))


def _one_each(clouds: Clouds) -> Clouds:
    """The first answer to each event."""
    assert clouds.event is not None
    return clouds[np.unique(clouds.event, return_index=True)[1]]


def _rate(model: jetgen.GeneratorHandle, clouds: Clouds, repeats: int) -> float:
    """Answers a second."""
    conditions, times = Conditions.like(clouds), []
    for seed in range(repeats + 1):  # the first one warms up
        start = time.perf_counter()
        model.sample(len(clouds), seed=seed, conditions=conditions)
        times.append(time.perf_counter() - start)
    return len(clouds) / median(times[1:])


if __name__ == "__main__":
    main()
