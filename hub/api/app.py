"""The API's addresses."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated

from fastapi import FastAPI, HTTPException, Query, Request
from fastapi.responses import JSONResponse

from contract.errors import Malformed
from contract.values import Lane, parse_address
from hub.api.pages import AfterId, Limit, parse_stock_cursor, stock_cursor
from hub.core.read_models import (
    ExceptionView,
    FactView,
    KioskView,
    QuarantineView,
    RegionView,
    SiteView,
    StockView,
)
from hub.service import Health
from hub.store import queries
from hub.store.database import Store
from hub.store.errors import WorldFailed
from hub.store.life import read_life


@dataclass(frozen=True, slots=True)
class HealthView:
    """How the hub is. ``status`` is ``ok``, or ``degraded`` while the link or the database is away."""

    status: str
    incarnation: int
    connected: bool
    link: str
    database: str
    waiting: int
    dropped: int
    refused: int
    positions_taken: int
    kiosks_online: int


@dataclass(frozen=True, slots=True)
class StockPage:
    """Stock accounts; ``next`` is the ``after`` of the page that follows, null on the last."""

    stock: list[StockView]
    next: str | None


def create_app(store: Store, health: Callable[[], Health]) -> FastAPI:
    """Return the API over ``store``."""
    app = FastAPI(title="popup-kiosk hub", docs_url=None, redoc_url=None)  # those pages load code from elsewhere

    @app.exception_handler(WorldFailed)
    def world_failed(_request: Request, error: WorldFailed) -> JSONResponse:
        return JSONResponse({"detail": f"the books cannot be read: {error}; try again later"}, 503)

    @app.get("/health")
    def get_health() -> HealthView:
        """Return how the hub is; 503 if the books cannot be read."""
        with store.read() as connection:
            life = read_life(connection)
        return _health_view(health(), life.incarnation if life else 0)

    @app.get("/regions")
    def get_regions() -> list[RegionView]:
        """Return every region."""
        with store.read() as connection:
            return queries.regions(connection)

    @app.get("/sites")
    def get_sites(region: str | None = None) -> list[SiteView]:
        """Return every site, or those of a region."""
        with store.read() as connection:
            return queries.sites(connection, region=region)

    @app.get("/kiosks")
    def get_kiosks(site: str | None = None, limit: Limit = 100, after: AfterId = 0) -> list[KioskView]:
        """Return kiosks by id: last seen, online, backlog of each lane."""
        with store.read() as connection:
            return queries.list_kiosks(connection, site=site, after=after, limit=limit)

    @app.get("/stock")
    def get_stock(
        site: str | None = None, sku: str | None = None, limit: Limit = 100, after: str | None = None
    ) -> StockPage:
        """Return stock accounts by site and sku."""
        cursor = parse_stock_cursor(after)
        with store.read() as connection:
            found = queries.list_stock(connection, site=site, sku=sku, after=cursor, limit=limit)
        return StockPage(found, stock_cursor(found[-1]) if len(found) == limit else None)

    @app.get("/facts")
    def get_facts(
        kiosk: Annotated[str, Query(description="region/site/kiosk")],
        lane: Lane = Lane.TILL,
        epoch: Annotated[int | None, Query(ge=1, description="The newest unless given.")] = None,
        limit: Limit = 100,
        after: Annotated[int, Query(ge=0, description="The last sequence number of the page before.")] = 0,
    ) -> list[FactView]:
        """Return a kiosk's facts, as they were taken, in order."""
        return _facts(store, kiosk, lane, epoch, limit, after)

    @app.get("/exceptions")
    def get_exceptions(*, resolved: bool = False, limit: Limit = 100, after: AfterId = 0) -> list[ExceptionView]:
        """Return what a person must decide; with ``resolved`` what was decided too."""
        with store.read() as connection:
            return queries.list_exceptions(connection, resolved=resolved, after=after, limit=limit)

    @app.get("/quarantine")
    def get_quarantine(*, resolved: bool = False, limit: Limit = 100, after: AfterId = 0) -> list[QuarantineView]:
        """Return the facts that were set aside, and why."""
        with store.read() as connection:
            return queries.list_quarantine(connection, resolved=resolved, after=after, limit=limit)

    return app


def _facts(store: Store, kiosk: str, lane: Lane, epoch: int | None, limit: int, after: int) -> list[FactView]:
    try:
        address = parse_address(kiosk)
    except Malformed as error:
        raise HTTPException(422, f"kiosk: {error.what}") from error
    with store.read() as connection:
        found = queries.kiosk_at(connection, address)
        if found is None:
            raise HTTPException(404, f"no kiosk {address} was ever heard of; /kiosks lists those that were")
        of_epoch = found.epoch if epoch is None else epoch
        return queries.list_facts(connection, found.id, epoch=of_epoch, lane=lane.value, after=after, limit=limit)


def _health_view(health: Health, incarnation: int) -> HealthView:
    well = health.database == "ok" and health.connected
    return HealthView(
        status="ok" if well else "degraded",
        incarnation=incarnation,
        connected=health.connected,
        link=health.link,
        database=health.database,
        waiting=health.waiting,
        dropped=health.dropped,
        refused=health.refused,
        positions_taken=health.positions_taken,
        kiosks_online=health.kiosks_online,
    )
