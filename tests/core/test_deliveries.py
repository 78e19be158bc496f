"""What of a delivery a receipt may name (I8)."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.facts import StockLine
from contract.stock import StockKey
from contract.values import Condition, Quantity, Sku, Unit
from kiosk.core.deliveries import DeliveryError, Difference, Expected, decide_delivery
from kiosk.core.goods import GoodsError

TEA, HAM = StockKey(Sku("tea")), StockKey(Sku("ham"), unit=Unit.GRAM)
RED = StockKey(Sku("tea"), Condition.DAMAGED)
DAY = date(2026, 3, 17)
LIST = [Expected("D-1", TEA, 24, DAY), Expected("D-1", HAM, 500, DAY)]


def line(what, amount):
    return StockLine(what.sku, Quantity(amount, what.unit), what.condition)


@given(st.dictionaries(st.sampled_from([TEA, HAM, RED]), st.tuples(st.integers(1, 9), st.booleans()), min_size=1))
def test_the_number_alone_receives_all_that_is_still_expected_as_advised(goods):
    known = [Expected("D-1", what, n, DAY, n if came else None) for what, (n, came) in goods.items()]
    if all(came for _, came in goods.values()):
        with pytest.raises(DeliveryError, match="all of D-1 was received here already"):
            decide_delivery("D-1", known, [])
    else:
        done = decide_delivery("D-1", known, [])
        assert list(done.lines) == [line(what, n) for what, (n, came) in goods.items() if not came]
        assert (done.known, done.differs) == (True, ())


def test_a_number_that_nobody_knows_needs_goods_and_takes_any():
    with pytest.raises(DeliveryError, match="no delivery D-1 is known here: name what came"):
        decide_delivery("D-1", [], [])
    done = decide_delivery("D-1", [], [line(TEA, 2), line(TEA, 3)])
    assert (done.lines, done.known, done.differs) == ((line(TEA, 5),), False, ())


def test_goods_as_advised_need_nobody_to_be_sure_also_in_parts():
    done = decide_delivery("D-1", LIST, [line(HAM, 500)])
    assert (done.lines, done.known, done.differs) == ((line(HAM, 500),), True, ())


@pytest.mark.parametrize(
    ("came", "said"),
    [
        ([(TEA, 23)], "D-1 differs: tea 23 pc, 24 advised"),
        ([(TEA, 25), (HAM, 500)], "tea 25 pc, 24 advised"),
        ([(HAM, 1), (TEA, 24)], "ham 1 g, 500 advised"),
        ([(RED, 24)], "tea 24 pc, not on it"),
        ([(TEA, 23), (HAM, 499)], "tea 23 pc, 24 advised; ham 499 g, 500 advised"),
    ],
)
def test_what_differs_is_said_and_taken_by_who_is_sure(came, said):
    lines = [line(*one) for one in came]
    with pytest.raises(DeliveryError, match=said):
        decide_delivery("D-1", LIST, lines)
    done = decide_delivery("D-1", LIST, lines, sure=True)
    assert list(done.lines) == lines
    assert said.removeprefix("D-1 differs: ") in "; ".join(map(str, done.differs))
    assert done.differs == tuple(
        Difference(what, n, advised) for what, n in came if (advised := {TEA: 24, HAM: 500}.get(what)) != n
    )


@pytest.mark.parametrize("amount", [24, None])
@pytest.mark.parametrize("sure", [False, True])
def test_a_line_is_received_once_however_sure_somebody_is(amount, sure):
    known = [Expected("D-1", TEA, amount, received=24), LIST[1]]
    with pytest.raises(DeliveryError, match=r"tea of D-1 was received here already.*without its number"):
        decide_delivery("D-1", known, [line(HAM, 500), line(TEA, 24)], sure=sure)
    assert decide_delivery("D-1", known, [line(HAM, 500)], sure=sure).lines == (line(HAM, 500),)


def test_what_was_received_under_a_number_before_anybody_advised_it_leaves_nothing_to_expect():
    with pytest.raises(DeliveryError, match="all of D-1 was received"):
        decide_delivery("D-1", [Expected("D-1", TEA, None, received=24)], [])


def test_goods_beyond_what_a_fact_can_say_are_refused():
    with pytest.raises(GoodsError, match="more than 1000000000"):
        decide_delivery("D-1", [], [line(TEA, 10**9), line(TEA, 1)])
