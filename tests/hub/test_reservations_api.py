"""Reservations over HTTP: held once under their key, confirmed in time, cancelled, and never more than is free."""

import multiprocessing
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from hub_books import Hub, open_hub, status
from hub_calls import AT_MARKET, Api, wish
from shoppers import (
    MARKET,
    all_pools,
    give,
    lines,
    placings,
    pool,
    reservation,
    set_free,
    told,
    twin_at,
)
from sqlalchemy import select, update
from steward_twins import new_steward, still

from contract.down_rights import ReservationRefused
from contract.rights import ReservationCancelled, ReservationHeld
from contract.stock import StockKey
from contract.values import Sku
from hub.clock import SystemClock
from hub.promises import holds
from hub.promises.breaking import WINDOW
from hub.promises.holds import FORGET_EVERY_S, HOLD, KEYS_KEPT, MAX_HOLDS, Hold, Holds, Refused
from hub.promises.reserving import Present, place
from hub.steward.steward import Steward
from hub.store import chores as chore_rows
from hub.store import inbox, own_log, pools
from hub.store.database import open_store
from hub.store.life import raise_incarnation
from hub.store.pools import PoolKey
from hub.store.reservations import find
from hub.store.rights_tables import chores, idempotency, reservations
from hub.store.sites import SiteRow, save_site
from hub.store.tables import facts

WORKERS = 8


@pytest.fixture
def api(hub: Hub) -> Api:
    give(hub, MARKET, tea=5)
    return Api(hub)


@pytest.fixture
def fast(tmp_path: Path) -> Iterator[Api]:
    """The same over SQLite alone: for refusals that never reach the books."""
    with open_hub(f"sqlite:///{tmp_path}/fast/hub.db", tmp_path / "fast") as hub:
        set_free(hub, "market", 5)
        yield Api(hub)


def place_by_hand(hub: Hub, name: str) -> None:
    """Place a reservation with the market's till, as the steward does."""
    with hub.store.write() as connection:
        (kiosk,) = inbox.lock_kiosks(connection, [MARKET], "", most=0).values()
        found = find(connection, name, lock=True)
        assert found is not None
        present = Present("2026-03-07T09:30:00.000000Z", hub.clock.now(), 1)
        own_log.tell(connection, kiosk, [place(connection, found, kiosk, present)], present.at, 1)


def test_a_hold_takes_what_is_free_and_is_answered_with_its_code(api: Api) -> None:
    answer = api.hold(2, paid=True)
    assert answer.status_code == 201
    assert answer.headers["Cache-Control"] == "no-store"
    said = answer.json()
    assert said == api.get(f"{AT_MARKET}/r-1").json()
    assert (said["id"], said["state"], said["confirmed"], said["paid"]) == ("r-1", "reserved", False, True)
    assert (said["at"], said["until"]) == ("2026-03-07T09:30:00.000000Z", "2026-03-07T09:45:00.000000Z")
    assert said["lines"][0]["sku"] == "tea"
    assert len(said["code"]) == len("7K2M-9XPA")
    assert pool(api.hub, MARKET) == {"free": 3, "reserved": 2}
    with api.hub.store.read() as connection:
        assert "place" not in connection.execute(select(chores.c.why)).scalars().all()
    assert [life.commits for life in api.lives] == [2, 3]  # old keys are let go of first


def test_a_request_that_is_repeated_is_answered_as_before(api: Api) -> None:
    first, second = api.hold(2), api.hold(2)
    assert (first.status_code, first.content) == (second.status_code, second.content)
    assert pool(api.hub, MARKET) == {"free": 3, "reserved": 2}


def test_a_refusal_is_a_decision_too(api: Api) -> None:
    first = api.hold(6)
    set_free(api.hub, "market", 5)
    second = api.hold(6)
    assert (first.status_code, first.json()) == (409, second.json())
    assert first.json()["errors"] == [{"field": "lines[0].quantity", "detail": "6 of tea wanted, 5 free"}]
    assert api.hold(6, key="k-2").status_code == 201


def test_another_request_needs_another_key(api: Api) -> None:
    api.hold(2)
    answer = api.hold(3)
    assert (answer.status_code, answer.json()["code"]) == (422, "key_reused")
    other = api.post("/v1/sites/demo/harbour/reservations", wish(2), key="k-1")
    assert (other.status_code, other.json()["code"]) == (422, "key_reused")
    assert pool(api.hub, MARKET) == {"free": 3, "reserved": 2}


def test_the_whole_or_nothing(api: Api) -> None:
    set_free(api.hub, "market", 1, "cup")
    before = all_pools(api.hub)
    body = {"lines": [*wish(5)["lines"], *wish(2, "cup")["lines"]]}
    answer = api.post(AT_MARKET, body, key="k-1")
    assert answer.json()["errors"][0]["field"] == "lines[1].quantity"
    assert all_pools(api.hub) == before


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "lines"),
        ({"lines": []}, "lines"),
        ({"lines": [{"sku": "tea"}]}, "lines[0].quantity"),
        ({"lines": [{"sku": "tea", "quantity": {"amount": 0}}]}, "lines[0].quantity.amount"),
        ({"lines": [{"sku": "tea", "quantity": {"amount": -1}}]}, "lines[0].quantity.amount"),
        ({"lines": [{"sku": "tea", "quantity": {"amount": 1.5}}]}, "lines[0].quantity.amount"),
        ({"lines": [{"sku": "tea", "quantity": {"amount": 1, "unit": "kg"}}]}, "lines[0].quantity.unit"),
        ({"lines": [{"sku": " tea", "quantity": {"amount": 1}}]}, "lines[0].sku"),
        ({"lines": [{"sku": "t\u0000ea", "quantity": {"amount": 1}}]}, "lines[0].sku"),
        ({"lines": wish()["lines"] * 2}, "body"),
        ({"lines": wish()["lines"], "hold_s": 3601}, "hold_s"),
        ({"lines": wish()["lines"], "hold_s": 0}, "hold_s"),
        ({"lines": wish()["lines"], "paid": "yes"}, "paid"),
        ({"lines": wish()["lines"], "site": "x"}, "site"),
        ([], "body"),
        (None, "body"),
        ({"lines": [wish(1, f"s{n}")["lines"][0] for n in range(101)]}, "lines"),
    ],
)
def test_a_bad_request_is_refused_and_the_field_named(fast: Api, body: Any, field: str) -> None:
    before = all_pools(fast.hub)
    answer = fast.post(AT_MARKET, body, key="k-1")
    assert (answer.status_code, answer.headers["content-type"]) == (422, "application/problem+json")
    said = answer.json()
    assert (said["status"], said["code"]) == (422, "malformed")
    assert (said["errors"][0]["field"].split(" ")[0], bool(said["detail"])) == (field, True)
    assert all_pools(fast.hub) == before
    assert fast.hold(2).status_code == 201  # the key was not spent


@pytest.mark.parametrize("raw", [b"", b"{", b'{"lines":', b"\xff", b"[" * 10_000, b'{"lines":[' + b" " * 70_000])
def test_what_is_no_json_or_too_much_is_refused(fast: Api, raw: bytes) -> None:
    answer = fast.post(AT_MARKET, raw=raw, key="k-1")
    assert answer.status_code == (413 if len(raw) > 65_536 else 422)
    assert answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize("key", [None, "", "x" * 65, "a b", "a/b", "-", "a\tb"])
def test_a_hold_needs_a_key(fast: Api, key: str | None) -> None:
    answer = fast.post(AT_MARKET, wish(), key=key)
    assert (answer.status_code, answer.json()["errors"][0]["field"]) == (400, "Idempotency-Key")


def test_a_site_that_nobody_knows_is_named_and_spends_no_key(fast: Api) -> None:
    answer = fast.post("/v1/sites/demo/nosuch/reservations", wish(), key="k-1")
    assert (answer.status_code, answer.json()["code"]) == (404, "unknown_site")
    assert "nosuch" in answer.json()["detail"]
    assert fast.hold(2, key="k-1").status_code == 201
    with fast.hub.store.write() as connection:
        save_site(connection, SiteRow("demo", "bridge"))
    answer = fast.post("/v1/sites/demo/bridge/reservations", wish(), key="k-2")
    assert (answer.status_code, answer.json()["code"]) == (409, "not_free")


@pytest.mark.parametrize("amount", [0, -1, 1.5, "two", 10**10])
def test_an_amount_that_is_none_is_refused_with_a_true_sentence(fast: Api, amount: object) -> None:
    answer = fast.post(AT_MARKET, {"lines": [{"sku": "tea", "quantity": {"amount": amount}}]}, key="k-1")
    assert answer.json()["detail"] == "lines[0].quantity.amount: a whole number of 1 to 1000000000 is expected"


@pytest.mark.parametrize("address", ["/v1/sites/DEMO/market/reservations", "/v1/sites/demo/-x/reservations"])
def test_a_place_that_has_no_name_is_refused(fast: Api, address: str) -> None:
    assert fast.post(address, wish(), key="k-1").status_code == 422


def test_what_is_not_known_is_said_so(api: Api) -> None:
    api.hold()
    for address in (f"{AT_MARKET}/r-9", "/v1/sites/demo/harbour/reservations/r-1"):
        assert (api.get(address).status_code, api.get(address).json()["code"]) == (404, "unknown")
        for verb in ("confirm", "cancel"):
            assert api.post(f"{address}/{verb}").status_code == 404


def test_a_confirmed_hold_is_firm_and_wants_to_be_placed(api: Api) -> None:
    api.hold()
    answer = api.post(f"{AT_MARKET}/r-1/confirm", {"until": "2026-03-08T17:00:00+01:00", "paid": True})
    assert answer.status_code == 200
    said = answer.json()
    assert (said["confirmed"], said["paid"], said["until"]) == (True, True, "2026-03-08T16:00:00.000000Z")
    again = api.post(f"{AT_MARKET}/r-1/confirm")
    assert (again.status_code, again.json()) == (200, said)
    with api.hub.store.read() as connection:
        assert "place" in connection.execute(select(chores.c.why)).scalars().all()


def test_without_a_word_it_is_kept_for_two_days_and_may_be_paid_later(api: Api) -> None:
    api.hold()
    said = api.post(f"{AT_MARKET}/r-1/confirm").json()
    assert (said["until"], said["paid"]) == ("2026-03-09T09:30:00.000000Z", False)
    assert api.post(f"{AT_MARKET}/r-1/confirm", {"paid": True}).json()["paid"]


@pytest.mark.parametrize(
    ("body", "code"),
    [
        ({"until": "2026-03-07T09:30:00Z"}, "bad_until"),
        ({"until": "2026-03-22T09:30:00Z"}, "bad_until"),
        ({"until": "2026-03-08T09:30:00"}, "malformed"),
        ({"until": 5}, "malformed"),
        ({"when": "now"}, "malformed"),
    ],
)
def test_a_bad_confirmation_is_refused(fast: Api, body: Any, code: str) -> None:
    fast.hold()
    answer = fast.post(f"{AT_MARKET}/r-1/confirm", body)
    assert (answer.status_code, answer.json()["code"]) == (422, code)
    assert not fast.get(f"{AT_MARKET}/r-1").json()["confirmed"]


def test_a_hold_that_is_over_cannot_be_confirmed(api: Api) -> None:
    api.hold()
    api.hub.clock.advance(HOLD.total_seconds())
    answer = api.post(f"{AT_MARKET}/r-1/confirm")
    assert (answer.status_code, answer.json()["code"]) == (409, "ended")


def test_a_hold_that_nobody_confirms_ends_by_the_hubs_clock_alone(api: Api) -> None:
    api.hold(2)
    api.hold(1, key="k-2")
    api.post(f"{AT_MARKET}/r-2/confirm")
    steward = Steward(api.hub.store, api.hub.clock, keep=api.lives.append, new_id=api.holds.new_id, policy=still)
    steward.step()
    assert api.get(f"{AT_MARKET}/r-1").json()["state"] == "reserved"
    api.hub.clock.advance(HOLD.total_seconds())
    steward.step()
    ended = api.get(f"{AT_MARKET}/r-1").json()
    assert (ended["state"], ended["ended_at"]) == ("lapsed", "2026-03-07T09:45:00.000000Z")
    assert api.get(f"{AT_MARKET}/r-2").json()["state"] == "placed"
    assert pool(api.hub, MARKET) == {"free": 4}


def test_what_is_cancelled_before_it_is_placed_is_free_at_once(api: Api) -> None:
    api.hold()
    first = api.post(f"{AT_MARKET}/r-1/cancel")
    assert (first.status_code, first.json()["state"]) == (200, "cancelled")
    assert pool(api.hub, MARKET) == {"free": 5}
    assert api.post(f"{AT_MARKET}/r-1/cancel").json() == first.json()
    assert pool(api.hub, MARKET) == {"free": 5}
    assert api.post(f"{AT_MARKET}/r-1/confirm").status_code == 409


def test_once_it_is_placed_only_the_kiosk_ends_it(api: Api) -> None:
    api.hold()
    api.post(f"{AT_MARKET}/r-1/confirm")
    place_by_hand(api.hub, "r-1")
    answer = api.post(f"{AT_MARKET}/r-1/cancel")
    assert (answer.status_code, answer.json()["state"]) == (202, "placed")
    assert isinstance(told(api.hub, MARKET)[-1], ReservationRefused)
    assert pool(api.hub, MARKET) == {"free": 3}
    (placed,) = placings(api.hub, MARKET)
    till = twin_at(MARKET)
    till.raws = facts_of(api.hub)
    till.record(
        ReservationHeld("r-1", placed.code, placed.lines, api.hub.clock.now(), placed.until, placed=True),
        ReservationCancelled("r-1", placed.lines, api.hub.clock.now()),
    )
    api.hub.take(till.message())
    assert api.get(f"{AT_MARKET}/r-1").json()["state"] == "cancelled"
    assert api.post(f"{AT_MARKET}/r-1/cancel").status_code == 200
    with api.hub.store.write() as connection:
        connection.execute(update(reservations).values(state="collected"))
    assert api.post(f"{AT_MARKET}/r-1/cancel").json()["code"] == "ended"


def facts_of(hub: Hub) -> list[bytes]:
    """Return what the market's till has recorded, so that its twin goes on from there."""
    with hub.store.read() as connection:
        return [bytes(raw) for raw in connection.execute(select(facts.c.bytes).order_by(facts.c.seq)).scalars()]


def test_what_a_till_set_aside_is_not_changed_from_here(api: Api) -> None:
    till = twin_at(MARKET)
    till.raws = facts_of(api.hub)
    till.record(ReservationHeld("own-1", "7K2M-9XPA", lines(tea=1), api.hub.clock.now(), api.hub.clock.now()))
    api.hub.take(till.message())
    for verb in ("confirm", "cancel"):
        answer = api.post(f"{AT_MARKET}/own-1/{verb}")
        assert (answer.status_code, answer.json()["code"]) == (409, "not_ours")


def test_a_site_that_has_not_reported_confirms_nothing_and_spends_no_key(api: Api) -> None:
    with api.hub.store.write() as connection:
        raise_incarnation(connection, 2)
    answer = api.hold()
    assert (answer.status_code, answer.json()["code"], answer.headers["Retry-After"]) == (503, "site_silent", "5")
    with api.hub.store.read() as connection:
        assert connection.execute(select(idempotency)).all() == []


def test_holds_that_nobody_confirms_are_bounded(api: Api) -> None:
    set_free(api.hub, "market", MAX_HOLDS)
    at = api.hub.clock.now()
    goods = {StockKey(Sku("tea")): 1}
    with api.hub.store.write() as connection:
        present = Present("2026-03-07T09:30:00.000000Z", at, 1)
        for n in range(MAX_HOLDS):
            holds.hold(connection, present, Hold("demo", "market", goods), f"h-{n}")
    answer = api.hold(1)
    assert (answer.status_code, answer.json()["code"]) == (429, "too_many")
    api.post(f"{AT_MARKET}/h-0/confirm")
    assert api.hold(1).status_code == 201


def test_keys_are_let_go_after_a_day(api: Api) -> None:
    api.hold(1)
    api.hub.clock.advance(KEYS_KEPT.total_seconds() + FORGET_EVERY_S)
    api.hold(1, key="k-2")
    with api.hub.store.read() as connection:
        assert connection.execute(select(idempotency.c.key)).scalars().all() == ["k-2"]
    assert api.hold(1).json()["id"] == "r-3"


def test_the_description_names_the_types(api: Api) -> None:
    said = api.get("/openapi.json").json()
    assert "HoldAsked" in said["components"]["schemas"]
    made = said["paths"]["/v1/sites/{region}/{site}/reservations"]["post"]
    assert made["requestBody"]["content"]["application/json"]["schema"]["$ref"].endswith("/HoldAsked")
    assert "201" in made["responses"]


def test_a_reservation_is_kept_where_the_books_are(api: Api) -> None:
    api.hold()
    kept = reservation(api.hub, "r-1")
    assert kept is not None
    assert (kept.source, kept.confirmed_at, kept.kiosk_id) == ("order", None, None)


# -------------------------------------------------------------------------------------------------------- many at once


def in_threads(work: Callable[[int], None]) -> None:
    failures: list[BaseException] = []

    def safely(n: int) -> None:
        try:
            work(n)
        except BaseException as error:  # noqa: BLE001 - shown by the assertion below
            failures.append(error)

    threads = [threading.Thread(target=safely, args=(n,)) for n in range(WORKERS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_the_same_key_at_the_same_time_has_one_effect(api: Api) -> None:
    start = threading.Barrier(WORKERS)
    answered: list[bytes] = []

    def work(_n: int) -> None:
        start.wait()
        answered.append(api.hold(2).content)

    in_threads(work)
    assert len(answered) == WORKERS
    assert len(set(answered)) == 1
    assert pool(api.hub, MARKET) == {"free": 3, "reserved": 2}


def grab(url: str, worker: int, start: "multiprocessing.synchronize.Barrier", wins: Any) -> None:
    store = open_store(url)
    books = Holds(store, SystemClock(), new_id=lambda: "")
    goods = {StockKey(Sku("tea")): 1, StockKey(Sku("cup")): 1}
    start.wait()
    won = 0
    for n in range(12):
        try:
            books.run(lambda c, p, n=n: holds.hold(c, p, Hold("demo", "market", goods), f"w{worker}-{n}"))  # type: ignore[misc]
            won += 1
        except Refused:
            break
    wins.put(won)
    store.close()


def test_eight_workers_that_race_for_the_last_units_get_exactly_those(books_url: str, hub: Hub) -> None:
    give(hub, MARKET, tea=29, cup=31)
    spawn = multiprocessing.get_context("spawn")
    start, wins = spawn.Barrier(WORKERS), spawn.Queue()
    workers = [spawn.Process(target=grab, args=(books_url, n, start, wins)) for n in range(WORKERS)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0] * WORKERS
    assert sum(wins.get() for _ in workers) == 29
    assert pool(hub, MARKET) == {"reserved": 29}
    assert pool(hub, MARKET, "cup") == {"free": 2, "reserved": 29}
    with hub.store.read() as connection:
        assert len(connection.execute(select(reservations)).all()) == 29


def break_hold(api: Api, seconds: float = 1.0) -> None:
    """Have the goods of a hold go to pay for what left the market without rights."""
    api.hub.take(status(MARKET, online=False))  # so that nothing is placed with it before
    with api.hub.store.write() as connection:
        key = PoolKey("demo", "market", StockKey(Sku("tea")))
        pools.add(connection, {key: pools.PoolDelta(unsettled=5)})
        chore_rows.add(connection, [(key, "settle")], "2026")
    api.hub.clock.advance(seconds)
    new_steward(api.hub, still).step()


def test_an_order_whose_goods_were_lost_says_what_took_its_place(api: Api) -> None:
    api.hold(5, elsewhere=True)
    api.post(f"{AT_MARKET}/r-1/confirm")
    set_free(api.hub, "pier", 5)
    break_hold(api)
    said = api.get(f"{AT_MARKET}/r-1").json()
    moved = said["moved_to"]
    assert (said["state"], moved["site"], bool(said["answered_at"])) == ("moved", "pier", True)
    there = api.get(f"/v1/sites/demo/pier/reservations/{moved['id']}").json()
    assert (there["state"], there["code"], there["until"]) == ("reserved", moved["code"], said["until"])
    refused = api.post(f"{AT_MARKET}/r-1/cancel")
    assert (refused.status_code, refused.json()["code"]) == (409, "ended")
    assert moved["id"] in refused.json()["detail"]
    assert api.post(f"/v1/sites/demo/pier/reservations/{moved['id']}/cancel").json()["state"] == "cancelled"


def test_an_order_whose_goods_are_looked_for_says_so_until_it_is_decided(api: Api) -> None:
    api.hold(5)
    api.post(f"{AT_MARKET}/r-1/confirm")
    set_free(api.hub, "pier", 5)
    break_hold(api)
    said = api.get(f"{AT_MARKET}/r-1").json()
    assert (said["state"], said["answered_at"], said["moved_to"]) == ("broken", None, None)
    api.hub.clock.advance(WINDOW.total_seconds() + 10)
    new_steward(api.hub, still).step()
    said = api.get(f"{AT_MARKET}/r-1").json()
    assert (said["state"], bool(said["answered_at"]), said["moved_to"]) == ("broken", True, None)
