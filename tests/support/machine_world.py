"""Everything there is: cards in kiosks, a network, a hub; and what was ever recorded."""

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path

from machine_card import put_back
from machine_hub import HubTwin
from machine_kiosk import KioskTwin
from machine_network import MachineClock, Network
from machine_parts import KIOSKS, Parts

from contract.every import UpFact
from contract.values import Lane
from hub.intake.arrivals import Message
from mqtt_bridge.topics import parse_topic

LaneName = tuple[str, str]  # kiosk, stream


class World:
    """Everything there is."""

    def __init__(self, folder: Path, parts: Parts) -> None:
        self.folder = folder
        self.parts = parts
        self.clock = MachineClock()
        self.network = Network()
        self.hub = HubTwin(folder / "hub", self.network, self.clock, parts)
        self.kiosks = [
            KioskTwin(folder / "cards" / address.kiosk, address, self.network, self.clock, parts) for address in KIOSKS
        ]
        self.ever: dict[LaneName, dict[int, list[bytes]]] = defaultdict(lambda: defaultdict(list))

    def record(self, kiosk: KioskTwin, lane: Lane, facts: Sequence[UpFact]) -> None:
        """Sell; what is recorded is remembered for ever, whatever becomes of the card."""
        for stream, recorded in kiosk.record(lane, facts).items():
            for number, raw in recorded:
                self.ever[str(kiosk.address), stream][number].append(raw)

    def connect(self, kiosk: KioskTwin) -> None:
        """Connect one; the broker ends an older connection under the same name."""
        for other in self.kiosks:
            if other is not kiosk and other.address == kiosk.address:
                other.disconnect()
        kiosk.connect()

    def clone(self, kiosk: KioskTwin) -> KioskTwin:
        """Return a second kiosk with a copy of the card, under the same name."""
        kiosk.copy()
        copy = kiosk.copies.pop()
        folder = self.folder / "cards" / f"clone{len(self.kiosks)}"
        folder.mkdir()
        put_back(copy, folder, link=True)
        address, parts = kiosk.address, self.parts
        twin = KioskTwin(folder, address, self.network, self.clock, parts, notes=copy.notes, heard=copy.heard)
        self.kiosks.append(twin)
        return twin

    def newest_epoch(self, kiosk: KioskTwin) -> int:
        """Return the newest epoch that the hub knows of a kiosk, which its operator gives a new card one above."""
        row = self.hub.reader.execute(
            "SELECT max(epoch) FROM kiosks WHERE region = ? AND site = ? AND kiosk = ?",
            (kiosk.address.region, kiosk.address.site, kiosk.address.kiosk),
        ).fetchone()
        return row[0] or 0

    def deliver_down(self, message: Message | None) -> None:
        if message:
            address, _ = parse_topic(message.topic)
            for kiosk in self.kiosks:
                if kiosk.address == address:
                    kiosk.receive(message)

    def deliver_all(self) -> None:
        """Let everything that is under way arrive, in order; what is answered meanwhile is under way next time."""
        up, self.network.up = self.network.up, []
        down_, self.network.down = self.network.down, []
        for message in up:
            self.hub.take([message])
        for message in down_:
            self.deliver_down(message)

    def close(self) -> None:
        self.hub.close()
        for kiosk in self.kiosks:
            kiosk.close()
