"""How connections begin, end and begin anew, with real brokers and with what only looks like one."""

import signal
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from children import end_child
from mosquitto_record import Record, url_of
from ports import LOOPBACK, find_spare_port

from mqtt_bridge.errors import LinkBroken, LinkBusy, LinkDown
from mqtt_bridge.link import BrokerUrl, Connected, Delivered, Disconnected, Received, Refused, Will
from mqtt_bridge.rivals import TWO_DEVICES, UNSAID, Rivals

PROMPT_S = 2.0


@pytest.fixture
def black_hole() -> Iterator[BrokerUrl]:
    """The kernel accepts connections here; nobody ever answers."""
    with socket.create_server((LOOPBACK, 0)) as server:
        yield BrokerUrl(LOOPBACK, server.getsockname()[1], tls=False)


@pytest.fixture
def make_impostor() -> Iterator[Callable[..., BrokerUrl]]:
    """A function that starts a server which says its pieces, one a connection, and hangs up or stays."""
    servers: list[socketserver.TCPServer] = []

    def make(piece: bytes, *later: bytes, stays: bool = False) -> BrokerUrl:
        pieces = iter((piece, *later))

        class Handler(socketserver.BaseRequestHandler):
            def handle(self) -> None:
                self.request.recv(1024)
                self.request.sendall(next(pieces, (piece, *later)[-1]))
                while stays and self.request.recv(65536):
                    pass

        server = socketserver.ThreadingTCPServer((LOOPBACK, 0), Handler)
        servers.append(server)
        threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True).start()
        return BrokerUrl(LOOPBACK, server.server_address[1], tls=False)

    yield make
    for server in servers:
        server.shutdown()
        server.server_close()


def took_s(action: Callable[[], None]) -> float:
    began_s = time.monotonic()
    action()
    return time.monotonic() - began_s


@pytest.mark.parametrize("how", ["kill", "stop"])
def test_a_broker_that_ends_and_comes_back_is_connected_again(open_broker, make_link, how):
    link, told = make_link(url_of(open_broker), listens_to=("up",))
    told.expect(Connected)
    getattr(open_broker, how)()
    assert told.expect(Disconnected).kind == "lost"
    gone = told.expect(Disconnected, lambda it: it.kind == "unreachable")
    assert gone.reason == f"nothing listens at {url_of(open_broker)}: check the port, and that the broker runs"
    with pytest.raises(LinkDown, match="no broker is connected"):
        link.publish("up", b"x")
    open_broker.start()
    assert told.expect(Connected) == Connected(str(url_of(open_broker)), session_present=False)
    link.publish("up", b"x")
    assert told.expect(Received)


def test_a_broker_that_falls_silent_is_given_up_and_found_again(open_broker, make_link):
    _, told = make_link(url_of(open_broker), keepalive_s=1, answer_s=0.5)
    told.expect(Connected)
    open_broker._child.send_signal(signal.SIGSTOP)
    try:
        assert told.expect(Disconnected).kind == "lost"
        assert "did not answer within 0.5 s" in told.expect(Disconnected, lambda it: it.kind == "unreachable").reason
    finally:
        open_broker._child.send_signal(signal.SIGCONT)
    told.expect(Connected)


def test_the_next_broker_takes_over_and_the_first_is_taken_back_without_a_gap(make_open_broker, make_link):
    first, second = make_open_broker(), make_open_broker()
    link, told = make_link(url_of(first), url_of(second), listens_to=("up",), return_after_s=0.3)
    assert told.expect(Connected).broker == str(url_of(first))
    first.kill()
    assert told.expect(Disconnected).kind == "lost"
    assert told.expect(Connected).broker == str(url_of(second))
    link.publish("up", b"by the second")
    assert told.expect(Received).payload == b"by the second"
    first.start()
    moved = told.expect(Disconnected)
    assert moved == Disconnected(f"left {url_of(second)}: {url_of(first)} is back", "moved")
    assert told.expect(Connected).broker == str(url_of(first))
    link.publish("up", b"by the first")
    assert told.expect(Received).payload == b"by the first"
    assert not told.all_of(Disconnected)  # nothing was told of the looks at the first while it was away


def test_a_first_broker_that_takes_connections_and_never_answers_costs_the_second_nothing(
    black_hole, open_broker, make_link
):
    link, told = make_link(black_hole, url_of(open_broker), listens_to=("up",), answer_s=0.3, return_after_s=0.1)
    assert told.expect(Disconnected).kind == "unreachable"
    assert told.expect(Connected).broker == str(url_of(open_broker))
    for number in range(40):  # 40 answers take longer than several looks at the black hole
        link.publish("up", str(number).encode())
        assert told.expect(Received).payload == str(number).encode()
        told.expect(Delivered)
    assert not told.all_of(Disconnected)


def test_a_broker_that_comes_late_is_found(open_broker, make_link):
    open_broker.kill()
    _, told = make_link(url_of(open_broker))
    assert told.expect(Disconnected).kind == "unreachable"
    open_broker.start()
    told.expect(Connected)


@pytest.mark.parametrize("tls", [False, True])
def test_a_black_hole_hangs_neither_start_nor_stop(black_hole, make_link, tls, authority):
    url = BrokerUrl(black_hole.host, black_hole.port, tls)
    files = authority.issue("hub", name=f"hub-{tls}")
    started: list[float] = []
    link, told = make_link(url, answer_s=0.3, tls=files)
    assert told.expect(Disconnected) == Disconnected(
        f"{url} did not answer within 0.3 s: check the network, then that the broker runs", "unreachable"
    )
    with pytest.raises(LinkDown):
        link.publish("up", b"x")
    started.append(took_s(link.stop))
    assert started[0] < PROMPT_S


def test_a_stop_while_a_black_hole_is_dialled_is_prompt(black_hole, make_link):
    link, _ = make_link(black_hole, answer_s=60)
    assert took_s(link.stop) < PROMPT_S


def test_a_stop_with_a_stuck_broker_is_prompt(open_broker, make_link):
    link, told = make_link(url_of(open_broker))
    told.expect(Connected)
    open_broker._child.send_signal(signal.SIGSTOP)
    try:
        for _ in range(7):
            link.publish("up", bytes(512 * 1024))
        assert took_s(link.stop) < PROMPT_S
    finally:
        open_broker._child.send_signal(signal.SIGCONT)


def test_a_stop_is_quiet_and_final(open_broker, make_link, make_listener):
    _, told_hub = make_listener(url_of(open_broker), client_id="hub", listens_to="status")
    link, told = make_link(url_of(open_broker), will=Will("status", b"gone"))
    told.expect(Connected)
    assert took_s(link.stop) < PROMPT_S
    hub2, told2 = make_link(url_of(open_broker), client_id="hub2")
    told2.expect(Connected)
    hub2.publish("status", b"after the stop")
    assert told_hub.expect(Received).payload == b"after the stop"  # and no will before it
    assert not told.all_of(Disconnected)


def test_a_stop_before_any_start_does_nothing(make_link, black_hole):
    link, _ = make_link(black_hole)
    link.stop()
    link.stop()


def test_the_will_is_sent_and_kept_when_the_process_is_killed(open_broker, make_link, make_listener):
    _, told = make_listener(url_of(open_broker), client_id="hub", listens_to="status")
    script = Path(__file__).parent.parent / "support" / "mosquitto_victim.py"
    victim = subprocess.Popen(
        [sys.executable, script, str(url_of(open_broker)), "status", "gone"],
        stdout=subprocess.PIPE,
        cwd=Path(__file__).parent.parent.parent,
        env={"PYTHONPATH": "."},
    )
    assert victim.stdout
    assert victim.stdout.readline() == b"up\n"
    end_child(victim, signal.SIGKILL)
    victim.stdout.close()
    assert told.expect(Received) == Received("status", b"gone", retained=False)
    _, told_later = make_link(url_of(open_broker), client_id="later", listens_to=("status",))
    assert told_later.expect(Received) == Received("status", b"gone", retained=True)


def test_two_clients_with_one_id_push_each_other_out(open_broker, make_link):
    _, told_older = make_link(url_of(open_broker), client_id="same")
    told_older.expect(Connected)
    _, told_newer = make_link(url_of(open_broker), client_id="same")
    told_newer.expect(Connected)
    assert told_older.expect(Disconnected).kind == "lost"  # Mosquitto 2.0 ends the connection without saying why
    assert told_older.expect(Connected).session_present


def test_a_device_learns_that_another_one_has_its_name(open_broker, make_link):
    rivals = Rivals()
    (_, older), _ = (make_link(url_of(open_broker), client_id="same") for _ in range(2))
    for _ in range(2 * UNSAID):  # the one or the other is first
        if rivals.words(time.monotonic()):
            break
        rivals.begun(older.expect(Connected), time.monotonic())
        rivals.ended(older.expect(Disconnected), time.monotonic())
    assert rivals.words(time.monotonic()) == TWO_DEVICES


def test_a_first_broker_that_refuses_us_costs_the_second_nothing(make_impostor, open_broker, make_link):
    refuses = make_impostor(b"\x20\x03\x00\x88\x00")
    link, told = make_link(refuses, url_of(open_broker), listens_to=("up",), return_after_s=0.05)
    assert told.expect(Disconnected).kind == "refused"
    assert told.expect(Connected).broker == str(url_of(open_broker))
    began_s = time.monotonic()
    while time.monotonic() - began_s < 0.6:  # several looks
        link.publish("up", b"x")
        told.expect(Received)
    assert not told.all_of(Disconnected)


def test_a_refused_subscription_is_reported(make_impostor, make_link):
    agrees_and_refuses = b"\x20\x03\x00\x00\x00" + b"\x90\x05\x00\x01\x00\x01\x87"
    _, told = make_link(make_impostor(agrees_and_refuses, stays=True), listens_to=("fine", "forbidden"))
    told.expect(Connected)
    assert told.expect(Refused) == Refused("forbidden", "subscription: Not authorized")


def test_a_broker_that_let_us_in_before_is_no_wrong_port(make_impostor, make_link):
    url = make_impostor(b"\x20\x03\x00\x00\x00", b"")
    _, told = make_link(url)
    told.expect(Connected)
    assert told.expect(Disconnected).kind == "lost"
    again = told.expect(Disconnected)
    assert (again.kind, "though it let us in before" in again.reason) == ("unreachable", True)


def test_a_broker_is_given_no_more_than_it_says_it_takes(make_impostor, make_link):
    receive_maximum_2 = b"\x20\x06\x00\x00\x03\x21\x00\x02"
    link, told = make_link(make_impostor(receive_maximum_2, stays=True))
    told.expect(Connected)
    link.publish("up", b"1")
    link.publish("up", b"2")
    with pytest.raises(LinkBusy, match="2 messages"):
        link.publish("up", b"3")


@pytest.mark.parametrize(
    ("piece", "reason"),
    [
        (b"", "hung up without an answer"),
        (b"HTTP/1.1 400 Bad Request\r\n\r\n", ""),
        (b"SSH-2.0-OpenSSH_9.2\r\n", ""),
        (b"\x20\x03\x00\x84\x00", "refused the connection: Unsupported protocol version"),
        (b"\x20\x03\x00\x87\x00", "access list does not know this machine"),
        (b"\x20\x03\x00\x88\x00", "refused the connection: Server unavailable"),
        (b"\x20\x02\x00\x05", "not MQTT 5"),
        (b"\x20\xff\xff\xff\xff\x7f", ""),
        (b"\x90\x03\x00\x01\x00", ""),
        (b"\x40\x00", ""),
        (b"\x30\x04\x00\x02\xff\xff", ""),
        (b"\xe0\x00", ""),
    ],
)
def test_whatever_answers_instead_of_a_broker_is_refused_in_one_line(make_impostor, make_link, piece, reason):
    url = make_impostor(piece)
    _, told = make_link(url, answer_s=1.0)
    gone = told.expect(Disconnected)
    assert gone.kind in {"refused", "lost"}
    assert str(url) in gone.reason
    assert reason in gone.reason
    assert gone.reason.isprintable()
    assert told.expect(Disconnected)  # and it is tried again


def test_a_name_without_an_address_says_so(make_link):
    _, told = make_link(BrokerUrl("no-such-host.invalid", 1883, tls=False))
    gone = told.expect(Disconnected)
    assert gone.kind == "unreachable"
    assert gone.reason.startswith("no address for no-such-host.invalid")


def test_a_name_that_cannot_be_asked_for_says_so(make_link):
    _, told = make_link(BrokerUrl(f"{'a' * 64}.example", 1883, tls=False))
    gone = told.expect(Disconnected)
    assert gone.kind == "unreachable"
    assert "is not a name that can be looked up" in gone.reason


def test_an_error_of_the_receiver_ends_the_link_loudly(open_broker, make_link, make_listener, monkeypatch):
    seen: list[threading.ExceptHookArgs] = []
    monkeypatch.setattr(threading, "excepthook", seen.append)
    _, told_hub = make_listener(url_of(open_broker), client_id="hub", listens_to="status")

    class Failing(Record):
        def __call__(self, event):
            super().__call__(event)
            raise RuntimeError("the receiver's own bug")

    link, told = make_link(url_of(open_broker), record=Failing(), will=Will("status", b"gone"))
    told.expect(Connected)
    assert told_hub.expect(Received).payload == b"gone"
    with pytest.raises(LinkBroken, match="the receiver's own bug"):
        link.stop()
    with pytest.raises(LinkBroken):
        link.publish("up", b"x")
    assert [str(args.exc_value) for args in seen] == ["the receiver's own bug"]
    link._failure = None  # said and seen; the fixture stops it once more


@pytest.mark.parametrize("count", [0, 2])
def test_a_list_of_brokers_names_each_once_and_one_at_least(count, make_link):
    brokers = [BrokerUrl(LOOPBACK, find_spare_port(), tls=False)] * count
    with pytest.raises(ValueError, match="at least one broker, and each one once"):
        make_link(*brokers)
