"""The datasets: what they say before any file exists, their splits and sizes, and what they refuse."""

from __future__ import annotations

import gzip
import json
import os
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import numpy as np
import pytest
from jetgen import RunContext
from jetgen.datasets.preparing import prepare
from jetgen.errors import DataError, UsageError
from jetgen.registry import load_target
from jetgen_higgs.columns import COLUMNS, FEATURES
from jetgen_higgs.dataset import HiggsEvents
from jetgen_higgs.specs import SIZES

SPLITS = ("train", "val", "test")
KEPT = [COLUMNS.index(feature.name) for feature in FEATURES]
REAL = Path(__file__).parents[4] / "shared" / "data" / "higgs"


@pytest.fixture
def file(own, text):
    """HIGGS.csv with 3,000 rows: 900 are train, 600 val and 1,500 test."""
    (own / "HIGGS.csv").write_text(text)
    return own / "HIGGS.csv"


@pytest.fixture
def smaller(monkeypatch):
    """A size that each label has, though a third of the file is signal."""
    for name in SIZES:
        monkeypatch.setitem(SIZES[name], "mini", (250, 100, 400))


def made(size="tiny", events="both"):
    dataset = HiggsEvents.create(size, events=events)
    prepare(dataset, "higgs", RunContext())
    return dataset


def refusal(**options):
    with pytest.raises(DataError) as caught:
        made(**options)
    assert str(caught.value).isprintable()
    return str(caught.value)


def test_every_name_has_an_entry_point_that_leads_to_its_class():
    points = [point for point in entry_points(group="jetgen.datasets") if point.value.startswith("jetgen_higgs.")]
    ours = {point.name: point.load() for point in points}
    assert set(ours) == {"higgs", "higgs-background", "higgs-signal"}
    for name, spec in ours.items():
        assert spec.name == name
        assert json.dumps(spec.to_json())
        for size, counts in spec.sizes.items():
            dataset = load_target(spec.target).create(size, **spec.options)
            assert [dataset.recipe()[split] for split in SPLITS] == list(counts)


def test_the_specs_load_no_numpy_and_a_planner_loads_neither_pyarrow_nor_a_downloader():
    light = "import sys, jetgen_higgs.specs; print(sorted({'numpy', 'pydantic'} & set(sys.modules)))"
    plan = """
import json, sys
from jetgen_higgs.dataset import HiggsEvents
dataset = HiggsEvents.create("full", events="both")
dataset.spec, json.dumps(dataset.recipe())
print(sorted({"torch", "pooch", "requests", "pyarrow"} & set(sys.modules)))"""
    for code in (light, plan):
        done = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True)
        assert done.stdout.strip() == "[]"


def test_the_features_are_the_18_continuous_columns_with_their_natures():
    spec = HiggsEvents.create("tiny", events="signal").spec
    assert (spec.kind, len(spec.features), spec.conditioning) == ("table", 18, ())
    signed = {feature.name for feature in spec.features if feature.nature == "continuous"}
    assert signed == {"lepton_eta", "jet1_eta", "jet2_eta", "jet3_eta", "jet4_eta"}
    assert spec.names[:4] == ("lepton_pt", "lepton_eta", "met", "jet1_pt")
    assert spec.names[-7:] == ("m_jj", "m_jjj", "m_lv", "m_jlv", "m_bb", "m_wbb", "m_wwbb")
    assert len(COLUMNS) == 29


def test_the_recipe_is_known_before_any_file_exists(cache):
    recipe = HiggsEvents.create("small", events="both").recipe()
    assert (recipe["train"], recipe["doi"]) == (100_000, "https://doi.org/10.24432/C5V312")
    for size, events in (("tiny", "both"), ("small", "signal"), ("excerpt", "both")):
        assert HiggsEvents.create(size, events=events).recipe() != recipe
    assert not cache.exists()


def test_test_is_the_end_of_the_file_val_is_before_it_and_train_at_the_beginning(file, events):
    rows, dataset = events(3_000), made()
    for split, first, n in zip(SPLITS, (0, 900, 1_500), SIZES["both"]["tiny"], strict=True):
        clouds = dataset.load(split)[:]
        expected = rows[first : first + n].astype(np.float32)
        np.testing.assert_array_equal(clouds.points, expected[:, KEPT])
        np.testing.assert_array_equal(clouds.conditioning, expected[:, :1])
        assert set(clouds.multiplicity) == {1}


def test_signal_and_background_are_the_rows_with_their_label_in_the_order_of_the_file(file, smaller):
    for name, remainders in (("signal", {0}), ("background", {1, 2})):
        dataset = made("mini", name)
        assert dataset.load("val")[:].conditioning.shape == (100, 0)
        for split, first in zip(SPLITS, (0, 900, 1_500), strict=True):
            number = dataset.load(split)[:].points[:, 0].round().astype(int)  # column 1 of row i is i + 0.01
            wanted = [i for i in range(first, 3_000) if i % 3 in remainders]
            assert number.tolist() == wanted[: len(number)]


def test_a_larger_size_begins_with_the_rows_of_a_smaller_one(file, smaller):
    small, large = made("mini"), made("tiny")
    for split in SPLITS:
        n = min(len(small.load(split)), len(large.load(split)))
        assert small.load(split)[:n].fingerprint() == large.load(split)[:n].fingerprint()
    for sizes in SIZES.values():
        counts = np.array([sizes[size] for size in ("tiny", "small", "medium", "full")])
        assert (np.diff(counts, axis=0) > 0).all()


def test_slices_are_those_of_a_list(file, monkeypatch):
    monkeypatch.setattr("jetgen_higgs.rows._BLOCK", 70)  # the slices do not end with a block
    source = made().load("test")
    whole = source[:]
    for key in (slice(0, 7), slice(-30, None), slice(None, None, 9), slice(50, 20, -3), slice(9, 3), slice(390, 999)):
        assert source[key].fingerprint() == whole[np.arange(400)[key]].fingerprint()


def test_compressed_text_gives_the_same_events_and_each_content_has_a_recipe_of_its_own(own, text):
    (own / "HIGGS.csv").write_text(text)
    plain = made()
    (own / "HIGGS.csv").unlink()
    (own / "HIGGS.csv.gz").write_bytes(gzip.compress(text.encode()))
    packed = made()
    assert packed.recipe()["sha256"] != plain.recipe()["sha256"]
    assert packed.load("test")[:].fingerprint() == plain.load("test")[:].fingerprint()


def test_a_file_is_read_once_and_the_progress_is_told_in_bytes(file, cache):
    heard = []
    dataset = HiggsEvents.create("tiny", events="both")
    dataset.prepare(RunContext(listener=heard.append))
    assert heard[-1]["done"] == heard[-1]["total"] == file.stat().st_size
    again = len(heard)
    HiggsEvents.create("tiny", events="background").prepare(RunContext(listener=heard.append))
    assert len(heard) == again
    assert [path.suffix for path in (cache / "higgs").iterdir() if path.suffix != ".lock"] == [".h5"]


def test_a_killed_preparation_leaves_nothing_that_is_taken_for_rows(file, cache):
    code = """
from jetgen import RunContext
from jetgen_higgs.dataset import HiggsEvents
import time
def hold(message):
    print("begun", flush=True)
    time.sleep(600)
HiggsEvents.create("tiny", events="both").prepare(RunContext(listener=hold))"""
    with subprocess.Popen([sys.executable, "-c", code], stdout=subprocess.PIPE, env=os.environ) as process:
        assert process.stdout.readline() == b"begun\n"
        process.kill()
    (left,) = (cache / "higgs").glob(".*.part")
    with pytest.raises(DataError, match="make them with jetbench prepare"):
        HiggsEvents.create("tiny", events="both").load("train")
    assert len(made().load("train")) == 400
    assert not left.exists()


def _changed(row, column, cell):
    """The text with another cell."""

    def change(text):
        lines = [line.split(",") for line in text.splitlines()]
        lines[row][column] = cell
        return "\n".join(map(",".join, lines))

    return change


BAD = {
    "a header": (lambda text: ",".join(COLUMNS) + "\n" + text, "the first row is not all numbers; the UCI file has no"),
    "a missing column": (
        lambda text: "\n".join(line.rpartition(",")[0] for line in text.splitlines()),
        "there are 28 columns; the UCI file has 29: label, lepton_pt",
    ),
    "an empty file": (lambda _: "", "the file is empty"),
    "a text cell": (_changed(2_000, 4, "high"), "the column met holds 'high', which is no number, in row 2000"),
    "a text cell that is dropped": (_changed(2_000, 3, "a"), "the column lepton_phi holds 'a', which is no number"),
    "NaN": (_changed(2_000, 28, "nan"), "the column m_wwbb is empty or not finite in row 2000 (counted from 0)"),
    "an empty cell": (_changed(2_000, 28, ""), "the column m_wwbb is empty or not finite in row 2000"),
    "a short row": (lambda text: text + "1,2\n", "there are 2 cells instead of 29 in row 3000"),
    "another label": (_changed(2_000, 0, "2"), "the conditioning signal is 2 at row 2000; it is one of 2 categories"),
    "a negative mass": (_changed(2_000, 28, "-1"), "m_wwbb is -1 at row 2000, point 0; it is positive"),
    "too few rows": (lambda text: "\n".join(text.splitlines()[:500]), "has 150 events for train, size tiny needs 400"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_file_is_refused_in_one_sentence_and_nothing_is_kept(file, cache, case):
    change, sentence = BAD[case]
    file.write_text(change(file.read_text()))
    said = refusal()
    assert said.startswith(f"{file}")
    assert sentence in said
    kept = [path for path in (cache / "higgs").glob("*") if path.suffix in (".h5", ".part")]
    assert not kept or case == "too few rows"


def test_compressed_text_that_was_cut_is_refused(own, text):
    (own / "HIGGS.csv.gz").write_bytes(gzip.compress(text.encode())[:-100])
    assert "HIGGS.csv.gz: the CSV file is truncated or damaged (EOFError" in refusal()


def test_an_excerpt_that_is_nowhere_is_named(own, cache):
    said = refusal(size="excerpt")
    for part in ("train_10k.csv", "JETGEN_HIGGS_DIR", str(own), str(cache / "higgs"), "choose a size"):
        assert part in said


def test_wrong_names_are_refused_with_the_names_that_there_are(file):
    for options, said in (
        ({"size": "smal"}, r"no size 'smal' \(did you mean small\?\)"),
        ({"size": "tiny", "events": "signals"}, r"no events 'signals' \(did you mean signal\?\)"),
    ):
        with pytest.raises(UsageError, match=said):
            HiggsEvents.create(**options)
    with pytest.raises(UsageError, match="no split 'valid'"):
        made().load("valid")


@pytest.mark.skipif(not REAL.is_dir(), reason="the real rows, ../shared/data/higgs, are not there")
def test_the_excerpt_has_the_real_rows_with_the_numbers_of_its_specs(cache, monkeypatch):
    monkeypatch.setenv("JETGEN_HIGGS_DIR", str(REAL))
    datasets = {events: made("excerpt", events) for events in SIZES}
    for split, n in zip(SPLITS, SIZES["both"]["excerpt"], strict=True):
        clouds = datasets["both"].load(split)[:]
        signal = clouds.conditioning[:, 0] == 1
        assert len(clouds) == n
        for events, rows in (("signal", signal), ("background", ~signal)):
            assert len(datasets[events].load(split)) == rows.sum()
            np.testing.assert_array_equal(datasets[events].load(split)[:].points, clouds.points[rows])
    signal, background = (datasets[events].load("train")[:].points[:, -3] for events in ("signal", "background"))
    assert signal.std() < 0.7 * background.std()  # m_bb: only the signal has a Higgs boson that decays so
