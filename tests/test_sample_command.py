"""`jetbench sample`: clouds of a trained model in a file, whatever happens on the way."""

from __future__ import annotations

import json
import shutil

import h5py
import jetgen
import numpy as np
import pyarrow.parquet as pq
import pytest
from jetgen import Clouds
from jetgen.io.cloud_file import open_clouds
from runs import arguments, cell


@pytest.fixture(scope="module")
def run(module_outsiders, tmp_path_factory):
    """A run of one model, which is trained once for all tests."""
    folder = tmp_path_factory.mktemp("sampled") / "run"
    assert module_outsiders.jetbench(*arguments(folder, "kind-gaussian")).returncode == 0
    return folder


@pytest.fixture
def sample(module_outsiders, run):
    """`jetbench sample` on the cell of the model."""

    def call(*words, status=0):
        done = module_outsiders.jetbench_here("sample", str(cell(run, "kind-gaussian")), *map(str, words))
        assert done.returncode == status, done.stderr
        return done

    return call


def test_a_cell_of_a_run_is_sampled_and_the_same_seed_gives_the_same_clouds(sample, tmp_path):
    for name, seed in (("first.h5", 1), ("again.h5", 1), ("other.h5", 2)):
        assert "250 clouds of kind-gaussian" in sample("-n", 250, "--seed", seed, "-o", tmp_path / name).stdout
    first, again, other = (open_clouds(tmp_path / name)[:] for name in ("first.h5", "again.h5", "other.h5"))
    assert first.fingerprint() == again.fingerprint() != other.fingerprint()
    assert len(first) == 250
    assert sorted(path.name for path in tmp_path.iterdir()) == ["again.h5", "first.h5", "other.h5"]


def test_the_first_clouds_do_not_depend_on_how_many_there_are(sample, tmp_path):
    for n in (30, 70):
        sample("-n", n, "--part", 20, "-o", tmp_path / f"{n}.h5")
    few, many = (open_clouds(tmp_path / f"{n}.h5")[:] for n in (30, 70))
    assert few[:20].fingerprint() == many[:20].fingerprint()
    assert many[20:40].fingerprint() != many[:20].fingerprint()


def test_what_is_finished_when_it_is_stopped_is_not_made_again(sample, run, tmp_path, monkeypatch):
    sample("-n", 70, "--part", 20, "-o", tmp_path / "whole.h5")
    made = []
    usual = jetgen.sampling.streamed.checked

    def stop_at_third(*words):
        made.append(words)
        if len(made) == 3:
            raise KeyboardInterrupt
        return usual(*words)

    monkeypatch.setattr("jetgen.sampling.streamed.checked", stop_at_third)
    stopped = sample("-n", 70, "--part", 20, "-o", tmp_path / "file.h5", status=130)
    assert f"finished parts stay in {tmp_path / 'file.h5'}.parts" in stopped.stderr
    assert not (tmp_path / "file.h5").exists()
    other = sample("-n", 70, "--part", 30, "-o", tmp_path / "file.h5", status=1)
    assert "holds parts of another sample" in other.stderr
    damaged = tmp_path / "file.h5.parts" / "000000.h5"
    damaged.write_bytes(damaged.read_bytes()[:-100])
    sample("-n", 70, "--part", 20, "-o", tmp_path / "file.h5")
    assert len(made) == 3 + 3  # parts 0, which was damaged, 2 and 3
    assert (tmp_path / "file.h5").read_bytes() == (tmp_path / "whole.h5").read_bytes()
    assert not (tmp_path / "file.h5.parts").exists()


def test_every_format_holds_the_same_clouds(sample, tmp_path):
    words = ("-n", 50, "--part", 20)
    for name, more in (("a.h5", ()), ("a.npz", ()), ("a.parquet", ()), ("jetnet.h5", ("--layout", "jetnet"))):
        sample(*words, "-o", tmp_path / name, *more)
    native = open_clouds(tmp_path / "a.h5")[:]
    assert open_clouds(tmp_path / "a.npz")[:].fingerprint() == native.fingerprint()
    with h5py.File(tmp_path / "jetnet.h5") as file:
        padded = file["particle_features"][:]
    points, mask = native.padded(padded.shape[1])
    assert np.array_equal(padded[..., 3], mask)
    assert np.array_equal(padded[..., :3], points)
    assert np.array_equal(open_clouds(tmp_path / "jetnet.h5")[:].points, native.points)
    table = pq.read_table(tmp_path / "a.parquet")
    columns = [np.concatenate(table[name].to_numpy()) for name in ("etarel", "phirel", "ptrel")]
    assert np.array_equal(np.stack(columns, axis=1), native.points)
    assert [len(each) for each in table["etarel"].to_pylist()] == native.multiplicity.tolist()


def test_no_clouds_are_a_file_of_no_clouds(sample, tmp_path):
    for name in ("none.h5", "none.npz", "none.parquet"):
        sample("-n", 0, "-o", tmp_path / name)
    assert len(open_clouds(tmp_path / "none.h5")) == len(open_clouds(tmp_path / "none.npz")) == 0
    assert pq.read_table(tmp_path / "none.parquet").num_rows == 0


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (("-o", "jets.root"), "what shall jets.root be? Let it end in one of .h5, .hdf5, .npz, .parquet"),
        (("-o", "jets.h5", "--layout", "root"), "name one of the layouts native, jetnet, npz, parquet"),
        (("-o", "jets.h5", "--like", "no-such-data"), "no-such-data"),
    ],
)
def test_what_cannot_be_written_is_a_sentence_and_leaves_nothing(sample, tmp_path, monkeypatch, words, reason):
    monkeypatch.chdir(tmp_path)
    assert reason in sample("-n", 10, *words, status=2).stderr
    assert not list(tmp_path.iterdir())


def test_a_model_is_a_folder_a_cell_or_shipped_weights(module_outsiders, run, tmp_path):
    saved = shutil.copytree(cell(run, "kind-gaussian") / "model", tmp_path / "saved")
    for model in (saved, cell(run, "kind-gaussian")):
        done = module_outsiders.jetbench_here("sample", str(model), "-n", "10", "-o", str(tmp_path / "jets.h5"))
        assert done.returncode == 0, done.stderr
    shipped = module_outsiders.jetbench_here(
        "sample", "mdma-gan:pythia-top30", "-n", "10", "-o", str(tmp_path / "j.h5")
    )
    assert shipped.returncode == 0, shipped.stderr
    assert open_clouds(tmp_path / "j.h5")[:].multiplicity.max() <= 30
    nothing = module_outsiders.jetbench_here("sample", str(tmp_path), "-n", "10", "-o", str(tmp_path / "n.h5"))
    assert nothing.returncode == 2
    assert (
        "is neither the folder of a saved model, nor a cell of a run that has one, nor NAME:WEIGHTS" in nothing.stderr
    )


def test_answers_to_true_events_need_some_and_go_round_them(tmp_path):
    data = jetgen.dataset("tracks@tiny")
    model = jetgen.generator("copy-truth")
    model.fit(data)
    with pytest.raises(jetgen.JetgenError, match="the model answers true events: say whose with --like"):
        model.sample_to(tmp_path / "answers.h5", 10)
    truth = data.test[:7]
    model.sample_to(tmp_path / "answers.h5", 20, like=truth, part=6)
    answers = open_clouds(tmp_path / "answers.h5")[:]
    assert answers.event.tolist() == (truth.event.tolist() * 3)[:20]
    assert answers.given.fingerprint() == truth.given.fingerprint()
    with pytest.raises(jetgen.JetgenError, match="npz cannot hold clouds that answer true events"):
        model.sample_to(tmp_path / "answers.npz", 10, like=truth)


def test_weights_of_clouds_are_kept(tmp_path):
    from jetgen.data.jets import jet_spec
    from jetgen.io.exports import export

    clouds = Clouds(np.ones((3, 3)), [0, 1, 3], weights=[0.5, 2.0])
    for name in ("w.h5", "w.npz", "w.parquet"):
        export(tmp_path / name, clouds, jet_spec(5))
    export(tmp_path / "jetnet.h5", clouds, jet_spec(5), "jetnet")
    assert open_clouds(tmp_path / "jetnet.h5")[:].weights.tolist() == [0.5, 2.0]
    assert open_clouds(tmp_path / "w.h5")[:].weights.tolist() == [0.5, 2.0]
    assert open_clouds(tmp_path / "w.npz")[:].weights.tolist() == [0.5, 2.0]
    assert pq.read_table(tmp_path / "w.parquet")["weight"].to_pylist() == [0.5, 2.0]
    metadata = pq.read_schema(tmp_path / "w.parquet").metadata
    assert json.loads(metadata[b"cloud_spec"])["kind"] == "jets"


def test_a_format_that_would_lose_a_feature_is_refused(tmp_path):
    from jetgen import CloudSpec, Feature
    from jetgen.data.jets import jet_spec
    from jetgen.io.exports import check_exportable

    spec = CloudSpec("jets", (*jet_spec(5).features, Feature("charge")), 5)
    with pytest.raises(jetgen.JetgenError, match="JetNet's layout holds etarel, phirel, ptrel of particles"):
        check_exportable(tmp_path / "jets.h5", spec, "jetnet")
