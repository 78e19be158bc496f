"""Messages for shoppers: every answer in every language, and templates that cannot make a bad one."""

import itertools
import string

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.down_rights import PromiseResolved, Remedy
from contract.errors import Malformed
from contract.messages import (
    BUILT_IN,
    FIELDS,
    RULES,
    check_language,
    check_template,
    language_of,
    message,
    render,
    template,
)
from contract.registry import DOWN
from contract.rights import Answer

GIVEN = {
    "goods": "2 × Green tea",
    "wanted": "3 × Black tea",
    "site": "river-pier",
    "code": "9QXM-5TZ",
    "ready": "Sat 14 Mar 2026, 09:00",
    "until": "Sun 15 Mar 2026, 17:40",
    "amount": "€13.50",
}
ANSWERS = list(itertools.product(Answer, Remedy))


@pytest.mark.parametrize("language", ["en", "de", "fr"])
@pytest.mark.parametrize(("answer", "remedy"), ANSWERS)
def test_every_answer_has_words_that_name_what_the_shopper_needs(language: str, answer: Answer, remedy: Remedy) -> None:
    said = message(answer, remedy, language, GIVEN, {})
    needed = RULES[answer.value].must | (RULES[remedy.value].must if remedy is not Remedy.NONE else set())
    assert all(GIVEN[name] in said for name in needed)
    assert "{" not in said


def test_the_languages_have_words_of_their_own() -> None:
    for name in RULES:
        assert len({BUILT_IN[language][name] for language in ("en", "de", "fr")}) == 3


@pytest.mark.parametrize("language", BUILT_IN)
def test_every_built_in_template_would_be_taken_from_an_operator(language: str) -> None:
    assert set(BUILT_IN[language]) == set(RULES)
    for name, text in BUILT_IN[language].items():
        check_template(name, text)


@pytest.mark.parametrize(
    ("name", "text", "where", "words"),
    [
        ("maybe", "{code}", "name", "no message is called"),
        ("confirmed", "Come with {code}, {Code}", "text", "brace"),
        ("confirmed", "Come with {code}, dear {shopper}", "text", "'shopper'"),
        ("confirmed", "Come with {code}, it costs {amount}", "text", "'amount'"),
        ("confirmed", "Come and get it", "text", "needs {code}"),
        ("elsewhere", "Come with {code}", "text", "needs {site}"),
        ("later", "Come with {code}", "text", "needs {ready}"),
        ("refund", "You get your money back", "text", "needs {amount}"),
        ("confirmed", "<b>{code}</b>", "text", "plain text"),
        ("confirmed", "{code}\nBye", "text", "plain text"),
        ("confirmed", "{code}\x85Bye", "text", "plain text"),
        ("confirmed", "{code}\ud800", "text", "plain text"),
        ("confirmed", "{code} {", "text", "brace"),
        ("confirmed", "{{code}}", "text", "brace"),
        ("confirmed", "{code:>10000}", "text", "plain text"),
        ("confirmed", "{code!r}", "text", "needs {code}"),
        ("confirmed", "{code.__class__}", "text", "needs {code}"),
        ("sorry", "", "text", "empty"),
        ("sorry", "   ", "text", "empty"),
        ("sorry", "x" * 801, "text", "longer than 800"),
        ("sorry", "{wanted}" * 5, "text", "longer than 800"),
        ("voucher", "{amount}" + "x" * 160, "text", "longer than 199"),
    ],
)
def test_a_template_that_could_make_a_bad_message_is_refused(name: str, text: str, where: str, words: str) -> None:
    with pytest.raises(Malformed, match=words) as refused:
        check_template(name, text)
    assert refused.value.where == where


@pytest.mark.parametrize("language", ["EN", "e", "engl", "d3", "", "de\n", "de-AT"])
def test_a_language_is_two_or_three_small_letters(language: str) -> None:
    with pytest.raises(Malformed):
        check_language(language)


def test_codes_of_languages_are_taken() -> None:
    for language in ("en", "gsw"):
        check_language(language)


def test_the_operators_words_come_first_and_an_unknown_language_is_told_in_english() -> None:
    own = {("de", "sorry"): "Leider nein.", ("it", "sorry"): "Purtroppo no.", ("en", "refund"): "{amount}!"}
    assert template("de", "sorry", own) == ("de", "Leider nein.")
    assert template("it", "sorry", own) == ("it", "Purtroppo no.")
    assert template("pt", "sorry", own) == ("en", BUILT_IN["en"]["sorry"])
    assert message(Answer.SORRY, Remedy.NONE, "it", GIVEN, own) == "Purtroppo no."
    with pytest.raises(Malformed, match="no message is called"):
        template("en", "maybe", own)


def test_a_message_is_in_one_language_also_where_only_some_of_its_words_are_known() -> None:
    own = {("it", "sorry"): "Purtroppo no.", ("en", "refund"): "{amount}!"}
    assert language_of(Answer.SORRY, Remedy.NONE, "it", own) == "it"
    assert language_of(Answer.SORRY, Remedy.REFUND, "it", own) == "en"
    said = message(Answer.SORRY, Remedy.REFUND, "it", GIVEN, own)
    assert said == "We are sorry: we cannot get what you wanted (3 × Black tea). €13.50!"


def test_a_field_that_nobody_gave_is_an_error_and_no_gap() -> None:
    with pytest.raises(Malformed, match="nothing is given"):
        render("Come with {code}", {})


def test_what_is_filled_in_cannot_bring_markup_lines_or_fields() -> None:
    said = render("{goods}, {code}", {"goods": "<b>tea</b>\n{code}\x00", "code": "X"})
    assert said == "b tea /b {code}, X"


def test_what_is_too_long_is_cut_and_says_so() -> None:
    said = render("{site}", {"site": "x" * 33})
    assert said == "x" * 31 + "…"


texts = st.text(st.sampled_from(string.ascii_lowercase + " {}<>\n…" + "é"), max_size=60)
pieces = st.lists(st.one_of(texts, st.sampled_from([f"{{{name}}}" for name in FIELDS])), max_size=12).map("".join)
languages = st.sampled_from(["en", "de", "fr", "it"])


@given(st.sampled_from(ANSWERS), pieces, languages, st.dictionaries(st.sampled_from(sorted(FIELDS)), st.text()))
def test_whatever_is_taken_makes_a_message_that_fits_its_fact(
    asked: tuple[Answer, Remedy], text: str, language: str, odd: dict[str, str]
) -> None:
    answer, remedy = asked
    own = {}
    for name in (answer.value, remedy.value):
        try:
            check_template(name, text)
        except Malformed:
            continue
        own[language, name] = text
    said = message(answer, remedy, language, dict.fromkeys(FIELDS, "y" * 400) | odd, own)
    assert not set("<>\n\r\x00") & set(said)
    fact = PromiseResolved("p-1", Answer.SORRY, said)
    assert DOWN.decode(DOWN.name_of(fact), msgspec.json.encode(fact)) == fact
