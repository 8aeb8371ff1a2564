"""The net around reading: what is no file, errors of the system and of libraries, and JSON that others wrote."""

import errno
import socket
import struct

import pytest
from jetgen.errors import DataError
from jetgen.io.json_objects import parse_object, read_object
from jetgen.io.reading import reading, require_file


def test_a_socket_is_no_file(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)  # the path of a socket is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind("a.h5")
        with pytest.raises(DataError, match="it is a socket"):
            require_file(tmp_path / "a.h5")


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (PermissionError(errno.EACCES, "Permission denied"), "you have no permission to read it"),
        (OSError(errno.EIO, "Input/output error"), "the disk or the network failed"),
        (OSError(errno.ESTALE, "Stale file handle"), "stale file handle"),
        (OSError(errno.EMFILE, "Too many open files"), "too many files open"),
        (OSError(errno.ENOLCK, "unable to lock file, errno = 37"), "its file system has no locks, as NFS may"),
        (BlockingIOError(errno.EAGAIN, "unable to lock file, errno = 11"), "another program has it open for writing"),
        (OSError("file is already open for write (may use <h5clear file>)"), "run h5clear -s on it"),
        (OSError(errno.ENAMETOOLONG, "File name too long"), "the system does not let it be read (File name too long)"),
        (OSError("can't synchronously read data (required filter 'x' is not registered)"), "pip install hdf5plugin"),
        (MemoryError(), "does not fit into memory"),
        (RuntimeError("DefaultCPUAllocator: not enough memory"), "does not fit into memory"),
    ],
)
def test_an_error_of_the_system_is_not_damage_and_has_its_own_words(tmp_path, error, sentence):
    with pytest.raises(DataError) as caught, reading(tmp_path / "a.h5"):
        raise error
    assert sentence in str(caught.value)
    assert "damaged" not in str(caught.value)
    assert "make" not in str(caught.value)


@pytest.mark.parametrize(
    "error", [OSError("past end of allocation"), KeyError("x"), RuntimeError(), struct.error("a\nb")]
)
def test_any_other_error_is_damage_in_one_line(tmp_path, error):
    sentence = r"a\.h5: the file is truncated or damaged \(.*\); make or fetch it again$"
    with pytest.raises(DataError, match=sentence), reading(tmp_path / "a.h5"):
        raise error


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("[" * 100_000, "nested too deep"),
        ('{"n": Infinity}', "it holds Infinity"),
        ('{"n": NaN}', "it holds NaN"),
        ('{"n": 1e999}', "too large for a number"),
        ('{"n": 1, "n": 2}', "the key 'n' twice"),
        ("[1]", "no JSON object"),
        ("{", "not JSON"),
        (b'{"n": "\xff"}', "not JSON"),
        ('{"n": "\udcff"}', "not JSON"),
        ('{"n": ' + "9" * 5000 + "}", "not JSON"),
    ],
)
def test_json_that_is_no_object_of_numbers_and_texts_is_refused(tmp_path, text, sentence):
    with pytest.raises(DataError, match=sentence):
        parse_object(text)
    (tmp_path / "a.json").write_bytes(text.encode(errors="surrogateescape") if isinstance(text, str) else text)
    with pytest.raises(DataError, match=rf"a\.json is not the card .*{sentence}.*; save it again$"):
        read_object(tmp_path / "a.json", "card", "save it again")
