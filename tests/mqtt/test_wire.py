"""One connection: that it is gone when it has ended."""

import gc
import signal
import weakref

import pytest
from mosquitto_record import url_of
from waiting import wait_until

from mqtt_bridge.link import Connected, Disconnected, Received, TlsFiles
from mqtt_bridge.paho_wire import Wire, WireOptions


@pytest.fixture
def no_cycle_search():
    gc.collect()
    gc.disable()
    yield
    gc.enable()


def options(tls: TlsFiles | None = None) -> WireOptions:
    return WireOptions("hub", ("popup/v1/t",), tls, None, 20, 60)


def turn_until(wire: Wire, kind: type) -> None:
    wait_until(lambda: any(isinstance(event, kind) for event in wire.turn(0.1)), what=f"a {kind.__name__}")


@pytest.mark.parametrize("tls", [False, True])
def test_an_ended_connection_is_freed_at_once(open_broker, tls_broker, authority, no_cycle_search, *, tls):
    broker = tls_broker if tls else open_broker
    wire = Wire(url_of(broker, tls=tls), options(authority.issue("hub", name=f"hub-{tls}")))
    assert wire.dial() is None
    turn_until(wire, Connected)
    wire.publish("popup/v1/t", b"x", retain=False)
    turn_until(wire, Received)
    broker._child.send_signal(signal.SIGSTOP)
    wire.publish("popup/v1/t", bytes(100_000), retain=False)
    wire.turn(0.1)
    broker.kill()  # with bytes unread, so that its end is a reset: an error, which paho logs
    turn_until(wire, Disconnected)
    assert tls or isinstance(wire._socket_errors.last, ConnectionResetError)  # TLS makes a mere end of it
    client = weakref.ref(wire._client)
    wire.drop()
    del wire
    assert client() is None


def test_a_refused_handshake_leaves_nothing_behind(tls_broker, tmp_path, authority, no_cycle_search):
    wire = Wire(url_of(tls_broker, tls=True), options(TlsFiles(tmp_path / "ca", tmp_path / "cert", tmp_path / "key")))
    assert wire.dial()
    client = weakref.ref(wire._client)
    del wire
    assert client() is None
