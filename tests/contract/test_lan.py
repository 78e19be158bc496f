"""What tills of a site tell each other: bounded, strict, and in nobody else's name."""

from datetime import UTC, datetime

import pytest

from contract.codec import Stamp, encode
from contract.envelope import NO_DIGEST, LaneSource
from contract.errors import Malformed
from contract.facts import StockLine
from contract.lan import (
    MAX_ASK_BYTES,
    MAX_FACT_BYTES,
    MAX_HOLDS_BYTES,
    MAX_PRESENCE_BYTES,
    Ask,
    AskLine,
    Holds,
    Mark,
    Presence,
    decode_acceptance,
    decode_ask,
    decode_holds,
    decode_mark,
    decode_move,
    decode_presence,
    encode_lan,
)
from contract.rights import RightsAccepted, RightsMoved
from contract.values import Condition, Epoch, Lane, Quantity, Seq, Sku, Unit, parse_address

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
K1, K2 = parse_address("north/market/k1"), parse_address("north/market/k2")
TEA = [StockLine(Sku("tea"), Quantity(3))]
MOVED = RightsMoved("m1", "k1", Epoch(4), TEA, AT)
ACCEPTED = RightsAccepted("m1", "k2", Epoch(2), TEA, AT)


def fact(data, *, address=K2, epoch=2, lane=Lane.TILL):
    return encode(data, source=LaneSource(address, Epoch(epoch), lane), seq=Seq(7), prev=NO_DIGEST, stamp=Stamp(at=AT))


@pytest.mark.parametrize(
    ("message", "decode"),
    [
        (Presence(online=True, epoch=Epoch(1), position=Seq(9), hub=True, selling=True, sold_at=AT), decode_presence),
        (Presence(online=False, epoch=Epoch(1), position=Seq(0)), decode_presence),
        (Mark(Epoch(1), Seq(9), "0" * 64), decode_mark),
        (Holds(Epoch(1), TEA, more=True), decode_holds),
        (Holds(Epoch(1)), decode_holds),
        (
            Ask("q1", Epoch(1), Seq(3), [AskLine("tea", Condition.DAMAGED, Unit.GRAM, 1, 2, 3, 0.5), AskLine("jam")]),
            decode_ask,
        ),
    ],
)
def test_what_is_said_is_read_back(message, decode):
    assert decode(encode_lan(message)) == message


@pytest.mark.parametrize(
    ("decode", "raw"),
    [
        (decode_presence, b'{"online":true,"epoch":1,"position":3,"sold_at":"2026-11-21T09:00:00"}'),
        (decode_presence, b'{"online":true,"epoch":1,"position":3,"sold_at":"2026-11-21T09:00:00+00:00:30"}'),
        (decode_presence, b'{"online":true,"epoch":0,"position":3}'),
        (decode_presence, b'{"online":true,"epoch":1,"position":-1}'),
        (decode_presence, b'{"online":true,"epoch":1,"position":3,"more":1}'),
        (decode_presence, b'{"online":true,"epoch":1,"position":3}' + b" " * MAX_PRESENCE_BYTES),
        (decode_mark, b'{"epoch":1,"position":3,"digest":"0"}'),
        (decode_mark, b'{"epoch":1,"position":3}'),
        (decode_mark, encode_lan(Mark(Epoch(1), Seq(9), "0" * 64)) + b" " * MAX_PRESENCE_BYTES),
        (decode_holds, b'{"epoch":1,"lines":[{"sku":"a","quantity":{"amount":0}}]}'),
        (decode_holds, encode_lan(Holds(Epoch(1), TEA)).replace(b"[{", b'[{"sku":"tea","quantity":{"amount":1}},{')),
        (decode_holds, b'{"epoch":1}' + b" " * MAX_HOLDS_BYTES),
        (decode_ask, b'{"ask":"q1","epoch":1,"position":0,"lines":[]}'),
        (decode_ask, b'{"ask":"q1","epoch":1,"position":0,"lines":[{"sku":"a"},{"sku":"a"}]}'),
        (decode_ask, b'{"ask":"q1","epoch":1,"position":0,"lines":[{"sku":"a","per_h":-1}]}'),
        (decode_ask, b'{"ask":"q1","epoch":1,"position":0,"lines":[{"sku":"a","per_h":1e9}]}'),
        (decode_ask, b'{"ask":"q 1","epoch":1,"position":0,"lines":[{"sku":"a"}]}'),
        (decode_ask, b" " * (MAX_ASK_BYTES + 1)),
    ],
)
def test_what_is_not_of_the_talk_is_refused(decode, raw):
    with pytest.raises(Malformed):
        decode(raw)


def test_a_move_is_the_givers_fact_to_us():
    move = decode_move(fact(MOVED), K2, K1.kiosk)
    assert (move.giver, move.epoch, move.data) == ("k2", 2, MOVED)


def test_an_acceptance_is_the_receivers_fact_about_us():
    told = decode_acceptance(fact(ACCEPTED, address=K1, epoch=4), K1, K2.kiosk)
    assert (told.receiver, told.epoch, told.seq, told.data) == ("k1", 4, 7, ACCEPTED)


@pytest.mark.parametrize(
    ("raw", "what"),
    [
        (fact(MOVED, address=K1), "it comes from"),
        (fact(MOVED, address=parse_address("north/harbour/k2")), "it comes from"),
        (fact(MOVED, lane=Lane.SENSE), "it comes from"),
        (fact(ACCEPTED), "does not travel the LAN"),
        (fact(RightsMoved("m1", "k3", Epoch(4), TEA, AT)), "moves rights to k3, not to k1"),
        (b" " * (MAX_FACT_BYTES + 1), "on the LAN"),
        (b"junk", "malformed"),
    ],
)
def test_a_move_in_another_name_or_to_another_till_is_refused(raw, what):
    with pytest.raises(Malformed, match=what):
        decode_move(raw, K2, K1.kiosk)


def test_an_acceptance_of_what_another_till_gave_is_refused():
    with pytest.raises(Malformed, match="accepts rights of k2, not of k3"):
        decode_acceptance(fact(ACCEPTED, address=K1), K1, "k3")
