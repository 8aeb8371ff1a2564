"""Train one preset with several seeds, one after the other, and keep the models: what `mdma_weights.py` packages.

    python benchmarks/mdma_training.py pythia-top30@medium OUT --preset standard --seeds 0 1 2

Nothing is scored here: `jetbench run -d pythia-top30@small --set mdma-flowmatch.weights=OUT/s0` does that, on test jets
that no training sees (a larger size of a dataset has other training jets, and begins with the same test jets). Beside
each model report.json says how long the training took. The same command goes on where it was stopped.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import jetgen
from jetgen.harness.planning.request import parse_overrides
from jetgen.harness.store.provenance import machine, versions


def train(generator: str, preset: str, changed: Mapping[str, Any], dataset: str, seed: int, folder: Path) -> None:
    """Train one model and save it in ``folder``, with a report; ``changed`` are settings other than the preset's."""
    data = jetgen.dataset(dataset)
    model = jetgen.generator(generator, preset=preset, **changed)
    started = time.perf_counter()
    report = model.fit(data, seed=seed, out=folder.with_suffix(".training"))
    told = {
        "generator": generator,
        "preset": preset,
        "dataset": dataset,
        "seed": seed,
        "parameters": report.parameters,
        "steps": report.steps,
        "fit_seconds": time.perf_counter() - started,
        "history": report.history,
        "provenance": {**machine(), "versions": versions("jetgen", f"jetgen-{generator}", "torch", "numpy")},
    }
    model.save(folder)
    (folder / "report.json").write_text(json.dumps(told, indent=1, default=str) + "\n", encoding="utf-8")
    print(f"{folder}: {report.steps} steps in {told['fit_seconds']:.0f} s", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("dataset")
    parser.add_argument("out", type=Path)
    parser.add_argument("--generator", default="mdma-flowmatch")
    parser.add_argument("--preset", default="standard")
    parser.add_argument("--set", action="append", default=[], metavar="GENERATOR.SETTING=VALUE")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0])
    options = parser.parse_args()
    changed = parse_overrides(options.set).get(options.generator, {})
    options.out.mkdir(parents=True, exist_ok=True)
    for seed in options.seeds:
        folder = options.out / f"s{seed}"
        if not (folder / "report.json").is_file():
            train(options.generator, options.preset, changed, options.dataset, seed, folder)


if __name__ == "__main__":
    main()
