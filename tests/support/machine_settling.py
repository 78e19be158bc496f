"""The end of every life of the machine: all is well for a while, and nothing may be missing."""

from collections.abc import Callable, Iterator
from typing import Final

from machine_books import Books
from machine_kiosk import KioskTwin
from machine_parts import LANES
from machine_world import World

from contract.streams import lane_stream
from kiosk.journal.links import LinkReader
from kiosk.journal.outbox import lane_path
from kiosk.journal.verify import verify_journal
from mqtt_bridge.topics import topic

ROUNDS: Final = 40  # of a second each: ten times the longest silence before something is sent again
QUIET: Final = 6  # rounds in which nothing more is sent, longer than the longest silence

Check = Callable[[], None]


def settle(world: World, after_step: Check) -> None:
    """Heal the network, wait a bounded time, and find that the hub has whatever a card still holds.

    Cards of one name are connected one after the other, as the broker lets them.
    """
    for kiosk in reversed(world.kiosks):  # clones first
        kiosk.disconnect()
        world.connect(kiosk)
        _work_until_settled(world, kiosk, after_step)
        _check_card(world, kiosk)
        _check_quiet(world, kiosk, after_step)
    books = Books(world.hub.reader)
    for kiosk in world.kiosks:
        missing = list(_missing(books, kiosk))
        assert not missing, f"{kiosk.address}: facts lost: {missing}"


def _work_until_settled(world: World, kiosk: KioskTwin, after_step: Check) -> None:
    for _ in range(ROUNDS):
        _round(world, after_step)
        if not (
            world.network.up or world.network.down or _unsent(kiosk) or any(_missing(Books(world.hub.reader), kiosk))
        ):
            return


def _round(world: World, after_step: Check) -> None:
    world.clock.advance(1)
    for kiosk in world.kiosks:
        kiosk.turn()
    world.deliver_all()
    after_step()


def _check_quiet(world: World, kiosk: KioskTwin, after_step: Check) -> None:
    """Check that what arrived is not sent over and over."""
    who = topic(kiosk.address, "")[:-1]
    before = world.network.batches[who]
    for _ in range(QUIET):
        _round(world, after_step)
    assert world.network.batches[who] == before, f"{kiosk.address}: sends again what has arrived"


def _check_card(world: World, kiosk: KioskTwin) -> None:
    books = Books(world.hub.reader)
    missing = list(_missing(books, kiosk))
    assert not missing, f"{kiosk.address}: facts lost: {missing}"
    assert _unsent(kiosk) == 0, f"{kiosk.address}: thinks that {_unsent(kiosk)} facts are unsent"
    for lane in LANES:
        journal, count = kiosk.journals[lane], 0
        for epoch in journal.epochs():
            diary = kiosk.notes.diary.get(lane_stream(epoch, lane), [])
            count += len(diary)
            assert [raw for _, raw in journal.stored(epoch)] == diary, "the journal is not what was recorded"
        verdict = verify_journal(lane_path(kiosk.folder, lane), lane)
        assert (verdict.facts, verdict.broken) == (count, None)
    diaries = {stream: len(diary) for stream, diary in kiosk.notes.diary.items()}
    assert kiosk.session.newest() | diaries == kiosk.session.newest(), "the bridge does not know of every fact"


def _missing(books: Books, kiosk: KioskTwin) -> Iterator[tuple[str, int]]:
    """Yield the facts on a card that are neither in the books nor kept beside them."""
    for stream, diary in kiosk.notes.diary.items():
        for seq, raw in enumerate(diary, 1):
            if not books.has((str(kiosk.address), stream), seq, raw):
                yield stream, seq


def _unsent(kiosk: KioskTwin) -> int:
    reader = LinkReader(kiosk.folder / "link.db")
    unsent = reader.state({stream: len(diary) for stream, diary in kiosk.notes.diary.items()}, configured=True).unsent
    if reader._connection:
        reader._connection.close()
    return unsent
