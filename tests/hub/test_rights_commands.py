"""``hub rights``, ``hub kiosk close``, ``hub count`` and ``hub transfer`` as an operator runs them."""

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_books import AT, open_hub
from steward_twins import TEA, Shop, Till, still

from contract.facts import StockLine
from contract.goods import GoneLine, TransferReceived, TransferSent
from contract.values import Quantity, SiteId
from hub.cli import main


@pytest.fixture
def url(books_url: str, tmp_path: Path) -> str:
    with open_hub(books_url, tmp_path / "state") as hub:
        shop = Shop(hub, still)
        k1, k2, far = shop.till("market/k1"), shop.till("market/k2"), shop.till("harbour/k1")
        k1.receive(10)
        k2.receive(4)
        k1.count(14)
        _send(k1, far)
        for till in shop.tills:
            till.flush()
        shop.give(free=3)
        shop.work()
    return books_url


def _send(giver: Till, receiver: Till) -> None:
    giver.record(TransferSent("t1", SiteId("harbour"), [GoneLine(TEA.sku, Quantity(3))], AT))
    receiver.record(
        TransferReceived("t1", SiteId("market"), [StockLine(TEA.sku, Quantity(2))], AT + timedelta(hours=1))
    )


def run(url: str, tmp_path: Path, *arguments: str) -> Result:
    state = ["--state-dir", str(tmp_path / "state")] if arguments[1] not in {"list", "recalls", "show"} else []
    return CliRunner().invoke(main, [*arguments, *state], env={"HUB_DATABASE_URL": url})


def rows(url: str, tmp_path: Path, *arguments: str) -> list[dict[str, Any]]:
    done = run(url, tmp_path, *arguments, "--json")
    assert done.exit_code == 0, done.output
    (found,) = json.loads(done.stdout).values()
    return list(found)


def test_rights_are_listed_granted_and_recalled(url: str, tmp_path: Path) -> None:
    before = {row["holder"]: row for row in rows(url, tmp_path, "rights", "list", "--site", "market", "--sku", "tea")}
    assert (before["hub"]["available"], before["k1"]["available"], before["k2"]["available"]) == (3, 7, 4)
    done = run(url, tmp_path, "rights", "grant", "demo/market/k2", "tea", "2")
    assert "granted 2 pc of tea" in done.output
    after = {row["holder"]: row for row in rows(url, tmp_path, "rights", "list", "--sku", "tea", "--site", "market")}
    assert (after["hub"]["available"], after["k2"]["in_flight"]) == (1, 2)
    assert run(url, tmp_path, "rights", "recall", "demo/market/k1", "tea", "5").exit_code == 0
    (recall,) = rows(url, tmp_path, "rights", "recalls")
    assert (recall["kiosk"], recall["asked"]) == ("demo/market/k1", 5)
    kept = {row["holder"]: row["by_hand"] for row in rows(url, tmp_path, "rights", "list", "--site", "market")}
    assert kept == {"hub": 5, "k1": None, "k2": None}


@pytest.mark.parametrize(
    ("arguments", "status", "says"),
    [
        (("rights", "grant", "demo/market/k1", "tea", "9"), 1, "not free"),
        (("rights", "grant", "market", "tea", "1"), 2, "region/site/kiosk"),
        (("rights", "grant", "demo/market/k1", " ", "1"), 2, "sku"),
        (("rights", "recall", "demo/market/k9", "tea", "1"), 1, "was ever heard of"),
        (("rights", "recall", "demo/market/k1", "typo", "3"), 1, "demo/market/k1 never had any typo (sellable, pc)"),
        (("rights", "grant", "demo/market/k1", "typo", "3"), 1, "market never had any typo (sellable, pc)"),
        (("kiosk", "close", "demo/market/k9"), 1, "was ever heard of"),
        (("count", "settle", "1-2", "--till", "k2=1@1"), 2, "no count"),
        (("count", "settle", "9-9-9", "--till", "k2=1@1"), 1, "no such count"),
        (("count", "settle", "1-1-2", "--till", "k2@1"), 2, "KIOSK=LIFE@POSITION"),
        (("transfer", "close", "t9"), 1, "nothing is missing"),
        (("transfer", "close", "\x1b[2Jt9\u202e"), 1, "transfer \ufffd[2Jt9\ufffd: hub"),
        (("reservation", "show", "\x1b[2Jt9"), 1, "no reservation \ufffd[2Jt9: hub"),
        (("count", "settle", f"{10**20 - 1}-1-1", "--till", "k2=1@1"), 2, "no count such as 3-1-40"),
        (("exceptions", "resolve", f"{10**20 - 1}", "--by", "ana", "--note", "seen"), 2, "not in the range"),
        (("quarantine", "read-again", f"{10**20 - 1}"), 2, "not in the range"),
        (("promise", "answer", "nope"), 2, "Choose from: confirmed, elsewhere, later, substitute, sorry See"),
        (("kiosk", "close", "demo/market/k2", "--why", "w" * 201), 2, "--why: 1 to 200 printable characters"),
        (("kiosk", "close", "demo/market/k2", "--why", "a\x1b[2Jb"), 2, "--why: 1 to 200 printable characters"),
        (("kiosk", "close", "demo/market/k2", "--why", " "), 2, "--why: 1 to 200 printable characters"),
        (("reservation", "cancel", "r1", "--reason", "two\nlines"), 2, "--reason: 1 to 200 printable"),
        (("reservation", "cancel", "r1", "--reason", "w" * 201), 2, "--reason: 1 to 200 printable"),
        (("exceptions", "resolve", "1", "--by", "ana", "--note", "w" * 501), 2, "--note: 1 to 500 printable"),
    ],
)
def test_what_cannot_be_done_is_said_in_one_line(
    url: str, tmp_path: Path, arguments: tuple[str, ...], status: int, says: str
) -> None:
    done = run(url, tmp_path, *arguments)
    assert done.exit_code == status
    assert says in done.stderr
    assert done.stderr.count("\n") == 1
    assert done.stdout == ""


def test_a_closed_kiosk_says_what_to_count(url: str, tmp_path: Path) -> None:
    (row,) = rows(url, tmp_path, "kiosk", "close", "demo/market/k2", "--why", "stolen")
    assert (row["site"], row["sku"], row["limbo"]) == ("demo/market", "tea", 4)
    again = run(url, tmp_path, "kiosk", "close", "demo/market/k2")
    assert (again.exit_code, "no open life" in again.stderr) == (1, True)
    listed = run(url, tmp_path, "kiosk", "list")
    assert "k2" in listed.stdout


def test_a_count_says_which_till_it_waits_for_and_takes_a_position_by_hand(url: str, tmp_path: Path) -> None:
    (row,) = rows(url, tmp_path, "count", "list")
    assert row["waits"] == "k2 is not named"
    done = run(url, tmp_path, "count", "settle", row["id"], "--till", "k2=1@1")
    assert "1 lines are looked at again with k2=1@1" in done.output
    (row,) = rows(url, tmp_path, "count", "list", "--site", "market")
    assert (row["waits"], row["cut"].split()[1]) == ("", "k2=1@1")


def test_what_a_transfer_lost_is_booked_once_and_on_no_shelf(url: str, tmp_path: Path) -> None:
    (row,) = rows(url, tmp_path, "transfer", "list")
    assert (row["sent"], row["arrived"], row["missing"]) == (3, 2, 1)
    (booked,) = rows(url, tmp_path, "transfer", "close", "t1")
    assert booked["missing"] == 1
    assert rows(url, tmp_path, "transfer", "list") == []
    lost = [row for row in rows(url, tmp_path, "rights", "list") if row["site"] == "demo/-"]
    assert [(row["holder"], row["available"]) for row in lost] == [("hub", 0)]
    assert run(url, tmp_path, "transfer", "close", "t1").exit_code == 1


def test_what_turns_up_of_a_transfer_that_was_closed_is_found_again(url: str, books_url: str, tmp_path: Path) -> None:
    assert run(url, tmp_path, "transfer", "close", "t1").exit_code == 0
    with open_hub(books_url, tmp_path / "state") as hub:
        far = Till(hub, "harbour/k1")
        for amount in (2, 1):  # the first was sent before, and is said again
            came = [StockLine(TEA.sku, Quantity(amount))]
            far.record(TransferReceived("t1", SiteId("market"), came, AT + timedelta(hours=1)))
        far.flush()
    (row,) = rows(url, tmp_path, "transfer", "list")
    assert (row["sent"], row["arrived"], row["missing"]) == (3, 4, -1)
    (booked,) = rows(url, tmp_path, "transfer", "close", "t1")
    assert booked["missing"] == -1
    assert not [row for row in rows(url, tmp_path, "rights", "list") if row["site"] == "demo/-"], "nothing is lost"


def test_a_lost_kiosk_is_fenced_shown_and_admitted_again(url: str, tmp_path: Path) -> None:
    assert "it is fenced" in run(url, tmp_path, "kiosk", "close", "demo/market/k2", "--lost", "--why", "stolen").stderr
    fenced = {(row["site"], row["kiosk"]) for row in rows(url, tmp_path, "kiosk", "list") if row["fenced_at"]}
    assert fenced == {("market", "k2")}
    assert "may have rights again" in run(url, tmp_path, "kiosk", "admit", "demo/market/k2").stdout
    assert not any(row["fenced_at"] for row in rows(url, tmp_path, "kiosk", "list"))
    again = run(url, tmp_path, "kiosk", "admit", "demo/market/k2")
    assert (again.exit_code, "is not fenced" in again.stderr) == (1, True)
