"""What must hold after every step: conservation, mirrors, and the physical shelf that the books never see."""

from collections import Counter
from collections.abc import Iterable

from rights_books import Books
from rights_shelf import came
from rights_world import SITES, SKUS, World

from contract.stock import TERMS
from kiosk.core.reservations import State

PLAIN = frozenset(TERMS) - {"granted", "settled"}  # terms that follow from the kiosk's own facts alone


class Checks:
    """Compares books, kiosks and shelf."""

    def __init__(self, world: World) -> None:
        self.world = world

    def after_step(self) -> None:
        books = Books(self.world.hub.reader)
        assert not books.quarantined, f"a kiosk's own facts were set aside: {books.quarantined}"
        assert not any(kind == "chore_failed" for kind, *_ in books.told_of), f"a chore failed: {books.told_of}"
        imbalance = books.imbalance()
        assert not imbalance, f"I2: {imbalance}"
        self._check_pools(books)
        self._check_accounts()
        self._check_mirrors(books)
        self._check_shelf(books)

    def _check_pools(self, books: Books) -> None:
        for key, pool in books.pools.items():
            below = {term: amount for term, amount in pool.items() if amount < 0 and term != "adjusted"}
            assert not below, f"I4: {key} {below}"

    def _check_accounts(self) -> None:
        for kiosk in self.world.kiosks:
            for (epoch, what), account in kiosk.accounts().items():
                assert account.available >= 0, f"I1: {kiosk.address}@{epoch} {what.sku} {account}"
                assert account.held >= 0, f"I1: {kiosk.address}@{epoch} {what.sku} {account}"

    def _check_mirrors(self, books: Books) -> None:
        """Check that a mirror says what its account does, once a life's facts are in; grants may be on the way."""
        mirrors = {(one.who, one.epoch, one.what): one for one in books.mirrors}
        for kiosk in self.world.kiosks:
            if kiosk.stray or any(one.stray for one in self.world.kiosks if one.address == kiosk.address):
                continue
            ends = kiosk.journal.ends()
            for (epoch, what), account in kiosk.accounts().items():
                if books.lanes.get((str(kiosk.address), epoch), 0) < ends.get(epoch, 0):  # type: ignore[call-overload]
                    continue
                one = mirrors.get((str(kiosk.address), epoch, what))
                terms = one.terms if one else dict.fromkeys(TERMS, 0)
                ours = {term: getattr(account, term) for term in PLAIN}
                theirs = {term: terms[term] for term in PLAIN}
                where = f"{kiosk.address}@{epoch} {what.sku}"
                assert ours == theirs, f"{where}: the kiosk has {ours}, its mirror {theirs}"
                if (str(kiosk.address), epoch) not in books.closed and not self.world.hub.restored:
                    issued = one.issued if one else 0  # a hub that went back may not know yet what it granted
                    assert terms["granted"] <= account.granted <= issued, f"{where}: {issued} granted, {account}"

    def _check_shelf(self, books: Books) -> None:
        unheard = self.world.unheard(books.held, books.closed)
        for site in SITES:
            for sku in SKUS:
                promised = sum(self.promised(books, site, sku).values())
                there = self.world.shelves[site].total(sku)
                lost = max(0, self.recorded(books, site, sku) - there)
                owed = books.owed(site, sku)
                excused = lost + owed + unheard[site, sku] + self.world.stray_spent[site, sku]
                assert promised <= there + excused, (
                    f"oversold: {promised} of {sku} promised at {site}, {there} there, "
                    f"{lost} lost, {owed} owed, {unheard[site, sku]} unheard: {self.promised(books, site, sku)}"
                )

    def promised(self, books: Books, site: str, sku: str) -> dict[str, int]:
        """Return what shoppers rely on at a site, by reservation: what the hub or a till says, and has not ended."""
        found: dict[str, int] = {}
        for one in books.booked.values():
            if one.site == site and one.state in {"reserved", "placed", "held"}:
                found[one.id] = one.goods.get(sku, 0)
        for kiosk in self.world.kiosks:
            if kiosk.address.site == site:
                for held in kiosk.held(State.HELD):
                    found[held.id] = sum(line.quantity.amount for line in held.lines if line.sku == sku)
        return {name: amount for name, amount in found.items() if amount and name not in self.world.ended}

    def recorded(self, books: Books, site: str, sku: str) -> int:
        """Return what lies at a site by all that was ever recorded there, heard or not, and what counts corrected."""
        flows = self._flows()
        return flows[site, sku] + books.adjusted(site, sku)

    def _flows(self) -> Counter[tuple[str, str]]:
        total: Counter[tuple[str, str]] = Counter()
        for kiosk, noted in self.world.ever.values():
            for sku, amount in came(noted.data).items():
                total[kiosk.address.site, sku] += amount
        return total


def differing(books: Books, world: World, sites: Iterable[str] = SITES) -> dict[tuple[str, str], tuple[int, int]]:
    """Return where the shelf by the books and the physical one differ."""
    pairs = {(site, sku): (books.shelf(site, sku), world.shelves[site].total(sku)) for site in sites for sku in SKUS}
    return {key: pair for key, pair in pairs.items() if pair[0] != pair[1]}
