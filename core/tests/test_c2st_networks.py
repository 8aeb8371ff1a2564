"""The networks of the classifier test and what they are fed: sets stay sets, padding is nothing."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.metrics.c2st.inputs import Encoder
from jetgen.metrics.c2st.scales import QuantileScale, Scale
from jetgen.metrics.c2st.splitting import Folds
from scipy.special import ndtri

torch = pytest.importorskip("torch")

from jetgen.metrics.c2st.networks import Batch, SetClassifier, pair_features  # noqa: E402 (after the check for torch)
from jetgen.metrics.c2st.training import Part  # noqa: E402
from jetgen.torch.training import seeded  # noqa: E402

TRACKS = CloudSpec(
    "tracks",
    (Feature("pt", "GeV", "positive"), Feature("phi", "rad", "periodic"), Feature("charge", nature="categorical")),
    6,
    (Feature("energy", "GeV", "positive"),),
)


def network_for(part):
    with seeded(3):
        return SetClassifier(part.width, part.rows["whole"].shape[1]).eval()


def part_of(clouds, spec, most=150):
    return Part(Encoder(clouds, spec, most)(clouds), np.ones(len(clouds), bool), "cpu")


def outputs(network, part, rows):
    with torch.no_grad():
        return network(part.batch(torch.as_tensor(rows))).numpy()


@pytest.fixture
def tracks():
    rng = np.random.default_rng(0)
    counts = np.array([0, 1, 2, 6, 0, 3, 5])
    points = np.stack([rng.exponential(size=17), rng.uniform(-3, 3, 17), rng.choice([-1.0, 1.0], 17)], axis=1)
    return Clouds.from_multiplicities(points, counts, rng.exponential(size=(7, 1)))


def test_the_order_of_the_points_does_not_matter(real_jets, jet_spec):
    part = part_of(real_jets[:40], jet_spec)
    network, batch = network_for(part), part.batch(torch.arange(40))
    order = torch.randperm(batch.mask.shape[1], generator=torch.Generator().manual_seed(0))
    shuffled = Batch(*(field[:, order] for field in batch[:-1]), batch.whole)
    with torch.no_grad():
        np.testing.assert_allclose(network(shuffled), network(batch), atol=2e-5)


def test_clouds_with_their_points_in_another_order_are_encoded_alike(real_jets, jet_spec):
    jets = real_jets[:40]
    order = np.lexsort([np.random.default_rng(0).random(len(jets.points)), jets.rows])
    encoder = Encoder(jets, jet_spec, 150)
    first, second = encoder(jets), encoder(Clouds(jets.points[order], jets.offsets))
    for name in ("points", "positions", "logs", "shares", "whole"):
        np.testing.assert_allclose(getattr(first, name), getattr(second, name), atol=1e-5)


def test_padding_changes_nothing(tracks):
    part = part_of(tracks, TRACKS)
    network = network_for(part)
    together = outputs(network, part, range(7))
    alone = np.concatenate([outputs(network, part, [i]) for i in range(7)])
    np.testing.assert_allclose(together, alone, atol=1e-5)


def test_the_values_of_empty_slots_have_no_effect(tracks):
    part = part_of(tracks, TRACKS)
    network, batch = network_for(part), part.batch(torch.arange(7))
    dirty = batch._replace(
        points=torch.where(batch.mask[..., None], batch.points, 7.0), logs=batch.logs + 3 * ~batch.mask
    )
    with torch.no_grad():
        np.testing.assert_allclose(network(dirty), network(batch), atol=1e-5)


def test_points_beyond_the_pairs_are_still_seen(real_jets, jet_spec):
    part = part_of(real_jets[:10], jet_spec)
    with seeded(3):
        network = SetClassifier(part.width, part.rows["whole"].shape[1], pairs=5).eval()
    batch = part.batch(torch.arange(10))
    softer = batch.points.clone()
    softer[:, 20] += 1.0
    with torch.no_grad():
        assert (network(batch._replace(points=softer)) != network(batch)).all()


def test_pairs_know_distance_kt_and_mass():
    positions = torch.tensor([[[0.0, 0.0], [0.3, 0.4]]])
    logs = torch.log(torch.tensor([[0.5, 0.125]]))
    features = pair_features(positions, logs, torch.tensor([0]), torch.tensor([1]))[0, 0].exp()
    np.testing.assert_allclose(features, [0.5, 0.125 * 0.5, 0.25 * 0.5, 0.25], rtol=1e-5)


def test_each_nature_has_its_own_encoding(tracks):
    inputs = Encoder(tracks, TRACKS, 150)(tracks)
    assert inputs.points.shape == (17, 2 + 2 + 2)  # log and value, sine and cosine, two charges
    assert inputs.whole.shape[0] == 7
    assert np.isfinite(inputs.points).all()
    shares = np.bincount(np.repeat(np.arange(7), np.diff(inputs.offsets)), inputs.shares, minlength=7)
    np.testing.assert_allclose(shares, [0, 1, 1, 1, 0, 1, 1], rtol=1e-6)


def test_only_the_leading_points_of_large_clouds_are_kept(tracks):
    inputs = Encoder(tracks, TRACKS, 2)(tracks)
    assert np.diff(inputs.offsets).tolist() == [0, 1, 2, 2, 0, 2, 2]
    largest = tracks.points[tracks.offsets[3] : tracks.offsets[4], 0]
    assert np.exp(inputs.logs[3:5]) == pytest.approx(np.sort(largest)[:-3:-1], rel=0.1)


def test_context_and_conditioning_sets_are_part_of_what_is_seen(tracks):
    given = Clouds(np.ones((3, 3)), [0, 1, 3])
    spec = CloudSpec("tracks", TRACKS.features, 6, TRACKS.conditioning, given=CloudSpec("tracks", TRACKS.features, 6))
    answers = Clouds(tracks.points, tracks.offsets, tracks.conditioning, given, [0, 1, 0, 1, 0, 1, 0])
    plain, told = (Encoder(clouds, of, 9)(clouds).whole for clouds, of in ((tracks, TRACKS), (answers, spec)))
    assert told.shape[1] > plain.shape[1]
    assert (told[0, plain.shape[1] :] != told[1, plain.shape[1] :]).any()


def test_a_category_in_the_context_is_one_column_for_each(tracks):
    kinds = np.array([0.0, 2.0, 4.0, 0.0, 2.0, 4.0, 4.0])
    answers = Clouds(tracks.points, tracks.offsets, kinds[:, None])
    kind = Feature("kind", nature="categorical")
    plain, told = (
        CloudSpec("tracks", TRACKS.features, 6, conditioning) for conditioning in ((Feature("kind"),), (kind,))
    )
    widths = [Encoder(answers, spec, 9)(answers).whole.shape[1] for spec in (plain, told)]
    assert widths[1] - widths[0] == 2
    seen = Encoder(answers, told, 9)(answers).whole[:, -3:]
    assert (seen.argmax(axis=1) == kinds / 2).all()


def test_momenta_of_zero_and_below_and_wild_values_are_encoded_finitely(real_jets, jet_spec):
    points = real_jets[:50].points.copy()
    points[::7, 2], points[1::7, 2], points[2::7, 0] = 0.0, -0.5, 1e30
    wild = Clouds(points, real_jets[:50].offsets)
    inputs = Encoder(real_jets[:50], jet_spec, 150)(wild)
    for name in ("points", "positions", "logs", "shares", "whole"):
        assert np.isfinite(getattr(inputs, name)).all()


def test_a_constant_column_is_left_in_its_units_and_no_value_is_out_of_reach():
    scale = Scale.fit(np.array([[1.0, 5.0], [3.0, 5.0]]))
    assert scale(np.array([[4.0, 5.0], [1e9, 6.0]])).tolist() == [[2.0, 0.0], [10.0, 1.0]]


def test_one_absurd_value_does_not_make_all_others_alike():
    values = np.random.default_rng(0).normal(size=(5_000, 1))
    values[7] = 1e30
    assert Scale.fit(values)(values).std() == pytest.approx(1.0, abs=0.05)


def test_numbers_of_whole_clouds_become_normal_whatever_their_distribution():
    values = np.random.default_rng(0).pareto(1.0, size=(20_000, 1))
    scores = QuantileScale.fit(values)(values)[:, 0]
    assert (scores.mean(), scores.std(), (scores**4).mean()) == pytest.approx((0.0, 1.0, 3.0), abs=0.05)
    assert (scores.argsort() == values[:, 0].argsort()).all()


def test_equal_values_share_a_score_and_none_is_beyond_those_of_the_training():
    scores = QuantileScale.fit(np.array([[0.0], [0.0], [1.0], [2.0]]))
    found = scores(np.array([[-5.0], [0.0], [1.0], [1.5], [9.0]]))[:, 0]
    assert found[:3] == pytest.approx(ndtri([0.25, 0.25, 0.625]))
    assert found[2] < found[3] < found[4] == pytest.approx(ndtri(0.875))
    assert QuantileScale.fit(np.full((9, 1), 7.0))(np.array([[7.0], [8.0]])).tolist() == [[0.0], [0.0]]
    assert QuantileScale.fit(np.empty((0, 2)))(np.ones((1, 2))).tolist() == [[0.0, 0.0]]


def test_the_parts_of_a_split_are_disjoint_equal_and_those_reported_on_differ(real_jets, fake_jets):
    folds = Folds.of(real_jets, fake_jets[:1003], 10_000, np.random.default_rng(0))
    reported = []
    for number in range(5):
        learn, select, test = folds.samples(number)
        assert sum(len(one.labels) for one in (learn, select, test)) == 2 * 1003
        for one in (learn, select, test):
            assert len(one.clouds) == len(one.labels) == 2 * one.labels.sum()
        reported += [cloud.fingerprint() for cloud in (test.clouds[i : i + 1] for i in range(len(test.clouds)))]
    assert len(set(reported)) == len(reported) == 2 * 1003
