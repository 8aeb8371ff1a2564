"""The checks themselves: the right generator passes all of them, and each of them catches wrong ones."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.errors import UsageError
from jetgen.testing import (
    Session,
    Toy,
    check_generator,
    describe_checks,
    generator_checks,
    jet_toy,
    parametrize_with_checks,
    run_check,
    summary,
)

CHECKS = {check.id: check for check in generator_checks()}


@pytest.fixture(autouse=True)
def zoo(monkeypatch):
    """The animals, importable for this process and for those that it starts."""
    for project in ("kind-outsider", "zoo"):
        monkeypatch.syspath_prepend(Path(__file__).parent / "outsider" / project / "src")
    import zoo.animals

    return zoo.animals


def outcomes(results):
    return {result.id: result.outcome for result in results}


@pytest.mark.parametrize("check_id", CHECKS)
def test_each_check_catches_its_wrong_generators_for_the_right_reason(zoo, check_id):
    assert zoo.ANIMALS[check_id], f"{check_id} catches nobody, so it checks nothing"
    for words, animal in zoo.ANIMALS[check_id].items():
        result = run_check(CHECKS[check_id], Session(animal))
        assert result.outcome == "failed", f"{animal} got past {check_id}: {result}"
        assert words in result.reason


def test_the_zoo_holds_no_animal_for_a_check_that_does_not_exist(zoo):
    assert set(zoo.ANIMALS) == set(CHECKS)


def test_every_check_says_in_one_sentence_what_it_wants():
    for check in CHECKS.values():
        assert check.description.endswith("."), check.id
        assert len(check.description) < 120, check.id


def test_the_description_of_the_checks_names_each_of_them_with_its_sentence():
    _, _, *rows = describe_checks().splitlines()
    assert rows == [f"| `{check.id}` | {check.description} |" for check in CHECKS.values()]


def test_an_error_behind_a_failure_comes_with_its_traceback(zoo):
    animal = zoo.ANIMALS["sample-of-no-clouds-is-empty"]["it raised ValueError: zero-size array"]
    result = run_check(CHECKS["sample-of-no-clouds-is-empty"], Session(animal))
    assert "clouds.multiplicity.max()" in result.traceback


def test_the_right_generator_passes_every_check(zoo):
    results = check_generator(zoo.RIGHT)
    assert summary(results) == f"ran {len(CHECKS)} of {len(CHECKS)} checks: {len(CHECKS)} passed, 0 failed"


def test_what_a_generator_needs_is_trained_first(zoo):
    assert set(outcomes(check_generator(zoo.NEEDY)).values()) == {"passed"}


def test_a_generator_that_cannot_train_is_judged_once_and_skipped_where_a_model_is_needed(zoo):
    (animal,) = (a for a in zoo.ANIMALS["fit-reports-what-it-did"].values() if a.name == "fitexits")
    results = check_generator(animal)
    found = outcomes(results)
    assert (found["fit-reports-what-it-did"], found["spec-is-sound"]) == ("failed", "passed")
    assert found["samples-are-repeatable"] == "skipped"
    assert "its training failed (exited with status 3)" in summary(results)


def test_what_settings_call_unsuitable_is_skipped_with_their_reason(zoo):
    results = check_generator(zoo.PICKY)
    assert {result.outcome for result in results} == {"passed", "skipped"}
    assert "cannot learn the toy: it learns clouds of 100 points or more, these have 10" in summary(results)


def test_an_expected_failure_is_no_failure_and_its_reason_is_told(zoo):
    animal = zoo.ANIMALS["fit-follows-its-seed"]["another seed"]
    results = check_generator(animal, expected_failures={"fit-follows-its-seed": "a closed formula"})
    assert outcomes(results)["fit-follows-its-seed"] == "expected"
    assert "1 failed as expected; expected: fit-follows-its-seed (a closed formula)" in summary(results)


def test_an_expected_failure_that_passes_is_a_failure(zoo):
    results = check_generator(zoo.RIGHT, expected_failures={"fit-is-repeatable": "atomics on a GPU"})
    (failed,) = (result for result in results if result.outcome == "failed")
    assert (failed.id, failed.reason) == ("fit-is-repeatable", "it passed, but was expected to fail: atomics on a GPU")


def test_an_expected_failure_of_no_check_is_refused_with_a_suggestion(zoo):
    with pytest.raises(UsageError, match="did you mean fit-is-repeatable"):
        check_generator(zoo.RIGHT, expected_failures={"fit-is-repeatabel": "a typing error"})


@pytest.mark.parametrize(
    ("generator", "words"),
    [
        ("no-such-generator", "there is no generator 'no-such-generator'"),
        ("zoo.animals:NOBODY", "there is no generator spec at zoo.animals:NOBODY"),
        ("zoo.animals:ANIMALS", "is a dict, not a GeneratorSpec"),
    ],
)
def test_what_is_no_generator_is_refused_with_one_sentence(generator, words):
    with pytest.raises(UsageError, match=words):
        check_generator(generator)


def test_the_decorator_makes_one_test_per_generator_and_check_and_marks_expected_failures_strict(zoo):
    mark = parametrize_with_checks([zoo.RIGHT, zoo.NEEDY], expected_failures={"fit-is-repeatable": "why"})
    cases = {case.id: case for case in mark.args[1]}
    assert len(cases) == 2 * len(CHECKS)
    (xfail,) = cases["needy-fit-is-repeatable"].marks
    assert (xfail.name, xfail.kwargs) == ("xfail", {"reason": "why", "strict": True})
    (check,) = cases["right-samples-are-repeatable"].values
    check()


def test_another_kind_of_clouds_is_checked_on_a_toy_of_its_own(zoo):
    showers = Toy(CloudSpec("showers", (Feature("energy", nature="positive"), Feature("z")), 4), *_showers())
    animal = zoo.promise(kinds=("showers",))
    assert "it learns showers, the toy holds jets" in summary(check_generator(animal))
    assert set(outcomes(check_generator(animal, toy=showers)).values()) == {"passed"}


def _showers():
    rng = np.random.default_rng(3)
    for n in (250, 20, 40):
        counts = 1 + np.arange(n) % 4
        yield Clouds.from_multiplicities(rng.gamma(2.0, size=(counts.sum(), 2)), counts)


def test_toy_jets_are_ordered_balanced_and_the_same_every_time():
    toy = jet_toy()
    assert toy.train.fingerprint() == jet_toy().train.fingerprint() != toy.test[:].fingerprint()
    for split in (toy.train, toy.val, toy.test):
        points, mask = split.padded(toy.spec.max_points)
        eta, phi, pt = np.moveaxis(points, 2, 0)
        assert (np.diff(pt, axis=1) <= 0).all()
        assert (pt[mask] > 0).all()
        assert (pt.sum(1) < 1).all()
        assert np.allclose([(eta * pt).sum(1), (phi * pt).sum(1)], 0, atol=1e-6)
        assert set(split.multiplicity) == set(range(3, 11))
