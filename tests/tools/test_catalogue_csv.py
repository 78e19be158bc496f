import csv
import io
from collections.abc import Iterable
from decimal import Decimal

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.catalogue_cells import clean_text
from contract.catalogue_csv import Columns, Import, decide_import, default_columns
from contract.csv_rows import UnknownColumn, read_table
from contract.down import Item
from contract.gtin import check_digit
from contract.shop import BundlePart
from contract.values import Currency, Gtin, Money, Sku, Unit

EUR = Currency("EUR")
ALL = Columns("sku", "gtin", "name", "price", "category", "tax", "unit")
HEADER = "sku,gtin,name,price,category,tax,unit\n"

words = st.text(st.characters(categories=["Ll", "Lu", "Nd"]), min_size=1, max_size=12)
items = st.builds(
    Item,
    sku=words.map(Sku),
    name=words,
    gtins=st.integers(0, 10**12 - 1).map(lambda n: [full_gtin(n)]) | st.just([]),
    price_minor=st.integers(0, 10**9).map(Money) | st.none(),
    category=words | st.just(""),
    tax=words | st.just(""),
)


def full_gtin(number: int) -> Gtin:
    payload = f"{number:013d}"
    return Gtin(payload + str(check_digit(payload)))


def imported(text: str, columns: Columns = ALL, known: Iterable[Item] = ()) -> Import:
    there = {item.sku: item for item in known}
    return decide_import(read_table(text), columns, EUR, there.get)


def one(row: str, columns: Columns = ALL, known: Iterable[Item] = ()) -> Item:
    done = imported(f"{HEADER}{row}\n", columns, known)
    assert done.rejected == {}
    (item,) = done.items
    return item


def rejected(row: str, columns: Columns = ALL) -> dict[str, int]:
    done = imported(f"{HEADER}{row}\n", columns)
    assert done.items == []
    assert len(done.notes) == 1
    assert done.notes[0].line == 2
    assert done.notes[0].text.startswith(next(iter(done.rejected)) + ": ")
    return done.rejected


def written(some: list[Item]) -> str:
    file = io.StringIO()
    rows = csv.writer(file)
    rows.writerow(HEADER.strip().split(","))
    for item in some:
        price = "" if item.price_minor is None else str(Decimal(item.price_minor).scaleb(-2))
        rows.writerow([item.sku, "".join(item.gtins), item.name, price, item.category, item.tax, item.unit])
    return file.getvalue()


@given(st.lists(items, unique_by=(lambda item: item.sku, lambda item: "".join(item.gtins) or item.sku), max_size=8))
def test_items_written_as_csv_are_read_back_and_then_unchanged(some: list[Item]) -> None:
    first = imported(written(some))
    assert first.items == some
    assert first.added == len(some)
    second = imported(written(some), known=some)
    assert (second.items, second.unchanged, second.rows) == ([], len(some), len(some))


@given(st.lists(items, max_size=12), st.lists(items, max_size=6))
def test_the_counts_add_up_and_a_second_import_changes_nothing(some: list[Item], before: list[Item]) -> None:
    known = {item.sku: item for item in before}
    text = written(some)
    done = imported(text, known=known.values())
    assert done.rows == done.added + done.changed + done.unchanged + done.repeated + sum(done.rejected.values())
    known |= {item.sku: item for item in done.items}
    assert imported(text, known=known.values()).items == []


@pytest.mark.parametrize(
    ("given", "sku"),
    [("036800285927", "0036800285927"), ("0036800285927", "0036800285927"), ("00036800285927", "0036800285927")],
)
def test_without_a_sku_the_barcode_is_it_however_it_is_padded(given: str, sku: str) -> None:
    item = one(f",{given},Cereal,1,,,", Columns(gtin="gtin", name="name"))
    assert item.sku == sku
    assert item.gtins == ["00036800285927"]


def test_a_short_barcode_as_sku_keeps_its_eight_digits() -> None:
    assert one(",40170725,Gum,1,,,", Columns(gtin="gtin", name="name")).sku == "40170725"


def test_an_empty_sku_gives_way_to_the_barcode() -> None:
    assert one(",40170725,Gum,1,,,").sku == "40170725"


def test_a_row_without_a_barcode_is_a_good_row() -> None:
    done = imported(HEADER + "A,,Apple,1,,,\n")
    assert (done.added, done.barcodes_dropped, done.items[0].gtins) == (1, 0, [])


@pytest.mark.parametrize("code", ["4017072", "40170724", "4006381333932", "12345678901234", "4,0", "9" * 24, "4.0E+12"])
def test_a_wrong_barcode_is_dropped_where_there_is_a_sku(code: str) -> None:
    done = imported(f'{HEADER}A,"{code}",Apple,1,,,\n')
    assert (done.added, done.barcodes_dropped, done.items[0].gtins) == (1, 1, [])
    assert "dropped" in done.notes[0].text


def test_the_dropped_barcode_of_a_rejected_row_is_not_counted() -> None:
    done = imported(HEADER + "A,4017072,Apple,x,,,\n")
    assert (done.barcodes_dropped, done.rejected) == (0, {"price_unreadable": 1})


@pytest.mark.parametrize(
    ("code", "reason"),
    [
        ("40170724", "wrong_check_digit"),
        ("4006381333932", "wrong_check_digit"),
        ("4017072", "wrong_length"),  # 40170725 without its check digit; and 04017072 would be right
        ("1236", "wrong_length"),
        ("123456789012345", "wrong_length"),
        ("4O170725", "not_digits"),
        ("٤0170725", "not_digits"),
        ("", "no_sku"),
    ],
)
def test_without_a_sku_a_wrong_barcode_rejects_the_row(code: str, reason: str) -> None:
    assert rejected(f",{code},Gum,1,,,", Columns(gtin="gtin", name="name")) == {reason: 1}


@pytest.mark.parametrize(
    ("given", "gtin"),
    [("48162013513", "00048162013513"), ("000048162013513"[6:], None), ("80042563", "00000080042563")],
)
def test_stripped_zeros_are_given_back_and_said(given: str, gtin: str | None) -> None:
    done = imported(f"{HEADER}A,{given},Wine,1,,,\n")
    assert done.items[0].gtins == ([gtin] if gtin else [])
    assert done.barcodes_restored == (len(given) not in (8, 12, 13, 14) and gtin is not None)
    if done.barcodes_restored:
        assert "restored to 0048162013513" in done.notes[0].text


def test_no_code_under_eight_digits_is_restored() -> None:
    short = [f"{n:07d}" for n in range(1_000_000, 1_000_100)]
    done = imported(HEADER + "".join(f",{code},x,1,,,\n" for code in short))
    assert done.rejected == {"wrong_length": 100}


def test_the_later_of_two_rows_with_one_sku_wins() -> None:
    done = imported(HEADER + "A,,Old,1,,,\nB,,Pear,1,,,\nA,,New,2,,,\n")
    assert [(item.sku, item.name) for item in done.items] == [("B", "Pear"), ("A", "New")]
    assert (done.rows, done.added, done.repeated) == (3, 2, 1)
    assert [(note.line, note.text[:9]) for note in done.notes] == [(2, "repeated:")]


def test_a_rejected_row_does_not_win() -> None:
    done = imported(HEADER + "A,,Old,1,,,\nA,,New,x,,,\n")
    assert (done.items[0].name, done.repeated, done.rejected) == ("Old", 0, {"price_unreadable": 1})


def test_the_later_of_two_skus_with_one_barcode_keeps_it() -> None:
    text = HEADER + "A,40170725,Apple,1,,,\nB,40170725,Pear,1,,,\n"
    done = imported(text)
    assert [item.gtins for item in done.items] == [[], ["00000040170725"]]
    assert (done.barcodes_dropped, done.notes[0].line) == (0, 2)
    assert imported(text, known=done.items).unchanged == 2


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("A,,,1,,,", "name_missing"),
        ("A,, \t ,1,,,", "name_missing"),
        (f"A,,{'x' * 300},1,,,", "name_too_long"),
        ('A,,x,"1,2,3",,,', "price_unreadable"),
        ('A,,x,"1,234.50",,,', "price_unreadable"),
        ("A,,x,€2,,,", "price_unreadable"),
        ("A,,x,-0.01,,,", "price_negative"),
        ("A,,x,999999999999999,,,", "price_too_large"),
        ("A,,x,1,,,bunch", "unit_unknown"),
        (f"A,,x,1,{'x' * 201},,", "category_too_long"),
        (f"A,,x,1,,{'x' * 33},", "tax_too_long"),
        (f"{'x' * 65},,x,1,,,", "sku_unreadable"),
        ("A,,x,1,,", "cells_missing"),
        ("A,,x,1,,,pc,more", "cells_extra"),
        ('A,,"x"y,1,,,', "quote_wrong"),
    ],
)
def test_a_row_that_is_no_item_is_rejected_with_its_reason(row: str, reason: str) -> None:
    assert rejected(row) == {reason: 1}


@pytest.mark.parametrize(
    ("price", "unit", "minor", "per"),
    [
        ("", "", None, 1),
        ("0", "", 0, 1),
        ("30.99", "pc", 3099, 1),
        (".5", "", 50, 1),
        ("0.0625", "", 625, 100),
        ("12.50", "kg", 1250, 1000),
        ("12.50", "G", 1250, 1000),
        ("1.999", "l", 1999, 10_000),
    ],
)
def test_a_price_is_exact_also_below_a_minor_unit(price: str, unit: str, minor: int | None, per: int) -> None:
    item = one(f"A,,x,{price},,,{unit}")
    assert (item.price_minor, item.price_per) == (minor, per)


def test_a_column_that_is_not_mapped_leaves_known_items_as_they_are() -> None:
    before = one("A,40170725,Apple,1.20,fruit,A,kg")
    after = one("A,,other,2.50,,,", Columns(sku="sku", price="price"), [before])
    assert after.price_minor == 250
    assert (after.name, after.gtins, after.category, after.tax) == ("Apple", ["00000040170725"], "fruit", "A")
    assert (after.unit, after.price_per) == (Unit.GRAM, 1000)


def test_an_empty_cell_empties_the_field() -> None:
    after = one("A,,Apple,,,,", known=[one("A,40170725,Apple,1.20,fruit,A,")])
    assert after == Item(Sku("A"), "Apple")


def test_a_price_does_not_survive_a_change_of_unit() -> None:
    after = one("A,,,,,,kg", Columns(sku="sku", unit="unit"), [one("A,,Apple,1.20,,,pc")])
    assert (after.price_minor, after.unit) == (None, Unit.GRAM)


def test_a_new_item_needs_a_name_even_where_none_is_mapped() -> None:
    assert rejected("A,,x,1,,,", Columns(sku="sku", price="price")) == {"name_missing": 1}


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        (" Tapen'figues ", "Tapen'figues"),
        ("&quot;Sojasun&quot; &amp; &#40;2&#x29;", '"Sojasun" & (2)'),
        ("T & Ouml;rtchen &unknown; &copy 2", "T & Ouml;rtchen &unknown; &copy 2"),
        ("a\r\n  b\tc\x07", "a b c"),
        ("a  b", "a  b"),
        ("&#10;&#0;x", "\ufffdx"),
    ],
)
def test_names_are_cleaned(text: str, clean: str) -> None:
    assert clean_text(text) == clean


def test_without_options_headers_called_as_the_fields_are_used() -> None:
    assert default_columns(["name", "sku", "colour"]) == Columns(sku="sku", name="name")


def test_an_unknown_column_is_refused() -> None:
    with pytest.raises(UnknownColumn, match="no column 'EAN'"):
        imported(HEADER, Columns(gtin="EAN"))


BUNDLES = Columns(sku="sku", name="name", deposit="deposit", parts="parts", age="age", discountable="discountable")


def bundled(rows: str, known: Iterable[Item] = ()) -> Import:
    return imported(f"sku,name,deposit,parts,age,discountable\n{rows}\n", BUNDLES, known)


def test_deposits_bundles_ages_and_what_is_never_discounted_are_read() -> None:
    rows = "BOTTLE,Bottle,,,,no\nBEER,Beer,BOTTLE,,16,\nSET,Set,, 2*BEER ;BOTTLE;,16,yes"
    done = bundled(rows)
    assert (done.rejected, done.notes) == ({}, [])
    bottle, beer, whole = done.items
    assert (bottle.discountable, bottle.age, bottle.deposit, bottle.parts) == (False, 0, None, [])
    assert (beer.deposit, beer.age, beer.discountable) == ("BOTTLE", 16, True)
    assert whole.parts == [BundlePart(Sku("BEER"), 2), BundlePart(Sku("BOTTLE"), 1)]
    assert bundled(rows, done.items).unchanged == 3
    (plain,) = bundled("BEER,Beer,,,,", done.items).items
    assert plain == Item(Sku("BEER"), "Beer")


@pytest.mark.parametrize(
    ("cells", "reason"),
    [
        (",0*MUG,,", "part_unreadable"),
        (",9999999*MUG,,", "part_unreadable"),
        (f",{'x' * 65},,", "sku_unreadable"),
        (",A,,", "bundle_wrong"),
        (",B;2*B,,", "bundle_wrong"),
        ("A,,,", "bundle_wrong"),
        ("," + ";".join(f"B{number}" for number in range(21)) + ",,", "too_many_parts"),
        (",,100,", "age_unreadable"),
        (",,old,", "age_unreadable"),
        (",,-1,", "age_unreadable"),
        (",,,perhaps", "discountable_unknown"),
    ],
)
def test_a_bundle_that_cannot_be_is_rejected_with_its_reason(cells: str, reason: str) -> None:
    done = bundled(f"A,x,{cells}")
    assert (done.items, done.rejected) == ([], {reason: 1})


def test_a_deposit_or_a_part_that_is_no_item_is_told() -> None:
    done = bundled("A,x,BOTTLE,,,\nB,x,,2*MUG;A,,", [Item(Sku("MUG"), "Mug")])
    assert [note.text for note in done.notes] == ["its deposit BOTTLE is no item: give BOTTLE a row as well"]
    assert done.notes[0].line == 2
