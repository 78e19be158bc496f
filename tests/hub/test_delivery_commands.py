"""``hub delivery`` as an operator runs it."""

import json
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_books import AT, open_hub
from steward_twins import Shop, still

from contract.down import Item
from contract.facts import StockLine, StockReceived
from contract.values import Currency, Gtin, Quantity, RegionId, Sku, Unit
from hub.cli import main
from hub.store import down

ITEMS = [
    Item(Sku("tea"), "Green tea", [Gtin("04006381333931")]),
    Item(Sku("olives"), "Olives", [], unit=Unit.GRAM),
]


@pytest.fixture
def url(books_url: str, tmp_path: Path) -> str:
    """Books of a site with two kiosks, and a catalogue."""
    with open_hub(books_url, tmp_path / "state") as hub:
        shop = Shop(hub, still)
        for name in ("market/k1", "market/k2"):
            shop.till(name).flush()
        with hub.store.write() as connection:
            down.save_items(connection, RegionId("demo"), Currency("EUR"), ITEMS)
    return books_url


def run(url: str, tmp_path: Path, *arguments: str) -> Result:
    state = ["--state-dir", str(tmp_path / "state")] if arguments[0] == "advise" else []
    return CliRunner().invoke(main, ["delivery", *arguments, *state], env={"HUB_DATABASE_URL": url})


def rows(url: str, tmp_path: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run(url, tmp_path, "list", *arguments, "--json")
    assert done.exit_code == 0, done.output
    return list(json.loads(done.stdout)["deliveries"])


def test_a_delivery_is_advised_once_and_listed_with_what_came(url: str, tmp_path: Path) -> None:
    words = ("advise", "demo/market/k1", "D-1", "4006381333931=20", "tea=4", "olives=500g", "--on", "2026-03-17")
    assert run(url, tmp_path, *words).output == "demo/market/k1 is told of 2 lines of D-1\n"
    assert run(url, tmp_path, *words).output == "demo/market/k1 was told so of D-1: nothing is changed\n"
    assert [(row["sku"], row["unit"], row["expected"], row["differs"]) for row in rows(url, tmp_path)] == [
        ("olives", "g", 500, None),
        ("tea", "pc", 24, None),
    ]
    with open_hub(url, tmp_path / "state") as hub:
        till = Shop(hub, still).till()
        till.record(StockReceived([StockLine(Sku("tea"), Quantity(20))], AT, "D-1"))
        till.flush()
    assert rows(url, tmp_path, "--site", "market")[1] == {
        "site": "demo/market",
        "advice": "D-1",
        "kiosk": "k1",
        "sku": "tea",
        "condition": "sellable",
        "unit": "pc",
        "expected_on": "2026-03-17",
        "expected": 24,
        "received": 20,
        "differs": -4,
    }
    assert rows(url, tmp_path, "--site", "harbour") == []
    table = run(url, tmp_path, "list").output
    assert table.splitlines()[2].split() == ["demo/market", "D-1", "k1", "tea", "pc", "2026-03-17", "24", "20", "-4"]


def test_a_list_may_come_from_a_file(url: str, tmp_path: Path) -> None:
    file = tmp_path / "list.csv"
    file.write_text("amount,sku,note\n12,tea,top\n 500 , olives,\n12,tea,below\n")
    done = run(url, tmp_path, "advise", "demo/market/k1", "D-1", "--from", str(file))
    assert done.output == "demo/market/k1 is told of 2 lines of D-1\n"
    assert {row["sku"]: row["expected"] for row in rows(url, tmp_path)} == {"tea": 24, "olives": 500}


def test_a_region_whose_kiosks_have_catalogues_of_their_own_says_the_unit(books_url: str, tmp_path: Path) -> None:
    with open_hub(books_url, tmp_path / "state") as hub:
        Shop(hub, still).till().flush()
    run(books_url, tmp_path, "advise", "demo/market/k1", "D-1", "anything=3", "oil=500ml")
    assert [(row["sku"], row["unit"]) for row in rows(books_url, tmp_path)] == [("anything", "pc"), ("oil", "ml")]


def test_another_kiosk_is_refused_and_told_why(url: str, tmp_path: Path) -> None:
    run(url, tmp_path, "advise", "demo/market/k1", "D-1", "tea=24")
    done = run(url, tmp_path, "advise", "demo/market/k2", "D-1", "tea=24")
    assert (done.exit_code, done.stderr) == (
        1,
        "hub: D-1: tea of it was advised to k1, and no other kiosk may receive it (hub delivery list)\n",
    )


@pytest.mark.parametrize(
    ("words", "said", "status"),
    [
        (["demo/market", "D-1", "tea=1"], "'demo/market' is not region/site/kiosk", 2),
        (["demo/market/k1", "", "tea=1"], "ADVICE: give a number of 1 to 32", 2),
        (["demo/market/k1", "x" * 33, "tea=1"], "ADVICE: give a number of 1 to 32", 2),
        (["demo/market/k1", "D\n1", "tea=1"], "ADVICE: give a number of 1 to 32", 2),
        (["demo/market/k1", "D-1"], "no goods are named", 2),
        (["demo/market/k1", "D-1", "tea"], "'tea' is not CODE=AMOUNT", 2),
        (["demo/market/k1", "D-1", "tea=0"], "tea=0: '0' is no amount such as 24 or 5000g", 2),
        (["demo/market/k1", "D-1", "tea=1.5"], "'1.5' is no amount", 2),
        (["demo/market/k1", "D-1", "tea=5g"], "tea is kept in pc, not in g", 2),
        (["demo/market/k1", "D-1", "cocoa=5"], "'cocoa' is not in the catalogue", 2),
        (["demo/market/k1", "D-1", "tea=1000000000", "tea=1"], "tea is more than 1000000000", 2),
        (["demo/market/k1", "D-1", "tea=1", "--from", "no.csv"], "no.csv: No such file or directory", 2),
        (["demo/market/k1", "D-1", "--from", "bad.csv"], "bad.csv: no column 'amount'", 2),
        (["demo/market/k1", "D-1", "--from", "short.csv"], "short.csv: line 3: 'x' is no amount", 2),
        (["demo/market/k1", "D-1", "--from", "torn.csv"], "torn.csv: line 2:", 2),
        (["demo/market/k9", "D-1", "tea=1"], "no kiosk demo/market/k9 was ever heard of", 1),
    ],
)
def test_what_cannot_be_is_one_line_and_nothing_is_advised(
    url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, words: list[str], said: str, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "bad.csv").write_text("sku,pieces\ntea,1\n")
    (tmp_path / "short.csv").write_text("sku,amount\ntea,1\ntea,x\n")
    (tmp_path / "torn.csv").write_text("sku,amount\ntea\ntea,1\n")
    done = run(url, tmp_path, "advise", *words)
    (line,) = done.stderr.splitlines()
    assert said in line
    assert (done.exit_code, rows(url, tmp_path)) == (status, [])
