"""What a kiosk knows of other sites' stock: as told, with its age, and never half of it."""

import json
import sqlite3
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from contract.codec import Stamp, digest, encode
from contract.down import AvailabilityChanged, Level, SiteHeard
from contract.envelope import NO_DIGEST, LogSource
from contract.registry import DOWN
from contract.streams import AVAILABILITY
from contract.values import Currency, RegionId, Sku, Unit
from kiosk.backroom.apply import Backroom
from kiosk.cli import main
from kiosk.clock import now_utc
from kiosk.journal.elsewhere import FILE, Elsewhere, ElsewhereReader
from kiosk.journal.links import LinkStore

AT = datetime(2026, 3, 7, 9, 30, tzinfo=UTC)


def changed(*levels: Level, complete: bool = True, **heard: datetime) -> AvailabilityChanged:
    return AvailabilityChanged(complete, list(levels), [SiteHeard(site, at) for site, at in heard.items()])


@pytest.fixture
def elsewhere(tmp_path: Path) -> Elsewhere:
    return Elsewhere(tmp_path / FILE)


def told(elsewhere: Elsewhere, sku: str = "tea", now: datetime = AT) -> list[tuple[str, str, float | None]]:
    reader = ElsewhereReader(elsewhere.path)
    found = [(one.site, one.shown, one.age_s) for one in reader.find(Sku(sku), now)]
    reader.close()
    return found


def test_what_was_told_is_found_with_its_age(elsewhere: Elsewhere) -> None:
    elsewhere.apply(
        1,
        1,
        changed(
            Level("market", "tea", 3),
            Level("harbour", "tea", 5, more=True),
            Level("harbour", "rum", 750, Unit.MILLILITRE),
            Level("fair", "tea", 0),
            market=AT - timedelta(seconds=60),
            harbour=AT,
        ),
    )
    assert told(elsewhere) == [("fair", "ask", None), ("harbour", "5+", 0.0), ("market", "3", 60.0)]
    assert told(elsewhere, "rum") == [("harbour", "750 ml", 0.0)]
    assert told(elsewhere, "gin") == []
    assert elsewhere.cursor() == (1, 1)


def test_what_is_too_old_says_ask_until_the_site_is_heard_again(elsewhere: Elsewhere) -> None:
    elsewhere.apply(1, 1, changed(Level("market", "tea", 3), market=AT))
    late = AT + timedelta(seconds=901)
    assert told(elsewhere, now=late - timedelta(seconds=1)) == [("market", "3", 900.0)]
    assert told(elsewhere, now=late) == [("market", "ask", 901.0)]
    elsewhere.apply(1, 2, changed(market=late))
    assert told(elsewhere, now=late) == [("market", "3", 0.0)]


def test_a_clock_that_is_far_behind_knows_no_age(elsewhere: Elsewhere) -> None:
    elsewhere.apply(1, 1, changed(Level("market", "tea", 3), market=AT))
    assert told(elsewhere, now=AT - timedelta(seconds=30)) == [("market", "3", -30.0)]
    assert told(elsewhere, now=AT - timedelta(days=1)) == [("market", "ask", None)]


def test_a_newer_level_takes_the_place_of_the_one_before(elsewhere: Elsewhere) -> None:
    elsewhere.apply(1, 1, changed(Level("market", "tea", 5, more=True), market=AT))
    elsewhere.apply(1, 2, changed(Level("market", "tea", 2)))
    assert told(elsewhere) == [("market", "2", 0.0)]


def test_a_new_generation_takes_over_only_when_all_of_it_is_told(elsewhere: Elsewhere) -> None:
    elsewhere.apply(1, 1, changed(Level("market", "tea", 1), Level("harbour", "tea", 2), market=AT, harbour=AT))
    elsewhere.apply(2, 1, changed(Level("market", "tea", 4), complete=False))
    assert told(elsewhere) == [("harbour", "2", 0.0), ("market", "4", 0.0)]
    elsewhere.apply(2, 2, changed(Level("market", "rum", 1)))
    assert told(elsewhere) == [("market", "4", 0.0)]
    elsewhere.apply(2, 3, changed(Level("harbour", "tea", 3)))
    assert told(elsewhere) == [("harbour", "3", 0.0), ("market", "4", 0.0)]


def test_before_anything_was_told_nothing_is_known(tmp_path: Path) -> None:
    reader = ElsewhereReader(tmp_path / FILE)
    assert list(reader.find(Sku("tea"), AT)) == []
    Elsewhere(tmp_path / FILE).apply(1, 1, changed(Level("market", "tea", 3), market=AT))
    assert [one.shown for one in reader.find(Sku("tea"), AT)] == ["3"]
    reader.close()


# -------------------------------------------------------------------------------------------------- through link.db


def raw(data: Any, generation: int, seq: int, prev: str = NO_DIGEST) -> bytes:
    source = LogSource(RegionId("demo"), AVAILABILITY, generation)
    return encode(data, source=source, seq=seq, prev=prev, stamp=Stamp(at=AT), registry=DOWN)


@pytest.fixture
def link(tmp_path: Path) -> LinkStore:
    return LinkStore(tmp_path / "link.db")


@pytest.fixture
def room(tmp_path: Path) -> Backroom:
    return Backroom(tmp_path, Currency("EUR"))


def positions(link: LinkStore) -> list[tuple[int, int]]:
    return link.connection.execute("SELECT generation, position FROM down_facts ORDER BY 1, 2").fetchall()


def test_the_backroom_applies_it_once_and_goes_on_where_it_was(tmp_path: Path, link: LinkStore, room: Backroom) -> None:
    first = raw(changed(Level("market", "tea", 3), market=AT), 1_000_001, 1)
    second = raw(changed(Level("market", "tea", 2)), 1_000_001, 2, digest(first))
    link.accept(AVAILABILITY, 1_000_001, 1, (first,))
    assert room.step() == 1
    assert room.step() == 0
    room.close()
    link.accept(AVAILABILITY, 1_000_001, 2, (second,))
    again = Backroom(tmp_path, Currency("EUR"))
    assert again.step() == 1
    again.close()
    assert [one.shown for one in ElsewhereReader(tmp_path / FILE).find(Sku("tea"), AT)] == ["2"]
    with sqlite3.connect(tmp_path / "catalogue.db") as db:
        assert db.execute("SELECT count(*) FROM cursors").fetchone() == (0,)


def test_a_fact_that_cannot_be_read_is_passed_over(tmp_path: Path, link: LinkStore, room: Backroom) -> None:
    good = raw(changed(Level("market", "tea", 3), market=AT), 1_000_001, 2)
    link.accept(AVAILABILITY, 1_000_001, 1, (b"junk", good, raw(changed(Level("market", "tea", 9)), 1_000_001, 7)))
    assert room.step() == 3
    assert room.step() == 0
    room.close()
    assert [one.shown for one in ElsewhereReader(tmp_path / FILE).find(Sku("tea"), AT)] == ["3"]


def test_a_new_generation_lets_the_facts_of_older_ones_go_and_of_no_other_log(link: LinkStore) -> None:
    link.accept(AVAILABILITY, 1_000_001, 1, (b"a", b"b"))
    link.accept("fleet", 1, 1, (b"f",))
    link.accept(AVAILABILITY, 1_000_002, 1, (b"c",))
    link.accept("fleet", 2, 1, (b"g",))
    assert positions(link) == [(1, 1), (2, 1), (1_000_002, 1)]
    assert link.down_bytes() == 3


def test_a_lost_file_is_made_again_from_what_the_bridge_has(tmp_path: Path, link: LinkStore, room: Backroom) -> None:
    link.accept(AVAILABILITY, 1_000_001, 1, (raw(changed(Level("market", "tea", 3), market=AT), 1_000_001, 1),))
    room.step()
    room.close()
    for path in tmp_path.glob(f"{FILE}*"):
        path.unlink()
    again = Backroom(tmp_path, Currency("EUR"))
    assert again.step() == 1
    again.close()
    assert [one.shown for one in ElsewhereReader(tmp_path / FILE).find(Sku("tea"), AT)] == ["3"]


# ------------------------------------------------------------------------------------------------------- the command


def test_the_command_tells_sites_texts_and_ages(tmp_path: Path, elsewhere: Elsewhere) -> None:
    now = now_utc()
    elsewhere.apply(
        1,
        1,
        changed(
            Level("market", "tea", 3),
            Level("harbour", "tea", 5, more=True),
            Level("fair", "tea", 1),
            market=now - timedelta(minutes=2, seconds=5),
            harbour=now - timedelta(hours=3, minutes=5),
        ),
    )
    run = CliRunner().invoke(main, ["--data", str(tmp_path), "availability", "tea"])
    assert run.exit_code == 0, run.output
    assert run.stdout == "fair\task\tnever heard\nharbour\task\t3 h old\nmarket\t3\t2 min old\n"
    asked = CliRunner().invoke(main, ["--data", str(tmp_path), "availability", "tea", "--json"])
    said = json.loads(asked.stdout)
    assert said["sku"] == "tea"
    market = said["sites"][2]
    assert 125 <= market.pop("age_s") < 300  # as long as the two commands took
    assert market == {"site": "market", "unit": "pc", "shown": "3", "ask": False}
    assert [one["ask"] for one in said["sites"]] == [True, True, False]
    nothing = CliRunner().invoke(main, ["--data", str(tmp_path), "availability", "gin"])
    assert (nothing.exit_code, nothing.stdout) == (0, "")
    assert "nothing was told of gin yet" in nothing.stderr


def test_the_command_refuses_what_is_no_sku(tmp_path: Path) -> None:
    run = CliRunner().invoke(main, ["--data", str(tmp_path), "availability", " "])
    assert run.exit_code == 2
    assert "SKU" in run.stderr
