"""Certificates on both sides, against a real broker with the configuration of the field."""

import pytest
from mosquitto_certificates import FAR_AHEAD, LONG_AGO, Authority
from mosquitto_record import url_of

from contract.values import parse_address
from mqtt_bridge.broker_config import common_name
from mqtt_bridge.link import Connected, Delivered, Disconnected, Received, Refused, TlsFiles
from mqtt_bridge.topics import hub_subscriptions, kiosk_subscriptions, topic

K1 = parse_address("north/market/k1")
K2 = parse_address("north/market/k2")


@pytest.fixture(scope="session")
def k1_files(authority: Authority) -> TlsFiles:
    return authority.issue(common_name(K1))


@pytest.fixture(scope="session")
def k2_files(authority: Authority) -> TlsFiles:
    return authority.issue(common_name(K2))


@pytest.fixture(scope="session")
def hub_files(authority: Authority) -> TlsFiles:
    return authority.issue("hub")


@pytest.fixture
def hub(tls_broker, make_link, hub_files):
    """A hub whose subscriptions stand."""
    wants = (*hub_subscriptions(), "popup/v1/self")
    link, told = make_link(url_of(tls_broker, tls=True), client_id="any", listens_to=wants, tls=hub_files)
    told.expect(Connected)
    link.publish("popup/v1/self", b"")
    told.expect(Received)
    told.expect(Delivered)
    return link, told


def test_a_kiosk_and_its_hub_hear_each_other(tls_broker, hub, make_link, k1_files):
    hub_link, told_hub = hub
    wants = kiosk_subscriptions(K1)
    kiosk, told = make_link(url_of(tls_broker, tls=True), client_id=str(K1), listens_to=wants, tls=k1_files)
    assert told.expect(Connected).broker.startswith("mqtts://127.0.0.1:")
    for leaf in ("up/facts/till", "up/requests", "up/telemetry", "ack/down", "status"):
        kiosk.publish(topic(K1, leaf), leaf.encode())
        assert told.expect(Delivered).topic == topic(K1, leaf)
        assert told_hub.expect(Received) == Received(topic(K1, leaf), leaf.encode(), retained=False)
    for leaf in ("down/facts", "ack/up"):
        hub_link.publish(topic(K1, leaf), leaf.encode())
        assert told_hub.expect(Delivered).topic == topic(K1, leaf)
        assert told.expect(Received) == Received(topic(K1, leaf), leaf.encode(), retained=False)


@pytest.mark.parametrize(
    "forbidden",
    [
        topic(K2, "up/facts/till"),
        topic(K2, "up/requests"),
        topic(K2, "ack/down"),
        topic(K2, "status"),
        topic(K1, "down/facts"),
        topic(K1, "ack/up"),
        topic(K1, "else"),
        "popup/v1/north/market/up/facts",
        "somewhere/else",
    ],
)
def test_a_kiosk_writes_below_its_own_prefix_only(tls_broker, hub, make_link, k1_files, forbidden):
    _, told_hub = hub
    kiosk, told = make_link(url_of(tls_broker, tls=True), client_id=str(K1), tls=k1_files)
    told.expect(Connected)
    kiosk.publish(forbidden, b"forged", retain=True)
    assert told.expect(Refused) == Refused(forbidden, "Not authorized")
    kiosk.publish(topic(K1, "up/requests"), b"allowed")
    assert told_hub.expect(Received).payload == b"allowed"  # so the forged one, sent before, did not come


@pytest.mark.parametrize("wants", [(topic(K2, "down/facts"),), (topic(K2, "#"),), ("popup/v1/#",), ("#",)])
def test_a_kiosk_hears_its_own_topics_only_whatever_it_subscribes(
    tls_broker, hub, make_link, *, k1_files, k2_files, wants
):
    hub_link, _ = hub
    kiosk2, told2 = make_link(url_of(tls_broker, tls=True), tls=k2_files)
    own = (topic(K1, "down/facts"),)
    _, told1 = make_link(url_of(tls_broker, tls=True), listens_to=(*own, *wants), tls=k1_files)
    told1.expect(Connected)
    told2.expect(Connected)
    kiosk2.publish(topic(K2, "up/facts/till"), b"not for k1")
    told2.expect(Delivered)
    hub_link.publish(topic(K2, "down/facts"), b"not for k1", retain=True)
    hub_link.publish(topic(K1, "down/facts"), b"for k1", retain=True)
    told1.expect(Received, lambda it: it.payload == b"for k1")
    assert all(event.payload == b"for k1" for event in told1.all_of(Received))


def test_what_was_retained_for_another_kiosk_is_not_heard(tls_broker, hub, make_link, k1_files):
    hub_link, told_hub = hub
    for kiosk in (K1, K2):
        hub_link.publish(topic(kiosk, "ack/up"), str(kiosk).encode(), retain=True)
        told_hub.expect(Delivered)
    wants = (topic(K2, "ack/up"), "popup/#", topic(K1, "ack/up"))
    _, told = make_link(url_of(tls_broker, tls=True), listens_to=wants, tls=k1_files)
    told.expect(Received, lambda it: it.payload == str(K1).encode())
    assert all(event.payload == str(K1).encode() for event in told.all_of(Received))


def test_two_kiosks_that_claim_one_client_id_do_not_push_each_other_out(tls_broker, hub, make_link, k1_files, k2_files):
    _, told_hub = hub
    link1, told1 = make_link(url_of(tls_broker, tls=True), client_id="same", tls=k1_files)
    told1.expect(Connected)
    link2, told2 = make_link(url_of(tls_broker, tls=True), client_id="same", tls=k2_files)
    told2.expect(Connected)
    for link, address in ((link1, K1), (link2, K2)):
        link.publish(topic(address, "status"), b"here")
        assert told_hub.expect(Received).topic == topic(address, "status")
    assert not told1.all_of(Disconnected)


def test_a_certificate_of_another_authority_is_refused_by_the_broker(tls_broker, make_link, authority, tmp_path):
    stranger = Authority.found(tmp_path).issue(common_name(K1))
    _, told = make_link(url_of(tls_broker, tls=True), tls=TlsFiles(authority.ca, stranger.cert, stranger.key))
    gone = told.expect(Disconnected)
    assert gone.kind == "certificate"
    assert "from an authority it does not know" in gone.reason
    assert not told.all_of(Connected)


def test_a_broker_of_another_authority_is_refused_by_us(tls_broker, make_link, tmp_path):
    _, told = make_link(url_of(tls_broker, tls=True), tls=Authority.found(tmp_path).issue(common_name(K1)))
    gone = told.expect(Disconnected)
    assert gone.kind == "certificate"
    assert gone.reason.startswith(f"the certificate of {url_of(tls_broker, tls=True)} was not accepted")


def test_a_broker_under_a_name_it_has_no_certificate_for_is_refused(make_tls_broker, make_link, authority, k1_files):
    broker = make_tls_broker(authority.issue("elsewhere", host="DNS:elsewhere.example"))
    _, told = make_link(url_of(broker, tls=True), tls=k1_files)
    gone = told.expect(Disconnected)
    assert gone.kind == "certificate"
    assert "mismatch" in gone.reason


@pytest.mark.parametrize(
    ("begins", "ends", "what"),
    [(LONG_AGO, "20010101000000Z", "has expired"), (FAR_AHEAD, "20990101000000Z", "is not yet valid")],
)
def test_a_broker_certificate_that_does_not_fit_our_clock_has_its_own_kind(
    make_tls_broker, make_link, authority, k1_files, *, begins, ends, what
):
    broker = make_tls_broker(authority.issue("broker", begins=begins, ends=ends, name=f"broker-{ends}"))
    _, told = make_link(url_of(broker, tls=True), tls=k1_files)
    gone = told.expect(Disconnected)
    assert gone.kind == "clock"
    assert what in gone.reason
    assert "set the date" in gone.reason


@pytest.mark.parametrize(
    ("begins", "ends", "what"),
    [(LONG_AGO, "20010101000000Z", "has expired"), (FAR_AHEAD, "20990101000000Z", "not yet valid")],
)
def test_a_certificate_of_ours_that_is_out_of_date_is_refused_by_the_broker(
    tls_broker, make_link, authority, *, begins, ends, what
):
    files = authority.issue(common_name(K1), begins=begins, ends=ends, name=f"k1-{ends}")
    _, told = make_link(url_of(tls_broker, tls=True), tls=files)
    gone = told.expect(Disconnected)
    assert gone.kind == "certificate"
    assert what in gone.reason


def test_a_revoked_certificate_is_refused_by_the_broker(make_tls_broker, make_link, authority, server_files):
    files = authority.issue("north/market/lost")
    authority.revoke(files)
    broker = make_tls_broker(server_files, authority.revoked())
    _, told = make_link(url_of(broker, tls=True), tls=files)
    gone = told.expect(Disconnected)
    assert gone.kind == "certificate"
    assert "was revoked" in gone.reason


def test_without_certificate_files_nothing_is_sent(tls_broker, make_link):
    _, told = make_link(url_of(tls_broker, tls=True))
    assert told.expect(Disconnected) == Disconnected(
        "cannot use mqtts:// without certificate files: enrol this machine, or name the right files", "certificate"
    )


def test_a_plain_connection_to_a_tls_port_says_so(tls_broker, make_link):
    _, told = make_link(url_of(tls_broker))
    gone = told.expect(Disconnected)
    assert gone.kind == "refused"
    assert "mqtts:// is with" in gone.reason


def test_a_tls_connection_to_a_plain_port_says_so(open_broker, make_link, k1_files):
    _, told = make_link(url_of(open_broker, tls=True), tls=k1_files)
    gone = told.expect(Disconnected)
    assert gone.kind == "refused"
    assert "does not speak TLS as we do" in gone.reason


@pytest.mark.parametrize("missing", ["ca", "cert", "key"])
@pytest.mark.parametrize("content", [None, b"", b"no PEM"])
def test_an_unusable_certificate_file_is_named(tls_broker, make_link, k1_files, tmp_path, *, missing, content):
    broken = tmp_path / f"broken-{missing}.pem"
    if content is not None:
        broken.write_bytes(content)
    paths = {"ca": k1_files.ca, "cert": k1_files.cert, "key": k1_files.key} | {missing: broken}
    _, told = make_link(url_of(tls_broker, tls=True), tls=TlsFiles(**paths))
    gone = told.expect(Disconnected)
    assert gone.kind == "certificate"
    assert str(broken) in gone.reason


def test_a_renewed_certificate_is_taken_without_a_restart(tls_broker, make_link, k1_files, tmp_path):
    files = TlsFiles(k1_files.ca, tmp_path / "cert.pem", tmp_path / "key.pem")
    _, told = make_link(url_of(tls_broker, tls=True), tls=files)
    assert told.expect(Disconnected).kind == "certificate"
    files.key.write_bytes(k1_files.key.read_bytes())
    files.cert.write_bytes(k1_files.cert.read_bytes())
    told.expect(Connected)
