"""Books that went back are noticed, and a new incarnation begins (promise 2)."""

import shutil
from pathlib import Path
from typing import Any

import pytest
from hub_books import Hub, LaneTwin, ack_in, open_hub, positions, status
from sqlalchemy import Connection, Row, select, update

from contract.down import Item
from contract.streams import FLEET
from contract.values import Currency, Money, Sku, parse_address
from hub.core.incarnation import COOL_DOWN_S, MAX_LEAP, Life
from hub.intake.claims import BELIEVED_AGAIN_S
from hub.life import SLOT_BYTES, LifeFile
from hub.store import down
from hub.store.errors import WorldFailed
from hub.store.life import read_life
from hub.store.tables import down_facts, exceptions, hub_life


def life_of(hub: Hub) -> Life | None:
    with hub.store.read() as connection:
        return read_life(connection)


def go_back(hub: Hub, commits: int) -> None:
    """As a restored backup: fewer commits than were acknowledged."""
    with hub.store.write() as connection:
        connection.execute(update(hub_life).values(commits=commits))


def test_an_empty_database_begins_at_one_and_a_restart_changes_nothing(database_url: str, tmp_path: Path) -> None:
    for _ in range(2):
        with open_hub(database_url, tmp_path / "state") as hub:
            assert life_of(hub) == Life(1, 0)


def test_every_acknowledgement_is_in_the_life_file_first(hub: Hub, till: LaneTwin, tmp_path: Path) -> None:
    for _ in range(3):
        till.sell()
        hub.take(till.message())
        kept = (tmp_path / "state" / "incarnation.json").read_bytes()
        current = life_of(hub)
        assert current is not None
        assert f'"commits": {current.commits},'.encode() in kept


def test_a_database_that_went_back_begins_a_new_incarnation(database_url: str, tmp_path: Path) -> None:
    till = LaneTwin()
    with open_hub(database_url, tmp_path / "state") as hub:
        for _ in range(3):
            till.sell()
            hub.take(till.message())
        go_back(hub, 1)
    with open_hub(database_url, tmp_path / "state") as hub:
        ack = ack_in(hub.ingest.hello())
        assert ack is not None
        assert (ack.incarnation, ack.resume) == (2, True)
    with open_hub(database_url, tmp_path / "state") as hub:
        current = life_of(hub)
        assert current is not None
        assert current.incarnation == 2


def test_a_lost_life_file_begins_a_new_incarnation(database_url: str, tmp_path: Path) -> None:
    with open_hub(database_url, tmp_path / "state"):
        pass
    with open_hub(database_url, tmp_path / "other") as hub:
        assert life_of(hub) == Life(2, 1)


def test_an_operator_can_say_that_a_copy_was_promoted(database_url: str, tmp_path: Path) -> None:
    with open_hub(database_url, tmp_path / "state"):
        pass
    with open_hub(database_url, tmp_path / "state", promoted=True) as hub:
        assert life_of(hub) == Life(2, 1)


def test_a_restored_sqlite_backup_gets_back_what_it_lost(tmp_path: Path) -> None:
    url, till = f"sqlite:///{tmp_path}/hub.db", LaneTwin()
    till.sell()
    with open_hub(url, tmp_path / "state") as hub:
        hub.take(till.message())
    shutil.copy(tmp_path / "hub.db", tmp_path / "backup.db")
    with open_hub(url, tmp_path / "state") as hub:
        for _ in range(4):
            till.sell()
            hub.take(till.message())
    shutil.copy(tmp_path / "backup.db", tmp_path / "hub.db")
    with open_hub(url, tmp_path / "state") as hub:
        ack = ack_in(hub.ingest.hello())
        assert ack is not None
        assert (ack.incarnation, positions(ack)) == (2, {"till@1": 1})
        assert positions(ack_in(hub.take(till.message(2)).answers)) == {"till@1": 5}


def test_a_life_file_survives_a_torn_write(tmp_path: Path) -> None:
    path = tmp_path / "incarnation.json"
    file = LifeFile(path)
    for commits in range(1, 4):
        file.keep(Life(1, commits))
    file.close()
    whole = path.read_bytes()
    for slot in (0, 1):
        torn = bytearray(whole)
        torn[slot * SLOT_BYTES : slot * SLOT_BYTES + 40] = b"\x00" * 40
        path.write_bytes(torn)
        reopened = LifeFile(path)
        assert reopened.life in (Life(1, 2), Life(1, 3))
        reopened.keep(Life(1, 9))
        reopened.close()
        last = LifeFile(path)
        assert last.life == Life(1, 9)
        last.close()


def test_a_life_file_is_never_taken_back(tmp_path: Path) -> None:
    file = LifeFile(tmp_path / "incarnation.json")
    file.keep(Life(2, 5))
    file.keep(Life(2, 4))
    file.keep(Life(1, 9))
    assert file.life == Life(2, 5)
    file.close()


def test_two_hubs_do_not_share_a_life_file(tmp_path: Path) -> None:
    file = LifeFile(tmp_path / "incarnation.json")
    with pytest.raises(WorldFailed, match="another hub is running"):
        LifeFile(tmp_path / "incarnation.json")
    file.close()


@pytest.mark.parametrize("content", [b"", b"{}", b"nonsense" * 2000, b'{"incarnation": "x", "commits": 1}\n' * 300])
def test_a_damaged_life_file_counts_as_none(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "incarnation.json"
    path.write_bytes(content)
    file = LifeFile(path)
    assert file.life is None
    file.keep(Life(4, 4))
    file.close()
    again = LifeFile(path)
    assert again.life == Life(4, 4)
    again.close()


def test_a_kiosk_that_was_acknowledged_more_than_we_hold_reveals_lost_books(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    other = LaneTwin(address=parse_address("demo/market/k2"))
    other.sell()
    hub.take(till.message(), other.message())
    outcome = hub.take(status(till.address, incarnation=1, acked={"till@1": 9}))
    for kiosk in ("k1", "k2"):
        ack = ack_in(outcome.answers, f"demo/market/{kiosk}")
        assert ack is not None
        assert (ack.incarnation, ack.resume, positions(ack)) == (2, True, {"till@1": 1})
    assert [row.kind for row in rows_of_exceptions(hub)] == ["books_went_back"]
    assert hub.life.life is not None
    assert hub.life.life.incarnation == 2


def test_a_kiosk_that_saw_a_higher_incarnation_is_answered_above_it(hub: Hub, till: LaneTwin) -> None:
    ack = ack_in(hub.take(status(till.address, incarnation=7)).answers)
    assert ack is not None
    assert ack.incarnation == 8


def test_an_honest_status_changes_nothing(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    hub.take(till.message())
    for incarnation, acked in ((0, 9), (1, 1), (1, 0)):
        told = {"till@1": acked, "fleet": 77, "attic@1": 5}
        ack = ack_in(hub.take(status(till.address, incarnation=incarnation, acked=told)).answers)
        assert ack is not None
        assert ack.incarnation == 1


def test_a_liar_is_believed_once_a_day_and_only_within_reason(hub: Hub, till: LaneTwin) -> None:
    def incarnation_after(claim: int) -> int:
        ack = ack_in(hub.take(status(till.address, incarnation=claim)).answers)
        assert ack is not None
        return ack.incarnation

    assert incarnation_after(2) == 3
    assert incarnation_after(5) == 3
    hub.clock.advance(BELIEVED_AGAIN_S - 1)
    assert incarnation_after(5) == 3
    hub.clock.advance(1)
    assert incarnation_after(5) == 6
    hub.clock.advance(BELIEVED_AGAIN_S)
    assert incarnation_after(6 + MAX_LEAP + 1) == 6
    assert "incarnation_claimed" in {row.kind for row in rows_of_exceptions(hub)}


def test_kiosks_are_believed_one_a_minute(hub: Hub) -> None:
    def incarnation_after(kiosk: str, claim: int) -> int:
        address = parse_address(f"demo/market/{kiosk}")
        ack = ack_in(hub.take(status(address, incarnation=claim)).answers, str(address))
        assert ack is not None
        return ack.incarnation

    assert incarnation_after("k1", 2) == 3
    assert incarnation_after("k2", 5) == 3
    hub.clock.advance(COOL_DOWN_S)
    assert incarnation_after("k2", 5) == 6


def test_a_claim_whose_transaction_failed_is_heard_again(hub: Hub, till: LaneTwin) -> None:
    original = hub.ingest._claims._new_life

    def fail(connection: Connection, incarnation: int) -> None:
        raise WorldFailed("the disk is full")

    hub.ingest._claims._new_life = fail
    with pytest.raises(WorldFailed):
        hub.take(status(till.address, incarnation=7))
    hub.ingest._claims._new_life = original
    ack = ack_in(hub.take(status(till.address, incarnation=7)).answers)
    assert ack is not None
    assert ack.incarnation == 8


def test_generations_that_nobody_reads_any_more_are_let_go(hub: Hub) -> None:
    with hub.store.write() as connection:
        down.save_items(connection, "demo", Currency("EUR"), [Item(Sku("tea"), "Tea", price_minor=Money(300))])
        for generation in range(1, 6):
            down.begin_generations(connection, generation, hub.clock.now())
        assert connection.execute(select(down_facts.c.generation)).scalars().all() == [5]


def test_a_new_incarnation_begins_the_fleet_log_anew_with_all_there_is(hub: Hub, till: LaneTwin) -> None:
    with hub.store.write() as connection:
        down.save_items(connection, "demo", Currency("EUR"), [Item(Sku("tea"), "Tea", price_minor=Money(300))])
        down.begin_generations(connection, 1, hub.clock.now())
    hub.take(status(till.address, incarnation=1, acked={"till@1": 9}))
    with hub.store.read() as connection:
        end = down.log_end(connection, "demo", FLEET)
    assert end is not None
    assert (end.generation, end.position) == (2, 1)


def rows_of_exceptions(hub: Hub) -> list[Row[Any]]:
    with hub.store.read() as connection:
        return list(connection.execute(select(exceptions)))
