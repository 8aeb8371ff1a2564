"""Damage to the bytes of a file, and things that are no files at all: what disks, networks and users do."""

from __future__ import annotations

import os
import random
import shutil
import socket
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path

__all__ = ["BYTES", "KINDS"]

Change = Callable[[bytearray, random.Random], None]


def _flip(data: bytearray, dice: random.Random) -> None:
    data[dice.randrange(len(data))] ^= 1 << dice.randrange(8)


def _flip_in_the_header(data: bytearray, dice: random.Random) -> None:
    data[dice.randrange(min(len(data), 2048))] ^= 1 << dice.randrange(8)


def _flip_many(data: bytearray, dice: random.Random) -> None:
    for _ in range(dice.randrange(2, 200)):
        _flip(data, dice)


def _truncate(data: bytearray, dice: random.Random) -> None:
    del data[dice.randrange(len(data)) :]


def _blocks(data: bytearray, dice: random.Random) -> tuple[slice, slice]:
    size = min(dice.choice((8, 64, 512, 4096)), max(1, len(data) // 2))
    one, two = (dice.randrange(max(1, len(data) - size + 1)) for _ in range(2))
    return slice(one, one + size), slice(two, two + size)


def _swap(data: bytearray, dice: random.Random) -> None:
    one, two = _blocks(data, dice)
    data[one], data[two] = data[two], data[one]


def _repeat(data: bytearray, dice: random.Random) -> None:
    one, two = _blocks(data, dice)
    data[one] = data[two]


def _blank(data: bytearray, dice: random.Random) -> None:
    one, _ = _blocks(data, dice)
    data[one] = bytes([dice.choice((0, 255, 32))]) * len(data[one])


def _insert(data: bytearray, dice: random.Random) -> None:
    place = dice.randrange(len(data))
    data[place:place] = dice.randbytes(dice.choice((1, 2, 16, 512)))


def _delete(data: bytearray, dice: random.Random) -> None:
    one, _ = _blocks(data, dice)
    del data[one]


def _number(data: bytearray, dice: random.Random) -> None:
    """An integer becomes an extreme one: the sizes and addresses of a format are integers."""
    width = dice.choice((1, 2, 4, 8))
    place = dice.randrange(max(1, min(len(data), dice.choice((1024, 4096, len(data)))) - width))
    value = dice.choice((0, 1, 2 ** (8 * width - 1) - 1, 2 ** (8 * width - 1), 2 ** (8 * width) - 1))
    data[place : place + width] = value.to_bytes(width, "little")


BYTES: Mapping[str, Change] = {
    "one bit": _flip,
    "one bit of the header": _flip_in_the_header,
    "many bits": _flip_many,
    "cut off": _truncate,
    "blocks swapped": _swap,
    "a block repeated": _repeat,
    "a block blank": _blank,
    "bytes inserted": _insert,
    "bytes lost": _delete,
    "an extreme integer": _number,
}


def _remove(path: Path) -> None:
    shutil.rmtree(path) if path.is_dir() else path.unlink()


def _socket(path: Path) -> None:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as one:  # its path may be too long for a socket
        one.bind(str(path))


KINDS: Mapping[str, Callable[[Path], None]] = {
    "nothing": lambda _: None,
    "an empty file": lambda path: path.touch(),
    "a folder": lambda path: path.mkdir(),
    "a pipe": os.mkfifo,
    "a socket": _socket,
    "an endless device": lambda path: path.symlink_to("/dev/zero"),
    "a link to itself": lambda path: path.symlink_to(path),
    "a link to nothing": lambda path: path.symlink_to("nowhere"),
    "a terabyte of holes": lambda path: os.truncate(_made(path), 2**40),
}
"""What stands in the place of a file, by how it is made."""


def _made(path: Path) -> Path:
    path.touch()
    return path
