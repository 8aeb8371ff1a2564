"""The tests with a p-value on the models of a finished run: statistic, p, Z and sigmas, at one N or several.

python benchmarks/p_values.py RUN [--dataset pythia-top30@small] [--metrics sks,energy_test,nplm]
    [--clouds 10000 2500] [--models replay,rqs-flow] [--docs docs]

The first so many generated clouds of each model in RUN are tested against as many test clouds of its dataset, which has
to be on this machine. Nothing is written into RUN. Models are ordered by the last metric. --docs puts the table into
metrics.md of that folder, between its marks.
"""

from __future__ import annotations

import argparse
from collections.abc import Iterator
from pathlib import Path
from typing import Any, cast

import jetgen
from jetgen.api.loading import load_target
from jetgen.api.specs import MetricSpec
from jetgen.harness.store.plan import CellPlan, read_plan
from jetgen.io.atomic import write_text
from jetgen.io.cloud_file import open_clouds
from jetgen.metrics.specs import METRICS

_TESTS = "sks,energy_test,nplm"
_START, _END = "<!-- p-values -->", "<!-- end of p-values -->"


def main() -> None:
    """Print the table."""
    options = _options()
    try:
        table = _table(options)
    except jetgen.JetgenError as error:
        raise SystemExit(str(error)) from None
    print(table)
    if options.docs is not None:
        page = options.docs / "metrics.md"
        text = page.read_text(encoding="utf-8")
        if text.count(_START) != 1 or text.count(_END) != 1:
            msg = f"{page} does not have the marks {_START} and {_END} once each"
            raise SystemExit(msg)
        before, rest = text.split(_START)
        write_text(page, f"{before}{_START}\n\n{table}\n\n{_END}{rest.split(_END)[1]}")


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("run", type=Path)
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--metrics", default=_TESTS)
    parser.add_argument("--models", default="", help="names with commas between; by default all of the run")
    parser.add_argument("--clouds", type=int, nargs="+", default=[10_000])
    parser.add_argument("--docs", type=Path, default=None)
    options = parser.parse_args()
    unknown = set(options.metrics.split(",")) - set(_TESTS.split(","))
    if unknown:
        parser.error(f"{min(unknown)} has no p-value; there are {_TESTS}")
    return options


def _table(options: argparse.Namespace) -> str:
    """Markdown: a line for each model and number of clouds."""
    by_name = {spec.name: spec for spec in METRICS}
    specs = [by_name[name] for name in options.metrics.split(",")]
    heads = ["model", "N", *(head for spec in specs for head in (f"`{spec.name}`", "p", "Z", "sigmas"))]
    lines = ["| " + " | ".join(heads) + " |", "|---|" + "---:|" * (len(heads) - 1)]
    data = jetgen.dataset(options.dataset)
    for clouds in options.clouds:
        found = {cell.title: _measured(options.run, cell, data, specs, clouds) for cell in _cells(options)}
        for title, each in sorted(found.items(), key=lambda one: one[1][-1].value):
            cells = (text for spec, one in zip(specs, each, strict=True) for text in _texts(spec.name, one))
            lines.append(f"| {title} | {clouds:,} | " + " | ".join(cells) + " |")
    return "\n".join(lines)


def _cells(options: argparse.Namespace) -> Iterator[CellPlan]:
    """The trained models of the run on this dataset."""
    wanted = [name for name in options.models.split(",") if name]
    found = [
        cell
        for cell in read_plan(options.run).cells
        if cell.generator is not None and cell.dataset.label == options.dataset and cell.seed == 0
    ]
    missing = set(wanted) - {cell.title for cell in found}
    if missing or not found:
        msg = f"{options.run} has no {min(missing, default='model')} on {options.dataset}"
        raise SystemExit(msg)
    return (cell for cell in found if not wanted or cell.title in wanted)


def _measured(run: Path, cell: CellPlan, data: Any, specs: list[MetricSpec], clouds: int) -> list[jetgen.Measurement]:
    path = run / "cells" / cell.id / "samples.h5"
    with open_clouds(path) as samples:
        fake = samples[:clouds]
    real = data.test[:clouds]
    if min(len(real), len(fake)) < clouds:
        msg = f"{path}: {clouds:,} clouds were asked for; there are {len(fake):,}, and {len(real):,} test clouds"
        raise SystemExit(msg)
    ctx = jetgen.MetricContext()
    return [cast("Any", load_target(spec.target)).create(data.spec).compute(real, fake, ctx) for spec in specs]


def _texts(name: str, found: jetgen.Measurement) -> tuple[str, str, str, str]:
    """The statistic with its error, p, Z and the sigmas."""
    p, z, sigmas = (found.components[f"{name}_{what}"] for what in ("p", "z", "sigmas"))
    digits = 4 if found.value < 1 else 1
    return (f"{found.value:.{digits}f} ± {found.stderr or 0.0:.{digits}f}", f"{p:.3f}", f"{z:+.1f}", f"{sigmas:+.1f}")


if __name__ == "__main__":
    main()
