"""What the hub tells kiosks: a log with generations, a cursor each, the session's patience."""

import random
from collections.abc import Sequence

import pytest
from hub_books import Hub, LaneTwin, down_ack, status

from contract.batch import decode_batch
from contract.catalogue_csv import Columns, decide_import
from contract.codec import decode_down, verify_chain
from contract.csv_rows import read_table
from contract.down import CatalogueChanged, ConfigChanged, Item
from contract.registry import DOWN
from contract.streams import FLEET
from contract.values import Currency, Money, Seq, Sku, parse_address
from hub.downlink.downlink import LOOK_EVERY_S, Downlink
from hub.intake.arrivals import Message
from hub.store import down
from hub.store.catalogue import change_config, import_catalogue

K1 = parse_address("demo/market/k1")
EUR = Currency("EUR")


def tell(hub: Hub, rows: str) -> None:
    table = read_table("sku,name,price\n" + rows)
    columns = Columns(sku="sku", name="name", price="price")
    import_catalogue(
        hub.store, "demo", EUR, lambda known: decide_import(table, columns, EUR, known), at=hub.clock.now()
    )


class Wire:
    """A link that notes what it is given."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.downlink = Downlink(hub.store, random.Random(1))  # noqa: S311
        self.open = True

    def hear(self, *messages: Message) -> None:
        outcome = self.hub.take(*messages)
        self.downlink.heard(outcome.told, outcome.acked, self.hub.clock.monotonic_s())

    def sent(self, wait_s: float = LOOK_EVERY_S) -> list[tuple[str, str, int, int]]:
        """Return (kiosk, stream, first, count) of each batch that is sent now."""
        return [
            (topic.split("/")[4], head.stream, head.first, head.count)
            for topic, head in ((m.topic, decode_batch(m.payload).head) for m in self.messages(wait_s))
        ]

    def messages(self, wait_s: float = LOOK_EVERY_S) -> list[Message]:
        self.hub.clock.advance(wait_s)
        found: list[Message] = []

        def publish(message: Message) -> bool:
            if self.open:
                found.append(message)
            return self.open

        self.downlink.look(self.hub.clock.monotonic_s())
        self.downlink.send(publish, self.hub.clock.monotonic_s())
        return found


@pytest.fixture
def wire(hub: Hub) -> Wire:
    return Wire(hub)


def data_of(messages: Sequence[Message]) -> list[object]:
    return [decode_down(raw).data for message in messages for raw in decode_batch(message.payload).facts]


def test_a_kiosk_that_comes_online_is_told_everything_once(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\ncoffee,Coffee,2.50\n")
    wire.hear(status(K1))
    (message,) = wire.messages()
    (data,) = data_of([message])
    assert isinstance(data, CatalogueChanged)
    assert {item.sku: item.price_minor for item in data.items} == {"tea": 300, "coffee": 250}
    wire.hear(down_ack(K1, {"fleet@1": 1}))
    assert wire.sent(120.0) == []


def test_nobody_is_told_before_they_are_online_or_after(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    assert wire.sent() == []
    wire.hear(status(K1))
    wire.hear(status(K1, online=False))
    assert wire.sent() == []
    assert wire.downlink.online == 0


def test_a_change_goes_to_every_kiosk_from_its_own_cursor(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    k2 = parse_address("demo/harbour/k2")
    wire.hear(status(K1), status(k2), status(parse_address("south/market/k9")))
    assert wire.sent() == [("k1", "fleet@1", 1, 1), ("k2", "fleet@1", 1, 1)]
    wire.hear(down_ack(K1, {"fleet@1": 1}))
    tell(hub, "tea,Tea,3.20\n")
    assert wire.sent() == [("k1", "fleet@1", 2, 1)]
    assert wire.sent(10.0) == [("k1", "fleet@1", 2, 1), ("k2", "fleet@1", 1, 2)]


def test_an_import_that_changes_nothing_tells_nothing(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    wire.hear(status(K1))
    assert len(wire.sent()) == 1
    tell(hub, "tea,Tea,3.00\n")
    assert wire.sent() == []


def test_what_is_not_acknowledged_is_sent_again(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    wire.hear(status(K1))
    assert wire.sent() == [("k1", "fleet@1", 1, 1)]
    assert wire.sent() == []
    assert wire.sent(10.0) == [("k1", "fleet@1", 1, 1)]


def test_a_kiosk_that_reports_a_gap_or_a_loss_is_told_from_where_it_is(hub: Hub, wire: Wire) -> None:
    for price in ("1.00", "2.00", "3.00"):
        tell(hub, f"tea,Tea,{price}\n")
    wire.hear(status(K1))
    wire.sent()
    wire.hear(down_ack(K1, {"fleet@1": 3}))
    assert wire.sent(120.0) == []
    wire.hear(down_ack(K1, {"fleet@1": 1}, resume=True))
    assert wire.sent() == [("k1", "fleet@1", 2, 2)]
    wire.hear(down_ack(K1, {}))
    assert wire.sent() == [("k1", "fleet@1", 1, 3)]


def test_the_cursor_outlives_the_hub(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    wire.hear(status(K1))
    wire.sent()
    wire.hear(down_ack(K1, {"fleet@1": 1, "nonsense": 4}))
    reborn = Wire(hub)
    reborn.hear(status(K1))
    assert reborn.sent() == []


def test_a_new_image_is_told_everything_again(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    wire.hear(status(K1, newest={"till@1": 0}))
    wire.sent()
    wire.hear(down_ack(K1, {"fleet@1": 1}))
    wire.hear(status(K1, newest={"till@2": 0}))
    assert wire.sent() == [("k1", "fleet@1", 1, 1)]


def test_a_kiosk_that_never_heard_of_a_hub_is_told_everything_again(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    wire.hear(status(K1))
    wire.sent()
    wire.hear(down_ack(K1, {"fleet@1": 1}))
    wire.hear(status(K1, incarnation=0))
    assert wire.sent() == [("k1", "fleet@1", 1, 1)]


def test_a_link_that_is_full_is_tried_again_without_loss(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    wire.hear(status(K1))
    wire.open = False
    assert wire.sent() == []
    wire.open = True
    assert wire.sent() == [("k1", "fleet@1", 1, 1)]


def test_a_refused_batch_is_sent_again_after_a_delay(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    wire.hear(status(K1))
    wire.sent()
    wire.downlink.refused(K1, hub.clock.monotonic_s())
    wire.downlink.refused(parse_address("demo/market/k7"), hub.clock.monotonic_s())
    assert wire.sent(0.0) == []
    assert wire.sent(10.0) == [("k1", "fleet@1", 1, 1)]


def test_nothing_is_due_while_nobody_is_there(hub: Hub, wire: Wire) -> None:
    assert wire.downlink.wake_in(0.0) == 1.0
    wire.hear(status(K1))
    assert wire.downlink.wake_in(hub.clock.monotonic_s()) <= LOOK_EVERY_S
    wire.downlink.disconnected()
    assert wire.downlink.online == 0


def test_a_new_incarnation_begins_a_new_generation_with_a_snapshot(hub: Hub, wire: Wire) -> None:
    tell(hub, "tea,Tea,3.00\n")
    tell(hub, "coffee,Coffee,2.00\n")
    change_config(hub.store, "demo", ConfigChanged(receipt_header="Hello"), at=hub.clock.now())
    wire.hear(status(K1))
    assert wire.sent() == [("k1", "fleet@1", 1, 3)]
    wire.hear(status(K1, incarnation=4))
    messages = wire.messages()
    head = decode_batch(messages[0].payload).head
    assert (head.stream, head.first, head.count) == ("fleet@5", 1, 2)
    catalogue, config = data_of(messages)
    assert isinstance(catalogue, CatalogueChanged)
    assert {item.sku for item in catalogue.items} == {"tea", "coffee"}
    assert config == ConfigChanged(receipt_header="Hello")


def test_a_large_catalogue_travels_in_facts_and_batches_of_bounded_size(hub: Hub, wire: Wire) -> None:
    tell(hub, "".join(f"s{n},{'name ' * 30}{n},1.00\n" for n in range(1500)))
    wire.hear(status(K1))
    messages = [message for _ in range(4) for message in wire.messages()]
    assert all(len(message.payload) <= 129 * 1024 for message in messages)
    facts = [fact for fact in data_of(messages) if isinstance(fact, CatalogueChanged)]
    assert sum(len(fact.items) for fact in facts) == 1500
    assert max(len(fact.items) for fact in facts) <= down.MAX_FACT_ITEMS


def test_the_log_is_one_chain_that_any_kiosk_can_check(hub: Hub) -> None:
    for price in ("1.00", "2.00"):
        tell(hub, f"tea,Tea,{price}\n")
    with hub.store.read() as connection:
        raws = down.read_log(connection, "demo", FLEET, 1, 1, limit=10)
    stored = [(Seq(n), raw) for n, raw in enumerate(raws, 1)]
    facts = list(verify_chain(stored, registry=DOWN))
    assert [str(fact.source) for fact in facts] == ["/regions/demo/logs/fleet/1"] * 2


def test_items_of_another_currency_are_told_apart(hub: Hub) -> None:
    item = Item(Sku("tea"), "Tea", price_minor=Money(300))
    with hub.store.write() as connection:
        down.save_items(connection, "demo", "GBP", [item])
        down.save_items(connection, "demo", "EUR", [])
        down.begin_generations(connection, 9, hub.clock.now())
    tell(hub, "tea,Tea,3.00\n")
    with hub.store.read() as connection:
        assert {currency for currency, _ in down.catalogue(connection, "demo").values()} == {"EUR"}


def test_a_kiosks_facts_do_not_wait_for_its_downlink(hub: Hub, wire: Wire, till: LaneTwin) -> None:
    till.sell()
    wire.hear(till.message(), down_ack(K1, {"fleet@1": 0}))
    assert wire.sent() == []
