"""Wall time of every metric: one score of 10,000 against 10,000 jets, and its floor.

python benchmarks/metric_times.py [--dataset pythia-top30@small] [--metrics standard] [--no-floor]

What is judged are the training jets, smeared a little; the time does not depend on it. A metric that measures each
jet once does so for the truth, for the sample and for the pool of the floor. The first use of a library is in it.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any, cast

import jetgen
import numpy as np
from jetgen.evaluation.choice import chosen_metrics, inapplicable
from jetgen.evaluation.floors import floor_draws
from jetgen.evaluation.scorer import Scorer
from jetgen.metrics.distortions import DISTORTIONS
from jetgen.registry import discover, load_target


def main() -> None:
    """Print a line of a Markdown table for each metric as soon as it is known."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--metrics", nargs="*", default=["all"], help="names, or standard, slow, all")
    parser.add_argument("--no-floor", action="store_true")
    parser.add_argument("--threads", type=int, default=os.cpu_count())
    options = parser.parse_args()
    data = jetgen.dataset(options.dataset)
    test, train, val = (source[: len(source)] for source in (data.test, data.train, data.val))
    fake = DISTORTIONS["smear"].apply(train[: len(test)], data.spec, np.random.default_rng(0))
    pool = jetgen.Clouds.concatenate([test, val, train])
    print(f"{len(fake):,} against {len(test):,} clouds of {options.dataset}, {options.threads} threads\n")
    print("| metric | tier | value | score, s | floor, s | splits |\n|---|---|---:|---:|---:|---:|")
    for plugin, _ in chosen_metrics(discover(), options.metrics):
        spec = cast("jetgen.MetricSpec", plugin.spec)
        if "model" in spec.needs or inapplicable(spec, data.spec):
            continue
        ctx = jetgen.MetricContext(threads=options.threads, train=data.train if "train" in spec.needs else None)
        scorer = Scorer(cast("Any", load_target(spec.target)).create(data.spec))
        start = time.perf_counter()
        value = scorer.score(test, fake, ctx).value
        scored = time.perf_counter() - start
        floor = "–"
        if not options.no_floor:
            truth = jetgen.Clouds.concatenate([test, val]) if "train" in spec.needs else pool
            start = time.perf_counter()
            floor_draws(scorer, truth, len(test), len(fake), spec.floor_draws, ctx)
            floor = f"{time.perf_counter() - start:.1f}"
        splits = spec.floor_draws
        print(f"| `{spec.name}` | {spec.tier} | {value:.4g} | {scored:.2f} | {floor} | {splits} |", flush=True)


if __name__ == "__main__":
    main()
