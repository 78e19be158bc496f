from collections import defaultdict
from datetime import UTC, datetime
from decimal import ROUND_HALF_UP, Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st
from msgspec.structs import replace

from contract.codec import MAX_FACT_BYTES, Stamp, encode
from contract.csv_rows import read_table
from contract.down import Item
from contract.envelope import NO_DIGEST, LaneSource
from contract.facts import MAX_LINES, Origin, RefundRecorded, SaleRecorded
from contract.values import MAX_AMOUNT, Address, Currency, Epoch, Lane, Money, Quantity, Seq, Sku, Unit, parse_address
from kiosk.core.history import History, Layout, read_history
from kiosk.core.replay import Plan, decide_receipts, decide_ticket, plan_replay, result

EUR = Currency("EUR")
LAYOUT = Layout("item", "time", EUR, ticket="ticket", sku="sku", qty="qty", price="price")
HOME: Address = parse_address("demo/demo/k1")

rows = st.tuples(
    st.sampled_from(["1", "2", "3", "C4", "C5"]),
    st.sampled_from(["2020-01-01", "2020-01-02", "2020-01-03T10:00"]),
    st.sampled_from(["Tea", "Milk", "Bread"]),
    st.sampled_from(["1", "2", "-1", "0.5", "-0.125", "7.0001", "40"]),
    st.sampled_from(["0", "1", "2.50", "0.335", "0.0049", "12.3456789"]),
    st.just(""),
)
Rows = list[tuple[str, ...]]


def history(some: Rows) -> History:
    text = "\n".join(",".join(row) for row in [("ticket", "time", "item", "qty", "price", "sku"), *some])
    return read_history(read_table(text + "\n"), LAYOUT)


def facts_of(plan: Plan) -> list[SaleRecorded | RefundRecorded]:
    return [fact for ticket in plan.tickets for fact in decide_ticket(ticket, plan, "run-1")]


def sale(*lines: tuple[str, str, str], sku: str = "") -> Rows:
    return [("1", "2020-01-01", name, quantity, price, sku) for name, quantity, price in lines]


@given(st.lists(rows, max_size=30))
def test_the_totals_are_the_decimal_sums_of_the_file_and_of_the_facts(some: Rows) -> None:
    read = history(some)
    plan = plan_replay(read, EUR)
    gross = Decimal()
    pieces = Decimal()
    for ticket, _, _, quantity, price, _ in some:
        sign = -1 if ticket.startswith("C") or quantity.startswith("-") else 1
        amount = abs(Decimal(quantity)) * Decimal(price)
        gross += sign * amount.quantize(Decimal("0.01"), ROUND_HALF_UP)
        pieces += sign * abs(Decimal(quantity))
    totals = result(read, plan)
    assert totals["gross_minor"] == gross * 100
    assert totals["net_qty"] == pytest.approx(float(pieces))
    facts = facts_of(plan)
    assert (
        sum(fact.total_minor if isinstance(fact, SaleRecorded) else -fact.total_minor for fact in facts) == gross * 100
    )
    assert sum(len(fact.lines) for fact in facts) == len(some) == totals["lines"]


@given(st.lists(rows, max_size=20).flatmap(lambda some: st.tuples(st.just(some), st.permutations(some))))
def test_the_order_of_lines_changes_no_total(both: tuple[Rows, Rows]) -> None:
    one, other = (result(read, plan_replay(read, EUR)) for read in map(history, both))
    assert one == other


@given(st.lists(rows, max_size=20))
def test_what_is_sold_was_received(some: Rows) -> None:
    plan = plan_replay(history(some), EUR)
    stock: dict[Sku, int] = defaultdict(int)
    for received in decide_receipts(plan, "run-1"):
        for line in received.lines:
            stock[line.sku] += line.quantity.amount
    for fact in facts_of(plan):
        if isinstance(fact, SaleRecorded):
            for sold in fact.lines:
                stock[sold.sku] -= sold.quantity.amount
    assert set(stock.values()) <= {0}


def test_scattered_lines_make_one_ticket_and_the_oldest_comes_first() -> None:
    some = [
        ("9", "2020-01-02", "Tea", "1", "1", ""),
        ("8", "2020-01-01", "Tea", "1", "1", ""),
        ("9", "2020-01-01T01:00", "Milk", "1", "1", ""),
        ("8", "2020-01-01", "Tea", "1", "1", ""),
    ]
    plan = plan_replay(history(some), EUR)
    assert [ticket.id for ticket in plan.tickets] == ["8", "9"]
    first, second = facts_of(plan)
    assert [line.name for line in first.lines] == ["Tea", "Tea"]  # nothing is dropped as a repeat
    assert isinstance(second, SaleRecorded)
    assert second.sold_at == datetime(2020, 1, 1, 1, tzinfo=UTC)


def test_a_ticket_with_both_makes_a_sale_and_a_refund() -> None:
    first, second = facts_of(plan_replay(history(sale(("Tea", "2", "3"), ("Milk", "-1", "1"))), EUR))
    assert isinstance(first, SaleRecorded)
    assert isinstance(second, RefundRecorded)
    assert (first.total_minor, second.total_minor) == (600, 100)
    assert first.origin is second.origin is Origin.REPLAY
    assert first.basket != second.basket


def test_the_same_run_gives_the_same_baskets_and_another_run_others() -> None:
    plan = plan_replay(history(sale(("Tea", "2", "3"))), EUR)
    baskets = [decide_ticket(plan.tickets[0], plan, run)[0].basket for run in ("a-1", "a-1", "a-2")]
    assert baskets[0] == baskets[1] != baskets[2]


def test_an_unknown_item_is_created_with_its_usual_name_and_newest_price() -> None:
    some = [
        ("1", "2020-01-03", "damaged", "1", "0", "T"),
        ("1", "2020-01-02", "Tea", "1", "2", "T"),
        ("1", "2020-01-01", "Tea", "1", "1", "T"),
        ("1", "2020-01-01", "Sample", "1", "0", "S"),
    ]
    plan = plan_replay(history(some), EUR)
    assert plan.created == [Item(Sku("T"), "Tea", price_minor=Money(200)), Item(Sku("S"), "Sample")]
    assert [line.name for line in facts_of(plan)[0].lines] == ["damaged", "Tea", "Tea", "Sample"]


def test_a_known_item_is_found_by_sku_or_by_name() -> None:
    known = [Item(Sku("T1"), "Tea"), Item(Sku("M1"), "Milk"), Item(Sku("M2"), "Milk")]
    by_name = plan_replay(history(sale(("Tea", "1", "1"), ("Milk", "1", "1"))), EUR, known)
    assert [line.sku for line in facts_of(by_name)[0].lines] == ["T1", "Milk"]  # two are called Milk: neither is meant
    assert [item.sku for item in by_name.created] == ["Milk"]
    by_sku = plan_replay(history(sale(("Tea", "1", "1"), sku="M2")), EUR, known)
    assert [line.sku for line in facts_of(by_sku)[0].lines] == ["M2"]
    assert by_sku.created == []


def test_a_name_too_long_for_a_sku_gets_one_of_its_own() -> None:
    plan = plan_replay(history(sale(("x" * 100 + "1", "1", "1"), ("x" * 100 + "2", "1", "1"))), EUR)
    assert len({item.sku for item in plan.created}) == 2
    assert all(len(item.sku) <= 64 for item in plan.created)


def test_broken_quantities_are_kept_in_thousandths() -> None:
    plan = plan_replay(history(sale(("Ham", "0.333", "3"), ("Ham", "2", "3"), ("Tea", "2.0", "1"))), EUR)
    lines = facts_of(plan)[0].lines
    assert [line.quantity for line in lines] == [Quantity(333, Unit.GRAM), Quantity(2000, Unit.GRAM), Quantity(2)]
    assert [(line.price_minor, line.price_per, line.amount_minor) for line in lines[:2]] == [
        (300, 1000, 100),
        (300, 1000, 600),
    ]


def test_goods_kept_in_pieces_stay_in_pieces_and_the_money_is_exact() -> None:
    some = history(sale(("Ham", "0.25", "3"), ("Ham", "1.5", "3")))
    plan = plan_replay(some, EUR, kept={Sku("Ham"): Unit.PIECE})
    lines = facts_of(plan)[0].lines
    assert [(line.quantity.amount, line.amount_minor) for line in lines] == [(1, 75), (2, 450)]
    assert result(some, plan)["net_qty"] == 1.75


@pytest.mark.parametrize(
    ("price", "quantity", "minor"), [("0.30000000000000004", "2", 60), ("12345678.123456789", "3", 3703703437)]
)
def test_money_is_exact_where_a_price_is_finer_than_a_fact_can_say(price: str, quantity: str, minor: int) -> None:
    plan = plan_replay(history(sale(("Tea", quantity, price))), EUR)
    assert facts_of(plan)[0].total_minor == minor


def test_a_ticket_larger_than_a_fact_is_split_without_loss() -> None:
    lines = [("Tea", "1", "0.01")] * (MAX_LINES + 1)
    facts = facts_of(plan_replay(history(sale(*lines)), EUR))
    assert sum(len(fact.lines) for fact in facts) == MAX_LINES + 1
    assert len({fact.basket for fact in facts}) == len(facts) > 1


def test_no_fact_is_too_large_to_be_stored() -> None:
    names = [f"{n:04d}" + "\U0001f600" * 196 for n in range(900)]
    plan = plan_replay(history(sale(*[(name, "1", "99") for name in names])), EUR)
    source = LaneSource(HOME, Epoch(1), Lane.TILL)
    stamp = Stamp(at=datetime(2020, 1, 1, tzinfo=UTC))
    facts = facts_of(plan)
    assert sum(len(fact.lines) for fact in facts) == len(names)
    for fact in [*decide_receipts(plan, "run-1"), *facts]:
        numbered = replace(fact, receipt="k1-1-1") if hasattr(fact, "receipt") else fact
        assert len(encode(numbered, source=source, seq=Seq(1), prev=NO_DIGEST, stamp=stamp)) < MAX_FACT_BYTES


def test_a_ticket_worth_more_than_a_fact_can_say_is_split() -> None:
    facts = facts_of(plan_replay(history(sale(*[("Car", "1", "900000000")] * 3)), EUR))
    assert [fact.total_minor for fact in facts] == [90_000_000_000] * 3


def test_more_than_a_line_can_hold_is_received_in_several() -> None:
    plan = plan_replay(history(sale(*[("Tea", str(MAX_AMOUNT), "0")] * 3)), EUR)
    assert [line.quantity.amount for line in plan.received] == [MAX_AMOUNT] * 3


def test_a_history_without_sales_receives_nothing() -> None:
    plan = plan_replay(history(sale(("Tea", "-1", "1"))), EUR)
    assert decide_receipts(plan, "run-1") == []
    empty = history([])
    assert result(empty, plan_replay(empty, EUR)) == {
        "tickets": 0,
        "lines": 0,
        "refund_lines": 0,
        "rejected": {},
        "gross_minor": 0,
        "net_qty": 0,
    }
