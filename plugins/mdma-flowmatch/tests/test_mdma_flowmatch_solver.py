import itertools
import math

import pytest
import torch
from jetgen.torch.nn.odes import EVALUATIONS_PER_STEP, Solver
from jetgen.torch.training import mask_of
from jetgen_mdma_flowmatch.density import exact_trace, hutchinson_trace, log_density, log_normal
from torch.distributions import MultivariateNormal

PULL = torch.tensor([[0.3, -0.8, 0.1], [0.5, 0.2, 0.0], [-0.2, 0.4, -0.5]], dtype=torch.float64)


def normal(*shape, seed=1, dtype=torch.float64):
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def linear(time, state):
    return state @ PULL.T


@pytest.mark.parametrize("backward", [False, True])
@pytest.mark.parametrize("nfe", [1, 4, 8, 17])
@pytest.mark.parametrize("method", EVALUATIONS_PER_STEP)
def test_the_velocity_is_asked_for_as_often_as_is_said(method, nfe, backward):
    times = []

    def counted(time, state):
        times.append(float(time))
        return -state

    Solver(method, nfe).solve(counted, torch.ones(2), backward=backward)
    each = EVALUATIONS_PER_STEP[method]
    assert len(times) == max(each, nfe // each * each)
    assert times[0] == float(backward)
    assert all(0 <= time <= 1 for time in times)


@pytest.mark.parametrize(("method", "order"), [("euler", 1), ("midpoint", 2), ("heun", 2), ("rk4", 4)])
def test_errors_fall_with_the_order_of_the_method(method, order):
    start, each = normal(5, 3), EVALUATIONS_PER_STEP[method]
    truth = start @ torch.linalg.matrix_exp(PULL).T
    coarse, fine = ((Solver(method, steps * each).solve(linear, start) - truth).abs().max().item() for steps in (8, 16))
    assert math.log2(coarse / fine) == pytest.approx(order, abs=0.25)


def test_a_field_that_depends_on_time_is_followed_from_0_to_1():
    for method in (*EVALUATIONS_PER_STEP, "dopri5"):
        found = Solver(method, 400, 1e-6).solve(lambda t, x: 2 * t + 0 * x, torch.zeros(2, dtype=torch.float64))
        assert found.tolist() == pytest.approx([1, 1], abs=0.01)


@pytest.mark.parametrize("method", [*EVALUATIONS_PER_STEP, "dopri5"])
def test_backward_undoes_forward(method):
    start, solver = normal(5, 3), Solver(method, 256, 1e-6)

    def turning(time, state):
        return linear(time, state) * (1 + time)

    back = solver.solve(turning, solver.solve(turning, start), backward=True)
    torch.testing.assert_close(back, start, rtol=0, atol=2e-2 if method == "euler" else 1e-4)


@pytest.mark.parametrize("tolerance", [1e-3, 1e-6])
def test_adaptive_steps_reach_their_tolerance(tolerance):
    start = normal(5, 3)
    found = Solver("dopri5", tolerance=tolerance).solve(linear, start)
    truth = start @ torch.linalg.matrix_exp(PULL).T
    assert (found - truth).abs().max() < 10 * tolerance


def truth_of(state):
    push = torch.linalg.matrix_exp(PULL)
    return MultivariateNormal(torch.zeros(3, dtype=torch.float64), push @ push.T).log_prob(state)


def test_the_exact_trace_gives_the_density_of_a_linear_flow():
    state = normal(7, 3)
    found = log_density(linear, state, Solver("rk4", 64), exact_trace)
    torch.testing.assert_close(found, truth_of(state), rtol=1e-6, atol=1e-6)


def test_the_mean_over_probes_is_the_density_of_a_linear_flow():
    counts = torch.tensor([2, 1])
    mask = mask_of(counts, 2).unsqueeze(-1).double()
    state = normal(2, 2, 3) * mask
    signs = torch.tensor(list(itertools.product([-1.0, 1.0], repeat=6)), dtype=torch.float64).view(-1, 1, 2, 3)

    def masked(time, state):
        return linear(time, state) * mask

    found = torch.stack(
        [log_density(masked, state, Solver("rk4", 32), hutchinson_trace(probe * mask), mask) for probe in signs]
    )
    expected = (truth_of(state) * mask.squeeze(-1)).sum(1)
    torch.testing.assert_close(found.mean(0), expected, rtol=1e-6, atol=1e-5)
    assert (found.std(0) > 0.01).all()


def test_the_normal_density_counts_the_numbers_that_are_present():
    values = torch.tensor([[1.0, 2.0], [3.0, 0.0]])
    expected = torch.distributions.Normal(0.0, 1.0).log_prob(values)
    there = torch.tensor([[1, 1], [1, 0]])
    torch.testing.assert_close(log_normal(values), expected.sum(1))
    torch.testing.assert_close(log_normal(values, there), (expected * there).sum(1))
