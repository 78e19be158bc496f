"""Values with a meaning, parsed once at the edge and trusted inside.

Each value is a ``NewType``; ``…Field`` is the same type with its bounds, for use in wire structs (msgspec refuses what
lies outside). ``parse_…`` functions serve forms, files and command lines.
"""

import re
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Annotated, Final, NewType

from msgspec import Meta, Struct, to_builtins

from contract.errors import Malformed

# Largest magnitudes that may cross the wire. An int64 column holds sums of ten million such amounts.
MAX_MINOR: Final = 10**11
MAX_AMOUNT: Final = 10**9
MAX_EPOCH: Final = 999_999_999  # nine digits, as the name of a stream holds
MAX_EPOCH_LEAP: Final = 1000  # lives of a card that its journal never heard of; whoever tells of more is not believed
MAX_POSITION: Final = 2**53 - 1  # what a JSON number keeps exactly everywhere

# `$(?!\n)` because Python's `$` also matches before a final newline; both dialects read it alike.
_END: Final = r"$(?!\n)"
_NAME_PATTERN: Final = r"^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?" + _END
_TEXT_PATTERN: Final = r"^[^\x00-\x1f\x7f\ud800-\udfff]*" + _END
# U+0085 and U+FEFF are spelt out at the ends: Python's `\s` has only the first, ECMAScript's only the second.
_SKU_INNER: Final = r"\x00-\x1f\x7f\ud800-\udfff]"
_SKU_EDGE: Final = r"[^\s\x85\ufeff" + _SKU_INNER
_SKU_PATTERN: Final = rf"^{_SKU_EDGE}(?:[^{_SKU_INNER}{{0,62}}{_SKU_EDGE})?" + _END

RegionId = NewType("RegionId", str)
SiteId = NewType("SiteId", str)
KioskId = NewType("KioskId", str)
Sku = NewType("Sku", str)
Gtin = NewType("Gtin", str)
Currency = NewType("Currency", str)
Receipt = NewType("Receipt", str)
BasketId = NewType("BasketId", str)
Money = NewType("Money", int)
Epoch = NewType("Epoch", int)
Seq = NewType("Seq", int)
Incarnation = NewType("Incarnation", int)

RegionIdField = Annotated[RegionId, Meta(pattern=_NAME_PATTERN, description="Sites that share a hub.")]
SiteIdField = Annotated[SiteId, Meta(pattern=_NAME_PATTERN, description="A popup or store.")]
KioskIdField = Annotated[KioskId, Meta(pattern=_NAME_PATTERN, description="One Pi at a site.")]
SkuField = Annotated[Sku, Meta(pattern=_SKU_PATTERN, description="Stock-keeping unit: 1 to 64 printable characters.")]
GtinField = Annotated[Gtin, Meta(pattern=r"^[0-9]{14}" + _END, description="GTIN as fourteen digits, zero-padded.")]
CurrencyField = Annotated[Currency, Meta(pattern=r"^[A-Z]{3}" + _END, description="ISO 4217 code.")]
ReceiptField = Annotated[
    Receipt,
    Meta(pattern=r"^[a-z0-9-]{1,32}-[1-9][0-9]{0,9}-[1-9][0-9]{0,15}" + _END, description="{kiosk}-{epoch}-{n}"),
]
BasketIdField = Annotated[BasketId, Meta(pattern=r"^[0-9A-Za-z-]{1,64}" + _END)]
MoneyField = Annotated[Money, Meta(ge=-MAX_MINOR, le=MAX_MINOR, description="Minor units of the fact's currency.")]
PositiveMoneyField = Annotated[Money, Meta(ge=0, le=MAX_MINOR, description="Minor units of the fact's currency.")]
EpochField = Annotated[Epoch, Meta(ge=1, le=MAX_EPOCH, description="One life of a kiosk's image.")]
SeqField = Annotated[Seq, Meta(ge=1, le=MAX_POSITION, description="Position in a lane, from 1, without gaps.")]
PositionField = Annotated[Seq, Meta(ge=0, le=MAX_POSITION, description="A position, 0 before the first.")]
IncarnationField = Annotated[Incarnation, Meta(ge=1, le=MAX_POSITION, description="One life of a hub's database.")]
AmountField = Annotated[int, Meta(ge=0, le=MAX_AMOUNT)]
TextField = Annotated[str, Meta(pattern=_TEXT_PATTERN, max_length=200)]
NameField = Annotated[str, Meta(pattern=_TEXT_PATTERN, min_length=1, max_length=200)]
CodeField = Annotated[str, Meta(pattern=_TEXT_PATTERN, max_length=32)]
InstantField = Annotated[datetime, Meta(tz=True)]
TokenField = Annotated[
    str, Meta(pattern=r"^[0-9A-Za-z-]{1,64}" + _END, description="An id that nobody else gives: a UUID.")
]
SumField = Annotated[int, Meta(ge=0, le=MAX_POSITION, description="A sum of amounts that only grows.")]
LanguageField = Annotated[str, Meta(pattern=r"^[a-z]{2,3}" + _END, description="ISO 639 code, such as en.")]
MessageField = Annotated[str, Meta(pattern=_TEXT_PATTERN, max_length=1000, description="Words for a shopper.")]

MAX_NAME_LENGTH: Final = 200
NO_INSTANT: Final = "it needs a time zone, an offset of whole minutes and a UTC year of 1 to 9999"


class Lane(StrEnum):
    """One journal of a kiosk, with its own sequence, chain and acknowledgement."""

    TILL = "till"
    SENSE = "sense"
    COUNT = "count"
    PICKS = "picks"


class Unit(StrEnum):
    """What a quantity counts. Weighed and measured goods are counted in thousandths of what the price is for."""

    PIECE = "pc"
    GRAM = "g"
    MILLILITRE = "ml"
    MILLIMETRE = "mm"

    @property
    def per(self) -> int:
        """How many of this unit one price is for: 1 piece, or 1,000 g, ml, mm."""
        return 1 if self is Unit.PIECE else 1000


class Condition(StrEnum):
    """The state of goods, part of a stock account's key."""

    SELLABLE = "sellable"
    DAMAGED = "damaged"


class Quantity(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """An amount of goods, in whole units: pieces, grams, millilitres or millimetres."""

    amount: AmountField
    unit: Unit = Unit.PIECE


class Address(Struct, frozen=True, order=True, forbid_unknown_fields=True):
    """Where a kiosk stands: region, site, kiosk. Hashable, so that it serves as a key."""

    region: RegionIdField
    site: SiteIdField
    kiosk: KioskIdField

    def __str__(self) -> str:
        """Return ``region/site/kiosk``, as people and logs name a kiosk."""
        return f"{self.region}/{self.site}/{self.kiosk}"


_NAME_RE: Final = re.compile(_NAME_PATTERN)
_SKU_RE: Final = re.compile(_SKU_PATTERN)
_CURRENCY_RE: Final = re.compile(r"[A-Z]{3}")
_ADDRESS_PARTS: Final = 3


def parse_name(text: str, what: str) -> str:
    """Return ``text`` if it may name a region, site or kiosk: a-z, 0-9 and inner dashes, at most 32.

    Raises: Malformed, naming ``what``.
    """
    if not _NAME_RE.match(text):
        raise Malformed(f"{text[:80]!r} is not a name of a-z, 0-9 and inner dashes, at most 32 long", what)
    return text


def parse_address(text: str) -> Address:
    """Return the address written as ``region/site/kiosk``.

    Raises: Malformed.
    """
    parts = text.split("/")
    if len(parts) != _ADDRESS_PARTS:
        raise Malformed(f"{text[:120]!r} is not region/site/kiosk", "address")
    region, site, kiosk = parts
    return Address(
        RegionId(parse_name(region, "region")), SiteId(parse_name(site, "site")), KioskId(parse_name(kiosk, "kiosk"))
    )


def parse_sku(text: str) -> Sku:
    """Return ``text`` as a sku: 1 to 64 printable characters, none of them a space at either end.

    Raises: Malformed.
    """
    if not _SKU_RE.match(text):
        raise Malformed(f"{text[:80]!r} is not a sku of 1 to 64 printable characters", "sku")
    return Sku(text)


def parse_currency(text: str) -> Currency:
    """Return ``text`` as an ISO 4217 code.

    Raises: Malformed.
    """
    if not _CURRENCY_RE.fullmatch(text):
        raise Malformed(f"{text[:40]!r} is not a currency code such as EUR", "currency")
    return Currency(text)


_INSTANT_CHARS: Final = len("2026-03-07T09:30:00.000000Z")  # a year has four digits, so every instant has as many


def is_instant(at: datetime) -> bool:
    """Return whether ``at`` is the same moment for every reader.

    It has a time zone, an offset of whole minutes (RFC 3339 writes no finer one) and a UTC year within 1 to 9999, so
    that nobody who turns it into UTC fails.
    """
    if at.tzinfo is UTC:
        return True  # what nearly all are once they are read: the rest need not be looked at
    offset = at.utcoffset()
    if offset is None or offset % timedelta(minutes=1):
        return False
    try:
        at.astimezone(UTC)
    except OverflowError:
        return False
    return True


def instant_text(at: datetime) -> str:
    """Return an aware instant as RFC 3339 in UTC with microseconds and ``Z``, sortable as text.

    Raises: Malformed if ``at`` is no instant, as :func:`is_instant` says.
    """
    if not is_instant(at):
        raise Malformed(f"{at.isoformat()} is no instant: {NO_INSTANT}", "time")
    in_utc = at if at.tzinfo is UTC else at.astimezone(UTC)
    text: str = to_builtins(in_utc)  # a tenth of the time that isoformat takes; it leaves out a fraction that is zero
    return text if len(text) == _INSTANT_CHARS else f"{text[:-1]}.000000Z"
