"""What a peer till keeps of this kiosk, brought into a folder that a salvage reads like any mirror."""

from collections.abc import Iterator
from itertools import groupby
from pathlib import Path
from typing import Final

from contract.batch import MAX_BATCH_FACTS
from contract.values import Address, Epoch, Lane, Seq
from kiosk.core.endpoint import Endpoint
from kiosk.core.ports import MirrorFailed
from kiosk.journal.mirror.files import LaneFiles
from kiosk.journal.mirror.paths import opened_root
from kiosk.journal.mirror.peer import fetch
from mqtt_bridge.link import TlsFiles

_PRIVATE: Final = 0o700

Fetched = tuple[Lane, Epoch, Seq, bytes]


def bring(peer: Endpoint, address: Address, tls: TlsFiles | None, below: Path) -> Path:
    """Return the folder below ``below`` that now holds, synced, all that the peer till keeps of ``address``.

    What was brought before is compared and stays.

    Raises: MirrorFailed.
    """
    folder = below / f"peer-{str(peer).replace(':', '-').strip('[]')}"
    files = {lane: LaneFiles(address, lane) for lane in Lane}
    try:
        folder.mkdir(mode=_PRIVATE, parents=True, exist_ok=True)
        with opened_root(folder) as root:
            for batch in _batches(fetch(peer, address, tls)):
                lane, epoch, first, _ = batch[0]
                files[lane].keep(root, epoch, first, [raw for *_, raw in batch])
    except OSError as error:
        raise MirrorFailed(f"cannot write {folder}: {error.strerror}: free space there") from error
    return folder


def _batches(facts: Iterator[Fetched]) -> Iterator[list[Fetched]]:
    for _, run in groupby(facts, key=lambda one: (one[0], one[1], (one[2] - 1) // MAX_BATCH_FACTS)):
        yield list(run)
