"""The change feed: which sku at which site is no longer available as it was.

Rules
-----
1.  A transaction that changes what is available notes the keys beside it: one row a key, however often it changes.
    A note has no number yet (``number`` 0), and costs no lock but that of its row.
2.  Numbers are given afterwards, to committed notes only, by whoever holds the feed's lock: :func:`give_numbers`.
    So a number never becomes visible before a smaller one: who read up to N asks for what is beyond N, and misses
    nothing. (Numbers that the transactions took themselves would become visible in the order of commits; a lock that
    kept the two in one order would be held while ingest works.) The newest number has a row of its own, whose lock
    makes hubs take turns: the change that had it may have been noted anew since.
3.  A key that changes again gets a new, larger number; its old one is gone. A reader sees the newest change of each.
4.  A number begins with the hub's incarnation. In the first rounds of a new one every key gets a new number: books
    that went back are told anew, and no number ever means two things.
"""

from collections.abc import Iterable
from typing import Final, NamedTuple

from sqlalchemy import Connection, bindparam, select, update

from contract.stock import StockKey
from contract.values import Condition
from hub.store.accounts import stock_key
from hub.store.availability_tables import change_numbers
from hub.store.database import Store
from hub.store.life import read_life
from hub.store.rights_tables import changes
from hub.store.upsert import Insert, Many, Question, insert, insert_new

PoolKey = tuple[str, str, StockKey]  # region, site, what: hub.store.pools names the parts
AT_ONCE: Final = 1000  # keys that get numbers in one transaction: some 20 ms, in which no fact is booked on SQLite
INCARNATION_SHIFT: Final = 40  # 10^12 changes an incarnation, 8,192 incarnations below 2^53
_KEY: Final = ("region", "site", "sku", "condition", "unit")
_GIVEN: Final = (*(f"of_{name}" for name in _KEY), "new")


class Change(NamedTuple):
    """What changed, as its newest number."""

    number: int
    region: str
    site: str
    what: StockKey
    at: str


def note(connection: Connection, keys: Iterable[PoolKey], now: str) -> None:
    """Note that ``keys`` are no longer available as they were: sellable ones, for nobody is told of others.

    Sorted, so that no two transactions wait for each other in a ring.
    """
    rows = [
        {
            "region": region,
            "site": site,
            "sku": what.sku,
            "condition": what.condition,
            "unit": what.unit,
            "number": 0,
            "at": now,
        }
        for region, site, what in sorted(set(keys))
        if what.condition is Condition.SELLABLE
    ]
    _NOTE.run(connection, rows)


def give_numbers(store: Store, *, at_once: int = AT_ONCE) -> int:
    """Give numbers to at most ``at_once`` committed notes; return how many there were. Raises WorldFailed."""
    with store.read() as connection:
        if not _ANY_FRESH.ask(connection, {"first": _first_of_life(connection)}):
            return 0
    with store.write() as connection:
        first = _first_of_life(connection)
        newest = max(_lock(connection), first)
        fresh = _FRESH.ask(connection, {"first": first, "at_most": at_once})
        rows = [dict(zip(_GIVEN, (*row, number), strict=True)) for number, row in enumerate(fresh, newest + 1)]
        _GIVE.run(connection, rows)
        if rows:
            connection.execute(update(change_numbers).values(newest=newest + len(rows)))
    return len(rows)


def newest_number(connection: Connection) -> int:
    """Return the newest number that was given, 0 before the first."""
    return connection.execute(select(change_numbers.c.newest)).scalar_one_or_none() or 0


def read_changes(connection: Connection, *, after: int, limit: int) -> list[Change]:
    """Return at most ``limit`` changes beyond ``after``, by number."""
    return [
        Change(number, region, site, stock_key(*what), at)
        for number, region, site, *what, at in _READ.ask(connection, {"after": after, "at_most": limit})
    ]


def _lock(connection: Connection) -> int:
    """Let no other hub give numbers until the end of this transaction; return the newest one."""
    insert_new(connection, change_numbers, [{"id": 1, "newest": 0}])
    return int(connection.execute(select(change_numbers.c.newest).with_for_update()).scalar_one())


def _note(connection: Connection) -> Insert:
    statement = insert(connection, changes)
    return statement.on_conflict_do_update(
        index_elements=list(_KEY), set_={"number": statement.excluded.number, "at": statement.excluded.at}
    )


def _first_of_life(connection: Connection) -> int:
    life = read_life(connection)
    return (life.incarnation if life else 1) << INCARNATION_SHIFT


_NOTE: Final = Many(_note)
_FRESH: Final = Question(
    select(*(changes.c[name] for name in _KEY))
    .where(changes.c.number < bindparam("first"))
    .order_by(changes.c.number)  # what is new first, then what an earlier incarnation told
    .limit(bindparam("at_most"))
    .with_for_update(skip_locked=True)  # who notes the same key just now notes it anew: nothing is missed
)
_ANY_FRESH: Final = Question(select(changes.c.number).where(changes.c.number < bindparam("first")).limit(1))
_GIVE: Final = Many(
    lambda _: (
        update(changes)
        .where(*(changes.c[name] == bindparam(of) for name, of in zip(_KEY, _GIVEN, strict=False)))
        .values(number=bindparam("new"))
    )
)
_READ: Final = Question(
    select(changes.c.number, *(changes.c[name] for name in _KEY), changes.c.at)
    .where(changes.c.number > bindparam("after"))
    .order_by(changes.c.number)
    .limit(bindparam("at_most"))
)
