"""The backroom looks after rights: the own log from link.db, holds whose time is over, requests in good time."""

import shutil
import subprocess
from contextlib import closing
from datetime import timedelta

import pytest
import rights_facts as facts
from facts_of_a_day import received, sale
from msgspec.structs import replace
from rights_facts import AT, down
from till_terminal import KIOSK, stock_desk

from contract.codec import Stamp, decode
from contract.facts import Origin
from contract.rights import ReservationHeld, ReservationLapsed, RightsReleased, RightsReported, RightsRequested, Urgency
from contract.stock import Account, StockKey
from contract.values import Address, Currency, Epoch, Lane, Sku
from kiosk.backroom.apply import Backroom
from kiosk.backroom.rights import EVERY_S, RightsRoom
from kiosk.core.lapsing import NOTE_EVERY_S
from kiosk.core.reservations import State
from kiosk.core.rights import PATIENCE_S, RETRY_S
from kiosk.journal import reservations
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader, LinkStore
from kiosk.journal.schema import TILL
from kiosk.journal.stock import account_of

ADDRESS = Address("north", "market", "k7")
TEA = StockKey(Sku("tea"))
LOG = "market/k7"


class Clock:
    """A clock that a test moves: the wall and the time since boot."""

    def __init__(self):
        self.at, self.mono_s, self.boot, self.sure = AT, 1.0, "a", True

    def stamp(self):
        trust = "trusted" if self.sure else "untrusted"
        return Stamp(at=self.at, clock=trust, boot=self.boot, mono_ns=int(self.mono_s * 1e9))

    def go(self, seconds):
        self.at += timedelta(seconds=seconds)
        self.mono_s += seconds


class Kiosk:
    """A kiosk's files, its clock and its backroom."""

    def __init__(self, folder):
        self.folder = folder
        self.clock = Clock()
        self.linked = True
        self.ids = 0
        self.journal = Journal(folder / "till.db", TILL, address=ADDRESS, lane=Lane.TILL, clock=self.clock)
        self.store = LinkStore(folder / "link.db")
        self.told = []
        self.start()

    def start(self):
        """Begin the backroom anew."""
        link = LinkReader(self.folder / "link.db")
        self.room = RightsRoom(self.journal, self.clock, link, new_id=self.new_id, linked=lambda: self.linked)

    def new_id(self):
        self.ids += 1
        return f"q{self.ids}"

    def tell(self, *told, generation=1):
        """Store what the hub says next, as the bridge does."""
        first = sum(1 for known, _ in self.told if known == generation) + 1
        raws = tuple(
            down(data, position, address=ADDRESS, generation=generation) for position, data in enumerate(told, first)
        )
        self.store.accept(LOG, generation, first, raws)
        self.told += [(generation, raw) for raw in raws]

    def step(self, after_s=EVERY_S):
        """Let so much time pass, then let the backroom do what is due."""
        self.clock.go(after_s)
        return self.room.step()

    def said(self, kind=object):
        facts_ = [decode(raw).data for epoch in self.journal.epochs() for _, raw in self.journal.stored(epoch)]
        return [data for data in facts_ if isinstance(data, kind)]


@pytest.fixture
def kiosk(tmp_path):
    made = Kiosk(tmp_path)
    yield made
    made.store.close()
    made.journal.close()


def test_what_came_down_is_applied_in_order_and_once(kiosk):
    kiosk.tell(facts.granted(4), facts.placed("r1", 2, 6), *(facts.granted(6 + n) for n in range(100)))
    assert [kiosk.step(), kiosk.step(), kiosk.step()] == [64, 38, 0]
    assert account_of(kiosk.journal, TEA) == Account(granted=105, held=2)
    kiosk.start()
    assert kiosk.step() == 0


def test_a_link_db_that_was_restored_or_lost_changes_nothing(kiosk):
    kiosk.tell(facts.granted(4), facts.recall("c1", 1))
    kiosk.step()
    kiosk.store.close()
    shutil.copyfile(kiosk.folder / "link.db", kiosk.folder / "backup.db")
    kiosk.store = LinkStore(kiosk.folder / "link.db")
    kiosk.tell(facts.granted(9))
    kiosk.step()
    before = kiosk.said()
    for suffix in ("", "-wal", "-shm"):
        (kiosk.folder / f"link.db{suffix}").unlink(missing_ok=True)
    for back in (shutil.copyfile, lambda *_: None):
        kiosk.store.close()
        (kiosk.folder / "link.db").unlink(missing_ok=True)
        back(kiosk.folder / "backup.db", kiosk.folder / "link.db")
        kiosk.store = LinkStore(kiosk.folder / "link.db")
        kiosk.start()
        assert kiosk.step() == 0
    kiosk.store.accept(LOG, 1, 1, tuple(raw for _, raw in kiosk.told))  # the hub says all of it again
    kiosk.tell(facts.granted(11))
    assert kiosk.step() == 1
    assert kiosk.said() == before
    assert account_of(kiosk.journal, TEA) == Account(granted=11, released=1)


def test_a_new_generation_follows_the_old(kiosk):
    kiosk.tell(facts.granted(4))
    kiosk.tell(facts.granted(3), facts.granted(5), generation=2)
    assert kiosk.step() == 3
    assert [one.totals for one in kiosk.said(RightsReported)] == [[], [facts.total(4)]]
    assert account_of(kiosk.journal, TEA).granted == 5


def test_a_life_that_begins_reports_although_nothing_comes(kiosk):
    kiosk.tell(facts.granted(4))
    kiosk.step()
    kiosk.journal.raise_epoch(Epoch(1))
    kiosk.step()
    assert [decode(raw).data for _, raw in kiosk.journal.stored(Epoch(2))] == [RightsReported(1, [])]


def test_goods_lapse_when_their_time_is_over(kiosk):
    kiosk.journal.record([received(3), facts.held("r1", 1, until=AT + timedelta(minutes=5))])
    kiosk.tell(facts.placed("r2", 1, 1, until=AT + timedelta(minutes=10)))
    kiosk.step(290)
    assert kiosk.said(ReservationLapsed) == []
    kiosk.step(10)
    assert [(one.reservation, one.lines) for one in kiosk.said(ReservationLapsed)] == [("r1", [facts.line()])]
    kiosk.step(300)
    kiosk.step()
    assert [one.reservation for one in kiosk.said(ReservationLapsed)] == ["r1", "r2"]
    assert account_of(kiosk.journal, TEA).held == 0


def test_goods_that_were_collected_or_are_of_an_earlier_life_do_not_lapse(kiosk):
    kiosk.journal.record([received(3), facts.held("r1", 1), facts.held("r2", 1), facts.collected("r1", 1), sale("b")])
    kiosk.journal.raise_epoch(Epoch(1))
    kiosk.step(3 * 3600)
    assert kiosk.said(ReservationLapsed) == []


def test_without_a_clock_to_trust_running_time_is_noted_and_counted(kiosk):
    kiosk.clock.sure = False
    kiosk.journal.record([received(3), facts.held("r1", 1, until=AT + timedelta(hours=1))])
    for boot in ("a", "b", "c"):
        kiosk.clock.boot, kiosk.clock.mono_s = boot, 1.0
        kiosk.clock.at += timedelta(days=9)  # off, or wrong
        kiosk.start()
        assert kiosk.said(ReservationLapsed) == []
        for after_s in (EVERY_S, NOTE_EVERY_S + 10, NOTE_EVERY_S + 10):
            kiosk.step(after_s)
    found = reservations.find(kiosk.journal.connection, "r1")
    assert found
    assert found.state is State.LAPSED, "after three boots of twenty minutes"


def test_it_asks_before_goods_run_out_and_not_again_at_once(kiosk):
    kiosk.journal.record([received(40)])
    kiosk.step()
    assert kiosk.said(RightsRequested) == []
    kiosk.journal.record([sale(f"b{n}", amount=5) for n in range(6)])
    kiosk.step()
    (asked,) = kiosk.said(RightsRequested)
    assert (asked.request, asked.why, [one.sku for one in asked.lines]) == ("q1", Urgency.LOW, ["tea"])
    kiosk.start()
    kiosk.step()
    kiosk.step(RETRY_S - 2 * EVERY_S - 1)
    assert len(kiosk.said(RightsRequested)) == 1
    kiosk.step(EVERY_S + 1)
    assert [one.request for one in kiosk.said(RightsRequested)] == ["q1", "q2"]
    kiosk.step(RETRY_S + EVERY_S)
    assert len(kiosk.said(RightsRequested)) == 2, "the second wait is twice as long"
    kiosk.tell(facts.granted(500))
    kiosk.step(3600)
    assert len(kiosk.said(RightsRequested)) == 2


def test_a_sale_from_a_history_is_no_demand(kiosk):
    kiosk.journal.record([replace(sale("b1", amount=9), origin=Origin.REPLAY)])
    kiosk.step()
    assert kiosk.said(RightsRequested) == []


def test_what_left_beyond_the_rights_is_demand_once(kiosk):
    kiosk.journal.record([received(4), sale("b1", amount=9)])
    once = kiosk.room.needs()[TEA].per_h
    kiosk.journal.record([facts.requested("w1", 5)])
    kiosk.start()
    assert kiosk.room.needs()[TEA].per_h == pytest.approx(once)
    kiosk.journal.record([facts.requested("w2", 5)])
    kiosk.step()
    assert kiosk.room.needs()[TEA].per_h > once, "nobody got that"


def test_it_asks_for_nothing_while_the_link_is_away(kiosk):
    kiosk.linked = False
    kiosk.journal.record([sale("b1", amount=9)])
    kiosk.step(RETRY_S)
    assert kiosk.said(RightsRequested) == []
    kiosk.linked = True
    kiosk.step()
    assert len(kiosk.said(RightsRequested)) == 1


def test_what_a_shopper_waits_for_is_kept_back_and_is_demand(kiosk):
    kiosk.journal.record([facts.requested("w1", 4)])
    kiosk.step(RETRY_S)
    assert [one.request for one in kiosk.said(RightsRequested)] == ["w1"], "the till has asked"
    kiosk.tell(facts.granted(3), facts.recall("c1", 3))
    kiosk.step()
    assert kiosk.said(RightsReleased)[0].lines == [], "all there is, is for the one who waits"
    kiosk.step(600)
    assert [one.why for one in kiosk.said(RightsRequested)] == [Urgency.ASKED, Urgency.LOW], "others may want some too"
    kiosk.tell(facts.recall("c2", 9))
    kiosk.step()
    assert kiosk.said(RightsReleased)[1].lines == [facts.line(3)], "nobody waits so long"


def test_one_mistyped_hold_is_no_demand_to_speak_of(kiosk):
    kiosk.journal.record([received(3), facts.requested("w1", 97)])
    kiosk.step(RETRY_S)
    kiosk.journal.record([facts.requested("w2", 97)])
    kiosk.step(RETRY_S + PATIENCE_S)
    assert kiosk.room.needs()[TEA].waiting == 0
    (ahead,) = kiosk.said(RightsRequested)[2:]
    assert ahead.lines[0].quantity.amount < 20, "nobody asked for a hundred but once"


def test_demand_is_learned_again_and_goes_on_in_a_new_life(kiosk):
    kiosk.journal.record([received(9), sale("b1", amount=5), sale("b2", amount=4)])
    kiosk.linked = False
    kiosk.step()
    kiosk.journal.raise_epoch(Epoch(1))
    kiosk.journal.record([sale("b3", amount=3)])
    kiosk.linked = True
    kiosk.step()
    (asked,) = kiosk.said(RightsRequested)
    more = asked.lines[0].quantity.amount
    kiosk.start()
    kiosk.step(RETRY_S + EVERY_S)
    assert more > kiosk.said(RightsRequested)[1].lines[0].quantity.amount, "one that begins anew knows this life only"


def test_the_catalogue_leaves_the_own_log_alone(kiosk):
    kiosk.tell(facts.granted(4))
    with closing(Backroom(kiosk.folder, Currency("EUR"))) as room:
        assert room.step() == 0
    assert kiosk.step() == 1


def test_the_command_does_all_of_it(tmp_path):
    desk = stock_desk(tmp_path)
    address = desk.address
    desk.record([received(3)])
    desk.close()
    place = facts.placed("r1", 2, 6, until=AT + timedelta(days=9999))
    raws = tuple(down(data, n, address=address) for n, data in enumerate([facts.granted(4), place], 1))
    with closing(LinkStore(tmp_path / "link.db")) as store:
        store.accept(f"{address.site}/{address.kiosk}", 1, 1, raws)
    subprocess.run([KIOSK, "--data", tmp_path, "backroom", "--once"], check=True, timeout=60, capture_output=True)
    desk = stock_desk(tmp_path)
    assert account_of(desk.journal, TEA) == Account(received=3, granted=6, held=2)
    said = [decode(raw).data for _, raw in desk.journal.stored(Epoch(1))]
    assert [one.reservation for one in said if isinstance(one, ReservationHeld)] == ["r1"]
    desk.close()
