"""Downloads, from a server on this machine."""

from __future__ import annotations

import threading

import pytest
from jetgen.api.context import RunContext
from jetgen.errors import DataError, JetgenError
from jetgen_jetnet import fetching, specs
from jetgen_jetnet.dataset import JetNetJets
from jetgen_jetnet.fetching import fetch
from jetgen_jetnet.published import PublishedFile

FILE = PublishedFile("top", 30)
CONTENT = bytes(range(256)) * 20_000  # five pieces of a megabyte


def _left(cache):
    return sorted(path.name for path in (cache / "jetnet").iterdir() if not path.name.endswith(".lock"))


def test_a_file_is_fetched_once_checked_and_reported(zenodo, cache, write_jets, tmp_path, monkeypatch):
    monkeypatch.setitem(specs.JETS, "top", 2_700)
    zenodo.serve(write_jets(tmp_path / "served.hdf5", 2_700).read_bytes())
    dataset = JetNetJets.create("tiny", jet="top", particles=30)
    recipe, events = dataset.recipe(), []
    dataset.prepare(RunContext(listener=events.append))
    dataset.prepare(RunContext())
    assert zenodo.ranges == ["bytes=0-"]
    assert _left(cache) == ["t.hdf5", "t.hdf5.md5"]
    assert FILE.cached.read_bytes() == zenodo.content
    bytes_done = [event["done"] for event in events if event["unit"] == "bytes"]
    assert bytes_done == sorted(bytes_done)
    assert bytes_done[-1] == len(zenodo.content)
    assert dataset.recipe() == recipe
    assert len(dataset.load("train")) == 400


def test_a_connection_that_breaks_is_taken_up_where_it_broke(zenodo, cache):
    zenodo.serve(CONTENT)
    zenodo.breaks_after = [2**20, 3 * 2**20]
    fetch(FILE, RunContext())
    assert zenodo.ranges == ["bytes=0-", f"bytes={2**20}-", f"bytes={4 * 2**20}-"]
    assert FILE.cached.read_bytes() == CONTENT


def test_a_download_that_was_given_up_goes_on_at_the_next_attempt(zenodo, cache, monkeypatch):
    monkeypatch.setattr(fetching, "_ATTEMPTS", 1)
    zenodo.serve(CONTENT)
    zenodo.breaks_after = [2**20]
    with pytest.raises(JetgenError, match=r"the 1048576 bytes that arrived are kept, the next attempt goes on"):
        fetch(FILE, RunContext())
    assert _left(cache) == [".t.hdf5.part"]
    fetch(FILE, RunContext())
    assert zenodo.ranges[-1] == f"bytes={2**20}-"
    assert FILE.cached.read_bytes() == CONTENT


def test_a_server_that_sends_only_whole_files_is_understood(zenodo, cache):
    zenodo.serve(CONTENT)
    zenodo.knows_ranges = False
    zenodo.breaks_after = [2**20]
    fetch(FILE, RunContext())
    assert len(zenodo.ranges) == 2
    assert FILE.cached.read_bytes() == CONTENT


def test_what_is_left_of_another_file_does_not_stay(zenodo, cache):
    zenodo.serve(CONTENT)
    part = FILE.cached.with_name(".t.hdf5.part")
    part.parent.mkdir(parents=True)
    part.write_bytes(CONTENT + b"more")
    fetch(FILE, RunContext())
    assert FILE.cached.read_bytes() == CONTENT


def test_what_is_not_the_listed_file_is_refused_and_deleted(zenodo, cache):
    zenodo.serve(CONTENT)
    zenodo.md5 = "0" * 32
    with pytest.raises(
        DataError, match=r"what arrived for t\.hdf5 is not what the Zenodo record 6975118 lists"
    ) as caught:
        fetch(FILE, RunContext())
    assert "JETGEN_JETNET_DIR" in str(caught.value)
    assert _left(cache) == []


def test_two_at_once_download_once(zenodo, cache):
    zenodo.serve(CONTENT)
    threads = [threading.Thread(target=fetch, args=(FILE, RunContext())) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert zenodo.ranges == ["bytes=0-"]
    assert FILE.cached.read_bytes() == CONTENT


def test_without_a_network_one_sentence_says_what_to_fetch_from_where_and_where_to_put_it(cache, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "ZENODO", "http://127.0.0.1:1/api")
    with pytest.raises(JetgenError) as caught:
        JetNetJets.create("tiny", jet="gluon", particles=150).prepare(RunContext())
    said = str(caught.value)
    for part in ("g150.hdf5", "JETGEN_JETNET_DIR", "10.5281/zenodo.6975117", str(cache / "jetnet"), "ConnectionError"):
        assert part in said
    assert "\n" not in said
    assert _left(cache) == []


def test_a_record_without_the_file_is_named(zenodo, cache):
    zenodo.serve(CONTENT)
    zenodo.name = "other.hdf5"
    with pytest.raises(JetgenError, match=r"the Zenodo record 6975118 does not list t\.hdf5; fetch t\.hdf5 from"):
        fetch(FILE, RunContext())


def test_a_folder_that_cannot_be_written_is_named(zenodo, cache):
    zenodo.serve(CONTENT)
    cache.write_text("a file where the folder should be")
    with pytest.raises(JetgenError, match=r"cannot be written: .*; free some space or set JETGEN_CACHE"):
        fetch(FILE, RunContext())
