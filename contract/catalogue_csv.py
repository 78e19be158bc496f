"""A catalogue as CSV: from rows to items, with every row accounted for. Kiosk and hub read it alike.

Rules
-----
1.  A row needs a sku: its own, or else its barcode as printed under the bars. A row without a barcode is a good row.
2.  A wrong barcode is dropped and reported where the row has a sku; where it has none, the row is rejected.
3.  Leading zeros that a spreadsheet stripped are given back, and reported; never to a code of under eight digits.
4.  The later of two rows with one sku wins, and of two skus with one barcode the later row keeps it; both are reported.
5.  A column that is not mapped leaves known items as they are; an empty cell empties the field. Without a price the
    till asks. A price is for one piece, or for one kilogram, litre or metre.
6.  rows = added + changed + unchanged + repeated + all rejected.
7.  A bundle's parts are given as at the till, quantity first: ``2*MUG; TEA``; of weighed goods in g, ml or mm.
8.  A deposit or a part that is no item is reported: the till could not sell it.
"""

from collections import Counter
from collections.abc import Callable, Iterable
from decimal import Decimal
from typing import Final

from msgspec import UNSET, Struct, UnsetType
from msgspec.structs import asdict, replace

from contract.catalogue_cells import (
    Rejected,
    barcode_fault,
    read_age,
    read_deposit,
    read_gtin,
    read_parts,
    read_price,
    read_sku,
    read_unit,
    read_words,
    read_yes,
)
from contract.csv_rows import Fault, Row, Table
from contract.down import Item
from contract.errors import Malformed
from contract.gtin import GTIN_LENGTHS, shown
from contract.money import to_price
from contract.shop import BundlePart
from contract.values import MAX_NAME_LENGTH, Currency, Gtin, Sku, Unit

_MAX_TAX_LENGTH: Final = 32
_AS_SAID: Final = ("sku", "name", "category", "tax", "unit", "deposit", "parts", "age", "discountable")


class Columns(Struct, frozen=True):
    """Which column holds what, by name; None where the file has no such column."""

    sku: str | None = None
    gtin: str | None = None
    name: str | None = None
    price: str | None = None
    category: str | None = None
    tax: str | None = None
    unit: str | None = None
    deposit: str | None = None
    parts: str | None = None
    age: str | None = None
    discountable: str | None = None


class Note(Struct, frozen=True):
    """Something about one row that a person should know."""

    line: int
    text: str


class Draft(Struct, frozen=True):
    """What a good row says of a sku; UNSET is what the file does not say."""

    line: int
    sku: Sku
    name: str | UnsetType = UNSET
    gtin: Gtin | UnsetType | None = UNSET
    price: Decimal | UnsetType | None = UNSET
    category: str | UnsetType = UNSET
    tax: str | UnsetType = UNSET
    unit: Unit | UnsetType = UNSET
    deposit: Sku | UnsetType | None = UNSET
    parts: list[BundlePart] | UnsetType = UNSET
    age: int | UnsetType = UNSET
    discountable: bool | UnsetType = UNSET


class Import(Struct, frozen=True):
    """What a file changes, and how its rows add up (rule 6). ``items`` are to be written, each whole."""

    items: list[Item]
    notes: list[Note]
    rows: int
    added: int
    changed: int
    unchanged: int
    repeated: int
    barcodes_dropped: int
    barcodes_restored: int
    rejected: dict[str, int]

    def result(self) -> dict[str, object]:
        """Return the counts, as the last line of an import shows them."""
        return {name: count for name, count in asdict(self).items() if name not in ("items", "notes")}


def default_columns(headers: Iterable[str]) -> Columns:
    """Return the columns of a file whose headers are called as the fields are."""
    there = set(headers)
    return Columns(**{field: field for field in Columns.__struct_fields__ if field in there})


def decide_import(table: Table, columns: Columns, currency: Currency, known: Callable[[Sku], Item | None]) -> Import:
    """Return what the rows of ``table`` change in a catalogue whose items are ``known`` by sku.

    Raises: UnknownColumn, BadFile; nothing may be written then.
    """
    reading = _Reading(columns, table)
    for row in table.rows:
        reading.take(row)
    drafts = reading.winners()
    put: list[Item] = []
    lines: dict[Sku, int] = {}
    added = unchanged = 0
    for draft in drafts:
        before = known(draft.sku)
        try:
            item = _merged(draft, before, currency)
        except Rejected as error:
            reading.reject(draft.line, error.reason, error.why)
            continue
        if item == before:
            unchanged += 1
            continue
        added += before is None
        put.append(item)
        lines[item.sku] = draft.line
    reading.report_missing(put, lines, known)
    return Import(
        items=put,
        notes=sorted(reading.notes, key=lambda note: note.line),
        rows=reading.rows,
        added=added,
        changed=len(put) - added,
        unchanged=unchanged,
        repeated=reading.repeated,
        barcodes_dropped=reading.dropped,
        barcodes_restored=reading.restored,
        rejected=dict(sorted(reading.rejected.items())),
    )


class _Reading:
    """The rows of one file as they are taken in."""

    def __init__(self, columns: Columns, table: Table) -> None:
        self._at = {field: table.column(name) for field, name in asdict(columns).items() if name is not None}
        self._drafts: dict[Sku, Draft] = {}
        self.notes: list[Note] = []
        self.rejected: Counter[str] = Counter()
        self.rows = self.repeated = self.dropped = self.restored = 0

    def take(self, row: Row | Fault) -> None:
        self.rows += 1
        if isinstance(row, Fault):
            self.reject(row.line, row.reason, row.why)
            return
        try:
            draft = self._draft(row)
        except Rejected as error:
            self.reject(row.line, error.reason, error.why)
            return
        self._report_barcode(row, draft)
        if earlier := self._drafts.pop(draft.sku, None):
            self.repeated += 1
            self._note(earlier.line, f"repeated: sku {draft.sku} is given again in line {draft.line}, which wins")
        self._drafts[draft.sku] = draft

    def reject(self, line: int, reason: str, why: str) -> None:
        self.rejected[reason] += 1
        self._note(line, f"{reason}: {why}")

    def winners(self) -> list[Draft]:
        """Return the drafts in the file's order; each barcode is with the last that has it."""
        owner = {draft.gtin: draft for draft in self._drafts.values() if draft.gtin}
        return [self._without_lost_barcode(draft, owner) for draft in self._drafts.values()]

    def _without_lost_barcode(self, draft: Draft, owner: dict[Gtin, Draft]) -> Draft:
        if not draft.gtin or owner[draft.gtin] is draft:
            return draft
        later = owner[draft.gtin]
        text = f"barcode {shown(draft.gtin)} is given again in line {later.line} to sku {later.sku}, which keeps it"
        self._note(draft.line, text)
        return replace(draft, gtin=None)

    def _draft(self, row: Row) -> Draft:
        at, cells = self._at, row.cells
        sku_text = cells[at["sku"]].strip() if "sku" in at else ""
        gtin = read_gtin(cells[at["gtin"]].strip(), has_sku=bool(sku_text)) if "gtin" in at else UNSET
        if not sku_text and not gtin:
            raise Rejected("no_sku", "it has neither a sku nor a barcode")
        return Draft(
            line=row.line,
            sku=read_sku(sku_text) if sku_text else Sku(shown(gtin)) if gtin else Sku(""),
            gtin=gtin,
            name=read_words("name", cells[at["name"]], MAX_NAME_LENGTH) if "name" in at else UNSET,
            price=read_price(cells[at["price"]]) if "price" in at else UNSET,
            category=read_words("category", cells[at["category"]], MAX_NAME_LENGTH) if "category" in at else UNSET,
            tax=read_words("tax", cells[at["tax"]], _MAX_TAX_LENGTH) if "tax" in at else UNSET,
            unit=read_unit(cells[at["unit"]]) if "unit" in at else UNSET,
            deposit=read_deposit(cells[at["deposit"]]) if "deposit" in at else UNSET,
            parts=read_parts(cells[at["parts"]]) if "parts" in at else UNSET,
            age=read_age(cells[at["age"]]) if "age" in at else UNSET,
            discountable=read_yes(cells[at["discountable"]]) if "discountable" in at else UNSET,
        )

    def _report_barcode(self, row: Row, draft: Draft) -> None:
        text = row.cells[self._at["gtin"]].strip() if "gtin" in self._at else ""
        if text and not draft.gtin:
            self.dropped += 1
            self._note(row.line, f"barcode {text[:40]!r} dropped: {barcode_fault(text)}")
        elif draft.gtin and len(text) not in GTIN_LENGTHS:
            self.restored += 1
            self._note(row.line, f"barcode {text} had lost its leading zeros: restored to {shown(draft.gtin)}")

    def report_missing(self, put: list[Item], lines: dict[Sku, int], known: Callable[[Sku], Item | None]) -> None:
        """Report deposits and parts that are no items, neither before nor by this file: rule 8."""
        added = {item.sku for item in put}
        for item in put:
            wanted = [("deposit", item.deposit), *(("part", part.sku) for part in item.parts)]
            for what, sku in wanted:
                if sku is not None and sku not in added and known(sku) is None:
                    self._note(lines[item.sku], f"its {what} {sku} is no item: give {sku} a row as well")

    def _note(self, line: int, text: str) -> None:
        self.notes.append(Note(line, text))


def _merged(draft: Draft, before: Item | None, currency: Currency) -> Item:
    said = {name: value for name, value in asdict(draft).items() if value is not UNSET}
    unit = said.get("unit", before.unit if before else Unit.PIECE)
    known = asdict(before) if before else {}
    if before and before.unit != unit:
        known |= {"price_minor": None, "price_per": 1}  # it was the price of something else
    if "price" in said:
        known |= _priced(said["price"], currency, unit)
    if "gtin" in said:
        known["gtins"] = [said["gtin"]] if said["gtin"] else []
    known |= {name: said[name] for name in _AS_SAID if name in said}
    if not known.get("name"):
        raise Rejected("name_missing", "it has no name")
    try:
        return Item(**known)
    except ValueError as error:
        raise Rejected("bundle_wrong", str(error)) from error


def _priced(price: Decimal | None, currency: Currency, unit: Unit) -> dict[str, object]:
    if price is None:
        return {"price_minor": None, "price_per": 1}
    try:
        minor, per = to_price(price, currency, unit.per)
    except Malformed as error:
        raise Rejected("price_too_large", error.what) from error
    return {"price_minor": minor, "price_per": per}
