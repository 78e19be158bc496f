"""What was set aside is read again after an update, and a person closes what was looked into."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner, Result
from hub_books import Hub, LaneTwin, books, open_hub, received, sale
from sqlalchemy import select
from steward_twins import Shop, still

from contract.codec import decode
from contract.facts import StockReceived
from contract.registry import UP, Registry
from contract.rights import RightsReported, RightsRequested
from contract.values import parse_address
from hub.cli import main
from hub.core import inbox
from hub.core.read_models import ExceptionView
from hub.store import queries
from hub.store.rights_tables import wants
from hub.store.verify import find_faults


def older_release(monkeypatch: pytest.MonkeyPatch, *unknown: type) -> None:
    """Let the hub be of a release that does not know the types ``unknown``."""
    types = {name: struct for name, struct in UP.types.items() if struct not in unknown}
    monkeypatch.setattr(inbox, "decode", partial(decode, registry=Registry(types)))


def run(url: str, tmp_path: Path, *arguments: str) -> Result:
    state = ["--state-dir", str(tmp_path / "state")]
    return CliRunner().invoke(main, [*arguments, *state], env={"HUB_DATABASE_URL": url})


def read_again(url: str, tmp_path: Path, *numbers: str) -> list[dict[str, Any]]:
    done = run(url, tmp_path, "quarantine", "read-again", *numbers, "--json")
    assert done.exit_code == 0, done.output
    found: list[dict[str, Any]] = json.loads(done.stdout)["read"]
    return found


def faults(hub: Hub) -> list[str]:
    with hub.store.read() as connection:
        return [one.finding.what for one in find_faults(connection)]


def cases(hub: Hub, *, resolved: bool = False) -> list[ExceptionView]:
    with hub.store.read() as connection:
        return queries.list_exceptions(connection, resolved=resolved)


def open_cases(hub: Hub) -> list[str]:
    return [one.kind for one in cases(hub)]


@pytest.fixture
def delivered(hub: Hub, till: LaneTwin, monkeypatch: pytest.MonkeyPatch) -> LaneTwin:
    """A till whose delivery and first sale the hub could not read."""
    with monkeypatch.context() as patch:
        older_release(patch, StockReceived)
        till.record(received("tea", 10), sale("k1-1-2", amount=3))
        hub.take(till.message())
    return till


def test_after_an_update_the_books_are_as_if_it_had_been_read_at_once(
    hub: Hub, delivered: LaneTwin, books_url: str, tmp_path: Path
) -> None:
    assert faults(hub) == ["unread"]
    assert "quarantined" in open_cases(hub)
    (row,) = read_again(books_url, tmp_path)
    assert (row["booked"], row["why"]) == (True, "")
    assert faults(hub) == []
    assert "quarantined" not in open_cases(hub)
    again = read_again(books_url, tmp_path, str(row["id"]))
    assert again == [{"id": row["id"], "booked": True, "why": ""}]
    found = books(hub.store)
    with open_hub(f"sqlite:///{tmp_path}/other/hub.db", tmp_path / "other") as other:
        other.take(delivered.message())
        at_once = books(other.store)
    for table in ("stock", "receipts", "lanes", "facts"):
        assert found[table] == at_once[table]


def test_a_repeat_of_what_was_read_again_changes_nothing(
    hub: Hub, delivered: LaneTwin, books_url: str, tmp_path: Path
) -> None:
    read_again(books_url, tmp_path)
    before = books(hub.store)
    hub.take(delivered.message())
    assert books(hub.store) == before
    assert "fork" not in open_cases(hub)


def test_what_cannot_be_read_stays_and_says_why(hub: Hub, till: LaneTwin, books_url: str, tmp_path: Path) -> None:
    till.sell()
    till.raws.append(b"{damaged")
    hub.take(till.message())
    (row,) = read_again(books_url, tmp_path)
    assert not row["booked"]
    assert row["why"]
    assert "quarantined" in open_cases(hub)


def test_a_fact_of_a_life_that_is_closed_by_now_is_late(
    hub: Hub, delivered: LaneTwin, books_url: str, tmp_path: Path
) -> None:
    newer = LaneTwin(delivered.address, epoch=2)
    newer.sell(overdraft=1)
    hub.take(newer.message())
    (row,) = read_again(books_url, tmp_path)
    assert row["booked"]
    assert faults(hub) == []
    done = run(books_url, tmp_path, "quarantine", "read-again", "4711")
    assert (done.exit_code, "nothing was set aside under 4711" in done.output) == (1, True)


def test_what_was_asked_for_long_ago_is_not_asked_again(
    hub: Hub, books_url: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shop = Shop(hub, still)
    till = shop.till("market/k1")
    shop.work()
    with monkeypatch.context() as patch:
        older_release(patch, RightsRequested, RightsReported)
        till.want(5)
        till.flush()
    (row,) = read_again(books_url, tmp_path)
    assert row["booked"]
    with hub.store.read() as connection:
        assert connection.execute(select(wants)).all() == []


def test_a_person_closes_what_was_looked_into(hub: Hub, delivered: LaneTwin, books_url: str, tmp_path: Path) -> None:
    assert delivered.raws
    (case,) = [one for one in cases(hub) if one.kind == "quarantined"]
    words = ("--by", "ana", "--note", "the hub is updated tonight")
    done = run(books_url, tmp_path, "exceptions", "resolve", str(case.id), *words)
    assert (done.exit_code, done.output) == (0, f"resolved: {case.id}\n")
    (closed,) = [one for one in cases(hub, resolved=True) if one.id == case.id]
    assert (closed.resolved_at is not None, closed.detail["decided_by"]) == (True, "ana")
    done = run(books_url, tmp_path, "exceptions", "resolve", str(case.id), *words)
    assert (done.exit_code, f"no open exception: {case.id}" in done.output) == (1, True)


@pytest.mark.parametrize("words", [("--by", "", "--note", "x"), ("--by", "ana", "--note", "two\nlines")])
def test_a_case_is_closed_with_words_that_can_be_read(
    words: tuple[str, ...], books_url: str, hub: Hub, tmp_path: Path
) -> None:
    assert not cases(hub)
    done = run(books_url, tmp_path, "exceptions", "resolve", "1", *words)
    assert (done.exit_code, "printable" in done.output) == (2, True)


def test_a_receipt_that_is_read_again_is_compared_with_what_came_since(
    hub: Hub, delivered: LaneTwin, books_url: str, tmp_path: Path
) -> None:
    other = LaneTwin(parse_address("demo/market/k2"))
    other.record(received("tea", 10))
    hub.take(other.message())
    assert "delivery_twice" not in open_cases(hub)
    read_again(books_url, tmp_path)
    assert "delivery_twice" in open_cases(hub)
