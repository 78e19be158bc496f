"""What is odd of a delivery does not depend on the order of facts, on repeats, or on how they are grouped (I8)."""

from collections import defaultdict
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from contract.facts import MAX_LINES
from contract.stock import StockKey
from contract.values import Sku
from hub.core.deliveries import Advised, Clash, Finding, Mark, Place, Receipt, decide_advice, find_odd

GOODS = [StockKey(Sku(name)) for name in ("tea", "oil")]
places = st.builds(
    lambda advice, day, what: Place("demo", "market", advice, "" if advice else day, what),
    st.sampled_from(["", "", "D-1", "D-2"]),
    st.sampled_from(["2026-03-07", "2026-03-08"]),
    st.sampled_from(GOODS),
)
amounts = st.integers(1, 3)
kiosks = st.sampled_from(["k1", "k2"])
marks = st.builds(Mark, kiosks, st.integers(1, 2), st.integers(1, 9))
receipts = st.lists(
    st.builds(Receipt, marks, st.just("now"), st.dictionaries(places, amounts, min_size=1, max_size=3)),
    max_size=8,
    unique_by=lambda one: one.mark,
)
told = st.dictionaries(places.filter(lambda place: place.advice), st.builds(Advised, kiosks, amounts), max_size=4)


def in_parts(parts: Sequence[Sequence[Receipt]], advised: dict[Place, Advised]) -> list[Finding]:
    """Take receipts in several transactions, as the books do: the first at each place stays the first."""
    before: dict[Place, Mark] = {}
    found: list[Finding] = []
    for part in parts:
        found += find_odd(part, before, advised)
        for receipt in part:
            for place in receipt.goods:
                before.setdefault(place, receipt.mark)
    return found


def lines_of(found: list[Finding], kind: str) -> dict[Place, list[Mark]]:
    """Return at which places which facts were found to be odd."""
    odd = defaultdict(list)
    for one in found:
        for line in one.lines if one.kind == kind else ():
            odd[one.place._replace(what=line.what)].append(one.receipt.mark)
    return odd


@given(receipts, told)
def test_every_receipt_of_a_place_but_the_first_is_told_and_names_it(facts, advised):
    single = [Receipt(one.mark, one.at, {place: n}) for one in facts for place, n in one.goods.items()]
    came: dict[Place, list[Mark]] = defaultdict(list)
    for one in single:
        came[next(iter(one.goods))].append(one.mark)
    found = list(find_odd(single, {}, advised))
    assert lines_of(found, "delivery_twice") == {at: who[1:] for at, who in came.items() if who[1:]}
    for finding in found:
        for line in finding.lines if finding.kind == "delivery_twice" else ():
            assert line.before == came[finding.place][0]


@given(receipts, told, st.randoms(use_true_random=False))
def test_order_changes_who_is_told_and_not_how_often(facts, advised, random):
    def count(order):
        found = list(find_odd(order, {}, advised))
        return {at: len(who) for at, who in lines_of(found, "delivery_twice").items()}

    # One receipt is one finding, so that its first line stands for the place; take lines by themselves.
    single = [Receipt(one.mark, one.at, {place: n}) for one in facts for place, n in one.goods.items()]
    other = random.sample(single, len(single))
    assert count(single) == count(other)


@given(receipts, told, st.data())
def test_transactions_may_be_cut_anywhere(facts, advised, data):
    cut = data.draw(st.integers(0, len(facts)))
    assert in_parts([facts[:cut], facts[cut:]], advised) == list(find_odd(facts, {}, advised))


@given(receipts, told)
def test_a_repeat_is_no_second_receipt(facts, advised):
    for one in facts:
        before = dict.fromkeys(one.goods, one.mark)
        assert not any(found.kind == "delivery_twice" for found in find_odd([one], before, advised))


@given(receipts, told)
def test_what_an_advice_says_is_told_of_its_lines_alone_and_at_most_once_a_receipt_and_kind(facts, advised):
    found = list(find_odd(facts, {}, advised))
    assert len({(one.kind, one.receipt.mark) for one in found}) == len(found)
    for one in found:
        place = one.place
        line = one.lines[0]
        if one.kind == "delivery_not_advised":
            assert place.advice
            assert place not in advised or advised[place].kiosk != one.receipt.mark.kiosk
        if one.kind == "delivery_differs":
            assert advised[place].kiosk == one.receipt.mark.kiosk
            assert advised[place].amount != line.amount


@given(st.dictionaries(places.filter(lambda place: place.advice), amounts, min_size=1))
def test_what_is_received_as_advised_is_odd_for_nobody(goods):
    advised = {place: Advised("k1", amount) for place, amount in goods.items()}
    assert list(find_odd([Receipt(Mark("k1", 1, 1), "now", goods)], {}, advised)) == []


@pytest.mark.parametrize("advised", [{}, "other", "less"])
def test_what_differs_from_the_advice_is_told(advised):
    place = Place("demo", "market", "D-1", "", GOODS[0])
    known = {"other": {place: Advised("k2", 5)}, "less": {place: Advised("k1", 4)}}.get(str(advised), {})
    (found,) = find_odd([Receipt(Mark("k1", 1, 1), "now", {place: 5})], {}, known)
    assert found.kind == ("delivery_differs" if advised == "less" else "delivery_not_advised")


# ------------------------------------------------------------------------------------------------------------ advising

lines = st.dictionaries(
    st.sampled_from(GOODS), st.builds(Advised, kiosks, amounts, st.sampled_from(["", "2026-03-09"]))
)


@given(lines, lines, st.dictionaries(st.sampled_from(GOODS), marks))
def test_no_line_has_two_kiosks_and_the_same_words_again_change_nothing(wanted, known, received):
    mine = {what: line._replace(kiosk="k1") for what, line in wanted.items()}
    try:
        news = decide_advice("k1", mine, known, received)
    except Clash:
        assert any(known.get(what) != line and (what in known or what in received) for what, line in mine.items())
        return
    assert all(what not in known or known[what].kiosk == "k1" for what in news)
    assert not news.keys() & received.keys()
    after = known | news
    assert {what: after[what] for what in mine} == mine
    assert decide_advice("k1", mine, after, received) == {}


def test_a_clash_says_what_to_do():
    tea, oil = GOODS
    with pytest.raises(Clash, match="tea of it was advised to k2, and no other kiosk may receive it"):
        decide_advice("k1", {tea: Advised("k1", 1), oil: Advised("k1", 1)}, {tea: Advised("k2", 1)}, {})
    with pytest.raises(Clash, match="tea of it was received as k2=1@3: give what comes now another number"):
        decide_advice("k1", {tea: Advised("k1", 1)}, {}, {tea: Mark("k2", 1, 3)})
    many = {StockKey(Sku(f"s{n}")): Advised("k1", 1) for n in range(MAX_LINES)}
    with pytest.raises(Clash, match="more than 2000 lines"):
        decide_advice("k1", {tea: Advised("k1", 1)}, many, {})
    others = {what: Advised("k2", 1) for what in many}
    assert decide_advice("k1", {tea: Advised("k1", 1)}, others, {}) == {tea: Advised("k1", 1)}
