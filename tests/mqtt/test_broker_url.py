"""Addresses of brokers: what is read, what is refused, and with which words."""

import pytest

from contract.errors import Malformed
from mqtt_bridge.link import BrokerUrl


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("mqtt://localhost:1884", BrokerUrl("localhost", 1884, tls=False)),
        ("mqtt://localhost", BrokerUrl("localhost", 1883, tls=False)),
        ("mqtts://Hub.Example.COM", BrokerUrl("hub.example.com", 8883, tls=True)),
        ("MQTTS://hub.example.com:443/", BrokerUrl("hub.example.com", 443, tls=True)),
        ("mqtt://10.0.0.7:65535", BrokerUrl("10.0.0.7", 65535, tls=False)),
        ("mqtt://[::1]:1883", BrokerUrl("::1", 1883, tls=False)),
        ("mqtts://[fe80:0:0:0:0:0:0:1%eth0]", BrokerUrl("fe80::1%eth0", 8883, tls=True)),
        ("mqtt://till_1.lan", BrokerUrl("till_1.lan", 1883, tls=False)),
    ],
)
def test_an_address_is_read(text, expected):
    assert BrokerUrl.parse(text) == expected


@pytest.mark.parametrize(
    ("text", "where", "what"),
    [
        ("", "broker scheme", "neither mqtt:// nor mqtts://"),
        ("localhost:1883", "broker scheme", "neither mqtt:// nor mqtts://"),
        ("http://localhost:1883", "broker scheme", "neither mqtt:// nor mqtts://"),
        ("mqtt://", "broker host", "is not a host name"),
        ("mqtt://:1883", "broker host", "is not a host name"),
        ("mqtt://two hosts", "broker host", "is not a host name"),
        ("mqtt://-dash", "broker host", "is not a host name"),
        ("mqtt://" + "a" * 254, "broker host", "is not a host name"),
        ("mqtt://kä.example", "broker", "is not printable ASCII"),
        ("mqtt://ho\nst", "broker", "is not printable ASCII"),
        ("mqtt://host:0", "broker port", "is not a port from 1 to 65535"),
        ("mqtt://host:65536", "broker", "Port out of range"),
        ("mqtt://host:-1", "broker", "Port"),
        ("mqtt://host:mqtt", "broker", "Port could not be cast"),
        ("mqtt://[::1", "broker", "Invalid IPv6 URL"),
        ("mqtt://[::g]", "broker", "IPv6 address"),  # by urlsplit or by us, as Python's version has it
        ("mqtt://host/path", "broker path", "goes on after host and port"),
        ("mqtt://host?x=1", "broker path", "goes on after host and port"),
        ("mqtt://host#x", "broker path", "goes on after host and port"),
        ("mqtt://host?", "broker path", "goes on after host and port"),
    ],
)
def test_a_wrong_address_is_refused_with_what_and_where(text, where, what):
    with pytest.raises(Malformed) as refused:
        BrokerUrl.parse(text)
    assert refused.value.where in {where, f"{where} host"}
    assert what in refused.value.what


@pytest.mark.parametrize("text", ["mqtt://user:secret@host", "mqtt://user:secret@host:x", "mqtt://secret@[::1"])
def test_a_password_in_an_address_is_refused_and_not_repeated(text):
    with pytest.raises(Malformed) as refused:
        BrokerUrl.parse(text)
    assert refused.value.where == "broker user"
    assert "secret" not in str(refused.value)


@pytest.mark.parametrize("text", ["mqtt://localhost:1884", "mqtts://[fe80::1%eth0]:8883", "mqtts://10.0.0.7:443"])
def test_an_address_is_written_as_it_is_read(text):
    assert str(BrokerUrl.parse(text)) == text
