"""Real barcodes: of goods in a public database, and of a price list whose spreadsheet ate the zeros."""

import csv
from collections import Counter

import pytest

from contract.errors import Malformed
from contract.gtin import restore_gtin
from kiosk.core.labels.label import LabelKind
from kiosk.core.labels.reading import read_label


@pytest.mark.parametrize(
    ("name", "column", "understood"),
    [
        ("off_products_give.csv", "barcode", 13_819),
        ("bc_liquor_pricelist_give.csv", "PRODUCT_BASE_UPC_NO", 4_100),
    ],
)
def test_every_valid_barcode_is_its_gtin_and_none_raises(real_data, name, column, understood):
    kinds: Counter[LabelKind] = Counter()
    with (real_data / "2_catalogue" / name).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            label = read_label(row[column])
            kinds[label.kind] += 1
            assert (label.kind is LabelKind.GTIN, label.gtin) == valid(row[column]) or len(row[column]) > 14
    assert kinds[LabelKind.GTIN] == understood


def test_digits_of_weight_labels_among_them_are_read(real_data):
    """People copied them from packs into the database; none of the readers told it that they are element strings."""
    with (real_data / "2_catalogue" / "off_products_give.csv").open(encoding="utf-8", newline="") as file:
        labels = [read_label(row["barcode"]) for row in csv.DictReader(file)]
    found = [label for label in labels if label.kind is LabelKind.ELEMENTS and label.gtin is not None]
    assert len(found) == 12
    bread = next(label for label in found if label.text == "0100232533000008320300137539220000328")
    assert bread.measure is not None
    assert bread.price is not None
    assert (bread.gtin, bread.measure.amount, bread.price.amount) == ("00232533000008", 624, 328)


def valid(digits: str) -> tuple[bool, str | None]:
    try:
        return True, restore_gtin(digits)
    except Malformed:
        return False, None
