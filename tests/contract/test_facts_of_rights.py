"""What a fact of goods, rights or promises refuses about itself: what has no meaning, or two."""

from datetime import timedelta

import contract_strategies as some
import pytest
from contract_strategies_rights import lines, promises
from hypothesis import assume, given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.codec import decode, decode_down
from contract.down_rights import (
    DeliveryAdvised,
    PromiseResolved,
    RecallRequested,
    Remedy,
    ReservationPlaced,
    RightsGranted,
)
from contract.errors import Malformed
from contract.facts import StockLine
from contract.goods import GoneLine, ShelfCounted, ShelfLine, StockWasted, TillPosition, TransferReceived, TransferSent
from contract.registry import UP
from contract.rights import (
    Answer,
    GrantTotal,
    OverdraftBooked,
    PromiseTold,
    ReservationCancelled,
    ReservationCollected,
    ReservationHeld,
    ReservationLapsed,
    ReservationRequested,
    RightsAccepted,
    RightsMoved,
    RightsReleased,
    RightsReported,
    RightsRequested,
)
from contract.samples import down_facts, up_facts
from contract.values import Condition, Epoch, KioskId, Money, Quantity, Seq, Sku, Unit

SAMPLES = up_facts() | down_facts()
TEA, OLIVES = Sku("TEA"), Sku("OLIVES")
TWICE = [StockLine(TEA, Quantity(1)), StockLine(OLIVES, Quantity(1)), StockLine(TEA, Quantity(2))]
APART = [
    StockLine(TEA, Quantity(1)),
    StockLine(TEA, Quantity(1), Condition.DAMAGED),
    StockLine(TEA, Quantity(1, Unit.GRAM)),
    StockLine(OLIVES, Quantity(1)),
]


def told(name):
    """Return what the sample of that type says."""
    return (decode if name in UP.types else decode_down)(SAMPLES[name]).data


LINED = [
    *(RightsRequested, RightsReleased, RightsMoved, RightsAccepted, ReservationHeld, ReservationCollected),
    *(ReservationLapsed, ReservationCancelled, ReservationRequested, PromiseTold, TransferReceived),
    *(RecallRequested, ReservationPlaced, PromiseResolved, DeliveryAdvised),
]
TOTALLED = [RightsReported, RightsGranted, ReservationPlaced]
DATA = {type(told(name)): told(name) for name in SAMPLES}


@pytest.mark.parametrize(
    ("name", "old", "new", "what"),
    [
        ("stock.wasted.v1", b'"amount":120', b'"amount":0', "not positive"),
        ("stock.wasted.v1", b'"overdraft":0},', b'"overdraft":121},', "overdraft is more"),
        ("stock.wasted.v1", b'"wasted_at":"2026', b'"wasted_at":"', "RFC3339"),
        ("transfer.sent.v1", b'"overdraft":0', b'"overdraft":7', "overdraft is more"),
        ("transfer.sent.v1", b'"to":"river-pier"', b'"to":"River Pier"', "regex"),
        ("transfer.sent.v1", b'"sent_at":"2026-03-14T09:45:00Z"', b'"sent_at":"2026-03-14T09:45:00"', "timezone"),
        ("transfer.received.v1", b'"origin":"river-pier"', b'"origin":""', "regex"),
        ("transfer.received.v1", b'"amount":2000', b'"amount":0', "not positive"),
        ("stock.counted.v2", b'"amount":14', b'"amount":-1', ">= 0"),
        ("stock.counted.v2", b'"covers":9', b'"covers":-1', ">= 0"),
        ("stock.counted.v2", b'"position":112', b'"position":9007199254740992', "<="),
        ("rights.requested.v1", b'"why":"low"', b'"why":"soon"', "Invalid enum"),
        ("rights.requested.v1", b'f3f0007"', b'f3f0007\\n"', "regex"),
        ("rights.moved.v1", b'"to_epoch":3', b'"to_epoch":0', ">= 1"),
        ("rights.accepted.v1", b'"giver":"k2"', b'"giver":"-"', "regex"),
        ("rights.reported.v1", b'"generation":2', b'"generation":0', ">= 1"),
        ("rights.reported.v1", b'"total":12,', b'"total":-12,', ">= 0"),
        ("rights.reported.v1", b'"settled":150', b'"settled":-1', ">= 0"),
        ("overdraft.booked.v1", b'"approved_by":"manager-7"', b'"approved_by":""', "approved_by is empty"),
        ("reservation.held.v1", b'"code":"4F7K-2"', b'"code":""', "code is empty"),
        ("reservation.held.v1", b'"until":"2026', b'"until":"2025', "until is before held_at"),
        ("reservation.held.v1", b'"amount":3', b'"amount":0', "not positive"),
        ("reservation.collected.v1", b'"basket":"k1-1-b4"', b'"basket":""', "regex"),
        ("reservation.requested.v1", b'"collect_by":"2026', b'"collect_by":"2025', "collect_by is before"),
        ("reservation.requested.v1", b'"paid_minor":13500', b'"paid_minor":-1', ">= 0"),
        ("promise.told.v1", b'"answer":"elsewhere"', b'"answer":"sorry"', "none with sorry"),
        ("promise.told.v1", b'"site":"river-pier"', b'"site":null', "elsewhere needs a site"),
        (
            "reservation.placed.v1",
            b'[{"sku":"TEA-GREEN-100","total":14,"condition":"sellable","unit":"pc","settled":0}]',
            b"[]",
            "length",
        ),
        ("rights.granted.v1", b'"total":12', b'"total":9007199254740992', "<="),
        ("reservation.placed.v1", b'"code":"7HRD-8"', b'"code":""', "code is empty"),
        ("reservation.placed.v1", b'"until":"2026-03-14T17:40:00Z"', b'"until":"9999-12-31T23:59:59-01:00"', "UTC"),
        ("promise.resolved.v1", b'"answer":"elsewhere"', b'"answer":"sorry"', "none with sorry"),
        ("promise.resolved.v1", b'"site":"river-pier"', b'"site":null', "elsewhere needs a site"),
        ("promise.resolved.v1", b'"until":"2026', b'"until":"2025', "until is before ready_at"),
        (
            "promise.resolved.v1",
            b'"ready_at":"2026-03-14T10:40:00Z"',
            b'"ready_at":"9999-12-31T23:59:59-01:00"',
            "UTC",
        ),
        ("promise.resolved.v1", b'"remedy":"voucher"', b'"remedy":"none"', "has an amount"),
        ("promise.resolved.v1", b'"amount_minor":500', b'"amount_minor":0', "has an amount"),
        ("promise.resolved.v1", b'"amount_minor":500', b'"amount_minor":null', "has an amount"),
        ("promise.resolved.v1", b'"currency":"EUR"', b'"currency":null', "needs its currency"),
        ("promise.resolved.v1", b'"message":"Ihre', b'"message":"\\u0007Ihre', "regex"),
        ("epoch.closed.v1", b'"epoch":1', b'"epoch":0', ">= 1"),
    ],
)
def test_a_fact_that_has_no_meaning_is_refused_saying_what(name, old, new, what):
    raw = SAMPLES[name]
    assert raw.count(old) == 1, "the sample changed: choose another place"
    with pytest.raises(Malformed) as refusal:
        (decode if name in UP.types else decode_down)(raw.replace(old, new))
    assert what in refusal.value.what
    assert refusal.value.where.startswith("$.data")


@pytest.mark.parametrize("struct", LINED, ids=lambda struct: struct.__name__)
def test_an_account_is_named_once_where_lines_are_referred_to(struct):
    assert replace(DATA[struct], lines=APART).lines == APART
    with pytest.raises(ValueError, match="an account is named twice"):
        replace(DATA[struct], lines=TWICE)


@pytest.mark.parametrize("struct", TOTALLED, ids=lambda struct: struct.__name__)
def test_an_account_has_one_total(struct):
    apart = [GrantTotal(line.sku, 5, line.condition, line.quantity.unit) for line in APART]
    assert replace(DATA[struct], totals=apart).totals == apart
    with pytest.raises(ValueError, match="an account is named twice"):
        replace(DATA[struct], totals=[*apart, GrantTotal(TEA, 6)])


def test_goods_that_left_for_another_site_name_each_account_once():
    once = [GoneLine(line.sku, line.quantity, line.condition) for line in APART]
    assert replace(DATA[TransferSent], lines=once).lines == once
    with pytest.raises(ValueError, match="an account is named twice"):
        replace(DATA[TransferSent], lines=[*once, GoneLine(TEA, Quantity(2))])


def test_what_is_only_added_up_may_name_an_account_twice():
    assert replace(DATA[OverdraftBooked], lines=TWICE).lines == TWICE
    gone = [GoneLine(TEA, Quantity(1)), GoneLine(TEA, Quantity(2), overdraft=2)]
    assert replace(DATA[StockWasted], lines=gone).lines == gone


def test_a_count_restates_so_it_names_each_account_and_each_till_once():
    apart = [ShelfLine(line.sku, line.quantity, line.condition) for line in APART]
    assert replace(DATA[ShelfCounted], lines=apart).lines == apart
    with pytest.raises(ValueError, match="an account is named twice"):
        replace(DATA[ShelfCounted], lines=[*apart, ShelfLine(TEA, Quantity(0))])
    with pytest.raises(ValueError, match="a till is named twice"):
        replace(DATA[ShelfCounted], others=[TillPosition(KioskId("k2"), Epoch(n), Seq(n)) for n in (1, 2)])


@given(some.instants, some.instants, st.booleans())
def test_a_hold_ends_after_it_begins_unless_the_hub_placed_it_and_it_came_late(held_at, until, placed):
    hold = DATA[ReservationHeld]
    if placed or held_at <= until:
        assert replace(hold, held_at=held_at, until=until, placed=placed).until == until
    else:
        with pytest.raises(ValueError, match="until is before held_at"):
            replace(hold, held_at=held_at, until=until, placed=placed)


@given(promises(), some.instants)
def test_goods_are_not_wanted_before_they_are_asked_for(promise, wanted):
    if wanted >= promise.requested_at:
        assert replace(promise, collect_by=wanted).collect_by == wanted
    else:
        with pytest.raises(ValueError, match="collect_by is before requested_at"):
            replace(promise, collect_by=wanted)
    assert replace(promise, collect_by=None).collect_by is None


@given(st.sampled_from(Answer), lines, st.booleans())
def test_goods_go_with_every_answer_but_sorry(answer, promised, given_any):
    offered = promised if given_any else []
    for whole in (DATA[PromiseTold], DATA[PromiseResolved]):
        if (answer is not Answer.SORRY) == given_any:
            assert replace(whole, answer=answer, lines=offered).lines == offered
        else:
            with pytest.raises(ValueError, match="none with sorry"):
                replace(whole, answer=answer, lines=offered)


@pytest.mark.parametrize("answer", [answer for answer in Answer if answer is not Answer.SORRY])
def test_only_elsewhere_has_to_say_where(answer):
    for whole in (DATA[PromiseTold], DATA[PromiseResolved]):
        if answer is Answer.ELSEWHERE:
            with pytest.raises(ValueError, match="needs a site"):
                replace(whole, answer=answer, site=None)
        else:
            assert replace(whole, answer=answer, site=None).site is None


@given(st.sampled_from(Remedy), st.none() | st.integers(0, 3).map(Money))
def test_a_remedy_has_an_amount_and_what_is_none_has_none(remedy, amount):
    resolved = DATA[PromiseResolved]
    if (remedy is Remedy.NONE) == (not amount):
        assert replace(resolved, remedy=remedy, amount_minor=amount).amount_minor == amount
    else:
        with pytest.raises(ValueError, match="has an amount"):
            replace(resolved, remedy=remedy, amount_minor=amount)


@given(some.instants, some.instants)
def test_what_is_promised_is_ready_before_its_time_is_over(ready_at, until):
    resolved = DATA[PromiseResolved]
    assert replace(resolved, ready_at=None, until=until).until == until
    assert replace(resolved, ready_at=ready_at, until=None).ready_at == ready_at
    assume(ready_at != until)
    early, late = sorted([ready_at, until])
    assert replace(resolved, ready_at=early, until=late).until == late
    with pytest.raises(ValueError, match="until is before ready_at"):
        replace(resolved, ready_at=late, until=early)


@given(lines)
def test_nothing_is_released_only_as_the_answer_to_a_recall(given_back):
    released = DATA[RightsReleased]
    assert replace(released, lines=[]).lines == []
    assert replace(released, lines=given_back, recall=None).lines == given_back
    with pytest.raises(ValueError, match="nothing is released"):
        replace(released, lines=[], recall=None)


def test_a_hold_that_the_hub_placed_may_be_over_when_it_arrives():
    late = some.EXAMPLE_AT + timedelta(days=2)
    assert replace(DATA[ReservationHeld], held_at=late, until=some.EXAMPLE_AT, placed=True).placed


def test_a_delivery_has_a_number_and_names_each_account_once():
    advised = DATA[DeliveryAdvised]
    assert replace(advised, lines=APART).lines == APART
    assert replace(advised, expected_on=None).expected_on is None
    with pytest.raises(ValueError, match="an account is named twice"):
        replace(advised, lines=TWICE)
    with pytest.raises(ValueError, match="advice is empty"):
        replace(advised, advice="")
