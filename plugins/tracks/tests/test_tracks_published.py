"""The published files: a file of their layout is read as what it means, and what is wrong in one is a sentence."""

import awkward as ak
import numpy as np
import pytest
import uproot
from jetgen.api.context import RunContext
from jetgen.data.checks import check_truth
from jetgen.errors import DataError, UsageError
from jetgen_tracks import specs
from jetgen_tracks.dataset import Tracks
from jetgen_tracks.published import FOLDER_VARIABLE, PublishedTracks

EVENTS, REPLICAS = 2, specs.PUBLISHED_REPLICAS
CODES = np.array([-211, 11, 13])


@pytest.fixture
def rows():
    """The columns of a file: two events of the simulator in MeV, with a photon in each, and 100 replicas."""
    data = Tracks("tiny", efficiency="fixed")
    given = data.load("test").given[:EVENTS]
    tracks = data.answer(given, np.repeat(np.arange(EVENTS), REPLICAS), seed=1)
    particles = given[tracks.event]

    def split(values, clouds, photon=None):
        lists = np.split(values, clouds.offsets[1:-1])
        return ak.Array([[*([] if photon is None else [photon]), *each] for each in lists])

    pt, eta, phi, kind = particles.points.astype(np.float64).T
    seen = tracks.points.astype(np.float64).T
    return (
        given,
        {
            "particle_px": split(1e3 * pt * np.cos(phi), particles, 5e5),
            "particle_py": split(1e3 * pt * np.sin(phi), particles, 0.0),
            "particle_pz": split(1e3 * pt * np.sinh(eta), particles, 0.0),
            "particle_pdgid": split(CODES[kind.astype(int)], particles, 22),
            "pflow_px": split(1e3 * seen[0] * np.cos(seen[2]), tracks),
            "pflow_py": split(1e3 * seen[0] * np.sin(seen[2]), tracks),
            "pflow_eta": split(seen[1], tracks),
            "pflow_phi": split(seen[2], tracks),
        },
        tracks,
    )


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    monkeypatch.setitem(specs.PUBLISHED_EVENTS, "mini", (EVENTS, EVENTS, EVENTS))
    return tmp_path


def write(folder, columns, tree="fs_tree"):
    for split in ("train", "val", "test"):
        with uproot.recreate(folder / f"{split}.root") as file:
            file.mktree(tree, {name: values.type.content for name, values in columns.items()})
            file[tree].extend(columns)


def test_charged_particles_and_tracks_are_read_in_gev(folder, rows):
    given, columns, tracks = rows
    write(folder, columns)
    data = PublishedTracks.create("mini")
    data.prepare(RunContext())
    found = data.load("val")
    check_truth(found, data.spec, "val")
    assert found.event.tolist() == [0] * REPLICAS + [1] * REPLICAS
    assert np.array_equal(found.given.multiplicity, given.multiplicity)
    assert found.given.points == pytest.approx(given.points, rel=1e-4, abs=1e-5)
    assert np.array_equal(found.multiplicity, tracks.multiplicity)
    assert found.points == pytest.approx(tracks.points, rel=1e-4, abs=1e-5)


def test_another_content_is_another_recipe(folder, rows):
    _, columns, _ = rows
    write(folder, columns)
    before = PublishedTracks("mini").recipe()
    write(folder, {**columns, "pflow_eta": columns["pflow_eta"] + 0.1})
    assert PublishedTracks("mini").recipe() != before


def test_what_is_wrong_in_a_file_is_a_sentence_that_begins_with_it(folder, rows):
    _, columns, _ = rows

    def refused(columns, reason, size="mini", **layout):
        write(folder, columns, **layout)
        with pytest.raises(DataError, match=rf"train\.root: {reason}"):
            PublishedTracks(size).load("train")

    refused(columns, "it has no tree fs_tree", tree="other")
    refused({name: values for name, values in columns.items() if name != "pflow_phi"}, ".*no branch pflow_phi")
    refused(columns, "it has 200 rows, this size needs 50,000; choose a smaller size", size="small")
    *same, last = columns["particle_px"].tolist()
    moved = ak.Array([*same, [2 * one for one in last]])
    refused({**columns, "particle_px": moved}, "row 199 has other true particles than row 100")
    doubled = {
        name: ak.concatenate([values, values, values], axis=1) if name.startswith("pflow") else values
        for name, values in columns.items()
    }
    refused(doubled, r"row 0 has \d+ tracks for \d+ charged particles")
    write(folder, columns)
    path = folder / "train.root"
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(DataError, match=r"train\.root: .*zenodo"):
        PublishedTracks("mini").load("train")


def test_missing_files_and_names_say_what_to_do(tmp_path, monkeypatch):
    with pytest.raises(UsageError, match=r"no size 'ful' \(did you mean full\?\)"):
        PublishedTracks("ful")
    monkeypatch.delenv(FOLDER_VARIABLE, raising=False)
    with pytest.raises(DataError, match=r"train\.root is not in JETGEN_TRACKS_DIR \(not set\); fetch it from https"):
        PublishedTracks().prepare(RunContext())
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with pytest.raises(DataError, match=r"val\.root is not in JETGEN_TRACKS_DIR"):
        PublishedTracks().load("val")
    with pytest.raises(UsageError, match="no split 'tset'"):
        PublishedTracks().load("tset")
