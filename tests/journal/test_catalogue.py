"""The catalogue: found by barcode, by sku, and by the beginnings of words."""

import pytest
from till_terminal import barcode, sample_items

from contract.down import Item
from contract.values import Gtin, Money, Sku
from kiosk.journal.catalogue import Catalogue


@pytest.fixture
def catalogue(tmp_path):
    opened = Catalogue(tmp_path / "catalogue.db")
    opened.put(sample_items())
    opened.put(
        [Item(Sku("CAFE"), "Café crème (große Tasse)", [], Money(350)), Item(Sku("A*B"), 'Odd "quoted" OR name')]
    )
    yield opened
    opened.close()


@pytest.mark.parametrize(
    ("text", "skus"),
    [
        ("espresso", ["ESP-1", "ESP-2"]),
        ("ESPR", ["ESP-1", "ESP-2"]),
        ("dop esp", ["ESP-2"]),
        ("esp-2", ["ESP-2"]),
        ("cafe creme", ["CAFE"]),
        ("Café", ["CAFE"]),
        ("gro", ["CAFE"]),
        ("quoted", ["A*B"]),
        ("odd OR name", ["A*B"]),
        ("presso", []),
        ("400638", ["ESP-1"]),  # thirteen digits
        ("0360002", ["UPC"]),  # twelve
        ("963850", ["EAN8"]),  # eight
        ("0400638", ["ESP-1"]),  # fourteen
        ("96", []),
        ("400638133393199", []),
        ('" OR NEAR(', []),
        ("***", []),
        ("", []),
        ("   ", []),
    ],
)
def test_search(catalogue, text, skus):
    assert [item.sku for item in catalogue.search(text, 10)] == skus


def test_search_gives_no_more_than_asked_for(catalogue):
    assert len(catalogue.search("piece", 8)) == 8


def test_words_come_before_codes_and_an_item_comes_once(catalogue):
    catalogue.put([Item(Sku("4006"), "Number 4006", [Gtin("0" + barcode(6)), Gtin("0" + barcode(60))])])
    assert [item.sku for item in catalogue.search("4006", 10)] == ["4006", "ESP-1"]
    assert [item.sku for item in catalogue.search(barcode(6)[:12], 10)] == ["4006"]


def test_what_is_a_deposit_of_others_is_known(catalogue):
    bottle, crate = Item(Sku("B"), "Bottle", [], Money(25)), Item(Sku("A"), "Crate", [], Money(150))
    catalogue.put(
        [bottle, crate, Item(Sku("COLA"), "Cola", deposit=Sku("B")), Item(Sku("BEER"), "Beer", deposit=Sku("B"))]
    )
    assert catalogue.deposits() == [bottle]


def test_a_barcode_belongs_to_the_item_that_had_it_last(catalogue):
    code = Gtin("0" + barcode(1))
    catalogue.put([Item(Sku("NEW"), "New owner", [code])])
    assert catalogue.scan(code).sku == "NEW"
    assert catalogue.item(Sku("P-01")).gtins == []


def test_a_changed_item_is_found_by_its_new_name_only(catalogue):
    catalogue.put([Item(Sku("ESP-2"), "Ristretto", [])])
    assert [item.sku for item in catalogue.search("espresso", 10)] == ["ESP-1"]
    assert [item.sku for item in catalogue.search("ristr", 10)] == ["ESP-2"]


def test_a_withdrawn_item_is_gone(catalogue):
    count = catalogue.count()
    catalogue.withdraw([Sku("P-01"), Sku("unknown")])
    assert catalogue.count() == count - 1
    assert catalogue.item(Sku("P-01")) is None
    assert catalogue.scan(Gtin("0" + barcode(1))) is None
    assert catalogue.search("01", 10) == []


def test_items_come_back_whole(catalogue):
    added = [item for item in catalogue.items() if item.sku not in {"CAFE", "A*B"}]
    assert added == sorted(sample_items(), key=lambda item: item.sku)
