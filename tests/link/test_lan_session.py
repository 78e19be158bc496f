"""When a till says what to its neighbours, as a rule without any IO."""

from itertools import pairwise

import pytest

from contract.facts import StockLine
from contract.lan import Holds, Presence, decode_holds, decode_presence
from contract.values import Epoch, Quantity, Seq, Sku
from mqtt_bridge.lan_ports import Moving, Standing
from mqtt_bridge.lan_session import (
    ASK_S,
    HOLDS_AWAY_S,
    HOLDS_S,
    MAX_ANSWERS,
    MOVE_MAX_S,
    MOVE_MIN_S,
    PRESENCE_MIN_S,
    PRESENCE_S,
    LanSession,
)

HERE = Presence(online=True, epoch=Epoch(1), position=Seq(3))


def standing(position=3, amount=5, asks=None, moves=None):
    holds = Holds(Epoch(1), [StockLine(Sku("tea"), Quantity(amount))])
    return Standing(Presence(online=True, epoch=Epoch(1), position=Seq(position)), holds, asks or {}, moves or {})


def say_all(session, now_s):
    """Return the leaves of what is due, said."""
    leaves = []
    while say := session.due(now_s):
        leaves.append(say.leaf)
        session.said(say, now_s)
        assert len(leaves) < 1000, "it never ends"
    return leaves


@pytest.fixture
def session():
    made = LanSession()
    made.connected()
    made.stands(standing(), hub=False)
    say_all(made, 0.0)
    return made


def test_nothing_is_said_before_there_is_a_broker_or_a_journal():
    made = LanSession()
    made.stands(standing(), hub=False)
    assert made.due(0.0) is None
    made.connected()
    made.stands(None, hub=False)
    assert made.due(0.0) is None
    made.stands(standing(), hub=True)
    one = made.due(0.0)
    assert one is not None
    assert (one.leaf, one.retain, decode_presence(one.payload).hub) == ("lan/presence", True, True)
    assert say_all(made, 0.0) == ["lan/presence", "lan/holds"]
    made.disconnected()
    assert made.due(99.0) is None


def test_a_place_is_told_when_it_changed_but_not_at_every_sale_and_again_as_a_sign_of_life(session):
    assert say_all(session, PRESENCE_S - 0.1) == []
    assert say_all(session, PRESENCE_S) == ["lan/presence"]
    session.stands(standing(position=4), hub=False)
    assert say_all(session, PRESENCE_S + PRESENCE_MIN_S - 0.1) == []
    assert say_all(session, PRESENCE_S + PRESENCE_MIN_S) == ["lan/presence"]


@pytest.mark.parametrize(("hub", "wait_s"), [(False, HOLDS_AWAY_S), (True, HOLDS_S)])
def test_holdings_are_told_when_they_changed_and_sooner_while_the_hub_is_away(session, hub, wait_s):
    session.stands(standing(amount=6), hub=hub)
    assert "lan/holds" not in say_all(session, wait_s - 0.1)
    while (say := session.due(wait_s)) and say.leaf != "lan/holds":
        session.said(say, wait_s)
    assert decode_holds(say.payload).lines[0].quantity.amount == 6
    session.said(say, wait_s)
    assert "lan/holds" not in say_all(session, wait_s + 1000)


def test_a_question_is_put_at_once_again_while_it_stands_and_no_more_when_it_does_not(session):
    session.stands(standing(asks={"k2": ("q1", b"one")}), hub=False)
    assert say_all(session, 1.0) == ["lan/ask/k2"]
    assert say_all(session, 1.0 + ASK_S - 0.1) == []
    assert say_all(session, 1.0 + ASK_S) == ["lan/ask/k2"]
    session.stands(standing(asks={"k2": ("q2", b"two")}), hub=False)
    assert session.due(1.0 + ASK_S).payload == b"two"
    session.stands(standing(), hub=False)
    assert "lan/ask/k2" not in say_all(session, 50.0)


def test_a_move_is_repeated_less_and_less_often_until_it_is_no_more(session):
    session.heard("k2", HERE)
    session.stands(standing(moves={"m1": Moving("k2", 1, b"fact")}), hub=False)
    said_at, now_s = [], 1.0
    while now_s < 200:
        if "lan/move/k2" in say_all(session, now_s):
            said_at.append(now_s)
        now_s += 0.5
    waits = [after - before for before, after in pairwise(said_at)]
    assert waits[:3] == [MOVE_MIN_S, 2 * MOVE_MIN_S, 4 * MOVE_MIN_S]
    assert set(waits[6:]) == {MOVE_MAX_S}
    session.stands(standing(), hub=False)
    assert "lan/move/k2" not in say_all(session, 999.0)


def test_a_move_is_said_only_to_a_till_that_is_there_in_that_life_and_at_once_when_it_is_back(session):
    session.stands(standing(moves={"m1": Moving("k2", 1, b"fact")}), hub=False)
    assert "lan/move/k2" not in say_all(session, 1.0)
    session.heard("k2", Presence(online=True, epoch=Epoch(2), position=Seq(0)))
    assert "lan/move/k2" not in say_all(session, 2.0)
    session.heard("k2", HERE)
    for now_s in (3.0, 4.0, 6.0, 10.0, 18.0):
        assert say_all(session, now_s).count("lan/move/k2") == 1
    session.heard("k2", Presence(online=False, epoch=Epoch(1), position=Seq(3)))
    assert "lan/move/k2" not in say_all(session, 60.0)
    session.heard("k2", HERE)
    assert "lan/move/k2" in say_all(session, 60.1)
    session.heard("k2", HERE)
    assert "lan/move/k2" not in say_all(session, 60.2), "a sign of life is no return"


def test_an_acceptance_goes_first_and_once_for_every_time_it_is_asked_for(session):
    session.stands(standing(position=9), hub=False)
    session.answer("m1", "k2", b"fact")
    assert say_all(session, 5.0) == ["lan/accepted/k2", "lan/presence"]
    assert say_all(session, 5.0) == []
    session.answer("m1", "k2", b"fact")
    assert say_all(session, 5.0) == ["lan/accepted/k2"]


def test_acceptances_that_no_broker_takes_are_bounded(session):
    for number in range(MAX_ANSWERS + 9):
        session.answer(f"m{number}", "k2", b"fact")
    assert len(say_all(session, 0.1)) == MAX_ANSWERS


def test_a_new_connection_says_all_of_it_anew(session):
    session.heard("k2", HERE)
    session.stands(standing(asks={"k2": ("q1", b"one")}, moves={"m1": Moving("k2", 1, b"fact")}), hub=False)
    say_all(session, 1.0)
    session.disconnected()
    session.connected()
    assert say_all(session, 1.1) == ["lan/ask/k2", "lan/presence", "lan/holds"], "k2 must be heard again first"
    session.heard("k2", HERE)
    assert say_all(session, 1.2) == ["lan/move/k2"]
