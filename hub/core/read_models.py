"""What the books tell people and programs: the same shapes for the API and the command line."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class RegionView:
    """A region and what is in it."""

    region: str
    sites: int
    kiosks: int
    online: int


@dataclass(frozen=True, slots=True)
class SiteView:
    """A site and when it was last heard."""

    region: str
    site: str
    kiosks: int
    online: int
    last_seen_at: str


@dataclass(frozen=True, slots=True)
class LaneView:
    """How far a lane is. ``backlog`` is what the kiosk has and the hub has not."""

    epoch: int
    lane: str
    position: int
    newest: int
    backlog: int
    chain_broken_at: str | None


@dataclass(frozen=True, slots=True)
class KioskView:
    """A kiosk, whether it is online, and its lanes; ``fenced_at``: since when it is lost, and gets no rights."""

    id: int
    region: str
    site: str
    kiosk: str
    epoch: int
    online: bool
    last_seen_at: str
    version: str
    backlog: int
    lanes: list[LaneView]
    fenced_at: str | None = None


@dataclass(frozen=True, slots=True)
class StockView:
    """One sku of a site: the sums of its accounts, and where the rights to it are.

    ``available`` and ``held`` are at the open kiosks, ``in_flight`` on the way to them; the rest is the hub's.
    """

    region: str
    site: str
    sku: str
    condition: str
    unit: str
    received: int
    returned: int
    sold: int
    adjusted: int
    overdraft: int
    wasted: int
    sent: int
    arrived: int
    available: int
    held: int
    in_flight: int
    free: int
    reserved: int
    limbo: int
    deficit: int
    unsettled: int


@dataclass(frozen=True, slots=True)
class FactView:
    """A fact as it was taken: ``event`` is the CloudEvent in its stored bytes."""

    epoch: int
    lane: str
    seq: int
    type: str
    digest: str
    received_at: str
    event: dict[str, object]


@dataclass(frozen=True, slots=True)
class ExceptionView:
    """Something that a person must decide."""

    id: int
    kind: str
    subject: str
    kiosk: str | None
    detail: dict[str, object]
    at: str
    owner: str
    resolved_at: str | None


@dataclass(frozen=True, slots=True)
class QuarantineView:
    """A fact that was set aside: where it stood, what is wrong, and where in it."""

    id: int
    kiosk: str
    epoch: int
    lane: str
    seq: int
    kind: str
    what: str
    where: str
    digest: str
    size: int
    at: str
    resolved_at: str | None


@dataclass(frozen=True, slots=True)
class TakingsView:
    """What a site took in one currency, in minor units; ``net_minor`` is sales less refunds."""

    region: str
    site: str
    currency: str
    sales: int
    sales_minor: int
    refunds: int
    refunds_minor: int
    net_minor: int


@dataclass(frozen=True, slots=True)
class HealthView:
    """How the hub is. ``status`` is ``ok``, or ``degraded`` while the link or the database is away."""

    status: str
    incarnation: int
    connected: bool
    link: str
    database: str
    waiting: int
    dropped: int
    refused: int
    positions_taken: int
    kiosks_online: int


def backlog(newest: int, position: int) -> int:
    """Return how many facts the kiosk has that the hub has not."""
    return max(0, newest - position)


def takings_view(where: tuple[str, str, str], *, sales: tuple[int, int], refunds: tuple[int, int]) -> TakingsView:
    """Return takings from (count, total) of sales and refunds."""
    return TakingsView(*where, *sales, *refunds, net_minor=sales[1] - refunds[1])
