"""What a scan finds: the goods, how much of them, at which price, and what belongs to them."""

import json
from datetime import date
from decimal import Decimal

import msgspec
import pytest

from contract.down import Item
from contract.gtin import check_digit
from contract.shop import BundlePart, Shop
from contract.values import Currency, Gtin, Money, Quantity, Sku, Unit
from kiosk.core.basket import BasketError, Deposit, Part
from kiosk.core.entry import EntryError
from kiosk.core.finding import Finder, as_deposit, line_of

EUR, TODAY = Currency("EUR"), date(2026, 3, 14)
HAM = Item(Sku("HAM"), "Ham", [Gtin("09520123456788")], Money(1890), 1000, Unit.GRAM)
OLIVES = Item(Sku("OLIVES"), "Olives", [Gtin("00000096385074")], None, 1, Unit.GRAM)
BOLTS = Item(Sku("BOLTS"), "Bolts", [Gtin("04006381333931")], Money(5))
BASKET = Item(Sku("FRUIT"), "Fruit", [Gtin("00036000291452")], None)
CHEESE = Item(Sku("12345"), "Cheese", [], Money(1000), 1000, Unit.GRAM)
TEXT = Item(Sku("2812345002506"), "A sku like a label", [], Money(100))
DEPOSIT = Item(Sku("PF"), "Deposit", [], Money(25), tax="A")
COLA = Item(Sku("COLA"), "Cola", [], Money(150), tax="A", deposit=Sku("PF"))
WINE = Item(Sku("WINE"), "Wine", [], Money(900), age=18)
SET = Item(Sku("SET"), "Set", [], Money(1000), parts=[BundlePart(Sku("WINE")), BundlePart(Sku("HAM"), 200)], age=16)
ITEMS = [HAM, OLIVES, BOLTS, BASKET, CHEESE, DEPOSIT, COLA, WINE, SET]
SHOP = Shop(templates=["21IIIIIPPPPPC", "28IIIIIWWWWWC"])


class Shelf:
    """A catalogue of a few items."""

    def __init__(self, *items: Item) -> None:
        self._items = items

    def scan(self, gtin: Gtin) -> Item | None:
        return next((one for one in self._items if gtin in one.gtins), None)

    def item(self, sku: Sku) -> Item | None:
        return next((one for one in self._items if one.sku == sku), None)


def finder(*more: Item, shop: Shop = SHOP) -> Finder:
    return Finder(Shelf(*ITEMS, *more), shop, EUR)


@pytest.mark.parametrize(
    ("label", "times", "sku", "amount", "label_minor"),
    [
        ("9520123456788", "0.5", "HAM", 500, None),
        ("9520123456788", None, "HAM", None, None),
        ("(01)09520123456788(3103)000335", None, "HAM", 335, None),
        ("(01)09520123456788(3103)000335", "2", "HAM", 670, None),
        ("(01)09520123456788(3103)000335(3922)634", None, "HAM", 335, 634),
        ("(01)09520123456788(3103)000335(3922)634", "2", "HAM", 670, 1268),
        ("(01)09520123456788(30)3(3922)945", None, "HAM", 500, 945),  # by its price
        ("(01)00000096385074(3103)000335(3922)634", None, "OLIVES", 335, 634),
        ("(01)04006381333931(30)12", None, "BOLTS", 12, None),
        ("(01)04006381333931(30)12", "2", "BOLTS", 24, None),
        ("(01)04006381333931(3103)000335", None, "BOLTS", 1, None),
        ("(01)00036000291452(30)1(3932)978250", None, "FRUIT", 1, 250),
        ("2112345002996", None, "12345", 299, 299),
        ("2812345002506", None, "12345", 250, None),
    ],
)
def test_a_label_says_how_much_there_is_and_what_it_costs(label, times, sku, amount, label_minor):
    wanted = finder().label(label, Decimal(times) if times else None, TODAY)
    assert wanted is not None
    assert (wanted.item.sku, wanted.amount, wanted.label_minor) == (sku, amount, label_minor)
    if amount is not None and wanted.price_minor is not None and label_minor is not None:
        assert line_of(wanted).gross_minor == label_minor


def test_goods_without_a_price_cost_what_their_label_says():
    wanted = finder().label("(01)00036000291452(30)1(3932)978250", Decimal(3), TODAY)
    assert wanted is not None
    assert (wanted.price_minor, wanted.price_per, wanted.label_minor, wanted.amount) == (250, 1, 750, 3)


def test_a_label_with_a_price_and_no_weight_leaves_the_weight_to_be_asked():
    wanted = finder().label("(01)00000096385074(30)1(3922)634", None, TODAY)
    assert wanted is not None
    assert (wanted.amount, wanted.price_minor, wanted.label_minor) == (None, None, 634)


@pytest.mark.parametrize(
    ("label", "told"),
    [
        ("9520123456789", "WRONG CHECK DIGIT 9520123456789"),
        ("(01)09520123456789", "WRONG CHECK DIGIT"),
        ("(01)09520123456788(17)261332", "FAULTY LABEL"),
        ("]E0123", "FAULTY LABEL"),
        ("k1-1-12", "k1-1-12 is the number of a receipt"),
        ("(02)09520123456788(37)5(00)106141411234567897", "pallet or carton"),
        ("4006381333948", "UNKNOWN CODE 4006381333948: not added. Type its name"),
        ("(01)09520123456788(30)1(3932)840250", "the label's price is in USD"),
        ("(01)04006381333931(30)12", "0.5 pieces cannot be sold"),
    ],
)
def test_a_label_that_cannot_be_sold_by_says_why(label, told):
    times = Decimal("0.5") if "pieces" in told else None
    with pytest.raises(EntryError) as refused:
        finder().label(label, times, TODAY)
    assert told in str(refused.value)


@pytest.mark.parametrize("text", ["espresso", "H8Q3-9XFK", "12", ""])
def test_what_is_no_label_of_goods_is_left_to_others(text):
    assert finder().label(text, None, TODAY) is None


@pytest.mark.parametrize(("day", "expired"), [("260313", True), ("260314", False), ("260315", False)])
def test_goods_are_expired_on_the_day_after_the_last(day, expired):
    wanted = finder().label(f"(01)04006381333931(17){day}", None, TODAY)
    assert wanted is not None
    assert wanted.expired_on == (date(2026, 3, 13) if expired else None)


@pytest.mark.parametrize("written", [["SE"], ["24IIIIIIWWWWC *10"], ["24IIIIIIWWWWC*10"], ["DE", "24IIIIIIWWWWC *10"]])
def test_a_shop_writes_its_templates_or_names_its_country(written):
    shop = msgspec.toml.decode(f"templates = {json.dumps(written)}", type=Shop)
    loose = Item(Sku("123456"), "Apples", [], Money(299), 1000, Unit.GRAM)
    wanted = finder(loose, shop=shop).label(f"241234560123{check_digit('241234560123')}", None, TODAY)
    assert wanted is not None
    assert (wanted.item.sku, wanted.amount) == ("123456", 1230)


def test_templates_that_cannot_be_used_are_told_where_they_are_missed():
    shop = Shop(templates=["21IIIIIPPPPPC", "21IIIIIWWWWWC"])
    with pytest.raises(EntryError, match="templates cannot be used: 21IIIIIPPPPPC and 21IIIIIWWWWWC both match"):
        finder(shop=shop).label("2112345002996", None, TODAY)
    with pytest.raises(EntryError, match="UNKNOWN CODE 4006381333948: not added"):
        finder(shop=shop).label("4006381333948", None, TODAY)


@pytest.mark.parametrize(
    ("text", "known"),
    [
        ("HAM", True),
        ("9520123456788", True),
        ("2112345002996", True),
        ("99", False),
        ("x" * 70, False),
        ("k1-1-1", False),
    ],
)
def test_what_is_known(text, known):
    assert finder().knows(text) is known


def test_the_very_text_of_a_sku_comes_before_a_label():
    found = finder(TEXT).find("2812345002506")
    assert found is TEXT


def test_a_deposit_comes_with_its_goods():
    wanted = finder().want(COLA, Decimal(2))
    assert (wanted.deposit, wanted.missing) == (Deposit(Sku("PF"), "Deposit", Money(25), "A"), ())
    assert line_of(wanted).deposit_minor == 50


@pytest.mark.parametrize(
    "item",
    [
        Item(Sku("X"), "Weighed", [], Money(100), 1000, Unit.GRAM),
        Item(Sku("X"), "No price", [], None),
        Item(Sku("X"), "Price for ten", [], Money(100), 10),
    ],
)
def test_only_a_price_for_a_piece_is_a_deposit(item):
    assert as_deposit(item) is None
    wanted = finder(item).want(Item(Sku("Y"), "Bottle", [], Money(100), deposit=Sku("X")))
    assert (wanted.deposit, wanted.missing) == (None, ("X",))


def test_goods_that_are_weighed_have_no_deposit_a_piece():
    wanted = finder().want(Item(Sku("Y"), "Bulk", [], Money(100), 1000, Unit.GRAM, deposit=Sku("PF")))
    assert (wanted.deposit, wanted.missing) == (None, ("PF",))


def test_a_bundle_comes_with_its_parts_and_their_age():
    wanted = finder().want(SET)
    assert wanted.parts == (
        Part(Sku("WINE"), "Wine", Quantity(1), Money(900)),
        Part(Sku("HAM"), "Ham", Quantity(200, Unit.GRAM), Money(378)),
    )
    assert (wanted.age, wanted.missing) == (18, ())


def test_a_part_that_the_catalogue_lacks_is_sold_under_its_sku_and_told():
    whole = Item(Sku("SET2"), "Set", [], Money(1000), tax="B", parts=[BundlePart(Sku("WINE")), BundlePart(Sku("?"), 2)])
    wanted = finder().want(whole)
    assert wanted.parts[1] == Part(Sku("?"), "?", Quantity(2), Money(0), "B")
    assert wanted.missing == ("?",)


def test_goods_that_lack_something_are_no_line():
    with pytest.raises(BasketError, match="Fruit has no price"):
        line_of(finder().want(BASKET))
    with pytest.raises(BasketError, match="no price"):
        line_of(finder().want(HAM))


def test_a_typed_price_is_for_one_piece_or_kilogram():
    wanted = finder().want(OLIVES, Decimal("0.5"), Money(2000))
    assert line_of(wanted).gross_minor == 1000
