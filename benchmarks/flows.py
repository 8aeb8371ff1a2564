"""Speed of flows on tables: ours, plain nflows and plain zuko of the same size, and the splines alone.

python benchmarks/flows.py speed [--sizes 18 90] [--events 1000 100000]     # microseconds an event, one thread
python benchmarks/flows.py splines                                          # speed, equal values, round trip

Every figure is the median of five, taken in turn, so that a busy machine hurts all alike. Compare ratios.
"""

from __future__ import annotations

import argparse
import math
import time
import warnings
from collections.abc import Callable, Mapping
from functools import partial
from statistics import median
from typing import Any

import torch
from jetgen.torch.nn import spline, spline_size
from jetgen_realnvp_glow.flow import BlockFlow
from jetgen_realnvp_glow.settings import RealNVPGlowSettings
from torch import Tensor, nn

ROUNDS = 5
BLOCKS, HIDDEN, BINS, TAIL = 8, 128, 16, 5.0

Timed = Callable[[], object]


class Peer(nn.Module):
    """A flow of events (N, d) by some library, with its density and its samples."""

    def __init__(self, flow: Any, size: int) -> None:
        super().__init__()
        self.flow, self.size = flow, size

    def log_prob(self, values: Tensor) -> Tensor:
        found: Tensor = self.flow.log_prob(values)
        return found

    def sample(self, n: int) -> Tensor:
        made: Tensor = self.flow.sample(n)
        return made


class Zuko(Peer):
    def log_prob(self, values: Tensor) -> Tensor:
        found: Tensor = self.flow().log_prob(values)
        return found

    def sample(self, n: int) -> Tensor:
        made: Tensor = self.flow().sample((n,))
        return made


class Ours(Peer):
    def log_prob(self, values: Tensor) -> Tensor:
        found: Tensor = self.flow.log_prob(values, values[:, :0])
        return found

    def sample(self, n: int) -> Tensor:
        noise = torch.randn(n, self.size)
        made: Tensor = self.flow.decode(noise, noise[:, :0])[0]
        return made


def ours(size: int, transformer: str) -> Ours:
    """Blocks of batch normalisation, PLU and coupling."""
    sizes = {"couplings": BLOCKS, "hidden": HIDDEN, "bins": BINS, "tail": TAIL}
    settings = RealNVPGlowSettings.model_validate({**sizes, "normalisation": "batch", "transformer": transformer})
    return Ours(BlockFlow(settings, size, 0), size)


def by_nflows(size: int, transformer: str) -> Peer:
    """The same blocks: batch normalisation, LU after a random permutation, coupling."""
    from nflows import distributions, flows, transforms
    from nflows.nn.nets import MLP

    def net(inputs: int, outputs: int) -> nn.Module:
        class Net(MLP):  # type: ignore[misc]  # nflows is without types
            def forward(self, values: Tensor, context: Tensor | None = None) -> Tensor:
                del context
                made: Tensor = super().forward(values)
                return made

        return Net([inputs], [outputs], [HIDDEN, HIDDEN])

    def coupling(mask: Tensor) -> nn.Module:
        if transformer == "affine":
            return transforms.AffineCouplingTransform(mask, net)  # type: ignore[no-any-return]
        return transforms.PiecewiseRationalQuadraticCouplingTransform(  # type: ignore[no-any-return]
            mask, net, num_bins=BINS, tails="linear", tail_bound=TAIL
        )

    layers: list[nn.Module] = []
    for _ in range(BLOCKS):
        layers += [transforms.BatchNorm(size), transforms.RandomPermutation(size), transforms.LULinear(size)]
        layers.append(coupling(torch.arange(size) >= size // 2))
    return Peer(flows.Flow(transforms.CompositeTransform(layers), distributions.StandardNormal([size])), size)


def by_zuko(size: int, transformer: str) -> Zuko:
    """The same couplings, with the columns in random order in between; zuko has neither batch normalisation nor LU."""
    from zuko import flows
    from zuko.transforms import MonotonicAffineTransform, MonotonicRQSTransform

    shapes = [()] * 2 if transformer == "affine" else [(BINS,), (BINS,), (BINS - 1,)]
    univariate = MonotonicAffineTransform if transformer == "affine" else MonotonicRQSTransform
    couplings = [
        flows.GeneralCouplingTransform(
            size,
            mask=torch.randperm(size) % 2 == 0,
            univariate=univariate,
            shapes=shapes,
            hidden_features=[HIDDEN, HIDDEN],
        )
        for _ in range(BLOCKS)
    ]
    base = flows.UnconditionalDistribution(
        lambda mean, scale: torch.distributions.Independent(torch.distributions.Normal(mean, scale), 1),
        torch.zeros(size),
        torch.ones(size),
        buffer=True,
    )
    return Zuko(flows.Flow(couplings, base), size)


def timed(what: Mapping[str, Timed], events: int) -> dict[str, float]:
    """Microseconds an event of each, the median of rounds in turn."""
    for run in what.values():
        run()
    seconds: dict[str, list[float]] = {name: [] for name in what}
    for _ in range(ROUNDS):
        for name, run in what.items():
            start = time.perf_counter()
            run()
            seconds[name].append(time.perf_counter() - start)
    return {name: median(each) / events * 1e6 for name, each in seconds.items()}


@torch.no_grad()
def speed(sizes: list[int], events: list[int]) -> None:
    """Density and sampling of flows of one size."""
    makers: dict[str, Callable[[int, str], Peer]] = {"ours": ours, "nflows": by_nflows, "zuko": by_zuko}
    print(f"{BLOCKS} couplings, hidden 2 x {HIDDEN}, {BINS} bins; microseconds an event, and the ratio to ours")
    for transformer in ("affine", "rqs"):
        for size in sizes:
            torch.manual_seed(1)
            models = {name: make(size, transformer) for name, make in makers.items()}
            for model in models.values():
                model.train()
                model.log_prob(torch.randn(1000, size))  # the statistics of batches
                model.eval()
            for n in events:
                values = torch.randn(n, size)
                density = {name: partial(model.log_prob, values) for name, model in models.items()}
                sampling = {name: partial(model.sample, n) for name, model in models.items()}
                for task, what in (("density", density), ("sampling", sampling)):
                    print(f"{transformer:7s} d={size:3d} n={n:6d} {task:9s} {ratios(timed(what, n))}", flush=True)


def ratios(found: Mapping[str, float]) -> str:
    """Each figure, and its ratio to ours."""
    return "  ".join(f"{name} {value:8.3f} ({value / found['ours']:4.2f} x)" for name, value in found.items())


@torch.no_grad()
def splines(numbers: int = 100_000, bins: int = BINS) -> None:
    """The elementwise spline of each library on the same raw numbers."""
    from nflows.transforms.splines import unconstrained_rational_quadratic_spline
    from zuko.transforms import MonotonicRQSTransform

    torch.manual_seed(2)

    def nflows(x: Tensor, raw: Tensor, *, inverse: bool) -> Tensor:
        rows = raw.T.contiguous()
        out: Tensor = unconstrained_rational_quadratic_spline(
            x, rows[:, :bins], rows[:, bins : 2 * bins], rows[:, 2 * bins :], inverse, tail_bound=TAIL
        )[0]
        return out

    def zuko(x: Tensor, raw: Tensor, *, inverse: bool) -> Tensor:
        rows = raw.T.contiguous()
        knots = MonotonicRQSTransform(rows[:, :bins], rows[:, bins : 2 * bins], rows[:, 2 * bins :], bound=TAIL)
        out: Tensor = knots.inv(x) if inverse else knots(x)
        return out

    def mine(x: Tensor, raw: Tensor, *, inverse: bool) -> Tensor:
        return spline(x, raw, TAIL, inverse=inverse)[0]

    every: dict[str, Callable[..., Tensor]] = {"ours": mine, "nflows": nflows, "zuko": zuko}
    x, raw = 2 * torch.randn(numbers), torch.randn(spline_size(bins), numbers)
    for inverse in (False, True):
        what = {name: partial(run, x, raw, inverse=inverse) for name, run in every.items()}
        print(f"{'inverse' if inverse else 'forward'}: microseconds a number  {ratios(timed(what, numbers))}")
    limit, theirs = 2 / math.log(1e3), raw.double()
    # zuko holds the slopes half as tightly: the same slope needs another raw number.
    slopes = theirs[2 * bins :] / (1 + limit * theirs[2 * bins :].abs())
    theirs = torch.cat([theirs[: 2 * bins], slopes / (1 - limit / 2 * slopes.abs())])
    apart = (mine(x.double(), raw.double(), inverse=False) - zuko(x.double(), theirs, inverse=False)).abs().max()
    print(f"the same splines by ours and by zuko, in double precision: values at most {apart:.1e} apart")
    for scale in (1, 3, 5, 10):
        parts = []
        for name, run in every.items():
            try:
                gap = (run(run(x, scale * raw, inverse=False), scale * raw, inverse=True) - x).abs()
                parts.append(f"{name} {gap.quantile(0.999):.1e} / {gap.max():.1e}")
            except AssertionError:
                parts.append(f"{name} AssertionError")
        print(f"round trip in single precision, raw numbers of size {scale:2d}, 99.9 % / largest: {'   '.join(parts)}")


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    commands = parser.add_subparsers(dest="command", required=True)
    of_flows = commands.add_parser("speed")
    of_flows.add_argument("--sizes", type=int, nargs="+", default=[18, 90])
    of_flows.add_argument("--events", type=int, nargs="+", default=[1000, 100_000])
    commands.add_parser("splines")
    options = parser.parse_args()
    torch.set_num_threads(1)
    warnings.filterwarnings("ignore", category=UserWarning)  # of nflows, about torch
    if options.command == "speed":
        speed(options.sizes, options.events)
    else:
        splines()


if __name__ == "__main__":
    main()
