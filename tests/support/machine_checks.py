"""What must hold after every step, and in the end: asked of the files, not of the parts that wrote them."""

from collections import Counter, defaultdict
from functools import cache
from typing import Final

from machine_parts import KIOSKS, LANES, World

from contract.codec import decode, digest
from contract.facts import RefundRecorded, SaleRecorded, StockCounted, StockReceived, UpFact
from contract.streams import lane_stream
from kiosk.journal.links import LinkReader
from kiosk.journal.outbox import lane_path
from kiosk.journal.verify import verify_journal

ROUNDS: Final = 40  # of a second each: ten times the longest silence before something is sent again
_WHO: Final = "k.region || '/' || k.site || '/' || k.kiosk"

LaneName = tuple[str, str]  # kiosk, stream
Sums = dict[tuple[str, str], list[int]]  # (sku, condition) -> received, returned, sold, adjusted, overdraft


@cache
def said(raw: bytes) -> UpFact:
    return decode(raw).data  # type: ignore[return-value]


def fold(raws: list[bytes]) -> Sums:
    """Return the stock sums that facts come to."""
    sums: Sums = defaultdict(lambda: [0, 0, 0, 0, 0])
    for raw in raws:
        match said(raw):
            case SaleRecorded(lines=sold):
                for line in sold:
                    sums[line.sku, "sellable"][2] += line.quantity.amount
                    sums[line.sku, "sellable"][4] += line.overdraft
            case RefundRecorded(lines=back):
                for one in back:
                    sums[one.sku, "sellable" if one.restock else "damaged"][1] += one.quantity.amount
            case StockReceived(lines=came):
                for new in came:
                    sums[new.sku, "sellable"][0] += new.quantity.amount
            case StockCounted(lines=counted):
                for found in counted:
                    sums[found.sku, "sellable"][3] += found.counted.amount - found.expected
            case _:
                pass
    return dict(sums)


class Checks:
    """Compares the hub's books with what each kiosk wrote aside, and what kiosks believe with what the hub holds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.forks: set[tuple[LaneName, int, bytes]] = set()
        self._seen: object = None
        self._believed: dict[LaneName, tuple[int, int]] = {}
        self._positions: dict[LaneName, int] = {}
        self._incarnation = 0

    def after_step(self) -> None:
        hub = self.world.hub
        version = (hub.starts, hub.reader.execute("PRAGMA data_version").fetchone())
        if version != self._seen:
            self._check_books()
            self._seen = version
        self._check_beliefs()

    def diary(self, lane: LaneName) -> list[bytes]:
        kiosk, stream = lane
        return next(one.diary[stream] for one in self.world.kiosks if str(one.address) == kiosk)

    def held(self) -> dict[LaneName, list[bytes]]:
        """Return the hub's facts by lane, in order; their numbers have no gaps."""
        rows = self.world.hub.reader.execute(
            f"SELECT {_WHO}, f.epoch, f.lane, f.seq, f.bytes, f.digest FROM facts f "  # noqa: S608
            "JOIN kiosks k ON k.id = f.kiosk_id ORDER BY 1, 2, 3, 4"
        ).fetchall()
        found: dict[LaneName, list[bytes]] = defaultdict(list)
        for who, epoch, lane, seq, raw, mark in rows:
            facts = found[who, lane_stream(epoch, lane)]
            facts.append(raw)
            assert seq == len(facts), f"{who} {lane}: fact {seq} stands after {len(facts) - 1}"
            assert mark == digest(raw)
        return dict(found)

    def _check_books(self) -> None:
        reader = self.world.hub.reader
        held = self.held()
        lanes = reader.execute(
            f"SELECT {_WHO}, l.epoch, l.lane, l.position, l.digest, l.newest FROM lanes l "  # noqa: S608
            "JOIN kiosks k ON k.id = l.kiosk_id"
        ).fetchall()
        self._positions = {(who, lane_stream(epoch, lane)): at for who, epoch, lane, at, _, _ in lanes}
        assert {name: len(facts) for name, facts in held.items()} == self._positions, "positions are not what is held"
        for who, epoch, lane, position, mark, newest in lanes:
            name = who, lane_stream(epoch, lane)
            diary = self.diary(name)
            assert position <= newest <= len(diary), f"{name}: the hub is beyond what was recorded"
            assert held[name] == diary[:position], f"{name}: the hub holds other facts than were recorded"
            assert mark == digest(diary[position - 1])
        self._check_effects([raw for facts in held.values() for raw in facts], held)
        self._check_set_aside()
        (self._incarnation,) = reader.execute("SELECT incarnation FROM hub_life").fetchone()

    def _check_effects(self, raws: list[bytes], held: dict[LaneName, list[bytes]]) -> None:
        reader = self.world.hub.reader
        stock = reader.execute("SELECT sku, condition, received, returned, sold, adjusted, overdraft FROM stock")
        assert {(sku, kind): list(terms) for sku, kind, *terms in stock} == fold(raws), "stock is not what facts say"
        receipts = reader.execute(
            f"SELECT {_WHO}, r.receipt, r.total_minor FROM receipts r JOIN kiosks k ON k.id = r.kiosk_id"  # noqa: S608
        ).fetchall()
        wanted = [
            (who, data.receipt, data.total_minor)
            for (who, _), facts in held.items()
            for data in map(said, facts)
            if isinstance(data, SaleRecorded | RefundRecorded)
        ]
        assert Counter(receipts) == Counter(wanted), "receipts are not those of the facts"
        assert len({row[:2] for row in receipts}) == len(receipts), "a receipt number stands twice"

    def _check_set_aside(self) -> None:
        reader = self.world.hub.reader
        rows = reader.execute(
            f"SELECT {_WHO}, q.epoch, q.lane, q.seq, q.kind, q.bytes FROM quarantine q "  # noqa: S608
            "JOIN kiosks k ON k.id = q.kiosk_id"
        ).fetchall()
        assert {row[4] for row in rows} <= {"fork"}, "a good fact was set aside"
        found = {((who, lane_stream(epoch, lane)), seq, raw) for who, epoch, lane, seq, _, raw in rows}
        assert found <= self.forks, "a fork that nobody made"
        kinds = {kind for (kind,) in reader.execute("SELECT kind FROM exceptions")}
        assert kinds <= {"fork"}, f"a person is called for nothing: {kinds}"

    def has_fork(self, lane: LaneName, seq: int, raw: bytes) -> None:
        """Check that a fork which just arrived is kept, and somebody told."""
        reader = self.world.hub.reader
        rows = reader.execute("SELECT bytes FROM quarantine WHERE seq = ? AND kind = 'fork'", (seq,)).fetchall()
        assert (raw,) in rows, f"{lane}: a fork at {seq} was swallowed"
        assert reader.execute("SELECT 1 FROM exceptions WHERE kind = 'fork'").fetchone(), "nobody was told of a fork"

    def _check_beliefs(self) -> None:
        for kiosk in self.world.kiosks:
            believed, stored = kiosk.session, kiosk.store
            assert believed.incarnation <= self._incarnation, "a kiosk heard of a hub that never was"
            for stream, position in believed.positions().items():
                name = str(kiosk.address), stream
                if believed.incarnation == self._incarnation:
                    held = self._positions.get(name, 0)
                    assert position <= held, f"{name}: acknowledged to {position}, the hub holds {held}"
            incarnation = stored.incarnation()
            for stream, position in stored.acks().items():
                name = str(kiosk.address), stream
                before = self._believed.get(name, (0, 0))
                assert (incarnation, position) >= before, f"{name}: the stored acknowledgement went back from {before}"
                self._believed[name] = incarnation, position

    def settle(self) -> None:
        """Heal the network, wait a bounded time, and find the hub's books equal to the journals."""
        for kiosk in self.world.kiosks:
            kiosk.connect()
        for _ in range(ROUNDS):
            self.world.clock.advance(1)
            for kiosk in self.world.kiosks:
                kiosk.turn()
            self.world.deliver_all()
            self.after_step()
            if self._settled():
                break
        self._check_end()

    def _settled(self) -> bool:
        network = self.world.network
        recorded = {
            (str(k.address), stream): len(diary) for k in self.world.kiosks for stream, diary in k.diary.items()
        }
        arrived = self._positions == {lane: count for lane, count in recorded.items() if count}
        return arrived and not network.up and not network.down and not any(self._unsent())

    def _unsent(self) -> list[int]:
        unsent = []
        for kiosk in self.world.kiosks:
            newest = {stream: len(diary) for stream, diary in kiosk.diary.items()}
            reader = LinkReader(kiosk.folder / "link.db")
            unsent.append(reader.state(newest, configured=True).unsent)
            if reader._connection:
                reader._connection.close()
        return unsent

    def _check_end(self) -> None:
        held = self.held()
        for kiosk in self.world.kiosks:
            for lane in LANES:
                diary = kiosk.diary[f"{lane}@1"]
                journal = kiosk.journals[lane]
                assert [raw for _, raw in journal.stored(journal.epoch)] == diary, (
                    "the journal is not what was recorded"
                )
                assert held.get((str(kiosk.address), f"{lane}@1"), []) == diary, f"{kiosk.address} {lane}: facts lost"
                verdict = verify_journal(lane_path(kiosk.folder, lane), lane)
                assert (verdict.facts, verdict.broken) == (len(diary), None)
        assert self._unsent() == [0] * len(KIOSKS), "kiosks still think that facts are unsent"
