"""Where a page begins: cursors as text that a caller hands back as it got it."""

import base64
import json
from dataclasses import dataclass
from typing import Annotated, Final

from fastapi import Query

from hub.api.problems import Problem, malformed
from hub.core.read_models import StockView
from hub.store.stock import StockCursor

MAX_LIMIT: Final = 1000  # a page of the largest view is below 1 MB
Limit = Annotated[int, Query(ge=1, le=MAX_LIMIT, description="Rows a page.")]
AfterId = Annotated[int, Query(ge=0, le=2**53 - 1, description="The last id of the page before.")]
_PARTS: Final = 5


@dataclass(frozen=True, slots=True)
class StockPage:
    """Stock accounts; ``next`` is the ``after`` of the page that follows, null on the last."""

    stock: list[StockView]
    next: str | None


def stock_page(found: list[StockView], limit: int) -> StockPage:
    """Return a page; a full one names where the next begins."""
    return StockPage(found, stock_cursor(found[-1]) if len(found) == limit else None)


def stock_cursor(view: StockView) -> str:
    """Return what to hand back for the page after ``view``."""
    key = [view.region, view.site, view.sku, view.condition, view.unit]
    return base64.urlsafe_b64encode(json.dumps(key).encode()).decode()


def parse_stock_cursor(text: str) -> StockCursor | None:
    """Return the account that a cursor names.

    Raises: Problem, 422.
    """
    if not text:
        return None
    try:
        key = json.loads(base64.urlsafe_b64decode(text))
    except ValueError as error:
        raise _bad_cursor() from error
    if not isinstance(key, list) or len(key) != _PARTS or not all(isinstance(part, str) for part in key):
        raise _bad_cursor()
    region, site, sku, condition, unit = key
    return region, site, sku, condition, unit


def _bad_cursor() -> Problem:
    """Return a new one: what is raised twice keeps the frames of both."""
    return malformed("after", "not a cursor that this hub gave; begin without it")
