"""What the till says in each language: figures as babel has them, sentences as the translators' files have them."""

import subprocess
import sys
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import pytest
from babel.dates import format_date
from babel.messages import pofile
from babel.numbers import format_decimal
from hypothesis import given
from hypothesis import strategies as st

from contract.values import Currency, Money, Quantity, Sku, Unit
from hardware.errors import NoAnswer, Unplugged
from kiosk.core.actions import ACTIONS
from kiosk.core.basket import Line
from kiosk.core.discounts import Discount
from kiosk.core.labels.reading import read_label
from kiosk.core.rows import rows_under
from kiosk.core.words import Amount, recorded, say, say_many
from kiosk.devices.words import NOISE, STATES, why
from kiosk.till.keymap import key_name
from kiosk.till.speech import ENGLISH, Speech
from kiosk.till.translations import LANGUAGES, Translations, load, parse, path_of

EUR, JPY = Currency("EUR"), Currency("JPY")
OTHERS = [language for language in LANGUAGES if language != "en"]
TEXTS = Path(__file__).parents[2] / ".ci" / "texts.py"
MAX_LABEL = 12  # of an action: so many fit beside its key


@pytest.mark.parametrize("language", OTHERS)
@given(minor=st.integers(-(10**9), 10**9))
def test_money_is_written_as_babel_writes_it(language, minor):
    expected = format_decimal(Decimal(minor) / 100, "#,##0.00", locale=language)
    if language == "es" and abs(minor) < 10**6:  # CLDR groups Spanish figures from five digits on; babel does not know
        expected = expected.replace(".", "")
    assert Speech(language).money(Amount(Money(minor), EUR)) == expected
    whole = Speech(language).money(Amount(Money(minor), JPY))
    assert whole.replace("\u202f", "").replace(".", "") == str(minor)


@pytest.mark.parametrize("language", OTHERS)
@given(minor=st.integers(-(10**9), 10**9))
def test_what_is_written_can_be_read_back(language, minor):
    text = Speech(language).money(Amount(Money(minor), EUR))
    plain = text.replace("\u202f", "") if language == "fr" else text.replace(".", "")
    assert Decimal(plain.replace(",", ".")) == Decimal(minor) / 100


@pytest.mark.parametrize(
    ("language", "text"),
    [("en", "0.250 kg"), ("de", "0,250 kg"), ("es", "0,250 kg"), ("fr", "0,250 kg")],
)
def test_quantities(language, text):
    assert Speech(language).show(Quantity(250, Unit.GRAM)) == text
    assert Speech(language).show(Quantity(3, Unit.PIECE)) == "3"
    assert Speech(language).show(Amount(Money(450), EUR, named=True)) == f"{4.5:.2f} EUR".replace(
        ".", "." if language == "en" else ","
    )


@pytest.mark.parametrize("language", OTHERS)
def test_days_are_in_the_order_and_with_the_signs_of_the_language(language):
    at = datetime(2026, 3, 9, 14, 5, tzinfo=UTC).astimezone()
    day, clock = Speech(language).show(at).split(" ")
    assert clock == f"{at:%H:%M}"
    signs = {sign for sign in format_date(at.date(), "short", locale=language) if not sign.isdigit()}
    assert {sign for sign in day if not sign.isdigit()} == signs
    assert [int(part) for part in day.replace("/", ".").split(".")] == [at.day, at.month, at.year]


def test_english_is_as_the_rules_write_it():
    at = datetime(2026, 3, 9, 14, 5, tzinfo=UTC)
    text = say("{a} at {at}, {w}", a=Amount(Money(123456), EUR), at=at, w=Quantity(1250, Unit.GRAM))
    assert ENGLISH.say(text) == str(text)


@pytest.fixture
def german():
    forms = {
        "{n} line, {total}": ("{n} Zeile, {total}", "{n} Zeilen, {total}"),
        "paid {what}": ("bezahlt: {what}",),
        "empty": ("",),
        "half": ("halb", ""),
    }
    return Speech("de", Translations(forms))


@pytest.mark.parametrize(("n", "expected"), [(0, "0 Zeilen, 4,50"), (1, "1 Zeile, 4,50"), (2, "2 Zeilen, 4,50")])
def test_a_sentence_is_said_with_the_languages_own_figures_and_plurals(german, n, expected):
    total = Amount(Money(450), EUR)
    text = say_many("{n} line, {total}", "{n} lines, {total}", n, total=total)
    assert german.say(text) == expected
    assert german.say(say("paid {what}", what=text)) == f"bezahlt: {expected}"


def test_french_says_none_in_the_singular():
    french = Speech("fr", Translations({"{n} line": ("{n} ligne", "{n} lignes")}, load("fr").plural))
    said = [french.say(say_many("{n} line", "{n} lines", n)) for n in (0, 1, 2)]
    assert said == ["0 ligne", "1 ligne", "2 lignes"]


@pytest.mark.parametrize(("reason", "said"), [("damaged", "beschädigt"), ("für {Tante} Anna", "für {Tante} Anna")])
def test_a_reason_from_the_books_is_said_in_the_counters_language(reason, said):
    german = Speech("de", load("de"))
    assert recorded(reason) == reason
    assert german.say(say("Discount: {reason}", reason=recorded(reason))) == f"Rabatt: {said}"


def test_the_day_in_a_reason_is_written_as_the_counter_does():
    german = Speech("de", load("de"))
    assert german.say(recorded("expired on 2026-11-01")) == "abgelaufen am 01.11.2026"
    assert german.say(recorded("expired on a monday")) == "expired on a monday"
    assert german.say(say("− {percent}%", percent=Decimal("2.5"))) == "− 2,5 %"


@pytest.mark.parametrize(
    ("language", "key", "cap"),
    [("de", "ctrl+d", "Strg+D"), ("de", "delete", "Entf"), ("fr", "escape", "Échap"), ("es", "f9", "F9")],
)
def test_a_key_is_called_as_its_cap_has_it_in_the_counters_country(language, key, cap):
    assert Speech.of(language).say(key_name(key)) == cap


def test_what_is_not_translated_is_said_in_english(german):
    assert german.say(say("nobody translated this")) == "nobody translated this"
    assert german.say(say("empty")) == "empty"
    assert [german.say(say_many("half", "halves", n)) for n in (1, 2)] == ["halb", "halves"]
    assert german.say("a name {as it is}") == "a name {as it is}"


def test_a_file_of_translators_is_read():
    text = (
        '# note\nmsgid ""\nmsgstr ""\n"Language: de\\n"\n\nmsgid "a \\"b\\" \\\\ c"\nmsgstr ""\n"x "\n"y\\n"\n\n'
        '#, fuzzy\nmsgid "old"\nmsgstr "alt"\n\nmsgid "{n} a"\nmsgid_plural "{n} b"\nmsgstr[0] "1"\nmsgstr[1] "2"\n\n'
        'msgid "none"\nmsgstr ""\n'
    )
    assert parse(text) == {'a "b" \\ c': ("x y\n",), "{n} a": ("1", "2")}


@pytest.mark.parametrize("language", OTHERS)
def test_our_files_are_read_as_babel_reads_them(language):
    with path_of(language).open("rb") as file:
        catalogue = pofile.read_po(file, locale=language, abort_invalid=True)
    expected = {
        one.id if isinstance(one.id, str) else one.id[0]: (one.string,) if isinstance(one.string, str) else one.string
        for one in catalogue
        if one.id
    }
    ours = load(language)
    assert ours.forms == {one: tuple(forms) for one, forms in expected.items() if any(forms)}
    expression = catalogue.plural_expr.replace("(", "").replace(")", "")
    assert expression == ("n > 1" if ours.plural(0) == 0 else "n != 1")


@pytest.mark.parametrize("language", LANGUAGES)
def test_labels_of_actions_fit_beside_their_keys(language):
    speech = Speech.of(language)
    long = [label for one in ACTIONS if len(label := speech.say(one.label)) > MAX_LABEL]
    assert not long


def texts(root, *args):
    done = subprocess.run([sys.executable, TEXTS, "--root", root, *args], capture_output=True, text=True, check=False)
    return done.returncode, done.stdout + done.stderr


def test_everything_that_is_said_is_said_in_every_language():
    status, said = texts(TEXTS.parents[1], "--check")
    assert status == 0, said
    assert int(said.split()[1].rstrip(",")) > 500


@pytest.mark.parametrize("language", OTHERS)
def test_what_devices_say_is_said_in_every_language(language):
    speech = Speech.of(language)
    for text in (*NOISE.values(), *STATES.values(), why(NoAnswer()), why(Unplugged())):
        assert speech.say(text) != text


@pytest.fixture
def little(tmp_path):
    (tmp_path / "kiosk").mkdir()
    (tmp_path / "kiosk" / "a.py").write_text('x = say("one {a}", a=1), say_many("{n} b", "{n} bs", 2)\n')
    return tmp_path


def test_the_tool_collects_keeps_and_drops(little):
    po = little / "kiosk/till/locale/de/LC_MESSAGES/till.po"
    assert texts(little)[0] == 0
    assert po.read_text().count('msgstr ""') == 2  # the head's, and one
    assert po.read_text().count('msgstr[1] ""') == 1
    po.write_text(po.read_text().replace('msgid "one {a}"\nmsgstr ""', 'msgid "one {a}"\nmsgstr "eins {a}"'))
    (little / "kiosk" / "a.py").write_text('x = say("one {a}", a=1), say("two")\n')
    assert texts(little)[0] == 0
    assert parse(po.read_text()) == {"one {a}": ("eins {a}",)}
    assert "{n} b" not in po.read_text()


@pytest.mark.parametrize(
    ("code", "fault"),
    [
        ("say(text)", "a template is a literal"),
        ('say(f"a {b}")', "a template is a literal"),
        ('say("a {b}", c=1)', "says ['b'], and is given ['c']"),
        ('say_many("{n} a", "{n} as {b}", 2, c=1)', "says ['b', 'n'], and is given ['c', 'n']"),
    ],
)
def test_the_tool_refuses_what_nobody_can_translate(little, code, fault):
    (little / "kiosk" / "a.py").write_text(f"x = {code}\n")
    status, said = texts(little)
    assert (status, fault in said) == (1, True), said


def test_the_tool_says_what_is_missing_stale_or_says_other_fields(little):
    assert texts(little)[0] == 0
    for language in OTHERS:
        po = little / f"kiosk/till/locale/{language}/LC_MESSAGES/till.po"
        po.write_text('msgid "one {a}"\nmsgstr "eins {b}"\n\nmsgid "gone"\nmsgstr "weg"\n')
    status, said = texts(little, "--check")
    assert status == 1
    for fault in ("not translated: '{n} b'", "no longer said: 'gone'", "other fields than 'one {a}': 'eins {b}'"):
        assert said.count(fault) == len(OTHERS), said


def test_why_a_line_costs_less_is_said_in_the_counters_language():
    line = Line(Sku("TEA"), "Tea", Quantity(1), Money(450), 1, discount=Discount(ppm=100_000, reason="damaged"))
    (row,) = rows_under(line, EUR)
    assert Speech("de", load("de")).say(row.text).split() == ["−", "10", "%:", "beschädigt"]


def test_what_is_wrong_with_a_label_is_said_in_the_language_of_the_counter():
    label = read_label("(01)09520123456788(3103)00033")
    assert Speech.of("de").say(label.why) == "(3103) hat 5 Zeichen, nicht 6"
    assert Speech.of("fr").say(label.why) == "(3103) a 5 caractères, et non 6"
