"""The generator of mdma-gan beside its published form, and its cost against the number of points of a cloud.

    python benchmarks/mdma_gan.py [--jets 2048] [--rounds 5] [--threads 2] [--out FILE]

forward   The published generator of JetNet150 (111,555 parameters) in the published form, multi-head attention on
          batches padded to 150, and in ours, which is the same function: factored attention, merged linear maps,
          batches of jets of similar size. The jets have the multiplicities of the test jets of pythia-top150, and every
          form makes all of them once in a round, in turns; sorting and putting back are timed. Outputs that differ by
          more than 1e-4 stop the run. Claimed: at least 8 times as fast.
showers   Microseconds for a cloud of 100, 1,000 and 4,000 points by the network of the default preset, and the fitted
          exponent. Claimed: at most 1.05.

Exit status: 0 all claims met, 1 one missed.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections.abc import Callable, Mapping
from functools import partial
from pathlib import Path

import numpy as np
import torch
from jetgen.torch.nn import length_buckets
from jetgen.torch.training import mask_of, seeded
from jetgen_mdma_gan.networks import Condition, PointGenerator, Sizes
from jetgen_mdma_gan.settings import MDMAGANSettings
from mdma_bench.multiplicities import multiplicities
from mdma_bench.published import count_parameters
from mdma_bench.published_gan import PARAMETERS, PublishedGenerator, same_function
from torch import Tensor

_PLACES = 150
_BATCH = 256
_POINTS = 16_384
_AGREEMENT = 1e-4
_SIZES = (100, 1000, 4000)


def _seconds(forms: Mapping[str, Callable[[], object]], rounds: int) -> dict[str, float]:
    """The fastest of some rounds, in which all take turns."""
    best = dict.fromkeys(forms, float("inf"))
    for _ in range(rounds):
        for name, form in forms.items():
            start = time.perf_counter()
            form()
            best[name] = min(best[name], time.perf_counter() - start)
    return best


@torch.inference_mode()
def _published(network: PublishedGenerator, noise: Tensor, mask: Tensor) -> Tensor:
    parts = [network(noise[i : i + _BATCH], mask[i : i + _BATCH]) for i in range(0, len(noise), _BATCH)]
    return torch.cat(parts)


@torch.inference_mode()
def _ours(network: PointGenerator, noise: Tensor, mask: Tensor) -> Tensor:
    answer, nothing, n = torch.zeros_like(noise), noise.new_zeros(len(noise), 0), mask.sum(1)
    for batch in length_buckets(n.numpy(), points=_POINTS):
        index, longest = torch.from_numpy(batch), int(n[batch[0]])
        condition = network.sizes.condition(mask[index, :longest], nothing[index])
        answer[index, :longest] = network(noise[index, :longest], nothing[index], condition)
    return answer


@torch.inference_mode()
def _made(network: PointGenerator, noise: Tensor, shared: Tensor, condition: Condition) -> Tensor:
    points: Tensor = network(noise, shared, condition)
    return points


def forward(jets: int, rounds: int) -> dict[str, float]:
    """Microseconds a jet of each form, and how many times as fast ours is."""
    counts = torch.as_tensor(np.asarray(multiplicities(jets)), dtype=torch.int64)
    noise = torch.randn(jets, _PLACES, 3, generator=torch.Generator().manual_seed(1))
    mask = mask_of(counts, _PLACES)
    noise = noise * mask.unsqueeze(-1)
    with seeded(0):
        peer, exact = PublishedGenerator(), PublishedGenerator(leaks=False)
    exact.load_state_dict(peer.state_dict())
    network = same_function(exact)
    for one in (peer, exact, network):
        one.eval()
    if count_parameters(peer) != PARAMETERS:
        msg = f"the peer has {count_parameters(peer):,} parameters, the published network {PARAMETERS:,}"
        raise AssertionError(msg)
    difference = float((_published(exact, noise, mask) - _ours(network, noise, mask)).abs().max())
    if difference > _AGREEMENT:
        msg = f"the two forms differ by {difference:.2g}"
        raise AssertionError(msg)
    forms: dict[str, Callable[[], object]] = {
        "published": lambda: _published(peer, noise, mask),
        "ours": lambda: _ours(network, noise, mask),
    }
    found = {name: seconds / jets * 1e6 for name, seconds in _seconds(forms, rounds).items()}
    return {**found, "times as fast": found["published"] / found["ours"], "difference": difference}


def showers(rounds: int) -> dict[str, float]:
    """Microseconds a cloud by number of points, and the exponent."""
    with seeded(0):
        network = PointGenerator(MDMAGANSettings.model_validate({}), 5, 1, Sizes(6480, 1500.0, published=False)).eval()
    generator = torch.Generator().manual_seed(1)
    found = {}
    for points in _SIZES:
        clouds = max(1, 2 * _POINTS // points)
        noise = torch.randn(clouds, points, network.noise, generator=generator)
        shared = torch.randn(clouds, network.cloud_noise, generator=generator)
        mask = torch.ones(clouds, points, dtype=torch.bool)
        make = partial(_made, network, noise, shared, network.sizes.condition(mask, torch.zeros(clouds, 1)))
        found[str(points)] = _seconds({"made": make}, rounds)["made"] / clouds * 1e6
    slope = float(np.polyfit(np.log(_SIZES), np.log([found[str(points)] for points in _SIZES]), 1)[0])
    return {**found, "exponent": slope}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--jets", type=int, default=2048)
    parser.add_argument("--rounds", type=int, default=5)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--out", type=Path)
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    figures = {"forward": forward(options.jets, options.rounds), "showers": showers(options.rounds)}
    for case, found in figures.items():
        print(f"{case:8s} " + ", ".join(f"{name} {value:.4g}" for name, value in found.items()))
    if options.out is not None:
        options.out.write_text(json.dumps(figures, indent=1) + "\n", encoding="utf-8")
    met = figures["forward"]["times as fast"] >= 8 and figures["showers"]["exponent"] <= 1.05
    print("all claims met" if met else "a claim is missed: forward 8 times as fast, exponent 1.05 at most")
    sys.exit(not met)


if __name__ == "__main__":
    main()
