"""What a machine is put together from; the seeded bugs (:mod:`machine_bugs`) are other values for it."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Final

from machine_network import MachineClock

from contract.values import Epoch, Lane, parse_address
from hub.core.incarnation import Life
from hub.intake.ingest import Ingest
from hub.life import LifeFile, begin_life
from hub.store.database import Store, open_store
from hub.store.migrate import migrate
from kiosk.journal.journal import Journal
from kiosk.journal.links import LinkReader, LinkStore
from kiosk.journal.lives import follow
from kiosk.journal.outbox import Outbox, lane_path
from kiosk.journal.schema import OF_LANE
from mqtt_bridge.pump import Pump
from mqtt_bridge.session import Limits, Session

KIOSKS: Final = (parse_address("demo/market/k1"), parse_address("demo/market/k2"))  # of one site: they share stock
LANES: Final = (Lane.TILL, Lane.SENSE)
BATCH: Final = 3  # facts a batch, so that a few sales are several batches
LIMITS: Final = Limits(window_batches=3, full_batch=BATCH, retry_min_s=1, retry_max_s=4)


class SmallBatches(Outbox):
    """An outbox whose batches hold few facts."""

    def read(self, stream: str, first: int) -> list[bytes]:
        return super().read(stream, first)[:BATCH]

    def close(self) -> None:
        for lane in self._lanes.values():
            if lane._connection:
                lane._connection.close()


@dataclass(frozen=True)
class Parts:
    """What the machine is put together from."""

    journal: type[Journal] = Journal
    follow: Callable[[Journal, LinkReader], Epoch | None] = follow
    outbox: type[SmallBatches] = SmallBatches
    links: type[LinkStore] = LinkStore
    session: type[Session] = Session
    pump: type[Pump] = Pump
    ingest: type[Ingest] = Ingest
    life_file: type[LifeFile] = LifeFile
    begin: Callable[[Store, LifeFile], Life] = begin_life


def make_template(folder: Path) -> Path:
    """Return a folder of empty databases for worlds to begin with: migrating takes the longest."""
    store = open_store(f"sqlite:///{folder / 'hub' / 'hub.db'}")
    migrate(store)
    store.close()
    for address in KIOSKS:
        for lane in LANES:
            path = lane_path(folder / "cards" / address.kiosk, lane)
            Journal(path, OF_LANE[lane], address=address, lane=lane, clock=MachineClock()).close()
        LinkStore(folder / "cards" / address.kiosk / "link.db", address).close()
    return folder
