"""An independent judge: journals, diaries and the hub's books compared. It shares no code with what it judges.

It knows the tables, docs/facts.md and the diary, and reads them with SQL, JSON and SHA-256 alone. One loss may be seen
in several places (a fact, a receipt, a sum of money, a shelf), and counts in each: what matters is that it is 0.
"""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from storm.check_chain import papers
from storm.check_facts import Place
from storm.check_findings import Findings
from storm.check_hub import check_kiosk, check_set_aside, check_stock, check_strangers
from storm.check_read import committed, newest, read_books, read_journal
from storm.check_till import Told, check_diary, check_journal
from storm.diary import entries


class Shop(NamedTuple):
    """One kiosk's till, and the diary of who sold there."""

    region: str
    site: str
    kiosk: str
    journal: Path
    diary: Path

    @property
    def place(self) -> Place:
        """Return which kiosk it is."""
        return Place(self.region, self.site, self.kiosk)


class Verdict(NamedTuple):
    """What the judge found.

    ``refused`` is how many tenders the till said that it could not store; ``refused_yet_recorded`` how many baskets
    among them are in the journal all the same (a commit may succeed and its answer fail). ``findings`` has the first
    fifty sentences, faults before notes.
    """

    facts: int
    sales: int
    refunds: int
    lost: int
    doubled: int
    chain_ok: bool
    refused: int
    findings: list[str]
    refused_yet_recorded: int = 0

    def to_json(self) -> str:
        """Return it as one JSON object."""
        return json.dumps(self._asdict())


def judge(shops: Sequence[Shop], hub_db: Path) -> Verdict:
    """Return how diaries, journals and the hub's books agree. All that wrote them has ended, or is idle."""
    findings = Findings()
    journals = [read_journal(shop.journal, shop.place) for shop in shops]
    books = read_books(hub_db, journals)
    told: dict[Place, Told] = {}
    for shop, journal in zip(shops, journals, strict=True):
        check_journal(journal, findings)
        told[shop.place] = check_diary(journal, entries(shop.diary), findings)
        check_kiosk(journal, books, findings)
    check_strangers(set(told), books, findings)
    check_stock(journals, told, books, findings)
    check_set_aside(books, findings)
    kinds = [paper.kind for journal in journals for paper in papers(journal.facts)]
    return Verdict(
        facts=sum(len(journal.facts) for journal in journals),
        sales=kinds.count("sale"),
        refunds=kinds.count("refund"),
        lost=findings.lost_count,
        doubled=findings.doubled_count,
        chain_ok=findings.chain_ok,
        refused=sum(one.refused for one in told.values()),
        findings=findings.said(),
        refused_yet_recorded=sum(one.refused_yet_recorded for one in told.values()),
    )


def unsent(shops: Sequence[Shop], hub_db: Path) -> int:
    """Return how many facts of the journals the hub has not committed; cheap enough to be asked every second."""
    reached = committed(hub_db)
    return sum(
        max(0, last - reached.get((shop.place, epoch), 0))
        for shop in shops
        for epoch, last in newest(shop.journal).items()
    )
