"""Databases of every earlier state open, agree with what was written down then, and go on."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mosquitto_record import seeded

from demo.seller import sell
from kiosk.bootstrap import open_desk
from kiosk.journal.links import LinkStore
from kiosk.journal.verify import verify_journal

FIXTURES = sorted(path.parent for path in (Path(__file__).parent.parent / "fixtures").glob("*/expected.json"))
BIN = Path(sys.executable).parent


@pytest.fixture(params=FIXTURES, ids=lambda path: path.name)
def earlier(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    folder = tmp_path / "earlier"
    shutil.copytree(request.param, folder)
    return folder


def test_there_are_databases_to_open() -> None:
    assert FIXTURES


def test_an_earlier_journal_is_whole_and_sells_on(earlier: Path) -> None:
    told = json.loads((earlier / "expected.json").read_text())
    assert verify_journal(earlier / "till.db").facts == told["facts"]
    desk = open_desk(earlier)
    items = [item for item in desk.catalogue.items() if item.price_minor and item.unit == "pc"]
    sold = sell(desk, items, seeded(1))
    kiosk, epoch, number = told["last_receipt"].rsplit("-", 2)
    assert sold.receipt == f"{kiosk}-{epoch}-{int(number) + 1}"
    assert desk.link().unsent == 1
    desk.close()
    assert verify_journal(earlier / "till.db").facts == told["facts"] + 1
    store = LinkStore(earlier / "link.db")
    assert store.acks()["till@1"] == told["facts"]
    store.close()


def test_an_earlier_hub_is_migrated_and_reports_the_same_takings(earlier: Path) -> None:
    told = json.loads((earlier / "expected.json").read_text())
    env = {**os.environ, "HUB_DATABASE_URL": f"sqlite:///{earlier / 'hub.db'}"}
    subprocess.run([BIN / "hub", "migrate"], env=env, check=True)
    done = subprocess.run([BIN / "hub", "report", "--json"], env=env, stdout=subprocess.PIPE, text=True, check=True)
    assert str(told["till_minor"]) in done.stdout
