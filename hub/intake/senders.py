"""Notes who spoke: online or not, what they run, how far their lanes reach, how far they applied what came down."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlalchemy import Connection

from contract.batch import Status, StreamPosition
from contract.errors import Malformed
from contract.streams import parse_lane_stream, parse_log_stream
from contract.values import Address
from hub.core.inbox import printable
from hub.intake.arrivals import Arrival, DownAcked, Told, UpBatch
from hub.store import down, inbox
from hub.store.books import Trouble
from hub.store.inbox import KioskRow

_HEARD: Final = "a kiosk that was said to be lost reaches the broker: revoke its certificate, or hub kiosk admit it"


def note(connection: Connection, arrivals: Sequence[Arrival], senders: Mapping[Address, KioskRow], now: str) -> None:
    """Write down what ``arrivals`` say of their senders, apart from facts."""
    rows: dict[int, dict[str, Any]] = {
        kiosk.id: {"of_kiosk": kiosk.id, "of_epoch": 0, "is_online": None, "runs": None} for kiosk in senders.values()
    }
    reaches: list[dict[str, Any]] = []
    acked: list[DownAcked] = []
    for arrival in arrivals:
        row = rows[senders[arrival.address].id]
        match arrival:
            case UpBatch():
                row["of_epoch"] = max(row["of_epoch"], arrival.epoch)
            case Told(status=status):
                row["is_online"] = status.online
                row["runs"] = printable(status.version) or row["runs"]
                row["of_epoch"] = max(row["of_epoch"], newest_epoch(status))
                reaches += _reaches(row["of_kiosk"], status.newest)
                if has_nothing(status):
                    down.forget_cursors(connection, row["of_kiosk"])
                acked = [one for one in acked if one.address != arrival.address or not has_nothing(status)]
            case DownAcked():
                acked.append(arrival)
    _save_cursors(connection, acked, senders)
    for kiosk in senders.values():
        if rows[kiosk.id]["of_epoch"] > kiosk.epoch:
            down.forget_cursors(connection, kiosk.id)  # a new image has nothing of what came down
    inbox.seen(connection, list(rows.values()), now)
    inbox.tell_newest(connection, reaches)


def fenced_heard(arrivals: Sequence[Arrival], senders: Mapping[Address, KioskRow]) -> list[Trouble]:
    """Return an exception for each kiosk that is lost and reaches the hub: not for its will, which the broker says."""
    heard = {one.address for one in arrivals if not isinstance(one, Told) or one.status.online}
    lost = [kiosk for address, kiosk in senders.items() if kiosk.fenced and address in heard]
    return [Trouble("fenced_kiosk_heard", str(kiosk.address), kiosk.id, {"what": _HEARD}) for kiosk in lost]


def has_nothing(status: Status) -> bool:
    """Return whether a kiosk that is online never heard of a hub: whatever came down before, it has not."""
    return status.online and not status.incarnation


def newest_epoch(status: Status) -> int:
    """Return the newest life of a kiosk's image that its status names, 0 for none."""
    return max((reach["of_epoch"] for reach in _reaches(0, status.newest)), default=0)


def _reaches(kiosk_id: int, newest: Iterable[StreamPosition]) -> Iterable[dict[str, Any]]:
    for one in newest:
        try:
            epoch, lane = parse_lane_stream(one.stream, "$.newest")
        except Malformed:
            continue  # a lane of a newer release
        yield {"of_kiosk": kiosk_id, "of_epoch": epoch, "of_lane": lane.value, "reaches": one.position}


def _save_cursors(connection: Connection, acked: Sequence[DownAcked], senders: Mapping[Address, KioskRow]) -> None:
    """Note how far kiosks applied what came down; the last word of each counts."""
    newest = down.generations(connection, {one.address for one in acked})
    rows = {
        (row["kiosk_id"], row["log"], row["generation"]): row
        for one in acked
        for row in _cursors(senders[one.address].id, newest[one.address], one.ack.positions)
    }
    down.save_cursors(connection, [rows[key] for key in sorted(rows)])


def _cursors(kiosk_id: int, newest: Mapping[str, int], positions: Iterable[StreamPosition]) -> list[dict[str, Any]]:
    """Return the cursors in the logs that there are; what a kiosk says of logs that nobody wrote is not kept."""
    rows = []
    for one in positions:
        try:
            log, born = parse_log_stream(one.stream, "$.positions")
        except Malformed:
            continue
        if newest.get(log) == born:
            rows.append({"kiosk_id": kiosk_id, "log": log, "generation": born, "position": one.position})
    return rows
