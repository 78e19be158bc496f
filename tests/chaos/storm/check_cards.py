"""A kiosk of which there are several cards: one was copied, and both sold on under the same numbers.

What the hub took stands in its facts; whatever else had a number that was taken stands in its quarantine as a fork. So
each card's fact is in one of the two, byte for byte, and what all of them say of money and goods is booked once. Chain
and receipt numbers of such a kiosk cannot hold: both cards gave the same ones.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from storm.check_chain import papers, takings
from storm.check_facts import Fact, Place
from storm.check_findings import Findings
from storm.check_read import Books, Journal, Kept

_NOTHING = Kept([], [], [], [])


class Cards(NamedTuple):
    """The facts of all cards of a kiosk, each once; ``forks`` are the digests of those whose number was taken."""

    place: Place
    facts: list[Fact]
    forks: set[str]

    @property
    def deeds(self) -> set[str]:
        """Return the ids that forks name."""
        return {fact.deed for fact in self.facts if fact.digest in self.forks}


def read_cards(journals: Sequence[Journal], books: Books) -> Cards:
    """Return what several cards of one kiosk hold together."""
    place = journals[0].place
    facts = {fact.digest: fact for journal in journals for fact in journal.facts}
    forks = {row.digest for row in books.quarantine if row.place == place and row.kind == "fork"}
    return Cards(place, list(facts.values()), forks & facts.keys())


def check_cards(cards: Cards, books: Books, findings: Findings) -> None:
    """Find what of a kiosk's cards the hub lacks, has twice or has otherwise."""
    kept, who = books.kiosks.get(cards.place, _NOTHING), f"{cards.place} at the hub"
    ours = {fact.digest: fact for fact in cards.facts}
    theirs = Counter([fact.digest for fact in kept.facts])
    for digest, fact in ours.items():
        named = f"{who}: epoch {fact.epoch}, sequence {fact.seq} of one of its cards"
        times = theirs[digest] + (digest in cards.forks)
        if not times:
            findings.lost(f"{named} is missing")
        elif times > 1:
            findings.doubled(f"{named} is there {times} times")
    for digest in theirs.keys() - ours.keys():
        findings.doubled(f"{who}: {digest} is on none of its cards")
    _check_receipts(who, cards.facts, kept, findings)


def _check_receipts(who: str, facts: Iterable[Fact], kept: Kept, findings: Findings) -> None:
    facts = list(facts)
    told = Counter((one.receipt, one.kind, one.total_minor, one.currency) for one in papers(facts))
    booked = Counter((one.receipt, one.kind, one.total_minor, one.currency) for one in kept.receipts)
    for receipt in (told - booked).elements():
        findings.lost(f"{who}: the receipts of its cards lack {receipt}")
    for receipt in (booked - told).elements():
        findings.doubled(f"{who}: the receipts hold what none of its cards says, {receipt}")
    here = takings((row.kind, row.currency, row.total_minor) for row in kept.receipts)
    there = takings((one.kind, one.currency, one.total_minor) for one in papers(facts))
    for key in sorted(here.keys() | there.keys()):
        findings.differs(f"{who}: money by {key[0]}s in {key[1]}, of all its cards,", here=here[key], there=there[key])


def stock_of(cards: Cards) -> Counter[tuple[str, str, str, str]]:
    """Return what all cards say of goods; a fork gives back no rights, for it never had any."""
    total: Counter[tuple[str, str, str, str]] = Counter()
    for fact in cards.facts:
        for term, amount in fact.moves:
            if not (fact.digest in cards.forks and term[3] == "released"):
                total[term] += amount
    return total
