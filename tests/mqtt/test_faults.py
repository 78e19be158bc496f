"""Sentences for what no broker here can be made to do."""

import ssl

import pytest

from mqtt_bridge import faults
from mqtt_bridge.link import BrokerUrl

HUB = BrokerUrl("hub.example", 8883, tls=True)


def ssl_error(name: str) -> ssl.SSLError:
    error = ssl.SSLError(1, name)
    error.reason = name
    return error


@pytest.mark.parametrize(
    ("error", "kind", "says"),
    [
        (ssl_error("TLSV13_ALERT_CERTIFICATE_REQUIRED"), "certificate", "wants a certificate and got none"),
        (ssl_error("SSLV3_ALERT_CERTIFICATE_EXPIRED"), "certificate", "renew this machine's certificate"),
        (ssl_error("TLSV1_ALERT_INTERNAL_ERROR"), "certificate", "TLSV1_ALERT_INTERNAL_ERROR"),
        (ssl_error("WRONG_VERSION_NUMBER"), "refused", "does not speak TLS as we do (WRONG_VERSION_NUMBER)"),
        (ssl.SSLError("made by Python"), "refused", "does not speak TLS as we do"),
        (TimeoutError("timed out"), "unreachable", "did not answer in time"),
        (OSError(113, "No route to host"), "unreachable", "No route to host"),
    ],
)
def test_why_no_connection_came_about(error, kind, says):
    told = faults.unconnected(HUB, error)
    assert told.kind == kind
    assert says in told.reason


def test_damage_on_a_running_connection_is_a_loss_and_no_refusal():
    assert faults.closed(HUB, ssl_error("DECRYPTION_FAILED_OR_BAD_RECORD_MAC"), greeted=True).kind == "lost"


def test_who_hangs_up_is_at_the_wrong_port_only_where_it_never_let_us_in():
    plain = BrokerUrl("hub.example", 1883, tls=False)
    stranger = faults.closed(plain, None, greeted=False)
    assert (stranger.kind, "if it never worked, check that it is an MQTT port without TLS" in stranger.reason) == (
        "refused",
        True,
    )
    friend = faults.closed(plain, None, greeted=False, known=True)
    assert (friend.kind, "TLS" in friend.reason, "check the network" in friend.reason) == ("unreachable", False, True)


def test_a_taken_over_session_says_why():
    told = faults.dismissed(HUB, 0x8E, "Session taken over")
    assert told.kind == "taken"
    assert "no two machines may share a certificate" in told.reason


def test_a_quoted_byte_stays_on_its_line():
    assert faults.garbled(HUB, "b'\r\n\x1b'").reason.isprintable()
