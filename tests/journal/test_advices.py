"""What the hub told of deliveries, in the till's file: each line is received once, whatever is said again (I8)."""

from datetime import date

import pytest
from facts_of_a_day import AT
from rights_facts import down

from contract.codec import decode
from contract.down_rights import DeliveryAdvised
from contract.facts import Origin, StockLine, StockReceived
from contract.stock import Account, StockKey
from contract.values import Epoch, Quantity, Sku, Unit
from kiosk.core.deliveries import Expected
from kiosk.journal import advices
from kiosk.journal.errors import ReceivedAlready
from kiosk.journal.own_log import OwnLog
from kiosk.journal.schema import TILL
from kiosk.journal.stock import account_of

TEA, HAM = StockKey(Sku("tea")), StockKey(Sku("ham"), unit=Unit.GRAM)
DAY = date(2026, 3, 17)


def lines(*goods):
    return [StockLine(what.sku, Quantity(amount, what.unit)) for what, amount in goods]


def came(*goods, advice="D-1", origin=Origin.TILL):
    return StockReceived(lines(*goods), AT, advice, origin)


def tell(journal, *told, generation=1):
    own = OwnLog(journal)
    for position, data in enumerate(told, 1):
        raw = down(data, position, address=journal.address, generation=generation)
        assert own.apply(generation, position, raw, AT)


def test_what_is_on_its_way_is_listed_and_what_is_said_later_counts(journal):
    tell(
        journal,
        DeliveryAdvised("D-2", lines((HAM, 500))),
        DeliveryAdvised("D-1", lines((TEA, 24), (HAM, 5)), DAY),
        DeliveryAdvised("D-1", lines((TEA, 25))),
    )
    found = advices.read(journal.connection)
    assert found == [
        Expected("D-1", HAM, 5, DAY),
        Expected("D-1", TEA, 25),
        Expected("D-2", HAM, 500),
    ]
    assert advices.read(journal.connection, "D-2") == found[2:]
    assert advices.read(journal.connection, "D-3") == []


def test_what_is_received_is_expected_no_longer_and_comes_no_second_time(journal):
    tell(journal, DeliveryAdvised("D-1", lines((TEA, 24), (HAM, 5)), DAY))
    journal.record([came((TEA, 20), (TEA, 3))])
    assert advices.read(journal.connection) == [Expected("D-1", HAM, 5, DAY), Expected("D-1", TEA, 24, DAY, 23)]
    with pytest.raises(ReceivedAlready, match=r"tea of D-1 was received here already.*without its number"):
        journal.record([came((HAM, 5), (TEA, 1))])
    assert account_of(journal, HAM) == Account(), "nothing of a refused receipt is booked"
    journal.record([came((HAM, 5)), came((TEA, 1), advice="D-2"), came((TEA, 1), advice=""), came((TEA, 1), advice="")])
    assert account_of(journal, TEA) == Account(received=26)


def test_what_was_received_stays_so_when_the_hub_tells_of_it_late_or_again(journal):
    journal.record([came((TEA, 24))])
    assert advices.read(journal.connection) == [Expected("D-1", TEA, None, received=24)]
    for generation in (1, 2):
        tell(journal, DeliveryAdvised("D-1", lines((TEA, 20)), DAY), generation=generation)
        assert advices.read(journal.connection) == [Expected("D-1", TEA, 20, DAY, 24)]
    with pytest.raises(ReceivedAlready):
        journal.record([came((TEA, 20))])


def test_a_new_life_of_the_same_card_knows_what_it_received(journal):
    tell(journal, DeliveryAdvised("D-1", lines((TEA, 24), (HAM, 5))))
    journal.record([came((TEA, 24))])
    journal.raise_epoch(Epoch(1))
    assert [one.is_open for one in advices.read(journal.connection)] == [True, False]
    with pytest.raises(ReceivedAlready):
        journal.record([came((TEA, 24))])


def test_history_that_is_replayed_is_no_delivery(journal):
    journal.record([came((TEA, 24), origin=Origin.REPLAY), came((TEA, 24), origin=Origin.REPLAY)])
    assert advices.read(journal.connection) == []


def test_a_file_of_the_release_before_knows_what_was_received_under_a_number(open_journal):
    journal = open_journal()
    history = came((TEA, 1), advice="R-1", origin=Origin.REPLAY)
    journal.record([came((TEA, 24), (HAM, 5)), came((HAM, 1), advice=""), history])
    again = StockReceived(lines((TEA, 24)), AT, "D-2")
    journal.record([again])
    journal.raise_epoch(Epoch(1))
    journal.connection.execute("DROP TABLE advices")
    journal.connection.execute("DELETE FROM _sqlite_migrations WHERE name LIKE '%_advices_table'")
    journal.connection.execute(f"PRAGMA user_version={TILL.index(advices.advices_table)}")
    journal.close()
    later = open_journal()
    assert advices.read(later.connection) == [
        Expected("D-1", HAM, None, received=5),
        Expected("D-1", TEA, None, received=24),
        Expected("D-2", TEA, None, received=24),
    ]
    said = [decode(raw).data for _, raw in later.stored(Epoch(1))]
    assert [one.advice for one in said if isinstance(one, StockReceived)] == ["D-1", "", "R-1", "D-2"]
