"""The JSON API: what the books say, in bounded pages, with clear refusals."""

import asyncio
from http import HTTPStatus

import httpx
import pytest
from fastapi import FastAPI
from hub_books import Hub, LaneTwin, counted, received, refund, sale, status
from sqlalchemy import text

from contract.values import Lane, parse_address
from hub.api.app import create_app
from hub.availability.live import Availability
from hub.service import Health

WELL = Health(
    connected=True,
    link="connected to mqtt://b:1883",
    database="ok",
    waiting=0,
    dropped=0,
    refused=0,
    positions_taken=4,
    kiosks_online=1,
)


class Api:
    """The API without a port: each request goes straight into the application."""

    def __init__(self, app: FastAPI) -> None:
        self._app = app

    def get(self, address: str, params: dict[str, str | int] | None = None) -> httpx.Response:
        return asyncio.run(self._get(address, params))

    async def _get(self, address: str, params: dict[str, str | int] | None) -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.get(address, params=params)


@pytest.fixture
def api(hub: Hub) -> Api:
    twin, other = LaneTwin(), LaneTwin(address=parse_address("demo/harbour/k2"), lane=Lane.SENSE)
    twin.record(
        received("tea", 10), sale("k1-1-1", "tea", 3), refund("k1-1-2", "tea", restock=False), counted("tea", 6, 7)
    )
    twin.raws.append(b"junk")
    twin.record(received("coffee", 5))
    other.record(received("tea", 2))
    hub.take(twin.message(newest=9), other.message(), status(other.address, online=False))
    availability = Availability(hub.store, hub.clock)
    availability.refresh()
    return Api(create_app(hub.store, lambda: WELL, availability))


def test_health_tells_incarnation_link_database_and_queue(api: Api) -> None:
    answer = api.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {
        "status": "ok",
        "incarnation": 1,
        "connected": True,
        "link": "connected to mqtt://b:1883",
        "database": "ok",
        "waiting": 0,
        "dropped": 0,
        "refused": 0,
        "positions_taken": 4,
        "kiosks_online": 1,
    }


def test_regions_and_sites_are_counted(api: Api) -> None:
    assert api.get("/regions").json() == [{"region": "demo", "sites": 2, "kiosks": 2, "online": 1}]
    sites = {one["site"]: one for one in api.get("/sites").json()}
    assert sites["market"]["online"] == 1
    assert sites["harbour"]["online"] == 0
    assert api.get("/sites", params={"region": "elsewhere"}).json() == []


def test_kiosks_tell_when_they_were_seen_and_their_backlog(api: Api) -> None:
    found = {one["kiosk"]: one for one in api.get("/kiosks").json()}
    assert found["k1"]["last_seen_at"] == "2026-03-07T09:30:00.000000Z"
    assert found["k1"]["backlog"] == 3
    assert [(lane["lane"], lane["position"], lane["newest"]) for lane in found["k1"]["lanes"]] == [("till", 6, 9)]
    assert not found["k2"]["online"]
    assert [one["kiosk"] for one in api.get("/kiosks", params={"site": "market"}).json()] == ["k1"]
    first = api.get("/kiosks", params={"limit": 1}).json()
    rest = api.get("/kiosks", params={"limit": 1, "after": first[0]["id"]}).json()
    assert {first[0]["kiosk"], rest[0]["kiosk"]} == {"k1", "k2"}


def test_stock_comes_in_pages_that_miss_nothing(api: Api) -> None:
    seen, after = [], ""
    while True:
        page = api.get("/stock", params={"limit": 1, "after": after}).json()
        seen += [(one["site"], one["sku"], one["condition"], one["available"]) for one in page["stock"]]
        if page["next"] is None:
            break
        after = page["next"]
    assert seen == [
        ("harbour", "tea", "sellable", 2),
        ("market", "coffee", "sellable", 5),
        ("market", "tea", "damaged", 1),
        ("market", "tea", "sellable", 6),
    ]
    narrow = api.get("/stock", params={"site": "market", "sku": "coffee"}).json()
    assert [one["received"] for one in narrow["stock"]] == [5]


def test_facts_of_a_kiosk_come_in_order_as_they_were_taken(api: Api) -> None:
    facts = api.get("/facts", params={"kiosk": "demo/market/k1", "after": 1, "limit": 2}).json()
    assert [(one["seq"], one["type"]) for one in facts] == [(2, "sale.recorded.v1"), (3, "refund.recorded.v1")]
    assert facts[0]["event"]["data"]["receipt"] == "k1-1-1"
    assert api.get("/facts", params={"kiosk": "demo/market/k1", "epoch": 2}).json() == []
    sense = api.get("/facts", params={"kiosk": "demo/harbour/k2", "lane": "sense"}).json()
    assert [one["seq"] for one in sense] == [1]


def test_exceptions_and_quarantine_tell_what_where_and_why(api: Api) -> None:
    (trouble,) = api.get("/exceptions").json()
    assert (trouble["kind"], trouble["kiosk"], trouble["owner"]) == ("quarantined", "demo/market/k1", "operator")
    (aside,) = api.get("/quarantine").json()
    assert (aside["kiosk"], aside["lane"], aside["seq"], aside["kind"], aside["size"]) == (
        "demo/market/k1",
        "till",
        5,
        "unreadable",
        4,
    )
    assert api.get("/quarantine", params={"after": aside["id"]}).json() == []


def test_what_is_resolved_is_shown_when_asked_for(api: Api, hub: Hub) -> None:
    with hub.store.write() as connection:
        for table in ("exceptions", "quarantine"):
            connection.execute(text(f"UPDATE {table} SET resolved_at = at"))  # noqa: S608
    for address in ("/exceptions", "/quarantine"):
        assert api.get(address).json() == []
        assert len(api.get(address, params={"resolved": True}).json()) == 1


def test_exceptions_of_no_kiosk_are_shown_too(api: Api, hub: Hub) -> None:
    with hub.store.write() as connection:
        values = "'odd', 'the hub', '{}', '2026-03-07T09:30:00.000000Z', 'operator'"
        connection.execute(text(f"INSERT INTO exceptions (kind, subject, detail, at, owner) VALUES ({values})"))  # noqa: S608
    assert api.get("/exceptions").json()[-1]["kiosk"] is None


@pytest.mark.parametrize(
    ("address", "params", "code", "words"),
    [
        ("/facts", {"kiosk": "demo/market/k77"}, 404, "no kiosk demo/market/k77"),
        ("/facts", {"kiosk": "market"}, 422, "region/site/kiosk"),
        ("/facts", {"kiosk": "DEMO/market/k1"}, 422, "name"),
        ("/facts", {}, 422, "kiosk"),
        ("/facts", {"kiosk": "demo/market/k1", "lane": "attic"}, 422, "lane"),
        ("/facts", {"kiosk": "demo/market/k1", "after": -1}, 422, "after"),
        ("/facts", {"kiosk": "demo/market/k1", "epoch": 10**30}, 422, "epoch"),
        ("/kiosks", {"limit": 0}, 422, "limit"),
        ("/kiosks", {"limit": 1001}, 422, "limit"),
        ("/kiosks", {"after": 10**30}, 422, "after"),
        ("/stock", {"after": "%%%"}, 422, "after"),
        ("/stock", {"after": "eyJhIjoxfQ=="}, 422, "after"),
        ("/stock", {"after": "WzEsMiwzLDQsNV0="}, 422, "after"),
        ("/stock", {"after": "é"}, 422, "after"),
        ("/stock", {"sku": "x" * 65}, 422, "sku"),
        ("/nowhere", {}, 404, "Not Found"),
    ],
)
def test_what_is_asked_wrongly_is_refused_with_a_reason(
    api: Api, address: str, params: dict[str, str | int], code: int, words: str
) -> None:
    answer = api.get(address, params=params)
    assert answer.status_code == code
    assert words in answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    said = answer.json()
    assert (said["status"], said["title"], bool(said["detail"])) == (code, HTTPStatus(code).phrase, True)
    if code == HTTPStatus.UNPROCESSABLE_ENTITY:
        assert said["errors"][0]["field"] == (list(params)[-1] if params else "kiosk")


def test_hostile_text_finds_nothing(api: Api) -> None:
    for value in ("tea' OR 1=1 --", "%", "\u2603"):
        assert api.get("/stock", params={"sku": value}).json()["stock"] == []


def test_books_that_cannot_be_read_are_said_so(hub: Hub) -> None:
    with hub.store.write() as connection:
        connection.execute(text("DROP TABLE accounts"))
    answer = Api(create_app(hub.store, lambda: WELL, Availability(hub.store, hub.clock))).get("/stock")
    assert answer.status_code == 503
    assert "try again" in answer.json()["detail"]
