"""Tracks of charged particles: the detector does what the published widths say, and the dataset tells it exactly."""

import numpy as np
import pytest
from jetgen import Clouds
from jetgen.errors import DataError, UsageError
from jetgen_tracks.dataset import Tracks
from jetgen_tracks.detector import reconstructed
from jetgen_tracks.efficiency import EFFICIENCIES
from jetgen_tracks.particles import PARTICLES, true_events
from jetgen_tracks.resolution import phi_width, residual_moments, smeared, theta_width
from jetgen_tracks.specs import EVENTS, REPLICAS, TRACKS, TRACKS_STOCHASTIC

SPLITS = ("train", "val", "test")
both = pytest.mark.parametrize("efficiency", list(EFFICIENCIES))


def event(*particles):
    """One true event; each particle has pT in GeV, eta and phi."""
    return Clouds([[*one, 0.0] for one in particles], [0, len(particles)])


def residuals(tracks, pt, eta, phi):
    """Of tracks (N, 3) of one particle: of log pT, eta and phi."""
    across = (tracks[:, 2] - phi + np.pi) % (2 * np.pi) - np.pi
    return np.stack([np.log(tracks[:, 0] / pt), tracks[:, 1] - eta, across], axis=1)


@pytest.mark.parametrize(
    ("pt", "theta", "phi"),
    [(0.1, 29.3, 19.9), (1.0, 3.00, 2.00), (5.0, 0.865, 0.426), (20.0, 0.652, 0.181), (100.0, 0.636, 0.152)],
)
def test_the_angular_widths_are_the_published_ones(pt, theta, phi):
    assert 1e3 * theta_width(np.array([pt])) == pytest.approx(theta, rel=6e-3)
    assert 1e3 * phi_width(np.array([pt])) == pytest.approx(phi, rel=6e-3)


@pytest.mark.parametrize(("pt", "eta"), [(1.0, 0.0), (1.0, 2.4), (5.0, -1.2), (20.0, 1.9), (60.0, 2.0), (400.0, 2.5)])
def test_the_exact_moments_are_those_of_many_tracks(pt, eta):
    n = 200_000
    tracks = smeared(np.full(n, pt), np.full(n, eta), np.full(n, 3.1415), np.random.default_rng(0))
    found = residuals(tracks, pt, eta, 3.1415)
    mean, variance = (each[0] for each in residual_moments(np.array([pt]), np.array([eta])))
    assert np.abs((found.mean(axis=0) - mean) / np.sqrt(variance / n)).max() < 5
    fourth = ((found - found.mean(axis=0)) ** 4).mean(axis=0)  # the tails of log pT are wider than a Gaussian's
    assert np.abs((found.var(axis=0) - variance) / np.sqrt((fourth - variance**2) / n)).max() < 5


def test_below_ten_gev_the_momentum_has_an_error_of_a_thousandth_of_itself_per_gev():
    pt = np.array([2.0, 5.0, 9.0])
    _, variance = residual_moments(pt, np.zeros(3))
    assert np.sqrt(variance[:, 0]) == pytest.approx(1e-3 * pt, rel=0.01)


def test_tracks_near_minus_pi_come_back_at_pi():
    tracks = smeared(np.full(500, 1.0), np.zeros(500), np.full(500, -np.pi), np.random.default_rng(0))
    assert (np.abs(tracks[:, 2]) > 3.1).all()
    assert {-1.0, 1.0} == set(np.sign(tracks[:, 2]))
    assert tracks[:, 2].min() >= -np.pi
    assert tracks[:, 2].max() < np.pi


def test_true_events_are_one_to_twelve_particles_in_falling_order_of_momentum():
    events = true_events(40_000, np.random.default_rng(0))
    counts = events.multiplicity
    assert (counts.min(), counts.max()) == (1, 12)
    assert counts.mean() == pytest.approx(1 + 11 * 0.45, abs=5 * np.sqrt(11 * 0.45 * 0.55 / 40_000))
    pt, kind = events.points[:, 0], events.points[:, 3]
    assert pt.min() >= 1.0
    assert (np.diff(pt)[np.diff(events.rows) == 0] <= 0).all()
    assert np.bincount(kind.astype(int)) / len(kind) == pytest.approx([0.90, 0.05, 0.05], abs=0.01)
    assert np.abs(events.points[:, 2]).max() <= np.float32(np.pi)


def test_the_fixed_efficiency_loses_what_is_outside_soft_or_near_a_harder_track():
    particles = [
        (50.0, 0.0, 0.0),
        (20.0, 0.0, 0.014),  # near the first one
        (10.0, 0.0, 0.028),  # near the second one only, which is lost
        (9.0, 2.6, 1.0),  # beyond the tracker
        (8.0, 2.6, 1.001),
        (1.4, 2.1, 2.0),  # soft and forward
        (1.4, 1.9, -2.0),
        (2.0, 1.0, np.pi),
        (1.9, 1.0, -np.pi + 0.01),  # near the one before, across pi
    ]
    assert EFFICIENCIES["fixed"](event(*particles)).tolist() == [1, 0, 1, 0, 0, 0, 1, 1, 0]


def test_the_random_efficiency_depends_on_direction_and_momentum():
    particles = [(5.0, 0.0, 0.0), (5.0, -2.0, 0.0), (1.2, 1.5, 0.0), (1.2, 2.0, 0.0), (5.0, 2.6, 0.0)]
    assert EFFICIENCIES["random"](event(*particles)) == pytest.approx([0.95, 0.85, 0.76, 0.68, 0.0])


@both
def test_the_replicas_of_an_event_share_its_row_and_never_have_more_tracks_than_particles(efficiency):
    for split, events, replicas in zip(SPLITS, EVENTS["tiny"], REPLICAS, strict=True):
        tracks = Tracks("tiny", efficiency=efficiency).load(split)
        assert len(tracks.given) == events
        assert tracks.event.tolist() == np.repeat(np.arange(events), replicas).tolist()
        assert (tracks.multiplicity <= tracks.given.multiplicity[tracks.event]).all()
        assert (np.diff(tracks.points[:, 0])[np.diff(tracks.rows) == 0] <= 0).all()


def test_with_the_fixed_efficiency_all_replicas_have_as_many_tracks_and_else_not():
    fixed, random = (Tracks("tiny", efficiency=name).load("test") for name in ("fixed", "random"))
    np.testing.assert_array_equal(fixed.given.points, random.given.points)
    same = [np.ptp(tracks.multiplicity.reshape(-1, REPLICAS[2]), axis=1) for tracks in (fixed, random)]
    assert (same[0] == 0).all()
    assert (same[1] > 0).any()


@both
def test_the_tracks_are_what_the_response_says(efficiency):
    data = Tracks("tiny", efficiency=efficiency)
    given = event((30.0, 0.3, 0.1), (6.0, 1.7, 0.5), (1.3, 0.2, -0.6))
    response, replicas = data.response(given), 20_000
    tracks = reconstructed(given, response.found, np.zeros(replicas, int), np.random.default_rng(3))
    # The particles are so far from each other that the nearest one in phi is the right one.
    phi = given.points[:, 2].astype(float)
    which = np.abs(tracks.points[:, 2, None] - phi).argmin(axis=1)
    for i, (pt, eta, _) in enumerate(given.points[:, :3].astype(float)):
        mine = tracks.points[which == i].astype(float)
        expected = replicas * response.found[i]
        assert abs(len(mine) - expected) <= 5 * np.sqrt(expected * (1 - response.found[i]))
        found = residuals(mine, pt, eta, phi[i])
        assert np.abs((found.mean(axis=0) - response.mean[i]) / np.sqrt(response.variance[i] / len(mine))).max() < 5
        assert found.var(axis=0) == pytest.approx(response.variance[i], rel=5 * np.sqrt(2 / len(mine)))


@both
def test_a_larger_size_begins_with_the_events_of_a_smaller_one(efficiency):
    tiny, small = (Tracks(size, efficiency=efficiency).load("val") for size in ("tiny", "small"))
    np.testing.assert_array_equal(tiny.points, small[: len(tiny)].points)
    np.testing.assert_array_equal(tiny.given.points, small.given[: len(tiny.given)].points)


def test_no_true_event_is_in_two_splits():
    first = [set(Tracks("small", efficiency="fixed").load(split).given.points[:, 1].tolist()) for split in SPLITS]
    assert not first[0] & first[1]
    assert not first[0] & first[2]
    assert not first[1] & first[2]


def test_true_events_are_answered_anew_as_they_are_asked_for():
    data = Tracks("tiny", efficiency="random")
    test = data.load("test")
    asked = np.array([3, 0, 3, 7])
    first, again, other = (data.answer(test.given, asked, seed) for seed in (1, 1, 2))
    assert first.event.tolist() == asked.tolist()
    assert first.given is test.given
    np.testing.assert_array_equal(first.points, again.points)
    assert not np.array_equal(first.points, other.points)
    assert not set(first.points[:, 1].tolist()) & set(test.points[:, 1].tolist())


def test_new_events_are_reconstructed_once():
    tracks = Tracks("tiny", efficiency="random").simulate(7, 1)
    assert (len(tracks), tracks.event.tolist()) == (7, list(range(7)))
    assert len(Tracks("tiny", efficiency="random").simulate(0, 1)) == 0


@pytest.mark.parametrize("spec", [TRACKS, TRACKS_STOCHASTIC], ids=lambda spec: spec.name)
def test_the_spec_has_the_numbers_of_clouds(spec):
    data = Tracks.create("small", **spec.options)
    assert tuple(len(data.load(split)) for split in SPLITS) == spec.sizes["small"]
    assert data.spec.given == PARTICLES


def test_what_is_not_there_is_refused_with_one_sentence():
    with pytest.raises(
        UsageError, match=r"tracks have no size 'smal' \(did you mean small\?\); use tiny, small, medium"
    ):
        Tracks("smal", efficiency="fixed")
    with pytest.raises(UsageError, match="tracks have no efficiency 'none'; use fixed, random"):
        Tracks("small", efficiency="none")
    with pytest.raises(UsageError, match="tracks have no split 'all'; use train, val, test"):
        Tracks("small", efficiency="fixed").load("all")
    with pytest.raises(DataError, match="true events have the features pt, eta, phi, class; these have 3"):
        Tracks("small", efficiency="fixed").response(Clouds([[1.0, 0.0, 0.0]], [0, 1]))
