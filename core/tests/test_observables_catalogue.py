"""Observables with names: in the order of their values, and what they are on clouds worked out by hand."""

import numpy as np
import pytest
from jetgen import Clouds, CloudSpec, Feature
from jetgen.metrics.observables import catalogue
from jetgen.metrics.observables.catalogue import observable_values, observables


def by_name(clouds, spec):
    values = observable_values(clouds, spec)
    names = [one.name for one in observables(spec)]
    assert values.shape == (len(clouds), len(names))
    assert len(set(names)) == len(names)
    return dict(zip(names, values.T, strict=True))


def test_pt_by_rank_and_distances_of_a_jet_of_three_particles(jet_spec):
    # At (0, 0), (0.3, 0) and (0.3, 0.4), the second one the hardest; then a jet of one particle and an empty one.
    points = [[0.0, 0.0, 0.1], [0.3, 0.0, 0.5], [0.3, 0.4, 0.2], [0.1, 0.1, 0.9]]
    found = by_name(Clouds(points, [0, 3, 4, 4]), jet_spec)
    assert [found[f"ptrel_{k}"].tolist() for k in (1, 2, 3, 4)] == [
        pytest.approx(values) for values in ([0.5, 0.9, 0], [0.2, 0, 0], [0.1, 0, 0], [0, 0, 0])
    ]
    assert [found[f"delta_r_{k}"][0] for k in (1, 2, 3, 8)] == pytest.approx([0.3, 0.4, 0.5, 0.5])
    assert [found[f"delta_r_largest_{k}"][0] for k in (1, 2, 3)] == pytest.approx([0.5, 0.4, 0.3])
    assert found["delta_r_hardest"].tolist() == pytest.approx([0.3, 0.0, 0.0])
    assert found["delta_r_1"].tolist()[1:] == [0.0, 0.0]


def test_substructure_is_left_out_where_fastjet_is_missing(real_jets, jet_spec, monkeypatch):
    monkeypatch.setattr(catalogue, "_has_fastjet", lambda: False)
    found = by_name(real_jets[:20], jet_spec)
    assert "tau32" not in found
    assert len(found) == 61


def test_every_observable_has_a_title_and_a_family(jet_spec, real_jets):
    found = by_name(real_jets[:20], jet_spec)
    assert np.isfinite(list(found.values())).all()
    assert all(one.title and one.family for one in observables(jet_spec))
    labels = {one.name: one.label for one in observables(jet_spec)}
    assert labels["ptrel_2"] == "pT of particle 2 [pT of the jet]"
    assert labels["delta_r_2"] == "2nd smallest ΔR between particles"


def test_showers_have_the_energy_of_each_layer():
    features = (
        Feature("energy", "MeV", "positive"),
        Feature("z", bins=3),
        Feature("alpha", nature="periodic", bins=4),
        Feature("r", bins=2),
    )
    spec = CloudSpec("showers", features, 9, (Feature("e_inc", "MeV", "positive"),))
    hits = [[10.0, 0, 0, 0], [5.0, 2, 3, 1], [1.0, 2, 0, 0]]
    found = by_name(Clouds(hits, [0, 3, 3], [[20.0], [30.0]]), spec)
    assert [found[f"layer_{i}"].tolist() for i in range(3)] == [[10.0, 0.0], [0.0, 0.0], [6.0, 0.0]]
    assert found["response"].tolist() == pytest.approx([0.8, 0.0])
    assert all(one.title and one.family for one in observables(spec))


def test_tracks_and_tables_are_called_by_their_features():
    features = (Feature("pt", "GeV", "positive"), Feature("phi", "rad", "periodic"), Feature("q", nature="categorical"))
    tracks = CloudSpec("tracks", features, 5)
    titles = {one.name: (one.label, one.family) for one in observables(tracks)}
    assert titles["pt_sum"] == ("sum of pt [GeV]", "pt")
    assert titles["phi_cos"] == ("mean cosine of phi", "phi")
    assert titles["multiplicity"] == ("number of points", "multiplicity")
    table = CloudSpec("table", features, 1)
    found = by_name(Clouds([[2.0, 0.5, 1.0]], [0, 1]), table)
    assert {name: value.tolist() for name, value in found.items() if name != "q"} == {"pt": [2.0], "phi": [0.5]}
    assert not observables(CloudSpec("table", features[2:], 1))
