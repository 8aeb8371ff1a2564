"""What surrounds us: the cores that are granted, and a cache folder wherever we run."""

import os

import pytest
from jetgen import system
from jetgen.errors import UsageError


@pytest.fixture
def eight_cores(monkeypatch):
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(8)), raising=False)
    monkeypatch.setattr(system, "_group_limits", lambda: iter(()))
    for name in ("OMP_NUM_THREADS", "SLURM_CPUS_PER_TASK", "_CONDOR_NCPUS"):
        monkeypatch.delenv(name, raising=False)


GRANTED = {
    "nothing": ({}, (8, "the machine")),
    "SLURM": ({"SLURM_CPUS_PER_TASK": "2"}, (2, "SLURM_CPUS_PER_TASK")),
    "HTCondor": ({"_CONDOR_NCPUS": "4", "OMP_NUM_THREADS": "16"}, (4, "_CONDOR_NCPUS")),
    "OpenMP": ({"OMP_NUM_THREADS": "3,1"}, (3, "OMP_NUM_THREADS")),
    "words": ({"OMP_NUM_THREADS": "many", "SLURM_CPUS_PER_TASK": "0"}, (8, "the machine")),
}


@pytest.mark.parametrize(("environment", "expected"), GRANTED.values(), ids=GRANTED)
def test_what_a_batch_system_grants_is_the_limit_and_is_named(eight_cores, monkeypatch, environment, expected):
    for name, value in environment.items():
        monkeypatch.setenv(name, value)
    assert system.core_limit() == expected


def test_the_quota_of_a_container_is_a_limit(monkeypatch, tmp_path):
    monkeypatch.setattr(system, "_CGROUP", tmp_path)
    assert list(system._group_limits()) == []
    (tmp_path / "cpu.max").write_text("max 100000\n")
    assert list(system._group_limits()) == []
    (tmp_path / "cpu.max").write_text("250000 100000\n")
    (tmp_path / "cpu").mkdir()
    (tmp_path / "cpu" / "cpu.cfs_quota_us").write_text("-1\n")
    (tmp_path / "cpu" / "cpu.cfs_period_us").write_text("100000\n")
    assert list(system._group_limits()) == [(2, "the quota of the container")]


def test_a_cache_of_nobody_is_one_sentence_and_a_user_without_a_home_has_one(monkeypatch):
    monkeypatch.setenv("JETGEN_CACHE", "~nosuchuser/cache")
    with pytest.raises(UsageError, match=r"JETGEN_CACHE is ~nosuchuser/cache: .*; name a folder in full"):
        system.cache_folder()
    monkeypatch.delenv("JETGEN_CACHE")
    monkeypatch.setattr(system.platformdirs, "user_cache_dir", lambda _: "~nosuchuser/.cache/jetgen")
    assert system.cache_folder().name == f"jetgen-{os.getuid()}"
