"""Targets of a flow map on a flow that is known: from one normal distribution to another."""

import math

import pytest
import torch
from jetgen.torch.nn.flow_map import TARGETS, Jumps, Path

SPREAD = 3.0
"""Of the data at time 1; noise at time 0 has 1, and the two are independent."""


def spread(time):
    """Of the points at a time between."""
    return ((1 - time) ** 2 + (SPREAD * time) ** 2).sqrt()


def mean_velocity(x, start, end):
    """In closed form: the flow keeps the score of a point."""
    start, end = start.unsqueeze(1), end.unsqueeze(1)
    gap = torch.where(end > start, end - start, 1.0)
    slope = (SPREAD**2 * start - (1 - start)) / spread(start) ** 2
    return torch.where(end > start, x * (spread(end) / spread(start) - 1) / gap, x * slope)


def velocity(x, time):
    return mean_velocity(x, time, time)


def a_path(rows=200):
    """Points whose straight paths are those of the flow itself: no mean over noise is left to take."""
    generator = torch.Generator().manual_seed(1)
    times = torch.rand(rows, 2, generator=generator, dtype=torch.float64).sort(1).values
    state = torch.randn(rows, 2, generator=generator, dtype=torch.float64)
    return Path(state, times[:, 0], times[:, 1], velocity(state, times[:, 0]))


def test_one_jump_of_the_known_map_is_the_flow():
    noise = torch.randn(100, 2, dtype=torch.float64)
    torch.testing.assert_close(Jumps(1).solve(mean_velocity, noise), SPREAD * noise)
    torch.testing.assert_close(Jumps(7).solve(mean_velocity, noise), SPREAD * noise)


@pytest.mark.parametrize(("target", "alpha"), [("mean", 1.0), ("shortcut", 1.0), ("alpha", 1e-4)])
def test_the_known_map_is_what_it_is_taught(target, alpha):
    path = a_path()
    wanted = mean_velocity(path.state, path.start, path.end)
    torch.testing.assert_close(TARGETS[target](mean_velocity, path, alpha), wanted, rtol=1e-3, atol=1e-4)


def test_alpha_of_one_teaches_the_velocity_bit_for_bit():
    path = a_path()
    assert torch.equal(TARGETS["alpha"](mean_velocity, path, 1.0), path.velocity)


def test_a_small_alpha_has_the_gradient_of_mean_flow():
    torch.manual_seed(0)
    network = torch.nn.Sequential(torch.nn.Linear(4, 32), torch.nn.SiLU(), torch.nn.Linear(32, 2)).double()

    def u(x, start, end):
        return network(torch.cat([x, start.unsqueeze(1), end.unsqueeze(1)], 1))

    def gradient(target, alpha, scale):
        path = a_path()
        with torch.no_grad():
            wanted = TARGETS[target](u, path, alpha)
        loss = (u(path.state, path.start, path.end) - wanted).square().mean() / scale
        return torch.cat([each.flatten() for each in torch.autograd.grad(loss, list(network.parameters()))])

    small, limit = gradient("alpha", 1e-3, 1e-3), gradient("mean", 1.0, 1.0)
    assert (small - limit).norm() < 0.01 * limit.norm()
    assert (gradient("alpha", 0.5, 0.5) - limit).norm() > 0.01 * limit.norm()


@pytest.mark.parametrize("target", ["alpha", "mean", "shortcut"])
def test_a_network_learns_the_known_map_from_straight_paths(target):
    """Independent noise and data, whose velocities are right only in the mean."""
    generator, network = torch.Generator().manual_seed(0), Scale()
    optimiser, half = torch.optim.Adam(network.parameters(), lr=1e-2), 512
    for step in range(300):
        noise, data = torch.randn(2, 2 * half, 1, generator=generator)
        times = torch.rand(2 * half, 2, generator=generator).sort(1).values
        times[:half, 1] = times[:half, 0]
        start = times[:, :1]
        path = Path((1 - start) * noise + start * SPREAD * data, *times.T, SPREAD * data - noise)
        alpha, jumping = 0.5 ** (1 + 5 * step / 300), times[:, 1:] > start
        with torch.no_grad():
            wanted = torch.where(jumping, TARGETS[target](network, path, alpha), path.velocity)
        weight = torch.where(jumping, 1 / alpha if target == "alpha" else 1.0, 1.0)
        loss = (weight * (network(path.state, path.start, path.end) - wanted).square()).mean()
        optimiser.zero_grad()
        loss.backward()
        optimiser.step()
    landed = Jumps(1).solve(network, torch.ones(1, 1)).item()
    assert landed == pytest.approx(SPREAD, abs=0.3), "one jump takes one spread of the noise to one of the data"


class Scale(torch.nn.Module):
    """u(x, t, s) = f(t, s) x with a small network f, which is what a normal distribution needs."""

    def __init__(self):
        super().__init__()
        torch.manual_seed(0)
        self.network = torch.nn.Sequential(
            torch.nn.Linear(2, 32), torch.nn.SiLU(), torch.nn.Linear(32, 32), torch.nn.SiLU(), torch.nn.Linear(32, 1)
        )

    def forward(self, x, start, end):
        return self.network(torch.stack([start, end], 1)) * x


def test_the_mean_velocity_has_the_velocity_as_its_limit():
    x, start = torch.randn(50, 2, dtype=torch.float64), torch.linspace(0, 0.99, 50, dtype=torch.float64)
    near = mean_velocity(x, start, start + 1e-6)
    torch.testing.assert_close(near, velocity(x, start), rtol=1e-4, atol=1e-5)
    assert math.isfinite(near.sum().item())
