"""A till whose card was put back to before it gave rights away learns it at the site's broker, and promises nothing."""

import pytest
from lan_world import TEA, World, WorldClock, make_template

from contract.facts import StockLine
from contract.lan import Acceptance, Holds, Mark, Presence, decode_mark
from contract.rights import RightsAccepted
from contract.stock import Account
from contract.values import MAX_EPOCH_LEAP, Epoch, KioskId, Lane, Quantity, Seq
from kiosk.core.rights import Need
from kiosk.journal.errors import StorageFailed
from mqtt_bridge.lan_marks import LISTEN_S, Marks
from mqtt_bridge.lan_ports import Moving, Standing
from mqtt_bridge.lan_session import PRESENCE_MIN_S, LanSession

NAMES = ("k1", "k2")
MARK = "popup/v1/north/market/k2/lan/mark"


@pytest.fixture(scope="module")
def template(tmp_path_factory):
    return make_template(tmp_path_factory.mktemp("template"), NAMES)


@pytest.fixture
def world(template, tmp_path):
    made = World(tmp_path, template)
    for name in NAMES:
        made.add(name)
    yield made
    made.close()


def give(world):
    """Let k2 give its six to k1; return its card from before."""
    k1, k2 = world.tills.values()
    k2.stock(6)
    world.settle(3)
    card = k2.save()
    k1.needs = {TEA: Need(6, 0.0)}
    world.settle(4)
    assert (k1.account().available, k2.account().available) == (6, 0)
    k1.needs = {}
    return card


def strayed(till):
    return till.link.heard(Lane.TILL).strayed


def test_a_card_put_back_to_before_a_move_finds_its_mark_and_goes_on_with_nothing(world):
    card = give(world)
    _, k2 = world.tills.values()
    kept = world.kept[MARK]
    k2.put_back(card)
    assert k2.account().available == 6, "so far nobody can know"
    k2.connect()
    k2.hear_kept()
    assert strayed(k2) == 1
    world.settle(3)
    assert world.kept[MARK] == kept, "the proof stays until the next life has a fact"
    k2.journal.before_record()  # as each process does before it records
    assert (k2.journal.epoch, k2.account()) == (2, Account())
    k2.stock(1)
    world.settle(3)
    assert decode_mark(world.kept[MARK]).epoch == 2


def test_without_a_mark_the_acceptance_of_a_move_that_was_never_made_is_proof(world):
    card = give(world)
    k1, k2 = world.tills.values()
    k2.put_back(card)
    world.kept.clear()
    k2.connect()
    (raw,) = k1.journal.connection.execute("SELECT bytes FROM facts WHERE type = 'rights.accepted.v1'").fetchone()
    k2.lan._receive("popup/v1/north/market/k1/lan/accepted/k2", raw, live=True)
    k2.turn()
    assert strayed(k2) == 1


def test_a_till_that_lost_nothing_goes_on_and_hears_its_acceptances_twice_unmoved(world):
    give(world)
    k1, k2 = world.tills.values()
    (raw,) = k1.journal.connection.execute("SELECT bytes FROM facts WHERE type = 'rights.accepted.v1'").fetchone()
    k2.kill_bridge()
    k2.hear_kept()
    k2.lan._receive("popup/v1/north/market/k1/lan/accepted/k2", raw, live=True)
    k2.stock(1)
    world.settle(3)
    assert (strayed(k2), k2.journal.epoch) == (0, 1)
    assert decode_mark(world.kept[MARK]).position == k2.journal.newest()


def test_the_mark_is_not_said_anew_before_the_broker_had_time_to_send_it(world):
    card = give(world)
    _, k2 = world.tills.values()
    kept = world.kept[MARK]
    k2.put_back(card)
    k2.connect()
    for _ in range(3):
        world.clock.go(LISTEN_S / 4)
        k2.turn()
    assert world.kept[MARK] == kept
    k2.hear_kept()
    assert strayed(k2) == 1


def test_a_till_of_which_the_broker_kept_nothing_says_its_mark_after_a_bounded_time(world):
    _, k2 = world.tills.values()
    k2.stock(6)
    world.settle(2)
    world.kept.clear()
    k2.kill_bridge()
    assert MARK not in world.kept
    world.clock.go(LISTEN_S)
    k2.turn()
    assert decode_mark(world.kept[MARK]).position == k2.journal.newest()


def test_a_card_that_sold_as_much_as_it_lost_is_known_by_the_fact_in_that_place(world):
    card = give(world)
    _, k2 = world.tills.values()
    beyond = k2.journal.newest()
    k2.put_back(card)
    while k2.journal.newest() < beyond:
        k2.stock(1)
    k2.connect()
    k2.hear_kept()
    assert strayed(k2) == 1


def test_proof_that_the_disk_did_not_take_is_stored_later(world, monkeypatch):
    card = give(world)
    _, k2 = world.tills.values()
    k2.put_back(card)
    with monkeypatch.context() as full:
        full.setattr(k2.store, "save_strayed", lambda *_: (_ for _ in ()).throw(StorageFailed(k2.folder, "full")))
        k2.connect()
        k2.lan._receive(MARK, world.kept[MARK], live=False)
        with pytest.raises(StorageFailed):
            k2.turn()
    k2.turn()
    assert strayed(k2) == 1


# ------------------------------------------------------------------------------------------------------ the rule alone


class Journal:
    """A till's journal of five facts, in its second life."""

    def __init__(self):
        self.there = True

    def standing(self):
        here = Presence(online=True, epoch=Epoch(2), position=Seq(5))
        return Standing(here, Holds(Epoch(2)), {}, {}) if self.there else None

    def acceptance(self, _):
        return None

    def gave(self, move):
        return move == "made"

    def digest(self, epoch, position):
        return f"{epoch}{position}" * 32 if epoch == 2 and position <= 5 else None


def mark(epoch, position, digest=""):
    return Mark(Epoch(epoch), Seq(position), digest or f"{epoch}{position}" * 32)


def place(epoch, position):
    return Presence(online=False, epoch=Epoch(epoch), position=Seq(position))


FAR = 2 + MAX_EPOCH_LEAP
TOLD = [
    (mark(2, 5), None),
    (mark(2, 3), None),
    (mark(1, 90), None),
    (mark(2, 6), (2, 6)),
    (mark(3, 1), (3, 1)),
    (mark(2, 5, "f" * 64), (2, 5)),
    (mark(FAR, 1), (FAR, 1)),
    (mark(FAR + 1, 1), None),
    (place(2, 5), None),
    (place(1, 90), None),
    (place(3, 0), None),  # a will says the life that was configured, and no place
    (place(2, 6), (2, 6)),
]


@pytest.mark.parametrize(("told", "lost"), TOLD)
def test_only_what_the_journal_does_not_hold_is_proof(told, lost):
    journal = Journal()
    marks = Marks(journal)
    marks.heard(told, journal.standing())
    assert marks.look(journal.standing()) == lost
    if lost:
        marks.stored(lost)
        assert marks.look(journal.standing()) is None


@pytest.mark.parametrize(("told", "lost"), TOLD)
def test_what_is_heard_before_there_is_a_journal_is_compared_with_it_later(told, lost):
    journal = Journal()
    journal.there = False
    marks = Marks(journal)
    marks.heard(told, None)
    assert marks.look(None) is None
    journal.there = True
    assert marks.look(journal.standing()) == lost


@pytest.mark.parametrize(
    ("move", "giver_epoch", "lost"),
    [("made", 2, None), ("other", 2, (2, 0)), ("other", 3, (3, 0)), ("other", 1, None), ("other", FAR + 1, None)],
)
def test_an_acceptance_is_proof_where_this_life_never_gave(move, giver_epoch, lost):
    journal = Journal()
    marks = Marks(journal)
    at = WorldClock().at
    data = RightsAccepted(move, KioskId("k2"), Epoch(giver_epoch), [StockLine(TEA.sku, Quantity(1))], at)
    marks.accepted(Acceptance(KioskId("k1"), Epoch(1), Seq(7), data), journal.standing())
    assert marks.look(journal.standing()) == lost


def test_the_mark_is_said_before_a_move_that_was_not_said_yet_and_else_twice_a_second():
    session = LanSession()
    session.connected()
    session.heard("k1", Presence(online=True, epoch=Epoch(1), position=Seq(1)))
    standing = Journal().standing()
    session.stands(standing._replace(mark=mark(2, 5)), hub=False)
    assert say_all(session, 0.0)[0] == "lan/mark"
    session.stands(standing._replace(mark=mark(2, 6)), hub=False)
    assert "lan/mark" not in say_all(session, PRESENCE_MIN_S - 0.1)
    moves = {"m1": Moving("k1", 1, b"fact")}
    session.stands(standing._replace(mark=mark(2, 7), moves=moves), hub=False)
    assert say_all(session, PRESENCE_MIN_S - 0.1)[:2] == ["lan/mark", "lan/move/k1"]
    session.stands(standing._replace(mark=mark(2, 8), moves=moves), hub=False, marks=False)
    assert "lan/mark" not in say_all(session, 99.0)


def test_a_move_waits_while_the_broker_may_still_say_where_the_till_was():
    marks, session, standing = Marks(Journal()), LanSession(), Journal().standing()
    standing = standing._replace(mark=mark(2, 7), moves={"m1": Moving("k1", 1, b"fact")})
    session.connected()
    session.heard("k1", Presence(online=True, epoch=Epoch(1), position=Seq(1)))
    assert marks.is_listening(0.0), "nobody is connected yet"
    marks.connected(10.0)
    for now_s, said in ((10.1, []), (10.0 + LISTEN_S, ["lan/mark", "lan/move/k1"])):
        may, listening = marks.may_say(standing, now_s), marks.is_listening(now_s)
        session.stands(standing, hub=False, marks=may, listening=listening)
        assert [leaf for leaf in say_all(session, now_s) if leaf in {"lan/mark", "lan/move/k1"}] == said


def say_all(session, now_s):
    leaves = []
    while say := session.due(now_s):
        leaves.append(say.leaf)
        session.said(say, now_s)
        assert len(leaves) < 1000, "it never ends"
    return leaves
