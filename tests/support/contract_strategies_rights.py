"""Hypothesis strategies for goods, rights, reservations and promises: every published struct of those rooms."""

from typing import Any

from contract_strategies_values import (
    MAX_PARTS,
    baskets,
    codes,
    conditions,
    currencies,
    epochs,
    incarnations,
    instants,
    kiosks,
    languages,
    positions,
    prices,
    quantities,
    several,
    sites,
    skus,
    stock_lines,
    texts,
    tokens,
    totals,
    units,
)
from hypothesis import strategies as st

from contract import down_rights, goods, rights
from contract.facts import StockLine
from contract.registry import Data
from contract.requests import Request
from contract.rights import Answer
from contract.values import MAX_AMOUNT, MAX_MINOR, Money, Quantity


def _key(line: StockLine | goods.GoneLine) -> object:
    return line.sku, line.condition, line.quantity.unit


@st.composite
def _gone_lines(draw: st.DrawFn) -> goods.GoneLine:
    quantity = draw(quantities)
    return goods.GoneLine(draw(skus), quantity, draw(conditions), draw(st.integers(0, quantity.amount)))


_gone = _gone_lines()
lines = st.lists(stock_lines, min_size=1, max_size=MAX_PARTS, unique_by=_key)
_any_lines = st.lists(stock_lines, max_size=MAX_PARTS, unique_by=_key)
_gone_once = st.lists(_gone, min_size=1, max_size=MAX_PARTS, unique_by=_key)
_shelf = st.lists(
    st.builds(goods.ShelfLine, skus, st.builds(Quantity, st.integers(0, MAX_AMOUNT), units), conditions),
    min_size=1,
    max_size=MAX_PARTS,
    unique_by=lambda line: (line.sku, line.condition, line.counted.unit),
)
_others = st.lists(
    st.builds(goods.TillPosition, kiosks, epochs, positions), max_size=MAX_PARTS, unique_by=lambda till: till.kiosk
)
_words = codes.filter(bool)


def _totals(least: int) -> st.SearchStrategy[list[rights.GrantTotal]]:
    return st.lists(
        st.builds(rights.GrantTotal, skus, totals, conditions, units, totals),
        min_size=least,
        max_size=MAX_PARTS,
        unique_by=lambda one: (one.sku, one.condition, one.unit),
    )


@st.composite
def _holds(draw: st.DrawFn) -> rights.ReservationHeld:
    placed = draw(st.booleans())
    one, other = draw(instants), draw(instants)
    held_at, until = (one, other) if placed else sorted([one, other])
    return rights.ReservationHeld(draw(tokens), draw(_words), draw(lines), held_at, until, placed)


@st.composite
def promises(draw: st.DrawFn) -> rights.ReservationRequested:
    """Return a request for a promise, wanted when it is asked for or later."""
    requested_at, collect_by = sorted([draw(instants), draw(instants)])
    return rights.ReservationRequested(
        draw(tokens),
        draw(lines),
        draw(languages),
        draw(currencies),
        requested_at,
        draw(prices),
        draw(st.none() | sites),
        draw(st.sampled_from([None, collect_by])),
    )


@st.composite
def _answers(draw: st.DrawFn) -> dict[str, Any]:
    answer = draw(st.sampled_from(Answer))
    return {
        "answer": answer,
        "lines": [] if answer is Answer.SORRY else draw(lines),
        "site": draw(sites if answer is Answer.ELSEWHERE else st.none() | sites),
        "code": draw(codes),
    }


@st.composite
def _told(draw: st.DrawFn) -> rights.PromiseTold:
    return rights.PromiseTold(promise=draw(tokens), told_at=draw(instants), **draw(_answers()))


@st.composite
def _resolved(draw: st.DrawFn) -> down_rights.PromiseResolved:
    remedy = draw(st.sampled_from(down_rights.Remedy))
    ready_at, until = sorted([draw(instants), draw(instants)])
    given = remedy is not down_rights.Remedy.NONE
    return down_rights.PromiseResolved(
        promise=draw(tokens),
        message=draw(texts | st.sampled_from(["m" * 1000, "🍵" * 1000])),
        ready_at=draw(st.sampled_from([None, ready_at])),
        until=draw(st.sampled_from([None, until])),
        remedy=remedy,
        amount_minor=draw(st.integers(1, MAX_MINOR).map(Money) if given else st.sampled_from([None, Money(0)])),
        currency=draw(currencies),
        **draw(_answers()),
    )


@st.composite
def _released(draw: st.DrawFn) -> rights.RightsReleased:
    recall = draw(st.none() | tokens)
    return rights.RightsReleased(draw(lines if recall is None else _any_lines), draw(instants), recall)


_asked = st.builds(rights.RightsRequested, tokens, lines, st.sampled_from(rights.Urgency), instants)
requests = st.builds(Request, epochs, promise=promises()) | st.builds(Request, epochs, rights=_asked)

GOODS_AND_RIGHTS: dict[type[Data], st.SearchStrategy[Any]] = {
    goods.StockWasted: st.builds(goods.StockWasted, several(_gone), instants, texts, codes),
    goods.ShelfCounted: st.builds(goods.ShelfCounted, _shelf, instants, positions, _others, texts, codes),
    goods.TransferSent: st.builds(goods.TransferSent, tokens, sites, _gone_once, instants, codes),
    goods.TransferReceived: st.builds(goods.TransferReceived, tokens, sites, lines, instants, codes),
    rights.RightsRequested: _asked,
    rights.RightsReleased: _released(),
    rights.RightsMoved: st.builds(rights.RightsMoved, tokens, kiosks, epochs, lines, instants),
    rights.RightsAccepted: st.builds(rights.RightsAccepted, tokens, kiosks, epochs, lines, instants),
    rights.RightsReported: st.builds(rights.RightsReported, incarnations, _totals(0), st.booleans()),
    rights.OverdraftBooked: st.builds(
        rights.OverdraftBooked, several(stock_lines), _words, instants, st.none() | baskets
    ),
    rights.ReservationHeld: _holds(),
    rights.ReservationCollected: st.builds(rights.ReservationCollected, tokens, lines, baskets, instants),
    rights.ReservationLapsed: st.builds(rights.ReservationLapsed, tokens, lines, instants),
    rights.ReservationCancelled: st.builds(rights.ReservationCancelled, tokens, lines, instants, texts),
    rights.ReservationRequested: promises(),
    rights.PromiseTold: _told(),
    down_rights.RightsGranted: st.builds(down_rights.RightsGranted, epochs, _totals(0)),
    down_rights.RecallRequested: st.builds(down_rights.RecallRequested, tokens, epochs, lines, st.booleans()),
    down_rights.ReservationPlaced: st.builds(
        down_rights.ReservationPlaced, tokens, epochs, _words, lines, _totals(1), instants
    ),
    down_rights.ReservationConfirmed: st.builds(down_rights.ReservationConfirmed, tokens, instants),
    down_rights.ReservationRefused: st.builds(down_rights.ReservationRefused, tokens, texts),
    down_rights.PromiseResolved: _resolved(),
    down_rights.DeliveryAdvised: st.builds(down_rights.DeliveryAdvised, _words, lines, st.none() | st.dates()),
    down_rights.EpochClosed: st.builds(down_rights.EpochClosed, epochs, texts),
}
