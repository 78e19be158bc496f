"""The real files, against sums and verdicts taken straight from them."""

import csv
import gzip
import io
from collections import Counter, defaultdict
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

import pytest
from kiosk_command import Kiosk

TAKEAWAY = ["--ticket", "invoice", "--time", "Order Date", "--item", "description", "--qty", "Quantity"]
TAKEAWAY += ["--price", "Product Price", "--time-format", "%d/%m/%y %H:%M"]
RETAIL = ["--ticket", "InvoiceNo", "--time", "InvoiceDate", "--item", "Description", "--qty", "Quantity"]
RETAIL += ["--price", "UnitPrice", "--time-format", "%m/%d/%y %H:%M"]
LIQUOR = ["--sku", "PRODUCT_SKU_NO", "--gtin", "PRODUCT_BASE_UPC_NO", "--name", "PRODUCT_LONG_NAME"]
LIQUOR += ["--price", "CURRENT_DISPLAY_PRICE", "--category", "PRODUCT_CLASS_NAME"]
FOOD = ["--gtin", "barcode", "--name", "product_name"]


def rows(file: Path) -> list[dict[str, str]]:
    raw = file.read_bytes()
    text = (gzip.decompress(raw) if file.suffix == ".gz" else raw).decode()
    return list(csv.DictReader(io.StringIO(text, newline="")))


def minor(quantity: str, price: str) -> int:
    return int((abs(Decimal(quantity)) * Decimal(price) * 100).quantize(Decimal(1), ROUND_HALF_UP))


def test_the_takeaways_tickets_agree_to_the_penny(kiosk: Kiosk, real_data: Path) -> None:
    file = real_data / "1_pos" / "takeaway_orders_2015-2018.csv"
    orders = rows(file)
    result = kiosk("replay", file, *TAKEAWAY).result
    assert result == {
        "tickets": len({row["invoice"] for row in orders}),
        "lines": len(orders),
        "refund_lines": 0,
        "rejected": {},
        "gross_minor": sum(minor(row["Quantity"], row["Product Price"]) for row in orders),
        "net_qty": sum(int(row["Quantity"]) for row in orders),
    }
    assert (result["gross_minor"], result["tickets"], result["lines"]) == (34_097_050, 10_127, 56_945)
    assert kiosk("journal", "verify").status == 0


@pytest.mark.parametrize("more", [[], ["--sku", "StockCode"]], ids=["by-name", "by-sku"])
def test_the_online_shops_tickets_agree_to_the_penny(kiosk: Kiosk, real_data: Path, more: list[str]) -> None:
    file = real_data / "1_pos" / "online_retail_2010-12_2011-03.csv.gz"
    orders = rows(file)
    lines = [row for row in orders if row["Description"].strip()]
    refunds = [row for row in lines if row["InvoiceNo"].startswith("C") or row["Quantity"].startswith("-")]
    amounts = [minor(row["Quantity"], row["UnitPrice"]) for row in lines]
    result = kiosk("replay", file, *RETAIL, *more).result
    assert result == {
        "tickets": len({row["InvoiceNo"] for row in lines}),
        "lines": len(lines),
        "refund_lines": len(refunds),
        "rejected": {"no_item": len(orders) - len(lines)},
        "gross_minor": sum(amounts) - 2 * sum(minor(row["Quantity"], row["UnitPrice"]) for row in refunds),
        "net_qty": sum(int(row["Quantity"]) for row in lines),
    }
    sold: dict[str, int] = defaultdict(int)
    for row in lines:
        sold[row["StockCode" if more else "Description"].strip()] += int(row["Quantity"])
    accounts = kiosk("stock", "show", "--json").json["stock"]
    assert {one["sku"]: one["sold"] - one["returned"] for one in accounts} == sold
    assert all(one["overdraft"] == 0 and one["received"] == one["sold"] for one in accounts)


def test_every_row_of_the_liquor_list_is_an_item(kiosk: Kiosk, real_data: Path) -> None:
    file = real_data / "2_catalogue" / "bc_liquor_pricelist_give.csv"
    codes = [row["PRODUCT_BASE_UPC_NO"] for row in rows(file)]
    stripped = sum(len(code) not in (0, 8, 12, 13, 14) for code in codes)
    counts = {"rows": len(codes), "repeated": 0, "barcodes_dropped": 0, "barcodes_restored": stripped, "rejected": {}}
    first = kiosk("catalogue", "import", file, *LIQUOR)
    assert first.result == counts | {"added": len(codes), "changed": 0, "unchanged": 0}
    assert first.err.count("had lost its leading zeros") == stripped
    assert kiosk("catalogue", "import", file, *LIQUOR).result == counts | {
        "added": 0,
        "changed": 0,
        "unchanged": len(codes),
    }
    items = kiosk("catalogue", "list", "--json").json["items"]
    found = {gtin for item in items for gtin in item["gtins"]}
    assert found == {code.zfill(14) for code in codes if code}


def test_every_verdict_on_the_food_facts_agrees_with_the_files_own(kiosk: Kiosk, real_data: Path) -> None:
    file = real_data / "2_catalogue" / "off_products_give.csv"
    products = rows(file)
    first = kiosk("catalogue", "import", file, *FOOD)
    told = dict(line.split(": ", 1) for line in first.err.splitlines())  # line N: what became of it
    fates: dict[str, Counter[str]] = defaultdict(Counter)
    for number, row in enumerate(products, 2):
        kind = row["kind_mod10"].rpartition("_")[0] if row["kind_mod10"].startswith("bad") else "good"
        fate = told.get(f"line {number}", "item")
        fates[kind]["restored" if "restored" in fate else fate.partition(":")[0]] += 1
    restored = first.result["barcodes_restored"]
    assert set(fates["good"]) <= {"item", "repeated"}
    assert set(fates["bad_check"]) == {"wrong_check_digit"}
    assert fates["bad_length"]["wrong_length"] + restored == fates["bad_length"].total()
    assert restored == sum(
        passes_padded(row["barcode"]) for row in products if row["kind_mod10"].startswith("bad_length")
    )
    assert first.result["rejected"] == {
        "wrong_check_digit": fates["bad_check"].total(),
        "wrong_length": fates["bad_length"].total() - restored,
    }
    assert kiosk("catalogue", "import", file, *FOOD).result["unchanged"] == first.result["added"]


def passes_padded(code: str) -> bool:
    """Say whether a code of 9 to 11 digits is a right one that lost its leading zeros."""
    digits = [int(digit) for digit in reversed(code)]
    return 9 <= len(code) <= 11 and (sum(digits[0::2]) + 3 * sum(digits[1::2])) % 10 == 0
