"""The statistical amplification of benchmarks/amplification.py: exact theory of samples, of biases and of fits."""

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from jetgen import Clouds
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError
from jetgen.io.writing import write_clouds

pytest.importorskip("torch")

import amplification as benchmark
from amplifying.bins import Bins
from amplifying.camel import HUMPS, Camel, fit_limit, fitted, quantiles
from amplifying.formula import Masses, Target, amplification

GOLDEN = Path(__file__).parents[1] / "core" / "tests" / "golden" / "top30_real_and_fake.npz"
BINS = 20
EQUAL = np.full(BINS, 1 / BINS)


@pytest.fixture
def rng():
    return np.random.default_rng(3)


def test_data_are_worth_themselves(rng):
    data = Masses.exact(rng.multinomial(500, EQUAL, size=400) / 500)
    g = amplification(data, Target(EQUAL), 500, rng)
    assert g.value == pytest.approx(1, abs=0.06)  # four standard deviations of the mean of 400 chi-squares
    assert g.low < g.value < g.high


def test_data_are_worth_themselves_in_bins_of_different_mass(rng):
    masses = np.array([0.7, 0.2, 0.06, 0.04])
    data = Masses.exact(rng.multinomial(500, masses, size=2000) / 500)
    assert amplification(data, Target(masses), 500, rng).value == pytest.approx(1, abs=0.12)


def test_data_are_worth_themselves_in_a_region_of_a_twentieth(rng):
    inside = rng.binomial(5000, 0.05, size=400)
    data = Masses.exact(np.array([rng.multinomial(n, EQUAL) / n for n in inside]))
    assert amplification(data, Target(EQUAL, share=0.05), 5000, rng).value == pytest.approx(1, abs=0.06)


def test_the_noise_of_the_generated_sample_is_no_fault_of_the_generator(rng):
    learned = rng.multinomial(500, EQUAL, size=400) / 500
    generated = Masses.counted(np.array([rng.multinomial(800, one) for one in learned]))
    assert amplification(generated, Target(EQUAL), 500, rng).value == pytest.approx(1, abs=0.1)
    as_if_exact = amplification(Masses.exact(generated.values), Target(EQUAL), 500, rng)
    assert as_if_exact.value == pytest.approx(1 / (1 + 500 / 800), abs=0.06)


def test_the_noise_of_the_truth_is_no_fault_of_the_generator(rng):
    values = []
    for _ in range(60):  # one true sample has one error for all trainings
        target = Target.counted(rng.multinomial(1500, EQUAL), 1500)
        data = Masses.exact(rng.multinomial(500, EQUAL, size=50) / 500)
        values.append(amplification(data, target, 500, rng).mse)
    assert 500 * np.mean(values) / (1 - 1 / BINS) == pytest.approx(1, abs=0.06)


def test_a_bias_costs_what_its_square_says(rng):
    biased = EQUAL * np.where(np.arange(BINS) % 2, 1.2, 0.8)
    g = amplification(Masses.exact(np.tile(biased, (5, 1))), Target(EQUAL), 10_000, rng)
    assert g.value == pytest.approx((1 - 1 / BINS) / (BINS * (0.2 / BINS) ** 2) / 10_000)
    assert g.value < 1


def test_the_interval_covers_the_truth_about_as_often_as_it_says(rng):
    covered = 0
    for _ in range(100):
        target = Target.counted(rng.multinomial(2000, EQUAL), 2000)
        g = amplification(Masses.exact(rng.multinomial(500, EQUAL, size=6) / 500), target, 500, rng)
        covered += g.low <= 1 and (g.high is None or g.high >= 1)
    assert 52 <= covered <= 84  # 68 within about 3.5 standard deviations


def test_a_generator_without_a_visible_excess_has_a_lower_bound_or_none_at_all(rng):
    perfect = Masses.counted(rng.multinomial(2000, EQUAL, size=8))
    texts = {str(amplification(perfect, Target(EQUAL), n, np.random.default_rng(0))) for n in (100, 10)}
    assert all(text.startswith("> ") or text == "not resolved" for text in texts)
    exact = amplification(Masses.exact(np.tile(EQUAL, (2, 1))), Target(EQUAL), 100, rng)
    assert (exact.value, exact.high, str(exact)) == (None, None, "not resolved")


def test_the_gain_of_a_fit_is_that_of_the_fisher_information(rng):
    points = HUMPS.sample((400, 400), rng)
    fits = fitted(points)
    for bins in (10, 100):
        g = amplification(Masses.exact(fits.masses(quantiles(bins))), Target(np.full(bins, 1 / bins)), 400, rng)
        assert g.value == pytest.approx(fit_limit(bins), rel=0.15)


def test_quantiles_of_the_camel_back_hold_equal_masses():
    assert HUMPS.masses(quantiles(7)) == pytest.approx(np.full(7, 1 / 7), abs=1e-9)
    assert isinstance(fitted(HUMPS.sample((2, 50), np.random.default_rng(0))), Camel)


@pytest.mark.parametrize(("columns", "number"), [(1, 10), (2, 30), (3, 17)])
def test_bins_hold_equal_numbers_of_true_clouds(rng, columns, number):
    truth = rng.standard_normal((3000, columns))
    bins = Bins.equal(truth, number)
    assert np.ptp(bins.counts(truth)) <= 2 * columns
    other = rng.standard_normal((100, columns)) * 50
    assert bins.counts(other).sum() == 100  # what lies beyond the truth is counted too


def test_ties_make_unequal_bins_that_hold_all_clouds():
    truth = np.repeat([0.0, 1.0, 5.0], [800, 150, 50])[:, None]
    counts = Bins.equal(truth, 10).counts(truth)
    assert counts.sum() == 1000
    assert sorted(counts[counts > 0]) == [50, 150, 800]


@pytest.mark.parametrize(
    ("what", "words"),
    [
        (lambda: Masses.counted([[3, 4], [1, 0]]), "sample 1 has 1 clouds in the region"),
        (lambda: amplification(Masses.exact([EQUAL]), Target(EQUAL), 5, np.random.default_rng(0)), "with 1 training"),
        (lambda: Bins.equal(np.zeros((3, 1)), 4), "4 bins need as many true clouds; there are 3"),
    ],
)
def test_what_cannot_be_measured_is_said(what, words):
    with pytest.raises(DataError, match=words):
        what()


@pytest.fixture(scope="module")
def jets(tmp_path_factory):
    """A file of four hundred true jets: 280 of them are its train split."""
    with np.load(GOLDEN) as arrays:
        clouds = Clouds.from_padded(arrays["points_real"][:400], arrays["mask_real"][:400])
    path = tmp_path_factory.mktemp("jets") / "jets.h5"
    write_clouds(path, clouds, jet_spec(30))
    return path


@pytest.fixture
def amplify(jets, tmp_path, monkeypatch, capsys):
    """What the benchmark prints, and the reason for which it ended, if it did."""

    def call(*words):
        command = [
            "jets",
            "--dataset",
            jets,
            "--quantiles",
            2,
            "--n-train",
            100,
            "--out",
            tmp_path,
            "--model",
            "replay",
        ]
        monkeypatch.setattr(sys, "argv", [str(word) for word in ("amplification.py", *command, *words)])
        try:
            benchmark.main()
        except SystemExit as end:
            return capsys.readouterr().out, end.code
        return capsys.readouterr().out, None

    return call


def test_jets_are_measured_and_a_second_call_goes_on_where_the_first_ended(amplify, tmp_path):
    study = ["--sets", 2, "--n-gen", 100, "--trainings"]
    assert "| replay |" not in amplify(*study, 1)[0]
    assert amplify(*study, 2)[0].startswith("replay: training 2 of 2\n| model")
    rows = json.loads((tmp_path / "amplification.json").read_text())["rows"]
    assert {row["model"] for row in rows} == {"training jets", "replay"}
    assert (tmp_path / "amplification.png").stat().st_size > 10_000


def test_what_does_not_fit_is_one_sentence(amplify, jets, tmp_path):
    few = f"{jets} has jets for 2 sets of 100, not for 3; take fewer"
    assert amplify("--sets", 3, "--trainings", 1) == ("", few)
    other = f"{tmp_path} was made with other sets; choose another folder with --out"
    assert amplify("--sets", 2, "--trainings", 1) == ("", other)
    assert amplify("--set", "rqs-flow.bins=3") == ("", "--set is for rqs-flow, which no --model names")
    showers = "toy-showers@tiny does not suit: bins are in mass and substructure of jets without conditioning"
    assert amplify("--dataset", "toy-showers@tiny") == ("", showers)
