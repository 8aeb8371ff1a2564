"""Faults of benchmarks/judge_power.py: their ratios are those of what they generate, and power is what it says."""

from pathlib import Path

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.metrics.c2st.calibration import area_under_curve
from jetgen.metrics.c2st.verdict import Score, Verdict
from jetgen_rqs_flow.generator import RQSFlow
from jetgen_rqs_flow.settings import RQSFlowSettings
from planted import faults as module
from planted.faults import FAULTS, Truth
from planted.scores import optimal_area, power

JETS = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 30)


@pytest.fixture(scope="module")
def truth():
    stored = np.load(Path(__file__).with_name("top30_sample.npz"))
    clouds = Clouds.from_padded(stored["points"], stored["mask"])
    flow = RQSFlow.create(resolve(RQSFlowSettings, "rqs-flow", "tiny", []).settings, JETS)
    flow.fit(clouds[:300], clouds[300:], RunContext(seed=1))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(module, "_CALIBRATION", 1_000)
        patch.setattr(module, "_AT_ONCE", 1_000)
        yield Truth(flow)


@pytest.mark.parametrize("name", FAULTS)
def test_the_ratio_of_a_fault_is_that_of_the_jets_that_it_makes(name, truth):
    fault = FAULTS[name].make(truth)
    real, fake = truth.sample(2_000, "real"), fault.sample(2_000, "fake")
    of_real, of_fake = fault.log_ratio(real), fault.log_ratio(fake)
    sampled = area_under_curve(np.concatenate([of_real, of_fake]), np.repeat([False, True], 2_000))
    best = optimal_area(of_real)
    assert sampled == pytest.approx(best.value, abs=4 * np.hypot(best.stderr, 0.0091))
    # The truth is the fault with the inverse weights: the mean of p / q over what q makes is 1 / the mean of q / p.
    product = np.exp(of_real).mean() * np.exp(-of_fake).mean()
    assert product == pytest.approx(1, abs=0.1)


def test_thinned_streams_are_independent_and_repeatable(truth):
    fault = FAULTS["d2"].make(truth)
    prints = [fault.sample(50, *stream).fingerprint() for stream in (("a", 0), ("a", 0), ("a", 1), ("b", 0))]
    assert prints[0] == prints[1]
    assert len(set(prints)) == 3


def gaussians(n):
    """True and generated numbers at a distance of 1, whose best area is Phi(1 / sqrt(2)), and log q / p of both."""
    rng = np.random.default_rng(0)
    real, fake = rng.normal(size=n), rng.normal(1.0, size=n)
    return real, fake, Score(0.76025, 1e-4)


def verdict(outputs):
    n = len(outputs) // 2
    return Verdict(outputs, np.repeat([True, False], n), np.tile(np.arange(n), 2))


def test_the_optimal_area_of_two_gaussians_follows_from_true_points_alone():
    real, _, best = gaussians(100_000)
    found = optimal_area(real - 0.5)
    assert found.value == pytest.approx(best.value, abs=4 * found.stderr)
    assert found.stderr < 0.003


def test_the_best_classifier_has_power_one_exactly_a_coin_none_and_a_noisy_one_what_its_area_says():
    real, fake, best = gaussians(4_000)
    ratio = np.concatenate([real, fake])
    sharp = power([verdict(-ratio)], real, fake, best)
    assert (sharp.value, sharp.stderr) == pytest.approx((1.0, 0.0), abs=1e-12)
    rng = np.random.default_rng(1)
    coin = power([verdict(rng.random(8_000))], real, fake, best)
    assert coin.value == pytest.approx(0, abs=4 * coin.stderr)
    noisy = power([verdict(-ratio + rng.normal(size=8_000))], real, fake, best)
    assert noisy.value == pytest.approx((0.69146 - 0.5) / (0.76025 - 0.5), abs=4 * noisy.stderr)  # Phi(1 / 2)
    assert noisy.stderr < coin.stderr
