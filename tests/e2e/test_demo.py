"""The market day that `make demo` plays, and whether its checker would notice a broken promise."""

import json
import shutil
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from demo import check


@pytest.fixture(scope="module")
def day(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, subprocess.CompletedProcess[str]]:
    """One scripted day: its folder, and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "day"
    command = [sys.executable, "-m", "demo", "--folder", str(folder)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=150, check=False)
    return folder, done


def test_a_market_day_loses_and_doubles_nothing(day: tuple[Path, subprocess.CompletedProcess[str]]) -> None:
    _, done = day
    assert done.returncode == 0, done.stdout + done.stderr
    word, _, result = done.stdout.splitlines()[-1].partition(" ")
    told = json.loads(result)
    assert word == "RESULT"
    assert told["sales"] == 330
    assert told["facts"] >= 333
    assert (told["lost"], told["doubled"], told["quarantined"], told["chain_ok"]) == (0, 0, 0, True)


TAMPERINGS = {
    "a fact lost at the hub": ("hub", "DELETE FROM facts WHERE seq = 50", "lost"),
    "a receipt lost at the hub": ("hub", "DELETE FROM receipts WHERE receipt = 'k1-1-50'", "lost"),
    "a receipt of another total": ("hub", "UPDATE receipts SET total_minor = 1 WHERE receipt = 'k1-1-9'", "lost"),
    "a sale booked twice": (
        "hub",
        (
            "INSERT INTO receipts SELECT kiosk_id, receipt, 7, kind, total_minor, currency, at, epoch, lane, seq "
            "FROM receipts WHERE receipt = 'k1-1-50'"
        ),
        "doubled",
    ),
    "a fact nobody recorded": ("journal", "DELETE FROM facts WHERE seq = 111", "doubled"),
    "a byte changed in the journal": (
        "journal",
        "UPDATE facts SET bytes = CAST(replace(CAST(bytes AS TEXT), 'EUR', 'EUX') AS BLOB) WHERE seq = 60",
        "chain_ok",
    ),
}


@pytest.mark.parametrize("case", TAMPERINGS, ids=str)
def test_the_checker_notices(day: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path, case: str) -> None:
    folder, _ = day
    where, statement, expected = TAMPERINGS[case]
    hub, journal = tmp_path / "hub.db", tmp_path / "till.db"
    shutil.copy(folder / "hub.db", hub)
    shutil.copy(folder / "k1" / "till.db", journal)
    with closing(sqlite3.connect(hub if where == "hub" else journal)) as db:
        assert db.execute(statement).rowcount >= 1
        db.commit()
    books = check.compare("k1", "market", journal, folder / "k1.diary", hub)
    assert books.chain_ok is False if expected == "chain_ok" else getattr(books, expected) > 0


def test_the_checker_notices_stock_sold_once_and_booked_twice(
    day: tuple[Path, subprocess.CompletedProcess[str]], tmp_path: Path
) -> None:
    folder, _ = day
    hub = tmp_path / "hub.db"
    shutil.copy(folder / "hub.db", hub)
    journals = [folder / name / "till.db" for name in ("k1", "k2")]
    assert check.compare_stock(journals, "market", hub) == (0, 0)
    with closing(sqlite3.connect(hub)) as db:
        of_one = "kiosk_id = (SELECT min(kiosk_id) FROM accounts WHERE site = 'market' AND sku = {0}) AND sku = {0}"
        db.execute(f"UPDATE accounts SET sold = sold + 1 WHERE {of_one.format(repr('DR001'))}")  # noqa: S608
        db.execute(f"UPDATE accounts SET sold = sold - 2 WHERE {of_one.format(repr('DR002'))}")  # noqa: S608
        db.commit()
    assert check.compare_stock(journals, "market", hub) == (2, 1)


def test_a_folder_that_exists_is_refused(tmp_path: Path) -> None:
    command = [sys.executable, "-m", "demo", "--folder", str(tmp_path)]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 2
    assert "name a new folder" in done.stderr
