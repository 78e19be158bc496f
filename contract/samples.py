"""One sample of every fact and message, from fixed inputs: what the published contract shows and is tested with.

The up facts form one chain, the down facts one for each of their two logs (of the fleet, and of one kiosk), so a
reader in another language can test its digests on them.
"""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Final

from contract import down, facts, samples_rights, samples_sales
from contract.batch import Ack, Status, StreamPosition, encode_batch, encode_message
from contract.codec import START, Stamp, digest, encode
from contract.envelope import NO_DIGEST, LaneSource, LogSource, Source
from contract.lan import Ask, AskLine, Holds, Mark, Presence, encode_lan
from contract.registry import DOWN, UP, Data, Registry
from contract.requests import Request, encode_request
from contract.shop import BundlePart, ExchangeRate, Person, Role, Shop, TaxRate
from contract.streams import FLEET, own_log
from contract.values import (
    Address,
    BasketId,
    Currency,
    Epoch,
    Gtin,
    Incarnation,
    KioskId,
    Lane,
    Money,
    Quantity,
    Receipt,
    RegionId,
    Seq,
    SiteId,
    Sku,
    Unit,
)

_AT: Final = datetime(2026, 3, 14, 9, 26, 53, 589793, tzinfo=UTC)
_EUR: Final = Currency("EUR")
_TEA: Final = Sku("TEA-GREEN-100")
_OLIVES: Final = Sku("OLIVES")
_LANE: Final = LaneSource(Address(RegionId("north"), SiteId("market-hall"), KioskId("k1")), Epoch(1), Lane.TILL)
_FLEET: Final = LogSource(_LANE.address.region, FLEET, 1)
_OWN: Final = LogSource(_LANE.address.region, own_log(_LANE.address), 1)
_STREAM: Final = "till@1"

_UP_DATA: Final[tuple[Data, ...]] = (
    facts.KioskStarted(version="0.1.0", epoch=Epoch(1)),
    facts.ClockStepped(before=_AT - timedelta(days=90), after=_AT, by="person"),
    facts.StockReceived(
        lines=[
            facts.StockLine(_TEA, Quantity(24)),
            facts.StockLine(_OLIVES, Quantity(5000, Unit.GRAM)),
        ],
        received_at=_AT,
        advice="ASN-2026-0314",
    ),
    *samples_sales.UP_DATA,
    facts.RefundRecorded(
        receipt=Receipt("k1-1-2"),
        basket=BasketId("k1-1-b2"),
        refunded_at=_AT + timedelta(minutes=9),
        currency=_EUR,
        lines=[facts.RefundLine(_TEA, "Green tea, 100 g", Quantity(1), Money(450), Money(450), tax="A", restock=False)],
        total_minor=Money(450),
        payments=[facts.Payment(facts.PaymentKind.CASH, Money(450), Money(450), Money(0))],
        sale=Receipt("k1-1-1"),
    ),
    facts.StockCounted(
        lines=[facts.CountLine(_TEA, Quantity(21), expected=22)],
        counted_at=_AT + timedelta(hours=8),
        covers=Seq(5),
        reason="end of day",
    ),
    *samples_rights.UP_DATA,
    facts.KioskStopping(reason="closed by the counter"),
)
_FLEET_DATA: Final[tuple[Data, ...]] = (
    down.CatalogueChanged(
        currency=_EUR,
        items=[
            down.Item(_TEA, "Green tea, 100 g", [Gtin("04006381333931")], Money(450), category="tea", tax="A"),
            down.Item(_OLIVES, "Olives, loose", [], Money(1890), 1000, Unit.GRAM, "deli", "B"),
            down.Item(Sku("GIFT"), "Gift wrapping, price asked"),
            down.Item(Sku("PFAND-025"), "Deposit", [], Money(25), tax="A", discountable=False),
            down.Item(Sku("BEER-05"), "Beer, 0.5 l", [], Money(180), tax="A", deposit=Sku("PFAND-025"), age=16),
            down.Item(Sku("TEATIME"), "Tea time", [], Money(990), tax="A", parts=[BundlePart(_TEA, 2)]),
        ],
        withdrawn=[Sku("COCOA-250")],
    ),
    down.PriceChanged(currency=_EUR, prices=[down.Price(_TEA, Money(425))]),
    down.ConfigChanged(
        receipt_header="Market Hall, stall 12",
        receipt_footer="Thank you",
        shop=Shop(
            taxes=[TaxRate("A", 190_000, "VAT 19 %"), TaxRate("B", 70_000, "VAT 7 %")],
            cash_step_minor=5,
            exchange=[ExchangeRate(Currency("USD"), Money(91), 100)],
            staff=[
                Person(
                    "ines", "Ines", Role.MANAGER, "$argon2id$v=19$m=19456,t=2,p=1$c2FsdHNhbHQ$aGFzaGhhc2hoYXNoaGFzaA"
                )
            ],
            discount_ppm=100_000,
            favourites=[_TEA],
            templates=["21IIIIIPPPPPC"],
        ),
    ),
    down.AvailabilityChanged(
        complete=True,
        levels=[
            down.Level(SiteId("harbour"), _TEA, 5, more=True),
            down.Level(SiteId("harbour"), _OLIVES, 750, Unit.GRAM),
            down.Level(SiteId("market"), _TEA, 0),
        ],
        heard=[down.SiteHeard(SiteId("harbour"), _AT)],
    ),
)


def up_facts() -> dict[str, bytes]:
    """Return type name -> stored bytes of one fact of every up type, in the order of their chain."""
    return dict(_chain(_UP_DATA, _LANE, UP))


def down_facts() -> dict[str, bytes]:
    """Return type name -> stored bytes of one fact of every down type: those of the fleet, then those of one kiosk."""
    return fleet_facts() | own_facts()


def fleet_facts() -> dict[str, bytes]:
    """Return type name -> stored bytes of one fact of every type that all kiosks read, in the order of their chain."""
    return dict(_chain(_FLEET_DATA, _FLEET, DOWN))


def own_facts() -> dict[str, bytes]:
    """Return type name -> stored bytes of one fact of every type that one kiosk reads, in the order of their chain."""
    return dict(_chain(samples_rights.OWN_DATA, _OWN, DOWN))


def link_messages() -> dict[str, bytes]:
    """Return message name -> bytes: a batch of the up facts, an acknowledgement, a status, a request."""
    stored = list(up_facts().values())
    done = [StreamPosition(_STREAM, Seq(len(stored)))]
    return {
        "batch": encode_batch(_STREAM, Seq(1), stored, Seq(len(stored))),
        "ack": encode_message(Ack(Incarnation(1), done)),
        "status": encode_message(Status(online=True, incarnation=Seq(1), newest=done, acked=done, version="0.1.0")),
        "request": encode_request(Request(_LANE.epoch, promise=samples_rights.PROMISE)),
    }


def lan_messages() -> dict[str, bytes]:
    """Return message name -> bytes of what the tills of one site tell each other beside facts."""
    wanted = [AskLine(_TEA, waiting=1, ahead=4, per_h=2.5)]
    holds = Holds(_LANE.epoch, [facts.StockLine(_TEA, Quantity(12))])
    return {
        "presence": encode_lan(Presence(online=True, epoch=_LANE.epoch, position=Seq(7), selling=True, sold_at=_AT)),
        "mark": encode_lan(Mark(_LANE.epoch, Seq(7), digest(b"the seventh fact"))),
        "holds": encode_lan(holds),
        "ask": encode_lan(Ask("4f3c2b1a-0000-4000-8000-00000000a5cd", _LANE.epoch, Seq(7), wanted)),
    }


def _chain(data: tuple[Data, ...], source: Source, registry: Registry) -> Iterator[tuple[str, bytes]]:
    prev = NO_DIGEST
    for seq, each in enumerate(data, START + 1):
        stamp = Stamp(at=_AT + timedelta(minutes=seq), boot="4f3c2b1a-0000-4000-8000-00000000beef", mono_ns=seq * 10**9)
        raw = encode(each, source=source, seq=Seq(seq), prev=prev, stamp=stamp, registry=registry)
        yield registry.name_of(each), raw
        prev = digest(raw)
