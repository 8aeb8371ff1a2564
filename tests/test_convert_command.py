"""`jetbench convert`: files of other layouts from the command line, and what can be done with the new file."""

from __future__ import annotations

import json

import numpy as np
import pytest
from jetgen.io.cloud_file import open_clouds
from own_files import assert_one_sentence, golden, write


@pytest.fixture
def energyflow(tmp_path):
    """A thousand jets of 550 GeV at an angle, as EnergyFlow keeps them."""
    arrays = golden("real", 1000)
    eta, phi, pt = np.moveaxis(arrays["points"].astype(np.float64), 2, 0)
    particles = np.stack([550 * pt, eta + 1, phi - 2, np.full_like(pt, 22)], axis=2) * arrays["mask"][..., None]
    np.savez(tmp_path / "QG_jets.npz", X=particles, y=np.arange(1000) % 2)
    return tmp_path / "QG_jets.npz"


def test_jets_of_energyflow_are_converted_said_and_trained_on(outsiders, energyflow, tmp_path):
    out = tmp_path / "quarks.h5"
    done = outsiders.jetbench_here("convert", str(energyflow), "-o", str(out), "--only", "quark", "--leading", "20")
    assert done.returncode == 0, done.stderr
    first, *facts, last = done.stdout.splitlines()
    assert first.startswith("EnergyFlow's padded particles: 500 clouds of ")
    assert "rapidities became pseudorapidities with the mass of each particle" in facts
    assert last == f"500 clouds with etarel, phirel, ptrel: {out}"
    planned = outsiders.jetbench_here("plan", "-d", str(out), "-g", "independence")
    assert "independence.quick.quarks@all.s0" in planned.stdout


def test_what_cannot_be_converted_is_one_sentence_and_leaves_no_file(outsiders, energyflow, tmp_path):
    out = tmp_path / "tops.h5"
    done = outsiders.jetbench_here("convert", str(energyflow), "-o", str(out), "--only", "top")
    assert_one_sentence(done.stderr, str(energyflow), "there are no jets of type 'top'; they are gluon, quark")
    assert not out.exists()


def test_an_npy_is_judged_as_it_is_with_names_and_a_mask(outsiders, tmp_path):
    arrays = golden("fake")
    np.save(tmp_path / "made.npy", arrays["points"] * arrays["mask"][..., None])
    reference = write(tmp_path / "real.h5", golden("real"))
    judge = ["evaluate", str(tmp_path / "made.npy"), "--reference", str(reference), "-m", "w1m", "--json"]
    named = [*judge, "--features", "etarel,phirel,ptrel", "--mask", "ptrel"]
    done = outsiders.jetbench_here(*named)
    assert done.returncode == 0, done.stderr
    padded = outsiders.jetbench_here("evaluate", str(write(tmp_path / "made.npz", arrays)), *judge[2:])
    values = [json.loads(each.stdout)["metrics"]["w1m"]["value"] for each in (done, padded)]
    assert values[0] == pytest.approx(values[1], rel=1e-3)
    assert_one_sentence(outsiders.jetbench_here(*judge).stderr, "made.npy", "has no mask and no offsets")


def test_clouds_of_jetgen_become_a_file_for_others(outsiders, tmp_path):
    source = write(tmp_path / "real.h5", golden("real", 100))
    done = outsiders.jetbench_here("convert", str(source), "-o", str(tmp_path / "real.parquet"))
    assert done.returncode == 0, done.stderr
    with open_clouds(source) as one, open_clouds(tmp_path / "real.parquet") as other:
        assert one[:].fingerprint() == other[:].fingerprint()
