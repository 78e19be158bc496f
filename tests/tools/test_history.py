from datetime import UTC, datetime
from decimal import Decimal

import pytest

from contract.csv_rows import UnknownColumn, read_table
from contract.values import Currency, Money
from kiosk.core.history import BadFormat, History, HistoryLine, Layout, line_minor, read_history

EUR = Currency("EUR")
HEADER = "ticket,time,item,qty,price,sku\n"
FULL = Layout(item="item", time="time", currency=EUR, ticket="ticket", sku="sku", qty="qty", price="price")
AT = datetime(2020, 1, 2, 3, 4, tzinfo=UTC)


def read(row: str, layout: Layout = FULL) -> History:
    return read_history(read_table(f"{HEADER}{row}\n"), layout)


def line(row: str, layout: Layout = FULL) -> HistoryLine:
    history = read(row, layout)
    assert history.rejected == []
    return history.lines[0]


def test_a_line_is_what_the_file_says() -> None:
    assert line("7,2020-01-02 03:04, Tea &amp; milk ,2,1.25,T1") == HistoryLine(
        2, "7", AT, "T1", "Tea & milk", Decimal(2), Decimal("1.25"), 250, refund=False
    )


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("7,2020-01-02,,1,1,", "no_item"),
        ("7,2020-01-02, ,1,1,S", "no_item"),
        ("7,2020-01-02,x,1,,", "price_missing"),
        ("7,2020-01-02,x,1,-0.01,", "price_negative"),
        ('7,2020-01-02,x,1,"1,2,3",', "price_unreadable"),
        ("7,2020-01-02,x,1,£1,", "price_unreadable"),
        ("7,2020-01-02,x,,1,", "quantity_missing"),
        ("7,2020-01-02,x,0,1,", "quantity_zero"),
        ("7,2020-01-02,x,0.00,1,", "quantity_zero"),
        ("7,2020-01-02,x,two,1,", "quantity_unreadable"),
        ("7,2020-01-02,x,2000000000,1,", "quantity_too_large"),
        ("7,2020-01-02,x,1,99999999999999,", "price_too_large"),
        ("7,,x,1,1,", "time_unreadable"),
        ("7,31/12/18,x,1,1,", "time_unreadable"),
        ("7,2020-01-02T00:00:00+00:00:30,x,1,1,", "time_unreadable"),
        ("7,0001-01-01T00:00:00+09:00,x,1,1,", "time_unreadable"),
        (f"7,2020-01-02,{'x' * 300},1,1,", "name_too_long"),
        ("7,2020-01-02,x", "cells_missing"),
        ("7,,,0,-1,", "no_item"),
        ("7,,x,0,-1,", "price_negative"),
        ("7,,x,0,1,", "quantity_zero"),
    ],
)
def test_a_line_that_cannot_be_a_sale_is_rejected_for_the_first_reason(row: str, reason: str) -> None:
    history = read(row)
    assert history.lines == []
    assert [(fault.line, fault.reason) for fault in history.rejected] == [(2, reason)]


@pytest.mark.parametrize("row", ["7,2020-01-02,POST,1,0,POST", "7,2020-01-02,?,1,0.00,M", "7,2020-01-02,-,1,.5,"])
def test_a_price_of_zero_and_odd_codes_are_lines_like_any_other(row: str) -> None:
    assert line(row).refund is False


@pytest.mark.parametrize(
    ("ticket", "quantity", "refund"),
    [
        ("7", "2", False),
        ("7", "-2", True),
        ("C7", "-2", True),
        ("C7", "2", True),
        ("Cash", "2", False),
        ("C", "2", False),
        ("c7", "2", False),
        ("XC7", "2", False),
    ],
)
def test_quantities_below_zero_and_credit_tickets_are_refunds(ticket: str, quantity: str, *, refund: bool) -> None:
    found = line(f"{ticket},2020-01-02,x,{quantity},3,")
    assert (found.refund, found.quantity, found.amount_minor) == (refund, Decimal(2), Money(600))


@pytest.mark.parametrize(("prefix", "refund"), [("", False), ("CR-", True)])
def test_the_credit_prefix_can_be_another_or_none(prefix: str, *, refund: bool) -> None:
    layout = Layout(item="item", time="time", currency=EUR, ticket="ticket", price="price", credit_prefix=prefix)
    assert line("CR-7,2020-01-02,x,1,1,", layout).refund is refund
    assert line("C7,2020-01-02,x,1,1,", layout).refund is False


def test_without_columns_the_price_is_given_and_the_quantity_is_one() -> None:
    found = line("7,2020-01-02,x,9,9,", Layout("item", "time", EUR, default_price=Decimal("2.50")))
    assert (found.quantity, found.amount_minor) == (Decimal(1), Money(250))


def test_lines_without_a_ticket_are_tickets_of_their_own() -> None:
    history = read(",2020-01-02,x,1,1,\n,2020-01-02,x,1,1,")
    assert len({found.ticket for found in history.lines}) == 2


def test_the_time_may_be_joined_from_columns_by_name_or_number() -> None:
    layout = Layout("3", "0,1", EUR, default_price=Decimal(1))
    table = read_table("2016-10-30,09:58:11,1,Bread\n", header=False)
    assert read_history(table, layout).lines[0].at == datetime(2016, 10, 30, 9, 58, 11, tzinfo=UTC)
    named = read_table("day,hour,item\n30/10/16,9:58,Bread\n")
    layout = Layout("item", "day, hour", EUR, default_price=Decimal(1), time_format="%d/%m/%y %H:%M")
    assert read_history(named, layout).lines[0].at == datetime(2016, 10, 30, 9, 58, tzinfo=UTC)


def test_a_header_with_a_comma_is_one_column() -> None:
    table = read_table('"Date, time",item\n2020-01-02 03:04,x\n')
    assert read_history(table, Layout("item", "Date, time", EUR, default_price=Decimal(1))).lines[0].at == AT


def test_an_offset_is_heeded() -> None:
    assert line("7,2020-01-02T05:04+02:00,x,1,1,").at == AT


@pytest.mark.parametrize("time_format", ["%Q", "%", "%d %d"])
def test_a_time_format_that_is_none_is_refused(time_format: str) -> None:
    with pytest.raises(BadFormat):
        read("", Layout("item", "time", EUR, default_price=Decimal(1), time_format=time_format))


@pytest.mark.parametrize("layout", [Layout("x", "time", EUR), Layout("item", "day,time", EUR)])
def test_an_unknown_column_is_refused(layout: Layout) -> None:
    with pytest.raises(UnknownColumn):
        read("", layout)


@pytest.mark.parametrize(
    ("quantity", "price", "minor"),
    [
        ("3", "0.335", 101),  # 1.005
        ("1", "0.005", 1),
        ("1", "0.0049999999999999", 0),
        ("0.333", "3.00", 100),
        ("0.3333", "15", 500),
        ("2", "0.30000000000000004", 60),
        ("1000000000", "100", 10**13),
    ],
)
def test_an_amount_is_rounded_half_up_once(quantity: str, price: str, minor: int) -> None:
    assert line_minor(Decimal(quantity), Decimal(price), EUR) == minor


def test_an_amount_has_its_currencys_minor_units() -> None:
    assert line_minor(Decimal(3), Decimal("0.5"), Currency("JPY")) == 2
    assert line_minor(Decimal(3), Decimal("0.5"), Currency("KWD")) == 1500
