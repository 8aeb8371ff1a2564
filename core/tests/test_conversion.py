"""Published layouts of jets and showers become clouds: the same jets, however they were written."""

import sys

import awkward as ak
import h5py
import jetgen
import numpy as np
import pytest
import uproot
from jetgen.data.jets import jet_spec
from jetgen.errors import DataError, UsageError
from jetgen.io.cloud_file import open_clouds
from jetgen.metrics.observables.voxels import voxel_energies

N = 300
MASSES = {211: 0.13957, 22: 0.0, 2212: 0.938272}


class Lab:
    """Real jets in the laboratory: each with an axis, pT of about 550 GeV, masses of particles, and a type."""

    def __init__(self, jets, seed=1):
        rng = np.random.default_rng(seed)
        self.n, rows = len(jets), jets.rows
        self.offsets, self.multiplicity = jets.offsets, jets.multiplicity
        self.types = rng.integers(0, 2, self.n)
        jet = rng.uniform(500, 600, self.n), rng.uniform(-2, 2, self.n), rng.uniform(-np.pi, np.pi, self.n)
        self.jet = np.stack([column.astype(np.float32) for column in jet], axis=1)
        etarel, phirel, ptrel = jets.points.astype(np.float64).T
        self.pt, self.eta = ptrel * self.jet[rows, 0], etarel + self.jet[rows, 1]
        self.phi = phirel + self.jet[rows, 2]
        self.pid = rng.choice(list(MASSES), len(rows))
        self.mass = np.array([MASSES[pid] for pid in self.pid])
        self.px, self.py, self.pz = self.pt * np.cos(self.phi), self.pt * np.sin(self.phi), self.pt * np.sinh(self.eta)
        self.energy = np.sqrt(self.px**2 + self.py**2 + self.pz**2 + self.mass**2)
        self.rapidity = np.arctanh(self.pz / self.energy)
        self.rows = rows

    def padded(self, *names):
        """float64 (N, 30, names), zeros where there is no particle."""
        flat = np.stack([getattr(self, name) for name in names], axis=1)
        return jetgen.Clouds(flat, self.offsets).padded(30)[0].astype(np.float64)

    def lists(self, unit=1.0):
        """The columns of JetClass."""
        values = {f"part_{name}": getattr(self, name) * unit for name in ("px", "py", "pz", "energy")}
        lists = {name: ak.unflatten(each.astype(np.float32), self.multiplicity) for name, each in values.items()}
        axis = {f"jet_{name}": self.jet[:, i].copy() for i, name in enumerate(("pt", "eta", "phi"))}
        axis["jet_pt"] = axis["jet_pt"] * np.float32(unit)
        return {**lists, **axis, "label_Tbqq": self.types == 1, "label_QCD": self.types == 0}

    def around_sums(self):
        """etarel, phirel and ptrel with respect to the vector sum of the particles."""
        sums = [np.bincount(self.rows, part) for part in (self.px, self.py, self.pz)]
        pt = np.hypot(sums[0], sums[1])
        eta, phi = np.arcsinh(sums[2] / pt), np.arctan2(sums[1], sums[0])
        turn = np.angle(np.exp(1j * (self.phi - phi[self.rows])))
        return np.stack([self.eta - eta[self.rows], turn, self.pt / pt[self.rows]], axis=1)


@pytest.fixture(scope="module")
def lab(real_jets):
    return Lab(real_jets[:N])


def write_energyflow(path, lab):
    path = path.with_suffix(".npz")
    np.savez(path, X=lab.padded("pt", "rapidity", "phi", "pid"), y=lab.types.astype(np.float64))
    return path


def write_tree(path, lab):
    path = path.with_suffix(".root")
    lists = lab.lists()
    with uproot.recreate(path) as file:
        kinds = {name: "var * float32" if name.startswith("part_") else each.dtype for name, each in lists.items()}
        file.mktree("tree", kinds).extend(lists)
    return path


def write_rntuple(path, lab):
    path = path.with_suffix(".root")
    with uproot.recreate(path) as file:
        file.mkrntuple("tree", lab.lists())
    return path


def write_parquet(path, lab, unit=1.0):
    path = path.with_suffix(".parquet")
    ak.to_parquet(ak.Array(lab.lists(unit)), path, row_group_size=100)
    return path


def write_top_tagging(path, lab):
    """As pandas writes it: numbers of one kind in one block."""
    path = path.with_suffix(".h5")
    block = np.zeros((lab.n, 804), np.float32)
    block[:, : 4 * 30] = lab.padded("energy", "px", "py", "pz").reshape(lab.n, -1)
    kind = [("index", "i8"), ("values_block_0", "f4", (804,)), ("values_block_1", "i8", (2,))]
    rows = np.zeros(lab.n, kind)
    rows["values_block_0"], rows["values_block_1"][:, 1] = block, lab.types
    with h5py.File(path, "w") as file:
        file.create_group("table").create_dataset("table", data=rows)
    return path


LAYOUTS = {
    "EnergyFlow": (write_energyflow, ("gluon", "quark"), False),
    "JetClass, a tree": (write_tree, ("QCD", "Tbqq"), True),
    "JetClass, an RNTuple": (write_rntuple, ("QCD", "Tbqq"), True),
    "JetClass, Parquet": (write_parquet, ("QCD", "Tbqq"), True),
    "top tagging": (write_top_tagging, ("QCD", "top"), False),
}
"""By name: how it is written, the types of jets, and whether it has an axis of its own."""


def by_momentum(points, clouds_of):
    order = np.lexsort((-points[:, 2], clouds_of))
    return points[order]


@pytest.mark.parametrize("case", LAYOUTS)
def test_the_jets_of_a_published_layout_are_those_that_were_written(case, lab, real_jets, tmp_path):
    write, types, has_axis = LAYOUTS[case]
    made = jetgen.convert(write(tmp_path / "jets", lab), tmp_path / "jetgen.h5")
    expected = real_jets[:N].points.astype(np.float64) if has_axis else lab.around_sums()
    with open_clouds(tmp_path / "jetgen.h5") as file:
        jets, spec = file[:], file.spec
    assert made.spec == spec
    assert spec.features == jet_spec(30).features
    assert [feature.categories for feature in spec.conditioning] == [types]
    assert jets.conditioning[:, 0].tolist() == lab.types.tolist()
    assert jets.multiplicity.tolist() == lab.multiplicity.tolist()
    np.testing.assert_allclose(jets.points, by_momentum(expected, lab.rows), atol=2e-5)


@pytest.mark.parametrize("case", LAYOUTS)
def test_the_leading_particles_of_one_type_keep_the_axis_of_all(case, lab, tmp_path):
    write, types, _ = LAYOUTS[case]
    path = write(tmp_path / "jets", lab)
    jetgen.convert(path, tmp_path / "all.h5")
    made = jetgen.convert(path, tmp_path / "some.h5", only=types[1], leading=5, conditioning=["pt", "mass"])
    assert made.n == int((lab.types == 1).sum())
    with open_clouds(tmp_path / "all.h5") as every, open_clouds(tmp_path / "some.h5") as some:
        same = every[:][np.flatnonzero(lab.types == 1)]
        assert some.spec.max_points == 5
        assert some.spec.conditioning_names == ("pt", "mass")
        for row in range(20):
            np.testing.assert_array_equal(some[:].points[some[:].rows == row], same.points[same.rows == row][:5])
        assert (some[:].conditioning[:, 0] > 500 * 0.7).all()


def test_momenta_in_another_unit_are_refused_and_read_when_it_is_named(lab, real_jets, tmp_path):
    path = write_parquet(tmp_path / "jets", lab, unit=1000.0)
    with pytest.raises(DataError, match=r"jets\.parquet: a jet has a pT of 5.* GeV, typically: .*--unit MeV"):
        jetgen.convert(path, tmp_path / "jets.h5")
    assert not (tmp_path / "jets.h5").exists()
    jetgen.convert(path, tmp_path / "jets.h5", unit="MeV", conditioning=["pt"])
    with open_clouds(tmp_path / "jets.h5") as file:
        np.testing.assert_allclose(file[:].points, by_momentum(real_jets[:N].points, lab.rows), atol=2e-5)
        np.testing.assert_allclose(file[:].conditioning[:, 0], lab.jet[:, 0], rtol=1e-5)


def test_a_file_of_own_momenta_becomes_relative_when_asked(lab, tmp_path):
    np.savez(tmp_path / "own.npz", constituents=lab.padded("pt", "eta", "phi"), alive=lab.padded("pt")[..., 0] > 0)
    names = {"features": ["pt", "eta", "phi"], "points": "constituents", "mask": "alive"}
    as_it_is = jetgen.convert(tmp_path / "own.npz", tmp_path / "as-it-is.h5", **names)
    assert as_it_is.spec.names == ("pt", "eta", "phi")
    jetgen.convert(tmp_path / "own.npz", tmp_path / "relative.h5", relative=True, **names)
    with open_clouds(tmp_path / "relative.h5") as file:
        assert file[:].multiplicity.tolist() == lab.multiplicity.tolist()
        assert np.bincount(file[:].rows, file[:].points[:, 2]).mean() == pytest.approx(1, abs=0.1)


WRONG = {
    "degrees": (lambda lab: {"phi": np.rad2deg(lab.phi)}, "phi is beyond 6.38 for .* convert degrees by np.deg2rad"),
    "columns in another order": (
        lambda lab: {"eta": lab.pt, "pt": lab.phi % 1},
        "eta is beyond 20 for .* another order than their",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_columns_that_are_not_what_their_names_say_are_refused(case, lab, tmp_path):
    change, sentence = WRONG[case]
    columns = {name: getattr(lab, name) for name in ("pt", "eta", "phi")} | change(lab)
    flat = np.stack(list(columns.values()), axis=1)
    np.savez(tmp_path / "own.npz", points=flat, offsets=lab.offsets, feature_names=list(columns))
    with pytest.raises(DataError, match=rf"own\.npz: {sentence}"):
        jetgen.convert(tmp_path / "own.npz", tmp_path / "out.h5", relative=True)
    assert [path.name for path in tmp_path.iterdir()] == ["own.npz"]


def test_an_energy_below_the_momentum_and_an_unknown_particle_are_refused(lab, tmp_path):
    swapped = ak.Array(lab.lists() | {"part_energy": lab.lists()["part_pz"]})
    ak.to_parquet(swapped, tmp_path / "swapped.parquet")
    with pytest.raises(DataError, match=r"swapped\.parquet: the energy is less than the momentum in .* particles"):
        jetgen.convert(tmp_path / "swapped.parquet", tmp_path / "out.h5")
    changed = lab.padded("pt", "rapidity", "phi", "pid")
    changed[..., 3] /= 1000
    np.savez(tmp_path / "changed.npz", X=changed, y=lab.types)
    with pytest.raises(DataError, match=r"changed\.npz: pid 0\.\d+ is no PDG number"):
        jetgen.convert(tmp_path / "changed.npz", tmp_path / "out.h5")


def test_a_file_of_jets_of_one_type_has_no_conditioning(lab, tmp_path):
    same = lab.lists() | {"label_QCD": np.zeros(lab.n, bool), "label_Tbqq": np.ones(lab.n, bool)}
    ak.to_parquet(ak.Array(same), tmp_path / "tops.parquet")
    assert jetgen.convert(tmp_path / "tops.parquet", tmp_path / "out.h5").spec.conditioning == ()
    chosen = jetgen.convert(tmp_path / "tops.parquet", tmp_path / "out.h5", conditioning=["jet_type", "eta"])
    assert chosen.spec.conditioning_names == ("jet_type", "eta")


def test_types_that_cannot_be_are_refused(lab, tmp_path):
    both = lab.lists() | {"label_QCD": np.ones(lab.n, bool)}
    ak.to_parquet(ak.Array(both), tmp_path / "both.parquet")
    with pytest.raises(DataError, match=r"both\.parquet: the jet in row \d+ is not of one type: of label_QCD, label_T"):
        jetgen.convert(tmp_path / "both.parquet", tmp_path / "out.h5")
    path = write_energyflow(tmp_path / "jets", lab)
    with pytest.raises(DataError, match=r"there are no jets of type 'top'; they are gluon, quark"):
        jetgen.convert(path, tmp_path / "out.h5", only="top")
    with pytest.raises(DataError, match=r"have no tau21 that could be conditioning; they have jet_type, pt, eta, mass"):
        jetgen.convert(path, tmp_path / "out.h5", conditioning=["tau21"])


def test_showers_of_the_calochallenge_become_hits_in_their_voxels(tmp_path):
    rng = np.random.default_rng(2)
    voxels = (0.016 + rng.exponential(5, (30, 6480))) * (rng.random((30, 6480)) < 0.1)
    with h5py.File(tmp_path / "dataset_2.hdf5", "w") as file:
        file.create_dataset("showers", data=voxels, compression="gzip")
        file["incident_energies"] = rng.uniform(1e3, 1e6, (30, 1))
    made = jetgen.convert(tmp_path / "dataset_2.hdf5", tmp_path / "showers.h5")
    assert (made.spec.kind, made.spec.names) == ("showers", ("energy", "z", "alpha", "r"))
    with open_clouds(tmp_path / "showers.h5") as file, h5py.File(tmp_path / "dataset_2.hdf5") as published:
        found = voxel_energies(file[:], file.spec)
        assert file.spec.max_points == (voxels > 0).sum(1).max()
        np.testing.assert_allclose(found.reshape(30, -1), voxels.astype(np.float32), rtol=1e-6)
        np.testing.assert_allclose(file[:].conditioning, published["incident_energies"][:], rtol=1e-6)


@pytest.mark.parametrize(
    ("voxels", "energy", "sentence"),
    [
        (np.ones((3, 368)), 1.0, "368 voxels; 6,480 and 40,500 are read"),
        (-np.ones((3, 6480)), 1.0, "showers is -1.0 at row 0, voxel 0; an energy in MeV is not negative"),
        (np.full((3, 6480), np.nan), 1.0, "showers is nan at row 0"),
        (np.ones((3, 6480)), 0.0, "incident_energies is 0.0 at row 0; an energy in MeV is positive"),
    ],
)
def test_showers_that_cannot_be_are_refused(voxels, energy, sentence, tmp_path):
    with h5py.File(tmp_path / "showers.hdf5", "w") as file:
        file["showers"], file["incident_energies"] = voxels, np.full((3, 1), energy)
    with pytest.raises(DataError, match=rf"showers\.hdf5: .*{sentence}"):
        jetgen.convert(tmp_path / "showers.hdf5", tmp_path / "out.h5")


def test_an_npy_of_generated_jets_is_read_with_names_and_a_mask(fake_jets, tmp_path):
    np.save(tmp_path / "generated.npy", fake_jets[:50].padded(30)[0])
    names = ["etarel", "phirel", "ptrel"]
    for said, sentence in (({}, "has no mask"), ({"mask": "ptrel"}, "neither an array nor a feature 'ptrel'")):
        with pytest.raises(DataError, match=rf"generated\.npy: .*{sentence}"):
            jetgen.convert(tmp_path / "generated.npy", tmp_path / "out.h5", **said)
    with pytest.raises(DataError, match=r"npy: \d+ slots such as row 0, slot .* column 0 is not what is positive"):
        jetgen.convert(tmp_path / "generated.npy", tmp_path / "out.h5", features=names, mask="etarel")
    made = jetgen.convert(tmp_path / "generated.npy", tmp_path / "out.h5", features=names, mask="ptrel")
    with open_clouds(made.path) as file:
        assert file[:].multiplicity.sum() == (fake_jets[:50].points[:, 2] > 0).sum()


def test_an_npy_of_objects_is_never_unpickled(tmp_path):
    np.save(tmp_path / "objects.npy", np.array([{"a": 1}], dtype=object), allow_pickle=True)
    with pytest.raises(DataError, match=r"objects\.npy: the array holds pickled objects, which are never loaded"):
        open_clouds(tmp_path / "objects.npy", ["a"])


def test_a_tree_is_named_where_there_are_several_and_its_branches_are_features(lab, tmp_path):
    with uproot.recreate(tmp_path / "two.root") as file:
        file.mktree("jets", {"pt": "var * float32"}).extend({"pt": ak.unflatten(np.float32(lab.pt), lab.multiplicity)})
        file.mktree("events", {"met": "float32"}).extend({"met": np.ones(3, np.float32)})
    with pytest.raises(DataError, match=r"two\.root: nothing says which tree is meant; it has events, jets"):
        open_clouds(tmp_path / "two.root")
    with pytest.raises(DataError, match="the tree events has no branches of lists of numbers"):
        open_clouds(tmp_path / "two.root", points="events")
    with open_clouds(tmp_path / "two.root", points="jets") as file:
        assert file.spec.names == ("pt",)
        assert file[7:9].multiplicity.tolist() == lab.multiplicity[7:9].tolist()
        np.testing.assert_array_equal(file[:].points[:, 0], np.float32(lab.pt))


def test_names_of_arrays_for_a_file_of_columns_are_refused(lab, tmp_path):
    path = write_parquet(tmp_path / "jets", lab)
    with pytest.raises(DataError, match=r"jets\.parquet: a mask \(part_px\) is for padded arrays"):
        open_clouds(path, mask="part_px")
    with pytest.raises(DataError, match=r"jets\.parquet: it has columns and no array 'jets'; choose some of them"):
        open_clouds(path, points="jets")


def test_without_uproot_a_root_file_says_what_to_install(tmp_path, monkeypatch):
    (tmp_path / "jets.root").write_bytes(b"root\0\0")
    monkeypatch.setitem(sys.modules, "uproot", None)
    with pytest.raises(DataError, match=r"jets\.root: .*pip install 'jetgen\[root\]'"):
        open_clouds(tmp_path / "jets.root")


def test_what_is_only_for_jets_and_what_cannot_be_written_is_refused(real_jets, jet_spec, tmp_path):
    path = tmp_path / "jets.h5"
    jetgen.io.exports.export(path, real_jets[:10], jet_spec)
    before = path.read_bytes()
    with pytest.raises(UsageError, match=r"--leading \(leading= in Python\) is for momenta"):
        jetgen.convert(path, tmp_path / "out.h5", leading=3)
    with pytest.raises(UsageError, match="is the file itself; name another one"):
        jetgen.convert(path, path)
    with pytest.raises(UsageError, match="momenta in 'keV' are not known; use one of GeV, MeV, TeV"):
        jetgen.convert(path, tmp_path / "out.h5", unit="keV")
    with pytest.raises(UsageError, match=r"what shall out\.txt be"):
        jetgen.convert(path, tmp_path / "out.txt")
    assert path.read_bytes() == before
    assert [each.name for each in tmp_path.iterdir()] == ["jets.h5"]
