"""A till with 10.03 to pay, and what came of paying it."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from talks import ended
from till_terminal import sample_items

from contract.codec import decode
from contract.sales import SaleRecorded
from contract.shop import ExchangeRate, Person, Role, Shop, TaxRate
from contract.values import Currency, Money
from kiosk.bootstrap import LocalDesk, open_desk
from kiosk.config import Config
from kiosk.core.dialogue import Talk
from kiosk.core.notices import Mood, Notice
from kiosk.core.station import Station
from kiosk.core.timekeeping import ClockMode
from kiosk.people import make_hash
from kiosk.station import open_station

ANNA = Person("anna", "Anna", Role.MANAGER, make_hash("4711"))
USD, CHF = ExchangeRate(Currency("USD"), Money(91), 100), ExchangeRate(Currency("CHF"), Money(105), 100)
VAT = [TaxRate("", 190_000, "VAT 19 %")]
SHOP = Shop(taxes=VAT, cash_step_minor=5, exchange=[USD], staff=[ANNA])


def config(shop: Shop = SHOP) -> Config:
    return Config(clock=ClockMode.SYSTEM, shop=shop)


@pytest.fixture
def station(tmp_path: Path) -> Iterator[Station]:
    """Return a station with 10.03 to pay."""
    desk = open_desk(tmp_path / "data", config())
    desk.catalogue.put(sample_items())
    with open_station(desk) as opened:
        opened.counter.enter("10.03")
        yield opened
    desk.close()


def desk_of(station: Station) -> LocalDesk:
    assert isinstance(station.counter.desk, LocalDesk)
    return station.counter.desk


def sales(station: Station) -> list[SaleRecorded]:
    connection = desk_of(station).journal.connection
    rows = connection.execute("SELECT bytes FROM facts WHERE type LIKE 'sale%' ORDER BY seq").fetchall()
    return [data for (raw,) in rows if isinstance(data := decode(raw).data, SaleRecorded)]


def paid(station: Station) -> list[tuple[str, int, int]]:
    """Return how the newest sale was paid."""
    return [(one.kind.value, one.amount_minor, one.change_minor) for one in sales(station)[-1].payments]


def sold(talk: Talk) -> Notice:
    notice = ended(talk)
    assert notice is not None
    assert notice.mood is Mood.SOLD, notice.text
    return notice


def asks(talk: Talk) -> str:
    assert talk.prompt is not None, talk.notice
    return talk.prompt.text


def refusal(talk: Talk) -> str:
    assert talk.prompt is not None, talk.notice
    return talk.prompt.refused


def options(talk: Talk) -> list[str]:
    assert talk.prompt is not None
    return [one.id for one in talk.prompt.options]


def answered_on(talk: Talk, *answers: str) -> Talk:
    for answer in answers:
        assert talk.prompt is not None, talk.notice
        talk.answer(answer)
    return talk
