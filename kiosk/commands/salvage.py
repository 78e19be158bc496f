"""``kiosk journal salvage``: bring an old card's facts to the hub."""

import json
import logging
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final

import click

from contract.errors import Malformed
from contract.streams import parse_lane_stream
from kiosk import bootstrap
from kiosk.clock import KioskClock
from kiosk.commands.bridge import carry
from kiosk.config import CONFIG_NAME, Config, load_config
from kiosk.core.endpoint import Endpoint
from kiosk.core.ports import MirrorFailed
from kiosk.journal.bridge_lock import bridge_runs, only_bridge
from kiosk.journal.errors import JournalError, StorageFailed
from kiosk.journal.links import LinkReader
from kiosk.journal.mirror.fetch import bring
from kiosk.journal.mirror.peer import SCHEME
from kiosk.journal.outbox import Outbox
from kiosk.journal.salvage.errors import CannotSalvage, NothingToSalvage
from kiosk.journal.salvage.salvage import FOLDER, Salvaged, salvage
from kiosk.signals import stop_on_signals
from kiosk.tools.files import UsedWrongly, progress

_POLL_S: Final = 0.2  # how soon an acknowledgement is seen: a person watches
_NAMED: Final = 8  # positions and receipts named in words; --json names all

_OURS: Final = ("*.db", "*.db-wal", "*.db-shm", "*.lock", FOLDER, f"{FOLDER}/**/*")  # what a salvage makes

Span = tuple[int, int]


@click.command("salvage", epilog="Example: kiosk journal salvage /media/old-card")
@click.argument("device")
@click.option("--no-wait", is_flag=True, help="Only take the facts over; a bridge carries them to the hub later.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object on standard output.")
@click.pass_obj
def salvage_command(data_dir: Path, device: str, *, no_wait: bool, as_json: bool) -> None:
    """Bring the facts of this kiosk's old card to the hub.

    DEVICE is the mounted card or any folder, a journal's file, a folder of a mirror, peer://HOST:PORT for what a peer
    till keeps, or, for root, a disk image or a device. The old card is only read. A repetition changes nothing.
    """
    config = load_config(data_dir)
    open_lane = partial(bootstrap.open_lane, data_dir, config, clock=KioskClock(config.clock))
    with _given_back(data_dir):
        try:
            place = _brought(device, data_dir, config) if device.startswith(SCHEME) else Path(device)
            found = salvage(place, data_dir, config.address, open_lane, _bar)
        except NothingToSalvage as error:
            raise UsedWrongly(str(error)) from error
        wait = _Wait(data_dir, found)
        if not no_wait and config.link.brokers:
            _bring_up(data_dir, config, wait)
    report = _report(found, wait.acks(), device, config)
    if as_json:
        click.echo(json.dumps(report))
    else:
        click.echo(_sentence(report))
    for advice in _advice(report, found, waited=not no_wait, configured=bool(config.link.brokers)):
        click.echo(f"kiosk: {advice}", err=True)
    if report["conflicting"] or report["doubtful"] or not (no_wait or report["complete"]):
        raise SystemExit(1)


@contextmanager
def _given_back(data_dir: Path) -> Iterator[None]:
    """Leave nothing of ours to root in the folder of a kiosk that runs as another user: it could not open it.

    What we do not make stays root's, settings above all: their owner may keep them from the kiosk's user on purpose.
    """
    owner = data_dir.stat() if data_dir.exists() else None
    try:
        yield
    finally:
        if owner and owner.st_uid != os.geteuid() == 0:
            for path in [found for names in _OURS for found in data_dir.glob(names)]:
                if path.lstat().st_uid == 0:
                    os.chown(path, owner.st_uid, owner.st_gid, follow_symlinks=False)


def _brought(device: str, data_dir: Path, config: Config) -> Path:
    try:
        peer = Endpoint.parse(device.removeprefix(SCHEME))
    except Malformed as error:
        raise UsedWrongly(f"{device}: it is {error.what}: name it like {SCHEME}k2.local:8710") from error
    tls = bootstrap.link_files(data_dir, config)
    if tls is None and not peer.loopback:
        raise UsedWrongly(f"{device} needs ca, cert and key under [link] of {data_dir / CONFIG_NAME}: enrol this kiosk")
    try:
        return bring(peer, config.address, tls, data_dir / FOLDER)
    except MirrorFailed as error:
        raise CannotSalvage(str(error)) from error


@contextmanager
def _bar(what: str, length: int) -> Iterator[Callable[[int], None]]:
    with progress(what, length) as bar:
        yield bar.update


class _Wait:
    """How far the hub has acknowledged what was salvaged."""

    def __init__(self, data_dir: Path, found: Salvaged) -> None:
        """Look at the folder's ``link.db``, once it is there."""
        self._link = LinkReader(data_dir / "link.db")
        self.ends = found.ends
        self.stopped = threading.Event()

    def acks(self) -> dict[str, int]:
        """Return how far each salvaged stream is acknowledged, up to its last salvaged fact."""
        acked = {}
        for stream, end in self.ends.items():
            epoch, lane = parse_lane_stream(stream, "stream")
            acked[stream] = min(end, self._link.heard(lane).positions.get(epoch, 0))
        return acked

    def until(self, over: Callable[[], bool]) -> None:
        """Watch, and show, until everything is acknowledged (then ``stopped`` is set), stopped or ``over``."""
        shown = 0
        with _bar("sending", sum(self.ends.values())) as tell:
            while not (self.stopped.is_set() or over()):
                acks = self.acks()
                tell(sum(acks.values()) - shown)
                shown = sum(acks.values())
                if acks == self.ends:
                    self.stopped.set()
                self.stopped.wait(_POLL_S)


def _bring_up(data_dir: Path, config: Config, wait: _Wait) -> None:
    """Return once the hub has acknowledged everything, or a signal asked to end."""
    if wait.acks() == wait.ends:
        return
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    wait.stopped = stop_on_signals()
    while not wait.stopped.is_set():
        wait.until(over=lambda: not bridge_runs(data_dir))
        if not wait.stopped.is_set():
            _carry(data_dir, config, wait)


def _carry(data_dir: Path, config: Config, wait: _Wait) -> None:
    """Be the bridge until everything is acknowledged; where a real one was faster, leave it to that one."""
    with ExitStack() as held:
        try:
            held.enter_context(only_bridge(data_dir))
        except StorageFailed:
            raise
        except JournalError:
            return
        watcher = threading.Thread(target=wait.until, args=(lambda: False,), name="watch", daemon=True)
        watcher.start()
        try:
            carry(data_dir, config, wait.stopped, outbox=Outbox(data_dir, config.address))
        finally:
            wait.stopped.set()
            watcher.join()


def _report(found: Salvaged, acks: Mapping[str, int], device: str, config: Config) -> dict[str, Any]:
    """Return what --json prints."""
    return {
        "device": device,
        "source": str(found.source),
        "kiosk": str(config.address),
        "facts": found.facts,
        "known": found.taken.known,
        "taken": found.taken.taken,
        "missing": {stream: [list(span) for span in spans] for stream, spans in found.missing.items()},
        "unreadable_blocks": found.unreadable_blocks,
        "foreign": found.foreign,
        "conflicting": sum(map(len, found.taken.conflicts.values())),
        "conflicts": found.taken.conflicts,
        "doubtful": found.doubtful,
        "sold_twice": found.taken.twice,
        "aside": str(found.aside) if found.aside else None,
        "epochs": found.epochs,
        "streams": {stream: {"end": end, "acknowledged": acks[stream]} for stream, end in found.ends.items()},
        "complete": acks == found.ends,
    }


def _sentence(report: Mapping[str, Any]) -> str:
    told = f"{report['facts']} facts of {report['kiosk']}: {report['known']} known, {report['taken']} taken over"
    sent = ", ".join(f"{name} {one['acknowledged']} of {one['end']}" for name, one in report["streams"].items())
    return f"{told}; acknowledged by the hub: {sent or 'nothing to send'}"


def _advice(report: Mapping[str, Any], found: Salvaged, *, waited: bool, configured: bool) -> Iterator[str]:
    """Yield what a person must know, each with what to do."""
    if found.unreadable_blocks:
        yield f"{found.unreadable_blocks} blocks of the card cannot be read: keep the card, a laboratory may read more"
    for stream, spans in found.missing.items():
        yield f"{stream}: missing {_spans(spans)}: salvage another copy if there is one; tell the hub's operator"
    if found.foreign:
        yield f"{found.foreign} facts are another kiosk's and were left: salvage them there"
    for stream, positions in found.taken.conflicts.items():
        yield (
            f"{stream}: {_few(positions)} stand in this journal with other contents: nothing was overwritten, "
            f"the card's are kept in {found.aside}: show them to the hub's operator"
        )
    if found.doubtful:
        yield (
            f"{found.doubtful} facts may never have been completed: they were not taken over and are kept in "
            f"{found.aside}: compare them with the receipts"
        )
    if found.taken.twice:
        yield f"a basket of {_few(found.taken.twice)} has another receipt in this journal: both count, ask the counter"
    if waited and not report["complete"]:
        yield _why_not_sent(configured=configured)


def _why_not_sent(*, configured: bool) -> str:
    if configured:
        return "ended before the hub had acknowledged everything: run it again, or leave the rest to `kiosk bridge`"
    return "no broker configured, so nothing was sent: add [link] to kiosk.toml and run it again"


def _spans(spans: Sequence[Span]) -> str:
    return _few([str(first) if first == last else f"{first} to {last}" for first, last in spans])


def _few(names: Sequence[object]) -> str:
    more = len(names) - _NAMED
    return ", ".join(map(str, names[:_NAMED])) + (f" and {more} more" if more > 0 else "")
