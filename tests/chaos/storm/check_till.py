"""Whether a till's file agrees with itself and with the diary of who sold there."""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any, NamedTuple

from storm.check_chain import check_baskets, check_chain, check_numbers, check_sums, moved, papers
from storm.check_facts import Fact, Goods, Paper, goods_of
from storm.check_findings import Findings
from storm.check_read import Journal, JournalReceipt

Basket = tuple[str, str]  # kind, basket
Entry = dict[str, Any]


class Tender(NamedTuple):
    """What the diary says was about to be recorded."""

    goods: Goods
    minor: int


class Told(NamedTuple):
    """What a diary comes to: goods that left the shelf, goods that came back, money by kind, refusals."""

    sold: Counter[tuple[str, str]]
    returned: Counter[tuple[str, str]]
    minor: Counter[str]
    refused: int
    refused_yet_recorded: int

    def plus(self, other: "Told") -> "Told":
        """Return what two diaries come to."""
        return Told(
            self.sold + other.sold,
            self.returned + other.returned,
            self.minor + other.minor,
            self.refused + other.refused,
            self.refused_yet_recorded + other.refused_yet_recorded,
        )


def check_journal(journal: Journal, findings: Findings, *, first_epoch: int = 1) -> None:
    """Find what is wrong within a till's file; it has accounts from ``first_epoch`` on."""
    who, facts = str(journal.place), journal.facts
    check_chain(f"{who} journal", facts, findings)
    check_numbers(f"{who} journal", journal.place.kiosk, facts, findings)
    check_baskets(f"{who} journal", facts, findings)
    ours = (fact for fact in facts if fact.epoch >= first_epoch)
    check_sums(f"{who} accounts", journal.accounts, moved(ours), findings)
    _check_receipts(who, journal, findings)
    for paper in papers(facts):
        if paper.kind == "sale" and paper.basket in journal.open_baskets:
            findings.doubled(f"{who}: basket {paper.basket} of receipt {paper.receipt} is still open, to be sold again")


def _check_receipts(who: str, journal: Journal, findings: Findings) -> None:
    told = Counter(_receipt(fact, fact.paper) for fact in journal.facts if fact.paper)
    kept = Counter(journal.receipts)
    for receipt in told - kept:
        findings.lost(f"{who}: the till's receipts lack, or hold otherwise, {receipt}")
    for receipt in kept - told:
        findings.doubled(f"{who}: the till's receipts hold what no fact says, {receipt}")


def _receipt(fact: Fact, paper: Paper) -> JournalReceipt:
    number = paper.receipt.rpartition("-")[2]
    n = int(number) if number.isdecimal() else -1
    return JournalReceipt(fact.epoch, n, fact.seq, paper.kind, paper.basket, paper.currency, paper.total_minor)


def check_diary(journal: Journal, entries: Sequence[Entry], findings: Findings) -> Told:
    """Find what the diary says and the journal does not, and the other way round; return what the diary comes to."""
    who = str(journal.place)
    recorded = {(fact.paper.kind, fact.paper.basket): fact for fact in journal.facts if fact.paper}
    tenders = _tenders(entries)
    done = {_basket(entry): entry for entry in entries if entry["say"] == "done"}
    for entry in (entry for entry in entries if entry["say"] == "done"):
        _check_done(who, entry, tenders.get(_basket(entry), []), recorded.get(_basket(entry)), findings)
    for basket in recorded.keys() - done.keys():
        _check_untold(who, recorded[basket], tenders.get(basket, []), findings)
    _check_deeds(who, journal, entries, findings)
    told = _sum_up(tenders, recorded.keys() | done.keys(), entries, recorded.keys())
    booked = Counter[str]()
    for paper in papers(journal.facts):
        booked[paper.kind] += paper.total_minor
    for kind in ("sale", "refund"):
        findings.differs(f"{who}: money in the journal by {kind}s", here=booked[kind], there=told.minor[kind])
    return told


def _tenders(entries: Iterable[Entry]) -> dict[Basket, list[Tender]]:
    tenders: dict[Basket, list[Tender]] = {}
    for entry in entries:
        if entry["say"] == "tender":
            tenders.setdefault(_basket(entry), []).append(Tender(goods_of(entry["lines"]), entry["minor"]))
    return tenders


def _basket(entry: Entry) -> Basket:
    return entry["kind"], entry["basket"]


def _check_done(who: str, entry: Entry, tenders: list[Tender], fact: Fact | None, findings: Findings) -> None:
    said = f"{who}: the {entry['kind']} {entry['receipt']} of basket {entry['basket']} was shown as done"
    if fact is None or fact.paper is None:
        findings.lost(f"{said} and is not in the journal")
        return
    if fact.paper.receipt != entry["receipt"]:
        findings.lost(f"{said}; the journal has it as {fact.paper.receipt}")
    if fact.paper.total_minor != entry["minor"]:
        findings.lost(f"{said} with {entry['minor']}; the journal has it with {fact.paper.total_minor}")
    if Tender(fact.goods, entry["minor"]) not in tenders:
        findings.lost(f"{said}; the journal has other goods than were tendered")


def _check_untold(who: str, fact: Fact, tenders: list[Tender], findings: Findings) -> None:
    """Look at what is recorded, and was not shown as done: a kill may have come between."""
    paper = fact.paper
    if paper is None:
        return
    said = f"{who}: the {paper.kind} {paper.receipt} of basket {paper.basket} is in the journal"
    if not tenders:
        findings.doubled(f"{said} and was never tendered")
    elif Tender(fact.goods, paper.total_minor) not in tenders:
        findings.lost(f"{said} otherwise than it was tendered")


def _check_deeds(who: str, journal: Journal, entries: Iterable[Entry], findings: Findings) -> None:
    """Find deliveries and counts that were booked, said the diary, and are not in the journal."""
    for word, kind in (("delivery", "stock.received."), ("counted", "stock.counted.")):
        told = Counter(goods_of(entry["lines"]) for entry in entries if entry["say"] == word)
        kept = Counter(fact.goods for fact in journal.facts if fact.type.startswith(kind))
        for goods in (told - kept).elements():
            findings.lost(f"{who}: the diary's {word} of {dict(goods)} is not in the journal")


def _sum_up(
    tenders: dict[Basket, list[Tender]], real: Iterable[Basket], entries: Sequence[Entry], recorded: Iterable[Basket]
) -> Told:
    """Add up the last tender of each basket that was shown as done, or that the journal holds."""
    goods: dict[str, Counter[tuple[str, str]]] = {"sale": Counter(), "refund": Counter()}
    minor: Counter[str] = Counter()
    for basket in real:
        for tender in tenders.get(basket, [])[-1:]:
            goods[basket[0]].update(dict(tender.goods))
            minor[basket[0]] += tender.minor
    refused = [_basket(entry) for entry in entries if entry["say"] == "refused"]
    return Told(goods["sale"], goods["refund"], minor, len(refused), len(set(refused) & set(recorded)))
