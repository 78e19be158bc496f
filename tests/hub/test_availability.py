"""What is available: as the books say, over HTTP, with how long it may be kept."""

import asyncio
from typing import Any

import httpx
import pytest
from hub_books import AT, Hub, LaneTwin, received
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from sqlalchemy import text, update
from stock_rows import NOW, add_account, add_kiosk, add_placed, add_pool, key, note_keys

from contract.stock import TERMS, Account
from contract.values import Unit
from hub.api.app import create_app
from hub.availability.live import Availability
from hub.core.availability import KEEPING, Heat, Rules
from hub.service import Health
from hub.store import availability as books
from hub.store.rights_tables import accounts, lives, pools
from hub.store.sites import SiteRow, save_site

WELL = Health(
    connected=True,
    link="",
    database="ok",
    waiting=0,
    dropped=0,
    refused=0,
    positions_taken=0,
    kiosks_online=1,
)
V1 = "/v1/availability"


class Api:
    """The API without a port, and the look that keeps it fresh."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.held = Availability(hub.store, hub.clock, Rules())
        self._app = create_app(hub.store, lambda: WELL, self.held)

    def get(self, params: dict[str, Any] | list[tuple[str, Any]], path: str = V1, **headers: str) -> httpx.Response:
        return asyncio.run(self._get(path, params, headers))

    def rows(self, **params: Any) -> list[tuple[str, str, str]]:
        """Return (site, sku, shown) of an answer, after a look."""
        self.held.refresh()
        answer = self.get(params)
        assert answer.status_code == 200, answer.text
        return [(one["site"], one["sku"], one["shown"]) for one in answer.json()["availability"]]

    def head(self, params: dict[str, Any], path: str = V1) -> httpx.Response:
        return asyncio.run(self._get(path, params, {}, "HEAD"))

    async def _get(self, path: str, params: Any, headers: dict[str, str], method: str = "GET") -> httpx.Response:
        transport = httpx.ASGITransport(self._app)
        async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
            return await client.request(method, path, params=params, headers=headers)


@pytest.fixture
def api(hub: Hub) -> Api:
    """Three sites: tea at two of them, some of it with the hub; rum by weight at the third."""
    with hub.store.write() as connection:
        market, harbour, fair = (add_kiosk(connection, site) for site in ("market", "harbour", "fair"))
        add_account(connection, market, "market", Account(received=5, sold=3))
        add_pool(connection, "market", 1)
        add_account(connection, harbour, "harbour", Account(granted=20, sold=1))
        add_account(connection, fair, "fair", Account(received=750), sku="rum", unit="ml")
        save_site(connection, SiteRow("demo", "market", lat=52.52, lon=13.405))
        save_site(connection, SiteRow("demo", "harbour", lat=53.5461, lon=9.9661))
    return Api(hub)


def test_little_is_exact_and_plenty_is_not(api: Api) -> None:
    assert api.rows(sku="tea") == [("harbour", "tea", "5+"), ("market", "tea", "3")]
    assert api.rows(sku="rum") == [("fair", "rum", "750 ml")]
    assert api.rows(sku="tea", site="market") == [("market", "tea", "3")]
    assert api.rows(site=["market", "fair"]) == [("fair", "rum", "750 ml"), ("market", "tea", "3")]
    assert api.rows(sku=["tea", "rum"], region="demo") == [*api.rows(sku="tea"), *api.rows(sku="rum")]
    assert api.rows(sku="tea", region="moon") == []
    (one,) = api.get({"site": "market"}).json()["availability"]
    assert one == {
        "region": "demo",
        "site": "market",
        "sku": "tea",
        "unit": "pc",
        "shown": "3",
        "exact": 3,
        "heard_at": "2026-03-07T09:30:00Z",
        "number": 0,
        "geo": "u33dc",
        "km": None,
    }


def test_the_nearest_site_comes_first(api: Api) -> None:
    assert [site for site, *_ in api.rows(sku="tea", near="52.5,13.4")] == ["market", "harbour"]
    assert [site for site, *_ in api.rows(sku="tea", near="53.5,10")] == ["harbour", "market"]
    assert api.rows(sku="tea", near="53.5,10", limit=1) == [("harbour", "tea", "5+")]
    nearest = api.get({"sku": "tea", "near": "52.52,13.405"}).json()["availability"]
    assert [one["km"] for one in nearest] == [0.0, pytest.approx(255, abs=3)]


def test_a_change_shows_after_the_next_look_and_only_it_is_read(api: Api) -> None:
    assert api.rows(sku="tea", site="market") == [("market", "tea", "3")]
    with api.hub.store.write() as connection:
        connection.execute(update(pools).values(free=0))
        connection.execute(update(accounts).values(rate=0.0, sold=5))  # harbour's and fair's are not noted
        note_keys(connection, [key("market")])
    assert api.rows(sku="tea") == [("harbour", "tea", "5+"), ("market", "tea", "0")]
    assert api.rows(sku="rum") == [("fair", "rum", "750 ml")]
    assert api.get({"sku": "tea", "site": "market"}).json()["availability"][0]["number"] == api.held.number


def test_what_ingest_takes_shows(hub: Hub) -> None:
    api, till = Api(hub), LaneTwin()
    assert api.rows(sku="tea") == []
    till.record(received("tea", 4))
    hub.take(till.message())
    hub.clock.advance(2)
    assert api.rows(sku="tea") == [("market", "tea", "4")]
    till.sell("tea", 3)
    hub.take(till.message())
    assert api.rows(sku="tea") == [("market", "tea", "1")]
    newer = LaneTwin(epoch=2)
    newer.sell("coffee", 1, overdraft=1)
    hub.take(newer.message())
    assert api.rows(site="market") == [("market", "coffee", "0"), ("market", "tea", "0")]  # in limbo until counted


def test_what_is_taken_again_tells_nothing(hub: Hub) -> None:
    api, till = Api(hub), LaneTwin()
    till.record(received("tea", 4))
    hub.take(till.message())
    api.held.refresh()
    before = api.held.number
    hub.take(till.message())
    assert api.held.refresh() == 0
    assert api.held.number == before


def test_goods_new_to_a_site_show_as_well(api: Api) -> None:
    assert api.rows(sku="gin") == []
    with api.hub.store.write() as connection:
        add_pool(connection, "popup", 4, sku="gin")
        add_kiosk(connection, "popup")
        note_keys(connection, [key("popup", "gin")])
    api.hub.clock.advance(2)
    assert api.rows(sku="gin") == [("popup", "gin", "4")]


def test_what_nobody_was_heard_of_for_long_says_ask(api: Api) -> None:
    api.hub.clock.advance(900)
    assert api.rows(site="market") == [("market", "tea", "3")]
    api.hub.clock.advance(1)
    assert api.rows(site="market") == [("market", "tea", "ask")]
    answer = api.get({"site": "market"})
    assert answer.json()["availability"][0]["exact"] is None
    assert answer.headers["x-availability-class"] == "warm"


def test_a_site_is_as_old_as_the_oldest_of_its_kiosks_that_hold_stock(hub: Hub) -> None:
    early, noon, late = "2026-03-07T08:00:00.000000Z", "2026-03-07T09:00:00.000000Z", NOW
    with hub.store.write() as connection:
        holder = add_kiosk(connection, "market", "k1", heard=noon)
        add_kiosk(connection, "market", "k2", heard=late)
        spare = add_kiosk(connection, "market", "spare", heard=early)
        add_account(connection, holder, "market", Account(received=1))
        add_account(connection, spare, "market", Account(received=1, sold=1))
        add_kiosk(connection, "empty", "k1", heard=early)
        add_kiosk(connection, "empty", "k2", heard=noon)
    with hub.store.read() as connection:
        heard = books.heard(connection)
    at_s = AT.timestamp()
    assert heard == {("demo", "market"): at_s - 1800, ("demo", "empty"): at_s - 1800}
    with hub.store.write() as connection:
        connection.execute(update(lives).where(lives.c.kiosk_id == holder).values(closed_at=NOW))
    with hub.store.read() as connection:
        assert books.heard(connection)["demo", "market"] == at_s


amounts = st.integers(0, 50)
some_accounts = st.builds(Account, **dict.fromkeys(TERMS, amounts)) | st.builds(
    Account, received=amounts, sold=amounts, overdraft=amounts, settled=amounts, held=st.integers(-20, 20)
)


@settings(max_examples=40, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(
    held=st.lists(st.tuples(some_accounts, st.booleans(), st.sampled_from(["sellable", "damaged"])), max_size=4),
    free=st.none() | amounts,
)
def test_the_books_add_up_what_open_lives_may_promise(
    hub: Hub, held: list[tuple[Account, bool, str]], free: int | None
) -> None:
    hub.wipe()
    with hub.store.write() as connection:
        if free is not None:
            add_pool(connection, "market", free)
        add_pool(connection, "market", 7, condition="damaged")
        add_pool(connection, "elsewhere", 7)
        for n, (account, closed, condition) in enumerate(held):
            kiosk_id = add_kiosk(connection, "market", f"k{n}")
            add_account(connection, kiosk_id, "market", account, condition=condition, rate=2.0)
            if closed:
                connection.execute(update(lives).where(lives.c.kiosk_id == kiosk_id).values(closed_at=NOW))
    counted = [one for one, closed, condition in held if not closed and condition == "sellable"]
    expected = (free or 0) + sum(one.promisable for one in counted)
    with hub.store.read() as connection:
        at = list(books.amounts_at(connection, "demo", "market"))
        of = list(books.amounts_of(connection, [key("market"), key("nowhere")]))
    assert at == of
    known = counted or free is not None
    assert at == ([("demo", "market", "tea", Unit.PIECE, expected, 2.0 * len(counted))] if known else [])


def test_what_was_granted_counts_but_for_what_is_to_be_set_aside(hub: Hub) -> None:
    with hub.store.write() as connection:
        idle = add_kiosk(connection, "market")
        add_account(connection, idle, "market", Account(received=2), coming=7)
        add_placed(connection, idle, "market", 4)
    with hub.store.read() as connection:
        (at,) = books.amounts_at(connection, "demo", "market")
        (of,) = books.amounts_of(connection, [key("market")])
    assert at == of
    assert at.amount == 2 + 7 - 4


def test_an_answer_is_kept_for_as_long_as_its_goods_allow(api: Api) -> None:
    def kept(**params: Any) -> tuple[str, str]:
        api.rows(**params)
        headers = api.get(params).headers
        return headers["x-availability-class"], headers["cache-control"]

    assert kept(sku="tea", site="harbour") == ("cold", "public, max-age=60, stale-while-revalidate=300")
    assert kept(sku="tea") == ("warm", "public, max-age=15, stale-while-revalidate=60")
    with api.hub.store.write() as connection:
        connection.execute(update(accounts).where(accounts.c.site == "harbour").values(rate=1000.0))
        note_keys(connection, [key("harbour")])
    assert kept(sku="tea") == ("hot", "public, max-age=2, stale-while-revalidate=5")
    assert kept(sku="unheard-of")[0] == "warm"
    assert KEEPING[Heat.HOT].max_age_s == 2


def test_an_answer_is_sent_again_only_when_it_changed(api: Api) -> None:
    api.held.refresh()
    first = api.get({"sku": "tea"})
    etag = first.headers["etag"]
    assert etag[0] == etag[-1] == '"'  # strong
    for known in (etag, f'"other", W/{etag}', "*"):
        again = api.get({"sku": "tea"}, **{"If-None-Match": known})
        assert (again.status_code, again.content) == (304, b"")
        assert again.headers["etag"] == etag
        assert again.headers["cache-control"] == first.headers["cache-control"]
    assert api.get({"sku": "tea"}, **{"If-None-Match": '"other"'}).status_code == 200
    with api.hub.store.write() as connection:
        connection.execute(update(accounts).where(accounts.c.site == "fair").values(sold=1))
        note_keys(connection, [key("fair", "rum", Unit.MILLILITRE)])
    api.held.refresh()
    assert api.get({"sku": "tea"}, **{"If-None-Match": etag}).status_code == 304  # of other goods
    with api.hub.store.write() as connection:
        note_keys(connection, [key("market")])
    api.held.refresh()
    newer = api.get({"sku": "tea"}, **{"If-None-Match": etag})
    assert newer.status_code == 200
    assert newer.headers["etag"].startswith(f'"{api.held.number}-')
    api.hub.clock.advance(1000)
    aged = api.get({"sku": "tea"}, **{"If-None-Match": newer.headers["etag"]})
    assert aged.status_code == 200  # nothing changed, and yet it says "ask" now
    assert {one["shown"] for one in aged.json()["availability"]} == {"ask"}


def test_an_answer_names_what_to_purge_it_by(api: Api) -> None:
    api.held.refresh()
    headers = api.get({"sku": "tea"}).headers
    assert set(headers["xkey"].split()) == {
        "sku:tea",
        "site:demo/market",
        "site:demo/harbour",
        "geo:u33dc",
        "geo:u1x0d",
    }
    assert headers["surrogate-key"] == headers["xkey"]
    assert "sku:caf%C3%A9%20noir" in api.get({"sku": "café noir"}).headers["xkey"]


def test_the_tags_of_a_long_answer_are_those_that_it_cannot_do_without(api: Api) -> None:
    with api.hub.store.write() as connection:
        for n in range(200):
            add_pool(connection, "market", 1, sku=f"sku-{n:03}")
    api.held.refresh()
    assert set(api.get({"site": "market", "limit": 50}).headers["xkey"].split()) > {"site:demo/market", "sku:sku-001"}
    assert api.get({"site": "market", "limit": 150}).headers["xkey"] == "site:demo/market"


def test_a_sites_goods_come_in_pages(api: Api) -> None:
    with api.hub.store.write() as connection:
        for n in range(5):
            add_pool(connection, "market", n, sku=f"sku-{n}")
    api.held.refresh()
    seen: list[str] = []
    after: str | None = ""
    while after is not None:
        page = api.get({"site": "market", "limit": 2, "after": after}).json()
        seen += [one["sku"] for one in page["availability"]]
        after = page["next"]
    assert seen == ["sku-0", "sku-1", "sku-2", "sku-3", "sku-4", "tea"]


def test_the_feed_tells_sku_site_and_geo_in_bounded_pages(api: Api) -> None:
    with api.hub.store.write() as connection:
        note_keys(connection, [key("market"), key("harbour"), key("fair", "rum", Unit.MILLILITRE)])
    api.held.refresh()
    first = api.get({"limit": 2}, f"{V1}/changes").json()
    rest = api.get({"after": first["next"]}, f"{V1}/changes").json()
    told = [*first["changes"], *rest["changes"]]
    assert [(one["site"], one["sku"], one["unit"], one["geo"]) for one in told] == [
        ("fair", "rum", "ml", ""),
        ("harbour", "tea", "pc", "u1x0d"),
        ("market", "tea", "pc", "u33dc"),
    ]
    assert [one["number"] for one in told] == sorted(one["number"] for one in told)
    assert rest["next"] == told[-1]["number"]
    end = api.get({"after": rest["next"]}, f"{V1}/changes")
    assert end.json() == {"changes": [], "next": rest["next"]}
    assert end.headers["cache-control"] == "no-store"


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({}, "sku"),
    ({"sku": ""}, "sku"),
    ({"sku": " tea"}, "sku"),
    ({"sku": "x" * 65}, "sku"),
    ({"sku": [f"s{n}" for n in range(51)]}, "sku"),
    ({"site": "DOWNTOWN"}, "site"),
    ({"site": [f"s{n}" for n in range(51)]}, "site"),
    ({"sku": "tea", "region": "x" * 33}, "region"),
    ({"sku": "tea", "region": "Ö"}, "region"),
    ({"sku": "tea", "limit": 0}, "limit"),
    ({"sku": "tea", "limit": 1001}, "limit"),
    ({"sku": "tea", "limit": "many"}, "limit"),
    ({"skus": "tea"}, "skus"),
    ({"site": "market", "after": "x" * 65}, "after"),
    *(({"sku": "tea", "near": near}, "near") for near in ("here", "1", "1,2,3", "91,0", "0,181", "nan,0", "inf,1")),
]


def test_what_is_asked_wrongly_is_told_by_its_name(api: Api) -> None:
    api.held.refresh()
    for params, field in REFUSED:  # one application for all: each needs a database
        answer = api.get(params)
        assert answer.status_code == 422, params
        assert answer.headers["content-type"] == "application/problem+json"
        said = answer.json()
        assert said["errors"][0]["field"] == said["detail"].split(":")[0] == field, params
        assert not set("`^$[") & set(said["detail"]), said["detail"]  # words, no pattern and no list of the framework's
        assert answer.headers["cache-control"] == "no-store"


def test_the_question_is_described(api: Api) -> None:
    described = api.get({}, "/openapi.json").json()["paths"][V1]["get"]["parameters"]
    assert {one["name"] for one in described} == {"sku", "site", "region", "near", "after", "limit"}
    assert next(one for one in described if one["name"] == "limit")["schema"]["maximum"] == 1000


def test_the_feed_is_asked_in_whole_numbers(api: Api) -> None:
    api.held.refresh()
    for params in ({"after": -1}, {"after": "x"}, {"limit": 0}, {"limit": 1001}):
        assert api.get(params, f"{V1}/changes").status_code == 422


def test_before_the_first_look_it_says_so(api: Api) -> None:
    for path in (V1, f"{V1}/changes"):
        answer = api.get({"sku": "tea"}, path)
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "1")


def test_a_site_that_nobody_knows_is_named_and_kept_by_no_cache(api: Api) -> None:
    api.held.refresh()
    for params in ({"site": "nosuch"}, {"site": "nosuch", "sku": "tea"}, {"site": "market", "region": "south"}):
        answer = api.get(params)
        assert (answer.status_code, answer.json()["code"]) == (404, "unknown_site")
        assert params["site"] in answer.json()["detail"]
        assert answer.headers["cache-control"] == "no-store"


def test_a_site_that_has_nothing_yet_can_be_purged_when_it_has(api: Api) -> None:
    with api.hub.store.write() as connection:
        save_site(connection, SiteRow("demo", "bridge"))
    api.held.refresh()
    answer = api.get({"site": "bridge"})
    assert (answer.status_code, answer.json()["availability"], answer.headers["xkey"]) == (200, [], "site:demo/bridge")
    both = api.get([("site", "market"), ("site", "nosuch")])
    assert {"site:demo/market", "site:demo/nosuch"} <= set(both.headers["xkey"].split())


def test_head_is_answered_as_get_without_the_body(api: Api) -> None:
    api.held.refresh()
    whole, head = api.get({"sku": "tea"}), api.head({"sku": "tea"})
    assert (head.status_code, head.content, head.headers) == (200, b"", whole.headers)
    assert int(head.headers["content-length"]) == len(whole.content) > 0
    assert api.head({}).status_code == 422
    assert api.head({}, "/nowhere").status_code == 404
    assert api.head({}, "/health").status_code == 200


def test_nothing_else_is_kept(api: Api) -> None:
    for path in ("/health", "/stock", "/kiosks", "/nowhere"):
        assert api.get({}, path).headers["cache-control"] == "no-store"


def test_answers_go_on_while_the_books_cannot_be_read(api: Api) -> None:
    assert api.rows(sku="rum") == [("fair", "rum", "750 ml")]
    with api.hub.store.write() as connection:
        connection.execute(text("ALTER TABLE changes RENAME TO lost"))
    assert api.get({"sku": "rum"}).json()["availability"][0]["shown"] == "750 ml"
    assert api.get({}, f"{V1}/changes").status_code == 503
