"""The tables: masses peak where the particles are, objects obey the cuts, and the reconstruction does what it says."""

from __future__ import annotations

import numpy as np
import pytest
from jetgen.api.context import RunContext
from jetgen.data.checks import check_truth
from jetgen.errors import DataError, UsageError
from jetgen_pythia.events import Particles
from jetgen_pythia.higgs import specs
from jetgen_pythia.higgs.columns import COLUMNS
from jetgen_pythia.higgs.dataset import HiggsTable
from jetgen_pythia.higgs.objects import Objects, measured
from jetgen_pythia.higgs.observables import neutrino, observables
from jetgen_pythia.higgs.recipe import MASSES, RESOLUTION, TAGGING
from jetgen_pythia.kinematics import eta_of, mass_of, pt_of
from pythia_higgs import peak

MINI = (200, 200, 200)
ROWS = sum(MINI)
FINAL, DECAYED = 1, -2


@pytest.fixture(scope="module")
def reports() -> list[dict]:
    """What preparing the tables says."""
    return []


@pytest.fixture(scope="module")
def tables(tmp_path_factory, reports):
    """Signal and background of the size `mini`, prepared once, in a cache of their own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("JETGEN_CACHE", str(tmp_path_factory.mktemp("cache")))
        patch.setitem(specs.SIZES, "mini", MINI)
        made = {channel: HiggsTable.create("mini", channel=channel) for channel in ("signal", "background")}
        for table in made.values():
            table.prepare(RunContext(threads=1, listener=reports.append))
        yield made


@pytest.fixture(scope="module")
def column(tables):
    """A function that gives a column of all rows of a channel."""
    rows = {channel: _rows(table) for channel, table in tables.items()}
    return lambda channel, name: rows[channel][:, COLUMNS.index(name)]


def _rows(table: HiggsTable) -> np.ndarray:
    return np.concatenate([table.load(split)[:].points for split in ("train", "val", "test")])


@pytest.mark.parametrize(
    ("channel", "name", "mass", "window"),
    [
        *((channel, "m_jj", 80, 6) for channel in ("signal", "background")),
        *((channel, "m_lv", 80.4, 0.5) for channel in ("signal", "background")),
        ("background", "m_jjj", 172, 12),
        ("background", "m_jlv", 172, 14),
        ("signal", "m_bb", 125, 12),
        ("signal", "m_wbb", 325, 20),
        ("signal", "m_wwbb", 425, 30),
    ],
)
def test_masses_peak_at_the_particles_that_decay(channel, name, mass, window, column):
    width = 1 if name == "m_lv" else 0.15 * mass
    assert abs(peak(column(channel, name), width) - mass) < window


def test_only_the_signal_has_a_peak_of_the_light_higgs(column):
    def inside(channel: str) -> float:
        m_bb = column(channel, "m_bb")
        return float(np.mean((m_bb > 105) & (m_bb < 140)))

    assert inside("signal") > 1.5 * inside("background")


def test_rows_obey_the_cuts_and_the_spec(tables, column):
    for channel, table in tables.items():
        rows = table.load("train")[:]
        check_truth(rows, table.spec, channel)
        assert (rows.multiplicity == 1).all()
        assert rows.points.shape == (MINI[0], len(table.spec.features)) == (200, 18)
        pts = np.stack([column(channel, f"jet{rank}_pt") for rank in range(1, 5)])
        assert (np.diff(pts, axis=0) <= 0).all()
        assert min(pts.min(), column(channel, "lepton_pt").min()) > 20
        assert max(np.abs(column(channel, name)).max() for name in COLUMNS if name.endswith("eta")) < 2.5
        assert len(np.unique(_rows(table), axis=0)) == ROWS, "no row is twice in a split, or in two"


def test_no_column_has_a_value_that_many_rows_share(column):
    for channel in ("signal", "background"):
        for name in COLUMNS:
            assert len(np.unique(column(channel, name))) > 0.99 * ROWS, (channel, name)


def test_preparing_reports_rows_and_makes_each_once(tables, reports):
    assert {(message["kind"], message["unit"]) for message in reports} == {("progress", "rows")}
    assert [message["done"] for message in reports] == 2 * list(range(0, ROWS + 1, 200))
    again: list = []
    tables["signal"].prepare(RunContext(listener=again.append))
    assert [message["done"] for message in again] == [ROWS]


def test_a_larger_size_begins_with_the_rows_of_a_smaller_one(tables, monkeypatch):
    monkeypatch.setitem(specs.SIZES, "short", (150, 10, 10))
    short = HiggsTable.create("short", channel="signal")
    for split, n in (("train", 150), ("test", 10)):
        first = tables["signal"].load(split)[:n]
        assert short.load(split)[:].fingerprint() == first.fingerprint()
    assert short.recipe() != tables["signal"].recipe()


def test_simulated_rows_are_fresh_and_exact_in_number(tables):
    table = tables["background"]
    first, again, none = table.simulate(7, 1), table.simulate(7, 1), table.simulate(0, 1)
    assert (len(first), none.points.shape) == (7, (0, 18))
    assert first.fingerprint() == again.fingerprint()
    known = _rows(table)
    assert len(np.unique(np.concatenate([known, first.points]), axis=0)) == len(known) + 7


def test_the_recipe_follows_the_channel_and_what_determines_the_rows(monkeypatch):
    signal = HiggsTable.create("tiny", channel="signal").recipe()
    assert HiggsTable.create("tiny", channel="background").recipe() != signal
    monkeypatch.setattr("jetgen_pythia.higgs.recipe._TABLE_VERSION", 99)
    assert HiggsTable.create("tiny", channel="signal").recipe() != signal


def test_what_does_not_exist_is_one_sentence(tmp_path, monkeypatch):
    monkeypatch.setenv("JETGEN_CACHE", str(tmp_path))
    with pytest.raises(UsageError, match=r"no channel 'sgnal'.*did you mean signal"):
        HiggsTable.create("tiny", channel="sgnal")
    with pytest.raises(UsageError, match=r"no size 'smal'.*did you mean small"):
        HiggsTable.create("smal", channel="signal")
    with pytest.raises(DataError, match=r"2 of 2 files of .*test are missing; make them with jetbench prepare"):
        HiggsTable.create("tiny", channel="signal").load("test")


def _momenta(pt, eta, phi):
    pt, eta, phi = (np.asarray(column, float) for column in (pt, eta, phi))
    return np.stack([pt * np.cos(phi), pt * np.sin(phi), pt * np.sinh(eta), pt * np.cosh(eta)], -1)


def _event(pids, pt, eta, phi, n=1):
    """``n`` copies of an event: the arguments of `measured` without a generator. A b hadron has decayed."""
    pid, event = np.tile(pids, n), np.repeat(np.arange(n), len(pids))
    status = np.where(np.abs(pid) == 511, DECAYED, FINAL)
    return n, status, Particles(event, pid, np.tile(_momenta(pt, eta, phi), (n, 1)))


# A muon, a neutrino, and four jets of one pion each; the first two jets come from b hadrons.
PIDS = [13, 14, 511, -511, 211, 211, 211, 211]
PT = np.array([50.0, 40, 100, 80, 100, 80, 60, 45])
ETA = np.array([0.5, 0, 1, -1, 1, -1, 0, 2])
PHI = np.array([0.0, 1, 2, 3, 2, 3, -2, -1])


def test_an_event_gives_its_lepton_jets_tags_and_missing_momentum():
    objects = measured(*_event(PIDS, PT, ETA, PHI, 2000), np.random.default_rng(1))
    twice, total = TAGGING.bottom**2, len(objects.lepton)
    assert 2000 * twice - 100 < total < 2000 * twice + 150  # a few have a tag on a light jet
    assert abs(objects.tagged[:, :2].all(1).sum() / 2000 - twice) < 0.04
    assert objects.tagged[:, 2:].mean() < 2 * TAGGING.light
    assert (pt_of(objects.jets) > 0).sum(1).tolist() == [4] * total
    assert pt_of(objects.lepton).mean() == pytest.approx(50, rel=0.01)
    assert pt_of(objects.lepton).std() == pytest.approx(50 * RESOLUTION.lepton, rel=0.1)
    visible = _momenta(PT, ETA, PHI)[[0, 4, 5, 6, 7], :2].sum(0)
    np.testing.assert_allclose(objects.missing.mean(0), -visible, atol=1.0)


@pytest.mark.parametrize(
    ("particle", "kinematics", "why"),
    [
        (0, (15, 0.5, 0), "the lepton is soft"),
        (0, (50, 2.6, 0), "the lepton is forward"),
        (0, (50, 0.2, -2), "the lepton is in a jet"),
        (7, (11, 2, -1), "the fourth jet is soft"),
        (7, (45, 2.7, -1), "the fourth jet is forward"),
    ],
)
def test_an_event_outside_the_cuts_is_dropped(particle, kinematics, why):
    columns = np.stack([PT, ETA, PHI])
    columns[:, particle] = kinematics
    objects = measured(*_event(PIDS, *columns, 50), np.random.default_rng(1))
    assert len(objects.lepton) <= 1, why


def test_an_event_with_two_leptons_or_none_is_dropped():
    for first in (11, 211):
        pids = [first, 13, *PIDS[2:]] if first == 11 else [211, 14, *PIDS[2:]]
        assert len(measured(*_event(pids, PT, ETA, PHI, 20), np.random.default_rng(1)).lepton) == 0


def test_the_neutrino_gives_the_w_its_mass_and_takes_the_smaller_solution():
    rng = np.random.default_rng(2)
    lepton = _momenta(rng.uniform(20, 100, 500), rng.uniform(-2, 2, 500), rng.uniform(-3, 3, 500))
    missing = rng.normal(0, 40, (500, 2))
    found = neutrino(lepton, missing, np.full(500, 80.4))
    np.testing.assert_allclose(found[:, :2], missing)
    np.testing.assert_allclose(mass_of(found), 0, atol=1e-3)
    mass = mass_of(lepton + found)
    transverse = np.sqrt(2 * (pt_of(lepton) * pt_of(found) - (lepton[:, :2] * missing).sum(1)))
    np.testing.assert_allclose(mass, np.maximum(transverse, 80.4), rtol=1e-6)
    for other in np.linspace(-1, 1, 21):  # no smaller momentum along the beam solves it
        there = other * np.abs(found[:, 2])
        momenta = np.stack([*missing.T, there, np.hypot(pt_of(found), there)], 1)
        same = np.abs(mass_of(lepton + momenta) - mass) < 1e-6
        np.testing.assert_allclose(np.abs(there[same]), np.abs(found[same, 2]), rtol=1e-3, atol=1e-3)


def test_jets_are_combined_by_tags_and_masses():
    # From the left: b jets at 90 degrees, two jets with the mass of a W, and two that do not fit.
    pt = np.array([[200.0, 80, 60, 40.2, 40.2, 25]])
    phi = np.array([[0.3, 0, np.pi / 2, 0, np.pi, 0.1]])
    eta = np.array([[-2.0, 0, 0, 0, 0, 1.5]])
    tagged = np.array([[False, True, True, False, False, False]])
    lepton = _momenta([40.2], [0], [np.pi / 2])
    missing = np.array([[0, -40.2]])
    objects = Objects(lepton, missing, _momenta(pt, eta, phi), tagged)
    row = dict(zip(COLUMNS, observables(objects, np.array([MASSES.w]))[0], strict=True))
    assert row["m_bb"] == pytest.approx(np.sqrt(2 * 80 * 60), rel=1e-6)
    assert row["m_jj"] == pytest.approx(80.4, rel=1e-6)
    assert row["m_lv"] == pytest.approx(80.4, rel=1e-6)
    assert (row["jet1_pt"], row["jet1_eta"], row["met"]) == pytest.approx((200, -2, 40.2))
    w = np.array([0, 0, 0, 80.4])
    b = _momenta(pt[0, 1:3], eta[0, 1:3], phi[0, 1:3])
    assert row["m_wwbb"] == pytest.approx(mass_of(b.sum(0) + 2 * w), rel=1e-6)
    assert row["m_wbb"] == pytest.approx(mass_of(b.sum(0) + w), rel=1e-6)
    assert {round(row["m_jjj"], 3), round(row["m_jlv"], 3)} == {round(float(mass_of(one + w)), 3) for one in b}
    assert eta_of(b).tolist() == [0, 0]
