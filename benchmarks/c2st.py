"""Power of the classifier test: planted distortions of true jets, ours beside ParticleNet-lite on the same splits.

python benchmarks/c2st.py [--dataset pythia-top30@small] [--only smear shuffle] [--closures 3] [--peer 1] [--out FOLDER]

The test jets are the truth; distorted training jets are what is judged. A closure splits all undistorted jets at
random into two disjoint samples. `sigma` is (AUC - 1/2) over its error where there is nothing to find,
sqrt((2 n + 1) / 12) / n with n all the jets of a class that were reported on. --peer 0 leaves out ParticleNet-lite,
which is most of the time.
"""

from __future__ import annotations

import argparse
import itertools
import json
import math
import time
from pathlib import Path
from typing import Any

import jetgen
import numpy as np
import torch
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.c2st.metric import ClassifierTest
from jetgen.metrics.c2st.networks import Batch, stack
from jetgen.metrics.c2st.profiles import SLOW, Recipe
from jetgen.metrics.c2st.splitting import FOLDS, Folds
from jetgen.metrics.c2st.training import trained_outputs
from jetgen.metrics.c2st.verdict import Verdict
from jetgen.metrics.distortions import DISTORTIONS
from jetgen.torch.training import seeded
from torch import Tensor, nn

NEIGHBOURS = 7


class EdgeConv(nn.Module):
    """Three layers on (point, neighbour - point), the mean over the nearest neighbours, a shortcut (1801.07829)."""

    def __init__(self, inward: int, width: int) -> None:
        super().__init__()
        sizes = (2 * inward, width, width, width)
        self.layers = nn.ModuleList(nn.Linear(a, b, bias=False) for a, b in itertools.pairwise(sizes))
        self.norms = nn.ModuleList(nn.BatchNorm1d(width) for _ in self.layers)
        self.shortcut = nn.Linear(inward, width, bias=False)
        self.shortcut_norm = nn.BatchNorm1d(width)

    def forward(self, positions: Tensor, points: Tensor, mask: Tensor) -> Tensor:
        count = min(NEIGHBOURS, points.shape[1] - 1)
        far = torch.cdist(positions, positions).masked_fill(~mask[:, None, :], 1e9)
        far = far.masked_fill(torch.eye(points.shape[1], dtype=torch.bool, device=mask.device), 2e9)
        nearest = far.topk(count, largest=False).indices
        rows = torch.arange(len(points), device=mask.device)[:, None, None]
        edges = torch.cat(
            [points[:, :, None].expand(-1, -1, count, -1), points[rows, nearest] - points[:, :, None]], -1
        )
        real = mask[:, :, None] & mask[rows, nearest]
        values = edges[real]
        for layer, norm in zip(self.layers, self.norms, strict=True):
            values = torch.relu(norm(layer(values)))
        messages = values.new_zeros(*real.shape, values.shape[-1])
        messages[real] = values
        pooled = messages.sum(2) / real.sum(2, keepdim=True).clamp(min=1)
        own = torch.zeros_like(pooled)
        own[mask] = self.shortcut_norm(self.shortcut(points[mask]))
        result: Tensor = torch.relu(pooled + own) * mask[..., None]
        return result


class ParticleNetLite(nn.Module):
    """The light ParticleNet (1902.08570): two edge convolutions of 7 neighbours, 32 and 64 channels, 128 at the end."""

    def __init__(self, points: int) -> None:
        super().__init__()
        self.first, self.second = EdgeConv(points, 32), EdgeConv(32, 64)
        self.end = nn.Sequential(stack(64, 128), nn.ReLU(), nn.Dropout(0.1), nn.Linear(128, 1))

    def standardise(self, batch: Batch) -> None:
        """Nothing to do: batch normalisation does it."""

    def forward(self, batch: Batch) -> Tensor:
        points = self.first(batch.positions, batch.points, batch.mask)
        points = self.second(points, points, batch.mask)
        logits: Tensor = self.end(points.sum(1) / batch.mask.sum(1, keepdim=True).clamp(min=1))
        return logits.squeeze(-1)


def ours(real: jetgen.Clouds, fake: jetgen.Clouds, spec: jetgen.CloudSpec, count: int, seed: int) -> dict[str, float]:
    """The values of the metric, and the seconds of one training."""
    begun = time.perf_counter()
    ctx = jetgen.MetricContext(seed=seed, threads=count)
    found = ClassifierTest.create(spec).compute(real, fake, ctx)
    stderr = {f"{name}_stderr": value for name, value in found.named_stderr("c2st").items()}
    return {**found.named("c2st"), **stderr, "seconds": (time.perf_counter() - begun) / SLOW.trainings}


def particlenet_verdict(
    folds: Folds, number: int, spec: jetgen.CloudSpec, recipe: Recipe, ctx: jetgen.MetricContext
) -> Verdict:
    """What one training of ParticleNet-lite says, on a split and the inputs of the points of our set network."""
    samples, at = folds.samples(number), ctx.at("training", number)
    encoder = Encoder(samples[0].clouds, spec, SLOW.points)
    inputs = [encoder(one.clouds) for one in samples]
    with seeded(at.torch_seed("metric")):
        network = ParticleNetLite(inputs[0].points.shape[1])
    return Verdict.of(samples, trained_outputs(network, inputs, samples, recipe, at))


def peer(
    real: jetgen.Clouds, fake: jetgen.Clouds, spec: jetgen.CloudSpec, count: int, seed: int, trainings: int
) -> dict[str, float]:
    """ParticleNet-lite on the splits, the inputs of the points and the recipe of our set network."""
    ctx = jetgen.MetricContext(seed=seed, threads=count)
    folds = Folds.of(real, fake, SLOW.clouds, ctx.rng("metric"))
    start = time.perf_counter()
    verdicts = [particlenet_verdict(folds, number, spec, SLOW.set_recipe, ctx) for number in range(trainings)]
    seconds = (time.perf_counter() - start) / trainings
    return {"peer": float(np.mean([one.auc.value for one in verdicts])), "peer_seconds": seconds}


def sigmas(area: float, clouds: int, trainings: int) -> float:
    """The AUC above one half in units of its error where there is nothing to find."""
    n = clouds / FOLDS * trainings
    return (area - 0.5) / (math.sqrt((2 * n + 1) / 12) / n)


def table(rows: list[dict[str, Any]]) -> str:
    """The rows in Markdown."""
    head = ["sample", "AUC sets", "sigma", "JSD sets", "AUC high level", "sigma", "JSD high level"]
    head += ["AUC ParticleNet-lite", "sigma", "s", "s ParticleNet-lite"]
    lines = [f"| {' | '.join(head)} |", "|---" * len(head) + "|"]
    for row in rows:
        n = row["clouds"]
        cells = [row["sample"], f"{row['c2st']:.4f} ± {row['c2st_stderr']:.4f}", f"{sigmas(row['c2st'], n, 3):.1f}"]
        cells += [f"{row['c2st_jsd']:.4f} ± {row['c2st_jsd_stderr']:.4f}"]
        cells += [f"{row['c2st_hl']:.4f} ± {row['c2st_hl_stderr']:.4f}", f"{sigmas(row['c2st_hl'], n, 3):.1f}"]
        cells += [f"{row['c2st_hl_jsd']:.4f} ± {row['c2st_hl_jsd_stderr']:.4f}"]
        peers = row["peer_trainings"]
        cells += [f"{row['peer']:.4f}", f"{sigmas(row['peer'], n, peers):.1f}"] if peers else ["–", "–"]
        cells += [f"{row['seconds']:.0f}", f"{row['peer_seconds']:.0f}" if peers else "–"]
        lines.append("| " + " | ".join(cells) + " |")
    return "\n".join(lines)


def samples(options: argparse.Namespace) -> list[tuple[str, jetgen.Clouds, jetgen.Clouds, jetgen.CloudSpec]]:
    """Closures, then every distortion asked for: name, true jets, jets to judge, and their meaning."""
    data = jetgen.dataset(options.dataset)
    test, train = data.test[: len(data.test)], data.train[: len(data.train)]
    pool = jetgen.Clouds.concatenate([test, train, data.val[: len(data.val)]])
    size = min(len(test), len(pool) // 2, options.clouds)
    pairs = []
    for i in range(options.closures):
        order = np.random.default_rng([i, 17]).permutation(len(pool))
        pairs.append((f"closure {i}", pool[order[:size]], pool[order[size : 2 * size]], data.spec))
    for name in options.only if options.only is not None else DISTORTIONS:
        fake = DISTORTIONS[name].apply(train, data.spec, np.random.default_rng(0), train)
        pairs.append((name, test[:size], fake, data.spec))
    return pairs


def main() -> None:
    """Judge every sample in turn and print the table, which grows in the folder --out as it is made."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--dataset", default="pythia-top30@small")
    parser.add_argument("--only", nargs="*", choices=list(DISTORTIONS))
    parser.add_argument("--closures", type=int, default=3)
    parser.add_argument("--clouds", type=int, default=SLOW.clouds, help="jets of each class")
    parser.add_argument("--peer", type=int, default=1, help="trainings of ParticleNet-lite")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--out", type=Path, help="folder for c2st.json and c2st.md")
    options = parser.parse_args()
    rows: list[dict[str, Any]] = []
    for name, real, fake, spec in samples(options):
        row = {"sample": name, "clouds": min(len(real), len(fake), SLOW.clouds), "peer_trainings": options.peer}
        row |= ours(real, fake, spec, options.threads, options.seed)
        if options.peer:
            row |= peer(real, fake, spec, options.threads, options.seed, options.peer)
        rows.append(row)
        print(table(rows[-1:]).splitlines()[-1] if len(rows) > 1 else table(rows), flush=True)
        if options.out:
            options.out.mkdir(parents=True, exist_ok=True)
            facts = {"dataset": options.dataset, "threads": options.threads, "torch": torch.__version__, "rows": rows}
            (options.out / "c2st.json").write_text(json.dumps(facts, indent=1) + "\n")
            (options.out / "c2st.md").write_text(table(rows) + "\n")


if __name__ == "__main__":
    main()
