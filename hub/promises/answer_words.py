"""The message that goes with a promise's answer: the region's template, in the shopper's language."""

from collections.abc import Sequence
from datetime import datetime
from typing import Final

from sqlalchemy import Connection

from contract import messages
from contract.down_rights import PromiseResolved
from contract.errors import Malformed
from contract.facts import StockLine
from contract.rights import ReservationRequested
from hub.promises import wording
from hub.store import offers, templates
from hub.store.sites import SiteRow, find_site

_SHOWN: Final = 20  # lines by name: more than a message has room for


def worded(connection: Connection, region: str, request: ReservationRequested | None, resolved: PromiseResolved) -> str:
    """Return the message for ``resolved``; the built-in one where the operator's own cannot be used any more."""
    own = templates.of_region(connection, region)
    try:
        return _said(connection, region, request, resolved, own)
    except Malformed:  # it was written for another release: no shopper waits for that to be put right
        return _said(connection, region, request, resolved, {})


def _said(
    connection: Connection,
    region: str,
    request: ReservationRequested | None,
    resolved: PromiseResolved,
    own: templates.Own,
) -> str:
    """Return the message by the templates ``own``, its words, figures and dates in one language."""
    asked = request.language if request else messages.FALLBACK
    language = messages.language_of(resolved.answer, resolved.remedy, asked, own)
    site = find_site(connection, region, resolved.site) if resolved.site else None
    fields = {
        "goods": _named(connection, region, resolved.lines, language),
        "wanted": _named(connection, region, request.lines if request else [], language),
        "site": (site.name if site else "") or resolved.site or "",
        "code": resolved.code,
        "ready": _moment(resolved.ready_at, site, language),
        "until": _moment(resolved.until, site, language),
        "amount": "",
    }
    if resolved.amount_minor is not None and resolved.currency is not None:
        fields["amount"] = wording.money(resolved.amount_minor, resolved.currency, language)
    return messages.message(resolved.answer, resolved.remedy, language, fields, own)


def _moment(at: datetime | None, site: SiteRow | None, language: str) -> str:
    return "" if at is None else wording.moment(at, language, wording.zone_of(site.zone) if site else None)


def _named(connection: Connection, region: str, lines: Sequence[StockLine], language: str) -> str:
    shown = lines[:_SHOWN]
    known = offers.items_of(connection, region, (line.sku for line in shown))
    named = (
        (known[line.sku].name if line.sku in known else line.sku, line.quantity.amount, line.quantity.unit)
        for line in shown
    )
    return wording.goods(named, language)
