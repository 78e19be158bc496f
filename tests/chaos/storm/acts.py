"""How often people and programs did what rights are about: each must happen in a run that is to prove something."""

from collections import Counter
from collections.abc import Mapping
from contextlib import closing
from typing import Any, Final

from storm import probe
from storm.diary import entries
from storm.world import World

_BY_FACT: Final = {
    "rights_asked_for": "rights.requested",
    "recalls_answered": "rights.released",
    "goods_wasted": "stock.wasted",
    "vans_loaded": "transfer.sent",
    "vans_unloaded": "transfer.received",
    "shelves_counted": "stock.counted",
    "holds": "reservation.held",
    "holds_collected": "reservation.collected",
    "holds_lapsed": "reservation.lapsed",
    "holds_cancelled": "reservation.cancelled",
    "promises_told": "promise.told",
}
_BY_BOOKS: Final = {
    "rights_granted": "SELECT count(*) FROM accounts WHERE issued > 0",
    "counts_that_differed": "SELECT count(*) FROM counts WHERE difference <> 0",
    "hub_reservations_at_tills": "SELECT count(*) FROM reservations WHERE source = 'order' AND kiosk_id IS NOT NULL",
    "lives_closed_by_hand": "SELECT count(*) FROM lives WHERE closed_why = 'stolen'",
    "promises_of_goods": "SELECT count(*) FROM promises WHERE state IN ('confirmed', 'elsewhere')",
    "promises_refused": "SELECT count(*) FROM promises WHERE state = 'sorry'",
}
_TRANSFER: Final = "json_extract(CAST(bytes AS TEXT), '$.data.transfer') AS van, received_at FROM facts WHERE type LIKE"
_VANS_FIRST: Final = (
    f"SELECT count(*) FROM (SELECT {_TRANSFER} 'transfer.received.%') AS came "  # noqa: S608 - all of it is here
    f"JOIN (SELECT {_TRANSFER} 'transfer.sent.%') AS went USING (van) WHERE came.received_at < went.received_at"
)


def acts(world: World, kinds: Mapping[str, int]) -> dict[str, int]:
    """Return how often each happened, by the facts, the books and the diaries."""
    said = [entry for kiosk in world.kiosks for entry in entries(kiosk.diary)]
    web = Counter(entry["say"] for entry in entries(world.web_diary))
    with closing(probe.reader(world.hub.db)) as db:
        of_books = {name: int(db.execute(sql).fetchone()[0]) for name, sql in _BY_BOOKS.items()}
        of_books["vans_unloaded_before_heard_of"] = int(db.execute(_VANS_FIRST).fetchone()[0])
    return {
        **{name: kinds.get(kind, 0) for name, kind in _BY_FACT.items()},
        **of_books,
        "rights_lost_with_books": world.rights_lost,
        "baskets_parked": _count(said, "parked"),
        "promises_asked_online": _count(said, "asked", linked=True),
        "promises_asked_in_a_partition": _count(said, "asked", linked=False),
        **{f"web_{word}": web[word] for word in ("held", "confirmed", "cancelled", "repeated")},
    }


def _count(said: list[dict[str, Any]], word: str, **rest: Any) -> int:
    return sum(entry["say"] == word and all(entry[key] == value for key, value in rest.items()) for entry in said)
