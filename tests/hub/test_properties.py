"""Whatever the link loses, repeats and reorders: the same books as in order, once."""

from typing import Any

from hub_books import Hub, LaneTwin, ack_in, books, counted, make_hub, positions, received, refund
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from contract.values import Lane, parse_address
from hub.intake.arrivals import Message

FEW = settings(suppress_health_check=[HealthCheck.function_scoped_fixture])
SKUS = st.sampled_from(["tea", "coffee"])


def lanes() -> list[LaneTwin]:
    return [
        LaneTwin(),
        LaneTwin(lane=Lane.SENSE),
        LaneTwin(address=parse_address("demo/market/k2")),
        LaneTwin(address=parse_address("demo/harbour/k1"), epoch=3),
    ]


@st.composite
def histories(draw: st.DrawFn) -> list[LaneTwin]:
    """Lanes with facts of every kind, some unreadable, some off the chain."""
    twins = draw(st.lists(st.sampled_from(lanes()), min_size=1, max_size=3, unique_by=str))
    for twin in twins:
        for n in range(1, draw(st.integers(1, 8)) + 1):
            kind = draw(st.sampled_from(["sale", "sale", "receive", "refund", "count", "junk", "foreign"]))
            match kind:
                case "sale":
                    twin.sell(draw(SKUS), draw(st.integers(1, 5)), draw(st.integers(0, 999)))
                case "receive":
                    twin.record(received(draw(SKUS), draw(st.integers(1, 20))))
                case "refund":
                    twin.record(
                        refund(
                            f"{twin.address.kiosk}-{1 + list(Lane).index(twin.lane)}-{100 + n}",
                            restock=draw(st.booleans()),
                        )
                    )
                case "count":
                    twin.record(counted(draw(SKUS), draw(st.integers(0, 9)), draw(st.integers(-9, 9))))
                case "junk":
                    twin.raws.append(draw(st.binary(min_size=1, max_size=20)).replace(b"\n", b" "))
                case _:
                    twin.raws.append(LaneTwin(epoch=7).encode(received(), n, "0" * 64))
    return twins


@st.composite
def deliveries(draw: st.DrawFn) -> tuple[list[LaneTwin], list[list[Message]]]:
    """Groups of batches as a bad link delivers them: any part of any lane, in any order, any number of times."""
    twins = draw(histories())
    groups = []
    for _ in range(draw(st.integers(0, 8))):
        group = []
        for _ in range(draw(st.integers(1, 4))):
            twin = draw(st.sampled_from(twins))
            first = draw(st.integers(1, len(twin.raws)))
            group.append(twin.message(first, draw(st.integers(1, len(twin.raws) - first + 1))))
        groups.append(group)
    return twins, groups


@FEW
@given(deliveries())
def test_any_delivery_converges_to_the_books_of_an_orderly_one(
    hub: Hub, delivered: tuple[list[LaneTwin], list[list[Message]]]
) -> None:
    twins, groups = delivered
    hub.wipe()
    for group in groups:
        hub.take(*group)
    for twin in twins:
        ack = ack_in(hub.take(twin.message()).answers, str(twin.address))
        assert positions(ack)[twin.stream] == len(twin.raws)
    messy = books(hub.store)
    hub.wipe()
    for twin in twins:
        for seq in range(1, len(twin.raws) + 1):
            hub.take(twin.message(seq, 1))
    orderly = books(hub.store)
    assert without_row_numbers(messy) == without_row_numbers(orderly)
    assert len(messy["facts"]) + len(messy["quarantine"]) == sum(len(twin.raws) for twin in twins)


@FEW
@given(histories())
def test_the_careful_path_equals_the_bulk_path(hub: Hub, twins: list[LaneTwin]) -> None:
    results = []
    for careful in (False, True):
        hub.wipe()
        worker = make_hub(hub.store, hub.life, careful=careful)
        worker.take(*(twin.message() for twin in twins))
        results.append(without_row_numbers(books(hub.store)))
    assert results[0] == results[1]


@FEW
@given(histories(), st.data())
def test_acknowledged_positions_never_go_back(hub: Hub, twins: list[LaneTwin], data: st.DataObject) -> None:
    hub.wipe()
    told: dict[tuple[str, str], int] = {}
    for _ in range(6):
        twin = data.draw(st.sampled_from(twins))
        first = data.draw(st.integers(1, len(twin.raws)))
        ack = ack_in(hub.take(twin.message(first)).answers, str(twin.address))
        hub.clock.advance(1)
        for stream, position in positions(ack).items():
            key = (str(twin.address), stream)
            assert position >= told.get(key, 0)
            told[key] = position


LEAVES = ["up/facts/till", "up/facts/attic", "status", "ack/down", "ack/up", "up/requests", "", "/", "up/facts/till/x"]


@st.composite
def hostile(draw: st.DrawFn) -> Message:
    """A message of a peer that means harm: noise, or a good one that was damaged or put on another topic."""
    twin = LaneTwin(epoch=draw(st.integers(1, 3)))
    twin.sell()
    twin.raws.append(draw(st.binary(max_size=50)).replace(b"\n", b""))
    payload = bytearray(twin.message(draw(st.integers(1, 2)), 1, newest=draw(st.integers(0, 2**53 - 1))).payload)
    for _ in range(draw(st.integers(0, 2))):
        payload[draw(st.integers(0, len(payload) - 1))] = draw(st.integers(0, 255))
    kiosk = draw(st.sampled_from(["demo/market/k1", "demo/market/k2", "demo//", "DEMO/x/y", "a/b"]))
    topic = f"popup/v1/{kiosk}/{draw(st.sampled_from(LEAVES))}"
    return Message(topic, draw(st.sampled_from([bytes(payload), draw(st.binary(max_size=100))])))


@FEW
@given(st.lists(hostile(), max_size=8))
def test_whatever_a_hostile_peer_sends_is_taken_set_aside_or_refused(hub: Hub, messages: list[Message]) -> None:
    hub.wipe()
    before = hub.ingest.refusals.total
    hub.take(*messages)
    hub.take(*messages)
    found = books(hub.store)
    assert hub.ingest.refusals.total - before <= 2 * len(messages)
    assert sum(row[2] for row in found["lanes"]) == len(found["facts"]) + sum(
        row[2] != "fork" for row in found["quarantine"]
    )
    assert len(found["facts"]) + len(found["quarantine"]) <= len(messages)


def without_row_numbers(found: dict[str, Any]) -> dict[str, object]:
    """Kiosks are numbered as they are first heard of; what is compared is not.

    Of two receipts of the same goods the one that is heard last calls a person, and kiosks are heard in any order.
    """
    receipts = sorted(row[1:] for row in found["receipts"])
    lists = {name: sorted(found[name]) for name in ("stock", "facts", "lanes", "quarantine")}
    cases = [(kind, "" if kind == "delivery_twice" else what) for kind, what in found["exceptions"]]
    return {**lists, "receipts": receipts, "exceptions": sorted(cases)}
