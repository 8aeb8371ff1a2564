"""What each choice of mdma-flowmatch brings: one change of a preset at a time, judged on jets that are no test jets.

    python benchmarks/mdma_ablations.py [VARIANT ...] [--preset quick] [--steps N] [--dataset pythia-top30@small]

Every variant is trained with as many steps, those of the preset or --steps. Shown are the loss of the validation jets
(the same task only where summary, noise on it, coupling and times are the same), the scores of 10,000 generated jets
against train and validation jets together, the milliseconds of a step, and those of a generated jet. With --judge
also what the fast judge says, and the observables by which jets of ours are usually told. The test jets are
not looked at: this is where settings are chosen. Results are added to --out as they come (one JSON object a line), so
that several runs share one table.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import jetgen
from mdma_bench.ablating import Row, Variants, ablate
from mdma_bench.judging import judged, seen, shown, truth_to_choose_by

VARIANTS: Variants = {
    "as it is": {},
    "backbone epic": {"backbone": "epic"},
    "backbone transformer": {"backbone": "transformer"},
    "backbone transformer, 8 neighbours": {"backbone": "transformer", "neighbours": 8},
    "8 neighbours": {"neighbours": 8},
    "4 neighbours": {"neighbours": 4},
    "16 neighbours": {"neighbours": 16},
    "8 neighbours, 1 round": {"neighbours": 8, "neighbour_rounds": 1},
    "8 neighbours, 6 rounds": {"neighbours": 8, "neighbour_rounds": 6},
    "8 neighbours, messages of 16": {"neighbours": 8, "message_width": 16},
    "8 neighbours, messages of 64": {"neighbours": 8, "message_width": 64},
    "no coupling": {"coupling": 0.0},
    "half coupling": {"coupling": 0.5},
    "no summary": {"summary": False},
    "no feedback": {"feedback": False},
    "scalar momentum": {"summary_momentum": "scalar"},
    "no n": {"condition_on_size": False},
    "no n, no summary": {"condition_on_size": False, "summary": False},
    "no average": {"ema": 0.0},
    "no mirroring": {"mirroring": False},
    "no buckets": {"buckets": False},
    "times logit-normal": {"times": "logit-normal"},
    "times late": {"times": "late"},
    "box-cox": {"pt_transform": "boxcox"},
    "summary noise 0.05": {"summary_noise": 0.05},
    "width 32": {"width": 32},
    "width 96": {"width": 96},
    "4 blocks": {"blocks": 4},
    "16 heads": {"heads": 16},
    "rate 2e-3": {"learning_rate": 2e-3},
    "rate 8e-3": {"learning_rate": 8e-3},
    "half batch": {"batch_size": 128},
}


def run(name: str, options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Train one variant and judge it."""
    data = jetgen.dataset(options.dataset)
    steps = {} if options.steps is None else {"steps": options.steps}
    model = jetgen.generator("mdma-flowmatch", preset=options.preset, **{**steps, **VARIANTS[name]})
    start = time.perf_counter()
    report = model.fit(data, seed=seed)
    trained = time.perf_counter()
    fake = model.sample(options.jets, seed=seed)
    sampled = time.perf_counter()
    truth = truth_to_choose_by(data)
    return {
        "variant": name,
        "dataset": options.dataset,
        "preset": options.preset,
        "steps": model.settings.model_dump()["steps"],
        "seed": seed,
        "parameters": report.parameters,
        "loss": min(report.history["points/validation"]),
        "ms_step": (trained - start) / report.steps * 1e3,
        "ms_jet": (sampled - trained) / options.jets * 1e3,
        **judged(truth, fake, data.spec),
        **(seen(truth, fake, data.spec) if options.judge else {}),
    }


def show(row: Row) -> None:
    """One line of the table."""
    print(
        f"{row['variant']:28s} seed {row['seed']}  {row['parameters']:>9,}  loss {row['loss']:.4f}  "
        f"W1M {row['w1m'] * 1e3:.2f}e-3  W1P {row['w1p'] * 1e3:.2f}e-3  W1EFP {row['w1efp'] * 1e6:.0f}e-6  "
        f"sliced {row['sliced'] * 1e3:.0f}e-3  {row['ms_step']:.0f} ms a step, {row['ms_jet']:.2f} ms a jet"
        f"{shown(row)}",
        flush=True,
    )


if __name__ == "__main__":
    ablate(__doc__, VARIANTS, run, show)
