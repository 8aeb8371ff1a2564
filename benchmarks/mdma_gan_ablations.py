"""What each choice of mdma-gan brings: one change of a preset at a time, judged on jets that are no test jets.

    python benchmarks/mdma_gan_ablations.py [VARIANT ...] [--preset quick] [--steps N] [--dataset pythia-top30@small]

Every variant is trained with as many steps, those of the preset or --steps. Shown are the best composite score on the
validation jets (what chooses the weights; 1 is a floor), the scores of 10,000 generated jets against train and
validation jets together, the seconds of the training, and the microseconds of a generated jet. A variant whose training
collapses is a row that says so. The test jets are not looked at: this is where settings are chosen. Results are added
to --out as they come (one JSON object a line) with the history of the score, so that several runs share one table;
what stands there already is not run again.
"""

from __future__ import annotations

import argparse
import time
from collections.abc import Mapping
from typing import Any

import jetgen
from jetgen.errors import TrainingError
from mdma_bench.ablating import Row, Variants, ablate
from mdma_bench.judging import judged, truth_to_choose_by

_NO_PENALTY: Mapping[str, Any] = {"r1": 0.0, "r2": 0.0}

VARIANTS: Variants = {
    "as it is": {},
    "no summary": {"summary": False},
    "no average": {"ema": 0.0},
    "matching of clouds": {"matching": 1.0},
    "matching of clouds, first half": {"matching": 1.0, "matching_until": 750},
    "matching of means": {"matching": 1.0, "matching_of": "means"},
    "no buckets": {"buckets": False},
    "least squares, r1 5": {"loss": "lsgan", "r1": 5.0, "r2": 0.0},
    "least squares, no r1": {"loss": "lsgan", **_NO_PENALTY},
    "no r1, no r2": _NO_PENALTY,
    "r1 alone": {"r2": 0.0},
    "r1 and r2 of 0.3": {"r1": 0.3, "r2": 0.3},
    "r1 and r2 of 10": {"r1": 10.0, "r2": 10.0},
    "rows of length 1": {"critic_norm": "rows", **_NO_PENALTY},
    "spectral norm": {"critic_norm": "spectral", **_NO_PENALTY},
    "wgan-gp": {"loss": "wgan-gp", "critic_steps": 3, **_NO_PENALTY},
    "one time scale": {"critic_rate": 5e-4},
    "twice the rates": {"critic_rate": 2e-3, "learning_rate": 1e-3},
    "momentum": {"betas": (0.5, 0.99)},
    "gradients up to 10": {"clip": 10.0},
    "two critic steps": {"critic_steps": 2},
    "chosen by mass": {"validation_by": "mass"},
    "critic without summary": {"critic_summary": False},
    "no mirroring": {"mirroring": False},
    "no noise of the cloud": {"cloud_noise": 0},
    "noise of 8 a point": {"noise": 8},
    "box-cox": {"pt_transform": "boxcox"},
    "no input noise": {"input_noise": 0.0},
    "half batch": {"batch_size": 64},
    "width 16": {"width": 16, "hidden": 48, "critic_width": 16, "critic_hidden": 64},
    "width 64": {"width": 64, "hidden": 128, "critic_width": 64, "critic_hidden": 128},
    "as published, masked": {
        "summary": False,
        "loss": "lsgan",
        "critic_norm": "rows",
        "matching": 1.0,
        "ema": 0.0,
        "buckets": False,
        "critic_summary": False,
        "mirroring": False,
        "pt_transform": "boxcox",
        "validation_by": "mass",
        "learning_rate": 1e-3,
        "critic_rate": 1e-3,
        "clip": 1e6,
        **_NO_PENALTY,
    },
}


def run(name: str, options: argparse.Namespace, seed: int) -> dict[str, Any]:
    """Train one variant and judge it."""
    data = jetgen.dataset(options.dataset)
    steps = {} if options.steps is None else {"steps": options.steps}
    model = jetgen.generator("mdma-gan", preset=options.preset, **{**steps, **VARIANTS[name]})
    row = {"variant": name, "dataset": options.dataset, "preset": options.preset, "seed": seed}
    start = time.perf_counter()
    try:
        report = model.fit(data, seed=seed)
    except TrainingError as error:
        return {**row, "failure": str(error)}
    trained = time.perf_counter()
    fake = model.sample(options.jets, seed=seed)
    sampled = time.perf_counter()
    return {
        **row,
        "steps": report.steps,
        "parameters": report.parameters,
        "composite": min(report.history["gan/validation"]),
        "history": report.history["gan/validation"],
        "variety": report.history["kept/variety"][0],
        "fit_seconds": trained - start,
        "us_jet": (sampled - trained) / options.jets * 1e6,
        **judged(truth_to_choose_by(data), fake, data.spec),
    }


def show(row: Row) -> None:
    """One line of the table."""
    head = f"{row['variant']:30s} seed {row['seed']}  "
    if "failure" in row:
        print(head + row["failure"], flush=True)
        return
    print(
        f"{head}{row['parameters']:>8,}  composite {row['composite']:6.2f}  W1M {row['w1m'] * 1e3:5.2f}e-3  "
        f"W1P {row['w1p'] * 1e3:5.2f}e-3  W1EFP {row['w1efp'] * 1e6:4.0f}e-6  sliced {row['sliced'] * 1e3:4.0f}e-3  "
        f"{row['fit_seconds']:.0f} s of training, {row['us_jet']:.0f} us a jet",
        flush=True,
    )


if __name__ == "__main__":
    ablate(__doc__, VARIANTS, run, show)
