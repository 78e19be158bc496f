"""The hub's pure rules."""

import pytest
from hub_books import AT, LaneTwin, counted, received, refund, sale
from hypothesis import given
from hypothesis import strategies as st

from contract.codec import decode
from contract.facts import ClockStepped, KioskStarted, KioskStopping
from contract.registry import Data
from contract.stock import Account, StockKey, add
from contract.values import Epoch
from hub.core.acks import MAX_STREAMS, LanePosition, ack_of
from hub.core.inbox import LaneState, Refused, Taken, advance, printable, read
from hub.core.incarnation import COOL_DOWN_S, MAX_LEAP, Life, decide_at_start, decide_on_claim
from hub.core.read_models import backlog, takings_view
from hub.core.reconcile import Effects, effects_of

LIVES = st.builds(Life, st.integers(1, 50), st.integers(0, 500))
ACCOUNTS = st.builds(Account, *[st.integers(0, 1000)] * 3, st.integers(-1000, 1000), st.integers(0, 1000))


def fact_of(data: Data) -> Effects:
    return effects_of(decode(LaneTwin().encode(data, 1, "0" * 64)))


def test_a_sale_takes_from_sellable_stock_and_is_a_receipt() -> None:
    effects = fact_of(sale("k1-1-1", "tea", 3, 250, 1))
    assert effects.stock == ((StockKey("tea", "sellable", "pc"), (("sold", 3), ("overdraft", 1))),)
    assert effects.receipt is not None
    assert asdict_receipt(effects) == ("k1-1-1", "sale", 750, "EUR", "2026-03-07T09:30:00.000000Z")


def asdict_receipt(effects: Effects) -> tuple[str, str, int, str, str]:
    receipt = effects.receipt
    assert receipt is not None
    return receipt.number, receipt.kind, receipt.total_minor, receipt.currency, receipt.at


@pytest.mark.parametrize(("restock", "condition"), [(True, "sellable"), (False, "damaged")])
def test_a_refund_brings_goods_back_in_their_condition(*, restock: bool, condition: str) -> None:
    effects = fact_of(refund("k1-1-2", "tea", 2, 100, restock=restock))
    assert effects.stock == ((StockKey("tea", condition, "pc"), (("returned", 2),)),)
    assert asdict_receipt(effects)[1:3] == ("refund", 200)


def test_receiving_adds_and_counting_corrects() -> None:
    key = StockKey("tea", "sellable", "pc")
    assert fact_of(received("tea", 7)).stock == ((key, (("received", 7),)),)
    assert fact_of(counted("tea", 4, 6)).stock == ((key, (("adjusted", -2),)),)


@pytest.mark.parametrize(
    "data", [KioskStarted("1.0", Epoch(1)), KioskStopping("night"), ClockStepped(AT, AT, "person")]
)
def test_other_facts_change_no_books(data: Data) -> None:
    assert fact_of(data) == Effects()


@given(ACCOUNTS, ACCOUNTS, ACCOUNTS)
def test_sums_of_accounts_know_no_order(one: Account, two: Account, three: Account) -> None:
    assert add(one, two) == add(two, one)
    assert add(add(one, two), three) == add(one, add(two, three))
    assert add(one, Account()) == one


def test_a_readable_fact_in_its_place_is_taken() -> None:
    twin = LaneTwin()
    twin.sell()
    outcome = read(twin.raws[0], source=twin.source, seq=1, prev="0" * 64)
    assert isinstance(outcome, Taken)
    assert outcome.chained
    assert advance(LaneState(), outcome) == LaneState(1, outcome.digest, broken=False)


def test_a_fact_off_the_chain_is_taken_and_breaks_its_lane_for_good() -> None:
    twin = LaneTwin()
    twin.sell()
    outcome = read(twin.raws[0], source=twin.source, seq=1, prev="f" * 64)
    assert isinstance(outcome, Taken)
    state = advance(LaneState(), outcome)
    assert state.broken
    good = Taken(2, outcome.raw, outcome.fact, chained=True)
    assert advance(state, good).broken


@pytest.mark.parametrize(
    ("raw", "kind"), [(b"", "unreadable"), (b'{"specversion":"1.0"}', "unreadable"), (b"\xff", "unreadable")]
)
def test_an_unreadable_fact_is_refused_with_a_reason_and_its_place(raw: bytes, kind: str) -> None:
    outcome = read(raw, source=LaneTwin().source, seq=1, prev="0" * 64)
    assert isinstance(outcome, Refused)
    assert (outcome.kind, outcome.raw, outcome.what.isprintable()) == (kind, raw, True)
    assert not advance(LaneState(), outcome).broken


def test_a_fact_of_elsewhere_is_refused() -> None:
    twin = LaneTwin()
    twin.sell()
    for source, seq, path in ((LaneTwin(epoch=2).source, 1, "$.source"), (twin.source, 2, "$.id")):
        outcome = read(twin.raws[0], source=source, seq=seq, prev="0" * 64)
        assert isinstance(outcome, Refused)
        assert (outcome.kind, outcome.path) == ("mismatch", path)


@given(st.text())
def test_what_a_peer_wrote_is_made_printable_and_short(text: str) -> None:
    assert printable(text).isprintable() or not text
    assert len(printable(text)) <= 200
    assert "\x00" not in printable(text)


def test_a_first_start_is_incarnation_one() -> None:
    assert decide_at_start(None, None).life == Life(1, 0)
    assert not decide_at_start(None, None).why


@pytest.mark.parametrize(
    ("database", "file", "promoted"),
    [
        (None, Life(3, 10), False),
        (Life(3, 10), None, False),
        (Life(3, 9), Life(3, 10), False),
        (Life(2, 12), Life(3, 10), False),
        (Life(3, 10), Life(3, 10), True),
        (Life(3, 9), Life(1, 10), False),
    ],
)
def test_books_that_may_have_gone_back_begin_an_incarnation(
    database: Life | None, file: Life | None, *, promoted: bool
) -> None:
    verdict = decide_at_start(database, file, promoted=promoted)
    known = [life for life in (database, file) if life]
    assert verdict.why
    assert verdict.life.incarnation == max(life.incarnation for life in known) + 1
    assert verdict.life.commits > max(life.commits for life in known)


@given(LIVES, st.integers(0, 5))
def test_books_that_are_ahead_of_the_file_go_on(database: Life, behind: int) -> None:
    file = Life(database.incarnation, max(0, database.commits - behind))
    verdict = decide_at_start(database, file)
    assert verdict.life == database
    assert not verdict.why


@given(database=st.none() | LIVES, file=st.none() | LIVES, promoted=st.booleans())
def test_a_start_never_lowers_and_is_settled_at_the_next(
    database: Life | None, file: Life | None, *, promoted: bool
) -> None:
    verdict = decide_at_start(database, file, promoted=promoted)
    for known in (database, file):
        assert known is None or verdict.life >= known or verdict.life.incarnation > known.incarnation
    assert decide_at_start(verdict.life, verdict.life).life == verdict.life


@pytest.mark.parametrize(
    ("claimed", "positions", "since_last_s", "expected"),
    [
        (5, [(10, 10)], 1e9, None),
        (5, [], 1e9, None),
        (5, [(11, 10)], 1e9, 6),
        (4, [(11, 10)], 1e9, None),
        (7, [], 1e9, 8),
        (7, [], COOL_DOWN_S - 1, None),
        (5, [(11, 10)], COOL_DOWN_S - 1, None),
        (5 + MAX_LEAP, [], 1e9, 6 + MAX_LEAP),
        (6 + MAX_LEAP, [], 1e9, None),
    ],
)
def test_a_kiosk_that_knows_our_future_is_believed_within_bounds(
    claimed: int, positions: list[tuple[int, int]], since_last_s: float, expected: int | None
) -> None:
    decision = decide_on_claim(5, claimed, positions, since_last_s=since_last_s)
    assert (decision and decision[0]) == expected


def test_an_acknowledgement_never_leaves_out_what_was_just_heard() -> None:
    lanes = [LanePosition(epoch, "till", epoch, f"{epoch:064x}") for epoch in range(100, 0, -1)]
    ack = ack_of(3, lanes, heard=[(1, "till")])
    assert len(ack.positions) == MAX_STREAMS
    assert [one.stream for one in ack.positions[:2]] == ["till@1", "till@100"]
    assert ack.positions[0].digest == f"{1:064x}"
    assert (ack.incarnation, ack.resume) == (3, False)


def test_views_say_what_was_taken_and_what_is_to_come() -> None:
    assert takings_view(("demo", "market", "EUR"), sales=(3, 900), refunds=(1, 250)).net_minor == 650
    assert (backlog(5, 3), backlog(3, 5)) == (2, 0)
