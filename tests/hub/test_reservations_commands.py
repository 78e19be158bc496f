"""``hub reservation``, ``hub promise`` and ``hub message``: what a person sees and decides."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from click.testing import CliRunner, Result
from hub_books import AT, Hub, open_hub
from shoppers import HARBOUR, MARKET, answers, asks, give, pool, report, reservation, told, twin_at

from contract.down_rights import Remedy, ReservationRefused
from contract.rights import Answer, ReservationHeld
from hub.cli import main


def run(url: str, *arguments: str) -> Result:
    return CliRunner().invoke(main, arguments, env={"HUB_DATABASE_URL": url, "HUB_REGION": "demo"})


def rows(result: Result, name: str) -> list[dict[str, object]]:
    assert result.exit_code == 0, result.output
    found: list[dict[str, object]] = json.loads(result.stdout)[name]
    return found


@pytest.fixture
def url(books_url: str) -> str:
    return books_url


@pytest.fixture
def waiting(url: str, tmp_path: Path) -> Iterator[Hub]:
    """A hub in its second incarnation, where a promise of three waits for its kiosk to report."""
    with open_hub(url, tmp_path / "state"):
        pass
    with open_hub(url, tmp_path / "state", promoted=True) as hub:
        harbour = give(hub, HARBOUR, tea=5, cup=2)
        harbour.record(report(2))
        till = twin_at(MARKET)
        till.record(asks("p-1", paid=900, language="de", tea=3))
        hub.take(harbour.message(), till.message())
        yield hub


def test_reservations_are_listed_and_shown(url: str, hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks("p-1"), ReservationHeld("own-1", "7K2M-9XPA", asks().lines, AT, AT))
    hub.take(till.message())
    found = rows(run(url, "reservation", "list", "--json"), "reservations")
    assert [(one["id"], one["state"], one["source"]) for one in found] == [
        ("own-1", "held", "kiosk"),
        ("p-1", "placed", "promise"),
    ]
    assert found[1]["goods"] == "2 pc tea"
    only = rows(run(url, "reservation", "list", "--state", "held", "--site", "market", "--json"), "reservations")
    assert [one["id"] for one in only] == ["own-1"]
    assert "7K2M-9XPA" in run(url, "reservation", "show", "own-1").output
    missing = run(url, "reservation", "show", "own-2")
    assert (missing.exit_code, missing.stderr.count("\n")) == (1, 1)


def test_a_reservation_that_is_not_placed_is_cancelled_at_once(url: str, hub: Hub) -> None:
    give(hub, HARBOUR, tea=5)
    till = twin_at(MARKET)
    till.record(asks())
    hub.take(till.message())
    (left,) = rows(run(url, "reservation", "cancel", "p-1", "--json"), "reservations")
    assert left["state"] == "cancelled"
    assert pool(hub, HARBOUR) == {"free": 5}


def test_one_that_a_till_has_is_asked_for(url: str, hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks())
    hub.take(till.message())
    result = run(url, "reservation", "cancel", "p-1", "--reason", "sold by phone")
    assert (result.exit_code, "asked to cancel" in result.stderr) == (0, True)
    assert told(hub, MARKET)[-1] == ReservationRefused("p-1", "sold by phone")
    kept = reservation(hub)
    assert kept is not None
    assert kept.state == "placed"


def test_what_is_unknown_cannot_be_cancelled(url: str, hub: Hub) -> None:
    result = run(url, "reservation", "cancel", "p-9")
    assert (result.exit_code, result.stderr) == (1, "hub: no reservation 'p-9'\n")


def test_promises_are_listed_and_shown_with_their_message(url: str, hub: Hub) -> None:
    till = give(hub, MARKET, tea=5)
    till.record(asks("p-1"), asks("p-2", tea=9))
    hub.take(till.message())
    found = rows(run(url, "promise", "list", "--json"), "promises")
    assert [(one["id"], one["state"], one["promised"]) for one in found] == [
        ("p-1", "confirmed", "2 pc tea"),
        ("p-2", "sorry", ""),
    ]
    assert [one["id"] for one in rows(run(url, "promise", "list", "--state", "sorry", "--json"), "promises")] == ["p-2"]
    assert "We are sorry" in run(url, "promise", "show", "p-2").output
    assert run(url, "promise", "show", "p-9").exit_code == 1


def test_a_pending_promise_is_answered_by_hand_and_never_again(url: str, waiting: Hub) -> None:
    (row,) = rows(run(url, "promise", "list", "--state", "pending", "--json"), "promises")
    assert row["wanted"] == "3 pc tea"
    (row,) = rows(run(url, "promise", "answer", "p-1", "elsewhere", "--site", "harbour", "--json"), "promises")
    assert (row["state"], row["site"]) == ("elsewhere", "harbour")
    (answer,) = answers(waiting, MARKET, 2)
    assert (answer.answer, answer.site) == (Answer.ELSEWHERE, "harbour")
    assert pool(waiting, HARBOUR) == {"free": 2, "reserved": 3}
    again = run(url, "promise", "answer", "p-1", "sorry")
    assert (again.exit_code, "never changed" in again.stderr) == (1, True)


def test_a_voucher_is_given_instead_of_the_money(url: str, waiting: Hub) -> None:
    run(url, "promise", "answer", "p-1", "sorry", "--voucher", "12.50")
    (answer,) = answers(waiting, MARKET, 2)
    assert (answer.remedy, answer.amount_minor, answer.currency) == (Remedy.VOUCHER, 1250, "EUR")
    assert "Gutschein über 12,50" in answer.message


def test_who_is_told_sorry_gets_the_money_back(url: str, waiting: Hub) -> None:
    run(url, "promise", "answer", "p-1", "sorry")
    (answer,) = answers(waiting, MARKET, 2)
    assert (answer.remedy, answer.amount_minor) == (Remedy.REFUND, 900)


def test_a_person_may_say_later(url: str, waiting: Hub) -> None:
    result = run(url, "promise", "answer", "p-1", "later", "--ready-at", "2126-03-14T17:00+01:00")
    assert result.exit_code == 0, result.output
    (answer,) = answers(waiting, MARKET, 2)
    assert (answer.answer, answer.site, len(answer.code)) == (Answer.LATER, "market", len("7K2M-9XPA"))
    assert pool(waiting, HARBOUR) == {"free": 5}


@pytest.mark.parametrize(
    ("arguments", "code", "words"),
    [
        (["elsewhere"], 2, "wanted at market"),
        (["confirmed", "--site", "harbour"], 2, "wanted at market"),
        (["confirmed"], 1, "not all of it is free at market"),
        (["elsewhere", "--site", "harbour", "--instead", "cup=3"], 2, "no other answer has them"),
        (["substitute", "--instead", "cup"], 2, "not SKU=PIECES"),
        (["substitute", "--instead", "cup=0"], 2, "not SKU=PIECES"),
        (["substitute"], 2, "substitute needs other goods"),
        (["substitute", "--instead", "cup=3"], 1, "not all of it is free"),
        (["later"], 2, "still to come"),
        (["later", "--ready-at", "2026-03-01T17:00Z"], 2, "still to come"),
        (["later", "--ready-at", "tomorrow"], 2, "no moment"),
        (["later", "--ready-at", "2126-03-14T17:00"], 2, "no moment"),
        (["confirmed", "--voucher", "5"], 2, "only sorry"),
        (["sorry", "--voucher", "5.001"], 2, "finer than"),
        (["elsewhere", "--site", "A B"], 2, "not a name"),
    ],
)
def test_an_answer_that_cannot_be_is_refused(
    url: str, waiting: Hub, arguments: list[str], code: int, words: str
) -> None:
    result = run(url, "promise", "answer", "p-1", *arguments)
    assert (result.exit_code, words in result.stderr) == (code, True), result.stderr
    assert answers(waiting, MARKET, 2) == []
    assert pool(waiting, HARBOUR) == {"free": 5}


def test_an_answer_to_nothing_is_refused(url: str, waiting: Hub) -> None:
    assert "no promise 'p-7'" in run(url, "promise", "answer", "p-7", "sorry").stderr


def test_messages_are_listed_set_previewed_and_reset(url: str, hub: Hub) -> None:
    before = rows(run(url, "message", "list", "--json"), "messages")
    assert len(before) == 28
    assert not any(one["own"] for one in before)
    (new,) = rows(run(url, "message", "set", "it", "refund", "Ecco {amount}.", "--json"), "messages")
    assert new["preview"] == "Ecco 13,50\u00a0€.".replace("\u00a0", " ")
    (shown,) = rows(run(url, "message", "show", "it", "refund", "--json"), "messages")
    assert (shown["own"], shown["text"]) == (True, "Ecco {amount}.")
    assert len(rows(run(url, "message", "list", "--json"), "messages")) == 29
    assert run(url, "message", "reset", "it", "refund").exit_code == 0
    assert run(url, "message", "reset", "it", "refund").exit_code == 1
    assert run(url, "message", "show", "it", "refund").exit_code == 1


def test_a_dry_run_changes_nothing(url: str, hub: Hub) -> None:
    result = run(url, "message", "set", "en", "refund", "Here is {amount}!", "--dry-run")
    assert "preview  Here is €13.50!" in result.output
    assert run(url, "message", "reset", "en", "refund").exit_code == 1


def test_the_fields_are_shown(url: str, hub: Hub) -> None:
    assert "{code} {goods} {site} {until}" in run(url, "message", "show", "de", "elsewhere").output


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["set", "en", "refund", "Sorry!"], "text: refund needs {amount}"),
        (["set", "EN", "refund", "{amount}"], "language:"),
        (["set", "en", "refund", "<b>{amount}</b>"], "plain text"),
        (["set", "en", "maybe", "{amount}"], "maybe"),
        (["show", "english", "refund"], "language:"),
    ],
)
def test_a_bad_message_is_refused_before_it_is_stored(url: str, hub: Hub, arguments: list[str], words: str) -> None:
    result = run(url, "message", *arguments)
    assert (result.exit_code, words in result.stderr) == (2, True), result.stderr
    assert not any(one["own"] for one in rows(run(url, "message", "list", "--json"), "messages"))
