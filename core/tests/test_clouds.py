"""Clouds, what they mean and what is asked for."""

import json

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from jetgen import Clouds, CloudSpec, Conditions, Feature
from jetgen.data.ordering import leading_feature, ordered
from jetgen.errors import DataError


def make_clouds(counts, features=2, conditioning=0, seed=0):
    rng = np.random.default_rng(seed)
    points = rng.normal(size=(sum(counts), features))
    return Clouds.from_multiplicities(points, counts, rng.normal(size=(len(counts), conditioning)))


def with_given(counts, events, n_given=2, seed=0):
    base = make_clouds(counts, seed=seed)
    return Clouds(base.points, base.offsets, given=make_clouds([1] * n_given, seed=seed + 1), event=events)


many_counts = st.lists(st.integers(0, 6), max_size=12)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (([[1.0], [np.nan]], [0, 2]), "points is not finite at row 1, column 0"),
        (([[1.0], [np.inf]], [0, 2]), "points is not finite at row 1, column 0"),
        (([[1e300]], [0, 1]), "points is not finite at row 0, column 0"),
        (([1.0, 2.0], [0, 2]), "points has shape (2,); two dimensions are needed"),
        (([["a"]], [0, 1]), "points has dtype <U1; numbers are needed"),
        (([[1.0]], [1, 1]), "offsets do not begin with 0"),
        (([[1.0]], np.empty(0, np.int64)), "offsets do not begin with 0"),
        (([[1.0], [2.0]], [0, 2, 1, 2]), "offsets fall from 2 to 1 at index 2"),
        (([[1.0]], [0, 2]), "offsets end at 2 but there are 1 points"),
        (([[1.0]], [0.0, 1.0]), "offsets has shape (2,) and dtype float64; one dimension of integers is needed"),
        (([[1.0]], [0, 1], [[1.0], [2.0]]), "conditioning has 2 rows for 1 clouds"),
        (([[1.0]], [0, 1], [[np.nan]]), "conditioning is not finite at row 0, column 0"),
        (([[1.0]], [0, 1], None, None, [0]), "given and event come together: one of them is missing"),
        (([[1.0]], [0, 1], None, Clouds([[1.0]], [0, 1]), [0, 0]), "event has 2 entries for 1 clouds"),
        (
            ([[1.0]], [0, 1], None, Clouds([[1.0]], [0, 1]), [3]),
            "event is 3 at index 0; there are 1 given clouds",
        ),
    ],
)
def test_wrong_arrays_are_refused_by_name_and_index(arguments, sentence):
    with pytest.raises(DataError) as caught:
        Clouds(*arguments)
    assert str(caught.value) == sentence


@given(many_counts)
def test_multiplicities_and_back_give_the_same_clouds(counts):
    clouds = make_clouds(counts)
    assert clouds.multiplicity.tolist() == counts
    again = Clouds.from_multiplicities(clouds.points, clouds.multiplicity, clouds.conditioning)
    assert again.fingerprint() == clouds.fingerprint()
    assert again.offsets.dtype == np.int64


@pytest.mark.parametrize(
    ("points", "multiplicity", "sentence"),
    [
        ([[1.0]], [2], "the multiplicities add up to 2 but there are 1 points"),
        ([[1.0]], [2, -1], "multiplicity is -1 at index 1; 0 or more is needed"),
        ([[1.0]], [1.0], "multiplicity has shape (1,) and dtype float64; one dimension of integers is needed"),
        ([1.0], [1], "points has shape (1,); two dimensions are needed"),
    ],
)
def test_wrong_multiplicities_are_refused(points, multiplicity, sentence):
    with pytest.raises(DataError) as caught:
        Clouds.from_multiplicities(points, multiplicity)
    assert str(caught.value) == sentence


@pytest.mark.parametrize(
    "none",
    [
        Clouds.from_multiplicities(np.zeros((0, 3)), []),
        Clouds.from_multiplicities(np.zeros((0, 3)), np.zeros(0, np.int64), np.zeros((0, 2))),
        Clouds.from_padded(np.zeros((0, 5, 3)), np.zeros((0, 5), bool)),
        Clouds.from_padded(np.zeros((0, 0, 3)), np.zeros((0, 0))),
    ],
)
def test_there_may_be_no_clouds(none):
    assert (len(none), none.n_features, none.multiplicity.tolist()) == (0, 3, [])
    assert [array.shape for array in none.padded(4)] == [(0, 4, 3), (0, 4)]


@given(many_counts)
def test_padding_and_back_gives_the_same_clouds(counts):
    clouds = make_clouds(counts)
    points, mask = clouds.padded(6)
    assert points.shape == (len(counts), 6, 2)
    assert not points[~mask].any()
    back = Clouds.from_padded(points, mask)
    assert back.fingerprint() == clouds.fingerprint()


@given(many_counts, st.integers(-14, 14), st.integers(-14, 14))
def test_a_slice_is_a_view_of_the_right_clouds(counts, start, stop):
    clouds = make_clouds(counts, conditioning=1)
    part = clouds[start:stop]
    assert part.multiplicity.tolist() == counts[start:stop]
    assert part.fingerprint() == clouds[np.arange(len(clouds))[start:stop]].fingerprint()
    assert len(part.points) == 0 or np.shares_memory(part.points, clouds.points)


@given(many_counts, st.integers(0, 12))
def test_two_parts_concatenate_to_the_whole(counts, at):
    clouds = make_clouds(counts, conditioning=2)
    assert Clouds.concatenate([clouds[:at], clouds[at:]]).fingerprint() == clouds.fingerprint()


def test_indices_and_truths_pick_clouds_in_their_order():
    clouds = make_clouds([2, 0, 3])
    assert clouds[[2, 0, 2]].multiplicity.tolist() == [3, 2, 3]
    assert clouds[np.array([True, False, True])].multiplicity.tolist() == [2, 3]
    assert clouds[::-1].multiplicity.tolist() == [3, 0, 2]
    assert np.array_equal(clouds[[2]].points, clouds.points[2:])
    assert len(clouds[[]]) == 0


def test_a_table_of_indices_is_not_a_way_to_pick_clouds():
    with pytest.raises(TypeError, match=r"such as \[3:4\], not by \[\[0, 1\], \[1, 0\]\]"):
        make_clouds([1, 2])[[[0, 1], [1, 0]]]


def test_rows_and_ranks_say_where_a_point_belongs():
    clouds = make_clouds([2, 0, 3])
    assert clouds.rows.tolist() == [0, 0, 2, 2, 2]
    assert clouds.ranks.tolist() == [0, 1, 0, 1, 2]


def test_a_cloud_larger_than_the_places_is_refused():
    with pytest.raises(DataError, match="cloud 1 has 4 points, more than the 3 slots asked for"):
        make_clouds([1, 4]).padded(3)


@pytest.mark.parametrize(
    ("mask", "sentence"),
    [
        (np.ones((1, 3)), r"points \(1, 2, 1\) and mask \(1, 3\) do not go together"),
        ([[1.0, 0.5]], "mask is 0.5 at row 0, slot 1; 0 or 1 is needed"),
        ([[np.nan, 1.0]], "mask is nan at row 0, slot 0"),
    ],
)
def test_a_mask_that_is_no_mask_is_refused(mask, sentence):
    with pytest.raises(DataError, match=sentence):
        Clouds.from_padded(np.zeros((1, 2, 1)), mask)


def test_what_stands_outside_the_mask_is_not_looked_at():
    assert Clouds.from_padded([[[1.0], [np.nan]]], [[1, 0]]).points.tolist() == [[1.0]]


def test_a_point_of_zeros_is_a_point():
    assert Clouds.from_padded(np.zeros((1, 2, 1)), [[True, False]]).multiplicity.tolist() == [1]


def test_a_fingerprint_tells_clouds_apart():
    clouds = make_clouds([2, 1], conditioning=1)
    others = [make_clouds([2, 1], conditioning=1, seed=1), make_clouds([1, 2], conditioning=1), make_clouds([2, 1])]
    assert clouds.fingerprint() == make_clouds([2, 1], conditioning=1).fingerprint()
    assert len({one.fingerprint() for one in [clouds, *others]}) == 4
    assert with_given([1], [0]).fingerprint() != with_given([1], [1]).fingerprint()
    assert make_clouds([]).fingerprint() == make_clouds([0, 0])[:0].fingerprint()


def test_a_slice_keeps_the_given_set_and_its_events():
    part = with_given([1, 2, 1], [1, 0, 1])[1:]
    assert len(part.given) == 2
    assert part.event.tolist() == [0, 1]


def test_parts_of_one_given_set_share_it_and_others_are_joined():
    first, second = with_given([1, 2], [1, 0]), with_given([3], [1], seed=5)
    assert Clouds.concatenate([first[:1], first[1:]]).given is first.given
    joined = Clouds.concatenate([first, second, first])
    assert joined.event.tolist() == [1, 0, 3, 1, 0]
    assert joined.given.fingerprint() == Clouds.concatenate([first.given, second.given]).fingerprint()


@pytest.mark.parametrize(
    ("parts", "sentence"),
    [
        ([], "there is nothing to concatenate"),
        (
            [make_clouds([1]), make_clouds([1], features=3)],
            "part 1 has other features or conditioning columns than part 0",
        ),
        ([make_clouds([1]), with_given([1], [0])], "part 1 has conditioning clouds, unlike part 0"),
    ],
)
def test_parts_that_do_not_go_together_are_refused(parts, sentence):
    with pytest.raises(DataError, match=sentence):
        Clouds.concatenate(parts)


def test_a_spec_survives_json_with_everything_in_it():
    truth = CloudSpec("tracks", (Feature("pt", "GeV", "positive"),), 40)
    spec = CloudSpec(
        "tracks", [Feature("pt"), Feature("phi", "rad", "periodic")], 9, (Feature("n"),), truth, {"z": [1]}
    )
    assert CloudSpec.from_json(spec.to_json()) == spec
    assert spec.index("phi") == 1
    assert spec.conditioning_names == ("n",)


def test_the_names_of_categories_survive_json_and_other_features_do_not_mention_them():
    spec = CloudSpec("jets", (Feature("x"),), 9, (Feature("kind", nature="categorical", categories=["a", "b"]),))
    assert spec.conditioning[0].categories == ("a", "b")
    assert CloudSpec.from_json(json.loads(json.dumps(spec.to_json()))) == spec
    assert list(spec.to_json()["features"][0]) == ["name", "unit", "nature"]


def test_the_bins_of_features_survive_json_and_other_features_do_not_mention_them():
    cells = (Feature("z", bins=45), Feature("alpha", nature="periodic", bins=16), Feature("x"))
    spec = CloudSpec("showers", cells, 6480)
    again = CloudSpec.from_json(json.loads(json.dumps(spec.to_json())))
    assert again == spec
    assert [feature.bins for feature in again.features] == [45, 16, 0]
    assert [list(feature) for feature in spec.to_json()["features"]] == [
        ["name", "unit", "nature", "bins"],
        ["name", "unit", "nature", "bins"],
        ["name", "unit", "nature"],
    ]


@pytest.mark.parametrize(
    ("make", "sentence"),
    [
        (lambda: Feature("x", nature="wobbly"), "feature 'x' has nature 'wobbly'; use one of continuous, positive"),
        (lambda: Feature("x", categories=("a",)), "feature 'x' is continuous and cannot have categories"),
        (lambda: Feature("x", bins=-1), "feature 'x' has -1 bins; an integer is needed, 0 for none"),
        (lambda: Feature("x", bins=4.0), "feature 'x' has 4.0 bins; an integer is needed"),
        (lambda: Feature("x", nature="positive", bins=4), "feature 'x' is positive and cannot have bins"),
        (lambda: Feature("x", nature="categorical", bins=4), "feature 'x' is categorical and cannot have bins"),
        (lambda: CloudSpec("balls", (Feature("x"),), 1), "clouds have kind 'balls'; use one of jets, showers"),
        (lambda: CloudSpec("jets", (Feature("x"), Feature("x")), 1), "the feature names x, x are not distinct"),
        (lambda: CloudSpec("jets", (), 1), "clouds need at least one feature and one point, not 0 and 1"),
        (lambda: CloudSpec("jets", (Feature("x"),), 2).index("y"), "the clouds have no feature 'y'; they have x"),
        (lambda: CloudSpec.from_json({"kind": "jets"}), "not a CloudSpec"),
        (lambda: CloudSpec.from_json([]), "not a CloudSpec"),
    ],
)
def test_a_spec_without_sense_is_refused(make, sentence):
    with pytest.raises(DataError, match=sentence):
        make()


def test_conditions_tell_context_and_given_but_never_multiplicities():
    truth = with_given([1, 2, 0], [1, 0, 1])
    conditions = Conditions.like(truth)
    assert (conditions.n, conditions.conditioning, conditions.multiplicity) == (3, None, None)
    assert conditions[1:].event.tolist() == [0, 1]
    assert conditions[1:].n == 2
    assert Conditions.like(make_clouds([1], conditioning=2)).conditioning.shape == (1, 2)


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"n": -1}, "-1 clouds cannot be generated"),
        ({"n": 2, "conditioning": np.zeros((1, 1))}, "conditioning has 1 rows for 2 clouds"),
        ({"n": 2, "multiplicity": np.array([3, -1])}, "multiplicity is -1 at index 1; 0 or more is needed"),
        ({"n": 1, "multiplicity": np.array([3.0])}, "multiplicity has shape .* one dimension of integers is needed"),
        ({"n": 1, "given": make_clouds([1])}, "given and event come together"),
        (
            {"n": 1, "given": make_clouds([1]), "event": np.array([1])},
            "event is 1 at index 0; there are 1 given clouds",
        ),
    ],
)
def test_conditions_without_sense_are_refused(arguments, sentence):
    with pytest.raises(DataError, match=sentence):
        Conditions(**arguments)


@settings(max_examples=30)
@given(many_counts, st.integers(0, 1000))
def test_the_canonical_order_forgets_the_order_of_the_points(counts, seed):
    spec = CloudSpec("jets", (Feature("x"), Feature("y", nature="positive")), 6)
    clouds = make_clouds(counts)
    clouds.points[:] = clouds.points.round() + 0.0  # ties, and no negative zeros
    shuffled = np.lexsort((np.random.default_rng(seed).random(len(clouds.points)), clouds.rows))
    again = Clouds(clouds.points[shuffled], clouds.offsets)
    assert ordered(again, spec).fingerprint() == ordered(clouds, spec).fingerprint()
    first = ordered(clouds, spec).points[clouds.ranks == 0, 1]
    largest = [clouds.points[a:b, 1].max() for a, b in zip(clouds.offsets, clouds.offsets[1:], strict=False) if b > a]
    assert first.tolist() == largest


def test_points_are_ranked_by_ptrel_then_by_a_positive_feature_then_by_the_first():
    energy, ptrel = Feature("energy", nature="positive"), Feature("ptrel")
    assert leading_feature(CloudSpec("jets", (Feature("x"), energy, ptrel), 1)) == 2
    assert leading_feature(CloudSpec("jets", (Feature("x"), energy), 1)) == 1
    assert leading_feature(CloudSpec("jets", (Feature("x"), Feature("y")), 1)) == 0
