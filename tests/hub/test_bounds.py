"""A kiosk with a good certificate that means harm: what it can make the books hold is bounded, told and counted."""

import logging
from collections import Counter
from pathlib import Path

import pytest
from hub_books import AT, Hub, LaneTwin, ack_in, books, down_ack, make_hub, positions, sale, status
from sqlalchemy import func, select, text

from contract.batch import Status, encode_message
from contract.down import Item
from contract.streams import FLEET
from contract.values import Address, Currency, Lane, Sku, parse_address
from hub.intake.arrivals import Message
from hub.store import books as store_books
from hub.store import down
from hub.store.bounds import LOOK_AGAIN_S, Bounds
from hub.store.errors import WorldFailed
from hub.store.tables import down_cursors, exceptions, kiosks, lanes, quarantine

K1 = parse_address("demo/market/k1")


def bounded(hub: Hub, limits: Bounds) -> Hub:
    return make_hub(hub.store, hub.life, limits=limits)


def count(hub: Hub, table: object) -> int:
    with hub.store.read() as connection:
        return connection.execute(select(func.count()).select_from(table)).scalar_one()


def kinds(hub: Hub) -> Counter[str]:
    with hub.store.read() as connection:
        return Counter(connection.execute(select(exceptions.c.kind)).scalars())


def sold_in(epoch: int, address: Address = K1) -> LaneTwin:
    twin = LaneTwin(address=address, epoch=epoch)
    twin.sell()
    return twin


def test_invented_epochs_begin_no_lanes_beyond_a_bound(hub: Hub) -> None:
    small = bounded(hub, Bounds(lanes=5))
    for epoch in range(1, 20):
        small.take(sold_in(epoch).message())
    small.take(*(sold_in(epoch).message() for epoch in range(30, 40)))
    assert count(hub, lanes) == 5
    assert small.ingest.fates == {"taken": 5, "refused": 24}
    assert kinds(hub) == {"bound_met": 1}
    told = positions(ack_in(small.take(sold_in(3).message(), sold_in(25).message()).answers))
    assert told["till@3"] == 1
    assert "till@25" not in told


def test_a_lane_that_is_known_goes_on_when_no_more_may_begin(hub: Hub, till: LaneTwin) -> None:
    small = bounded(hub, Bounds(lanes=1))
    till.sell()
    small.take(till.message())
    small.take(LaneTwin(lane=Lane.SENSE, raws=[b"x"]).message())
    till.sell()
    assert positions(ack_in(small.take(till.message()).answers)) == {"till@1": 2}


def test_an_epoch_far_beyond_those_before_is_refused(hub: Hub) -> None:
    """The kiosk's own till follows the newest epoch that we name, and nothing comes after the last one."""
    leap = Bounds().epoch_leap
    for epoch in (leap + 1, 999_999_999, leap, 2 * leap, 1):
        hub.take(sold_in(epoch).message())
    assert hub.ingest.fates == {"refused": 2, "taken": 3}
    assert kinds(hub) == {"bound_met": 1}


def test_a_full_quarantine_holds_its_lane_and_loses_nothing(hub: Hub, till: LaneTwin) -> None:
    small = bounded(hub, Bounds(unfit=2))
    till.sell()
    till.raws += [b"one", b"two", b"three"]
    till.sell()
    assert positions(ack_in(small.take(till.message()).answers)) == {"till@1": 3}
    assert small.ingest.fates == {"refused": 1}
    assert kinds(hub) == {"quarantined": 1, "bound_met": 1}
    other = sold_in(1, parse_address("demo/market/k2"))
    other.raws.append(b"three")
    assert positions(ack_in(small.take(other.message()).answers, "demo/market/k2")) == {"till@1": 2}
    with hub.store.write() as connection:
        connection.execute(quarantine.delete().where(quarantine.c.kiosk_id == 1))
    small.clock.advance(LOOK_AGAIN_S)
    assert positions(ack_in(small.take(till.message(4)).answers)) == {"till@1": 5}
    assert len(books(hub.store)["facts"]) == 3


@pytest.mark.parametrize("kind", ["unfit", "fork"])
def test_what_is_set_aside_is_bounded_in_bytes(hub: Hub, till: LaneTwin, kind: str) -> None:
    small = bounded(hub, Bounds(aside_bytes=1000))
    if kind == "fork":
        for _ in range(4):
            till.sell()
        small.take(till.message())
    junk = LaneTwin(raws=[b"%d" % n * 400 for n in range(4)])
    small.take(junk.message())
    small.take(junk.message())
    assert count(hub, quarantine) == 2
    assert small.ingest.fates["refused"] == 2


def test_exceptions_of_one_kiosk_are_bounded(hub: Hub, till: LaneTwin, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(store_books, "MAX_OPEN", 5)
    monkeypatch.setattr(store_books, "AT_ONCE", 3)
    for n in range(1, 13):
        till.record(sale(f"k1-1-{n}"), sale(f"k1-1-{n}", price=100))
    hub.take(till.message(1, 8))
    hub.take(till.message(9))
    assert kinds(hub) == {"receipt_reused": 5, "bound_met": 1}
    assert len(books(hub.store)["receipts"]) == 24
    other = LaneTwin(address=parse_address("demo/market/k2"), raws=[b"x"])
    hub.take(other.message())
    assert kinds(hub)["quarantined"] == 1


def test_made_up_kiosks_are_bounded(hub: Hub, till: LaneTwin) -> None:
    small = bounded(hub, Bounds(kiosks=2))
    till.sell()
    small.take(till.message(), *(status(parse_address(f"demo/market/x{n}")) for n in range(5)))
    small.take(*(status(parse_address(f"demo/market/y{n}")) for n in range(5)))
    assert count(hub, kiosks) == 2
    assert small.ingest.fates == Counter(taken=1, heard=1, refused=9)
    assert small.ingest.refusals.total == 9
    till.sell()
    assert positions(ack_in(small.take(till.message()).answers)) == {"till@1": 2}


def test_cursors_of_logs_that_nobody_wrote_are_not_kept(hub: Hub) -> None:
    with hub.store.write() as connection:
        down.save_items(connection, "demo", Currency("EUR"), [Item(Sku("tea"), "Tea")])
        down.begin_generations(connection, 1, AT)
    for n in range(1, 50):
        hub.take(down_ack(K1, {f"fleet@{n}": n, f"log{n}@1": 3, "nonsense": 1}))
    assert count(hub, down_cursors) == 1
    with hub.store.read() as connection:
        assert down.cursor(connection, 1, FLEET, 1) == 1


def test_a_version_that_no_database_takes_is_written_down_all_the_same(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    strange = encode_message(Status(online=True, version="1\x00\u202e"))
    outcome = hub.take(Message(f"popup/v1/{K1}/status", strange), till.message())
    assert positions(ack_in(outcome.answers)) == {"till@1": 1}
    with hub.store.read() as connection:
        assert connection.execute(select(kiosks.c.version)).scalar_one() == "1\ufffd\ufffd"


def test_a_message_that_the_database_refuses_takes_no_other_with_it(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    with hub.store.write() as connection:  # stands for whatever nobody thought of
        connection.execute(text("CREATE UNIQUE INDEX one_version ON kiosks (version) WHERE version = '1.0'"))
    k2, k3 = (parse_address(f"demo/market/{name}") for name in ("k2", "k3"))
    outcome = hub.take(status(k2), status(k3), till.message())
    assert hub.ingest.fates == Counter(heard=1, refused=1, taken=1)
    assert hub.ingest.refusals.counts() == {("demo/market/k3", "database"): 1}
    assert positions(ack_in(outcome.answers)) == {"till@1": 1}
    assert len(outcome.told) == 1
    with hub.store.write() as connection:
        connection.execute(text("DROP INDEX one_version"))


def test_what_is_refused_is_counted_once_however_often_the_database_fails(tmp_path: Path, hub: Hub) -> None:
    till = sold_in(1)
    with hub.store.write() as connection:
        connection.execute(text("ALTER TABLE accounts RENAME TO away"))
    for _ in range(3):
        with pytest.raises(WorldFailed):
            hub.take(Message("elsewhere", b""), till.message())
    assert hub.ingest.refusals.counts() == {}
    with hub.store.write() as connection:
        connection.execute(text("ALTER TABLE away RENAME TO accounts"))
    hub.take(Message("elsewhere", b""), till.message())
    assert hub.ingest.fates == {"refused": 1, "taken": 1}
    assert hub.ingest.refusals.total == 1


def test_every_message_has_a_fate(hub: Hub, till: LaneTwin) -> None:
    for _ in range(4):
        till.sell()
    fork = LaneTwin(raws=[b"other"])
    hub.take(till.message(1, 2), till.message(1, 1), till.message(4), fork.message())
    hub.take(LaneTwin(lane=Lane.SENSE, raws=[b"x"]).message(), status(K1), down_ack(K1, {}))
    hub.take(Message("x", b""), Message(f"popup/v1/{K1}/up/telemetry", b""))
    assert hub.ingest.fates == {
        "taken": 1,
        "repeated": 1,
        "gapped": 1,
        "forked": 1,
        "quarantined": 1,
        "heard": 2,
        "refused": 1,
        "unheard": 1,
    }


def test_a_flood_is_not_written_to_the_log(hub: Hub, caplog: pytest.LogCaptureFixture) -> None:
    junk = LaneTwin(raws=[b"x"])
    with caplog.at_level(logging.INFO):
        for n in range(50):
            hub.take(Message("elsewhere", b"%d" % n), junk.message(), status(K1, incarnation=9_000_000 + n))
    assert len(caplog.records) == 1
