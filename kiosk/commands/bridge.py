"""``kiosk bridge``: carry facts between this kiosk's journals and the hub. It faces the network; it sells nothing."""

import logging
import random
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

import click

from contract.batch import Status, encode_message
from contract.values import Lane
from kiosk import bootstrap
from kiosk.clock import KioskClock, now_utc
from kiosk.config import Config, ConfigError, load_config
from kiosk.journal.bridge_lock import only_bridge
from kiosk.journal.errors import StorageFailed
from kiosk.journal.lan import LanStore
from kiosk.journal.lan_view import TillReader
from kiosk.journal.links import LinkStore
from kiosk.journal.outbox import Outbox, lane_path
from kiosk.signals import stop_on_signals
from mqtt_bridge.lan import Lan
from mqtt_bridge.pump import Pump
from mqtt_bridge.session import Limits, Session

_LAN_END_S: Final = 2.0  # one turn takes a tenth of a second, unless the disk hangs


@click.command(epilog="Example: kiosk bridge")
@click.pass_obj
def bridge(data_dir: Path) -> None:
    """Send facts to the hub and take in what it sends, until stopped."""
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    config = load_config(data_dir)
    if not config.link.brokers:
        raise ConfigError(f'no broker in {data_dir / "kiosk.toml"}: add brokers = ["mqtts://host"] under [link]')
    stopped = stop_on_signals()
    with only_bridge(data_dir):
        carry(data_dir, config, stopped, outbox=Outbox(data_dir, config.address))


def carry(
    data_dir: Path, config: Config, stopped: threading.Event, *, outbox: Outbox, limits: Limits | None = None
) -> None:
    """Carry facts until ``stopped``, within ``limits``; the caller holds the folder's link (:func:`only_bridge`)."""
    rng = random.Random()  # noqa: S311 - jitter
    pump = Pump(
        address=config.address,
        outbox=outbox,
        store=LinkStore(data_dir / "link.db", config.address),
        session=Session(rng=rng, limits=limits),
        monotonic=time.monotonic,
        now=now_utc,
        disk_failed=StorageFailed,
        version=bootstrap.version(),
    )
    will = encode_message(Status(online=False))
    link = bootstrap.make_link(data_dir, config, will=will, on_event=pump.on_event, rng=rng)
    pump.attach(link)
    link.start()
    try:
        with talking(data_dir, config, stopped, rng):
            pump.run(stopped)
    finally:
        link.stop()


@contextmanager
def talking(data_dir: Path, config: Config, stopped: threading.Event, rng: random.Random) -> Iterator[None]:
    """Talk to the site's other tills meanwhile, in a thread of its own; nothing where the site has no broker.

    Raises: ConfigError.
    """
    if not config.lan.broker:
        yield
        return
    till = TillReader(lane_path(data_dir, Lane.TILL), config.address)
    stamp = KioskClock(config.clock).stamp
    store = LanStore(data_dir / "link.db")
    lan = Lan(
        address=config.address,
        till=till,
        store=store,
        monotonic=time.monotonic,
        stamp=stamp,
        disk_failed=StorageFailed,
    )
    link = bootstrap.make_lan_link(data_dir, config, on_event=lan.on_event, rng=rng)
    lan.attach(link)
    link.start()
    thread = threading.Thread(target=lan.run, args=(stopped,), name="lan", daemon=True)
    thread.start()
    try:
        yield
    finally:
        stopped.set()
        thread.join(_LAN_END_S)
        link.stop()
