"""Promise 1, checked on a kiosk that was started after a cut: what was shown as done is there, once, and whole."""

from enum import StrEnum
from pathlib import Path
from typing import Any

from msgspec import Struct

from kiosk.core.counter import Counter
from powercut.books import Books, Paper, read_books, read_goods, repeated
from powercut.restart import sell_one_more
from powercut.words import FACTS, Entry


class Wrong(StrEnum):
    """What must never be found after a cut."""

    MISSING = "missing"  # shown as done, and not there with the same receipt, basket and total
    DOUBLED = "doubled"  # a basket on two receipts
    REUSED = "reused"  # a receipt number or a position given out twice, also by the next sale
    REOPENED = "reopened"  # the basket that comes back was sold
    BASKET_LOST = "basket_lost"  # the basket is neither what was shown last nor what was about to be
    CHAIN_BROKEN = "chain_broken"
    CORRUPT = "corrupt"  # SQLite finds the file damaged
    DISAGREE = "disagree"  # receipts or accounts are not what the facts add up to
    FOREIGN = "foreign"  # facts that the seller did not record, or in another order
    GOODS_LOST = "goods_lost"  # the catalogue lacks what was shown as stocked
    NOT_SELLING = "not_selling"  # the kiosk does not start, or cannot sell


class Shown(Struct, frozen=True):
    """What a seller had shown by an instant, what it showed next, and all that it recorded in the end."""

    before: list[Entry]
    after: list[Entry]
    recorded: list[bytes]

    def papers(self) -> list[Paper]:
        """Return the receipts that were shown as given out."""
        return [Paper(one["receipt"], one["kind"], one["basket"], one["minor"]) for one in self.before if _is_done(one)]


def check(counter: Counter, data: Path, shown: Shown) -> set[Wrong]:
    """Return what is wrong with a kiosk just started; sells one more to see."""
    books = read_books(data / "till.db")
    wrong = _check_books(books, shown) | _check_basket(counter, books, shown) | _check_goods(data, shown)
    if not sell_one_more(counter):
        return wrong | {Wrong.NOT_SELLING}
    return wrong | _check_next(books, read_books(data / "till.db"), shown)


def _check_books(books: Books, shown: Shown) -> set[Wrong]:
    facts = books.facts[:-1]  # the last is that the kiosk was started after the cut
    told = sum(entry["say"] in FACTS for entry in shown.before)
    findings = {
        Wrong.MISSING: not set(shown.papers()) <= set(books.papers) or told > len(facts),
        Wrong.DOUBLED: repeated([(paper.kind, paper.basket) for paper in books.papers]) > 0,
        Wrong.FOREIGN: facts != shown.recorded[: len(facts)],
        Wrong.CHAIN_BROKEN: not books.whole,
        Wrong.CORRUPT: not books.sound,
        Wrong.DISAGREE: not books.agree,
    }
    return {wrong for wrong, found in findings.items() if found}


def _check_basket(counter: Counter, books: Books, shown: Shown) -> set[Wrong]:
    lines = [[line.sku, line.quantity.amount] for line in counter.basket.lines]
    sold = {paper.basket for paper in [*books.papers, *shown.papers()] if paper.kind == "sale"}
    if lines and counter.basket.id in sold:
        return {Wrong.REOPENED}
    open_now = (counter.basket.id, lines) if lines else None
    return set() if open_now in (_open_basket(shown.before), _about_to_be(shown)) else {Wrong.BASKET_LOST}


def _open_basket(entries: list[Entry]) -> tuple[str, list[Any]] | None:
    """Return the basket that was open after these entries, None for none."""
    for entry in reversed(entries):
        if entry["say"] == "kept":
            return entry["basket"], entry["lines"]
        if _is_done(entry) and entry["kind"] == "sale":
            return None
    return None


def _about_to_be(shown: Shown) -> tuple[str, list[Any]] | None:
    """Return the basket as the next entry that says something of it shows it."""
    for number, entry in enumerate(shown.after, 1):
        if entry["say"] in {"kept", "done"}:
            return _open_basket(shown.before + shown.after[:number])
    return _open_basket(shown.before)


def _check_goods(data: Path, shown: Shown) -> set[Wrong]:
    promised = max((entry["items"] for entry in shown.before if entry["say"] == "stocked"), default=0)
    sound, held = read_goods(data / "catalogue.db")
    findings = {Wrong.GOODS_LOST: held < promised, Wrong.CORRUPT: not sound}
    return {wrong for wrong, found in findings.items() if found}


def _check_next(books: Books, then: Books, shown: Shown) -> set[Wrong]:
    given = [paper.receipt for paper in books.papers + shown.papers()]
    new = then.papers[len(books.papers) :]
    twice = repeated([paper.receipt for paper in then.papers]) or any(paper.receipt in given for paper in new)
    grown = then.facts[: len(books.facts)] == books.facts and len(then.facts) == len(books.facts) + 1
    findings = {
        Wrong.REUSED: bool(twice),
        Wrong.CHAIN_BROKEN: not (then.whole and grown),
        Wrong.DISAGREE: not then.agree,
        Wrong.CORRUPT: not then.sound,
    }
    return {wrong for wrong, found in findings.items() if found}


def _is_done(entry: Entry) -> bool:
    return bool(entry["say"] == "done")
