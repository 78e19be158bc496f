"""Compares what was shown as sold, what the tills' journals hold, and what the hub's books say. Reads files only."""

import sqlite3
from collections import Counter
from contextlib import closing
from pathlib import Path

import msgspec
from msgspec import Struct

from contract.codec import verify_chain
from contract.errors import BrokenChain
from contract.values import Seq


class Books(Struct, frozen=True):
    """One kiosk's comparison. Money is in minor units."""

    kiosk: str
    sales: int
    facts: int
    lost: int
    doubled: int
    chain_ok: bool
    till_minor: int
    hub_minor: int


class _SoldLine(Struct):
    sku: str
    quantity: dict[str, int | str]


class _Sale(Struct):
    lines: list[_SoldLine]


class _Event(Struct):
    data: _Sale


def compare(kiosk: str, site: str, journal: Path, diary: Path, hub: Path) -> Books:
    """Return how a kiosk's journal and diary agree with the hub's books."""
    with closing(_read(journal)) as till, closing(_read(hub)) as books:
        at = (site, kiosk)
        ours = Counter(till.execute("SELECT epoch, seq, digest FROM facts").fetchall())
        theirs = Counter(
            books.execute(
                "SELECT f.epoch, f.seq, f.digest FROM facts f JOIN kiosks k ON k.id = f.kiosk_id "
                "WHERE k.site = ? AND k.kiosk = ? AND f.lane = 'till'",
                at,
            ).fetchall()
        )
        sold = dict(till.execute(f"SELECT '{kiosk}-' || epoch || '-' || n, total_minor FROM receipts").fetchall())  # noqa: S608
        booked = books.execute(
            "SELECT r.receipt, r.total_minor FROM receipts r JOIN kiosks k ON k.id = r.kiosk_id "
            "WHERE k.site = ? AND k.kiosk = ?",
            at,
        ).fetchall()
        shown = dict(line.rsplit(" ", 1) for line in diary.read_text().splitlines()) if diary.exists() else {}
        missing = [receipt for receipt, total in shown.items() if dict(booked).get(receipt) != int(total)]
        foreign = [receipt for receipt, total in booked if sold.get(receipt) != total]
        return Books(
            kiosk=f"{site}/{kiosk}",
            sales=len(sold),
            facts=ours.total(),
            lost=(ours - theirs).total() + len(missing),
            doubled=(theirs - ours).total() + len(booked) - len(dict(booked)) + len(foreign),
            chain_ok=_chain_ok(till),
            till_minor=sum(sold.values()),
            hub_minor=sum(total for _, total in booked),
        )


def compare_stock(journals: list[Path], site: str, hub: Path) -> tuple[int, int]:
    """Return units (sold at the site's tills but not in the hub's stock, in the hub's stock but not sold)."""
    ours: Counter[str] = Counter()
    for journal in journals:
        with closing(_read(journal)) as till:
            for (raw,) in till.execute("SELECT bytes FROM facts WHERE type LIKE 'sale.recorded.%'"):
                for line in msgspec.json.decode(raw, type=_Event).data.lines:
                    ours[line.sku] += int(line.quantity["amount"])
    with closing(_read(hub)) as books:
        theirs = Counter(
            dict(books.execute("SELECT sku, sum(sold) FROM accounts WHERE site = ? GROUP BY sku", (site,)))
        )
    return (ours - theirs).total(), (theirs - ours).total()


def quarantined(hub: Path) -> int:
    """Return how many facts the hub set aside."""
    with closing(_read(hub)) as books:
        return int(books.execute("SELECT count(*) FROM quarantine").fetchone()[0])


def unsent(journal: Path, site: str, kiosk: str, hub: Path) -> int:
    """Return how many facts of a journal the hub has not committed."""
    with closing(_read(journal)) as till, closing(_read(hub)) as books:
        newest = till.execute(
            "SELECT coalesce(sum(m), 0) FROM (SELECT max(seq) m FROM facts GROUP BY epoch)"
        ).fetchone()
        reached = books.execute(
            "SELECT coalesce(sum(l.position), 0) FROM lanes l JOIN kiosks k ON k.id = l.kiosk_id "
            "WHERE k.site = ? AND k.kiosk = ? AND l.lane = 'till'",
            (site, kiosk),
        ).fetchone()
    return int(newest[0] - reached[0])


def _chain_ok(till: sqlite3.Connection) -> bool:
    for (epoch,) in till.execute("SELECT DISTINCT epoch FROM facts").fetchall():
        rows = till.execute("SELECT seq, bytes FROM facts WHERE epoch = ? ORDER BY seq", (epoch,))
        try:
            for _ in verify_chain((Seq(seq), raw) for seq, raw in rows):
                pass
        except BrokenChain:
            return False
    return True


def _read(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{path}?mode=ro", uri=True, timeout=10)
