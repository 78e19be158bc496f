"""The site's own broker: a till speaks in its own name only, hears its neighbours, and no other site's."""

import pytest
from mosquitto_certificates import broker_files
from mosquitto_record import url_of

from contract.errors import Malformed
from contract.values import parse_address
from mqtt_bridge.broker_config import Keeping, site_acl_text, tls_config
from mqtt_bridge.link import Connected, Delivered, Received, Refused, Will
from mqtt_bridge.topics import LAN_ACCEPTED, LAN_MOVE, LAN_PRESENCE, lan_subscriptions, topic

K1, K2, FAR = (parse_address(text) for text in ("north/market/k1", "north/market/k2", "north/harbour/k1"))


@pytest.fixture
def site_broker(make_mosquitto, server_files, keeping_user):
    def configure(port, folder):
        acl = folder / "acl"
        acl.write_text(site_acl_text("north", "market"), "utf-8")
        acl.chmod(0o600)
        files, keeping = broker_files(server_files), Keeping(user=keeping_user)
        return tls_config(port, host="127.0.0.1", certificates=files, acl=acl, keeping=keeping)

    return make_mosquitto(configure)


@pytest.fixture
def join(site_broker, authority, make_link):
    """A function that lets a till in with its own certificate; its presence is heard by itself."""

    def do_join(address, **options):
        files = authority.issue(str(address), name=str(address).replace("/", "-"))
        link, told = make_link(
            url_of(site_broker, tls=True),
            client_id=str(address),
            listens_to=lan_subscriptions(address),
            tls=files,
            **options,
        )
        told.expect(Connected)
        return link, told

    return do_join


def test_tills_of_a_site_hear_each_other_and_nobody_speaks_for_another(join):
    link1, told1 = join(K1)
    link2, told2 = join(K2, will=Will(topic(K2, LAN_PRESENCE), b"gone"))
    link1.publish(topic(K1, LAN_PRESENCE), b"here", retain=True)
    assert told2.expect(Received).topic == topic(K1, LAN_PRESENCE)
    link2.publish(topic(K2, f"{LAN_MOVE}/k1"), b"rights")
    assert told1.expect(Received, lambda it: it.payload == b"rights").topic == topic(K2, f"{LAN_MOVE}/k1")
    told2.expect(Delivered)
    link2.publish(topic(K1, f"{LAN_ACCEPTED}/k2"), b"in another name")
    assert "Not authorized" in told2.expect(Refused).reason
    link2.publish(topic(K2, "up/facts/till"), b"not here")
    assert "Not authorized" in told2.expect(Refused).reason
    link2._wire._client.socket().shutdown(2)
    assert told1.expect(Received, lambda it: it.payload == b"gone").topic == topic(K2, LAN_PRESENCE)


def test_a_till_that_comes_later_learns_who_is_there_and_one_of_another_site_is_not_heard(join):
    link1, told1 = join(K1)
    link1.publish(topic(K1, LAN_PRESENCE), b"here", retain=True)
    told1.expect(Delivered)
    far, told_far = join(FAR)
    far.publish(topic(FAR, LAN_PRESENCE), b"far", retain=True)
    _, told2 = join(K2)
    assert told2.expect(Received) == Received(topic(K1, LAN_PRESENCE), b"here", retained=True)
    link1.publish(topic(K1, LAN_PRESENCE), b"still here", retain=True)
    told2.expect(Received, lambda it: it.payload == b"still here")
    for told in (told1, told2, told_far):
        assert not [it for it in told.all_of(Received) if it.payload == b"far" and told is not told_far]


@pytest.mark.parametrize("names", [("north", "#"), ("+", "market"), ("north", "market/k1"), ("north", "")])
def test_a_site_is_no_wildcard(names):
    with pytest.raises(Malformed):
        site_acl_text(*names)
