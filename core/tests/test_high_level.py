"""High-level observables: against slow sums over single jets, on empty clouds, and on clouds that are not jets."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.metrics.observables.high_level import high_level, high_level_names
from jetgen.metrics.wasserstein import wasserstein


def named(clouds, spec):
    return dict(zip(high_level_names(spec), high_level(clouds, spec).T, strict=True))


def shuffled_between_jets(clouds, rng):
    """Every particle stays at its rank and goes to another jet; the marginal distributions stay."""
    points = clouds.points.copy()
    for rank in range(clouds.multiplicity.max()):
        rows = np.flatnonzero(clouds.ranks == rank)
        points[rows] = points[rng.permutation(rows)]
    return Clouds(points, clouds.offsets)


def slowly(eta, phi, pt):
    """What a physicist writes down for one jet."""
    energy, x, y, z = (np.sum(pt * f) for f in (np.cosh(eta), np.cos(phi), np.sin(phi), np.sinh(eta)))
    share = pt / pt.sum()
    order = np.argsort(-pt)
    covariance = np.cov(np.stack([eta, phi]), aweights=share, ddof=0)
    first, second = order[:2]
    return {
        "mass": np.sqrt(energy**2 - x**2 - y**2 - z**2),
        "pt": np.hypot(x, y),
        "eta": np.arctanh(z / np.sqrt(x**2 + y**2 + z**2)),
        "phi": np.arctan2(y, x),
        "multiplicity": len(pt),
        "width_eta": np.sqrt(covariance[0, 0]),
        "width_phi": np.sqrt(covariance[1, 1]),
        "planar_flow": 4 * np.linalg.det(covariance) / np.trace(covariance) ** 2,
        "girth": np.sum(share * np.hypot(eta, phi)),
        "les_houches": np.sum(share * np.sqrt(np.hypot(eta, phi) / 0.8)),
        "dispersion": np.sqrt(np.sum(share**2)),
        **{f"ptrel_{k}": pt[order[k - 1]] for k in (1, 2, 3)},
        **{f"fraction_{k}": share[order[:k]].sum() for k in (1, 5, 10)},
        "distance_12": np.hypot(eta[first] - eta[second], phi[first] - phi[second]),
        "etarel_mean": eta.mean(),
        "etarel_sd": eta.std(),
        "phirel_mean": phi.mean(),
        "phirel_sd": phi.std(),
    }


def test_real_jets_have_the_values_of_slow_sums(real_jets, jet_spec):
    values = named(real_jets[:30], jet_spec)
    for i in range(30):
        expected = slowly(*real_jets[i : i + 1].points.astype(np.float64).T)
        assert list(values) == list(expected)
        for name, value in expected.items():
            assert values[name][i] == pytest.approx(value, rel=1e-6, abs=1e-9), name


def test_the_order_of_particles_and_of_features_does_not_matter(fake_jets, jet_spec):
    rng = np.random.default_rng(0)
    mixed = np.lexsort((rng.random(len(fake_jets.points)), fake_jets.rows))
    other = CloudSpec("jets", tuple(jet_spec.features[i] for i in (2, 0, 1)), 30)
    jets = Clouds(fake_jets.points[mixed][:, [2, 0, 1]], fake_jets.offsets)
    np.testing.assert_allclose(high_level(jets, other), high_level(fake_jets, jet_spec), rtol=1e-9, atol=1e-12)


def test_lost_correlations_between_the_particles_of_a_jet_are_seen(real_jets, jet_spec):
    full = real_jets[real_jets.multiplicity == 30]
    half = len(full) // 2
    first, second = named(full[:half], jet_spec), named(full[half:], jet_spec)
    shuffled = shuffled_between_jets(full[:half], np.random.default_rng(0))
    assert np.array_equal(np.sort(shuffled.points, axis=0), np.sort(full[:half].points, axis=0))
    without = named(shuffled, jet_spec)
    for name in ("mass", "pt", "width_eta", "width_phi", "planar_flow", "distance_12"):
        floor, moved = wasserstein(first[name], second[name]), wasserstein(first[name], without[name])
        assert moved > 3 * floor, name


def test_empty_jets_and_jets_without_momentum_are_zero_but_for_their_particles(jet_spec):
    jets = Clouds([[0.1, 0.2, 0.0], [0.3, 0.2, 0.0], [0.1, 0.0, -1.0]], [0, 0, 2, 2, 3, 3])
    values = named(jets, jet_spec)
    of_points = ("multiplicity", "etarel_mean", "etarel_sd", "phirel_mean", "distance_12")
    for name, value in values.items():
        assert name in of_points or not value.any(), name
    assert values["multiplicity"].tolist() == [0, 2, 0, 1, 0]
    assert values["etarel_mean"] == pytest.approx([0, 0.2, 0, 0.1, 0])
    assert values["distance_12"] == pytest.approx([0, 0.2, 0, 0, 0], rel=1e-6)
    assert high_level(jets[:0], jet_spec).shape == (0, len(high_level_names(jet_spec)))


def test_a_single_particle_is_a_jet_without_width(jet_spec):
    values = named(Clouds([[0.3, 0.4, 0.7]], [0, 1]), jet_spec)
    assert values["girth"] == pytest.approx(0.5)
    assert values["dispersion"] == values["fraction_1"] == values["fraction_10"] == 1.0
    assert values["mass"][0] < 1e-7
    for name in ("width_eta", "width_phi", "planar_flow", "ptrel_2", "ptrel_3", "distance_12", "etarel_sd"):
        assert values[name] == pytest.approx(0.0, abs=1e-9), name


def test_absurd_particles_have_finite_observables(jet_spec):
    points = [[5000.0, -3e38, 1e-40], [-900.0, 0.1, 3e38], [0.1, 0.2, 1e-45], [-1e4, 0.0, 1.0]]
    assert np.isfinite(high_level(Clouds(points, [0, 2, 2, 3, 4]), jet_spec)).all()


def test_the_two_hardest_may_lie_on_both_sides_of_the_cut_of_phi(jet_spec):
    jet = Clouds([[0.0, 3.1, 0.5], [0.0, -3.1, 0.4]], [0, 2])
    assert named(jet, jet_spec)["distance_12"] == pytest.approx(2 * np.pi - 6.2, rel=1e-5)


def test_other_clouds_have_summaries_of_their_features():
    features = (Feature("energy", "MeV", "positive"), Feature("z"), Feature("layer", nature="categorical"))
    spec = CloudSpec("showers", features, 100)
    clouds = Clouds([[1.0, -2.0, 3.0], [4.0, 2.0, 5.0], [2.0, 7.0, 1.0]], [0, 2, 2, 3])
    assert high_level_names(spec) == (
        "multiplicity",
        *(f"energy_{what}" for what in ("mean", "sd", "min", "max", "sum")),
        *(f"z_{what}" for what in ("mean", "sd", "min", "max")),
    )
    assert high_level(clouds, spec) == pytest.approx(
        np.array([[2, 2.5, 1.5, 1, 4, 5, 0, 2, -2, 2], [0] * 10, [1, 2, 0, 2, 2, 2, 7, 0, 7, 7]])
    )
    assert high_level(Clouds(np.empty((0, 3)), [0, 0]), spec).tolist() == [[0.0] * 10]


def test_a_row_of_a_table_is_its_own_observables():
    spec = CloudSpec("table", (Feature("x"), Feature("charge", nature="categorical"), Feature("y")), 1)
    clouds = Clouds([[1.5, 1.0, -2.0], [0.5, 0.0, 3.0]], [0, 1, 1, 2])
    assert high_level_names(spec) == ("x", "y")
    assert high_level(clouds, spec).tolist() == [[1.5, -2.0], [0.0, 0.0], [0.5, 3.0]]


def test_jets_in_other_coordinates_are_summarised():
    spec = CloudSpec("jets", (Feature("px"),), 3)
    assert high_level_names(spec) == ("multiplicity", "px_mean", "px_sd", "px_min", "px_max")
