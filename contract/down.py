"""What the hub tells kiosks: facts of its own, in logs that many kiosks read with a cursor each."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.checks import check_instant, check_once
from contract.sales import AgeField, PerField
from contract.shop import BundlePart, Shop
from contract.values import (
    AmountField,
    CodeField,
    CurrencyField,
    GtinField,
    InstantField,
    NameField,
    PositiveMoneyField,
    SiteIdField,
    SkuField,
    TextField,
    Unit,
)

MAX_ITEMS: Final = 500  # items in one fact: about 100 KiB, below one batch
MAX_LEVELS: Final = 1000  # of 60 bytes, as most are: they share a batch
MAX_SITES: Final = 500  # of one region: four times 120
MAX_PARTS: Final = 20  # skus in one bundle


class Item(Struct, frozen=True, forbid_unknown_fields=True):
    """Something that can be sold. ``price_minor`` is what ``price_per`` units cost; without it the till asks.

    ``deposit`` is the item whose price is added for each piece, and paid back for its empties. A bundle is sold as its
    ``parts``. Who buys it must be ``age`` years old. What is not ``discountable`` has no share in any discount.
    """

    sku: SkuField
    name: NameField
    gtins: Annotated[list[GtinField], Meta(max_length=50)] = []
    price_minor: PositiveMoneyField | None = None
    price_per: PerField = 1
    unit: Unit = Unit.PIECE
    category: TextField = ""
    tax: CodeField = ""
    deposit: SkuField | None = None
    parts: Annotated[list[BundlePart], Meta(max_length=MAX_PARTS)] = []
    age: AgeField = 0
    discountable: bool = True

    def __post_init__(self) -> None:
        """Refuse a bundle that is weighed, names itself, or names a part twice."""
        if self.parts and self.unit is not Unit.PIECE:
            raise ValueError("a bundle is sold by the piece")
        if self.sku in {self.deposit, *(part.sku for part in self.parts)}:
            raise ValueError("an item is neither its own deposit nor a part of itself")
        check_once("a part", (part.sku for part in self.parts))


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
    shop: Shop = Shop()


class Level(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True):
    """What is available of a sku at a site: ``amount``, and ``more`` where it is that much or more."""

    site: SiteIdField
    sku: SkuField
    amount: AmountField
    unit: Unit = Unit.PIECE
    more: bool = False


class SiteHeard(Struct, frozen=True, forbid_unknown_fields=True):
    """Since when the word of a site stands: its age is counted from there."""

    site: SiteIdField
    at: InstantField

    def __post_init__(self) -> None:
        """Refuse a moment that is not the same for every reader."""
        check_instant(self.at)


class AvailabilityChanged(Struct, frozen=True, forbid_unknown_fields=True):
    """What is available at the region's sites, where it differs from what was told before, and how old that is.

    A generation of its log begins with everything that is available anywhere; ``complete`` once all of that is told:
    what an earlier generation told and this one did not is gone then.
    """

    complete: bool
    levels: Annotated[list[Level], Meta(max_length=MAX_LEVELS)] = []
    heard: Annotated[list[SiteHeard], Meta(max_length=MAX_SITES)] = []
