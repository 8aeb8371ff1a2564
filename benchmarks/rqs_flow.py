"""Quality of the rqs-flow generator on held-out jets, with the distance of true training jets beside it.

python benchmarks/rqs_flow.py [--preset quick] [--dataset pythia-top30@small] [--seeds 3] [--draws 5]
"""

from __future__ import annotations

import argparse
import time

import jetgen
import numpy as np
import torch
from jetgen.metrics.wasserstein import FeatureDistance, MassDistance


def distances(real: jetgen.Clouds, fake: jetgen.Clouds, spec: jetgen.CloudSpec) -> dict[str, float]:
    """W1M, W1P and its components."""
    context = jetgen.MetricContext()
    mass = MassDistance.create(spec).compute(real, fake, context)
    features = FeatureDistance.create(spec).compute(real, fake, context)
    return {**mass.named("w1m"), **features.named("w1p")}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--preset", default="quick")
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--draws", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    data = jetgen.dataset(options.dataset)
    train, test = data.train[: len(data.train)], data.test[: len(data.test)]
    size = min(len(train), len(test))
    print("values in units of 1e-3")
    show("training jets", [distances(test[:size], train[:size], data.spec)], "")
    for seed in range(options.seeds):
        flow = jetgen.generator("rqs-flow", preset=options.preset)
        start = time.perf_counter()
        report = flow.fit(data, seed=seed)
        trained = time.perf_counter()
        samples = [flow.sample(len(test), seed=draw) for draw in range(options.draws)]
        speed = (time.perf_counter() - trained) / (options.draws * len(test)) * 1e6
        facts = f"{report.parameters} parameters, {trained - start:.0f} s of training, {speed:.0f} us per jet"
        show(f"seed {seed}", [distances(test, fake, data.spec) for fake in samples], facts)


def show(label: str, scores: list[dict[str, float]], facts: str) -> None:
    """Mean and spread over the draws."""
    columns = {name: np.asarray([score[name] for score in scores]) * 1e3 for name in scores[0]}
    values = "  ".join(f"{name} {column.mean():.2f}±{column.std():.2f}" for name, column in columns.items())
    print(f"{label:14s} {values}  {facts}", flush=True)


if __name__ == "__main__":
    main()
