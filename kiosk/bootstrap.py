"""The one place that puts a kiosk together and chooses real or simulated parts."""

import random
import secrets
import sqlite3
import uuid
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, contextmanager
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING

from contract.codec import decode
from contract.codes import CODES
from contract.down import Item
from contract.errors import Malformed
from contract.every import UpFact
from contract.facts import StockLine
from contract.shop import Shop
from contract.stock import StockKey
from contract.streams import lane_stream
from contract.values import Address, BasketId, Gtin, Lane, Seq, Sku
from kiosk.clock import RELEASED_AT, KioskClock
from kiosk.config import CONFIG_NAME, Config, ConfigError, load_config
from kiosk.core.attempts import Attempt
from kiosk.core.basket import Basket, leaving
from kiosk.core.endpoint import Endpoint
from kiosk.core.goods import find_beyond
from kiosk.core.neighbours import decide_cover
from kiosk.core.parking import Parked
from kiosk.core.ports import LastSale, LinkState, Mirror, Recorded
from kiosk.core.words import joined, say
from kiosk.journal import attempts, room, wishes
from kiosk.journal.baskets import Baskets
from kiosk.journal.catalogue import Catalogue
from kiosk.journal.database import translated
from kiosk.journal.errors import JournalError
from kiosk.journal.journal import Journal
from kiosk.journal.lan import LanReader
from kiosk.journal.links import LinkReader
from kiosk.journal.lives import Lives
from kiosk.journal.mirror.copier import MAX_BACKOFF_S, Copier
from kiosk.journal.mirror.folder import FolderMirror
from kiosk.journal.mirror.mirrors import Mirrors
from kiosk.journal.outbox import Outbox, lane_path
from kiosk.journal.receipts import last_sale
from kiosk.journal.schema import OF_LANE
from kiosk.journal.shops import read_shop
from kiosk.journal.stock import account_of
from kiosk.stockroom import LocalStockroom
from mqtt_bridge.backoff import Backoff
from mqtt_bridge.link import BrokerUrl, TlsFiles, Will
from mqtt_bridge.rivals import TWO_DEVICES

if TYPE_CHECKING:
    from mqtt_bridge.link import Link, LinkEvent


class LocalDesk:
    """A till's desk over this kiosk's own files (see ``kiosk.core.ports.Desk``)."""

    def __init__(self, data_dir: Path, config: Config, clock: KioskClock, journal: Journal) -> None:
        """Open what a till needs beside its journal."""
        self.config = config
        self.clock = clock
        self.journal = journal
        self.catalogue = Catalogue(data_dir / "catalogue.db")
        self._baskets = Baskets(journal)
        self._link = LinkReader(data_dir / "link.db")
        self.lan = LanReader(data_dir / "link.db")
        self.data_dir = data_dir
        self._untidy = True
        self._lives = Lives(journal, self._link, open_mirrors(data_dir, config))

    @property
    def address(self) -> Address:
        """Return where this till stands."""
        return self.config.address

    def record(self, facts: Sequence[UpFact]) -> list[Recorded]:
        """Commit facts; see :func:`kiosk.journal.wishes.record`."""
        self._untidy = True
        return wishes.record(self.journal, facts, new_id)

    def keep(self, basket: Basket) -> None:
        """Store the open basket, synced."""
        self._untidy = True
        self._baskets.keep(basket, self.clock.stamp().at)

    def park(self, basket: Basket, label: str) -> None:
        """Put the open basket aside, synced."""
        self._untidy = True
        self._baskets.park(basket, label, self.clock.stamp().at)

    def parked(self) -> list[Parked]:
        """Return the baskets put aside, oldest first."""
        return self._baskets.parked()

    def recall(self, basket: BasketId) -> None:
        """Make a basket that was put aside the open one."""
        self._untidy = True
        self._baskets.recall(basket, self.clock.stamp().at)

    def beyond(self, basket: Basket) -> list[StockLine]:
        """Return the goods that a manager must approve; see :func:`kiosk.core.goods.find_beyond`."""
        keys = {StockKey(sku, unit=quantity.unit) for sku, quantity in leaving(basket)}
        accounts = {key: account_of(self.journal, key) for key in keys}
        return find_beyond(basket, accounts, limit=self.config.stock.overdraft_limit, cover=self._cover())

    def _cover(self) -> dict[StockKey, int]:
        """Return what neighbours hold; what cannot be read covers nothing, and stops nobody from selling."""
        try:
            return decide_cover(self.lan.neighbours(self.clock.stamp())) if self.config.lan.broker else {}
        except (JournalError, Malformed, sqlite3.Error):
            return {}

    def open_basket(self) -> Basket:
        """Return the basket that was open when the till last ran, or a new one."""
        return self._baskets.open_basket() or Basket(self.new_basket_id(), self.config.currency)

    def scan(self, gtin: Gtin) -> Item | None:
        """Return the item behind a barcode."""
        return self.catalogue.scan(gtin)

    def item(self, sku: Sku) -> Item | None:
        """Return the item of a sku."""
        return self.catalogue.item(sku)

    def search(self, text: str, limit: int) -> list[Item]:
        """Return items by the beginnings of words of their names."""
        return self.catalogue.search(text, limit)

    def deposits(self) -> list[Item]:
        """Return the items that are the deposit of others."""
        return self.catalogue.deposits()

    def attempts(self, basket: BasketId) -> list[Attempt]:
        """Return the card payments that were tried for a basket, oldest first."""
        with translated(self.journal.path):
            return attempts.of_basket(self.journal.connection, basket)

    def open_attempts(self) -> list[Attempt]:
        """Return the card payments that a person must look at, oldest first."""
        with translated(self.journal.path):
            found = attempts.to_look_at(self.journal.connection)
        baskets = [self._baskets.open_basket(), *(one.basket for one in self.parked())]
        named = {payment.attempt for basket in baskets if basket for payment in basket.payments}
        return [one for one in found if one.is_unresolved or one.id not in named]

    def new_attempt_id(self) -> str:
        """Return an id that no other attempt has."""
        return new_id()

    def shop(self) -> Shop:
        """Return how this shop sells: as the hub said last, else as the settings say."""
        return read_shop(self.catalogue.connection, self.catalogue.path) or self.config.shop

    def storage_problem(self) -> str:
        """Return why the next sale could not be stored, with what to do; empty when it can."""
        return room.storage_problem(self.journal, self.data_dir) or ""

    def warning(self) -> str:
        """Return what somebody must know although selling goes on."""
        rival = say("another device uses this kiosk's name: switch one off")
        return joined([rival if self.link().problem == TWO_DEVICES else "", self._lives.warning()])

    def link(self) -> LinkState:
        """Return the link's state; a link.db that cannot be read is a state too, for selling goes on."""
        configured = bool(self.config.link.brokers)
        unsent = 0
        try:
            newest = {lane_stream(epoch, Lane.TILL): int(seq) for epoch, seq in self.journal.ends().items()}
            unsent = sum(newest.values())
            return self._link.state(newest, configured=configured)
        except (JournalError, sqlite3.Error) as error:
            return LinkState(configured=configured, unsent=unsent, problem=f"cannot read the link's state: {error}")

    def last_sale(self) -> LastSale | None:
        """Return the newest sale of this till."""
        return last_sale(self.journal.connection, self.journal.path, kiosk=self.config.kiosk)

    def idle(self) -> None:
        """Tidy the write-ahead log, if anything was written since: an idle till must not wear its card out."""
        if self._untidy:
            self._untidy = self.journal.checkpoint() > 0

    def new_basket_id(self) -> BasketId:
        """Return a fresh basket id."""
        return BasketId(new_id())

    def close(self) -> None:
        """Close the files."""
        self._lives.close()
        self.lan.close()
        self.catalogue.close()
        self.journal.close()


def open_journal(data_dir: Path, config: Config) -> tuple[Journal, KioskClock]:
    """Open the till's lane with a clock that knows the time of its newest fact: to look at it, and to tidy it.

    Who records in it takes :func:`recording`, or a desk.

    Raises: JournalError.
    """
    clock = KioskClock(config.clock)
    journal = open_lane(data_dir, config, Lane.TILL, clock)
    clock.raise_floor(_newest_at(journal))
    return journal, clock


def open_lane(data_dir: Path, config: Config, lane: Lane, clock: KioskClock) -> Journal:
    """Open the file of one lane of this kiosk.

    Raises: JournalError.
    """
    path, epoch = lane_path(data_dir, lane), config.epoch
    return Journal(path, OF_LANE[lane], address=config.address, lane=lane, clock=clock, first_epoch=epoch)


@contextmanager
def recording(data_dir: Path, config: Config, tell: Callable[[str], None]) -> Iterator[tuple[Journal, KioskClock]]:
    """Give the till's lane to a tool that records in it as the till does: no number twice, and mirrors have it too.

    Whatever somebody must know is told when the tool is done, or was refused: that may be why.

    Raises: JournalError.
    """
    journal, clock = open_journal(data_dir, config)
    with closing(journal):
        lives = Lives(journal, LinkReader(data_dir / "link.db"), open_mirrors(data_dir, config))
        with closing(lives):
            try:
                yield journal, clock
            finally:
                if warning := lives.warning():
                    tell(warning)


@contextmanager
def stockroom(data_dir: Path, config: Config, tell: Callable[[str], None]) -> Iterator[LocalStockroom]:
    """Give what a person does with goods and for shoppers, over this kiosk's own files; see :func:`recording`.

    Raises: JournalError.
    """
    with recording(data_dir, config, tell) as (journal, clock), _stockroom(data_dir, config, journal, clock) as room:
        yield room


@contextmanager
def looking(data_dir: Path, config: Config) -> Iterator[LocalStockroom]:
    """Give the same to somebody who only looks, and records nothing: a folder that is not there stays so.

    Raises: JournalError.
    """
    if not data_dir.is_dir():
        raise JournalError(f"no kiosk in {data_dir}: name the kiosk's folder with --data")
    journal, clock = open_journal(data_dir, config)
    with closing(journal), _stockroom(data_dir, config, journal, clock) as room:
        yield room


@contextmanager
def _stockroom(data_dir: Path, config: Config, journal: Journal, clock: KioskClock) -> Iterator[LocalStockroom]:
    with closing(Catalogue(data_dir / "catalogue.db")) as catalogue:
        yield LocalStockroom(
            config,
            clock,
            journal,
            catalogue,
            new_id=new_id,
            draw=lambda: secrets.randbelow(CODES),
            lan=LanReader(data_dir / "link.db") if config.lan.broker else None,
        )


def open_mirrors(data_dir: Path, config: Config) -> Mirrors:
    """Return the mirrors of the till's lane that the settings name, at work."""
    mirrors: list[Mirror] = []
    if config.mirror and config.mirror.folder:
        mirrors.append(FolderMirror(Path(config.mirror.folder), config.address, Lane.TILL))
    if config.mirror and config.mirror.peer:
        from kiosk.journal.mirror.peer import PeerMirror  # noqa: PLC0415 - ssl, which few tills need

        names = (config.link.ca, config.link.cert, config.link.key)
        tls = TlsFiles(*(data_dir / name for name in names)) if all(names) else None  # unusable ones are a warning
        mirrors.append(PeerMirror(Endpoint.parse(config.mirror.peer), config.address, Lane.TILL, tls))
    backoff = Backoff(random.Random(), max_s=MAX_BACKOFF_S)  # noqa: S311 - jitter
    copiers = [Copier(one, Outbox(data_dir, config.address), Lane.TILL, backoff=backoff) for one in mirrors]
    return Mirrors(copiers, config.mirror.wait_s if config.mirror else 0.0)


def open_desk(data_dir: Path, config: Config | None = None) -> LocalDesk:
    """Return the desk of the kiosk whose data folder this is.

    Raises: ConfigError, JournalError.
    """
    config = config or load_config(data_dir)
    journal, clock = open_journal(data_dir, config)
    return LocalDesk(data_dir, config, clock, journal)


def make_link(
    data_dir: Path, config: Config, *, will: bytes, on_event: "Callable[[LinkEvent], None]", rng: random.Random
) -> "Link":
    """Return the link to this kiosk's brokers; certificate paths are taken from the data folder.

    Raises: ConfigError for a broker address or certificates that cannot be used.
    """
    from mqtt_bridge.paho_link import PahoLink  # noqa: PLC0415 - the till, which starts fast, has no use for paho
    from mqtt_bridge.topics import STATUS, kiosk_subscriptions, topic  # noqa: PLC0415

    settings = data_dir / CONFIG_NAME
    try:
        brokers = [BrokerUrl.parse(text) for text in config.link.brokers]
    except Malformed as error:
        raise ConfigError(f"{settings}: {error}: correct brokers under [link]") from error
    files = link_files(data_dir, config)
    if any(broker.tls for broker in brokers) and not files:
        raise ConfigError(f"{settings}: mqtts:// needs ca, cert and key under [link]: add them")
    return PahoLink(
        brokers,
        client_id=str(config.address),
        subscriptions=kiosk_subscriptions(config.address),
        on_event=on_event,
        tls=files,
        will=Will(topic(config.address, STATUS), will),
        backoff=Backoff(rng),
    )


def make_lan_link(
    data_dir: Path, config: Config, *, on_event: "Callable[[LinkEvent], None]", rng: random.Random
) -> "Link":
    """Return the link to the broker of this kiosk's site, where neighbours learn at once when it is gone.

    Raises: ConfigError for a broker address or certificates that cannot be used.
    """
    from contract.lan import Presence, encode_lan  # noqa: PLC0415 - as paho
    from mqtt_bridge.paho_link import PahoLink  # noqa: PLC0415 - the till, which starts fast, has no use for paho
    from mqtt_bridge.topics import LAN_PRESENCE, lan_subscriptions, topic  # noqa: PLC0415

    settings = data_dir / CONFIG_NAME
    try:
        broker = BrokerUrl.parse(config.lan.broker)
    except Malformed as error:
        raise ConfigError(f"{settings}: {error}: correct broker under [lan]") from error
    files = link_files(data_dir, config)
    if broker.tls and not files:
        raise ConfigError(f"{settings}: mqtts:// needs ca, cert and key under [link]: add them")
    if not broker.tls and not Endpoint(broker.host, broker.port).loopback:
        raise ConfigError(f"{settings}: broker of [lan] must be mqtts://: only on this machine it goes without")
    will = encode_lan(Presence(online=False, epoch=config.epoch, position=Seq(0)))
    return PahoLink(
        [broker],
        client_id=str(config.address),
        subscriptions=lan_subscriptions(config.address),
        on_event=on_event,
        tls=files,
        will=Will(topic(config.address, LAN_PRESENCE), will),
        backoff=Backoff(rng),
        session_expiry_s=0,  # what was missed is said again
    )


def link_files(data_dir: Path, config: Config) -> TlsFiles | None:
    """Return this kiosk's certificate files, taken from the data folder; None if not all three are named.

    Raises: ConfigError for a file that is not there, or a key that others can read.
    """
    settings = data_dir / CONFIG_NAME
    paths = [data_dir / name for name in (config.link.ca, config.link.cert, config.link.key) if name]
    for path in paths:
        if not path.is_file():
            raise ConfigError(f"{path} is not there: enrol this kiosk, or correct [link] in {settings}")
    if config.link.key and (data_dir / config.link.key).stat().st_mode & 0o077:
        raise ConfigError(f"{data_dir / config.link.key} can be read by others: chmod 600 it, and ask for a new one")
    return TlsFiles(*paths) if len(paths) == len(TlsFiles.__struct_fields__) else None


def version() -> str:
    """Return the installed release."""
    from importlib.metadata import version as installed  # noqa: PLC0415 - slow to import, seldom asked

    return installed("popup-kiosk")


def new_id() -> str:
    """Return an id that nothing else has."""
    return str(uuid.uuid4())


def _newest_at(journal: Journal) -> datetime:
    """Return the time of the newest fact: a clock that shows less went back."""
    newest = journal.newest()
    for _, raw in journal.stored(journal.epoch, after=type(newest)(max(0, newest - 1))):
        try:
            return decode(raw).stamp.at
        except Malformed:  # `kiosk journal verify` names it; the clock only loses a hint
            return RELEASED_AT
    return RELEASED_AT
