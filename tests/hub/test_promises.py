"""Promises at the hub: decided once whatever says it first, from free stock alone, told in the same transaction."""

import random
from collections.abc import Iterator
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest
from hub_books import AT, Hub, open_hub, received, status
from shoppers import (
    HARBOUR,
    MARKET,
    PIER,
    answers,
    asks,
    give,
    later,
    lines,
    placings,
    pool,
    promise,
    report,
    reservation,
    twin_at,
    urgent,
)
from sqlalchemy import select, text

from contract.down_rights import Remedy
from contract.rights import (
    Answer,
    PromiseTold,
    ReservationCancelled,
    ReservationCollected,
    ReservationHeld,
    ReservationLapsed,
    RightsRequested,
    Urgency,
)
from contract.values import BasketId, SiteId
from hub.core.promise import code_of, successor
from hub.intake.urgent import MAX_OF_ONE
from hub.promises.promising import KEPT, MAX_GOODS, REPORT_WAIT, WINDOW
from hub.store.rights_tables import chores, waits, wants
from hub.store.sites import SiteRow, save_site
from hub.store.tables import exceptions


def troubles(hub: Hub) -> list[str]:
    with hub.store.read() as connection:
        return sorted(connection.execute(select(exceptions.c.kind)).scalars())


def test_what_is_free_here_is_confirmed_and_placed_with_the_till_that_asks(hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks(tea=2))
    hub.take(till.message())
    (answer,) = answers(hub, MARKET)
    (placed,) = placings(hub, MARKET)
    assert (answer.answer, answer.site, answer.until) == (Answer.CONFIRMED, "market", AT + KEPT)
    assert answer.lines == placed.lines == lines(tea=2)
    assert (placed.reservation, placed.code, placed.epoch) == ("p-1", answer.code, 1)
    assert [one.total for one in placed.totals] == [2]
    assert answer.code in answer.message
    assert "2 × tea" in answer.message
    assert pool(hub, MARKET) == {"free": 3}
    kept = reservation(hub)
    assert kept is not None
    assert (kept.state, kept.source, kept.paid) == ("placed", "promise", False)
    found = promise(hub)
    assert found is not None
    assert (found.state, found.answer, found.told_at) == ("confirmed", answer, None)


def test_what_is_free_elsewhere_is_reserved_there_and_left_to_the_steward(hub: Hub) -> None:
    give(hub, HARBOUR, tea=5)
    till = twin_at(MARKET)
    till.record(asks(paid=900, language="de"))
    hub.take(till.message())
    (answer,) = answers(hub, MARKET)
    assert (answer.answer, answer.site, answer.remedy) == (Answer.ELSEWHERE, "harbour", Remedy.NONE)
    assert "harbour" in answer.message
    assert "zurückgelegt" in answer.message
    assert pool(hub, HARBOUR) == {"free": 3, "reserved": 2}
    kept = reservation(hub)
    assert kept is not None
    assert (kept.state, kept.site, kept.paid, kept.kiosk_id) == ("reserved", "harbour", True, None)
    with hub.store.read() as connection:
        assert ("harbour", "place") in [(row.site, row.why) for row in connection.execute(select(chores))]


@pytest.mark.parametrize(("language", "words"), [("en", "€9.00"), ("de", "9,00\u00a0€"), ("xx", "€9.00")])
def test_what_is_nowhere_is_refused_and_paid_back(hub: Hub, language: str, words: str) -> None:
    till = give(hub, MARKET, tea=1)
    till.record(asks(paid=900, language=language))
    hub.take(till.message())
    (answer,) = answers(hub, MARKET)
    assert (answer.answer, answer.lines, answer.site) == (Answer.SORRY, [], None)
    assert (answer.remedy, answer.amount_minor, answer.currency) == (Remedy.REFUND, 900, "EUR")
    assert words.replace("\u00a0", " ") in answer.message
    assert pool(hub, MARKET) == {"free": 1}
    assert reservation(hub) is None


def test_who_paid_nothing_is_only_told(hub: Hub) -> None:
    till = twin_at(MARKET)
    till.record(asks())
    hub.take(till.message())
    (answer,) = answers(hub, MARKET)
    assert (answer.answer, answer.remedy, answer.amount_minor) == (Answer.SORRY, Remedy.NONE, None)


def test_one_promise_is_decided_once_whatever_says_it_and_how_often(hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks())
    said = [
        urgent(MARKET, asks()),
        till.message(3),
        urgent(MARKET, asks()),
        till.message(),
        urgent(MARKET, asks(tea=3)),
    ]
    for message in said:
        hub.take(message)
    hub.take(*said)
    assert len(answers(hub, MARKET)) == 1
    assert pool(hub, MARKET) == {"free": 3}


def test_an_urgent_request_is_answered_before_its_fact_and_a_malformed_one_is_counted(hub: Hub) -> None:
    give(hub, MARKET, tea=5)
    hub.take(urgent(MARKET, asks()))
    assert len(answers(hub, MARKET)) == 1
    bad = urgent(MARKET, asks())
    hub.take(type(bad)(bad.topic, b'{"epoch":1}'))
    assert hub.ingest.refusals.counts() == {(str(MARKET), "up/requests"): 1}
    assert hub.ingest.fates["heard"] == 1


def test_a_flood_of_requests_loses_its_haste_and_nothing_else(hub: Hub) -> None:
    till = give(hub, MARKET, tea=100)
    other = give(hub, HARBOUR, tea=1)
    wishes = [asks(f"p-{n}", tea=1) for n in range(MAX_OF_ONE + 5)]
    till.record(*wishes)
    till.sell("cup")
    outcome = hub.take(*(urgent(MARKET, wish) for wish in wishes), urgent(HARBOUR, asks("p-x", tea=1)), other.message())
    assert len(answers(hub, MARKET)) == MAX_OF_ONE
    assert len(answers(hub, HARBOUR)) == 1
    assert outcome.fates["refused"] == 5
    assert {why for _, why in hub.ingest.refusals.counts()} == {"requests"}
    hub.take(till.message())
    assert len(answers(hub, MARKET)) == MAX_OF_ONE + 5


def test_rights_that_are_asked_for_at_once_are_noted_for_the_steward(hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    wish = RightsRequested("q-1", lines(tea=3), Urgency.ASKED, AT)
    hub.take(urgent(MARKET, wish), urgent(MARKET, wish, epoch=7))
    till.record(wish)
    hub.take(till.message())
    with hub.store.read() as connection:
        (row,) = connection.execute(select(wants))
        assert (row.epoch, row.request, row.amount, row.why) == (1, "q-1", 3, "asked")
        assert "want" in connection.execute(select(chores.c.why)).scalars().all()


def test_goods_that_are_wanted_at_a_site_come_from_there_first(hub: Hub) -> None:
    give(hub, HARBOUR, tea=50)
    give(hub, PIER, tea=2)
    hub.take(urgent(MARKET, asks(site="pier")))
    (answer,) = answers(hub, MARKET)
    assert (answer.answer, answer.site) == (Answer.CONFIRMED, "pier")


def test_what_cannot_be_in_time_or_is_too_much_is_refused(hub: Hub) -> None:
    give(hub, MARKET, tea=5)
    hub.take(urgent(MARKET, asks("p-1", collect_by=AT)))
    many = asks("p-2", **{f"sku{n}": 1 for n in range(MAX_GOODS + 1)})
    hub.take(urgent(MARKET, many))
    hub.take(urgent(MARKET, asks("p-3", collect_by=later(hours=3))))
    assert [one.answer for one in answers(hub, MARKET)] == [Answer.SORRY, Answer.SORRY, Answer.CONFIRMED]
    assert answers(hub, MARKET)[2].until == later(hours=3)


def test_the_operators_words_are_said_and_bad_ones_never_stop_an_answer(hub: Hub) -> None:
    with hub.store.write() as connection:
        for name, words in (("sorry", "No {wanted}, alas."), ("confirmed", "Here {nothing}")):
            connection.execute(
                text("INSERT INTO templates (region, language, name, text) VALUES ('demo', 'en', :name, :words)"),
                {"name": name, "words": words},
            )
    give(hub, MARKET, tea=5)
    hub.take(urgent(MARKET, asks("p-1", cup=1)), urgent(MARKET, asks("p-2")))
    assert [one.message.split()[0] for one in answers(hub, MARKET)] == ["No", "We"]


def test_the_shopper_reads_the_sites_name_and_its_clock_in_one_language(hub: Hub) -> None:
    with hub.store.write() as connection:
        save_site(connection, SiteRow("demo", "market", "Markthalle Nord", zone="Pacific/Kiritimati"))
    give(hub, MARKET, tea=9)
    asked = [asks(f"p-{language}", language=language, tea=1) for language in ("de", "it")]
    hub.take(*(urgent(MARKET, one) for one in asked))
    german, italian = answers(hub, MARKET)
    assert german.until is not None
    there = german.until.astimezone(ZoneInfo("Pacific/Kiritimati"))
    assert "bei Markthalle Nord zurückgelegt" in german.message
    assert f", {there.day}. " in german.message  # a German day has a point: Sa., 14. März
    assert f", {there:%H:%M} mit dem Code" in german.message
    assert f"collect by {there:%a} {there.day} {there:%b %Y, %H:%M} with" in italian.message


# ------------------------------------------------------------------------------------------------ the course of one


def held(name: str = "p-1", *, placed: bool = True, **goods: int) -> ReservationHeld:
    return ReservationHeld(name, "7K2M-9XPA", lines(**(goods or {"tea": 2})), AT, later(hours=1), placed)


ENDS = [
    ("collected", ReservationCollected("p-1", lines(tea=2), BasketId("b-1"), later(minutes=5))),
    ("lapsed", ReservationLapsed("p-1", lines(tea=2), later(minutes=5))),
    ("cancelled", ReservationCancelled("p-1", lines(tea=2), later(minutes=5))),
]


@pytest.mark.parametrize(("state", "end"), ENDS)
def test_a_till_holds_and_ends_what_was_placed_with_it(hub: Hub, state: str, end: object) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks())
    hub.take(till.message())
    till.record(held())
    hub.take(till.message(4))
    kept = reservation(hub)
    assert kept is not None
    assert kept.state == "held"
    till.record(end)
    hub.take(till.message(5), till.message())
    kept = reservation(hub)
    assert kept is not None
    assert (kept.state, kept.ended_at) == (state, "2026-03-07T09:35:00.000000Z")
    assert troubles(hub) == []


def test_what_a_till_sets_aside_by_its_own_right_is_noted_as_its_own(hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(held(placed=False))
    hub.take(till.message())
    kept = reservation(hub)
    assert kept is not None
    assert (kept.state, kept.source, kept.code, kept.epoch) == ("held", "kiosk", "7K2M-9XPA", 1)
    assert pool(hub, MARKET) == {"free": 5}


def test_an_end_that_is_heard_first_is_final(hub: Hub) -> None:
    till = twin_at(MARKET)
    till.record(ENDS[0][1], held(placed=False))
    hub.take(till.message())
    kept = reservation(hub)
    assert kept is not None
    assert kept.state == "collected"


def test_two_tills_with_the_same_goods_are_told_to_a_person(hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks())
    hub.take(till.message())
    other = twin_at(HARBOUR)
    other.record(held(), ENDS[0][1])
    hub.take(other.message())
    assert troubles(hub) == ["reservation_elsewhere"]
    kept = reservation(hub)
    assert kept is not None
    assert (kept.state, kept.site) == ("placed", "market")


def test_the_kiosk_says_that_it_has_the_answer(hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks())
    hub.take(till.message())
    (answer,) = answers(hub, MARKET)
    till.record(PromiseTold("p-1", answer.answer, AT, answer.lines, answer.site, answer.code))
    hub.take(till.message())
    found = promise(hub)
    assert found is not None
    assert found.told_at == "2026-03-07T09:30:00.000000Z"
    assert troubles(hub) == []


# ----------------------------------------------------------------------------------------- a hub that went back (I11)


@pytest.fixture
def reborn(books_url: str, tmp_path: Path) -> Iterator[Hub]:
    """A hub in its second incarnation, with empty books."""
    with open_hub(books_url, tmp_path / "state"):
        pass
    with open_hub(books_url, tmp_path / "state", promoted=True) as opened:
        yield opened


def test_a_reborn_hub_answers_nobody_who_may_know_an_answer(reborn: Hub) -> None:
    harbour = give(reborn, HARBOUR, tea=5)
    harbour.record(report(2))
    till = twin_at(MARKET)
    till.record(asks())
    reborn.take(harbour.message(), till.message(), urgent(MARKET, asks()))
    assert answers(reborn, MARKET, 2) == []
    till.record(PromiseTold("p-1", Answer.CONFIRMED, AT, lines(tea=2), SiteId("market"), "AAAA-111"))
    reborn.take(till.message())
    found = promise(reborn)
    assert found is not None
    assert (found.state, found.told_at is not None) == ("confirmed", True)
    assert pool(reborn, MARKET) == {"reserved": 2, "deficit": 2}
    assert pool(reborn, HARBOUR) == {"free": 5}
    till.record(report(2))
    reborn.take(till.message(), till.message())
    assert answers(reborn, MARKET, 2) == []
    kept = reservation(reborn)
    assert kept is not None
    assert (kept.state, kept.code) == ("reserved", "AAAA-111")
    assert troubles(reborn) == []


def test_a_reborn_hub_answers_once_the_kiosk_has_reported(reborn: Hub) -> None:
    harbour = give(reborn, HARBOUR, tea=5)
    harbour.record(report(2))
    till = twin_at(MARKET)
    till.record(asks())
    reborn.take(harbour.message(), till.message())
    till.record(report(2))
    reborn.take(till.message())
    assert [one.answer for one in answers(reborn, MARKET, 2)] == [Answer.ELSEWHERE]


def test_a_silent_site_promises_nothing_and_the_shopper_waits_only_so_long(reborn: Hub) -> None:
    give(reborn, HARBOUR, tea=5)
    till = twin_at(MARKET)
    till.record(asks(), report(2))
    reborn.take(till.message())
    assert answers(reborn, MARKET, 2) == []
    reborn.clock.advance(WINDOW.total_seconds() + 1)
    reborn.take(status(MARKET))
    assert [one.answer for one in answers(reborn, MARKET, 2)] == [Answer.SORRY]


def test_goods_at_the_tills_of_a_silent_site_are_a_reason_to_wait(reborn: Hub) -> None:
    harbour, till = twin_at(HARBOUR), twin_at(MARKET)
    harbour.record(received("tea", 5))
    till.record(asks(), report(2))
    reborn.take(harbour.message(), till.message())
    assert answers(reborn, MARKET, 2) == []
    harbour.record(report(2))
    reborn.take(harbour.message(), till.message())
    assert (promise(reborn) or pytest.fail("unknown")).state == "pending"  # for the till at the harbour is asked now


def test_a_life_that_never_reports_is_answered_in_the_end(reborn: Hub) -> None:
    till = twin_at(MARKET)
    till.record(asks())
    reborn.take(till.message())
    reborn.clock.advance(REPORT_WAIT.total_seconds() + 1)
    reborn.take(status(MARKET))
    assert [one.answer for one in answers(reborn, MARKET, 2)] == [Answer.SORRY]


def test_what_a_till_holds_already_is_not_reserved_again(reborn: Hub) -> None:
    till = give(reborn, MARKET, tea=5)
    till.record(asks(), PromiseTold("p-1", Answer.CONFIRMED, AT, lines(tea=2), SiteId("market"), "AAAA-111"))
    reborn.take(till.message())
    assert pool(reborn, MARKET) == {"free": 3, "reserved": 2}
    till.record(held())
    reborn.take(till.message())
    assert pool(reborn, MARKET) == {"free": 5}
    kept = reservation(reborn)
    assert kept is not None
    assert (kept.state, kept.source) == ("held", "promise")


def test_a_promise_whose_goods_are_held_is_answered_with_them(reborn: Hub) -> None:
    harbour = twin_at(HARBOUR)
    harbour.record(held(), report(2))
    till = twin_at(MARKET)
    till.record(asks(), report(2))
    reborn.take(harbour.message(), till.message())
    (answer,) = answers(reborn, MARKET, 2)
    assert (answer.answer, answer.site, answer.code) == (Answer.ELSEWHERE, "harbour", "7K2M-9XPA")


def test_another_answer_than_ours_is_adopted_and_told_to_a_person(reborn: Hub) -> None:
    harbour = give(reborn, HARBOUR, tea=5)
    harbour.record(report(2))
    till = twin_at(MARKET)
    till.record(asks(), report(2))
    reborn.take(harbour.message(), till.message())
    assert pool(reborn, HARBOUR) == {"free": 3, "reserved": 2}
    till.record(PromiseTold("p-1", Answer.SORRY, AT))
    reborn.take(till.message())
    assert pool(reborn, HARBOUR) == {"free": 5}
    found = promise(reborn)
    assert found is not None
    assert found.state == "sorry"
    assert troubles(reborn) == ["promise_contradicted"]


def test_an_answer_that_an_earlier_hub_broke_is_followed_and_calls_nobody(reborn: Hub) -> None:
    harbour = give(reborn, HARBOUR, tea=5)
    harbour.record(report(2))
    name = successor("p-1", 1)
    till = twin_at(MARKET)
    till.record(
        asks(),
        PromiseTold("p-1", Answer.CONFIRMED, AT, lines(tea=2), SiteId("market"), code_of("p-1")),
        PromiseTold("p-1", Answer.ELSEWHERE, AT, lines(tea=2), SiteId("harbour"), code_of(name)),
        report(2),
    )
    reborn.take(harbour.message(), till.message())
    assert troubles(reborn) == []
    assert reservation(reborn) is None
    kept = reservation(reborn, name)
    assert kept is not None
    assert (kept.state, kept.site, kept.code, kept.origin) == ("reserved", "harbour", code_of(name), "p-1")
    assert pool(reborn, HARBOUR) == {"free": 3, "reserved": 2}
    found = promise(reborn)
    assert found is not None
    assert (found.state, [one.answer for one in found.earlier]) == ("elsewhere", [Answer.CONFIRMED])
    assert answers(reborn, MARKET, 2) == []


def test_goods_that_an_earlier_hub_promised_for_later_are_still_fetched(reborn: Hub) -> None:
    till = twin_at(MARKET)
    till.record(asks(), PromiseTold("p-1", Answer.LATER, AT, lines(tea=2), SiteId("market"), code_of("p-1")), report(2))
    reborn.take(till.message())
    with reborn.store.read() as connection:
        (wait,) = connection.execute(select(waits))
    assert (wait.id, wait.site, wait.amount, wait.why) == ("p-1", "market", 2, "later")


def test_a_first_hub_believes_no_answer_that_it_never_gave(hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(PromiseTold("p-9", Answer.CONFIRMED, AT, lines(tea=5), SiteId("market"), "AAAA-111"))
    hub.take(till.message())
    assert promise(hub, "p-9") is None
    assert pool(hub, MARKET) == {"free": 5}
    assert troubles(hub) == ["promise_unknown"]


# ------------------------------------------------------------------------------------------------------ whatever order


@pytest.mark.parametrize("seed", range(8))
def test_order_and_repeats_of_messages_change_no_answer(hub: Hub, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311
    till = give(hub, MARKET, tea=3)
    wishes = [asks(f"p-{n}", tea=rng.randint(1, 3)) for n in range(3)]
    till.record(*wishes)
    messages = [till.message(), *(urgent(MARKET, one) for one in wishes), till.message(3, 1)] * 2
    rng.shuffle(messages)
    for message in messages:
        hub.take(message)
    said = answers(hub, MARKET)
    assert sorted(one.promise for one in said) == ["p-0", "p-1", "p-2"]
    given_out = sum(line.quantity.amount for one in said for line in one.lines)
    assert given_out > 0
    assert pool(hub, MARKET).get("free", 0) == 3 - given_out
    assert len(placings(hub, MARKET)) == sum(bool(one.lines) for one in said)
