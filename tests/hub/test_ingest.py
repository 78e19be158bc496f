"""Facts take effect exactly once, in order, whatever the link does to their batches."""

import json
from pathlib import Path

import pytest
from hub_books import (
    Hub,
    LaneTwin,
    ack_in,
    books,
    counted,
    make_hub,
    open_hub,
    positions,
    received,
    refund,
    sale,
    status,
    stock_sums,
)
from sqlalchemy import select, update

from contract.batch import batch_mark
from contract.codec import digest
from contract.values import Lane, parse_address
from hub.intake.arrivals import Message
from hub.store.bounds import Bounds
from hub.store.rights_tables import accounts
from hub.store.tables import exceptions, kiosks, lanes, quarantine


def stock_of(hub: Hub, sku: str, condition: str = "sellable") -> tuple[int, ...]:
    with hub.store.read() as connection:
        rows = [row for row in stock_sums(connection) if row[2:4] == (sku, condition)]
    assert len(rows) == 1
    return rows[0][5:]


def troubles(hub: Hub) -> list[tuple[str, str, object]]:
    with hub.store.read() as connection:
        rows = connection.execute(select(exceptions).order_by(exceptions.c.id)).all()
    return [(row.kind, row.subject, json.loads(row.detail)) for row in rows]


def test_a_sale_reaches_stock_and_takings_and_is_acknowledged(hub: Hub, till: LaneTwin) -> None:
    till.record(received("tea", 10), sale("k1-1-1", "tea", 3, 250))
    outcome = hub.take(till.message())
    assert positions(ack_in(outcome.answers)) == {"till@1": 2}
    assert stock_of(hub, "tea") == (10, 0, 3, 0, 0)
    assert [row[4:6] for row in books(hub.store)["receipts"]] == [(750, "EUR")]


def test_every_kind_of_fact_does_what_it_says(hub: Hub, till: LaneTwin) -> None:
    till.record(
        received("tea", 10),
        sale("k1-1-1", "tea", 12, 100, overdraft=2),
        refund("k1-1-2", "tea", 2),
        refund("k1-1-3", "tea", 1, restock=False),
        counted("tea", 1, 2),
    )
    hub.take(till.message())
    assert stock_of(hub, "tea") == (10, 2, 12, -1, 2)
    assert stock_of(hub, "tea", "damaged") == (0, 1, 0, 0, 0)


def test_a_repeat_changes_nothing_and_is_acknowledged_again(hub: Hub, till: LaneTwin) -> None:
    for _ in range(5):
        till.sell()
    hub.take(till.message())
    before = books(hub.store)
    for first in (1, 3, 5):
        assert positions(ack_in(hub.take(till.message(first)).answers)) == {"till@1": 5}
    assert books(hub.store) == before
    assert before["exceptions"] == []


def test_a_repeat_within_one_transaction_changes_nothing(hub: Hub, till: LaneTwin) -> None:
    for _ in range(4):
        till.sell()
    hub.take(till.message(1, 3), till.message(2, 3), till.message(1, 4))
    assert stock_of(hub, "tea")[2] == 4
    assert books(hub.store)["quarantine"] == []


def test_an_overlapping_batch_adds_only_what_is_new(hub: Hub, till: LaneTwin) -> None:
    for _ in range(6):
        till.sell()
    hub.take(till.message(1, 4))
    hub.take(till.message(3, 4))
    assert stock_of(hub, "tea")[2] == 6


def test_a_gap_takes_nothing_and_asks_to_resume(hub: Hub, till: LaneTwin) -> None:
    for _ in range(5):
        till.sell()
    hub.take(till.message(1, 2))
    ack = ack_in(hub.take(till.message(4)).answers)
    assert ack is not None
    assert ack.resume
    assert positions(ack) == {"till@1": 2}
    assert stock_of(hub, "tea")[2] == 2


def test_resume_is_asked_for_at_most_every_200_ms(hub: Hub, till: LaneTwin) -> None:
    for _ in range(5):
        till.sell()
    assert ack_in(hub.take(till.message(4)).answers) is not None
    assert hub.take(till.message(5)).answers == []
    hub.clock.advance(0.2)
    assert ack_in(hub.take(till.message(5)).answers) is not None


def test_a_gap_and_progress_in_one_transaction_acknowledge_the_progress(hub: Hub, till: LaneTwin) -> None:
    for _ in range(5):
        till.sell()
    hub.take(till.message(3, 1))
    ack = ack_in(hub.take(till.message(1, 2), till.message(4)).answers)
    assert positions(ack) == {"till@1": 2}


def test_an_unreadable_fact_is_quarantined_whole_and_blocks_nothing(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    bad = b'{"specversion":"1.0","id":"2","\x00":"\xff"}'
    till.raws.append(bad)
    till.sell()
    assert positions(ack_in(hub.take(till.message()).answers)) == {"till@1": 3}
    assert stock_of(hub, "tea")[2] == 2
    assert books(hub.store)["quarantine"] == [("till", 2, "unreadable", bad)]
    assert [kind for kind, _, _ in troubles(hub)] == ["quarantined"]
    hub.take(till.message())
    assert len(books(hub.store)["quarantine"]) == 1


def test_hostile_characters_in_a_reason_do_not_reach_the_database(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    till.raws[0] = till.raws[0].replace(b'"data":{', b'"data":{"\\u0000\\ud800":1,')
    hub.take(till.message())
    with hub.store.read() as connection:
        what = connection.execute(select(quarantine.c.what)).scalar_one()
    assert what.isprintable()


@pytest.mark.parametrize(
    ("source", "seq", "path"),
    [
        (LaneTwin(address=parse_address("demo/market/k2")), 1, "$.source"),
        (LaneTwin(epoch=2), 1, "$.source"),
        (LaneTwin(lane=Lane.SENSE), 1, "$.source"),
        (LaneTwin(), 2, "$.id"),
    ],
)
def test_a_fact_that_says_it_stands_elsewhere_is_set_aside(hub: Hub, source: LaneTwin, seq: int, path: str) -> None:
    raw = source.encode(sale("k1-1-1"), seq, "0" * 64)
    ack = ack_in(hub.take(LaneTwin().raw_message(1, [raw], newest=1)).answers)
    assert positions(ack) == {"till@1": 1}
    with hub.store.read() as connection:
        row = connection.execute(select(quarantine)).one()
    assert (row.kind, row.path, row.bytes) == ("mismatch", path, raw)
    assert books(hub.store)["stock"] == []


def test_a_fork_is_kept_told_and_booked_once(hub: Hub, till: LaneTwin) -> None:
    for _ in range(3):
        till.sell()
    hub.take(till.message())
    before = books(hub.store)
    fork = LaneTwin(raws=till.raws[:1])
    fork.sell("coffee", 7)
    for _ in range(3):
        assert positions(ack_in(hub.take(fork.message()).answers)) == {"till@1": 3}
    after = books(hub.store)
    assert {row[2]: row[7] for row in after["stock"]} == {"tea": 3, "coffee": 7}
    assert after["facts"] == before["facts"]
    assert after["quarantine"] == [("till", 2, "fork", fork.raws[1])]
    assert troubles(hub) == [("fork", "demo/market/k1 till@1", {"seq": 2, "booked": 1})]


def test_a_place_that_its_journal_lost_since_is_no_fork(hub: Hub, till: LaneTwin) -> None:
    for _ in range(5):
        till.sell("tea", 1)
    hub.take(till.message())
    before = books(hub.store)
    holed = [b"" if seq == 3 else raw for seq, raw in enumerate(till.raws, 1)]
    assert positions(ack_in(hub.take(till.raw_message(1, holed)).answers)) == {"till@1": 5}
    assert books(hub.store) == before
    assert troubles(hub) == []


def test_forks_are_kept_within_a_bound_and_counted_beyond_it(hub: Hub, till: LaneTwin) -> None:
    for _ in range(5):
        till.sell()
    worker = make_hub(hub.store, hub.life, limits=Bounds(forks=3))
    worker.take(till.message())
    fork = LaneTwin()
    for _ in range(5):
        fork.sell("coffee")
    for _ in range(2):
        worker.take(fork.message())
    assert [row[1] for row in books(hub.store)["quarantine"]] == [1, 2, 3]
    assert worker.ingest.refusals.counts() == {("demo/market/k1", "forks"): 2}


def test_batches_that_repeat_or_fork_are_named_so_that_their_sender_knows_that_they_are_kept(hub: Hub) -> None:
    till = LaneTwin()
    for _ in range(4):
        till.sell()
    fork = LaneTwin(raws=till.raws[:1])
    for _ in range(6):
        fork.sell("coffee")
    told = []
    for message in (till.message(1, 3), till.message(1, 2), fork.message(1, 3), fork.message(4, 2), fork.message(6)):
        ack = ack_in(hub.take(message).answers)
        assert ack is not None
        told.append((ack.heard == [batch_mark(message.payload)], ack.positions[0].broken))
    assert told == [(False, False), (True, False), (True, False), (True, True), (True, True)]


def test_a_batch_whose_forks_find_no_room_is_not_named(hub: Hub, till: LaneTwin) -> None:
    hub.take(till.message())
    fork = LaneTwin()
    fork.sell("coffee")
    worker = make_hub(hub.store, hub.life, limits=Bounds(forks=0))
    ack = ack_in(worker.take(fork.message()).answers)
    assert ack is not None
    assert ack.heard == []


def test_a_fork_within_one_transaction_is_seen(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    fork = LaneTwin()
    fork.sell("coffee")
    hub.take(till.message(), fork.message())
    assert [row[2] for row in books(hub.store)["quarantine"]] == ["fork"]
    assert [row[2] for row in books(hub.store)["stock"]] == ["coffee", "tea"]


def test_a_broken_chain_is_told_once_and_the_sale_still_counts(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    for n in (2, 3):
        till.raws.append(till.encode(sale(f"k1-1-{n}"), n, "f" * 64))
    hub.take(till.message(1, 2))
    hub.take(till.message(3))
    assert stock_of(hub, "tea")[2] == 3
    assert troubles(hub) == [("chain_broken", "demo/market/k1 till@1", {"seq": 2})]


def test_the_chain_goes_on_over_a_quarantined_fact(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    till.raws.append(b"nonsense")
    till.sell()
    hub.take(till.message())
    assert {kind for kind, _, _ in troubles(hub)} == {"quarantined"}


def test_a_receipt_number_used_twice_counts_twice_and_is_told(hub: Hub, till: LaneTwin) -> None:
    till.record(sale("k1-1-1", price=100), sale("k1-1-1", price=250))
    hub.take(till.message(1, 1))
    hub.take(till.message(2))
    assert sum(row[4] for row in books(hub.store)["receipts"]) == 350
    assert [kind for kind, _, _ in troubles(hub)] == ["receipt_reused"]


def test_two_sites_may_have_kiosks_of_one_name(hub: Hub) -> None:
    for site in ("market", "harbour"):
        twin = LaneTwin(address=parse_address(f"demo/{site}/k1"))
        twin.sell()
        hub.take(twin.message())
    assert len(books(hub.store)["receipts"]) == 2
    assert troubles(hub) == []


def test_a_fact_that_the_database_refuses_is_quarantined_alone(hub: Hub, till: LaneTwin) -> None:
    till.sell("coffee")
    till.sell("tea", 1)
    hub.take(till.message())
    with hub.store.write() as connection:
        connection.execute(update(accounts).where(accounts.c.sku == "tea").values(sold=2**53 - 2))
    till.sell("tea", 5)
    till.sell("tea", 1)
    till.sell("coffee")
    assert positions(ack_in(hub.take(till.message()).answers)) == {"till@1": 5}
    assert stock_of(hub, "coffee")[2] == 2
    assert stock_of(hub, "tea")[2] == 2**53 - 1
    assert [row[:3] for row in books(hub.store)["quarantine"]] == [("till", 3, "refused")]
    assert len(books(hub.store)["receipts"]) == 4


def test_the_address_comes_from_the_topic(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    forged = Message("popup/v1/demo/market/k9/up/facts/till", till.message().payload)
    hub.take(forged)
    assert [row[2] for row in books(hub.store)["quarantine"]] == ["mismatch"]
    assert books(hub.store)["stock"] == []


@pytest.mark.parametrize(
    ("topic", "payload", "why"),
    [
        ("popup/v1/demo/market/k1/up/facts/till", b"", "up/facts"),
        ("popup/v1/demo/market/k1/up/facts/till", b"\xff\n\xff", "up/facts"),
        ("popup/v1/demo/market/k1/up/facts/attic", LaneTwin(raws=[b"x"]).message().payload, "up/facts"),
        ("popup/v1/demo/market/k1/up/facts/sense", LaneTwin(raws=[b"x"]).message().payload, "up/facts"),
        ("popup/v1/demo/market/k1/status", b"[]", "status"),
        ("popup/v1/demo/market/k1/ack/down", b'{"incarnation":0}', "ack/down"),
        ("popup/v1/demo/market/k1/up/other", b"", "topic"),
        ("popup/v1/demo/MARKET/k1/status", b"", "status"),
        ("elsewhere", b"", "topic"),
    ],
)
def test_what_is_no_message_of_ours_is_counted_and_changes_nothing(
    hub: Hub, topic: str, payload: bytes, why: str
) -> None:
    for _ in range(3):
        assert hub.take(Message(topic, payload)).answers == []
    assert hub.ingest.refusals.total == 3
    assert [key[1] for key in hub.ingest.refusals.counts()] == [why]
    assert not any(books(hub.store).values())


def test_telemetry_is_not_listened_to_yet(hub: Hub) -> None:
    assert hub.take(Message("popup/v1/demo/market/k1/up/telemetry", b"x")).answers == []
    assert hub.ingest.refusals.total == 0


def test_a_status_says_who_is_online_and_how_far_lanes_reach(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    hub.take(till.message())
    outcome = hub.take(status(till.address, newest={"till@1": 40, "attic@1": 3, "sense@1": 9}))
    assert positions(ack_in(outcome.answers)) == {"till@1": 1}
    with hub.store.read() as connection:
        kiosk = connection.execute(select(kiosks)).one()
        assert [row.newest for row in connection.execute(select(lanes))] == [40]
    assert (kiosk.online, kiosk.version, kiosk.epoch) == (True, "1.0", 1)
    assert hub.take(status(till.address, online=False)).answers == []
    with hub.store.read() as connection:
        assert not connection.execute(select(kiosks.c.online)).scalar_one()


def test_every_lane_of_the_kiosk_is_in_its_acknowledgement(hub: Hub) -> None:
    twins = [LaneTwin(lane=lane, epoch=epoch) for epoch in (1, 2) for lane in (Lane.TILL, Lane.SENSE)]
    for twin in twins:
        twin.sell()
        hub.take(twin.message())
    ack = ack_in(hub.take(twins[0].message()).answers)
    assert positions(ack) == {"till@1": 1, "sense@1": 1, "till@2": 1, "sense@2": 1}


def test_an_old_epoch_is_acknowledged_even_among_many(hub: Hub) -> None:
    for epoch in range(1, 70):
        twin = LaneTwin(epoch=epoch)
        twin.sell()
        hub.take(twin.message())
    old = LaneTwin(epoch=2)
    old.sell()
    told = positions(ack_in(hub.take(old.message()).answers))
    assert told["till@2"] == 1
    assert len(told) == 64


def test_a_crash_after_the_commit_changes_nothing_when_the_batch_comes_again(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    hub.take(till.message())
    before = books(hub.store)
    reborn = make_hub(hub.store, hub.life)
    assert positions(ack_in(reborn.take(till.message()).answers)) == {"till@1": 1}
    assert books(hub.store) == before


def test_hello_asks_every_known_kiosk_to_resume(hub: Hub) -> None:
    assert hub.ingest.hello() == []
    for kiosk in ("k1", "k2"):
        twin = LaneTwin(address=parse_address(f"demo/market/{kiosk}"))
        twin.sell()
        hub.take(twin.message())
    for kiosk in ("k1", "k2"):
        ack = ack_in(hub.ingest.hello(), f"demo/market/{kiosk}")
        assert ack is not None
        assert ack.resume
        assert positions(ack) == {"till@1": 1}


def test_stored_bytes_are_the_bytes_that_came(hub: Hub, till: LaneTwin) -> None:
    till.sell()
    hub.take(till.message())
    assert [(row[3], row[4]) for row in books(hub.store)["facts"]] == [(digest(till.raws[0]), till.raws[0])]


def test_the_database_file_is_its_owners_alone(tmp_path: Path, database_url: str) -> None:
    with open_hub(database_url, tmp_path / "state"):
        if database_url.startswith("sqlite"):
            assert (tmp_path / "books" / "hub.db").stat().st_mode & 0o777 == 0o600
            assert (tmp_path / "books").stat().st_mode & 0o777 == 0o700
        assert (tmp_path / "state" / "incarnation.json").stat().st_mode & 0o777 == 0o600
