"""Scores of the shipped weights today, beside those on their cards and the floors: does a change of the code keep them?

    python benchmarks/shipped_scores.py [mdma-flowmatch mdma-gan] [--draws 5]

Nothing is trained. Each generator samples as many jets as there are test jets, once for each draw, with the settings of
sampling that its card names; the seeds are 0, 1, 2, ... Shown are mean and standard deviation over the draws, those on
the card, the floor on the card (truth against truth at these sizes), and the difference of the means in units of the
larger standard deviation of a draw. Two means of five draws rarely differ by 2 such units (3 of their own), so that a
larger difference is a change.

Exit status: 0 all scores kept, 1 one differs by more than 2 standard deviations of a draw.
"""

from __future__ import annotations

import argparse
import importlib
import json
import sys
from pathlib import Path
from typing import Any

import jetgen
import numpy as np
from jetgen.evaluation.scorer import Scorer
from jetgen.metrics.wasserstein import MomentumDistance
from mdma_bench.judging import METRICS

_METRICS = {**METRICS, "w1pt": MomentumDistance}
_UNITS = {"w1m": 1e-3, "w1p": 1e-3, "w1efp": 1e-6, "sliced": 1e-3, "w1pt": 1e-3}
_LARGEST = 2.0


def card(generator: str, weights: str) -> dict[str, Any]:
    """The card of shipped weights."""
    package = importlib.import_module(f"jetgen_{generator.replace('-', '_')}")
    file = Path(str(package.__file__)).parent / "weights" / weights / "card.json"
    found: dict[str, Any] = json.loads(file.read_text(encoding="utf-8"))
    return found


def scores(generator: str, options: argparse.Namespace, sampling: dict[str, Any]) -> dict[str, list[float]]:
    """The value of each draw, by metric."""
    data, context = jetgen.dataset(options.dataset), jetgen.MetricContext(seed=1)
    model = jetgen.generator(generator, weights=options.weights, **sampling)
    truth = data.test[: len(data.test)]
    fakes = [model.sample(len(truth), seed=draw) for draw in range(options.draws)]
    found = {}
    for name, cls in _METRICS.items():
        scorer = Scorer(cls.create(data.spec))
        real = scorer.featurise(truth, context)
        found[name] = [scorer.compare(real, scorer.featurise(fake, context), context).value for fake in fakes]
    return found


def show(generator: str, found: dict[str, list[float]], known: dict[str, Any]) -> bool:
    """Print the table of one generator; whether every score is kept."""
    kept = True
    for name, values in found.items():
        unit, mean, spread = _UNITS[name], float(np.mean(values)), float(np.std(values, ddof=1))
        line = f"{generator:15s} {name:7s} {mean / unit:7.3f} ± {spread / unit:.3f}"
        if name in known:
            one = known[name]
            off = (mean - one["mean"]) / max(spread, one["spread"])
            kept = kept and abs(off) <= _LARGEST
            line += f"   card {one['mean'] / unit:7.3f} ± {one['spread'] / unit:.3f}   floor {one['floor'] / unit:7.3f}"
            line += f"   differs by {off:+.2f} standard deviations"
        print(f"{line}   (in {unit:g})", flush=True)
    return kept


def main() -> int:
    """Score all generators that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("generators", nargs="*", default=["mdma-flowmatch", "mdma-gan"], metavar="GENERATOR")
    parser.add_argument("--weights", default="pythia-top30", help="the name of the weights [pythia-top30]")
    parser.add_argument("--dataset", default="pythia-top30@small", help="[pythia-top30@small], as on the cards")
    parser.add_argument("--draws", type=int, default=5, help="at least 2 [5]")
    options = parser.parse_args()
    if options.draws < 2:
        parser.error("a standard deviation needs --draws 2 or more")
    kept = []
    for generator in options.generators:
        known = card(generator, options.weights)
        kept.append(show(generator, scores(generator, options, known["sampling"]), known["scores"]))
    return 0 if all(kept) else 1


if __name__ == "__main__":
    sys.exit(main())
