"""What must hold after every step, and in the end."""

from collections import Counter
from collections.abc import Iterator

from machine_books import Books, fold, receipt_of
from machine_kiosk import KioskTwin
from machine_settling import settle
from machine_world import LaneName, World

from contract.codec import digest

TOLD = {"fork", "chain_broken", "receipt_reused"}  # what a person hears of two facts under one number


class Checks:
    """Compares the hub's books with whatever was recorded, and what kiosks believe with what the hub holds."""

    def __init__(self, world: World) -> None:
        self.world = world
        self.forged: set[tuple[LaneName, int, bytes]] = set()
        self._seen: object = None
        self._stays: tuple[object, Books] | None = None
        self._believed: dict[tuple[int, int, str], tuple[int, int]] = {}
        self.books = Books(world.hub.reader)

    def after_step(self) -> None:
        hub = self.world.hub
        version = (hub.starts, hub.reader.execute("PRAGMA data_version").fetchone())
        if version != self._seen:
            self.books = Books(hub.reader)
            self._check_books(self.books)
            self._check_stays(self.books)
            self._seen = version
        for which, kiosk in enumerate(self.world.kiosks):
            self._check_session(kiosk)
            self._check_store(which, kiosk)

    def settle(self) -> None:
        """Heal the network, wait a bounded time, and find that the hub has whatever a card still holds."""
        settle(self.world, self.after_step)

    def _check_books(self, books: Books) -> None:
        assert {name: len(facts) for name, facts in books.held.items()} == {
            name: lane.position for name, lane in books.lanes.items()
        }, "positions are not what is held"
        for name, facts in books.held.items():
            ever, lane = self.world.ever[name], books.lanes[name]
            strange = [number for number, raw in enumerate(facts, 1) if raw not in ever[number]]
            assert not strange, f"{name}: the hub holds {strange}, which nobody recorded"
            assert lane.position <= lane.newest <= max(n for n, raws in ever.items() if raws)
            assert lane.digest == digest(facts[-1])
        assert books.stock == fold(raw for facts in books.held.values() for raw in facts), "stock is not what facts say"
        assert books.of_forks == fold(raw for _, raw in books.forks), (
            "stock of second cards is not what their facts say"
        )
        self._check_receipts(books)
        self._check_set_aside(books)

    def _check_receipts(self, books: Books) -> None:
        wanted = Counter(
            (who, *receipt) for (who, _), facts in books.held.items() for raw in facts if (receipt := receipt_of(raw))
        )
        assert Counter(books.receipts) == wanted, "receipts are not those of the facts"
        of_forks = Counter((who, *receipt) for who, raw in books.forks if (receipt := receipt_of(raw)))
        assert Counter(books.receipts_of_forks) == of_forks, "receipts of second cards are not those of their facts"
        for (who, number), count in Counter((who, number) for who, number, _ in books.receipts).items():
            if count > 1:  # whether it could be helped is asked when it is given
                assert ("receipt_reused", f"{who} {number}") in books.exceptions, "nobody was told of a number twice"

    def _check_set_aside(self, books: Books) -> None:
        assert books.aside_kinds <= {"fork"}, "a good fact was set aside"
        for lane, seq, raw in books.aside:
            assert (lane, seq, raw) in self.forged or raw in self.world.ever[lane][seq], "a fork that nobody made"
            assert books.held[lane][seq - 1] != raw, "a repeat was taken for a fork"
            assert ("fork", " ".join(lane)) in books.exceptions, "nobody was told of a fork"
        parted = {" ".join(lane) for lane in self._parted()}
        for kind, subject in books.exceptions:
            if kind in {"life_closed", "delivery_twice"}:
                continue  # somebody must count what an earlier life left, or what came twice on a day
            called = kind in TOLD and (subject in parted or (kind == "receipt_reused" and self._is_reused(subject)))
            assert called, f"a person is called for nothing: {kind} {subject}"

    def _parted(self) -> Iterator[LaneName]:
        """Yield lanes in which a number was given to two facts."""
        yield from (lane for lane, _, _ in self.forged)
        for lane, numbers in self.world.ever.items():
            if any(len(raws) > 1 for raws in numbers.values()):
                yield lane

    def _is_reused(self, subject: str) -> bool:
        facts = (
            (who, raw) for (who, _), numbers in self.world.ever.items() for raws in numbers.values() for raw in raws
        )
        return sum(f"{who} {(receipt_of(raw) or ('',))[0]}" == subject for who, raw in facts) > 1

    def _check_stays(self, books: Books) -> None:
        """What the hub has once committed stays, unless its books go back."""
        life = self.world.hub.restored
        if self._stays and self._stays[0] == life:
            before = self._stays[1]
            for lane, facts in before.held.items():
                assert books.held.get(lane, [])[: len(facts)] == facts, f"{lane}: what was committed is gone"
            assert before.aside <= books.aside, "what was set aside is gone"
            assert before.exceptions <= books.exceptions
        self._stays = life, books

    def has_fork(self, lane: LaneName, seq: int, raw: bytes) -> None:
        """Check that a fork which just arrived is kept, and somebody told."""
        books = Books(self.world.hub.reader)
        assert (lane, seq, raw) in books.aside, f"{lane}: a fork at {seq} was swallowed"
        assert ("fork", " ".join(lane)) in books.exceptions, "nobody was told of a fork"

    def _check_session(self, kiosk: KioskTwin) -> None:
        """A kiosk believes acknowledged what the hub has; of what it was told since it started, each single fact."""
        believed = kiosk.session
        assert believed.incarnation <= self.books.incarnation, "a kiosk heard of a hub that never was"
        if believed.incarnation == self.books.incarnation:
            for stream, position in believed.positions().items():
                self._check_belief(kiosk, stream, position)

    def _check_belief(self, kiosk: KioskTwin, stream: str, position: int) -> None:
        lane = str(kiosk.address), stream
        held = len(self.books.held.get(lane, ()))
        assert position <= held, f"{lane}: acknowledged to {position}, the hub holds {held}"
        if kiosk.knowledge.live.told.get(stream, 0) < position:
            return  # it was stored, perhaps of another journal; that ends with the next word of the hub
        for seq, raw in enumerate(kiosk.notes.diary.get(stream, ())[:position], 1):
            assert self.books.has(lane, seq, raw), f"{lane}: {seq} counts as acknowledged, the hub has another"

    def _check_store(self, which: int, kiosk: KioskTwin) -> None:
        incarnation = kiosk.store.incarnation()
        for stream, position in kiosk.store.acks().items():
            name = which, kiosk.lives, stream
            before = self._believed.get(name, (0, 0))
            if kiosk.knowledge.live.is_strayed(stream):
                continue  # what was stored may have been of another journal
            assert (incarnation, position) >= before, f"{name}: the stored acknowledgement went back from {before}"
            self._believed[name] = incarnation, position
