"""What kiosks ask for beside the sums: promises and the course of reservations, inside the transaction of ingest."""

from collections.abc import Sequence
from typing import NamedTuple

from sqlalchemy import Connection

from hub.core.reconcile import Asked
from hub.store.inbox import KioskRow


class Asked_(NamedTuple):  # noqa: N801 - one fact that asks, beside the union of what facts ask
    """What a fact, or a request ahead of its fact (``seq`` 0), asks for."""

    kiosk: KioskRow
    epoch: int
    seq: int
    data: Asked


def answer(connection: Connection, asked: Sequence[Asked_], now: str) -> None:
    """Heed facts of reservations and promises; others are passed over. The kiosks of ``asked`` are locked."""
    raise NotImplementedError
