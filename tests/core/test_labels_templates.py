"""A shop's own barcodes by template, held against the rules that GS1 organisations published and biip knows."""

import re

import pytest
from biip import ParseConfig, ParseError
from biip.checksums import gs1_price_weight_check_digit
from biip.gtin import Gtin
from biip.rcn import Rcn, RcnRegion
from hypothesis import given
from hypothesis import strategies as st

from contract.errors import Malformed
from contract.gtin import check_digit, is_valid
from contract.values import Currency, Quantity, Unit
from kiosk.core.labels.label import Label, LabelKind, Price
from kiosk.core.labels.national import NATIONAL
from kiosk.core.labels.reading import read_label
from kiosk.core.labels.templates import (
    MAX_TEMPLATES,
    is_in_store,
    measure_check_digit,
    parse_template,
    parse_templates,
)

EUR = Currency("EUR")


def barcode(payload: str) -> str:
    return f"{payload}{check_digit(payload)}"


digits = st.text("0123456789", min_size=10, max_size=10)


def test_every_region_that_biip_knows_can_be_named():
    assert set(NATIONAL) == {region.value.upper() for region in RcnRegion}


@given(st.sampled_from(list(RcnRegion)), st.integers(20, 29), digits, st.booleans())
def test_a_country_reads_what_biip_reads_by_its_rules(region, prefix, rest, mended):
    code = barcode(f"{prefix}{rest}")
    templates = parse_templates([region.value.upper()])
    template = next((one for one in templates if one.code.startswith(str(prefix))), None)
    if template is not None and mended and "V" in template.code:
        measure = "".join(digit for place, digit in zip(template.code, code, strict=True) if place in "WPQ")
        place = template.code.index("V")
        code = barcode(f"{code[:place]}{measure_check_digit(measure)}{code[place + 1 : -1]}")
    label = read_label(code, templates)
    try:
        known = Gtin.parse(code, config=ParseConfig(rcn_region=region))
    except ParseError:
        assert label.kind is LabelKind.WRONG_CHECK_DIGIT
        return
    assert isinstance(known, Rcn)
    if template is None:
        assert (label.kind, known.weight, known.price, known.count) == (LabelKind.GTIN, None, None, None)
        return
    assert label.item == known.item_reference
    assert label.gtin == known.without_variable_measure().as_gtin_14()
    assert label.measure == (None if known.weight is None else Quantity(int(known.weight * 1000), Unit.GRAM))
    assert (label.price.to_minor(EUR) if label.price else None) == (
        known.price * 100 if known.price is not None else None
    )
    assert label.count == known.count


def test_check_digits_of_measures_are_those_of_gs1():
    for size in (4, 5):
        for number in range(0, 10**size, 7):
            text = str(number).zfill(size)
            assert measure_check_digit(text) == gs1_price_weight_check_digit(text)
    assert (measure_check_digit("2875"), measure_check_digit("14685")) == (
        9,
        6,
    )  # GS1 General Specifications, 7.9.3, 7.9.4
    with pytest.raises(ValueError, match="4 or 5"):
        measure_check_digit("123")


@pytest.mark.parametrize(
    ("template", "code", "expected"),
    [
        ("21IIIIIPPPPPC", "211234500299", {"item": "12345", "price": Price(299)}),
        ("22IIIIIWWWWWC", "221234500195", {"item": "12345", "measure": Quantity(195, Unit.GRAM)}),
        ("25IIIIIQQQQQC", "251234500012", {"item": "12345", "count": 12}),
        ("24IIIIIIWWWWC *10", "241234560123", {"item": "123456", "measure": Quantity(1230, Unit.GRAM)}),
        ("2XIIIIIPPPPC", "24123450299", {"item": "12345", "price": Price(299)}),
        ("20IIIIIIIIIIC", "201234567890", {"item": "1234567890"}),
        ("2IIIPPPC", "2123299", {"item": "123", "price": Price(299)}),
    ],
)
def test_each_letter_means_what_it_says(template, code, expected):
    label = read_label(barcode(code), parse_templates([template]))
    assert label.kind is LabelKind.IN_STORE
    assert {name: getattr(label, name) for name in expected} == expected
    assert label.names_goods


def test_the_listed_code_is_the_same_for_every_weight_and_price():
    templates = parse_templates(["2XIIIIIVPPPPC"])
    codes = [
        read_label(barcode(f"2{x}12345{measure_check_digit(price)}{price}"), templates)
        for x, price in ((0, "0299"), (7, "1050"))
    ]
    assert {label.gtin for label in codes} == {f"0{barcode('201234500000')}"}
    assert {label.item for label in codes} == {"12345"}


def test_a_scanner_may_send_a_code_of_twelve_digits_with_or_without_its_zero():
    templates = parse_templates(["2IIIIIPPPPPC"])
    code = barcode("21234500299")
    for text in (code, f"0{code}", f"]E00{code}", f"00{code}"):
        assert read_label(text, templates).price == Price(299)
    assert read_label(barcode("2123450029912"), templates) == Label(
        LabelKind.GTIN, barcode("2123450029912"), barcode("2123450029912").zfill(14)
    )


def test_a_measure_that_its_own_check_digit_denies_is_no_goods():
    right = barcode("2012345" + f"{measure_check_digit('0299')}0299")
    wrong = barcode("2012345" + f"{(measure_check_digit('0299') + 1) % 10}0299")
    templates = parse_templates(["20IIIIIVPPPPC"])
    assert read_label(right, templates).price == Price(299)
    label = read_label(wrong, templates)
    assert is_valid(wrong)
    assert (label.kind, label.names_goods) == (LabelKind.WRONG_CHECK_DIGIT, False)
    assert "20IIIIIVPPPPC" in label.why


def test_without_a_template_a_code_of_a_shop_is_an_ordinary_barcode():
    label = read_label(barcode("211234500299"))
    assert (label.kind, label.price) == (LabelKind.GTIN, None)
    assert is_in_store(label.gtin)
    assert not is_in_store(read_label("4006381333931").gtin)
    assert not is_in_store(read_label(barcode("1211234500299")).gtin)


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "write it in digits"),
        ("21iiiiipppppc", "write it in digits"),
        ("21IIIII-PPPPC", "write it in digits"),
        ("21IIIIIPPPPPC *0", "write it in digits"),
        ("21IIIIIPPPC", "11 places"),
        ("31IIIIIPPPPC", "begins with 2, 4"),
        ("21IIIIIPPPPPPC", "14 places"),
        ("40IIIIIPPPPPC", "begins with 02, 04, 2"),
        ("IIIIIIIPPPPPC", "begins with 02, 04, 2"),
        ("1IIIPPPC", "begins with 0, 2"),
        ("21IIIIIPPPPPP", "ends in one C"),
        ("21IIIICPPPPPC", "ends in one C"),
        ("21XXXXXPPPPPC", "which goods"),
        ("21IIPPPPPIIIC", "in one piece"),
        ("21IIIWWWPPPPC", "one measure"),
        ("21IIVPPPPPPXC", "V is one digit"),
        ("21IIIVVPPPPPC", "V is one digit"),
        ("21IIIIIIVIIIC", "in one piece"),
        ("21IIIIIIIIIVC", "V is one digit"),
        ("21IIIIIIIIIIC *10", "needs a measure"),
        ("21IIIIIPPPPPC *10000", "more than 1000"),
    ],
)
def test_what_is_no_template_is_refused_by_its_name(text, why):
    with pytest.raises(Malformed, match=why) as refused:
        parse_template(text)
    assert repr(text) in str(refused.value)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("21IIIIIPPPPPC", "21IIIIIWWWWWC"),
        ("2XIIIIIPPPPPC", "29IIIIIWWWWWC"),
        ("02IIIIIPPPPPC", "2IIIIIPPPPPC"),
        ("2IIIPPPC", "2IIIWWWC"),
    ],
)
def test_templates_that_match_the_same_code_are_refused(one, other):
    with pytest.raises(Malformed, match="both match codes such as") as refused:
        parse_templates([one, other])
    code = str(refused.value).partition("such as ")[2].partition(":")[0]
    for template in (one, other):
        assert read_label(code, parse_templates([template])).kind is LabelKind.IN_STORE


def test_templates_that_a_digit_tells_apart_live_together():
    assert len(parse_templates(["21IIIIIPPPPPC", "22IIIIIPPPPPC", "2IIIPPPC"])) == 3


def test_there_are_not_more_templates_than_can_be_told_apart():
    with pytest.raises(Malformed, match="at most"):
        parse_templates([f"2{n:03}IIIIIIIIC" for n in range(MAX_TEMPLATES + 1)])


def test_the_guide_shows_templates_and_codes_that_are_right(repo_root):
    guide = (repo_root / "docs" / "counter.md").read_text("utf-8").partition("## Barcodes")[2].partition("\n## ")[0]
    assert "reads `2112345002996` as goods `12345` for 2.99" in guide
    label = read_label("2112345002996", parse_templates(["21IIIIIPPPPPC"]))
    assert (label.item, label.price, label.gtin) == ("12345", Price(299), "02112345000008")
    assert "`2112345000008`" in guide
    shown = re.findall(r"`([0-9][0-9IWPQVXC]{6,11}C(?: \*[0-9]+)?)`", guide)
    assert {*NATIONAL["DE"], *NATIONAL["GB"], *NATIONAL["SE"]} <= set(shown)
    assert all(f"`{country}`" in guide for country in NATIONAL)
    assert all(parse_template(template) for template in shown)
    assert len(shown) > 20
