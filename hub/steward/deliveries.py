"""What an operator says of deliveries: who is to receive which."""

from collections.abc import Mapping
from datetime import date

from sqlalchemy import Connection

from contract.stock import StockKey
from contract.values import Address
from hub.core.deliveries import Advised, Clash, decide_advice
from hub.promises.reserving import Present
from hub.steward.by_operator import NotDone
from hub.store import deliveries, holdings, own_log
from hub.store.chores import Site
from hub.store.inbox import KioskRow


def advise(
    connection: Connection,
    present: Present,
    at: Address,
    advice: str,
    amounts: Mapping[StockKey, int],
    *,
    expected_on: date | None = None,
) -> int:
    """Tell a kiosk what it is to receive under a number; return how many lines are news to it. Raises NotDone.

    The site's kiosks are locked, so that two operators do not give one line to two of them.
    """
    kiosk = _open_kiosk(connection, at)
    day = expected_on.isoformat() if expected_on else ""
    wanted = {what: Advised(at.kiosk, amount, day) for what, amount in amounts.items()}
    known, received = deliveries.known(connection, at.region, at.site, advice)
    try:
        news = decide_advice(at.kiosk, wanted, known, received)
    except Clash as clash:
        raise NotDone(f"{advice}: {clash} (hub delivery list)") from clash
    if news:
        own_log.begin(connection, kiosk, present.at, present.incarnation)  # first: its snapshot knows no news
        deliveries.advise(connection, kiosk, advice, news, present.now)
        told = list(deliveries.facts_of(advice, news))
        own_log.tell(connection, kiosk, told, present.at, present.incarnation)
    return len(news)


def _open_kiosk(connection: Connection, at: Address) -> KioskRow:
    for post in holdings.lock_site(connection, Site(at.region, at.site)):
        if post.kiosk.address == at:
            if post.life is None:
                raise NotDone(f"{at} has no open life: it was closed, or nothing was heard of it; name another kiosk")
            return post.kiosk
    raise NotDone(f"no kiosk {at} was ever heard of (hub kiosk list)")
