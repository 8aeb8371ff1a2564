"""One number for how far generated clouds are from true ones."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.data.jets import jet_spec
from jetgen.metrics.composite import Composite, observables, variety

JETS = jet_spec(30)


@pytest.fixture(scope="module")
def jets(golden_jets):
    return golden_jets[0]


@pytest.fixture(scope="module")
def composite(jets):
    return Composite(JETS, jets[:700], jets, 700, rng=np.random.default_rng(1))


def changed(jets, change):
    points = jets.points.copy()
    change(points)
    return jets.with_points(points)


def test_the_score_of_truth_is_about_1_and_worse_clouds_have_higher_scores(composite, jets):
    def widen(points):
        points[:, :2] *= 1.1

    def harden(points):
        points[:, 2] *= 1.1

    truth = composite.score(jets[700:1400])
    assert truth == pytest.approx(1, abs=0.5)
    wide, hard = (composite.score(changed(jets[700:1400], change)) for change in (widen, harden))
    assert truth < wide
    assert truth < hard
    assert composite.score(changed(jets[700:1400], lambda points: (widen(points), harden(points)))) > wide


def test_particles_that_were_dealt_anew_are_seen_by_what_joins_them_alone(composite, jets):
    some = jets[700:1400]
    order = np.random.default_rng(1).permutation(len(some.points))
    ratios = composite.ratios(some.with_points(some.points[order]))
    assert ratios["features"] < 2
    assert ratios["size"] < 2
    assert min(ratios["mass"], ratios["efps"]) > 3


def test_the_mass_alone_can_be_the_score(composite, jets):
    by_mass = Composite(JETS, jets[:700], jets, 700, by="mass", rng=np.random.default_rng(1))
    assert by_mass.score(jets[700:1400]) == pytest.approx(composite.ratios(jets[700:1400])["mass"], rel=0.5)
    assert set(by_mass.ratios(jets[700:1400])) == {"mass"}


def test_pairs_see_particles_that_no_longer_share_a_direction(composite, jets):
    some = jets[700:1400]
    rng = np.random.default_rng(1)
    blurred = some.points + rng.normal(scale=[3e-3, 3e-3, 0.0], size=some.points.shape)
    by_pairs = Composite(JETS, jets[:700], jets, 700, by="pairs", rng=np.random.default_rng(1))
    ratios = by_pairs.ratios(some.with_points(blurred.astype(np.float32)))
    assert ratios["pairs"] > 3
    assert max(ratios["mass"], ratios["features"], ratios["efps"]) < 2
    assert by_pairs.ratios(some)["pairs"] < 2


def test_showers_are_compared_by_energy_features_and_size():
    features = (Feature("energy", "MeV", "positive"), Feature("z"))
    spec = CloudSpec("showers", features, 10, (Feature("e_inc", "MeV", "positive"),))
    clouds = Clouds([[2.0, 1], [6.0, 2], [5.0, 3]], [0, 2, 3], [[16.0], [10.0]])
    found = observables(clouds, spec)
    assert set(found) == {"energy", "features", "size"}
    assert found["energy"][0].tolist() == [0.5, 0.5]
    assert found["size"][0].tolist() == [2, 1]


def test_a_cloud_again_and_again_has_no_variety(jets):
    same = Clouds.concatenate([jets[:1]] * 50)
    assert variety(same) == pytest.approx(0, abs=1e-5)
    assert variety(jets[:200]) > 0.1
