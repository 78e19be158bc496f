"""A copy on a peer till: over TLS, through its deaths, and only for tills of the site."""

import fcntl
import signal
import socket
import ssl
import sys
import threading
import time
from pathlib import Path

import pytest
from children import end_child, start_child
from facts_of_a_day import sale
from keepers import ELSEWHERE, K2, K7, LONG_S, ONE, QUICK, SHORT_S, authority, facts, files, keep, lines, mirror
from kiosk_command import Kiosk
from mosquitto_certificates import Authority
from ports import answers, find_spare_port
from waiting import wait_until

from contract.values import Lane, Seq, parse_address
from kiosk.bootstrap import open_desk
from kiosk.core.endpoint import Endpoint
from kiosk.core.ports import MirrorFailed, MirrorStrayed
from kiosk.journal.mirror import peer as mirror_peer
from kiosk.journal.mirror import tls as mirror_tls
from kiosk.journal.mirror.copier import Copier
from kiosk.journal.mirror.keeper import Bounds
from kiosk.journal.mirror.mirrors import Mirrors
from kiosk.journal.mirror.peer import Line, PeerMirror, fetch
from kiosk.journal.mirror.wire import Channel, Closed, Hello, Kind, words
from kiosk.journal.outbox import Outbox
from mqtt_bridge.broker_config import common_name

__all__ = ["authority", "facts", "files", "keep", "lines"]


@pytest.mark.parametrize("secure", [True, False])
def test_what_a_peer_took_is_on_its_card(keep, files, facts, lines, secure):
    at = keep(files[K2] if secure else None)
    peer = mirror(at, files[K7] if secure else None)
    assert peer.newest() == {}
    peer.keep(ONE, Seq(1), facts[:5])
    assert lines() == facts[:5]
    peer.keep(ONE, Seq(4), facts[3:])
    assert lines() == facts
    assert peer.newest()[ONE].position == 9
    peer.close()
    assert [*fetch(at, K7, files[K7] if secure else None)] == [(Lane.TILL, 1, n, raw) for n, raw in enumerate(facts, 1)]


def test_a_keeper_that_first_has_much_to_read_is_waited_for(keep, facts, tmp_path, monkeypatch):
    at = keep()
    first, again = mirror(at), mirror(at)
    first.keep(ONE, Seq(1), facts[:2])
    monkeypatch.setattr(mirror_peer, "ANSWER_S", SHORT_S)
    with next((tmp_path / "kept").rglob("*.facts")).open("rb") as file:
        fcntl.flock(file, fcntl.LOCK_EX)  # who reads it holds it
        busy = threading.Timer(3 * SHORT_S, fcntl.flock, (file, fcntl.LOCK_UN))
        busy.start()
        assert again.newest()[ONE].position == 2
        busy.join()
    first.close()
    again.close()


def test_much_is_fetched_in_bounded_frames(keep, journal, tmp_path):
    journal.record([sale(f"b{number}") for number in range(1500)])
    outbox, at, first = Outbox(tmp_path), keep(), 1
    peer = mirror(at)
    while batch := outbox.read("till@1", first):
        peer.keep(ONE, Seq(first), batch)
        first += len(batch)
    assert [raw for *_, raw in fetch(at, K7, None)] == [raw for _, raw in journal.stored(ONE)]
    peer.close()


def test_nothing_is_fetched_where_nothing_is(keep):
    at = keep()
    assert [*fetch(at, K7, None)] == []
    line = Line(at, K7, None)
    assert [*line.fetch("till@9", Seq(1))] == []
    line.close()


@pytest.mark.parametrize(
    ("who", "of", "told"),
    [
        (K7, "nobody", "does not answer"),
        (K7, "a stranger", "do not accept each other"),
        (ELSEWHERE, "us", "it is north/market/k2, no other till of north/harbour"),
        (K2, "us", "it is north/market/k2, no other till of north/market"),
    ],
)
def test_who_is_no_other_till_of_the_site_gets_nowhere(keep, files, tmp_path, *, who, of, told):
    shown = {"nobody": None, "us": files.get(who)}
    tls = shown[of] if of in shown else Authority.found(tmp_path / "strange").issue(common_name(K7))
    peer = mirror(keep(files[K2]), tls, who)
    with pytest.raises(MirrorFailed, match=told):
        peer.keep(ONE, Seq(1), [b"{}"])
    assert list((tmp_path / "kept").iterdir()) == []


@pytest.mark.parametrize(
    ("shows", "says", "told"),
    [
        (ELSEWHERE, ELSEWHERE, "north/harbour/k7, which is no other till of north/market"),
        (K2, K2, "which is no other till"),
        (ELSEWHERE, K7, "north/market/k7, whose certificate says north/harbour/k7"),
    ],
)
def test_the_keeper_looks_at_the_certificate_itself(keep, files, tmp_path, *, shows, says, told):
    at = keep(files[K2])
    context = mirror_tls.client(files[shows])
    with socket.create_connection((at.host, at.port)) as plain, context.wrap_socket(plain) as secured:
        kind, body = greeted(secured, says)
        assert kind is Kind.REFUSED
        assert told in body.decode()
    assert not (tmp_path / "kept/north/harbour").exists()


def greeted(sock, address):
    """Return what a keeper answers to a HELLO."""
    channel = Channel(sock)
    channel.send(Kind.HELLO, words(Hello(str(address))), 5)
    return channel.receive(5)


def test_each_has_a_folder_of_its_own(keep, facts, tmp_path):
    at = keep()
    mine, other = mirror(at), mirror(at, address=parse_address("north/market/k8"))
    mine.keep(ONE, Seq(1), facts)
    assert other.newest() == {}
    assert [*fetch(at, parse_address("north/market/k8"), None)] == []
    mine.close()
    other.close()


def test_other_facts_by_a_number_are_told_apart(keep, facts, lines):
    peer = mirror(keep())
    peer.keep(ONE, Seq(1), facts[:2])
    with pytest.raises(MirrorStrayed, match=r"refuses: .*another fact 2"):
        peer.keep(ONE, Seq(1), [facts[0], facts[1].replace(b'"b1"', b'"b9"')])
    peer.keep(ONE, Seq(3), facts[2:3])
    assert lines() == facts[:3]
    peer.close()


def test_a_kiosk_beyond_its_quota_is_refused_loudly_and_the_rest_stays(keep, facts, lines, caplog):
    peer = mirror(keep(bounds=Bounds(64 * 1024 + 2000, free_bytes=0)))
    peer.keep(ONE, Seq(1), facts[:1])
    with pytest.raises(
        MirrorFailed, match="refuses: it keeps 0 MiB for north/market/k7, which is all: raise quota_mib"
    ):
        peer.keep(ONE, Seq(2), facts[1:])
    assert lines() == facts[:1]
    assert "which is all" in caplog.text
    peer.close()


def test_a_card_that_is_nearly_full_is_left_to_its_own_till(keep, facts, lines):
    peer = mirror(keep(bounds=Bounds(2**30, free_bytes=2**60)))
    with pytest.raises(MirrorFailed, match="its card is nearly full: free space there"):
        peer.keep(ONE, Seq(1), facts)
    assert lines() == []
    peer.close()


def test_a_keeper_that_is_none_is_said(spare_port):
    with pytest.raises(MirrorFailed, match=r"does not answer \(.*\): see that it is on and runs `kiosk keeper`"):
        mirror(Endpoint("127.0.0.1", spare_port)).newest()
    with socket.create_server(("127.0.0.1", 0)) as server:

        def answer():
            sock, _ = server.accept()
            with sock:
                sock.recv(1000)
                sock.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n")

        thread = threading.Thread(target=answer)
        thread.start()
        with pytest.raises(MirrorFailed, match="is no keeper of ours"):
            mirror(Endpoint("127.0.0.1", server.getsockname()[1])).newest()
        thread.join()


def test_a_certificate_that_is_not_there_is_a_warning(keep, files, tmp_path):
    broken = type(files[K7])(files[K7].ca, tmp_path / "none.pem", files[K7].key)
    with pytest.raises(MirrorFailed, match=r"none.pem cannot be used .*correct \[link\]"):
        mirror(keep(files[K2]), broken).newest()


def test_a_client_without_a_certificate_reads_nothing(keep, files):
    at = keep(files[K2])
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.load_verify_locations(files[K2].ca)
    with (
        socket.create_connection((at.host, at.port)) as plain,
        context.wrap_socket(plain) as secured,
        pytest.raises((OSError, Closed)),
    ):
        greeted(secured, K7)


@pytest.fixture
def keeper_process(tmp_path, files):
    """Return (port, start): start begins ``kiosk keeper`` of K2 and returns the child."""
    port, data, children = find_spare_port(), tmp_path / "k2", []
    data.mkdir()
    tls = files[K2]
    (data / "kiosk.toml").write_text(
        f'region = "north"\nsite = "market"\nkiosk = "k2"\n[keeper]\nlisten = "127.0.0.1:{port}"\n'
        f'[link]\nca = "{tls.ca}"\ncert = "{tls.cert}"\nkey = "{tls.key}"\n',
        "utf-8",
    )

    def start():
        kiosk = Path(sys.executable).with_name("kiosk")
        children.append(start_child([kiosk, "--data", data, "keeper"], log=tmp_path / "keeper.log"))
        wait_until(lambda: answers(port), what="the keeper", deadline_s=LONG_S)
        return children[-1]

    yield Endpoint("127.0.0.1", port), start
    for child in children:
        child.send_signal(signal.SIGCONT)
        end_child(child, signal.SIGTERM)


@pytest.fixture
def mirrored(tmp_path, journal, files):
    opened = []

    def start(at, wait_s):
        peer = PeerMirror(at, K7, Lane.TILL, files[K7])
        copier = Copier(peer, Outbox(tmp_path, K7), Lane.TILL, backoff=QUICK, check_s=0.1)
        opened.append(Mirrors([copier], wait_s))
        journal.after_commit = opened[-1].after_commit
        return opened[-1]

    yield start
    for mirrors in opened:
        mirrors.close()


@pytest.fixture
def kept(tmp_path):
    path = tmp_path / "k2/kept/north/market/k7/till@1.facts"
    return lambda: path.read_bytes().splitlines() if path.exists() else []


def test_a_new_card_gets_its_facts_back_from_a_peer(keeper_process, tmp_path, files):
    at, start = keeper_process
    start()
    tls = files[K7]
    data = tmp_path / "k7"
    data.mkdir()
    (data / "kiosk.toml").write_text(
        f'region = "north"\nsite = "market"\nkiosk = "k7"\nclock = "system"\n[mirror]\npeer = "{at}"\nwait_s = 10\n'
        f'[link]\nca = "{tls.ca}"\ncert = "{tls.cert}"\nkey = "{tls.key}"\n',
        "utf-8",
    )
    desk = open_desk(data)
    desk.record([sale(f"b{number}") for number in range(600)])
    before = stored(desk.journal)
    desk.close()
    for suffix in ("", "-wal", "-shm"):
        (data / f"till.db{suffix}").unlink(missing_ok=True)
    desk = open_desk(data)
    assert f"run `kiosk journal salvage peer://{at}`" in desk.warning()
    desk.record([sale("c1")])
    for _ in range(2):
        found = Kiosk(data)("journal", "salvage", "--no-wait", "--json", f"peer://{at}").json
        assert found["facts"] == 601  # the new one too: it was kept before it was shown
    assert stored(desk.journal) == before
    assert desk.journal.ends() == {1: 600, 2: 1}
    desk.close()
    desk = open_desk(data)
    wait_until(lambda: not desk.warning(), what="the warning to go")
    desk.close()


def test_a_peer_that_cannot_be_asked_is_one_plain_line(tmp_path, spare_port):
    kiosk = Kiosk(tmp_path / "k7")
    kiosk.data.mkdir()
    assert "does not answer" in kiosk("journal", "salvage", f"peer://127.0.0.1:{spare_port}").complaint
    assert "name it like peer://k2.local:8710" in kiosk("journal", "salvage", "peer://k2").complaint
    assert "needs ca, cert and key" in kiosk("journal", "salvage", "peer://k2.local:1").complaint


def stored(journal):
    return [raw for _, raw in journal.stored(ONE)]


def test_a_keeper_killed_and_started_again_catches_up(keeper_process, mirrored, journal, kept):
    at, start = keeper_process
    child = start()
    mirrors = mirrored(at, LONG_S)
    for kill in range(5):
        for number in range(10):
            journal.record([sale(f"b{kill}-{number}")])
            assert kept() == stored(journal)
        child.kill()
        child.wait()
        began_s = time.monotonic()
        for number in range(5):
            journal.record([sale(f"c{kill}-{number}")])
        assert time.monotonic() - began_s < LONG_S / 2
        assert "SALES ARE ON THIS CARD ONLY: the peer till 127.0.0.1" in mirrors.warning({})
        child = start()
        wait_until(lambda: not mirrors.warning({}), what="the keeper to be heard again")
        assert kept() == stored(journal)


def test_a_keeper_that_hangs_costs_one_wait(keeper_process, mirrored, journal, kept):
    at, start = keeper_process
    child = start()
    mirrors = mirrored(at, SHORT_S)
    journal.record([sale("b0")])
    wait_until(lambda: len(kept()) == 1, what="the first sale")
    wait_until(lambda: not mirrors.warning({}), what="the keeper")
    child.send_signal(signal.SIGSTOP)
    began_s = time.monotonic()
    for number in range(20):
        journal.record([sale(f"c{number}")])
    assert time.monotonic() - began_s < 20 * SHORT_S / 2
    assert "does not answer" in mirrors.warning({})
    child.send_signal(signal.SIGCONT)
    wait_until(lambda: not mirrors.warning({}), what="the keeper to catch up", deadline_s=LONG_S)
    assert kept() == stored(journal)
