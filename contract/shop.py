"""What a shop decides for all its tills: tax rates, cash rounding, foreign cash, who may allow what."""

from enum import StrEnum
from typing import Annotated, Final

from msgspec import Meta, Struct

from contract.checks import check_once
from contract.sales import ALL_PPM, MAX_TAXES, PerField, RateField
from contract.values import CodeField, CurrencyField, Money, NameField, SkuField

MAX_STAFF: Final = 500  # people of one region who know a PIN
MAX_RATES: Final = 50  # foreign currencies that a till takes
MAX_FAVOURITES: Final = 48  # as many keys as fit a screen, twice
MAX_PART: Final = 10**6  # of one part in a bundle: a tonne in g
MAX_TEMPLATES: Final = 50  # shapes of a shop's own barcodes
MAX_STEP: Final = 10_000  # minor units that cash is rounded to: the smallest coin or note anywhere
PersonField = Annotated[str, Meta(pattern=r"^[0-9a-z-]{1,32}$(?!\n)", description="A person's id, as facts name it.")]

TemplateField = Annotated[
    str,
    Meta(
        pattern=r"^[0-9A-Z]{1,40}(?: ?\*[1-9][0-9]{0,3})?$(?!\n)",
        description="The shape of a barcode of the shop's own: 21IIIIIPPPPPC; or a country with rules for it: DE.",
    ),
]


class TaxRate(Struct, frozen=True, forbid_unknown_fields=True):
    """What a tax code of the catalogue stands for. ``name`` is as it is printed, such as ``VAT 19 %``."""

    code: CodeField
    rate_ppm: RateField
    name: NameField


class ExchangeRate(Struct, frozen=True, forbid_unknown_fields=True):
    """Foreign cash that the till takes: ``per`` minor units of ``currency`` are worth ``home_minor``."""

    currency: CurrencyField
    home_minor: Annotated[Money, Meta(ge=1, le=10**9)]
    per: PerField


class Role(StrEnum):
    """What a person may allow at a till."""

    STAFF = "staff"
    MANAGER = "manager"  # prices, discounts above the limit, goods beyond the books


class Person(Struct, frozen=True, forbid_unknown_fields=True):
    """Somebody who works at a till. ``pin`` is an argon2id hash, never the PIN."""

    id: PersonField
    name: NameField
    role: Role
    pin: Annotated[str, Meta(pattern=r"^\$argon2id\$[!-~]{1,190}$(?!\n)")]


class BundlePart(Struct, frozen=True, forbid_unknown_fields=True, gc=False):
    """Goods that a bundle is made of: ``amount`` of the sku's own unit in each."""

    sku: SkuField
    amount: Annotated[int, Meta(ge=1, le=MAX_PART)] = 1


class Shop(Struct, frozen=True, forbid_unknown_fields=True):
    """How a region's shops sell. Told by the hub, or written in the settings of a kiosk that has none.

    ``cash_step_minor`` is what sums are rounded to that are paid in cash, such as 5. Staff may give discounts up to
    ``discount_ppm`` of a price; for more, a manager's PIN is asked for.
    """

    taxes: Annotated[list[TaxRate], Meta(max_length=MAX_TAXES)] = []
    tax_included: bool = True
    cash_step_minor: Annotated[int, Meta(ge=1, le=MAX_STEP)] = 1
    exchange: Annotated[list[ExchangeRate], Meta(max_length=MAX_RATES)] = []
    staff: Annotated[list[Person], Meta(max_length=MAX_STAFF)] = []
    discount_ppm: Annotated[int, Meta(ge=0, le=ALL_PPM)] = 0
    favourites: Annotated[list[SkuField], Meta(max_length=MAX_FAVOURITES)] = []
    templates: Annotated[list[TemplateField], Meta(max_length=MAX_TEMPLATES)] = []

    def __post_init__(self) -> None:
        """Refuse what names one thing twice."""
        check_once("a tax code", (one.code for one in self.taxes))
        check_once("a currency", (one.currency for one in self.exchange))
        check_once("a person", (one.id for one in self.staff))
