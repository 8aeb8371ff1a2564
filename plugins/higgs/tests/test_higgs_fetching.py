"""The download, from a server on this machine."""

from __future__ import annotations

import gzip
import hashlib
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest
from jetgen import RunContext
from jetgen.errors import DataError, JetgenError
from jetgen_higgs import fetching
from jetgen_higgs.dataset import HiggsEvents
from jetgen_higgs.files import PUBLISHED


@pytest.fixture
def archive(cache, text, monkeypatch):
    """A stand-in for the UCI archive; the list of what was asked."""
    content, asked = gzip.compress(text.encode()), []

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self):
            asked.append(self.path)
            self.send_response(200)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content)

        def log_message(self, *_):
            """Nothing is printed."""

    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        monkeypatch.setattr(fetching, "URL", f"http://127.0.0.1:{server.server_port}/HIGGS.csv.gz")
        monkeypatch.setattr(fetching, "SHA256", hashlib.sha256(content).hexdigest())
        monkeypatch.setitem(PUBLISHED, "HIGGS.csv.gz", len(content))
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield asked
        server.shutdown()
        thread.join()


def test_the_file_is_fetched_once_and_the_recipe_stays(archive, cache):
    dataset, heard = HiggsEvents.create("tiny", events="both"), []
    recipe = dataset.recipe()
    dataset.prepare(RunContext(listener=heard.append))
    HiggsEvents.create("tiny", events="both").prepare(RunContext())
    assert archive == ["/HIGGS.csv.gz"]
    assert len(dataset.load("train")) == 400
    assert HiggsEvents.create("tiny", events="both").recipe() == recipe
    assert all(message["done"] <= message["total"] for message in heard)
    (cache / "higgs" / "HIGGS.csv.gz").unlink()  # its rows are enough
    again = HiggsEvents.create("tiny", events="both")
    again.prepare(RunContext())
    assert again.load("test")[:].fingerprint() == dataset.load("test")[:].fingerprint()
    assert archive == ["/HIGGS.csv.gz"]


def test_another_file_is_refused_and_not_kept(archive, cache, monkeypatch):
    monkeypatch.setattr(fetching, "SHA256", "0" * 64)
    with pytest.raises(DataError, match=r"is not HIGGS\.csv\.gz \(SHA-256 .*; fetch HIGGS\.csv\.gz from"):
        HiggsEvents.create("tiny", events="both").prepare(RunContext())
    assert [path.name for path in (cache / "higgs").iterdir() if path.suffix != ".lock"] == []


def test_without_a_network_one_sentence_says_what_to_fetch_from_where_and_where_to_put_it(cache, monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    monkeypatch.setattr(fetching, "URL", "http://127.0.0.1:1/HIGGS.csv.gz")
    with pytest.raises(JetgenError) as caught:
        HiggsEvents.create("small", events="signal").prepare(RunContext())
    said = str(caught.value)
    for part in ("HIGGS.csv or HIGGS.csv.gz", "10.24432/C5V312", "JETGEN_HIGGS_DIR (not set)", "ConnectionError"):
        assert part in said
    assert said.isprintable()


def test_a_folder_that_cannot_be_written_is_named(archive, cache):
    cache.write_text("a file where the folder should be")
    with pytest.raises(JetgenError, match="cannot be written: a file is in the place of a folder; move it away"):
        HiggsEvents.create("tiny", events="both").prepare(RunContext())
