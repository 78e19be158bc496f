"""What shoppers want beyond this till's rights, asked of the hub at once (``kiosk.core.rights``, rule 3).

A request is recorded like any fact; the bridge says it ahead of the others (``kiosk.journal.urgent``).
"""

from collections.abc import Callable, Iterable, Sequence

from contract.every import UpFact
from contract.facts import Origin, SaleRecorded
from contract.goods import StockWasted, TransferSent
from contract.rights import RightsRequested, Urgency
from contract.stock import StockKey
from contract.values import Condition
from kiosk.core.goods import is_kept
from kiosk.core.ports import Recorded
from kiosk.core.rights import decide_wanted
from kiosk.journal import accounts, asked
from kiosk.journal.accounts import Line
from kiosk.journal.journal import Journal, Writing


def record(journal: Journal, facts: Sequence[UpFact], new_id: Callable[[], str]) -> list[Recorded]:
    """Commit ``facts``, and a request for what they took beyond this till's rights; return ``facts`` as stored.

    Raises: as :meth:`kiosk.journal.journal.Journal.record`.
    """
    with journal.writing() as writing:
        recorded = writing.add(facts)
        ask_overdrawn(writing, recorded, new_id)
    return recorded


def ask_overdrawn(writing: Writing, recorded: Iterable[Recorded], new_id: Callable[[], str]) -> None:
    """Ask, in the same transaction, for what goods that left lacked, where this till keeps stock of them at all.

    Nobody waits for them any more: nothing is kept back for that request, least of all from what settles it.
    """
    lacking = [line for one in recorded for line in overdrawn(one.data)]
    kept = [line for line in lacking if is_kept(accounts.read(writing.connection, line.key))]
    ask(writing, kept, new_id, why=Urgency.LOW)


def ask(writing: Writing, lacking: Iterable[Line], new_id: Callable[[], str], *, why: Urgency = Urgency.ASKED) -> None:
    """Ask for what shoppers lack, but for what was asked for a moment ago and as urgently."""
    now = writing.stamp.at
    asked_s = {
        key: (now - one.asked_at).total_seconds()
        for key, one in asked.open_requests(writing.connection).items()
        if one.why in {why, Urgency.ASKED}
    }
    if lines := decide_wanted(lacking, asked_s):
        writing.add([RightsRequested(new_id(), lines, why, now)])


def overdrawn(data: object) -> list[Line]:
    """Return what of goods that left here, and could have been sold, was beyond this till's rights."""
    match data:
        case SaleRecorded(origin=Origin.TILL, lines=sold):
            return [Line(StockKey(one.sku, unit=one.quantity.unit), one.overdraft) for one in sold if one.overdraft]
        case StockWasted(lines=gone) | TransferSent(lines=gone):
            return [
                Line(StockKey(one.sku, one.condition, one.quantity.unit), one.overdraft)
                for one in gone
                if one.overdraft and one.condition is Condition.SELLABLE
            ]
        case _:
            return []
