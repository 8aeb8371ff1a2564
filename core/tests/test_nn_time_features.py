"""The time as numbers for a network: what rounding does to ours, and did to the published ones."""

import math

import numpy as np
import pytest
import torch
from jetgen.torch.nn import time_features, time_width


@pytest.mark.filterwarnings("ignore:.torch.jit.script. is deprecated:DeprecationWarning")
def test_the_frequencies_of_time_features_are_bounded():
    times = torch.linspace(0, 1, 1001, dtype=torch.float64)
    for frequencies in (1, 5, 16):
        values, slopes = torch.func.jvp(
            lambda t, k=frequencies: time_features(t, k), (times,), (torch.ones_like(times),)
        )
        assert values.shape == (1001, time_width(frequencies))
        assert values.abs().max() <= 1
        assert slopes.abs().max() <= frequencies * math.pi / 2 + 1e-6


def published_features(times, numbers=32):
    return (torch.pi * times.unsqueeze(1) * torch.arange(numbers, device=times.device).exp()).cos()


def test_single_precision_is_enough_for_time_features_and_was_not_for_the_published_ones():
    times = torch.from_numpy(np.random.default_rng(1).random(500, np.float32))

    def lost(features):
        """How far rounding moves each of the numbers at the worst of the times."""
        return (features(times).double() - features(times.double())).abs().amax(0)

    assert lost(lambda t: time_features(t, 16)).max() < 1e-5
    assert (lost(published_features) > 1).float().mean() > 0.4


def test_times_that_are_close_have_close_features_and_had_none_as_published():
    times = torch.linspace(0, 0.999, 1000)
    ours, published = (
        (features(times + 1e-5) - features(times)).abs().amax(0)
        for features in (lambda t: time_features(t, 16), published_features)
    )
    assert ours.max() < 1e-5 * 16 * math.pi / 2 + 1e-5
    assert (published > 0.5).float().mean() > 0.5
