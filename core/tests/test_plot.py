"""Figures of clouds: what they show of truth and models, on real jets."""

import io

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.plot import clouds as clouds_plot
from jetgen.plot import jets, models, showers
from jetgen.plot.comparison import Comparison
from jetgen.plot.style import rendered, save

matplotlib = pytest.importorskip("matplotlib")
pytest.importorskip("mplhep")


@pytest.fixture
def found(jet_spec, real_jets, fake_jets):
    return Comparison(jet_spec, real_jets, {"published": fake_jets, "truth again": real_jets})


def figure_of(draw):
    """The figure that ``draw`` has made, with its axes."""
    kept = []

    def remember(figure):
        draw(figure)
        kept.append(figure)

    (png,) = rendered(remember, "png", dpi=40)
    assert matplotlib.image.imread(io.BytesIO(png)).std() > 0.01
    return kept[0]


def heights(axes, label):
    (patch,) = (patch for patch in axes.patches if patch.get_label() == label)
    return patch.get_data().values


def test_a_panel_has_the_share_of_each_bin_and_below_it_the_ratio_to_truth(found):
    figure = figure_of(lambda figure: clouds_plot.draw_features(figure, found))
    labels = [axes.get_xlabel() for axes in figure.axes[1::2]]
    assert [symbol in label for symbol, label in zip(("eta", "phi", "p_"), labels, strict=True)] == [True] * 3
    above, below = figure.axes[:2]
    assert heights(above, "truth").sum() == pytest.approx(0.996, abs=0.002)
    assert np.array_equal(heights(above, "truth again"), heights(above, "truth"))
    assert np.nanmax(np.abs(heights(below, "truth again") - 1)) < 1e-12
    assert np.nanmax(np.abs(heights(below, "published") - 1)) > 0.1


def test_weighted_clouds_count_by_their_weights(jet_spec, real_jets, fake_jets):
    both = Clouds.concatenate([real_jets, fake_jets])
    weights = np.concatenate([np.ones(len(real_jets)), np.zeros(len(fake_jets))])
    weighted = Clouds(both.points, both.offsets, weights=weights)
    found = Comparison(jet_spec, real_jets, {"weighted": weighted})
    figure = figure_of(lambda figure: clouds_plot.draw_observables(figure, found, ["mass"]))
    assert heights(figure.axes[0], "weighted") == pytest.approx(heights(figure.axes[0], "truth"))


def test_correlations_are_those_of_the_truth_and_the_differences_of_the_models(found):
    names = ("mass", "pt", "multiplicity")
    figure = figure_of(lambda figure: clouds_plot.draw_correlations(figure, found, names))
    truth, published, again = (axes.images[0].get_array() for axes in figure.axes[:3])
    assert np.asarray(truth.diagonal()) == pytest.approx(1)
    assert np.abs(again).max() < 1e-12
    assert np.abs(published).max() > 0.02


def test_an_average_image_of_the_truth_over_the_truth_is_1(found):
    figure = figure_of(lambda figure: jets.draw_images(figure, found))
    truth, ratio, ratio_of_truth = (figure.axes[i].images[0].get_array() for i in (0, 4, 5))
    assert truth.sum() == pytest.approx(1, abs=0.1)
    assert np.abs(ratio - 1).max() > 0.1
    assert np.abs(ratio_of_truth - 1).max() < 1e-12


def test_single_jets_and_polynomials_have_a_panel_for_each(found):
    assert len(figure_of(lambda figure: jets.draw_single_jets(figure, found)).axes) == 3 * 4
    assert len(figure_of(lambda figure: jets.draw_efps(figure, found)).axes) == 2 * 5


def test_ratios_are_shown_near_1_unless_a_model_is_farther_off(jet_spec, real_jets):
    far = real_jets.with_points(real_jets.points * np.float32([1, 1, 0.5]))
    for model, limits in ((real_jets, (0.5, 1.5)), (far, (0.1, 10.0))):
        found = Comparison(jet_spec, real_jets, {"model": model})
        figure = figure_of(lambda figure, found=found: clouds_plot.draw_features(figure, found))
        assert figure.axes[5].get_ylim() == limits
        assert figure.axes[1].get_ylim() == (0.5, 1.5)


def test_a_model_that_made_nothing_is_drawn_as_nothing(jet_spec, real_jets):
    nothing = Clouds(np.empty((0, 3)), np.zeros(len(real_jets) + 1, np.int64))
    found = Comparison(jet_spec, real_jets, {"nothing": nothing})
    figure = figure_of(lambda figure: clouds_plot.draw_features(figure, found))
    assert not heights(figure.axes[0], "nothing").any()
    figure_of(lambda figure: jets.draw_images(figure, found))
    figure_of(lambda figure: clouds_plot.draw_correlations(figure, found, ("mass", "multiplicity")))


def test_profiles_of_showers_are_mean_energies_of_layers_and_rings():
    bins = {"z": 3, "alpha": 2, "r": 2}
    columns = (Feature("energy", "MeV", "positive"), *(Feature(name, bins=n) for name, n in bins.items()))
    spec = CloudSpec("showers", columns, 4, (Feature("e_inc", "MeV", "positive"),))
    clouds = Clouds([[10, 0, 0, 0], [20, 2, 1, 1], [30, 2, 0, 1]], [0, 2, 3], conditioning=[[100], [100]])
    found = Comparison(spec, clouds, {"model": clouds})
    figure = figure_of(lambda figure: showers.draw_profiles(figure, found))
    assert heights(figure.axes[0], "truth").tolist() == [5, 0, 25]
    assert heights(figure.axes[1], "model").tolist() == [5, 25]
    figure_of(lambda figure: showers.draw_mean_showers(figure, found))


def test_prices_stand_against_quality_with_the_floor_as_a_line():
    prices = [models.Price("fast", 1.0, (0.9, 0.01), "cpu"), models.Price("good", 100.0, (0.6, 0.01), "cpu")]
    floor = (0.5, 0.49, 0.51)
    figure = figure_of(lambda figure: models.draw_prices(figure, prices, "judge AUC", floor, 1000.0))
    (axes,) = figure.axes
    assert {text.get_text() for text in axes.texts} == {"fast", "good"}
    assert [line.get_ydata()[0] for line in axes.lines if line.get_label().startswith("floor")] == [0.5]
    assert axes.get_xlabel() == "µs per cloud (cpu)"


def test_histories_have_a_panel_for_each_model():
    histories = {"one": {"loss": [3.0, 2.0, 1.0]}, "other": {"critic": [1.0, 2.0], "generator": [2.0, 1.0]}}
    figure = figure_of(lambda figure: models.draw_histories(figure, histories))
    assert [[line.get_label() for line in axes.lines] for axes in figure.axes] == [["loss"], ["critic", "generator"]]


def test_the_same_figure_has_the_same_bytes_and_leaves_the_style_of_the_process_alone(tmp_path):
    before = dict(matplotlib.rcParams)

    def draw(figure):
        figure.subplots().plot([1, 2])

    first, second = (rendered(draw, "png", "pdf") for _ in range(2))
    assert first == second
    assert save(tmp_path / "line.png", draw).read_bytes() == first[0]
    assert dict(matplotlib.rcParams) == before
