"""Statements of passages: rights between tills, and goods between sites, that left and have or have not arrived."""

from collections.abc import Iterable
from typing import Any, Final

from sqlalchemy import Connection

from hub.core.reconcile import Passage
from hub.store.rights_tables import passages
from hub.store.upsert import Insert, Many, insert

_KEY: Final = ("region", "kind", "id", "sku", "condition", "unit")


def add(connection: Connection, halves: Iterable[tuple[str, Passage, int]], now: str) -> None:
    """Add halves, each with its region and the kiosk that told of it; either may come first.

    Sorted, so that no two transactions wait in a ring.
    """
    _ADD.run(connection, [_row(region, half, now) for region, half, _ in sorted(halves)])


def _sum(connection: Connection) -> Insert:
    statement = insert(connection, passages)
    sums = {term: passages.c[term] + statement.excluded[term] for term in ("out", "into")}
    return statement.on_conflict_do_update(index_elements=list(_KEY), set_=sums | {"at": statement.excluded.at})


_ADD: Final = Many(_sum)


def _row(region: str, half: Passage, now: str) -> dict[str, Any]:
    return {
        "region": region,
        "kind": half.kind,
        "id": half.id,
        "sku": half.what.sku,
        "condition": half.what.condition,
        "unit": half.what.unit,
        "giver": half.ends[0],
        "receiver": half.ends[1],
        "site": half.site,
        "out": half.out,
        "into": half.into,
        "at": now,
    }
