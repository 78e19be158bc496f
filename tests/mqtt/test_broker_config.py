"""The broker's configuration as text: what it must say, what may not be said into it, and that a real one starts."""

from pathlib import Path

import pytest
from mosquitto_certificates import broker_files
from mosquitto_record import url_of

from contract.errors import Malformed
from contract.values import Address, KioskId, RegionId, SiteId, parse_address
from mqtt_bridge.broker_config import Certificates, Keeping, acl_text, common_name, open_config, tls_config
from mqtt_bridge.link import Connected, Received

FILES = Certificates(Path("/pki/ca.pem"), Path("/pki/broker.pem"), Path("/pki/broker.key"))


def test_the_open_configuration_listens_on_loopback_only():
    lines = open_config(1884).splitlines()
    assert [line for line in lines if line.startswith("listener")] == ["listener 1884 127.0.0.1"]
    assert "allow_anonymous true" in lines
    assert "persistence false" in lines


def test_the_field_configuration_lets_in_certificates_only():
    lines = tls_config(8883, certificates=FILES, acl=Path("/etc/acl")).splitlines()
    assert {
        "listener 8883",
        "allow_anonymous false",
        "require_certificate true",
        "use_identity_as_username true",
        "use_username_as_clientid true",
        "max_packet_size 1048576",
        "acl_file /etc/acl",
    } <= set(lines)
    assert not [line for line in lines if line.startswith(("crlfile", "user ", "plugin"))]


def test_a_newer_broker_reads_the_access_list_with_its_plugin():
    text = tls_config(8883, certificates=FILES, acl=Path("/etc/acl"), version=(2, 1))
    assert "plugin /usr/lib/mosquitto_acl_file.so\nplugin_opt_acl_file /etc/acl\n" in text
    assert "\nacl_file" not in text


def test_what_is_revoked_and_kept_is_named():
    files = Certificates(FILES.ca, FILES.cert, FILES.key, revoked=Path("/pki/revoked.pem"))
    keeping = Keeping(Path("/var/lib/a broker"), "mosquitto")
    lines = tls_config(8883, certificates=files, acl=Path("/etc/acl"), host="10.0.0.1", keeping=keeping).splitlines()
    assert {
        "crlfile /pki/revoked.pem",
        "persistence_location /var/lib/a broker/",
        "user mosquitto",
        "listener 8883 10.0.0.1",
    } <= set(lines)


def test_the_access_list_knows_kiosks_by_their_own_prefix_and_hubs_by_name():
    assert acl_text(["hub-1", "hub-2"]) == (
        "pattern write popup/v1/%u/up/#\n"
        "pattern write popup/v1/%u/ack/down\n"
        "pattern write popup/v1/%u/status\n"
        "pattern read popup/v1/%u/down/facts\n"
        "pattern read popup/v1/%u/ack/up\n"
        "user hub-1\ntopic readwrite popup/v1/#\n"
        "user hub-2\ntopic readwrite popup/v1/#\n"
    )


def test_a_common_name_is_the_address_as_far_as_a_certificate_holds_it():
    assert common_name(parse_address("north/market/k1")) == "north/market/k1"
    fits = Address(RegionId("r" * 30), SiteId("s" * 30), KioskId("kk"))
    assert len(common_name(fits)) == 64
    with pytest.raises(Malformed, match="65 characters; a certificate holds 64"):
        common_name(Address(fits.region, fits.site, KioskId("kkk")))


@pytest.mark.parametrize("port", [0, -1, 65536])
def test_a_port_that_is_none_is_refused(port):
    with pytest.raises(Malformed, match="is not a port"):
        open_config(port)


@pytest.mark.parametrize("text", ["a\nallow_anonymous true", "", "a\x00b", "a\rb"])
def test_a_value_cannot_say_a_line_of_its_own(text):
    with pytest.raises(Malformed, match="cannot stand in a broker's configuration"):
        open_config(1884, host=text)
    with pytest.raises(Malformed):
        acl_text([text])


@pytest.mark.parametrize("name", ["north/market/k1", "#", "hub\ntopic #", "Hub"])
def test_a_hub_is_no_kiosk_and_no_wildcard(name):
    with pytest.raises(Malformed, match="hub"):
        acl_text([name])


def test_a_real_broker_keeps_what_is_retained_over_a_restart(make_mosquitto, make_link, keeping_user):
    broker = make_mosquitto(lambda port, folder: open_config(port, keeping=Keeping(folder, keeping_user)))
    link, told = make_link(url_of(broker), listens_to=("ack",))
    told.expect(Connected)
    link.publish("ack", b"7", retain=True)
    told.expect(Received)
    link.stop()
    broker.stop()
    broker.start()
    _, told_again = make_link(url_of(broker), listens_to=("ack",))
    assert told_again.expect(Connected).session_present
    assert told_again.expect(Received) == Received("ack", b"7", retained=True)


def test_a_real_broker_starts_with_everything_said(make_mosquitto, authority, server_files, keeping_user):
    def configure(port: int, folder: Path) -> str:
        acl = folder / "acl"
        acl.write_text(acl_text(["hub"]), "utf-8")
        files = broker_files(server_files, authority.revoked())
        keeping = Keeping(folder, keeping_user)
        return tls_config(port, host="127.0.0.1", certificates=files, acl=acl, keeping=keeping)

    broker = make_mosquitto(configure)
    assert "rror" not in broker.log.read_text("utf-8")
