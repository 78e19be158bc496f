"""Whether the hub's books say what the journals say, and what the diaries say left the shelves."""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Final

from storm.check_chain import check_baskets, check_chain, check_sums, moved, papers, takings
from storm.check_facts import Fact, Place, Term
from storm.check_findings import Findings
from storm.check_read import Books, HubReceipt, Journal, Kept, SetAside
from storm.check_till import Told

_EMPTY: Final = Kept([], [], [], [])
_DOUBLED: Final = {"receipt_reused", "fork"}  # exceptions that say by themselves that something is there twice
_NO_CARDS: Final[Mapping[Place, Counter[Term]]] = {}
_NO_FORKS: Final[Mapping[Place, set[str]]] = {}
Spot = tuple[int, int]  # epoch, sequence


def check_kiosk(journal: Journal, books: Books, findings: Findings) -> None:
    """Find what of one kiosk the hub lacks, has too often or has otherwise."""
    kept = books.kiosks.get(journal.place, _EMPTY)
    who = f"{journal.place} at the hub"
    aside = {(row.epoch, row.seq) for row in books.quarantine if row.place == journal.place and row.lane == "till"}
    _check_facts(who, journal.facts, kept.facts, aside, findings)
    check_chain(who, kept.facts, findings)
    check_baskets(who, kept.facts, findings)
    _check_lanes(who, kept, aside, findings)
    _check_receipts(who, journal.facts, kept.receipts, findings)
    _check_money(who, journal.facts, kept.receipts, findings)


def _check_facts(who: str, ours: Sequence[Fact], theirs: Sequence[Fact], aside: set[Spot], findings: Findings) -> None:
    here = {(fact.epoch, fact.seq): fact for fact in ours}
    there = {(fact.epoch, fact.seq): fact for fact in theirs}
    for spot in sorted(here.keys() - there.keys() - aside):
        findings.lost(f"{who}: {_named(here[spot])} is missing")
    for spot in sorted(there.keys() - here.keys()):
        findings.doubled(f"{who}: {_named(there[spot])} is in no journal")
    for spot in sorted(here.keys() & there.keys()):
        if here[spot].digest != there[spot].digest:
            findings.lost(f"{who}: {_named(here[spot])} has other bytes")


def _named(fact: Fact) -> str:
    receipt = f" (receipt {fact.paper.receipt})" if fact.paper else ""
    return f"epoch {fact.epoch}, sequence {fact.seq}{receipt}"


def _check_lanes(who: str, kept: Kept, aside: set[Spot], findings: Findings) -> None:
    """Find an inbox that says it is elsewhere than its facts are; what comes next would be lost or taken twice."""
    ends: dict[int, tuple[int, str]] = {fact.epoch: (fact.seq, fact.digest) for fact in kept.facts}
    for lane in kept.lanes:
        position, digest = ends.pop(lane.epoch, (0, ""))
        if lane.broken_at:
            findings.broken(f"{who}: the hub saw the chain of epoch {lane.epoch} break at {lane.broken_at}")
        if (lane.epoch, lane.position) in aside:
            continue  # the newest was set aside, which is found by itself
        findings.differs(f"{who}: the position of epoch {lane.epoch}", here=lane.position, there=position)
        if lane.position == position and lane.digest != digest:
            findings.broken(f"{who}: the inbox's digest of epoch {lane.epoch} is not that of sequence {position}")
    for epoch in ends:
        findings.lost(f"{who}: epoch {epoch} has facts and no position")


def _check_receipts(who: str, facts: Sequence[Fact], kept: Sequence[HubReceipt], findings: Findings) -> None:
    told = Counter(
        HubReceipt(paper.receipt, 0, paper.kind, paper.total_minor, paper.currency, fact.epoch, "till", fact.seq)
        for fact in facts
        if (paper := fact.paper)
    )
    present = Counter(kept)
    for receipt in (told - present).elements():
        findings.lost(f"{who}: the receipts lack, or hold otherwise, {receipt}")
    for receipt in (present - told).elements():
        findings.doubled(f"{who}: the receipts hold what no journal says, {receipt}")


def _check_money(who: str, facts: Sequence[Fact], kept: Sequence[HubReceipt], findings: Findings) -> None:
    told = takings((paper.kind, paper.currency, paper.total_minor) for paper in papers(facts))
    booked = takings((row.kind, row.currency, row.total_minor) for row in kept)
    for kind, currency in sorted(told.keys() | booked.keys()):
        here, there = booked[kind, currency], told[kind, currency]
        findings.differs(f"{who}: money by {kind}s in {currency}", here=here, there=there)


def check_strangers(places: set[Place], books: Books, findings: Findings) -> None:
    """Find what the hub holds of kiosks and lanes that have no journal here."""
    for place, kept in books.kiosks.items():
        for lane, epoch, seq in kept.foreign:
            findings.doubled(f"{place} at the hub: lane {lane}, epoch {epoch}, sequence {seq} is in no journal")
        if place not in places:
            for fact in kept.facts:
                findings.doubled(f"{place} at the hub: {_named(fact)} is of a kiosk that is not there")
            for receipt in kept.receipts:
                findings.doubled(f"{place} at the hub: {receipt} is of a kiosk that is not there")


def check_stock(
    journals: Sequence[Journal],
    told: Mapping[Place, Told],
    books: Books,
    findings: Findings,
    of_cards: Mapping[Place, Counter[Term]] = _NO_CARDS,
) -> None:
    """Find stock sums that are neither what the facts come to nor what the diaries say left the shelves.

    ``of_cards`` is what the facts come to of kiosks of which there are several cards.
    """
    sites = {(journal.place.region, journal.place.site) for journal in journals}
    for site in sorted(sites | books.stock.keys()):
        here = books.stock.get(site, {})
        of_site = [journal for journal in journals if journal.place[:2] == site]
        there: Counter[Term] = Counter()
        for journal in of_site:
            there.update(of_cards[journal.place] if journal.place in of_cards else moved(journal.facts))
        who = "/".join(site)
        check_sums(f"{who} stock at the hub", here, there, findings)
        diaries = [told[journal.place] for journal in of_site]
        _check_shelf(f"{who} stock at the hub: sold of", here, "sold", [one.sold for one in diaries], findings)
        _check_shelf(
            f"{who} stock at the hub: returned of", here, "returned", [one.returned for one in diaries], findings
        )


def _check_shelf(
    said: str, here: Mapping[Term, int], term: str, diaries: Sequence[Counter[tuple[str, str]]], findings: Findings
) -> None:
    booked: Counter[tuple[str, str]] = Counter()
    for (sku, _, unit, of), amount in here.items():
        booked[sku, unit] += amount if of == term else 0
    moved_by_hand: Counter[tuple[str, str]] = Counter()
    for diary in diaries:
        moved_by_hand.update(diary)
    for sku, unit in sorted(booked.keys() | moved_by_hand.keys()):
        there = moved_by_hand[sku, unit]
        findings.differs(f"{said} {sku} ({unit}), by the diaries,", here=booked[sku, unit], there=there)


def check_set_aside(books: Books, findings: Findings, *, forks: Mapping[Place, set[str]] = _NO_FORKS) -> None:
    """List the quarantine and the exceptions; what was set aside is lost unless the books hold it all the same.

    ``forks`` are digests of kiosks of which there are several cards: there a number was used twice, and it is booked.
    """
    for row in books.quarantine:
        said = f"{row.place} at the hub: epoch {row.epoch}, sequence {row.seq} was set aside as {row.kind}: {row.what}"
        if _is_held(row, books.kiosks[row.place]) or row.digest in forks.get(row.place, ()):
            findings.note(said)
        else:
            findings.lost(said)
    for kind, subject, detail in books.exceptions:
        said = f"exception {kind} of {subject}: {detail}"
        if any(subject.startswith(str(place)) for place in forks):
            findings.note(said)
        elif kind in _DOUBLED:
            findings.doubled(said)
        elif kind == "chain_broken":
            findings.broken(said)
        else:
            findings.note(said)


def _is_held(row: SetAside, kept: Kept) -> bool:
    return any((fact.epoch, fact.seq, fact.digest) == (row.epoch, row.seq, row.digest) for fact in kept.facts)
