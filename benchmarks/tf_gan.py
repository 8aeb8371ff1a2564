"""What tf-gan costs, and how its trainings went.

    python benchmarks/tf_gan.py cost [--particles 30 50 100 150] [--jets 1000]
    python benchmarks/tf_gan.py split MODEL [--jets 2000]
    python benchmarks/tf_gan.py history RUN [--plot history.png]

`cost`: time and memory of an untrained refiner for jets of a fixed number of particles, with both backbones, each in a
process of its own with one thread; the median of five, after one to warm up. `split`: of a trained model, the time that
the base takes and that the refiner takes, in turn, warm, one thread. `history`: the composite score on validation jets
(mean ratio of W1 to its floor) of every cell of tf-gan in a run; the weights with the lowest are kept.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import jetgen
import numpy as np
import psutil
import torch
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.torch.clouds import JetSummary
from jetgen.torch.clouds.preprocessing import CloudPreprocessing
from jetgen.torch.training import torch_threads
from jetgen_tf_gan.generator import TFGAN
from jetgen_tf_gan.networks import Refiner
from jetgen_tf_gan.settings import TFGANSettings

_REPEATS = 5


def seconds(work: Callable[[], object]) -> float:
    """The median time of some repeats, after one to warm up."""
    work()
    spent = []
    for _ in range(_REPEATS):
        start = time.perf_counter()
        work()
        spent.append(time.perf_counter() - start)
    return statistics.median(spent)


def one_cost(backbone: str, particles: int, jets: int) -> dict[str, float]:
    """Microseconds and kilobytes for each jet of a refiner of ``quick``."""
    settings = resolve(TFGANSettings, "tf-gan", "quick", [("here", {"backbone": backbone})]).settings
    assert isinstance(settings, TFGANSettings)
    spec, rng = jet_spec(particles), np.random.default_rng(1)
    points = rng.normal(scale=0.1, size=(200, particles, 3)).astype(np.float32)
    points[..., 2] = np.abs(points[..., 2]) + 1e-3
    clouds = jetgen.Clouds.from_padded(points, np.ones(points.shape[:2], bool))
    known = CloudPreprocessing.fit(settings, spec, clouds, rng)
    refiner = Refiner(settings, known.features, 0, particles, JetSummary(spec, known.points.features)).eval()
    drafts, mask = torch.randn(jets, particles, known.features), torch.ones(jets, particles, dtype=torch.bool)
    before = psutil.Process().memory_info().rss
    with torch.inference_mode(), torch_threads(1):
        spent = seconds(lambda: refiner(drafts, mask, torch.empty(jets, 0)))
    peak = max(0, psutil.Process().memory_info().rss, _peak()) - before
    return {"microseconds": spent / jets * 1e6, "kilobytes": peak / jets / 1024}


def _peak() -> int:
    import resource

    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024


def cost(options: argparse.Namespace) -> None:
    """The table of both backbones, and the power of the number of particles that the time grows with."""
    print("| backbone | particles | µs a jet | kB a jet |\n|---|---:|---:|---:|")
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    for backbone in ("transformer", "mdma"):
        found = []
        for particles in options.particles:
            command = [sys.executable, __file__, "one", backbone, str(particles), "--jets", str(options.jets)]
            done = subprocess.run(command, capture_output=True, text=True, check=True, env=environment)
            row = json.loads(done.stdout)
            found.append(row["microseconds"])
            print(f"| {backbone} | {particles} | {row['microseconds']:.1f} | {row['kilobytes']:.1f} |", flush=True)
        grows = np.polyfit(np.log(options.particles), np.log(found), 1)[0]
        print(f"{backbone}: time grows with the power {grows:.2f} of the number of particles", file=sys.stderr)


def split(options: argparse.Namespace) -> None:
    """The time of the base and of the whole, for each jet."""
    model = TFGAN.load(options.model, "cpu")
    asked, ctx = jetgen.Conditions(options.jets), jetgen.RunContext(seed=1)
    base = model.base
    if base is None:
        msg = "the base is plain noise: there is nothing to split"
        raise SystemExit(msg)
    sizes = model.sample(asked, ctx).multiplicity
    asked = jetgen.Conditions(options.jets, multiplicity=sizes)
    alone = seconds(lambda: base.clouds_of_sizes(asked, ctx)) / options.jets * 1e6
    whole = seconds(lambda: model.sample(asked, ctx)) / options.jets * 1e6
    print(f"{base.card['generator']['name']}: {alone:.1f} µs a jet; refiner: {whole - alone:.1f} µs a jet")


def history(options: argparse.Namespace) -> None:
    """The scores of each training, as text and as a figure."""
    found = {}
    for path in sorted(options.run.glob("cells/tf-gan*/stages/fit.json")):
        scores = json.loads(path.read_text(encoding="utf-8"))["results"]["history"].get("gan/validation", [])
        found[path.parent.parent.name] = scores
        print(f"{path.parent.parent.name}: {', '.join(f'{score:.2f}' for score in scores)}")
    if options.plot and found:
        from matplotlib.figure import Figure

        figure = Figure(figsize=(7, 4), layout="constrained")
        axes = figure.add_subplot()
        for name, scores in found.items():
            axes.plot(np.linspace(1 / len(scores), 1, len(scores)), scores, marker=".", label=name)
        axes.set(xlabel="part of the training", ylabel="composite score, validation jets", yscale="log")
        axes.yaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_minor_formatter("{x:g}")
        axes.axhline(1.0, color="black", linewidth=0.8, linestyle=":")
        axes.legend(fontsize="x-small")
        figure.savefig(options.plot, dpi=110)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(required=True)
    parts = {"cost": cost, "split": split, "history": history}
    found = {name: commands.add_parser(name) for name in (*parts, "one")}
    for name, part in parts.items():
        found[name].set_defaults(work=part)
    for name in ("cost", "one", "split"):
        found[name].add_argument("--jets", type=int, default=1000)
    found["cost"].add_argument("--particles", type=int, nargs="+", default=[30, 50, 100, 150])
    found["split"].add_argument("model", type=Path)
    found["history"].add_argument("run", type=Path)
    found["history"].add_argument("--plot", type=Path)
    found["one"].add_argument("backbone")
    found["one"].add_argument("size", type=int)
    found["one"].set_defaults(
        work=lambda options: print(json.dumps(one_cost(options.backbone, options.size, options.jets)))
    )
    options = parser.parse_args()
    options.work(options)


if __name__ == "__main__":
    main()
