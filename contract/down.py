"""What the hub tells kiosks: facts of its own, in logs that many kiosks read with a cursor each."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.facts import PerField
from contract.values import (
    CodeField,
    CurrencyField,
    GtinField,
    NameField,
    PositiveMoneyField,
    SkuField,
    TextField,
    Unit,
)

MAX_ITEMS: Final = 500  # items in one fact: about 100 KiB, below one batch


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that can be sold. ``price_minor`` is what ``price_per`` units cost; without it the till asks."""

    sku: SkuField
    name: NameField
    gtins: Annotated[list[GtinField], Meta(max_length=50)] = []
    price_minor: PositiveMoneyField | None = None
    price_per: PerField = 1
    unit: Unit = Unit.PIECE
    category: TextField = ""
    tax: CodeField = ""


class Price(Struct, frozen=True, forbid_unknown_fields=True):
    """A new price for a known item."""

    sku: SkuField
    price_minor: PositiveMoneyField | None
    price_per: PerField = 1


class CatalogueChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """Items added or changed (each whole) and items withdrawn. An unknown sku in ``withdrawn`` is no error."""

    currency: CurrencyField
    items: Annotated[list[Item], Meta(max_length=MAX_ITEMS)] = []
    withdrawn: Annotated[list[SkuField], Meta(max_length=MAX_ITEMS)] = []


class PriceChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """Prices that differ from before."""

    currency: CurrencyField
    prices: Annotated[list[Price], Meta(min_length=1, max_length=MAX_ITEMS)]


class ConfigChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """Settings of every till: the latest fact replaces the one before."""

    receipt_header: TextField = ""
    receipt_footer: TextField = ""
