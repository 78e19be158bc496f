"""Deliveries as the counter takes them in: ``kiosk stock receive --advice`` and ``kiosk stock advices``."""

from collections.abc import Sequence
from datetime import UTC, date, datetime

import pytest
from kiosk_command import Kiosk
from rights_facts import down

from contract.down_rights import DeliveryAdvised
from contract.facts import StockLine
from contract.values import Quantity, Sku, Unit
from kiosk.bootstrap import open_journal
from kiosk.config import load_config
from kiosk.journal.own_log import OwnLog

ADVISED = [StockLine(Sku("A"), Quantity(24)), StockLine(Sku("H"), Quantity(500, Unit.GRAM))]
AT = datetime(2026, 3, 7, 9, 30, tzinfo=UTC)


def advise(shop: Kiosk, advice: str = "D-1", lines: Sequence[StockLine] = ADVISED, position: int = 1) -> None:
    """Let the backroom apply what the hub told."""
    journal, _ = open_journal(shop.data, load_config(shop.data))
    data = DeliveryAdvised(advice, list(lines), date(2026, 3, 17))
    assert OwnLog(journal).apply(1, position, down(data, position, address=journal.address), AT)
    journal.close()


def stock(shop: Kiosk) -> dict[str, int]:
    return {row["sku"]: row["received"] for row in shop("stock", "show", "--json").json["stock"]}


def test_a_delivery_is_listed_received_as_a_whole_and_then_listed_no_more(shop: Kiosk) -> None:
    assert shop("stock", "advices", "--json").json == {"advices": []}
    advise(shop)
    told = "D-1\t2026-03-17\tA\tApple\t24 pc\nD-1\t2026-03-17\tH\tHam\t500 g\n"
    assert shop("stock", "advices").out == told
    done = shop("stock", "receive", "--advice", "D-1")
    assert (done.out, done.err) == ("A\tApple\t24 pc\tsellable\nH\tHam\t500 g\tsellable\n", "")
    assert shop("stock", "advices").out == ""
    assert shop("stock", "advices", "--all").out.splitlines()[0] == "D-1\t2026-03-17\tA\tApple\t24 pc\t24 pc received"
    said = shop("stock", "receive", "--advice", "D-1")
    assert (said.status, said.complaint) == (
        1,
        "kiosk: all of D-1 was received here already: nothing was booked twice",
    )
    assert stock(shop) == {"A": 24, "H": 500}


def test_goods_that_are_named_are_received_and_the_rest_is_still_expected(shop: Kiosk) -> None:
    advise(shop)
    shop("stock", "receive", "4006381333931", "24", "--advice", "D-1")
    (row,) = shop("stock", "advices", "--json").json["advices"]
    assert row == {
        "advice": "D-1",
        "expected_on": "2026-03-17",
        "sku": "H",
        "name": "Ham",
        "condition": "sellable",
        "unit": "g",
        "expected": 500,
        "received": None,
    }
    assert "A of D-1 was received here already" in shop("stock", "receive", "A", "24", "--advice", "D-1").complaint
    shop("stock", "receive", "--advice", "D-1")
    assert stock(shop) == {"A": 24, "H": 500}


def test_what_differs_is_shown_and_taken_with_yes(shop: Kiosk) -> None:
    advise(shop)
    said = shop("stock", "receive", "A", "20", "H", "0.5kg", "--advice", "D-1")
    assert said.status == 1
    assert "D-1 differs: A 20 pc, 24 advised: count again; with --yes it is received as counted" in said.complaint
    assert stock(shop) == {}
    done = shop("stock", "receive", "A", "20", "H", "0.5kg", "--advice", "D-1", "--yes", "--json").json
    assert done["differs"] == "A 20 pc, 24 advised"
    assert stock(shop) == {"A": 20, "H": 500}


def test_a_number_that_is_not_known_here_is_taken_with_a_note(shop: Kiosk) -> None:
    advise(shop, "D-2")
    done = shop("stock", "receive", "A", "24", "--advice", "D-1")
    assert done.out == "A\tApple\t24 pc\tsellable\n"
    assert done.err == "note: delivery D-1 is not known here (yet): it is received, and the hub compares\n"
    assert "A of D-1 was received here already" in shop("stock", "receive", "A", "1", "--advice", "D-1").complaint
    advise(shop, "D-1", position=2)
    assert shop("stock", "receive", "--advice", "D-1").out == "H\tHam\t500 g\tsellable\n"
    assert stock(shop) == {"A": 24, "H": 500}
    listed = shop("stock", "advices", "--all").out.splitlines()
    assert "D-1\t2026-03-17\tA\tApple\t24 pc\t24 pc received" in listed


def test_without_a_number_goods_are_received_as_often_as_they_come(shop: Kiosk) -> None:
    for _ in range(2):
        shop("stock", "receive", "A", "5")
    assert stock(shop) == {"A": 10}


@pytest.mark.parametrize(
    ("args", "said", "status"),
    [
        ([], "nothing is received: give a SKU and QTY, or --advice with the number of a delivery", 2),
        (["--advice", "D-9"], "no delivery D-9 is known here: name what came", 1),
        (["A", "--advice", "D-9"], "'A' has no quantity", 2),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_written(
    shop: Kiosk, args: list[str], said: str, status: int
) -> None:
    done = shop("stock", "receive", *args)
    assert (said in done.complaint, done.status) == (True, status)
    assert stock(shop) == {}
