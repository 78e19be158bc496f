"""The kiosk's own log takes effect once, whatever is repeated, reordered, restored or unreadable."""

from datetime import timedelta

import pytest
import rights_facts as facts
from facts_of_a_day import received, sale
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rights_facts import AT, down

from contract.codec import Stamp, decode, encode
from contract.down import ConfigChanged
from contract.down_rights import EpochClosed, ReservationConfirmed, ReservationRefused
from contract.envelope import NO_DIGEST, LogSource
from contract.registry import DOWN
from contract.rights import (
    MAX_TOTALS,
    Answer,
    PromiseTold,
    ReservationCancelled,
    ReservationHeld,
    RightsReleased,
    RightsReported,
)
from contract.stock import Account, StockKey
from contract.values import Address, Epoch, Seq, Sku
from kiosk.core.promises import State as Promised
from kiosk.core.reservations import State
from kiosk.core.rights import Need
from kiosk.journal import accounts, asked, promises, reservations
from kiosk.journal.own_log import OwnLog
from kiosk.journal.stock import account_of

TEA = StockKey(Sku("tea"))


@pytest.fixture
def own(journal):
    return OwnLog(journal)


def tell(own, *told, generation=1, first=1):
    """Apply facts as the bridge brings them; return whether each was the next one."""
    address = own._journal.address
    return [
        own.apply(generation, position, down(data, position, address=address, generation=generation), AT)
        for position, data in enumerate(told, first)
    ]


def said(journal, epoch=1):
    """Return the facts of an epoch with the position of the own log that each carries."""
    return [(fact.seen, fact.data) for fact in (decode(raw) for _, raw in journal.stored(Epoch(epoch)))]


def refusals(journal):
    return journal.connection.execute("SELECT generation, position, why FROM refused").fetchall()


def test_the_first_thing_said_in_a_generation_is_what_was_granted(journal, own):
    journal.record([received(2)])
    tell(own, facts.granted(5), facts.granted(7, "milk", settled=1))
    assert said(journal)[1:] == [(0, RightsReported(1, []))]
    assert account_of(journal, TEA) == Account(received=2, granted=5)
    tell(own, facts.granted(5), generation=3)
    assert said(journal)[2:] == [(0, RightsReported(3, [facts.total(7, "milk", settled=1), facts.total(5)]))]
    assert own.cursor() == (3, 1)
    journal.record([received(1)])
    assert said(journal)[-1][0] == 1, "what is recorded now says how far the log is applied"


def test_many_accounts_are_reported_in_several_facts(journal, own):
    for number in range(MAX_TOTALS + 1):
        accounts.write(journal.connection, StockKey(Sku(f"{number:05d}")), Account(granted=1))
    tell(own, facts.granted(1))
    reports = [data for _, data in said(journal)]
    assert [(len(one.totals), one.last) for one in reports] == [(MAX_TOTALS, False), (1, True)]


def test_grants_are_sums(journal, own):
    assert tell(own, facts.granted(5), facts.granted(3), facts.granted(5), facts.granted(8, settled=2)) == [True] * 4
    assert account_of(journal, TEA) == Account(granted=8, settled=2)


def test_rights_of_another_life_are_not_taken(journal, own):
    tell(own, facts.granted(5, epoch=2), facts.placed("r1", 2, 2, epoch=2))
    assert accounts.every(journal.connection) == []
    assert reservations.find(journal.connection, "r1") is None
    assert own.cursor() == (1, 2)


def test_a_recall_is_answered_once(journal, own):
    journal.record([received(5)])
    tell(own, facts.recall("c1", 3), facts.recall("c1", 3), facts.recall("c2", 9), facts.recall("c3", 1))
    assert said(journal)[2:] == [
        (1, facts.released(3, "c1")),
        (3, facts.released(2, "c2")),
        (4, RightsReleased([], AT, "c3")),
    ]
    tell(own, facts.recall("c2", 9), generation=2)
    assert len(said(journal)) == 6, "a hub that was restored asks again, and has its answer"
    assert account_of(journal, TEA).available == 0


def test_a_recall_leaves_what_shoppers_here_want(journal, own):
    journal.record([received(10), facts.held("r1", 2)])
    own.needs = {TEA: Need(waiting=3, per_h=0.0)}
    tell(own, facts.recall("c1", 10), facts.recall("c2", 9))
    assert [data.lines for _, data in said(journal)[3:]] == [[facts.line(5)], []]
    own.needs = {}
    tell(own, facts.recall("c3", 9, epoch=2), first=3)
    assert said(journal)[5:] == [(3, RightsReleased([], AT, "c3"))], "the rights of that life are not ours to give"


def test_goods_are_set_aside_once(journal, own):
    tell(own, facts.placed("r1", 2, 2), facts.placed("r1", 2, 2), facts.placed("r2", 3, 5))
    held = [
        (1, ReservationHeld("r1", "C-r1", [facts.line(2)], AT, facts.SOON, placed=True)),
        (3, ReservationHeld("r2", "C-r2", [facts.line(3)], AT, facts.SOON, placed=True)),
    ]
    assert said(journal)[1:] == held
    assert account_of(journal, TEA) == Account(granted=5, held=5)


def test_goods_are_set_aside_for_the_hub_while_an_overdraft_is_owed(journal, own):
    journal.record([sale("b1", amount=3)])
    tell(own, facts.placed("r1", 2, 2))
    assert account_of(journal, TEA) == Account(sold=3, overdraft=3, granted=2, held=2)


def test_what_an_earlier_life_set_aside_can_be_placed_with_the_new_one(journal, own):
    tell(own, facts.placed("r1", 2, 2), EpochClosed(Epoch(1), "lost"), facts.placed("r1", 3, 3, epoch=2))
    found = reservations.find(journal.connection, "r1")
    assert found
    assert (found.state, found.lines) == (State.HELD, (facts.line(3),))
    assert account_of(journal, TEA) == Account(granted=3, held=3)


def test_what_is_not_there_is_not_set_aside(journal, own, caplog):
    tell(own, facts.placed("r1", 2, 1), facts.granted(4))
    assert reservations.find(journal.connection, "r1") is None
    assert "reservation r1 needs 2 of tea, 1 there" in caplog.text
    assert account_of(journal, TEA) == Account(granted=4)


def test_goods_whose_time_is_over_on_arrival_are_set_aside_all_the_same(journal, own):
    tell(own, facts.placed("r1", 1, 1, until=AT - timedelta(hours=1)))
    assert state(journal, "r1") is State.HELD


def state(journal, name):
    found = reservations.find(journal.connection, name)
    return found and found.state


def test_a_confirmation_puts_the_end_off(journal, own):
    later = AT + timedelta(days=1)
    tell(own, facts.placed("r1", 1, 1), ReservationConfirmed("r1", later), ReservationConfirmed("r9", later))
    assert reservations.waits(journal.connection)["r1"].until == later
    assert len(said(journal)) == 2


def test_what_the_hub_no_longer_wants_is_cancelled_unless_it_ended(journal, own):
    tell(own, facts.placed("r1", 1, 1), facts.placed("r2", 1, 2))
    journal.record([facts.collected("r2", 1), sale("b1")])
    refused = [ReservationRefused(name, "sold out") for name in ("r1", "r2", "r1", "r9")]
    tell(own, *refused, first=3)
    assert said(journal)[5:] == [(3, ReservationCancelled("r1", [facts.line()], AT, "sold out"))]
    assert [state(journal, name) for name in ("r1", "r2")] == [State.CANCELLED, State.COLLECTED]


def test_an_answer_is_told_once_and_told_again_when_it_changes(journal, own):
    journal.record([facts.wanted("p1")])
    sorry = facts.resolved("p1", "We are sorry.", Answer.SORRY)
    tell(own, facts.resolved("p1"), facts.resolved("p1"), sorry)
    assert said(journal)[2:] == [
        (1, PromiseTold("p1", Answer.CONFIRMED, AT, [facts.line()], None, "C-7")),
        (3, PromiseTold("p1", Answer.SORRY, AT, [], None, "C-7")),
    ]
    found = promises.find(journal.connection, "p1")
    assert found
    assert (found.state, found.request, found.answer) == (Promised.TOLD, facts.wanted("p1"), sorry)
    assert [one.id for one in promises.told(journal.connection)] == ["p1"]
    assert promises.pending(journal.connection) == []


def test_an_answer_to_what_a_lost_card_asked_is_told(journal, own):
    tell(own, facts.resolved("p1"))
    found = promises.find(journal.connection, "p1")
    assert found
    assert (found.state, found.request, found.answer) == (Promised.TOLD, None, facts.resolved("p1"))
    assert len(said(journal)) == 2


def test_a_grant_answers_a_request(journal, own):
    journal.record([facts.requested("q1", 5)])
    tell(own, facts.granted(3), facts.granted(3))
    assert asked.open_requests(journal.connection)[TEA].granted == 3
    tell(own, facts.granted(5), first=3)
    assert asked.open_requests(journal.connection) == {}


def test_a_closed_life_ends_with_its_rights(journal, own):
    journal.record([received(4), facts.held("r1", 2), facts.requested("q1", 9)])
    tell(own, facts.granted(3), EpochClosed(Epoch(1), "lost"))
    assert journal.follow_epoch() == 2
    assert said(journal, 2) == [(2, RightsReported(1, []))], "the new life says at once that nothing was granted to it"
    tell(own, EpochClosed(Epoch(1), "lost"), facts.granted(2, epoch=2), first=3)
    assert (journal.follow_epoch(), journal.newest()) == (2, 1)
    assert account_of(journal, TEA) == Account(granted=2)
    assert (state(journal, "r1"), asked.open_requests(journal.connection)) == (State.PAST, {})
    assert "the hub closed" in journal.why_epoch()


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"{", "truncated"),
        (b"\xff" * 40, "malformed"),
        (down(facts.granted(1), 2, address=Address("north", "market", "k7")), "number 2 of"),
        (down(facts.granted(1), 1, address=Address("north", "market", "k8")), "market/k8"),
        (down(facts.granted(1), 1, address=Address("south", "market", "k7")), "/regions/south"),
        (down(facts.granted(1), 1, address=Address("north", "market", "k7"), generation=2), "number 1 of"),
        (
            encode(
                ConfigChanged(),
                source=LogSource("north", "market/k7", 1),
                seq=Seq(1),
                prev=NO_DIGEST,
                stamp=Stamp(at=AT),
                registry=DOWN,
            ),
            "not for one kiosk",
        ),
    ],
    ids="cut bytes number kiosk region generation type".split(),
)
def test_what_cannot_be_read_is_set_aside_and_blocks_nothing(journal, own, raw, why):
    assert own.apply(1, 1, raw, AT)
    assert [(generation, position) for generation, position, _ in refusals(journal)] == [(1, 1)]
    assert why in refusals(journal)[0][2].lower()
    assert tell(own, facts.granted(4), first=2) == [True]
    assert account_of(journal, TEA).granted == 4


def test_what_is_missing_is_waited_for(journal, own):
    assert tell(own, facts.granted(9), first=2) == [False]
    assert tell(own, facts.granted(4)) == [True]
    assert tell(own, facts.granted(9), first=3) == [False]
    assert tell(own, facts.granted(9), first=2, generation=2) == [False]
    assert (own.cursor(), account_of(journal, TEA).granted) == ((1, 1), 4)


def test_an_older_generation_is_over(journal, own):
    tell(own, facts.granted(4), generation=2)
    assert tell(own, facts.granted(9), facts.granted(9), generation=1) == [False, False]
    assert tell(own, facts.granted(9), first=2, generation=1) == [False]
    assert (own.cursor(), account_of(journal, TEA).granted) == ((2, 1), 4)


LOG = [
    facts.granted(6),
    facts.placed("r1", 2, 8),
    facts.recall("c1", 3),
    facts.granted(9),
    facts.resolved("p1"),
    ReservationRefused("r1", "gone"),
    facts.recall("c2", 2, urgent=False),
    facts.granted(4, "milk"),
    facts.placed("r2", 1, 10),
    facts.recall("c3", 99),
]


def outcome(journal):
    """Return all that there is to know of rights, and the facts that were recorded, in order."""
    tables = ("accounts", "reservation_lines", "refused")
    kept = {name: journal.connection.execute(f"SELECT * FROM {name} ORDER BY 1, 2").fetchall() for name in tables}  # noqa: S608
    held = reservations.in_state(journal.connection, *State)
    told = promises.told(journal.connection)
    return kept, held, told, [data for _, data in said(journal) if not isinstance(data, RightsReported)]


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], max_examples=25, deadline=None)
@given(st.lists(st.tuples(st.integers(1, 2), st.integers(1, len(LOG))), max_size=60))
def test_repeats_and_reordering_change_nothing(open_journal, tmp_path_factory, tries):
    """Generation 2 says all again, as that of a restored hub does; however much of 1 was applied before."""

    def run(places):
        journal = open_journal(tmp_path_factory.mktemp("life"))
        own = OwnLog(journal)
        journal.record([received(5), facts.wanted("p1")])
        for generation, position in [*places, *((2, position) for position in range(1, len(LOG) + 1))]:
            tell(own, LOG[position - 1], first=position, generation=generation)
        found = outcome(journal)
        journal.close()
        return found

    once = run([])
    assert [one.recall for one in once[3] if isinstance(one, RightsReleased)] == ["c1", "c2", "c3"]
    assert run(tries) == once
    assert run([(1, position) for position in range(1, 1 + len(tries) % len(LOG))]) == once


@pytest.mark.parametrize("end", [reservations.hand_over_past, reservations.put_back_past])
def test_goods_of_an_earlier_life_that_lie_aside_no_more_are_told_to_the_hub(journal, own, end):
    tell(own, facts.placed("r1", 2, 2), EpochClosed(Epoch(1), "lost"))
    with journal.writing() as writing:
        assert end(writing.connection, "r1", AT)
        assert not end(writing.connection, "r1", AT)
    tell(own, facts.placed("r1", 2, 2, epoch=2), first=3)
    assert [type(data) for _, data in said(journal, 2)][-2:] == [ReservationHeld, ReservationCancelled]
    assert account_of(journal, TEA) == Account(granted=2)
    tell(own, facts.placed("r1", 2, 2, epoch=2), first=4)
    assert len(said(journal, 2)) == 3
