"""The generator: each model learns on each loss, answers row by row, and says in a sentence what it cannot do."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Conditions, Feature, RunContext
from jetgen.api.settings import resolve
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError, TrainingError, UsageError
from jetgen_cvae_slot_attention.replicas import replica_rows
from jetgen_cvae_slot_attention.settings import CVAESlotAttentionSettings

TRAININGS = [
    {"model": "copy"},
    {"model": "copy", "loss": "energy"},
    {"model": "copy", "loss": "hungarian"},
    {"model": "copy", "loss": "double-hungarian"},
    {"model": "copy", "frame": "absolute"},
    {"model": "slot"},
    {"model": "slot", "loss": "hungarian"},
    {"model": "slot", "loss": "double-hungarian", "units": "spread", "encoder": "sums", "talk": False},
    {"model": "slot", "attention": "competitive", "anchored": False},
    {"model": "cvae"},
]
trainings = pytest.mark.parametrize("values", TRAININGS, ids=lambda each: "-".join(map(str, each.values())))
models = pytest.mark.parametrize("model", ["copy", "slot", "cvae"])


def fitted(model, data, **context):
    return model, model.fit(data.train, data.val, RunContext(seed=1, **context))


def answers(model, clouds, **asked):
    conditions = Conditions(len(clouds), None, clouds.given, clouds.event, **asked)
    return model.sample(conditions, RunContext(seed=2))


@trainings
def test_each_model_learns_on_each_loss(generator, data, values):
    """The validation loss of the same start is lower after 60 steps than after one."""
    _, first = fitted(generator(**values, steps=1, validate_every=1), data)
    model, last = fitted(generator(**values, validate_every=60), data)
    assert last.history["model/validation"][-1] < first.history["model/validation"][-1]
    test = data.test[: len(data.test)]
    found = answers(model, test)
    assert np.array_equal(found.event, test.event)
    assert (found.multiplicity <= test.given.multiplicity[test.event]).all()
    assert np.isfinite(found.points).all()
    assert (found.points[:, 0] > 0).all()
    assert np.abs(found.points[:, 2]).max() <= np.pi
    inside = np.diff(found.rows) == 0
    assert (np.diff(found.points[:, 0])[inside] <= 0).all()


@models
def test_the_answers_to_an_event_do_not_depend_on_what_else_is_asked(generator, data, model):
    made, _ = fitted(generator(model=model), data)
    test = data.test[: len(data.test)]
    sizes = test.multiplicity
    every, few = answers(made, test, multiplicity=sizes), answers(made, test[:7], multiplicity=sizes[:7])
    assert few.points == pytest.approx(every[:7].points, rel=1e-4)


@models
def test_as_many_points_are_made_as_are_asked_for(generator, data, model):
    made, _ = fitted(generator(model=model), data)
    test = data.test[:50]
    most = test.given.multiplicity[test.event]
    asked = np.arange(50) % (most + 1)
    assert np.array_equal(answers(made, test, multiplicity=asked).multiplicity, asked)
    with pytest.raises(DataError, match=r"cloud 3 has \d+ points for the \d+ .* event 0; .*no fakes"):
        answers(made, test, multiplicity=asked + (np.arange(50) == 3) * most)


def test_a_fixed_efficiency_is_learnt_as_one_subset_of_the_particles(generator):
    """Copies of a simulator without errors: all answers to an event are the particles that are found."""
    rng = np.random.default_rng(0)
    features = (Feature("pt", "GeV", "positive"), Feature("eta"))
    spec = CloudSpec("tracks", features, 4, given=CloudSpec("tracks", features, 4))
    counts = np.full(400, 4)
    true = np.stack([1 + rng.exponential(5.0, counts.sum()), rng.uniform(-3, 3, counts.sum())], 1)
    given = Clouds.from_multiplicities(true, counts)
    lost = np.abs(given.points[:, 1]) > 1
    clouds = Clouds.from_multiplicities(
        given.points[~lost] * rng.normal(1, 1e-3, ((~lost).sum(), 2)),
        np.bincount(given.rows[~lost], minlength=400),
        None,
        given,
        np.arange(400),
    )
    model = generator(spec, steps=400, learning_rate=3e-3)
    model.fit(clouds[:300], clouds[300:350], RunContext(seed=1))
    test = clouds[350:]
    found = answers(model, test)
    assert (found.multiplicity == test.multiplicity).mean() > 0.8
    assert (np.abs(found.points[:, 1]) < 1.1).mean() > 0.95


def test_clouds_that_answer_nothing_are_refused_with_the_reason():
    settings = resolve(CVAESlotAttentionSettings, "cvae-slot-attention", "tiny").settings
    assert "these clouds answer none" in settings.incompatibility(jet_spec(30))


def test_what_true_events_lack_is_named():
    settings = resolve(CVAESlotAttentionSettings, "cvae-slot-attention", "tiny").settings
    pt, eta = Feature("pt", nature="positive"), Feature("eta")
    lacking = CloudSpec("tracks", (pt, eta), 4, given=CloudSpec("tracks", (pt,), 4))
    assert settings.incompatibility(lacking) == "true events have no eta, which the points that answer them have"
    kind = Feature("class", nature="categorical")
    unnamed = CloudSpec("tracks", (pt,), 4, given=CloudSpec("tracks", (pt, kind), 4))
    assert "nothing says which values the category class" in settings.incompatibility(unnamed)
    named = CloudSpec("tracks", (pt, kind), 4, given=CloudSpec("tracks", (pt, kind), 4))
    assert "no coordinates for class" in settings.incompatibility(named)
    asked = CloudSpec("tracks", (pt,), 4, (Feature("energy"),), given=CloudSpec("tracks", (pt,), 4))
    assert "not energy" in settings.incompatibility(asked)


@pytest.mark.parametrize(
    ("values", "reason"),
    [
        ({"model": "cvae", "loss": "energy"}, "loss=energy does not go with model=cvae"),
        ({"model": "slot", "loss": "likelihood"}, "model=slot, which has no density; use energy"),
        ({"loss": "elbo"}, "loss"),
    ],
)
def test_a_loss_that_does_not_suit_the_model_is_refused(values, reason):
    with pytest.raises(UsageError, match=reason):
        resolve(CVAESlotAttentionSettings, "cvae-slot-attention", "tiny", [("test", values)])


def changed(clouds, **arrays):
    """Clouds with other arrays."""
    names = ("points", "offsets", "conditioning", "given", "event")
    return Clouds(*({name: getattr(clouds, name) for name in names} | arrays).values())


def emptied(given, event):
    """Events without the particles of one of them."""
    rows = given.rows != event
    return Clouds.from_multiplicities(given.points[rows], given.multiplicity * (np.arange(len(given)) != event))


def test_an_empty_true_event_is_named(generator, clouds, data):
    model, _ = fitted(generator(), data)
    empty = changed(clouds, given=emptied(clouds.given, 2))
    with pytest.raises(DataError, match="true event 2 has no particles"):
        model.sample(Conditions.like(empty), RunContext())
    with pytest.raises(DataError, match="true event 2 has no particles"):
        generator().fit(empty, data.val, RunContext())


def test_more_points_than_particles_are_refused(generator, clouds, data):
    fakes = changed(clouds, event=np.full(len(clouds), int(clouds.given.multiplicity.argmin())))
    with pytest.raises(DataError, match=r"has \d+ points for the \d+ particles of its true event"):
        generator().fit(fakes, data.val, RunContext())


def test_replicas_are_matched_only_where_an_event_has_several(generator, clouds, data):
    first = np.unique(clouds.event, return_index=True)[1]
    with pytest.raises(DataError, match="matches 2 answers to a true event, but none has more than 1; use loss=energy"):
        generator(loss="double-hungarian").fit(clouds[first], data.val, RunContext())


def test_a_training_without_several_answers_to_validate_on_ends_with_its_last_weights(generator, data):
    val = data.val[: len(data.val)]
    few = val[np.unique(val.event, return_index=True)[1]]
    report = generator(loss="double-hungarian").fit(data.train, few, RunContext(seed=1))
    assert report.steps == 60
    assert "model/validation" not in report.history


@pytest.mark.parametrize("model", ["copy", "slot"])
def test_an_event_of_which_nothing_is_found_may_be_all_of_a_batch(generator, clouds, data, model):
    lost = clouds.event == 0
    sizes = clouds.multiplicity * ~lost
    few = Clouds.from_multiplicities(clouds.points[~lost[clouds.rows]], sizes, None, clouds.given, clouds.event)
    report = generator(model=model, loss="double-hungarian", batch_size=2).fit(few, data.val, RunContext(seed=1))
    assert report.steps == 60


def test_events_may_come_in_any_order(generator, clouds, data):
    """Replicas are found by their event, not by where they stand."""
    mixed = clouds[np.random.default_rng(0).permutation(len(clouds))]
    rows = replica_rows(mixed.event, 25)
    assert rows.shape == (16, 25)
    assert (mixed.event[rows] == np.arange(16)[:, None]).all()
    assert sorted(rows.ravel()) == list(range(400))
    generator(loss="double-hungarian").fit(mixed, data.val, RunContext(seed=1))


def test_true_events_are_needed_and_must_be_like_those_of_the_training(generator, clouds, data):
    model, _ = fitted(generator(), data)
    one = np.zeros(1, np.int64)
    for conditions, reason in [
        (Conditions(3), "the model answers true events; give some"),
        (Conditions(1, None, Clouds(np.ones((1, 3)), [0, 1]), one), "have 3 features; the model was trained for 4"),
        (Conditions(1, None, Clouds(np.ones((13, 4)), [0, 13]), one), "has 13 particles; .* trained for 12 at most"),
        (Conditions(1, None, Clouds([[1, 0, 0, 7]], [0, 1]), one), "class of a true particle is none of its 3"),
    ]:
        with pytest.raises(DataError, match=reason):
            model.sample(conditions, RunContext())


def test_an_untrained_model_says_so(generator, clouds):
    with pytest.raises(TrainingError, match="not been trained"):
        generator().sample(Conditions.like(clouds), RunContext())
