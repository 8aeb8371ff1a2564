"""What a spec promises is looked for in the clouds: legal values, the order of the columns, plausible units."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.data.checks import check_generated, check_truth, illegal_values
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError

JETS = jet_spec(30)


def changed(clouds, column, change):
    points = clouds.points.copy()
    points[:, column] = change(points[:, column])
    return clouds.with_points(points)


def ordered(clouds, *columns):
    return clouds.with_points(clouds.points[:, list(columns)])


UNITS = {
    "GeV": (
        lambda jets: changed(jets, 2, lambda pt: pt * 1000),
        r"ptrel adds up to 9\d\d.* in a typical jet; .* 1:",
    ),
    "0..2 pi": (lambda jets: changed(jets, 1, lambda phi: phi % (2 * np.pi)), r"phirel is .* on average .*\[-pi, pi\]"),
    "absolute eta": (lambda jets: changed(jets, 0, lambda eta: eta + 1.5), "etarel is 1.5 on average in a typical jet"),
    "pt, eta, phi": (lambda jets: ordered(jets, 2, 0, 1), "ptrel is negative for .* and etarel for none: .* order"),
    "eta, pt, phi": (lambda jets: ordered(jets, 0, 2, 1), "ptrel is negative for .* and phirel for none: .* order"),
}


def test_true_and_generated_jets_are_what_they_say(real_jets, fake_jets):
    check_truth(real_jets, JETS, "file")
    check_generated(fake_jets, JETS, real_jets, "file")
    for n in (0, 1):
        check_truth(real_jets[:n], JETS, "file")
        check_generated(fake_jets[:n], JETS, real_jets, "file")


@pytest.mark.parametrize(("change", "words"), UNITS.values(), ids=UNITS)
def test_jets_in_other_units_or_with_columns_in_another_order_are_refused(real_jets, change, words):
    with pytest.raises(DataError, match=f"^my.h5: {words}"):
        check_truth(change(real_jets), JETS, "my.h5")


@pytest.mark.parametrize("units", ["GeV", "pt, eta, phi", "eta, pt, phi"])
def test_generated_jets_of_another_unit_or_order_are_refused(real_jets, fake_jets, units):
    change, words = UNITS[units]
    with pytest.raises(DataError, match=words):
        check_generated(change(fake_jets), JETS, real_jets, "my.h5")


def test_a_bad_generator_is_no_error(real_jets):
    """Noise of the size of an untrained network, a collapse, and momenta that are a little negative are only bad."""
    noise = np.random.default_rng(0).normal(size=real_jets.points.shape).astype(np.float32)
    check_generated(real_jets.with_points(noise), JETS, real_jets, "file")
    check_generated(real_jets.with_points(np.full_like(noise, 0.01)), JETS, real_jets, "file")
    check_generated(changed(real_jets, 2, lambda pt: pt - 0.005), JETS, real_jets, "file")


def test_other_units_of_a_positive_feature_are_seen_beside_the_truth():
    spec = CloudSpec("showers", (Feature("energy", "MeV", "positive"), Feature("z")), 3)
    rng = np.random.default_rng(0)
    truth, ours = (Clouds(rng.uniform(1, 2, (30, 2)), np.arange(0, 31, 3)) for _ in range(2))
    check_generated(ours, spec, truth, "file")
    with pytest.raises(DataError, match=r"energy is typically 0\.001\d+, 1\.\d+ in the true clouds: .* to MeV"):
        check_generated(changed(ours, 0, lambda energy: energy / 1000), spec, truth, "file")


VALUES = {
    "negative": (Feature("x", nature="positive"), -0.5, "x is -0.5 at row 11, point 1; it is positive"),
    "a category that is none": (Feature("x", nature="categorical", categories=("a", "b")), 2, "2 at .* one of 2 cat"),
    "half a category": (Feature("x", nature="categorical"), 0.5, "x is 0.5 at .* categories are 0, 1, 2"),
    "outside the bins": (Feature("x", bins=4), 4, "x is 4 at row 11, point 1; it is the index of one of 4 bins"),
    "degrees": (Feature("x", nature="periodic"), 90, "x is 90 at .* an angle in radians"),
}


@pytest.mark.parametrize(("feature", "value", "words"), VALUES.values(), ids=VALUES)
def test_a_value_that_its_nature_forbids_is_named_with_its_place(feature, value, words):
    spec = CloudSpec("tracks", (feature,), 3, conditioning=(feature,))
    good = Clouds(np.ones((5, 1)), [0, 2, 5], np.ones((2, 1)))
    check_truth(good, spec, "file")
    bad = good.points.copy()
    bad[3] = value
    with pytest.raises(DataError, match=words):
        check_truth(Clouds(bad, good.offsets, good.conditioning), spec, "file", first=10)
    conditioning = np.array([[1.0], [value]], np.float32)
    (found,) = illegal_values(Clouds(good.points, good.offsets, conditioning), spec, first=10)
    assert found.startswith(f"the conditioning x is {value:g} at row 11; ")
