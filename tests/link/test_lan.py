"""Rights between tills: whatever is lost, repeated, reordered or killed, none is made and none is taken twice.

The files, the backroom, the session and the link's logic are real; only the broker between them is not.
"""

import threading

import pytest
from facts_of_a_day import sale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lan_world import TEA, World, WorldClock, address, in_flight, make_template

from contract.codec import Stamp, encode
from contract.envelope import NO_DIGEST, LaneSource
from contract.facts import KioskStarted, KioskStopping, StockLine
from contract.lan import MAX_ASK_BYTES, MAX_HOLDS_BYTES, MAX_PRESENCE_BYTES, Ask, AskLine, Presence, encode_lan
from contract.rights import RightsAccepted, RightsMoved, RightsReleased
from contract.stock import Account
from contract.values import Epoch, Lane, Quantity, Sku
from kiosk.core.neighbours import PRESENT_S
from kiosk.core.rights import Need
from kiosk.journal import passages

NAMES = ("k1", "k2", "k3")
DRY = {TEA: Need(0, 4.0)}


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_template(tmp_path_factory.mktemp("template"), NAMES)


@pytest.fixture
def make_world(template, tmp_path_factory):
    made = []

    def make(*names):
        world = World(tmp_path_factory.mktemp("world"), template)
        made.append(world)
        for name in names:
            world.add(name)
        return world

    yield make
    for world in made:
        world.close()


@pytest.fixture
def world(make_world):
    return make_world("k1", "k2")


def total(world):
    return sum(till.account().available for till in world.tills.values()) + in_flight(world)


def test_a_till_that_runs_dry_gets_what_an_idle_one_holds_and_both_know_that_it_arrived(world):
    k1, k2 = world.tills.values()
    k2.stock(20)
    k1.needs = DRY
    world.settle()
    assert (k1.account().moved_in, k2.account().moved_out, in_flight(world)) == (20, 20, 0)
    assert k2.view.standing().moves == {}, "the giver heard it"
    assert k1.store.connection.execute("SELECT count(*) FROM lan_heard WHERE kind <> 'ask'").fetchone() == (0,)


def test_a_hub_that_hears_is_asked_instead(world):
    k1, k2 = world.tills.values()
    k2.stock(20)
    k1.needs, k1.linked = DRY, True
    world.settle()
    assert (k1.said(RightsAccepted), k2.said(RightsMoved)) == ([], [])


steps = st.lists(
    st.tuples(
        st.sampled_from(
            "turn turn back back deliver deliver repeat lose kill-bridge kill-backroom crash sell wait cut join".split()
        ),
        st.integers(0, 60),
    ),
    max_size=60,
)


def do(world, till, step, number):
    """Do one step; only a till that holds something sells."""
    acts = {
        "turn": till.turn,
        "back": till.back,
        "crash": lambda: till.back(crash=True),
        "deliver": lambda: world.deliver(number),
        "repeat": lambda: world.deliver(number, keep=True),
        "lose": lambda: world.lose(number, 3),
        "kill-bridge": till.kill_bridge,
        "kill-backroom": till.kill_backroom,
        "cut": till.disconnect,
        "join": till.connect,
        "wait": lambda: world.clock.go(number / 10),
        "sell": lambda: till.account().available and till.record(sale(world.new_id(), sku="tea", amount=1)),
    }
    acts[step]()


@settings(suppress_health_check=list(HealthCheck), max_examples=25, deadline=None)
@given(steps)
def test_whatever_happens_between_them_no_right_is_made_lost_or_taken_twice(make_world, steps):
    world = make_world(*NAMES)
    tills = list(world.tills.values())
    for till, amount in zip(tills, (0, 25, 12), strict=True):
        if amount:
            till.stock(amount)
        till.needs = DRY if till.name == "k1" else {TEA: Need(0, 1.0)}
    world.settle(3)
    for step, number in steps:
        do(world, tills[number % len(tills)], step, number)
        assert total(world) == 37 - sum(till.account().sold for till in tills)
    for till in tills:
        till.disconnect()
        till.connect()
    world.settle(40)
    assert in_flight(world) == 0, "in the end all of it arrives"
    assert total(world) == 37 - sum(till.account().sold for till in tills)
    assert not any(till.view.standing().moves for till in tills)


def test_rights_for_a_life_that_is_over_stay_on_their_way(world):
    k1, k2 = world.tills.values()
    k2.stock(5)
    k1.needs = {TEA: Need(3, 0.0)}
    world.settle(3)
    k2.back()
    k1.journal.raise_epoch(Epoch(1))
    k1.needs = {}
    before = in_flight(world)
    k2.record(RightsMoved("m1", "k1", Epoch(1), [StockLine(TEA.sku, Quantity(1))], world.clock.at))
    world.settle()
    assert in_flight(world) == before + 1
    assert "m1" in k2.view.standing().moves
    assert k1.account().moved_in == 0


def test_once_the_hub_has_it_what_was_given_to_a_life_that_is_over_is_said_no_more(world):
    k1, k2 = world.tills.values()
    k2.stock(5)
    k1.journal.raise_epoch(Epoch(1))
    world.settle()
    k2.record(RightsMoved("m1", "k1", Epoch(1), [StockLine(TEA.sku, Quantity(1))], world.clock.at))
    world.settle()
    (move,) = passages.open_moves(k2.journal.connection, 9)
    k2.held = {move.epoch: move.seq - 1}
    world.settle()
    assert "m1" in k2.view.standing().moves, "the hub does not hold it"
    k2.held = {move.epoch: move.seq}
    world.settle()
    assert k2.view.standing().moves == {}
    assert (k2.account().available, k1.account()) == (4, Account()), "nobody can know what the other life took"


def test_a_till_that_stopped_leaves_its_rights_to_the_one_that_goes_on(world):
    k1, k2 = world.tills.values()
    for till in (k1, k2):
        till.record(KioskStarted(version="1", epoch=Epoch(1)))
    k2.stock(9)
    world.settle(3)
    assert k1.account().available == 0
    k2.record(KioskStopping(reason="closed"))
    world.settle(4)
    assert (k1.account().moved_in, k2.account().available) == (9, 0)
    k1.record(KioskStopping(reason="closed"))
    world.settle(4)
    assert k1.account().available == 9, "nobody goes on: they stay"


def test_a_till_that_stopped_leaves_its_rights_to_the_hub_once_if_that_is_there(world):
    k1, k2 = world.tills.values()
    k1.record(KioskStarted(version="1", epoch=Epoch(1)))
    k2.stock(9)
    k2.linked = True
    k2.record(KioskStopping(reason="closed"))
    world.settle(4)
    assert (k2.account().released, k1.account().moved_in) == (9, 0)
    k2.stock(2)
    world.settle(4)
    assert len(k2.said(RightsReleased)) == 1, "what the hub gives back is not thrown at it for ever"


def test_a_till_that_is_not_heard_is_asked_for_nothing_and_its_rights_are_reckoned_with_for_a_while(world):
    k1, k2 = world.tills.values()
    k2.stock(5)
    world.settle(3)
    world.clock.go(PRESENT_S)
    k1.needs = DRY
    k1.back()
    assert k1.view.standing().asks == {}
    (told,) = k1.reader.neighbours(world.clock.stamp())
    assert (told.present, told.recent, told.holds) == (False, True, {TEA: 5})


# ------------------------------------------------------------------------------------------------------ what is refused


def fact(data, *, name="k2", epoch=1, lane=Lane.TILL, seq=1):
    source = LaneSource(address(name), Epoch(epoch), lane)
    return encode(data, source=source, seq=seq, prev=NO_DIGEST, stamp=Stamp(at=WorldClock().at))


def move(to="k1", to_epoch=1, **of):
    return fact(RightsMoved("m1", to, Epoch(to_epoch), [StockLine(TEA.sku, Quantity(1))], WorldClock().at), **of)


def accepted(giver="k1", **of):
    lines = [StockLine(TEA.sku, Quantity(1))]
    return fact(RightsAccepted("m1", giver, Epoch(1), lines, WorldClock().at), **of)


SITE = "popup/v1/north/market"
ASK = encode_lan(Ask("q1", Epoch(1), 0, [AskLine(TEA.sku, waiting=1)]))
HERE = encode_lan(Presence(online=True, epoch=Epoch(1), position=3))


@pytest.mark.parametrize(
    ("at", "payload"),
    [
        ("popup/v1/north/harbour/k2/lan/presence", HERE),
        (f"{SITE}/k2/lan/other", HERE),
        (f"{SITE}/k2/lan/move/k3", move()),
        (f"{SITE}/k2/status", HERE),
        ("no/topic", HERE),
        (f"{SITE}/k2/lan/presence", b"{}"),
        (f"{SITE}/k2/lan/presence", HERE + b" " * MAX_PRESENCE_BYTES),
        (f"{SITE}/k2/lan/presence", HERE.replace(b'"epoch":1', b'"epoch":1,"epoch":2')),
        (f"{SITE}/k2/lan/holds", b"[]"),
        (f"{SITE}/k2/lan/holds", b'{"epoch":1}' + b" " * MAX_HOLDS_BYTES),
        (f"{SITE}/k2/lan/ask/k1", b'{"ask":"q","epoch":1,"position":0,"lines":[]}'),
        (f"{SITE}/k2/lan/ask/k1", ASK.replace(b'"waiting":1', b'"waiting":-1')),
        (f"{SITE}/k2/lan/ask/k1", ASK + b" " * MAX_ASK_BYTES),
        (f"{SITE}/k2/lan/move/k1", b"\xff"),
        (f"{SITE}/k2/lan/move/k1", move(to="k3")),
        (f"{SITE}/k2/lan/move/k1", move(to_epoch=2)),
        (f"{SITE}/k3/lan/move/k1", move()),
        (f"{SITE}/k2/lan/move/k1", move(lane=Lane.SENSE)),
        (f"{SITE}/k2/lan/move/k1", accepted()),
        (f"{SITE}/k2/lan/accepted/k1", accepted(giver="k3")),
        (f"{SITE}/k2/lan/accepted/k1", move()),
    ],
)
def test_what_is_not_of_this_talk_is_refused_counted_and_changes_nothing(make_world, at, payload):
    world = make_world("k1")
    (k1,) = world.tills.values()
    k1.lan._receive(at, payload, live=True)
    assert k1.lan.fates == {"refused": 1}
    k1.back()
    assert (k1.said(object), k1.reader.neighbours(world.clock.stamp())) == ([], [])
    k1.turn()
    assert k1.reader.state()["lan_refused"] == "1"


def test_a_forged_acceptance_of_a_move_to_somebody_else_ends_nothing(world):
    (k1, _) = world.tills.values()
    k1.stock(3)
    k1.record(RightsMoved("m1", "k2", Epoch(2), [StockLine(TEA.sku, Quantity(1))], world.clock.at))
    k1.lan._receive(f"{SITE}/k2/lan/accepted/k1", accepted(), live=True)
    assert k1.lan.fates["refused"] == 1
    k1.back()
    assert "m1" in k1.view.standing().moves


def test_a_repeated_move_is_answered_again_and_booked_once(world):
    k1, k2 = world.tills.values()
    k2.stock(3)
    k2.record(RightsMoved("m1", "k1", Epoch(1), [StockLine(TEA.sku, Quantity(2))], world.clock.at))
    world.settle(4)
    world.between.clear()
    before = k1.lan.fates["answered"]
    (raw,) = k2.journal.connection.execute("SELECT bytes FROM facts WHERE type = 'rights.moved.v1'").fetchone()
    for _ in range(3):
        k1.lan._receive(f"{SITE}/k2/lan/move/k1", raw, live=True)
        k1.back()
        k1.turn()
    assert k1.account().moved_in == 2
    assert k1.lan.fates["answered"] == before + 3
    assert [to for to, message in world.between if "/lan/accepted/" in message.topic] == ["k2"] * 3


def test_more_tills_than_a_site_has_are_refused_and_one_that_left_makes_room(make_world):
    world = make_world("k1")
    (k1,) = world.tills.values()
    gone = encode_lan(Presence(online=False, epoch=Epoch(1), position=0))
    for number in range(32):
        k1.lan._receive(f"{SITE}/t{number}/lan/presence", gone if number == 7 else HERE, live=True)
    k1.lan._receive(f"{SITE}/t90/lan/presence", HERE, live=True)
    k1.lan._receive(f"{SITE}/t91/lan/presence", HERE, live=True)
    names = {one.kiosk for one in k1.reader.neighbours(world.clock.stamp())}
    assert (len(names), "t7" in names, "t90" in names, "t91" in names) == (32, False, True, False)
    assert k1.lan.fates["refused"] == 1
    k1.lan._receive(f"{SITE}/t90/lan/presence", b"", live=False)
    assert "t90" not in {one.kiosk for one in k1.reader.neighbours(world.clock.stamp())}


def test_a_till_that_went_keeps_what_it_told_last_and_what_the_broker_kept_vouches_for_nobody(make_world):
    world = make_world("k1")
    (k1,) = world.tills.values()
    k1.lan._receive(f"{SITE}/k2/lan/presence", HERE, live=True)
    will = encode_lan(Presence(online=False, epoch=Epoch(1), position=0))
    k1.lan._receive(f"{SITE}/k2/lan/presence", will, live=True)
    k1.lan._receive(f"{SITE}/k3/lan/presence", HERE, live=False)
    k2, k3 = k1.reader.neighbours(world.clock.stamp())
    assert (k2.present, k2.recent, k2.position) == (False, True, 3)
    assert (k3.present, k3.recent, k3.position) == (False, False, 3)


def test_a_bridge_that_ends_in_good_order_says_so(world):
    k1, k2 = world.tills.values()
    world.settle(2)
    ended = threading.Event()
    ended.set()
    k2.lan.run(ended)
    world.deliver(0)
    (told,) = k1.reader.neighbours(world.clock.stamp())
    assert (told.online, told.position) == (False, k2.journal.newest())


def test_messages_that_nobody_takes_in_are_bounded(make_world):
    world = make_world("k1")
    (k1,) = world.tills.values()
    for number in range(260):
        moved = RightsMoved(f"m{number}", "k1", Epoch(1), [StockLine(Sku("tea"), Quantity(1))], world.clock.at)
        k1.lan._receive(f"{SITE}/k2/lan/move/k1", fact(moved), live=True)
    assert k1.lan.fates == {"stored": 256, "refused": 4}
