import sqlite3
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from kiosk_command import Kiosk

from contract.codec import decode
from contract.facts import StockCounted
from contract.values import MAX_AMOUNT, Quantity, Unit
from kiosk.core.stock_take import BadQuantity, read_quantity


@pytest.fixture
def shop(kiosk: Kiosk, tmp_path: Path) -> Kiosk:
    file = tmp_path / "list.csv"
    file.write_text("sku,name,price,unit\nA,Apple,0.50,\nH,Ham,20,kg\n")
    kiosk("catalogue", "import", file)
    return kiosk


def account(shop: Kiosk, sku: str) -> dict[str, Any]:
    (one,) = shop("stock", "show", sku, "--json").json["stock"]
    return dict(one)


def test_what_is_received_is_there(shop: Kiosk) -> None:
    assert shop("stock", "receive", "A", "24", "--advice", "D-1").out == "A\tApple\t24 pc\tsellable\n"
    shop("stock", "receive", "A", "1")
    assert account(shop, "A") == {
        "sku": "A",
        "name": "Apple",
        "condition": "sellable",
        "unit": "pc",
        "available": 25,
        "received": 25,
        "returned": 0,
        "sold": 0,
        "adjusted": 0,
        "overdraft": 0,
    }


def test_a_count_gives_the_difference_and_names_what_it_covers(shop: Kiosk) -> None:
    shop("stock", "receive", "A", "24")
    assert shop("stock", "count", "A", "20", "--reason", "Sunday", "--json").json["stock"][0]["available"] == 20
    assert (account(shop, "A")["adjusted"], account(shop, "A")["received"]) == (-4, 24)
    with sqlite3.connect(shop.data / "till.db") as db:
        ((raw,),) = db.execute("SELECT bytes FROM facts WHERE seq = 2")
    counted = decode(raw).data
    assert isinstance(counted, StockCounted)
    assert (counted.covers, counted.lines[0].expected, counted.lines[0].counted.amount, counted.reason) == (
        1,
        24,
        20,
        "Sunday",
    )


def test_goods_never_seen_can_be_counted_also_as_none(shop: Kiosk) -> None:
    shop("stock", "count", "A", "0")
    assert account(shop, "A")["available"] == 0


def test_weighed_goods_are_kept_in_grams(shop: Kiosk) -> None:
    shop("stock", "receive", "H", "1.5kg")
    shop("stock", "receive", "H", "250")
    assert (account(shop, "H")["available"], account(shop, "H")["unit"]) == (1750, "g")


def test_everything_that_moved_is_shown(shop: Kiosk) -> None:
    assert shop("stock", "show", "--json").json == {"stock": []}
    assert shop("stock", "show", "A", "--json").json == {"stock": []}
    shop("stock", "receive", "H", "5")
    shop("stock", "receive", "A", "3")
    assert shop("stock", "show").out == "A\tApple\t3 pc\tsellable\nH\tHam\t5 g\tsellable\n"


@pytest.mark.parametrize(
    ("args", "said", "status"),
    [
        (["count", "A", "-3"], "A: a quantity of -3 cannot be: give 0 or more", 2),
        (["count", "nope", "-3"], "a quantity of -3 cannot be", 2),
        (["receive", "A", "0"], "give 1 or more", 2),
        (["receive", "A", "many"], "'many' is not a quantity", 2),
        (["receive", "A", "1.5"], "give a whole number of pc", 2),
        (["receive", "A", "1kg"], "give it in pc", 2),
        (["receive", "H", "1.0001kg"], "give a whole number of g", 2),
        (["receive", "A", "9" * 15], "at most 1000000000", 2),
        (["receive", "A", "1", "--advice", "x" * 33], "--advice: give at most 32", 2),
        (["count", "A", "1", "--reason", "x" * 201], "--reason: give at most 200", 2),
        (["receive", "x" * 65, "1"], "is not a sku", 2),
        (["receive", "nope", "1"], "sku 'nope' is not known here", 1),
        (["show", "nope"], "sku 'nope' is not known here", 1),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    shop: Kiosk, args: list[str], said: str, status: int
) -> None:
    done = shop("stock", *args)
    assert said in done.complaint
    assert done.status == status
    assert shop("stock", "show", "--json").json == {"stock": []}


@given(st.integers(0, MAX_AMOUNT), st.sampled_from(list(Unit)))
def test_an_amount_in_the_goods_own_unit_is_read_back(amount: int, unit: Unit) -> None:
    assert read_quantity(str(amount), unit, least=0) == Quantity(amount, unit)
    assert read_quantity(f" {amount} {unit} ", unit, least=0) == Quantity(amount, unit)


@given(st.integers(0, MAX_AMOUNT), st.sampled_from([("kg", Unit.GRAM), ("l", Unit.MILLILITRE), ("m", Unit.MILLIMETRE)]))
def test_an_amount_in_the_prices_unit_is_read_back(amount: int, named: tuple[str, Unit]) -> None:
    name, unit = named
    assert read_quantity(f"{Decimal(amount).scaleb(-3):f}{name}", unit, least=0) == Quantity(amount, unit)


@given(st.text(max_size=10), st.sampled_from(list(Unit)))
def test_any_other_text_is_refused(text: str, unit: Unit) -> None:
    try:
        quantity = read_quantity(text, unit, least=1)
    except BadQuantity:
        return
    assert 1 <= quantity.amount <= MAX_AMOUNT
    assert quantity.unit is unit
