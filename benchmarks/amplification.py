"""How many clouds of data a generator is worth, per cloud that it was trained on: the statistical amplification G.

python benchmarks/amplification.py camel [--samples 400] [--gans 40] [--out runs/amplification-camel]
python benchmarks/amplification.py jets --model rqs-flow [--model mdma-flowmatch] [--trainings 5] [--preset quick]
    [--set rqs-flow.steps=600] [--dataset pythia-top30@medium] [--n-train 5000] [--n-gen 50000]
    [--out runs/amplification]

`camel` repeats arXiv:2008.06545: two Gaussian humps, 100 points, and the masses of quantile bins. `jets` trains each
model on disjoint sets of fresh jets and compares the masses of bins with those of all other jets of the dataset, in
the whole space, in the bulk, and in the tails of mass and D2. Trainings stay in the folder --out: the same command
with more --trainings or another --model goes on there, and without a --model it only measures again. The formula is
in `amplifying/formula.py`, how to read it in docs/amplification.md. The number of threads is that of OMP_NUM_THREADS.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

from amplifying.camel import camel_rows
from amplifying.jets import Study, measured
from amplifying.report import draw, table
from jetgen.errors import JetgenError, UsageError
from jetgen.harness.planning.request import parse_overrides
from jetgen.io.atomic import make_folder, write_json, write_text


def main() -> None:
    """One of the two studies."""
    options = _options()
    try:
        rows, facts = camel(options) if options.study == "camel" else jets(options)
        make_folder(options.out)
        text = f"{table(rows)}\n\n{', '.join(f'{name} {value}' for name, value in facts.items())}"
        write_json(options.out / "amplification.json", {**facts, "rows": rows})
        write_text(options.out / "amplification.md", f"{text}\n")
        draw(rows, options.out / "amplification.png")
    except JetgenError as error:
        sys.exit(str(error))
    print(text)


def camel(options: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The camel back."""
    rows = camel_rows(options.samples, options.gans, options.quantiles, options.seed)
    return rows, {"study": "camel", "samples": options.samples, "gans": options.gans, "seed": options.seed}


def jets(options: argparse.Namespace) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """Trainings that are missing, then all that the folder has."""
    study = Study(options.out, options.dataset, options.n_train, options.n_gen, options.sets)
    settings = parse_overrides(options.set)
    if set(settings) - set(options.model):
        msg = f"--set is for {', '.join(sorted(set(settings) - set(options.model)))}, which no --model names"
        raise UsageError(msg)
    study.claim()
    for number in range(options.trainings):
        for model in options.model:
            if study.train(model, options.preset, settings.get(model, {}), number):
                print(f"{model}: training {number + 1} of {options.trainings}", flush=True)
    truth = len(study.truth())
    facts = {"study": "jets", "dataset": options.dataset, "n_train": options.n_train, "n_gen": options.n_gen}
    return measured(study, options.quantiles, options.seed), {**facts, "n_truth": truth}


def _at_least(least: int) -> Callable[[str], int]:
    """A number of an option that is not below ``least``."""

    def whole(text: str) -> int:
        number = int(text)
        if number < least:
            msg = f"{number} is too small; give {least} or more"
            raise argparse.ArgumentTypeError(msg)
        return number

    whole.__name__ = "whole number"  # what argparse calls it where the text is none
    return whole


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    studies = parser.add_subparsers(dest="study", required=True)
    one = studies.add_parser("camel", help="two Gaussian humps, 100 points")
    one.add_argument("--samples", type=_at_least(2), default=400, help="of 100 points, for all but the GAN")
    one.add_argument("--gans", type=_at_least(2), default=40, help="samples that a GAN is trained on")
    one.add_argument("--quantiles", type=_at_least(2), nargs="+", default=[10, 20, 50, 100])
    one.add_argument("--out", type=Path, default=Path("runs/amplification-camel"))
    two = studies.add_parser("jets", help="generators of jets")
    two.add_argument("--model", action="append", default=[], help="a generator; may be given more than once")
    two.add_argument("--preset", default="quick")
    two.add_argument("--set", action="append", default=[], metavar="MODEL.SETTING=VALUE")
    two.add_argument("--trainings", type=_at_least(1), default=5, help="each on a set of its own")
    two.add_argument("--sets", type=_at_least(2), default=5, help="training sets that are cut from the dataset")
    two.add_argument("--dataset", default="pythia-top30@medium")
    two.add_argument("--n-train", type=_at_least(10), default=5000, help="a fifth of them chooses the best weights")
    two.add_argument("--n-gen", type=_at_least(2), default=50_000, help="jets that each training generates")
    two.add_argument("--quantiles", type=_at_least(2), nargs="+", default=[10, 30, 100, 300])
    two.add_argument("--out", type=Path, default=Path("runs/amplification"))
    for study in (one, two):
        study.add_argument("--seed", type=_at_least(0), default=0)
    options = parser.parse_args()
    if options.study == "jets" and options.trainings > options.sets:
        parser.error(f"--trainings {options.trainings} needs as many --sets; there are {options.sets}")
    return options


if __name__ == "__main__":
    main()
