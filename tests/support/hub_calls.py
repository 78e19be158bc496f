"""Calls the hub's API of reservations without a port."""

import asyncio
from typing import Any

import httpx
from fastapi import FastAPI
from hub_books import Hub

from hub.api.app import create_app
from hub.availability.live import Availability
from hub.core.incarnation import Life
from hub.promises.holds import Holds
from hub.service import Health

WELL = Health(
    connected=True, link="", database="ok", waiting=0, dropped=0, refused=0, positions_taken=0, kiosks_online=0
)
AT_MARKET = "/v1/sites/demo/market/reservations"


class Api:
    """The API without a port, over the hub's books and clock."""

    def __init__(self, hub: Hub) -> None:
        self.hub = hub
        self.lives: list[Life] = []
        self._ids = 0
        self.holds = Holds(hub.store, hub.clock, new_id=self._new_id, keep=self.lives.append)
        self.app: FastAPI = create_app(hub.store, lambda: WELL, Availability(hub.store, hub.clock), self.holds)

    def _new_id(self) -> str:
        self._ids += 1
        return f"r-{self._ids}"

    def get(self, address: str) -> httpx.Response:
        return self.ask("GET", address)

    def post(
        self, address: str, body: Any = None, *, key: str | None = None, raw: bytes | None = None
    ) -> httpx.Response:
        headers = {"Idempotency-Key": key} if key is not None else {}
        return self.ask("POST", address, headers=headers, **({"content": raw} if raw is not None else {"json": body}))

    def ask(self, method: str, address: str, **how: Any) -> httpx.Response:
        async def run() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url="http://hub") as client:
                return await client.request(method, address, **how)

        return asyncio.run(run())

    def hold(self, amount: int = 2, *, key: str = "k-1", **more: Any) -> httpx.Response:
        return self.post(AT_MARKET, wish(amount) | more, key=key)


def wish(amount: int = 2, sku: str = "tea") -> dict[str, Any]:
    return {"lines": [{"sku": sku, "quantity": {"amount": amount}}]}
