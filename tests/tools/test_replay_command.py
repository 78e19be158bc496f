import fcntl
import gzip
import random
import signal
import sqlite3
import subprocess
from functools import partial
from pathlib import Path

import pytest
from kiosk_command import Kiosk, environment
from waiting import wait_until

COLUMNS = "--ticket ticket --time time --item item --qty qty --price price".split()
HEADER = "ticket,time,item,qty,price\n"
SMALL = HEADER + (
    "2,2020-01-02,Tea,2,1.25\n"
    "1,2020-01-01,Milk,1,0.335\n"
    "2,2020-01-02,Tea,2,1.25\n"
    "C3,2020-01-03,Tea,1,1.25\n"
    "4,2020-01-04,,1,1\n"
    "5,yesterday,Tea,1,1\n"
)
RESULT = {
    "tickets": 3,
    "lines": 4,
    "refund_lines": 1,
    "rejected": {"no_item": 1, "time_unreadable": 1},
    "gross_minor": 409,
    "net_qty": 4,
}


@pytest.fixture
def small(tmp_path: Path) -> Path:
    return save(tmp_path, SMALL)


def save(folder: Path, text: str | bytes, name: str = "tickets.csv") -> Path:
    file = folder / name
    file.write_bytes(text if isinstance(text, bytes) else text.encode())
    return file


def receipts(kiosk: Kiosk) -> list[tuple[str, int]]:
    with sqlite3.connect(kiosk.data / "till.db") as db:
        return db.execute("SELECT kind, total_minor FROM receipts ORDER BY n").fetchall()


def test_a_replay_sells_the_tickets_and_says_their_totals(kiosk: Kiosk, small: Path) -> None:
    done = kiosk("replay", small, *COLUMNS)
    assert done.result == RESULT
    assert [line.split(": ")[:2] for line in done.err.splitlines()] == [
        ["line 6", "no_item"],
        ["line 7", "time_unreadable"],
    ]
    assert receipts(kiosk) == [("sale", 34), ("sale", 500), ("refund", 125)]
    assert kiosk("journal", "verify").status == 0


def test_what_is_sold_is_received_first_and_what_comes_back_is_there(kiosk: Kiosk, small: Path) -> None:
    kiosk("replay", small, *COLUMNS)
    (tea,) = kiosk("stock", "show", "Tea", "--json").json["stock"]
    assert (tea["received"], tea["sold"], tea["returned"], tea["overdraft"], tea["available"]) == (4, 4, 1, 0, 1)
    listed = kiosk("catalogue", "list", "--json").json["items"]
    assert [(item["sku"], item["price_minor"], item["price_per"]) for item in listed] == [
        ("Milk", 335, 10),
        ("Tea", 125, 1),
    ]


def test_the_same_content_again_needs_again(kiosk: Kiosk, small: Path, tmp_path: Path) -> None:
    kiosk("replay", small, *COLUMNS)
    packed = save(tmp_path, gzip.compress(SMALL.encode()), "copy.csv.gz")
    refused = kiosk("replay", packed, *COLUMNS)
    assert "give --again" in refused.complaint
    assert refused.status == 1
    assert len(receipts(kiosk)) == 3
    assert kiosk("replay", packed, *COLUMNS, "--again").result == RESULT
    assert len(receipts(kiosk)) == 6


def test_a_file_without_header_or_prices_is_replayed_by_column_numbers(kiosk: Kiosk, tmp_path: Path) -> None:
    file = save(tmp_path, "2016-10-30,09:58:11,1,Bread\n2016-10-30,10:05:34,2,Tea\n2016-10-30,10:05:34,2,Tea\n")
    columns = "--no-header --time 0,1 --ticket 2 --item 3 --default-price 2.50".split()
    result = kiosk("replay", file, *columns).result
    assert (result["tickets"], result["lines"], result["gross_minor"], result["net_qty"]) == (2, 3, 750, 3)


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([*COLUMNS, "--sku", "nope"], "no column 'nope': the columns are ticket, time, item, qty, price"),
        ([*COLUMNS, "--no-header"], "no column 'item': the columns are 0, 1, 2, 3, 4"),
        (COLUMNS[:-2], "neither --price nor --default-price"),
        ([*COLUMNS[:-2], "--default-price", "1,50"], "--default-price '1,50' is not a price"),
        ([*COLUMNS, "--time-format", "%Q"], "--time-format: 'Q' is a bad directive"),
    ],
)
def test_a_wrong_option_is_one_line_and_status_two(kiosk: Kiosk, small: Path, args: list[str], said: str) -> None:
    done = kiosk("replay", small, *args)
    assert said in done.complaint
    assert done.status == 2
    assert not (kiosk.data / "till.db").exists()


@pytest.mark.parametrize(
    ("raw", "said"),
    [
        (SMALL.encode()[:-9], "line 7: the file ends in the middle of a row"),
        (SMALL.replace("Milk", "Café").encode("latin-1"), "line 3: byte 67 (0xe9) is not UTF-8"),
        (gzip.compress(SMALL.encode())[:-9], "copy it again"),
    ],
)
def test_a_file_that_cannot_be_trusted_is_refused_whole(kiosk: Kiosk, tmp_path: Path, raw: bytes, said: str) -> None:
    done = kiosk("replay", save(tmp_path, raw), *COLUMNS)
    assert said in done.complaint
    assert done.status == 1
    assert not (kiosk.data / "till.db").exists()


def test_a_file_with_no_sale_in_it_may_be_tried_again_with_other_options(kiosk: Kiosk, small: Path) -> None:
    assert kiosk("replay", small, *COLUMNS, "--time-format", "%d/%m/%y").result["lines"] == 0
    assert kiosk("replay", small, *COLUMNS).result == RESULT


@pytest.mark.parametrize("database", ["till.db", "catalogue.db"])
def test_a_database_from_a_newer_version_is_left_alone(kiosk: Kiosk, small: Path, database: str) -> None:
    kiosk("replay", small, *COLUMNS)
    with sqlite3.connect(kiosk.data / database) as db:
        db.execute("PRAGMA user_version=99")
    done = kiosk("replay", small, *COLUMNS, "--again")
    assert f"{database} is of database version 99" in done.complaint
    assert len(receipts(kiosk)) == 3


@pytest.mark.parametrize("seed", range(4))
def test_a_replay_killed_at_any_moment_goes_on_without_doubling(kiosk: Kiosk, tmp_path: Path, seed: int) -> None:
    chance = random.Random(seed)  # noqa: S311 - chooses when to kill
    rows = [f"{ticket},2020-01-01,item {ticket % 7},{chance.choice((1, 2, -1))},1.25\n" for ticket in range(3000)]
    file = save(tmp_path, HEADER + "".join(rows))
    command = kiosk.argv("replay", file, *COLUMNS)
    kills = 0
    for number in (chance.randrange(5), chance.randrange(1, 1000), chance.randrange(1000, 2500)):
        child = subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, env=environment())
        wait_until(partial(has_stored, kiosk, number, child), what="tickets")
        child.send_signal(signal.SIGKILL)
        child.communicate()
        kills += child.returncode == -signal.SIGKILL
    assert kills
    result = kiosk("replay", file, *COLUMNS, *(["--again"] if chance.random() < 0.5 else [])).result
    assert (result["tickets"], result["lines"]) == (3000, 3000)
    found = receipts(kiosk)
    assert len(found) == 3000
    assert sum(total if kind == "sale" else -total for kind, total in found) == result["gross_minor"]
    accounts = kiosk("stock", "show", "--json").json["stock"]
    assert all(one["received"] == one["sold"] and one["overdraft"] == 0 for one in accounts)
    assert sum(one["sold"] - one["returned"] for one in accounts) == result["net_qty"]
    assert kiosk("journal", "verify").status == 0
    assert "give --again" in kiosk("replay", file, *COLUMNS).complaint


def has_stored(kiosk: Kiosk, tickets: int, child: subprocess.Popen[bytes]) -> bool:
    return child.poll() is not None or stored(kiosk) >= tickets


def stored(kiosk: Kiosk) -> int:
    path = kiosk.data / "till.db"
    if not path.exists():
        return -1
    db = sqlite3.connect(f"file:{path}?mode=ro", uri=True)
    try:
        return int(db.execute("SELECT count(*) FROM receipts").fetchone()[0])
    except sqlite3.Error:  # not made yet
        return -1
    finally:
        db.close()


def test_two_replays_at_once_do_not_meet(kiosk: Kiosk, small: Path) -> None:
    kiosk("replay", small, *COLUMNS)
    with (kiosk.data / "replay.lock").open("w") as other:
        fcntl.flock(other, fcntl.LOCK_EX)
        assert "another replay is running here" in kiosk("replay", small, *COLUMNS, "--again").complaint
    assert kiosk("replay", small, *COLUMNS, "--again").result == RESULT


def test_a_replay_cut_short_is_finished_with_its_own_options_only(kiosk: Kiosk, small: Path) -> None:
    kiosk("replay", small, *COLUMNS)
    with sqlite3.connect(kiosk.data / "till.db") as db:
        db.execute("UPDATE imports SET finished = 0")
    assert "give the same options" in kiosk("replay", small, *COLUMNS, "--sku", "item").complaint
    done = kiosk("replay", small, *COLUMNS)
    assert "going on" in done.err
    assert done.result == RESULT
    assert len(receipts(kiosk)) == 3
