"""What a scanned label means: one answer for every text, and none that sells by a wrong check digit."""

import time
from datetime import date, timedelta

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from contract.codes import CODES, make_code
from contract.errors import Malformed
from contract.gtin import GTIN_LENGTHS, check_digit
from contract.values import Currency, Quantity, Unit
from kiosk.core.labels.checks import passes, read_day
from kiosk.core.labels.elements import FNC1, MAX_ELEMENTS, Element, LabelError, check_together, render
from kiosk.core.labels.identifiers import every
from kiosk.core.labels.label import Label, LabelKind, Price, is_expired
from kiosk.core.labels.link import read_link
from kiosk.core.labels.meaning import MAX_PRICE_DIGITS
from kiosk.core.labels.reading import MAX_LABEL, read_label
from kiosk.core.labels.templates import parse_templates

EUR, CHF, JPY = Currency("EUR"), Currency("CHF"), Currency("JPY")
GTIN = "09520123456788"
TEMPLATES = parse_templates(["21IIIIIPPPPPC", "22IIIIIWWWWWC", "02IIIIIVPPPPC"])
NO_GOODS = {LabelKind.WRONG_CHECK_DIGIT, LabelKind.FAULTY, LabelKind.OTHER}

barcodes = st.sampled_from(GTIN_LENGTHS).flatmap(
    lambda size: st.text("0123456789", min_size=size - 1, max_size=size - 1).map(lambda s: s + str(check_digit(s)))
)
ais = st.sampled_from([one.ai for one in every()])
scraps = st.one_of(
    ais,
    ais.map(lambda ai: f"({ai})"),
    st.sampled_from(
        [FNC1, "]C1", "]E0", "]E4", "]Q1", "|]e0", "https://a/", "/", "?", "&", "=", "%00", "%2", "(", "\\("]
    ),
    st.text("0123456789", max_size=20),
    st.text(max_size=5),
    barcodes,
)


@given(st.lists(scraps, max_size=12).map("".join))
@example("\u0663" * 13)
@example("]E0\u0663" + "1" * 12)
@example("http://[")
@example("\ud800" + "1" * 20)
@example("^^")
@example("(01)\u0663")
@example("9" * MAX_LABEL)
@example("]C1" + "1" * MAX_LABEL)
def test_no_text_raises_and_what_is_no_goods_names_none(text):
    label = read_label(text, TEMPLATES)
    assert not (label.kind in NO_GOODS and label.names_goods)
    assert label.why or label.kind not in NO_GOODS - {LabelKind.OTHER}
    assert read_label(text, TEMPLATES) == label


@given(barcodes)
def test_a_barcode_is_its_gtin_with_or_without_a_symbology_identifier(code):
    label = read_label(code)
    assert (label.kind, label.gtin) == (LabelKind.GTIN, code.zfill(14))
    if len(code) == 13:
        assert read_label(f"]E0{code}\r\n") == label
    assert read_label(f"]C0{code}") == label
    assert read_label(f"]d2010{code.zfill(13)}" if len(code) < 14 else f"]d201{code}").gtin == label.gtin


@given(barcodes, st.integers(0, 13), st.integers(1, 9))
def test_one_wrong_digit_is_its_own_answer_and_never_goods(code, place, step):
    place %= len(code)
    wrong = code[:place] + str((int(code[place]) + step) % 10) + code[place + 1 :]
    for text in (wrong, f"]E0{wrong}", f"(01){wrong.zfill(14)}", f"]C101{wrong.zfill(14)}", f"01{wrong.zfill(14)}10A"):
        label = read_label(text, TEMPLATES)
        announced = not text.startswith("]E0") or len(wrong) == 13
        assert label.kind is (LabelKind.WRONG_CHECK_DIGIT if announced else LabelKind.FAULTY)
        assert not label.names_goods


def test_zeros_that_were_stripped_are_restored():
    assert read_label("48162013513").gtin == "00048162013513"


SAME = [
    pytest.param(f"]C101{GTIN}310300019539220299{FNC1}17271200{FNC1}10A7", LabelKind.ELEMENTS, id="announced"),
    pytest.param(f"{FNC1}01{GTIN}310300019539220299{FNC1}1727120010A7", LabelKind.ELEMENTS, id="separators"),
    pytest.param(f"^01{GTIN}310300019539220299^1727120010A7", LabelKind.ELEMENTS, id="keyboard"),
    pytest.param(f"01{GTIN}310300019517271200392202991", LabelKind.ELEMENTS, id="digits alone"),
    pytest.param(f"(01){GTIN} (3103)000195 (3922)0299 (17)271200 (10)A7", LabelKind.ELEMENTS, id="typed"),
    pytest.param("https://a.example/01/9520123456788/10/A7?3103=000195&3922=0299&17=271200", LabelKind.LINK, id="link"),
]


@pytest.mark.parametrize(("text", "kind"), SAME)
def test_goods_weight_price_day_and_batch_are_read_however_they_are_written(text, kind):
    label = read_label(text)
    assert (label.kind, label.gtin, label.measure) == (kind, GTIN, Quantity(195, Unit.GRAM))
    assert label.use_by == label.expires_on == date(2027, 12, 31)
    if "A7" in text:
        assert label.price is not None
        assert (label.batch, label.price.to_minor(EUR)) == ("A7", 299)


@pytest.mark.parametrize(
    ("typed", "expected"),
    [
        ("(3105)000195", Quantity(2, Unit.GRAM)),
        ("(3100)000002", Quantity(2000, Unit.GRAM)),
        ("(3201)000010", Quantity(454, Unit.GRAM)),
        ("(3152)000050", Quantity(500, Unit.MILLILITRE)),
        ("(3112)000150", Quantity(1500, Unit.MILLIMETRE)),
        ("(3201)000010(3103)000455", Quantity(455, Unit.GRAM)),
        ("(3302)000150", None),
    ],
)
def test_measures_are_in_the_units_that_stock_counts(typed, expected):
    assert read_label(f"(01){GTIN}{typed}").measure == expected


def test_prices_know_their_decimals_and_their_currency():
    def price(typed: str) -> Price:
        found = read_label(f"(01){GTIN}(3103)000195{typed}").price
        assert found is not None
        return found

    assert price("(3922)1").to_minor(EUR) == 1
    assert price("(3921)15").to_minor(EUR) == 150
    assert price("(3932)9781099") == Price(1099, 2, EUR)
    assert price("(3930)392500").to_minor(JPY) == 500
    with pytest.raises(Malformed, match="in EUR, not in CHF"):
        price("(3932)9781099").to_minor(CHF)
    with pytest.raises(Malformed, match="finer"):
        price("(3923)1095").to_minor(EUR)
    assert Price(1099).to_minor(JPY) == 1099


def test_a_price_that_swallowed_the_next_value_is_refused():
    label = read_label(f"]C101{GTIN}310300019539220299" + "17271200")
    assert label.kind is LabelKind.FAULTY
    assert "separator" in label.why
    assert read_label(f"(01){GTIN}(3103)000195(3922){'9' * MAX_PRICE_DIGITS}").price is not None


def test_counts_cartons_and_serials():
    label = read_label(f"(01){GTIN}(30)12(21)S/9")
    assert (label.count, label.serial, label.contains) == (12, "S/9", None)
    pallet = read_label(f"(00)123456789012345675(02){GTIN}(37)24(10)B")
    assert (pallet.gtin, pallet.contains, pallet.count, pallet.names_goods) == (None, GTIN, 24, False)


@pytest.mark.parametrize(
    ("typed", "last"),
    [
        ("(15)270228", date(2027, 2, 28)),
        ("(15)280200", date(2028, 2, 29)),
        ("(15)270228(16)270201", date(2027, 2, 1)),
        ("(17)270228(7003)2702151200", date(2027, 2, 15)),
        ("(11)270228", None),
        ("152702281627020117270115", date(2027, 1, 15)),
    ],
)
def test_goods_are_good_until_the_end_of_their_earliest_day(typed, last):
    label = read_label(f"(01){GTIN}{typed}" if typed.startswith("(") else f"]C101{GTIN}{typed}")
    assert label.expires_on == last
    if last is not None:
        assert not is_expired(label, last)
        assert is_expired(label, date.fromordinal(last.toordinal() + 1))
    assert not is_expired(read_label(GTIN), date(2099, 1, 1))


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("]E0123456789012", "13 digits"),
        ("]E4402345673", "8 digits"),
        ("]E0952012345678A", "13 digits"),
        ("]C1", "no AI and value"),
        (f"]C101{GTIN}1099^", "character"),
        (f"]C1{GTIN}", "no AI of GS1"),
        (f"]C101{GTIN[:9]}", "too short"),
        ("]C1(01)", "no AI of GS1"),
        (f"]e001{GTIN}17271301", "may not say .271301."),
        (f"]C101{GTIN}2421234567", r"\(242\) is too long"),
        (f"{FNC1}10A7", "needs"),
        (f"(01){GTIN}(04)1", "no AI of GS1"),
        (f"(01){GTIN}(10)", r"no \(AI\) and value"),
        (f"(01){GTIN}(17)2712", "4 characters"),
        ("(7007)27010127010", "too short"),
        ("(253)1234567890128\u00e9", "character"),
        (f"(01){GTIN}(10)A(10)B", "twice"),
        (f"(01){GTIN}(3103)000195(3102)000019", "may not stand beside"),
        (f"(02){GTIN}", r"needs \(37\)"),
        (f"(01){GTIN}(7004)1", r"needs \(01\+10\)"),
        ("(8003)01234567890128(8030)ABC123", "serial part"),
        ("(91)A" * (MAX_ELEMENTS + 1), "more than"),
        (f"https://a/01/{GTIN}/21/A/10/B", "no path of a link"),
        (f"https://a/01/{GTIN}?21=A", "may not stand in the query"),
        (f"https://a/01/{GTIN}?98=A&98=A", "twice"),
        (f"https://a/01/{GTIN}?01={GTIN}", "twice"),
        (f"https://a/01/{GTIN}/21/A?10=B", "belongs in the path"),
        (f"https://a/01/{GTIN}?89=B", "no AI of GS1"),
        (f"https://a/01/{GTIN}?98=%00", "character"),
        (f"https://a/01/{GTIN}?98=A+B", "character"),
        (f"https://a/01/{GTIN}/10/A/10/A", "no path of a link"),
        (f"https://a/01/{GTIN}|", "no web address"),
        (f"https://a/01/{GTIN}?" + "&".join(["98=A"] * MAX_ELEMENTS), "more than"),
        ("]E02112345678900|]e0", "no AI and value"),
        ("]E02112345678900|]e02551234567890128", "may not stand beside"),
        ("]E02112345678900|]e002123", "too short"),
    ],
)
def test_what_breaks_a_rule_of_gs1_is_refused_whole_and_says_why(text, why):
    label = read_label(text)
    assert label.kind is LabelKind.FAULTY
    assert label == Label(LabelKind.FAULTY, label.text, why=label.why)
    with pytest.raises(LabelError, match=why):
        raise LabelError(label.why)


NOTHING = """
] ]X ]XX ]Q1TESTING TEA 12 1234567 (1)12345
HtTps://a/01/09520123456788 https://example.com/sale https://a/sale/today https://a/ https://$/01/1 https://a/10/A
3176132692147310000453 1001234567890123 9112345678901234 0209520123456788 01ABCDEFGHIJKLMNOP
"""


@pytest.mark.parametrize("text", ["", " ", "x" * (MAX_LABEL + 1), "20mm bolt", "(3 pack) tea", *NOTHING.split()])
def test_what_says_nothing_of_itself_is_left_to_whoever_looks_for_a_sku(text):
    label = read_label(text)
    assert label.kind is LabelKind.OTHER
    assert label.text == text.strip().removeprefix("]Q1")


def test_a_composite_symbol_adds_to_the_barcode_below_it():
    label = read_label(f"]E02112345678900|]e010LOT{FNC1}17271231", TEMPLATES)
    assert (label.kind, label.item, label.batch) == (LabelKind.IN_STORE, "12345", "LOT")
    assert label.price == Price(67890)
    assert label.expires_on == date(2027, 12, 31)
    wrong = read_label("]E02112345678901|]e010LOT")
    assert wrong.kind is LabelKind.WRONG_CHECK_DIGIT


def test_a_sscc_alone_is_understood_and_sells_nothing():
    label = read_label("00123456789012345675")
    assert (label.kind, label.names_goods) == (LabelKind.ELEMENTS, False)
    assert label.elements == (Element("00", "123456789012345675"),)


@given(st.integers(0, CODES - 1))
def test_a_reservation_code_is_known_by_its_check_character(number):
    code = make_code(number)
    label = read_label(code)
    assert (label.kind, label.code) == (LabelKind.RESERVATION, code)
    other = "3" if code[0] == "2" else "2"
    assert read_label(other + code[1:]).kind is LabelKind.OTHER


@pytest.mark.parametrize("text", ["k1-1-12", "]Q1stall-7-3-44"])
def test_a_receipt_is_known_by_its_number(text):
    label = read_label(text)
    assert (label.kind, label.receipt) == (LabelKind.RECEIPT, text.removeprefix("]Q1"))
    assert read_label("k1-0-12").kind is LabelKind.OTHER


def test_a_link_need_not_begin_at_the_root_and_stops_at_the_last_key():
    assert read_link(f"https://a/01/faux/x/01/{GTIN}/10/A#x") == (Element("01", GTIN), Element("10", "A"))
    with pytest.raises(LabelError, match="no GS1 key"):
        read_link("https://a/10/A")


def test_unknown_identifiers_are_written_with_separators_and_need_nothing():
    unknown = [Element("89", "A"), Element("89", "A")]
    assert render(unknown) == "^89A^89A"
    check_together(unknown)


LABELS = [
    "4006381333931",
    "2112345678900",
    f"]C101{GTIN}310300019539220299{FNC1}17271200{FNC1}10A7",
    f"(01){GTIN}(3103)000195(3922)0299(17)271200(10)A7(21)S",
    "https://a.example/01/9520123456788/10/A7/21/S?3103=000195&3922=0299&17=271200",
    "7K2M-9XPA",
    "TEA",
]


def test_a_label_is_read_in_a_tenth_of_what_scan_to_line_may_take():
    """Bound: 5 ms of this thread's own time for 99 of 100, whatever else the machine does; 0.35 ms were measured."""
    took = []
    for _ in range(300):
        for text in LABELS:
            began = time.thread_time()
            read_label(text, TEMPLATES)
            took.append(time.thread_time() - began)
    assert sorted(took)[len(took) * 99 // 100] < 0.005


@pytest.mark.parametrize(
    ("typed", "sound"),
    [
        ("(8006)095201234567880203", True),
        ("(8006)095201234567880302", False),
        ("(00)123456789012345675(4309)02790858483015297971", True),
        ("(00)123456789012345675(4309)18000000013015297971", False),
        ("(8018)123456789012345675(7250)20270228", True),
        ("(8018)123456789012345675(7250)20270230", False),
        ("(8018)123456789012345675(7259)A(7258)1/3", True),
        ("(8018)123456789012345675(7259)A(7258)3/1", False),
        ("(8018)123456789012345675(7259)A(7258)1-3", False),
        (f"(01){GTIN}(7006)270200", False),
        (f"(01){GTIN}(17)2702AB", False),
    ],
)
def test_values_that_a_till_has_no_use_for_make_or_break_a_label_too(typed, sound):
    assert (read_label(typed).kind is LabelKind.ELEMENTS) is sound


@pytest.mark.parametrize(
    ("name", "right", "wrong"),
    [
        ("csum", "12345678901231", "A2345678901231"),
        ("yymmdd", "280229", "x80229"),
        ("yymmd0", "280200", "281300"),
        ("yyyymmdd", "20280229", "2028022"),
        ("hhmi", "2359", "2400"),
        ("iso4217", "978", "000"),
        ("pieceoftotal", "0203", "002"),
        ("latitude", "0000000000", "000000000"),
        ("iban", "DE89370400440532013000", "DE88370400440532013000"),
        ("iban", "GB82WEST12345698765432", "QQ82WEST12345698765432"),
        ("iso3166", "276", "280"),
        ("iso3166999", "999", "998"),
        ("iso3166alpha2", "DE", "EU"),
        ("csumalpha", "1987654Ad4X4bL5ttr2310c2K", "1987654Ad4X4bL5ttr2310c2X"),
        ("csumalpha", "22", "2"),
        ("packagetype", "anything", None),
    ],
)
def test_checks_by_name(name, right, wrong):
    assert passes(name, right)
    assert wrong is None or not passes(name, wrong)


@given(st.integers(0, 99), st.integers(1, 12))
def test_day_nought_is_the_last_of_its_month(year, month):
    last = read_day(f"{year:02}{month:02}00", whole_month=True)
    assert last is not None
    assert (last.year, last.month, (last + timedelta(1)).day) == (2000 + year, month, 1)
