"""What the classifier test finds among real jets: its areas, written down so that no change makes it weaker unseen.

A thousand jets of each kind or half of them, and a few epochs, are what a test can afford: only strong faults show.
benchmarks/c2st.py measures every planted distortion, the weak ones too, with ten thousand and the full profile.
"""

import dataclasses
from pathlib import Path

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature, MetricContext
from jetgen.metrics.distortions import DISTORTIONS

pytest.importorskip("torch")

from jetgen.metrics.c2st.metric import ClassifierTest
from jetgen.metrics.c2st.profiles import SLOW

GOLDEN = Path(__file__).parents[1] / "core" / "tests" / "golden" / "top30_real_and_fake.npz"
SPEC = CloudSpec("jets", (Feature("etarel"), Feature("phirel"), Feature("ptrel", nature="positive")), 30)
ERROR = 0.0204
"""Of an area near 1/2 from 400 jets of each kind: those that two trainings report on."""


class Power(ClassifierTest):
    """The slow profile with two trainings of few epochs."""

    profile = dataclasses.replace(
        SLOW, trainings=2, set_recipe=dataclasses.replace(SLOW.set_recipe, epochs=5, batch=50)
    )


@pytest.fixture(scope="module")
def jets():
    """A thousand true jets, a thousand other true jets, and a thousand of a published generator."""
    with np.load(GOLDEN) as arrays:
        real, fake = (Clouds.from_padded(arrays[f"points_{name}"], arrays[f"mask_{name}"]) for name in ("real", "fake"))
    return real[:1000], real[1000:], fake[:1000]


def areas(real, fake):
    values = Power.create(SPEC).compute(real, fake, MetricContext(seed=0))
    return values.value, values.components["c2st_hl"]


def test_truth_cannot_be_told_from_other_truth(jets):
    real, other, _ = jets
    assert areas(real, other) == pytest.approx((0.5, 0.5), abs=4 * ERROR)


def test_a_published_generator_is_found_out(jets):
    real, _, generated = jets
    assert areas(real, generated) == pytest.approx((0.603, 0.658), abs=3 * ERROR)


def test_lost_correlations_are_found_by_both_classifiers_in_few_jets(jets):
    real, other, _ = jets
    shuffled = DISTORTIONS["shuffle"].apply(other[:500], SPEC, np.random.default_rng(0))
    assert areas(real[:500], shuffled) == pytest.approx((0.998, 0.998), abs=0.03)


def test_a_collapse_is_found_because_copies_can_be_learnt_by_heart(jets):
    real, other, _ = jets
    collapsed = DISTORTIONS["collapse"].apply(other[:500], SPEC, np.random.default_rng(0))
    assert areas(real[:500], collapsed) == pytest.approx((1.0, 1.0), abs=0.03)
