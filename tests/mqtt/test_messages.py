"""Messages over a real broker: what comes, what is answered, and what is refused before it is sent."""

import signal

import pytest
from mosquitto_record import Record, url_of

from contract.codec import MAX_FACT_BYTES
from mqtt_bridge.errors import LinkBusy, LinkDown, LinkTooLarge
from mqtt_bridge.link import Connected, Delivered, Disconnected, Received, Refused
from mqtt_bridge.paho_wire import MAX_PENDING, MAX_PENDING_BYTES


def test_a_message_reaches_who_subscribed(open_broker, make_link, make_listener):
    kiosk, told_kiosk = make_link(url_of(open_broker), client_id="kiosk")
    _, told_hub = make_listener(url_of(open_broker), client_id="hub", listens_to="up/#")
    assert told_kiosk.expect(Connected) == Connected(str(url_of(open_broker)), session_present=False)
    kiosk.publish("up/facts", b"\x00\xff bytes as they are")
    assert told_kiosk.expect(Delivered) == Delivered("up/facts")
    assert told_hub.expect(Received) == Received("up/facts", b"\x00\xff bytes as they are", retained=False)


def test_messages_keep_their_order(open_broker, make_link):
    hub, told = make_link(url_of(open_broker), listens_to=("up",))
    told.expect(Connected)
    for number in range(80):
        hub.publish("up", str(number).encode())
    assert [told.expect(Received).payload for _ in range(80)] == [str(number).encode() for number in range(80)]
    for _ in range(80):
        told.expect(Delivered)


def test_a_message_for_nobody_is_reported_as_refused(open_broker, make_link):
    link, told = make_link(url_of(open_broker))
    told.expect(Connected)
    link.publish("up/facts", b"is anybody there")
    assert told.expect(Refused) == Refused("up/facts", "No matching subscribers")


def test_a_retained_message_needs_no_listener_yet(open_broker, make_link):
    link, told = make_link(url_of(open_broker), client_id="k1")
    told.expect(Connected)
    link.publish("status", b"here", retain=True)
    assert told.expect(Delivered) == Delivered("status")
    _, told_later = make_link(url_of(open_broker), client_id="hub", listens_to=("status",))
    assert told_later.expect(Received) == Received("status", b"here", retained=True)


def test_retained_messages_come_again_after_every_connection(open_broker, make_link):
    link, told = make_link(url_of(open_broker), listens_to=("ack",))
    told.expect(Connected)
    link.publish("ack", b"7", retain=True)
    assert told.expect(Received) == Received("ack", b"7", retained=False)
    link.stop()
    _, told_again = make_link(url_of(open_broker), listens_to=("ack",))
    assert told_again.expect(Connected).session_present
    assert told_again.expect(Received) == Received("ack", b"7", retained=True)


def test_the_broker_keeps_what_comes_while_we_are_away(open_broker, make_link, make_listener):
    kiosk, _ = make_listener(url_of(open_broker), client_id="kiosk", listens_to="down")
    kiosk.stop()
    hub, told_hub = make_link(url_of(open_broker), client_id="hub")
    told_hub.expect(Connected)
    hub.publish("down", b"while you were out")
    told_hub.expect(Delivered)
    _, told_again = make_link(url_of(open_broker), client_id="kiosk", listens_to=("down",))
    assert told_again.expect(Connected).session_present
    assert told_again.expect(Received, lambda it: it.payload == b"while you were out")


def test_the_largest_fact_passes(open_broker, make_link):
    link, told = make_link(url_of(open_broker), listens_to=("up",))
    told.expect(Connected)
    payload = bytes(range(256)) * (MAX_FACT_BYTES // 256)
    link.publish("up", payload)
    assert told.expect(Received).payload == payload
    assert told.expect(Delivered)


def test_more_than_the_broker_takes_is_refused_before_it_ends_the_connection(open_broker, make_link):
    link, told = make_link(url_of(open_broker), listens_to=("up",))
    told.expect(Connected)
    with pytest.raises(LinkTooLarge, match="at most 1048576"):
        link.publish("up", bytes(1024 * 1024))
    link.publish("up", bytes(1024 * 1024 - 64))
    assert len(told.expect(Received).payload) == 1024 * 1024 - 64
    assert not told.all_of(Disconnected)


LARGEST_THAT_FIT = MAX_PENDING_BYTES // MAX_FACT_BYTES - 1  # topic and header take the last one's place


@pytest.mark.parametrize(("size", "fits"), [(1, MAX_PENDING), (MAX_FACT_BYTES, LARGEST_THAT_FIT)])
def test_what_a_stuck_broker_is_given_is_bounded(open_broker, make_link, size, fits):
    link, told = make_link(url_of(open_broker), listens_to=("up",))
    told.expect(Connected)
    open_broker._child.send_signal(signal.SIGSTOP)
    try:
        for _ in range(fits):
            link.publish("up", bytes(size))
        with pytest.raises(LinkBusy):
            link.publish("up", bytes(size))
    finally:
        open_broker._child.send_signal(signal.SIGCONT)
    for _ in range(fits):
        told.expect(Delivered)
    link.publish("up", bytes(size))
    told.expect(Delivered)


def test_nothing_is_kept_for_later_while_no_broker_is_connected(open_broker, make_link):
    link, told = make_link(url_of(open_broker), listens_to=("up",))
    told.expect(Connected)
    open_broker.kill()
    told.expect(Disconnected)
    for _ in range(200):
        with pytest.raises(LinkDown):
            link.publish("up", b"lost")
    open_broker.start()
    told.expect(Connected)
    link.publish("up", b"after")
    assert told.expect(Received).payload == b"after"


def test_before_the_start_and_after_the_stop_there_is_no_broker(open_broker, make_link):
    link, told = make_link(url_of(open_broker))
    told.expect(Connected)
    link.stop()
    with pytest.raises(LinkDown):
        link.publish("up", b"late")


def test_what_was_published_just_before_a_stop_arrives(open_broker, make_link, make_listener):
    _, told_hub = make_listener(url_of(open_broker), client_id="hub", listens_to="status")
    link, told = make_link(url_of(open_broker))
    told.expect(Connected)
    link.publish("status", b"closing", retain=True)
    link.stop()
    assert told_hub.expect(Received).payload == b"closing"
    assert told.expect(Delivered, within_s=0)


def test_a_receiver_may_publish(open_broker, make_link, make_listener):
    _, told_hub = make_listener(url_of(open_broker), client_id="hub", listens_to="up")

    class Answering(Record):
        def __call__(self, event):
            if isinstance(event, Received):
                kiosk.publish("up", b"heard " + event.payload)
            super().__call__(event)

    kiosk, told = make_link(url_of(open_broker), client_id="kiosk", listens_to=("down",), record=Answering())
    told.expect(Connected)
    kiosk.publish("down", b"me")
    assert told_hub.expect(Received).payload == b"heard me"
