"""A run on clouds with a category as conditioning: it reaches the models, their samples, the floor and the metrics."""

from __future__ import annotations

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Conditions, Feature
from jetgen.data.jets import jet_spec, relative_mass
from jetgen.errors import DataError
from jetgen.io.cloud_file import open_clouds
from jetgen.io.writing import write_clouds
from jetgen.sampling.checking import checked
from own_files import golden
from runs import cell, rows

HEAVY = Feature("heavy", nature="categorical", categories=("no", "yes"))
SPEC = CloudSpec("jets", jet_spec(30).features, 30, (HEAVY,))


@pytest.fixture(scope="module")
def jets() -> Clouds:
    """Real jets that say whether they are heavier than most."""
    arrays = golden("real", 1000)
    plain = Clouds.from_padded(arrays["points"], arrays["mask"])
    mass = relative_mass(plain, SPEC)
    return Clouds(plain.points, plain.offsets, (mass > np.quantile(mass, 0.7))[:, None].astype(float))


def test_every_stage_of_a_run_works_on_clouds_with_a_category(outsiders, tmp_path, jets):
    outsiders.install("kind-outsider")
    data, run = tmp_path / "jets.h5", tmp_path / "run"
    write_clouds(data, jets, SPEC)
    judged = [word for name in ("w1m", "w1p", "sliced", "novelty") for word in ("-m", name)]
    models = ("-g", "independence", "-g", "replay", "-g", "rqs-flow")
    done = outsiders.jetbench(
        "run", *models, "-d", str(data), *judged, "--draws", "2", "--preset", "tiny", "--out", str(run)
    )
    assert done.returncode == 0, done.stderr
    found = rows(run)
    for name in ("floor", "independence", "replay"):
        assert (found[name]["status"], found[name]["error"]) == ("ok", None)
        assert set(found[name]["scores"]) >= {"w1m", "w1p", "sliced", "novelty"}
    assert found["rqs-flow"]["status"] == "skipped"
    assert "does not generate for a conditioning" in found["rqs-flow"]["error"]

    for name in ("independence", "replay"):
        with open_clouds(cell(run, name) / "samples.h5") as file:
            assert file.spec == SPEC
            sampled = file[:]
        heavy, mass = sampled.conditioning[:, 0] == 1, relative_mass(sampled, SPEC)
        assert len(sampled) == 2 * 150
        np.testing.assert_array_equal(heavy[:150], heavy[150:])
        assert np.median(mass[heavy]) > np.median(mass[~heavy])


def test_samples_are_given_the_context_that_they_answer(jets):
    conditions = Conditions.like(jets[:5])
    bare = Clouds(jets[:5].points, jets[:5].offsets)
    assert checked(bare, conditions, SPEC).conditioning.tolist() == jets.conditioning[:5].tolist()
    assert checked(jets[:5], conditions, SPEC).fingerprint() == jets[:5].fingerprint()


def test_samples_that_answer_another_context_are_refused(jets):
    conditions = Conditions.like(jets[:5])
    wrong = jets.conditioning[:5].copy()
    wrong[3] = 1 - wrong[3]
    answer = Clouds(jets[:5].points, jets[:5].offsets, wrong)
    with pytest.raises(DataError, match="another conditioning than was asked for at row 3; row i answers row i"):
        checked(answer, conditions, SPEC)
    with pytest.raises(DataError, match="returned 1 columns of conditioning, 0 were asked for"):
        checked(jets[:5], Conditions(5), jet_spec(30))
