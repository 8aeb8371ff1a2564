"""A generator whose clouds have weights: checked, kept in a run, and judged by the metrics that take them."""

from __future__ import annotations

import json

import numpy as np
import pytest
from jetgen.data.weights import effective_size
from jetgen.io.cloud_file import open_clouds
from runs import arguments, cell, rows

SOURCE = """
from dataclasses import replace
import numpy as np
from kind_outsider.model import KindGaussian
from kind_outsider.spec import KIND_GAUSSIAN

def variant(name, cls):
    return replace(KIND_GAUSSIAN, name=name, target=f"weighty:{cls}")

weighty = variant("weighty", "Weighty")
nothing = variant("nothing", "Nothing")
forgetful = variant("forgetful", "Forgetful")

class Weighty(KindGaussian):
    def weights(self, clouds, ctx):
        return np.exp(clouds.multiplicity / 4)

    def sample(self, conditions, ctx):
        clouds = super().sample(conditions, ctx)
        return clouds.with_weights(self.weights(clouds, ctx))

class Nothing(Weighty):
    def weights(self, clouds, ctx):
        return np.zeros(len(clouds))

class Forgetful(Weighty):
    def weights(self, clouds, ctx):
        return np.random.default_rng().random(len(clouds))
"""


@pytest.fixture(scope="module")
def run(module_outsiders, tmp_path_factory):
    """A run of a generator with weights, and of one whose weights are all 0."""
    names = ("weighty", "nothing", "forgetful")
    module_outsiders.write("weighty", SOURCE, generators={name: name for name in names})
    folder = tmp_path_factory.mktemp("weights") / "run"
    metrics = ("w1mult", "w1m", "novelty")
    done = module_outsiders.jetbench(*arguments(folder, "kind-gaussian", *names[:2], metrics=metrics))
    assert done.returncode == 1, done.stderr
    return folder


def test_the_samples_of_a_run_keep_their_weights(run):
    with open_clouds(cell(run, "weighty") / "samples.h5") as file:
        clouds = file[:]
    assert clouds.weights == pytest.approx(np.exp(clouds.multiplicity / 4))
    sizes = [effective_size(clouds[draw * 400 : (draw + 1) * 400].weights) for draw in range(2)]
    found = rows(run)
    assert found["weighty"]["counts"]["n_effective"] == pytest.approx(np.mean(sizes))
    assert "n_effective" not in found["kind-gaussian"]["counts"]


def test_metrics_take_them_or_say_that_they_do_not(run):
    found = rows(run)
    weighted, plain = found["weighty"], found["kind-gaussian"]
    assert weighted["status"] == plain["status"] == "ok"
    assert set(weighted["scores"]) == {"w1mult", "w1m"}
    assert "novelty" in plain["scores"]
    assert weighted["skipped_metrics"] == {"novelty": "novelty takes no weights"}
    assert weighted["scores"]["w1mult"]["mean"] > 3 * plain["scores"]["w1mult"]["mean"]
    assert "no novelty: novelty takes no weights" in (run / "leaderboard.md").read_text()


def test_weights_that_are_all_0_fail_with_one_sentence(run):
    row = rows(run)["nothing"]
    assert (row["status"], row["phase"]) == ("failed", "sample")
    assert row["error"] == "sample returned 400 clouds with the weight 0 each; one or more must count"


def test_the_same_command_has_nothing_left_to_do(run, module_outsiders):
    before = rows(run)["weighty"]
    metrics = ("w1mult", "w1m", "novelty")
    done = module_outsiders.jetbench(*arguments(run, "kind-gaussian", "weighty", metrics=metrics))
    assert done.returncode == 0, done.stderr
    assert rows(run)["weighty"] == before


def test_a_file_with_weights_is_evaluated_with_them_and_says_so(run, module_outsiders):
    words = [
        "evaluate",
        str(cell(run, "weighty") / "samples.h5"),
        "--reference",
        "kind-jets@tiny",
        "-m",
        "w1p",
        "-m",
        "kpd",
    ]
    done = module_outsiders.jetbench(*words)
    assert done.returncode == 0, done.stderr
    (line,) = [line for line in done.stdout.splitlines() if "weights of" in line]
    found = json.loads(module_outsiders.jetbench(*words, "--json").stdout)
    effective = found["metrics"]["w1p"]["n_effective"]
    assert line == f"the weights of the generated clouds are used: as good as {effective:,.0f} without"
    assert 2 < effective < 800
    assert found["skipped"] == {"kpd": "kpd takes no weights"}


CHECK = """
import sys
from jetgen.testing import check_generator
for result in check_generator(sys.argv[1]):
    print(result.id, result.outcome, result.reason)
"""


def test_a_generator_with_weights_passes_the_checks(run, module_outsiders):
    done = module_outsiders.python("-c", CHECK, "weighty")
    assert done.returncode == 0, done.stderr
    assert " failed " not in done.stdout
    assert "samples-are-repeatable passed" in done.stdout


def test_weights_that_do_not_repeat_are_found(run, module_outsiders):
    done = module_outsiders.python("-c", CHECK, "forgetful")
    (line,) = [line for line in done.stdout.splitlines() if line.startswith("samples-are-repeatable")]
    assert "failed a second sample with the same RunContext gives the same clouds other weights" in line
