"""An independent judge: journals, diaries and the hub's books compared. It shares no code with what it judges.

It knows the tables, docs/facts.md and the diary, and reads them with SQL, JSON and SHA-256 alone. One loss may be seen
in several places (a fact, a receipt, a sum of money, a shelf), and counts in each: what matters is that it is 0.
"""

import json
from collections import Counter
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, NamedTuple

from storm.check_cards import Cards, check_cards, read_cards, stock_of
from storm.check_chain import papers
from storm.check_facts import Place
from storm.check_findings import Findings
from storm.check_hub import check_kiosk, check_set_aside, check_stock, check_strangers
from storm.check_promises import check_goods as check_stored_goods
from storm.check_promises import check_promises, check_sent_away, check_web, losses, overdrawn
from storm.check_read import Journal, committed, newest, read_books, read_journal
from storm.check_rights import check_i2, check_overdrafts, check_oversold, check_shelf, read_world
from storm.check_till import Told, check_diary, check_journal
from storm.diary import entries


class Shop(NamedTuple):
    """One kiosk's till, and the diary of who sold there."""

    region: str
    site: str
    kiosk: str
    journal: Path
    diary: Path
    first_epoch: int = 1  # of its present card: of older ones it has the facts, by salvage, and no accounts

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
    oversold: int = 0
    i2_violations: int = 0
    overdrafts: int = 0
    overdrafts_beyond: int = 0
    promises_broken: int = 0
    kinds: Mapping[str, int] = {}

    def to_json(self) -> str:
        """Return it as one JSON object."""
        return json.dumps(self._asdict())


class Goods(NamedTuple):
    """What else was written down of goods: the shelf by hand, what programs were told, when books went back."""

    shelf_db: Path
    web: Path
    losses: Path


def judge(shops: Sequence[Shop], hub_db: Path, goods: Goods | None = None, *, clones: Sequence[Shop] = ()) -> Verdict:
    """Return how diaries, journals and the hub's books agree. All that wrote them has ended, or is idle.

    ``clones`` are copies of cards that sold on beside the ones they were made of.
    """
    findings = Findings()
    journals = [read_journal(shop.journal, shop.place) for shop in shops]
    books = read_books(hub_db, journals)
    copies = [read_journal(clone.journal, clone.place) for clone in clones]
    cards = {
        place: read_cards([one for one in (*journals, *copies) if one.place == place], books)
        for place in {copy.place for copy in copies}
    }
    told: dict[Place, Told] = {}
    for shop, journal in zip(shops, journals, strict=True):
        check_journal(journal, findings, first_epoch=shop.first_epoch)
        told[shop.place] = check_diary(journal, entries(shop.diary), findings)
        if shop.place in cards:
            check_cards(cards[shop.place], books, findings)
        else:
            check_kiosk(journal, books, findings)
    for clone, copy in zip(clones, copies, strict=True):
        check_journal(copy, findings, first_epoch=clone.first_epoch)
        before = {fact.digest for journal in journals for fact in journal.facts if journal.place == clone.place}
        own = copy._replace(facts=[fact for fact in copy.facts if fact.digest not in before])
        told[clone.place] = told[clone.place].plus(check_diary(own, entries(clone.diary), findings))
    check_strangers(set(told), books, findings)
    check_stock(journals, told, books, findings, {place: stock_of(one) for place, one in cards.items()})
    check_set_aside(books, findings, forks={place: one.forks for place, one in cards.items()})
    check_i2(hub_db, findings)
    diaries = [entries(shop.diary) for shop in shops]
    booked = check_overdrafts(journals, diaries, findings)
    if goods is not None:
        _check_goods(shops, journals, diaries, hub_db, goods, cards, findings)
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
        oversold=findings.of_rights["oversold"],
        i2_violations=findings.of_rights["i2"],
        overdrafts=booked,
        overdrafts_beyond=findings.of_rights["overdrafts"],
        promises_broken=findings.of_rights["promises"],
        kinds=_kinds(journals),
    )


def _check_goods(  # noqa: PLR0917
    shops: Sequence[Shop],
    journals: Sequence[Journal],
    diaries: Sequence[list[dict[str, Any]]],
    hub_db: Path,
    goods: Goods,
    cards: Mapping[Place, Cards],
    findings: Findings,
) -> None:
    """Check goods and promises; where a card was copied, it sold without any right."""
    stray = {(place.site, term[0]) for place, one in cards.items() for term in stock_of(one)}
    world = read_world({shop.journal: shop.site for shop in shops}, hub_db, goods.shelf_db)
    check_oversold(world, hub_db, findings)
    check_shelf(world, hub_db, findings)
    check_stored_goods(world, goods.shelf_db, findings)
    drawn = stray | overdrawn({number: shop.site for number, shop in enumerate(shops)}, journals)
    for shop, journal, diary in zip(shops, journals, diaries, strict=True):
        of_forks = cards[shop.place].deeds if shop.place in cards else set[str]()
        check_promises(journal, shop.journal, diary, hub_db, of_forks, findings)
        check_sent_away(shop.site, diary, drawn, world, findings)
    check_web(entries(goods.web), losses(goods.losses), hub_db, findings)


def _kinds(journals: Sequence[Journal]) -> Mapping[str, int]:
    return Counter(fact.type.rpartition(".")[0] for journal in journals for fact in journal.facts)


def unsent(shops: Sequence[Shop], hub_db: Path) -> int:
    """Return how many facts of the journals the hub has not committed; cheap enough to be asked every second."""
    reached = committed(hub_db)
    return sum(
        max(0, last - reached.get((shop.place, epoch), 0))
        for shop in shops
        for epoch, last in newest(shop.journal).items()
    )
