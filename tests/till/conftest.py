"""The till over its real desk, in a headless terminal."""

from collections.abc import AsyncIterator, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from pathlib import Path

import pytest
from disks import read_only, small_disk
from till_hands import Hands
from till_terminal import stock_desk

from kiosk.station import open_station
from kiosk.till.app import TillApp

__all__ = ["open_till", "read_only", "small_disk"]


@pytest.fixture
def open_till(tmp_path: Path) -> Callable[..., AbstractAsyncContextManager[Hands]]:
    """Return a context manager that opens a till over a real folder."""

    @asynccontextmanager
    async def opened(desk=None, size=(80, 24), **settings) -> AsyncIterator[Hands]:
        with open_station(desk or stock_desk(tmp_path / "data")) as station:
            app = TillApp(station, **settings)
            async with app.run_test(size=size) as pilot:
                yield Hands(app, pilot)

    return opened
