"""The flow-matching network of MDMA beside its published form: multi-head attention on batches padded to 150.

    python benchmarks/mdma.py [forward step scaling quality] [--quick] [--out mdma.json]

forward, step  The published configuration (2,345,091 parameters) in the published form and in ours, which is the same
               function: factored attention of one query, linear maps merged where nothing stands between them, batches
               of clouds of similar size. The weights are the same, and outputs that differ by more than 1e-4 stop the
               run. "published, sorted" and "full, padded" show what each of the two ideas brings; the networks of our
               presets, which are others, stand beside them. The jets have the multiplicities of the test jets of
               pythia-top150, and every form sees all of them once in a round, in turns; sorting and putting back are
               timed. A step is forward, backward, clipping and AdamW; every form makes the same number of them.
scaling        Seconds and peak memory of a cloud of n points, for each backbone; fitted exponents.
quality        Presets trained, sampled, judged and timed by the harness (`jetbench run` into --run, which resumes):
               scores over seeds and draws beside their floors, and the speed-up over the simulator on one core. Hours
               for `standard`; --generator, --presets, --datasets, --seeds and --metrics choose. With --weights
               (folders that mdma_training.py wrote, one for each seed) nothing is trained.

Claimed: forward at least 8 times as fast, a step 4 times; cost growing with n to the power 1.05 at most, 1.1 with
neighbours, memory along a straight line; sampling at least 20 times as fast as the simulator; `quick` W1M below 5e-3
and W1P below 2e-3; `standard` W1M at most twice its floor, W1P and W1EFP 1.5 times. Exit status: 0 all claims met, 1
one missed.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections.abc import Callable
from pathlib import Path

from mdma_bench.multiplicities import clouds, multiplicities
from mdma_bench.networks import LINEAR, factories
from mdma_bench.outcome import Outcome
from mdma_bench.quality import TARGETS, Asked, quality_case
from mdma_bench.scaling import SIZES, scaling_case
from mdma_bench.speed import forward_case, step_case


def _forward(options: argparse.Namespace) -> Outcome:
    data = clouds(multiplicities(options.jets))
    return forward_case(data, options.batches, rounds=options.rounds, threads=options.threads, target=8.0)


def _step(options: argparse.Namespace) -> Outcome:
    data = clouds(multiplicities(options.jets))
    return step_case(data, options.step_batch, rounds=options.rounds, threads=options.threads, target=4.0)


def _scaling(options: argparse.Namespace) -> Outcome:
    chosen = {name: make for name, make in factories().items() if options.networks is None or name in options.networks}
    return scaling_case(chosen, LINEAR, options.sizes, rounds=options.rounds, threads=options.threads)


def _quality(options: argparse.Namespace) -> Outcome:
    names = ("generator", "presets", "datasets", "seeds", "weights", "jobs", "metrics")
    return quality_case(options.run, Asked(**{name: getattr(options, name) for name in names}))


CASES: dict[str, Callable[[argparse.Namespace], Outcome]] = {
    "forward": _forward,
    "step": _step,
    "scaling": _scaling,
    "quality": _quality,
}


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("cases", nargs="*", metavar="CASE", help=f"of {', '.join(CASES)} [all]")
    parser.add_argument("--quick", action="store_true", help="256 jets, clouds up to 1,000 points, two rounds")
    parser.add_argument("--jets", type=int, help="[2048]")
    parser.add_argument("--batches", type=int, nargs="+", default=[64, 256], help="the fastest of them counts, forward")
    parser.add_argument("--step-batch", type=int, default=128, help="jets of a training step")
    parser.add_argument("--sizes", type=int, nargs="+", help="points of a cloud [30 100 300 1000 3000 6000]")
    parser.add_argument("--networks", nargs="+", choices=sorted(factories()), help="only these, scaling")
    parser.add_argument("--rounds", type=int, help="[5]")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--generator", choices=sorted(TARGETS), default="mdma-flowmatch", help="quality")
    parser.add_argument("--weights", type=Path, nargs="+", default=(), help="judge these models, quality")
    parser.add_argument("--presets", nargs="+", default=["quick"], help="quality [quick]")
    parser.add_argument("--datasets", nargs="+", default=["pythia-top30@small"], help="quality [pythia-top30@small]")
    parser.add_argument("--seeds", type=int, default=3, help="quality [3]")
    parser.add_argument("--jobs", type=int, default=1, help="cells at a time, quality [1]")
    parser.add_argument("--metrics", nargs="+", default=["standard"], help="quality [standard]")
    parser.add_argument("--run", type=Path, default=Path("mdma-quality"), help="the run folder, quality [mdma-quality]")
    parser.add_argument("--out", type=Path, help="a JSON file with all of it")
    options = parser.parse_args()
    unknown = set(options.cases) - set(CASES)
    if unknown:
        parser.error(f"there is no case {', '.join(sorted(unknown))}; the cases are {', '.join(CASES)}")
    usual = (256, [30, 100, 300, 1000], 2) if options.quick else (2048, list(SIZES), 5)
    for name, value in zip(("jets", "sizes", "rounds"), usual, strict=True):
        if getattr(options, name) is None:
            setattr(options, name, value)
    return options


def main() -> int:
    """Run the cases."""
    options = _options()
    print(f"{os.cpu_count()} cores, {options.threads} threads, load before: {os.getloadavg()[0]:.1f}")
    outcomes = {}
    for name in options.cases or CASES:
        print(f"{name}:", flush=True)
        outcomes[name] = CASES[name](options)
        for claim in outcomes[name].claims:
            print(f"  {claim}", flush=True)
    if options.out:
        document = {name: outcome.document() for name, outcome in outcomes.items()}
        options.out.write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    return 0 if all(claim.met for outcome in outcomes.values() for claim in outcome.claims) else 1


if __name__ == "__main__":
    sys.exit(main())
