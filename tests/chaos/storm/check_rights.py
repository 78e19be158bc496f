"""Whether anything was promised twice: the books of rights, what tills and diaries say, and the shelf by hand.

Asked once all is healed, counted and settled, with plain SQL and JSON; it shares no code with what it judges.

- *I2*: each site's rights add up, sku by sku (docs/rights.md); asked of one moment, so it may be asked at any.
- *oversold*: what shoppers rely on at a site beyond what lies there, less what the books say openly that is owed; and
  what was sold by right beyond what ever came in.
- *overdrafts*: what tills booked as goods in hand, beside what the storm itself saw leave without rights.
- *promises broken*: see :mod:`storm.check_promises`.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from storm.check_facts import Fact
from storm.check_findings import Findings
from storm.check_read import Journal, reading
from storm.shelf import totals

Pair = tuple[str, str]  # site, sku
Key = tuple[str, str, str, str]  # site, sku, condition, unit

_CAME: Final = "a.received + a.returned + a.adjusted"
_BALANCE: Final = (
    "a.granted + a.received + a.returned + a.moved_in + a.arrived + a.adjusted + a.overdraft "
    "- a.sold - a.released - a.moved_out - a.sent - a.wasted"  # available and held
)
# What went, is there and is on its way, less what came and is owed: nothing, at each site (I2).
_OF_ACCOUNTS: Final = f"""SELECT a.site, a.sku, a.condition, a.unit, sum(
    a.sold + a.wasted + a.sent - a.arrived + a.moved_out - a.moved_in - ({_CAME})
    + CASE WHEN l.closed_at IS NULL THEN {_BALANCE} + a.issued - a.granted ELSE 0 END)
FROM accounts a LEFT JOIN lives l ON l.kiosk_id = a.kiosk_id AND l.epoch = a.epoch GROUP BY 1, 2, 3, 4"""  # noqa: S608
_OF_POOLS: Final = """SELECT site, sku, condition, unit, free + reserved + limbo - adjusted - unsettled - deficit
FROM pools"""
_BELOW: Final = f"""SELECT a.site, a.sku, a.condition, a.unit, a.held - ({_BALANCE}) FROM accounts a
JOIN lives l ON l.kiosk_id = a.kiosk_id AND l.epoch = a.epoch WHERE l.closed_at IS NULL AND {_BALANCE} < a.held"""  # noqa: S608
# Books that went back know a till's rights again once it has reported them (I11); until then they may show too few.
_REPORTED: Final = " AND l.reported >= (SELECT incarnation FROM hub_life)"
_SHELF: Final = """SELECT site, sku, received + returned + arrived + adjusted - sold - wasted - sent FROM accounts
WHERE condition = 'sellable' UNION ALL SELECT site, sku, adjusted FROM pools WHERE condition = 'sellable'"""
_BOOKED: Final = """SELECT r.id, r.site, l.sku, l.amount FROM reservations r
JOIN reservation_lines l ON l.reservation = r.id WHERE r.state IN ('reserved', 'placed', 'held')"""
_HELD: Final = """SELECT r.id, l.sku, l.amount FROM reservations r
JOIN reservation_lines l ON l.reservation = r.id WHERE r.state = 'held'"""
_SIGNS: Final = {
    **dict.fromkeys(("received", "returned", "adjusted", "overdraft", "moved_in", "arrived"), 1),
    **dict.fromkeys(("sold", "released", "moved_out", "sent", "wasted", "held"), -1),
}


class World(NamedTuple):
    """What the shelf, the tills and the hub say of goods, in the end."""

    there: Mapping[Pair, int]
    owed: Mapping[Pair, int]
    promised: Mapping[Pair, Mapping[str, int]]  # by reservation
    unbooked: Mapping[Pair, int]  # stolen (-) or found (+), net
    came: Mapping[str, int]  # by sku: deliveries, and what shoppers brought back


def imbalance(hub_db: Path, *, at_rest: bool = True) -> dict[Key, int]:
    """Return by how much I2 does not hold, and by how much a till is below nothing (I1), at one moment.

    Amid a storm, I1 is asked of lives that have reported since the books went back; ``at_rest``, of every open one.
    """
    total: Counter[Key] = Counter()
    with reading(hub_db) as db:
        for sql in (_OF_ACCOUNTS, _OF_POOLS):
            for *key, amount in db.execute(sql):
                total[*key] += amount
        for *key, amount in db.execute(_BELOW + ("" if at_rest else _REPORTED)):
            total[*key] += amount
    return {key: amount for key, amount in total.items() if amount}


def check_i2(hub_db: Path, findings: Findings) -> None:
    """Find where the hub's books of rights do not add up."""
    for key, amount in sorted(imbalance(hub_db).items()):
        findings.rights("i2", abs(amount), f"the rights to {' '.join(key)} are {amount:+} off")


def read_world(sites: Mapping[Path, str], hub_db: Path, shelf_db: Path) -> World:
    """Return what shelf, tills (journals and their sites) and hub say."""
    promised: dict[Pair, dict[str, int]] = defaultdict(dict)
    owed: Counter[Pair] = Counter()
    with reading(hub_db) as db:
        for name, site, sku, amount in db.execute(_BOOKED):
            promised[site, sku][name] = amount
        for site, sku, amount in db.execute("SELECT site, sku, unsettled + deficit FROM pools"):
            owed[site, sku] += amount
    for journal, site in sites.items():
        with reading(journal) as db:
            for name, sku, amount in db.execute(_HELD):
                promised[site, sku][name] = amount
    with reading(shelf_db) as db:
        came: Counter[str] = Counter()
        unbooked: Counter[Pair] = Counter()
        for sku, amount in db.execute("SELECT sku, came FROM display"):
            came[sku] += amount
        for site, sku, amount in db.execute("SELECT site, sku, amount FROM unbooked"):
            unbooked[site, sku] += amount
        return World(totals(db), owed, promised, unbooked, came)


def check_oversold(world: World, hub_db: Path, findings: Findings) -> None:
    """Find what is promised and is not there, and what was sold by right and never came."""
    for (site, sku), by_name in sorted(world.promised.items()):
        there, owed = world.there.get((site, sku), 0), world.owed.get((site, sku), 0)
        if (over := sum(by_name.values()) - there - owed) > 0:
            findings.rights(
                "oversold", over, f"{site}: {sum(by_name.values())} of {sku} are promised, {there} there, {owed} owed"
            )
    with reading(hub_db) as db:
        sql = "SELECT sku, sum(sold) - sum(overdraft) FROM accounts WHERE condition = 'sellable' GROUP BY 1"
        sold = dict(db.execute(sql).fetchall())
    for sku, amount in sorted(sold.items()):
        came = world.came.get(sku, 0) + sum(found for (_, of), found in world.unbooked.items() if of == sku)
        owed = sum(one for (_, of), one in world.owed.items() if of == sku)
        if (over := amount - came - owed) > 0:
            findings.rights("oversold", over, f"{amount} of {sku} were sold by right, {came} ever came")


def check_shelf(world: World, hub_db: Path, findings: Findings) -> None:
    """Find where the shelf by the books is not the one that hands have counted."""
    books: Counter[Pair] = Counter()
    with reading(hub_db) as db:
        for site, sku, amount in db.execute(_SHELF):
            books[site, sku] += amount
    for site, sku in sorted(books.keys() | world.there.keys()):
        here, there = books[site, sku], world.there.get((site, sku), 0)
        findings.differs(f"{site}: what lies there of {sku}, by the books,", here=here, there=there)


def check_overdrafts(journals: Sequence[Journal], diaries: Sequence[list[dict[str, Any]]], findings: Findings) -> int:
    """Find goods in hand booked beyond what the storm saw leave without rights; return how many were booked."""
    booked = 0
    for journal, diary in zip(journals, diaries, strict=True):
        facts = {(fact.epoch, fact.seq): fact for fact in journal.facts}
        hands: dict[str, list[dict[str, Any]]] = defaultdict(list)
        for entry in diary:
            if entry["say"] == "hand":
                hands[entry["deed"]].append(entry)
        for fact in journal.facts:
            for sku, gone, overdraft in _overdrawn(fact):
                booked += overdraft
                allowed = max((_allowed(fact, sku, gone, hand, facts) for hand in hands.get(fact.deed, ())), default=0)
                if overdraft > allowed:
                    said = f"{journal.place}, sequence {fact.seq}: {overdraft} of {sku} booked as goods in hand"
                    findings.rights("overdrafts", overdraft - allowed, f"{said}, {allowed} were without rights")
    return booked


def _overdrawn(fact: Fact) -> Iterable[tuple[str, int, int]]:
    """Yield what of a fact is overdraft: sku, how many left, how many of them beyond."""
    moves = dict(fact.moves)
    for (sku, condition, unit, term), amount in moves.items():
        if term == "overdraft" and amount:
            gone = sum(moves.get((sku, condition, unit, how), 0) for how in ("sold", "wasted", "sent"))
            yield sku, gone, amount


def _allowed(fact: Fact, sku: str, gone: int, hand: Mapping[str, Any], facts: Mapping[tuple[int, int], Fact]) -> int:
    """Return how many of the goods the till had no right to, by what the diary saw and what was recorded since."""
    if (hand["epoch"], hand["seq"]) >= (fact.epoch, fact.seq):
        return 0
    if hand["epoch"] != fact.epoch:
        return gone  # a new life, without rights, began in between
    rights = int(hand["rights"].get(sku, 0))
    for seq in range(hand["seq"] + 1, fact.seq):
        for (of, condition, _, term), amount in facts[fact.epoch, seq].moves:
            rights += _SIGNS[term] * amount if (of, condition) == (sku, "sellable") else 0
    return max(0, gone - max(0, rights))


def loads(text: str | bytes | None) -> dict[str, Any]:
    """Return a JSON object, an empty one for none."""
    return dict(json.loads(text)) if text else {}
