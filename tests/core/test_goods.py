"""Waste, transfers, counts and what a manager allows: the rules, without any file."""

from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.down import Item
from contract.errors import Malformed
from contract.facts import StockLine
from contract.goods import MAX_TILLS, ShelfLine, TillPosition
from contract.stock import Account, StockKey, leave
from contract.values import MAX_AMOUNT, BasketId, Condition, Currency, Money, Quantity, Sku, Unit
from kiosk.core.basket import Basket, Deposit, Line, Part, leaving
from kiosk.core.goods import (
    ApprovalNeeded,
    GoodsError,
    compare,
    decide_arrive,
    decide_overdraft,
    decide_send,
    decide_shelf_count,
    decide_waste,
    find_beyond,
    merged,
    on_shelf,
    read_till,
)
from kiosk.core.stock_take import CountDoubted, check_count, decide_count, decide_receive, decide_receive_lines

AT = datetime(2026, 11, 21, 9, tzinfo=UTC)
TEA, HAM = Sku("TEA"), Sku("HAM")


def pieces(sku: Sku, amount: int, condition: Condition = Condition.SELLABLE) -> StockLine:
    return StockLine(sku, Quantity(amount), condition)


def amounts(lines) -> dict[StockKey, int]:
    found: dict[StockKey, int] = {}
    for line in lines:
        key = StockKey(line.sku, line.condition, line.quantity.unit)
        found[key] = found.get(key, 0) + line.quantity.amount
    return found


stock_lines = st.lists(
    st.builds(
        StockLine,
        st.sampled_from([TEA, HAM]),
        st.builds(Quantity, st.integers(1, 50), st.sampled_from([Unit.PIECE, Unit.GRAM])),
        st.sampled_from(Condition),
    ),
    min_size=1,
    max_size=8,
)


@given(stock_lines)
def test_goods_are_put_together_by_account_and_none_is_lost(lines):
    together = merged(lines)
    assert amounts(together) == amounts(lines)
    assert len(together) == len(amounts(lines))
    for fact in (
        decide_receive_lines(lines, AT, "D-1"),
        decide_waste(lines, reason="broken", at=AT),
        decide_send(lines, transfer="t", here="hall", to="pier", at=AT),
        decide_arrive(lines, transfer="t", here="pier", origin="hall", at=AT),
    ):
        assert amounts(fact.lines) == amounts(lines)


def test_what_a_fact_cannot_say_is_refused():
    with pytest.raises(GoodsError, match="no goods are named"):
        merged([])
    with pytest.raises(GoodsError, match="TEA is more than 1000000000 in all"):
        merged([pieces(TEA, MAX_AMOUNT), pieces(TEA, 1)])
    with pytest.raises(GoodsError, match="waste needs a reason"):
        decide_waste([pieces(TEA, 1)], reason="", at=AT)
    with pytest.raises(GoodsError, match="hall is this site: name the one that the goods go to"):
        decide_send([pieces(TEA, 1)], transfer="t", here="hall", to="hall", at=AT)
    with pytest.raises(GoodsError, match="hall is this site: name the one that the goods come from"):
        decide_arrive([pieces(TEA, 1)], transfer="t", here="hall", origin="hall", at=AT)


def count_of(*lines: ShelfLine, others=()):
    return decide_shelf_count(lines, kiosk="k1", covers=7, others=others, at=AT, reason="Sunday", by="anna")


def test_a_count_names_each_account_once_and_where_every_till_was():
    others = [TillPosition("k2", 1, 812)]
    fact = count_of(
        ShelfLine(TEA, Quantity(3)), ShelfLine(TEA, Quantity(4)), ShelfLine(HAM, Quantity(0)), others=others
    )
    assert [(line.sku, line.counted.amount) for line in fact.lines] == [(TEA, 7), (HAM, 0)]
    assert (fact.covers, fact.others, fact.reason, fact.by) == (7, others, "Sunday", "anna")


@pytest.mark.parametrize(
    ("others", "said"),
    [
        ([TillPosition("k1", 1, 2)], "k1 is the till that counts"),
        ([TillPosition("k2", 1, 2), TillPosition("k2", 2, 2)], "till k2 is named twice"),
        ([TillPosition(f"t{number}", 1, 2) for number in range(MAX_TILLS + 1)], "33 tills are named"),
    ],
)
def test_a_count_beside_tills_that_cannot_be_is_refused(others, said):
    with pytest.raises(GoodsError, match=said):
        count_of(ShelfLine(TEA, Quantity(1)), others=others)


def test_a_count_of_nothing_is_refused():
    with pytest.raises(GoodsError, match="no goods"):
        count_of()


def test_a_tills_position_is_read():
    assert read_till(" k2=1@812 ") == TillPosition("k2", 1, 812)
    assert read_till("k2=3@0").position == 0


@pytest.mark.parametrize("text", ["", "k2", "k2=1", "k2=@1", "k2=0@1", "K2=1@1", "k2=1@-1", "k2=1@99999999999999999"])
def test_any_other_position_is_refused(text):
    with pytest.raises(Malformed):
        read_till(text)


@given(st.integers(0, 9), st.integers(0, 20), st.sampled_from(["sold", "wasted", "sent"]))
def test_what_lies_there_by_the_books_falls_with_what_left_and_not_with_rights(received, gone, how):
    before = Account(received=received, granted=5, moved_in=3, held=2)
    after, _ = leave(before, gone, how)
    assert on_shelf(before) == received
    assert on_shelf(after) == received - gone


def test_a_discrepancy_has_a_value_where_the_catalogue_has_a_price_for_that_unit():
    items = {
        TEA: Item(TEA, "Tea", price_minor=Money(450)),
        HAM: Item(HAM, "Ham", price_minor=Money(2000), price_per=1000, unit=Unit.GRAM),
    }
    lines = [
        ShelfLine(TEA, Quantity(3)),
        ShelfLine(HAM, Quantity(250, Unit.GRAM)),
        ShelfLine(HAM, Quantity(1)),
        ShelfLine(Sku("NEW"), Quantity(2)),
    ]
    books = {StockKey(TEA): 5, StockKey(HAM, unit=Unit.GRAM): 150}
    found = compare(lines, books, items)
    assert [(one.difference, one.value_minor) for one in found] == [(-2, -900), (100, 200), (1, None), (2, None)]
    assert compare(lines[:1], books, {TEA: Item(TEA, "Tea")})[0].value_minor is None


def basket(*lines: tuple[Sku, int]) -> Basket:
    made = tuple(Line(sku, sku, Quantity(amount), Money(100), 1) for sku, amount in lines)
    return Basket(BasketId("b"), Currency("EUR"), made)


SOME = st.integers(0, 20)
accounts = st.builds(Account, received=SOME, sold=SOME, granted=SOME, overdraft=SOME, settled=SOME)


@given(accounts, st.integers(1, 30), st.integers(0, 8), st.integers(-3, 8))
def test_goods_beyond_account_cover_and_limit_need_approval_and_no_others(account, amount, limit, covered):
    key = StockKey(TEA)
    found = find_beyond(basket((TEA, amount)), {key: account}, limit=limit, cover={key: covered})
    _, overdraft = leave(account, amount, "sold")
    over = overdraft - max(0, covered)
    owed = max(0, account.overdraft - account.settled)
    kept = account.received or account.granted
    assert found == ([pieces(TEA, over)] if kept and over > 0 and over + owed > limit else [])


def test_the_limit_is_for_all_of_a_sku_together_in_what_prices_are_for():
    books = {StockKey(TEA): Account(received=1)}
    assert find_beyond(basket((TEA, 3), (HAM, 99), (TEA, 4)), books, limit=5) == [pieces(TEA, 6)]
    assert find_beyond(basket((TEA, 3), (TEA, 3)), books, limit=5) == []
    ham = Line(HAM, "Ham", Quantity(5001, Unit.GRAM), Money(2000), 1000)
    kept = {StockKey(HAM, unit=Unit.GRAM): Account(received=1, sold=1)}
    weighed = Basket(BasketId("b"), Currency("EUR"), (ham,))
    assert find_beyond(weighed, kept, limit=5) == [StockLine(HAM, Quantity(5001, Unit.GRAM))]
    assert find_beyond(weighed, kept, limit=6) == []


def test_a_bundle_leaves_as_its_parts_with_its_deposit_and_empties_do_not_leave():
    part = Part(TEA, "Tea", Quantity(4), Money(100))
    bottle = Deposit(Sku("bottle"), "Deposit", Money(25))
    box = Line(Sku("box"), "Box", Quantity(2), Money(900), 1, parts=(part,), deposit=bottle)
    back = Line(TEA, "Empties", Quantity(99), Money(25), 1, empties=True)
    sold = Basket(BasketId("b"), Currency("EUR"), (box, back))
    assert list(leaving(sold)) == [(TEA, Quantity(8)), ("bottle", Quantity(2))]
    books = {StockKey(TEA): Account(received=1), StockKey(Sku("box")): Account(received=1)}
    assert find_beyond(sold, books, limit=5) == [pieces(TEA, 7)]
    assert find_beyond(sold, books, limit=7) == []


def test_what_is_not_settled_of_earlier_baskets_counts_in_the_limit():
    owed = {StockKey(TEA): Account(received=1, sold=6, overdraft=5)}
    assert find_beyond(basket((TEA, 1)), owed, limit=5) == [pieces(TEA, 1)]
    assert find_beyond(basket((TEA, 1)), owed, limit=5, cover={StockKey(TEA): 1}) == []
    settled = {StockKey(TEA): Account(received=1, sold=6, overdraft=5, settled=1)}
    assert find_beyond(basket((TEA, 1)), settled, limit=5) == []
    assert find_beyond(basket((TEA, 2)), settled, limit=5) == [pieces(TEA, 2)]
    came = {StockKey(TEA): Account(received=9, sold=6, overdraft=5)}
    assert find_beyond(basket((TEA, 8)), came, limit=5) == [], "goods that came since are no overdraft"


def test_goods_in_hand_beyond_the_limit_leave_with_an_approver_only_and_openly():
    beyond = [pieces(TEA, 6)]
    assert decide_overdraft([], approved_by="", at=AT) == []
    with pytest.raises(ApprovalNeeded, match="the books here lack 6 pc of TEA: a manager must approve it") as refused:
        decide_overdraft(beyond, approved_by="", at=AT)
    assert refused.value.beyond == (pieces(TEA, 6),)
    (booked,) = decide_overdraft(beyond, approved_by="anna", at=AT, basket=BasketId("b"))
    assert (booked.lines, booked.approved_by, booked.basket) == (beyond, "anna", "b")


def test_single_goods_are_received_and_counted_the_old_way():
    assert decide_receive(TEA, Quantity(2), AT, "D-1").lines == [pieces(TEA, 2)]
    counted = decide_count(TEA, Quantity(2), expected=3, covers=5, at=AT, reason="")
    assert counted.lines[0].adjustment == -1


def test_a_count_is_doubted_by_all_that_is_known_here_and_names_the_first_few():
    key = StockKey(Sku("TEA"))
    far = [ShelfLine(key.sku, Quantity(500))]
    with pytest.raises(CountDoubted, match=r"^TEA: far"):
        check_count(far, {key: 3}, {}, sure=False)
    check_count(far, {key: 3}, {key: 250}, sure=False)
    check_count(far, {key: 450}, {}, sure=False)
    check_count(far, {}, {}, sure=True)
    many = [ShelfLine(Sku(f"S{number}"), Quantity(500)) for number in range(5)]
    with pytest.raises(CountDoubted, match=r"^S0, S1, S2 and 2 more: far"):
        check_count(many, {}, {}, sure=False)
