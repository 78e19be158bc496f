"""Whether a run of facts holds by itself: numbers without gaps, an unbroken chain, each basket and receipt once."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from storm.check_facts import NO_DIGEST, Fact, Paper, Term
from storm.check_findings import Findings


def check_chain(who: str, facts: Sequence[Fact], findings: Findings) -> None:
    """Find gaps, changed bytes and facts that do not carry the digest of the one before; ``facts`` are in order."""
    epoch, seq, digest = 0, 0, NO_DIGEST
    for fact in facts:
        if fact.epoch != epoch:
            epoch, seq, digest = fact.epoch, 0, NO_DIGEST
        where = f"{who}, epoch {epoch}, sequence {fact.seq}"
        if fact.seq != seq + 1:
            findings.broken(f"{where}: it follows {seq}, what is between them is gone")
        for fault in fact.faults:
            findings.broken(f"{where}: {fault}")
        if fact.prev != digest:
            findings.broken(f"{where}: it does not carry the digest of the fact before it")
        if fact.wrong_money:
            findings.lost(f"{where}: its lines or payments do not add up to its total")
        seq, digest = fact.seq, fact.digest


def check_baskets(who: str, facts: Iterable[Fact], findings: Findings) -> None:
    """Find baskets that were sold, or paid back, more than once."""
    times = Counter((paper.kind, paper.basket) for paper in papers(facts))
    for (kind, basket), count in times.items():
        for _ in range(count - 1):
            findings.doubled(f"{who}: the {kind} of basket {basket} is recorded {count} times")


def check_numbers(who: str, kiosk: str, facts: Iterable[Fact], findings: Findings) -> None:
    """Find receipt numbers that were used twice, left out or given out of turn."""
    used: dict[int, int] = {}  # by epoch: the last number
    for fact in facts:
        if fact.paper is None:
            continue
        turn = used.get(fact.epoch, 0) + 1
        prefix, _, number = fact.paper.receipt.rpartition("-")
        if prefix != f"{kiosk}-{fact.epoch}" or not number.isdecimal():
            findings.lost(f"{who}, sequence {fact.seq}: {fact.paper.receipt} is no receipt of this till")
            continue
        if int(number) < turn:
            findings.doubled(f"{who}, sequence {fact.seq}: receipt {fact.paper.receipt} was given before")
        elif int(number) > turn:
            findings.lost(
                f"{who}, sequence {fact.seq}: receipts {turn} to {int(number) - 1} before it were never given"
            )
        used[fact.epoch] = max(int(number), turn - 1)


def check_sums(who: str, here: Mapping[Term, int], there: Mapping[Term, int], findings: Findings) -> None:
    """Find stock sums ``here`` that are not what the facts ``there`` come to."""
    for key in sorted(here.keys() | there.keys()):
        sku, condition, unit, term = key
        said = f"{who}: {term} of {sku} ({condition}, {unit})"
        findings.differs(said, here=here.get(key, 0), there=there.get(key, 0))


def moved(facts: Iterable[Fact]) -> Counter[Term]:
    """Return what the facts come to, by account and term."""
    total: Counter[Term] = Counter()
    for fact in facts:
        for term, amount in fact.moves:
            total[term] += amount
    return total


def papers(facts: Iterable[Fact]) -> list[Paper]:
    """Return the sales and refunds."""
    return [fact.paper for fact in facts if fact.paper]


def takings(of: Iterable[tuple[str, str, int]]) -> Counter[tuple[str, str]]:
    """Return the money by kind and currency."""
    total: Counter[tuple[str, str]] = Counter()
    for kind, currency, minor in of:
        total[kind, currency] += minor
    return total
