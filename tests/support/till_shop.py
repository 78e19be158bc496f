"""A shop that sells everything, in a folder of its own, for the real till in a terminal; and what it recorded."""

import json
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import msgspec
import pytest
from selling_shop import ITEMS
from till_terminal import KIOSK, TmuxTill, sample_items

from contract.down import Item
from contract.values import Gtin, Money, Sku, Unit
from kiosk.bootstrap import open_desk
from kiosk.people import make_hash

PIN = "4711"
HAM, TEA = "9520123456788", "4006381333931"
SHOP = f"""\
clock = "system"
[shop]
discount_ppm = 100_000
favourites = ["TEA", "APPLE", "REPAIR"]
templates = ["21IIIIIPPPPPC", "28IIIIIWWWWWC"]
taxes = [{{code = "", rate_ppm = 190_000, name = "VAT 19 %"}}, {{code = "R", rate_ppm = 70_000, name = "VAT 7 %"}}]
exchange = [{{currency = "USD", home_minor = 91, per = 100}}]
[[shop.staff]]
id = "anna"
name = "Anna"
role = "manager"
pin = "{make_hash(PIN)}"
"""


def shop_items() -> list[Item]:
    """Return goods of every kind: with deposits, ages, parts, weights, labels, without a price, at a lower rate."""
    own = [
        Item(Sku("HAM"), "Ham", [Gtin("0" + HAM)], Money(1890), 1000, Unit.GRAM),
        Item(Sku("12345"), "Cheese", [], Money(1000), 1000, Unit.GRAM),
        Item(Sku("BREAD"), "Bread", [], Money(320), tax="R"),
    ]
    taken = {item.sku for item in ITEMS} | {"ESP-1"}
    return [*ITEMS, *own, *(item for item in sample_items() if item.sku not in taken)]


def shop_folder(data_dir: Path, settings: str = SHOP) -> Path:
    """Return a data folder with the settings and the goods of the shop."""
    data_dir.mkdir()
    (data_dir / "kiosk.toml").write_text(settings)
    desk = open_desk(data_dir)
    desk.catalogue.put(shop_items())
    desk.close()
    return data_dir


@pytest.fixture
def shop_till(tmp_path: Path) -> Iterator[TmuxTill]:
    """The real till of the shop, in tmux, ready."""
    till = TmuxTill(tmp_path, shop_folder(tmp_path / "data"))
    till.start()
    yield till
    till.end()


def facts_of(data_dir: Path) -> list[tuple[str, dict[str, Any]]]:
    """Return (type, data) of every fact, as stored."""
    desk = open_desk(data_dir)
    raws = [msgspec.json.decode(raw) for _, raw in desk.journal.stored(desk.journal.epoch)]
    desk.close()
    return [(fact["type"], fact["data"]) for fact in raws]


def facts_like(data_dir: Path, kind: str) -> list[dict[str, Any]]:
    """Return the data of the facts whose type begins with ``kind``."""
    return [data for name, data in facts_of(data_dir) if name.startswith(kind)]


def kiosk(data_dir: Path, *arguments: str) -> str:
    """Run a command of the kiosk; return what it says. One that fails fails the test."""
    done = subprocess.run([KIOSK, "--data", data_dir, *arguments], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def assert_whole(data_dir: Path) -> None:
    """Find every fact there, and the chain unbroken, as ``kiosk journal verify`` does."""
    assert json.loads(kiosk(data_dir, "journal", "verify", "--json"))["chain_ok"]
