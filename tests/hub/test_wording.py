"""What a till prints and what the hub writes to a shopper have one voice."""

from datetime import UTC, datetime

import pytest

from contract.messages import BUILT_IN
from contract.values import Currency, Money
from hub.promises import wording
from kiosk.core.slips import LANGUAGES
from kiosk.tools.figures import FIGURES

AT = datetime(2026, 3, 14, 17, 40, tzinfo=UTC)


@pytest.mark.parametrize("language", LANGUAGES)
def test_a_slip_and_an_answer_write_money_and_moments_alike(language: str) -> None:
    for amount, currency in ((113550, "EUR"), (900, "GBP"), (1200, "JPY"), (75, "CHF")):
        assert FIGURES.money(Money(amount), Currency(currency), language) == wording.money(amount, currency, language)
    assert FIGURES.moment(AT, language) == wording.moment(AT, language)


def test_slips_speak_the_languages_that_the_hub_has_words_of_its_own_for() -> None:
    assert set(LANGUAGES) == set(BUILT_IN)


@pytest.mark.parametrize(
    ("language", "day"),
    [
        ("en", "Sat 14 Mar 2026, 17:40"),
        ("de", "Sa., 14. März 2026, 17:40"),
        ("fr", "sam. 14 mars 2026, 17:40"),
        ("es", "sáb, 14 mar 2026, 17:40"),
        ("xx", "Sat 14 Mar 2026, 17:40"),
    ],
)
def test_a_moment_is_written_as_its_language_does(language: str, day: str) -> None:
    assert wording.moment(AT, language, wording.zone_of("UTC")) == day


def test_a_moment_is_by_the_clock_of_the_site() -> None:
    assert wording.moment(AT, "en", wording.zone_of("Pacific/Kiritimati")) == "Sun 15 Mar 2026, 07:40"


@pytest.mark.parametrize("name", ["", "Nowhere/At-All", "../etc/passwd", "x\0"])
def test_a_zone_that_is_none_is_the_machines(name: str) -> None:
    assert wording.zone_of(name) is None
