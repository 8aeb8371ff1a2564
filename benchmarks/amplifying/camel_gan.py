"""GANs of single numbers, many at once: the weights of T independent pairs of networks are stacked.

A GAN of a hundred points that is trained for long learns the points. What holds it back here: noise on what the critic
sees, a penalty on its gradient at the points (arXiv:1801.04406), and weights that are averaged over the last steps.
"""

from __future__ import annotations

import copy
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.nn import functional

__all__ = ["Recipe", "generated"]

_LEAK = 0.2


@dataclass(frozen=True)
class Recipe:
    """Sizes and steps.

    Arguments:
        latent: numbers that a point is made of.
        width: of both networks, with three hidden layers each.
        steps: of the optimisers, one of each a step, on all points of a sample.
        rate: of Adam, at its highest; it falls along a cosine.
        noise: standard deviation of what is added to true and generated points, in units of the spread of the sample.
        penalty: half of this times the square of the gradient of the critic at the true points.
        decay: of the moving average of the generator.
    """

    latent: int = 8
    width: int = 32
    steps: int = 1500
    rate: float = 3e-3
    noise: float = 0.05
    penalty: float = 0.1
    decay: float = 0.99


class _Stack(nn.Module):
    """T networks of three hidden layers; values are (T, n, numbers)."""

    def __init__(self, networks: int, inward: int, width: int) -> None:
        super().__init__()
        sizes = ((inward, width), (width, width), (width, width), (width, 1))
        self.weights = nn.ParameterList(torch.randn(networks, a, b) * (2.0 / a) ** 0.5 for a, b in sizes)
        # Of a single number the first layer bends at -bias / weight: with zeros all would bend at 0.
        self.biases = nn.ParameterList(torch.randn(networks, 1, b) for _, b in sizes)

    def forward(self, values: Tensor) -> Tensor:
        for weight, bias in zip(list(self.weights)[:-1], list(self.biases)[:-1], strict=True):
            values = functional.leaky_relu(torch.baddbmm(bias, values, weight), _LEAK)
        numbers: Tensor = torch.baddbmm(self.biases[-1], values, self.weights[-1])
        return numbers


def generated(samples: NDArray[np.float64], number: int, recipe: Recipe, seed: int) -> NDArray[np.float64]:
    """``number`` new points of a GAN for each of the samples (T, n), float64 (T, number)."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        true = torch.from_numpy(samples.astype(np.float32))[..., None]
        centre, spread = true.mean(1, keepdim=True), true.std(1, keepdim=True)
        generator = _trained((true - centre) / spread, recipe)
        with torch.no_grad():
            latent = torch.randn(len(samples), number, recipe.latent)
            made: NDArray[np.float64] = (generator(latent) * spread + centre)[..., 0].double().numpy()
            return made


def _trained(true: Tensor, recipe: Recipe) -> _Stack:
    """The averaged generators of samples (T, n, 1)."""
    networks, points, _ = true.shape
    generator = _Stack(networks, recipe.latent, recipe.width)
    average = copy.deepcopy(generator)
    critic = _Stack(networks, 1, recipe.width)
    optimisers = [torch.optim.Adam(one.parameters(), recipe.rate, betas=(0.0, 0.99)) for one in (critic, generator)]
    schedules = [torch.optim.lr_scheduler.CosineAnnealingLR(one, recipe.steps) for one in optimisers]

    def fake() -> Tensor:
        made: Tensor = generator(torch.randn(networks, points, recipe.latent))
        return made + recipe.noise * torch.randn_like(made)

    for _ in range(recipe.steps):
        real = (true + recipe.noise * torch.randn_like(true)).requires_grad_()
        score = critic(real)
        (slope,) = torch.autograd.grad(score.sum(), real, create_graph=True)
        # Sums over the networks: none of them sees the others.
        losses = functional.softplus(-score) + functional.softplus(critic(fake().detach()))
        _step(optimisers[0], (losses + recipe.penalty / 2 * slope.square()).mean(1).sum())
        _step(optimisers[1], functional.softplus(-critic(fake())).mean(1).sum())
        for schedule in schedules:
            schedule.step()
        with torch.no_grad():
            for kept, new in zip(average.parameters(), generator.parameters(), strict=True):
                kept.lerp_(new, 1.0 - recipe.decay)
    return average


def _step(optimiser: torch.optim.Optimizer, loss: Tensor) -> None:
    optimiser.zero_grad(set_to_none=True)
    loss.backward()  # type: ignore[no-untyped-call]
    optimiser.step()
