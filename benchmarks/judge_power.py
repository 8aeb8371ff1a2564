"""Power of the classifier test: what it finds of faults whose density ratio is exact, and its closure.

python benchmarks/judge_power.py --out FOLDER [--model FOLDER] [--only d2 distance] [--judges c2st_fast] [--minutes 4]

The truth is a trained rqs-flow: --model, else one is trained on --dataset and kept in OUT/model. Each fault of
benchmarks/planted/faults.py is a generator with a known density ratio to it. The optimal AUC is that of this ratio,
from --fresh jets; a judge gets --clouds true and as many generated jets. Its power is its excess over one half in units
of the optimal one, both on the clouds that the judge reports on. A closure is truth against truth. Judges are
metrics by name, and `particlenet`: one training of ParticleNet-lite (arXiv:1902.08570) by the recipe of the slow test.

Every result is kept in OUT/power.json and not computed again; after --minutes nothing new is begun. The tables are in
OUT/power.md.
"""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import jetgen
from jetgen_rqs_flow.generator import RQSFlow
from planted.faults import FAULTS, Truth
from planted.study import CLOSURE, OPTIMUM, PARTICLENET, Study, Task
from planted.tables import closure_table, power_table


def tasks(options: argparse.Namespace) -> Iterator[Task]:
    """What is asked for: the optima first, then every judge on every fault, the closures last."""
    yield from (Task(fault, OPTIMUM, 0) for fault in options.only)
    for judge in options.judges:
        yield from (Task(fault, judge, replica) for replica in range(options.replicas) for fault in options.only)
    for judge in options.judges:
        yield from (Task(CLOSURE, judge, replica) for replica in range(options.closures))


def trained(options: argparse.Namespace) -> RQSFlow:
    """The flow in --model, or the one in OUT/model, which is trained first if it is not there."""
    folder = options.model or options.out / "model"
    if options.model is None and not folder.exists():
        flow = jetgen.generator("rqs-flow", preset=options.preset)
        flow.fit(jetgen.dataset(options.dataset), seed=options.seed)
        flow.save(folder)
    return RQSFlow.load(folder, "cpu")


def kept(path: Path, facts: dict[str, Any]) -> dict[str, Any]:
    """The results so far; they must be of the same sizes."""
    if not path.exists():
        return {}
    document = json.loads(path.read_text())
    if document["facts"] != facts:
        msg = f"{path} holds results of other options, {document['facts']}: take another --out"
        raise SystemExit(msg)
    results: dict[str, Any] = document["results"]
    return results


def main() -> None:
    """Measure what is asked for and not kept yet, and print the tables."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--out", type=Path, required=True, help="folder for power.json, power.md and the model")
    parser.add_argument("--model", type=Path, help="the folder of a trained rqs-flow")
    parser.add_argument("--dataset", default="pythia-top30@small", help="what to train a flow on")
    parser.add_argument("--preset", default="quick", help="of the flow to train")
    parser.add_argument("--only", nargs="*", choices=list(FAULTS), default=list(FAULTS))
    parser.add_argument("--judges", nargs="*", default=["c2st_fast", "c2st"], help=f"metrics, and {PARTICLENET}")
    parser.add_argument("--replicas", type=int, default=3, help="fresh samples of each fault")
    parser.add_argument("--closures", type=int, default=0)
    parser.add_argument("--clouds", type=int, default=10_000, help="jets of each class")
    parser.add_argument("--fresh", type=int, default=50_000, help="jets for each optimum")
    parser.add_argument("--epochs", type=int, default=12, help="of ParticleNet-lite")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--minutes", type=float, default=float("inf"))
    options = parser.parse_args()
    end = time.monotonic() + 60 * options.minutes
    options.out.mkdir(parents=True, exist_ok=True)
    truth = Truth(trained(options), options.seed, options.threads)
    study = Study(truth, options.clouds, options.fresh, options.epochs)
    facts = {name: getattr(options, name) for name in ("dataset", "preset", "clouds", "fresh", "seed")}
    path = options.out / "power.json"
    results = kept(path, facts)
    for task in tasks(options):
        if task.name in results or time.monotonic() > end:
            continue
        begun = time.monotonic()
        results[task.name] = study.measure(task, results)
        print(f"{task.name}, {time.monotonic() - begun:.0f} s: {json.dumps(results[task.name])}", flush=True)
        path.write_text(json.dumps({"facts": facts, "results": results}, indent=1) + "\n")
        (options.out / "power.md").write_text(f"{power_table(results)}\n\n{closure_table(results)}\n")
    print(f"{power_table(results)}\n\n{closure_table(results)}")


if __name__ == "__main__":
    main()
