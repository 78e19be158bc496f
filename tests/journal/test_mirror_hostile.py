"""Whoever else calls at a keeper: it hangs up on them, and goes on for its own."""

import random
import socket
import struct
import time
from contextlib import suppress

import pytest
from keepers import K2, K7, LONG_S, ONE, authority, facts, files, keep, lines, mirror
from waiting import wait_until

from contract.batch import encode_batch
from contract.values import Seq
from kiosk.core.ports import MirrorFailed
from kiosk.journal.mirror import keeper as mirror_keeper
from kiosk.journal.mirror.wire import MAX_FRAME_BYTES, Channel, Hello, Kind, words

__all__ = ["authority", "facts", "files", "keep", "lines"]


HEAD = struct.Struct(">IB")
HOSTILE = {
    "nothing": b"",
    "half a head": b"\0\0",
    "no bytes": HEAD.pack(0, 1),
    "too many bytes": HEAD.pack(2**32 - 1, 1),
    "a kind of its own": HEAD.pack(1, 99),
    "another protocol": b"GET / HTTP/1.1\r\nHost: till\r\n\r\n",
    "batch before hello": HEAD.pack(3, Kind.BATCH) + b"{}",
    "no JSON": HEAD.pack(4, Kind.HELLO) + b"\xff\xfe\0",
    "a path for a name": HEAD.pack(1 + len(m := words(Hello("../../etc"))), Kind.HELLO) + m,
    "an endless name": HEAD.pack(1 + 2000, Kind.HELLO) + b"x" * 2000,
}


def hello():
    body = words(Hello(str(K7)))
    return HEAD.pack(1 + len(body), Kind.HELLO) + body


def framed(kind, body):
    return HEAD.pack(1 + len(body), kind) + body


LATER = {
    "a batch that is none": framed(Kind.BATCH, b"nothing"),
    "a batch of a path": framed(Kind.BATCH, encode_batch("../x@1", 1, [b"x"], 1)),
    "a lane nobody has": framed(Kind.BATCH, encode_batch("safe@1", 1, [b"x"], 1)),
    "hello again": hello(),
    "a fetch of nothing": framed(Kind.FETCH, b"{}"),
    "held": framed(Kind.HELD, b"{}"),
}


@pytest.mark.parametrize("data", [*HOSTILE.values(), *(hello() + more for more in LATER.values())])
def test_hostile_bytes_end_their_own_connection_only(keep, facts, lines, tmp_path, data):
    at = keep()
    with socket.create_connection((at.host, at.port)) as hostile:
        hostile.sendall(data)
        hostile.shutdown(socket.SHUT_WR)
        hostile.settimeout(LONG_S)
        with suppress(ConnectionResetError):
            while hostile.recv(65536):
                pass
    peer = mirror(at)
    peer.keep(ONE, Seq(1), facts)
    assert lines() == facts
    assert [path.name for path in (tmp_path / "kept").iterdir()] == ["north"]
    peer.close()


@pytest.mark.parametrize("size", [0, MAX_FRAME_BYTES + 1, 2**32 - 1])
def test_a_frame_out_of_bounds_is_refused_before_it_is_read(keep, size):
    at = keep()
    with socket.create_connection((at.host, at.port)) as hostile:
        hostile.sendall(HEAD.pack(size, Kind.HELLO))
        kind, body = Channel(hostile).receive(mirror_keeper.HELLO_S / 2)
    assert kind is Kind.REFUSED
    assert f"no frame of ours (kind 1, {size} bytes)" in body.decode()


def test_random_bytes_do_no_harm(keep, facts, lines):
    at, rng = keep(), random.Random(20261122)  # noqa: S311 - what a stranger sends
    for _ in range(300):
        with socket.create_connection((at.host, at.port)) as hostile:
            hostile.sendall(hello() * rng.randrange(2) + HEAD.pack(rng.randrange(1, 99), rng.randrange(9)))
            hostile.sendall(rng.randbytes(rng.randrange(99)))
    peer = mirror(at)
    wait_until(lambda: peer.newest() == {}, what="an answer")
    peer.keep(ONE, Seq(1), facts)
    assert lines() == facts
    peer.close()


def test_who_says_nothing_gives_way_and_too_many_are_turned_away(keep, facts, monkeypatch, caplog):
    monkeypatch.setattr(mirror_keeper, "HELLO_S", 1.0)
    at = keep()
    silent = [socket.create_connection((at.host, at.port)) for _ in range(mirror_keeper.MAX_CONNECTIONS)]
    wait_until(lambda: "turned away" in caplog.text or try_newest(at), what="a full house")
    assert "turned away: 32 connections are open" in caplog.text
    peer = mirror(at)
    wait_until(lambda: try_newest(at) is False, what="the silent ones to be gone")
    peer.keep(ONE, Seq(1), facts)
    peer.close()
    for sock in silent:
        sock.close()


def try_newest(at):
    """Return whether the keeper turned us away."""
    peer = mirror(at)
    try:
        peer.newest()
    except MirrorFailed:
        return True
    finally:
        peer.close()
    return False


def test_the_oldest_connection_of_a_till_gives_way(keep):
    at = keep()
    peers = [mirror(at) for _ in range(mirror_keeper.MAX_OF_ONE + 1)]
    for peer in peers:
        peer.newest()
    with pytest.raises(MirrorFailed, match=r"does not answer"):
        peers[0].newest()
    for peer in peers[1:]:
        assert peer.newest() == {}
        peer.close()


def test_a_handshake_that_drips_is_cut_off(keep, files, monkeypatch):
    monkeypatch.setattr(mirror_keeper, "HELLO_S", 0.5)
    at = keep(files[K2])
    with socket.create_connection((at.host, at.port)) as slow:
        slow.settimeout(0.2)
        began_s = time.monotonic()
        hung_up = False
        while not hung_up and time.monotonic() - began_s < LONG_S:
            try:
                slow.sendall(b"\x16\x03\x01\x02\x00"[:1] if began_s else b"")
                hung_up = slow.recv(1) == b""
            except TimeoutError:
                continue
            except OSError:
                hung_up = True
        assert hung_up
