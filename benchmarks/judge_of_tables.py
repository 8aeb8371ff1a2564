"""What the classifier test finds on tables, beside what could be found: two models whose densities are exact.

python benchmarks/judge_of_tables.py TRUTH MODEL [MODEL ...] [--rows 50000] [--judges c2st_fast c2st]

TRUTH and MODEL are folders of saved flows that learnt the same table, such as RUN/cells/ID/model. Rows of TRUTH take
the place of the truth. The best classifier there is orders rows by the ratio of the two densities: its AUC is the
optimum, and the mean of the logarithm over rows of TRUTH is the divergence between the two in nats. Over rows of MODEL
the mean of the ratio itself is 1, if both densities are right.
"""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import cast

import numpy as np
from jetgen import Clouds, CloudSpec, Conditions, MetricContext, RunContext
from jetgen.api.protocols import Generator, SupportsLogProb
from jetgen.metrics.c2st.calibration import area_under_curve
from jetgen.metrics.c2st.metric import ClassifierTest, FastClassifierTest
from jetgen.registry.saved_models import load_registered
from numpy.typing import NDArray

_JUDGES = {judge.name: judge for judge in (FastClassifierTest, ClassifierTest)}


def log_ratio(truth: Generator, model: Generator, rows: Clouds) -> NDArray[np.float64]:
    """The logarithm of the ratio of both densities (N,)."""
    one, other = (cast("SupportsLogProb", each).log_prob(rows, RunContext(seed=1)) for each in (truth, model))
    return one - other


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", nargs="+", type=Path, metavar="FOLDER", help="the truth, then models")
    parser.add_argument("--rows", type=int, default=50_000, help="of each side")
    parser.add_argument("--judges", nargs="+", choices=_JUDGES, default=["c2st_fast"])
    options = parser.parse_args()
    if len(options.folders) < 2:
        parser.error("give the folder of the truth and of one model or more")
    (card, truth), *others = (load_registered(folder, "cpu") for folder in options.folders)
    spec = CloudSpec.from_json(card["cloud_spec"])
    real = truth.sample(Conditions(options.rows), RunContext(seed=1))
    for folder, (_, model) in zip(options.folders[1:], others, strict=True):
        fake = model.sample(Conditions(options.rows), RunContext(seed=2))
        ratios = [log_ratio(truth, model, rows) for rows in (real, fake)]
        labels = np.repeat([True, False], options.rows)
        optimum = area_under_curve(np.concatenate(ratios), labels)
        print(
            f"{folder}: {ratios[0].mean():.2f} nats, mean ratio {np.exp(ratios[1]).mean():.2f}, optimum {optimum:.3f}"
        )
        for name in options.judges:
            found = _JUDGES[name].create(spec).compute(real, fake, MetricContext(seed=1))
            print(f"  {name} {found.value:.3f} +- {found.stderr:.3f}", flush=True)


if __name__ == "__main__":
    main()
