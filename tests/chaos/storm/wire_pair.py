"""One connection through a wire: two ways, each with its lineup, and what passes on them."""

import asyncio
import contextlib
from collections.abc import Callable, Iterable
from typing import Final

from storm.mqtt_frames import PUBACK, PUBLISH, RAW, Frame, Framer, parse_puback, parse_publish
from storm.wire_lineup import FOREVER, Lineup, Spoil
from storm.wire_tally import Parcel, Tally, parcel_of

CHUNK: Final = 256 * 1024
MAX_WAITING_BYTES: Final = 16 * 1024 * 1024  # frames that wait for their time; beyond it the sender waits

Stream = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Watch:
    """Follows the batches of facts on one connection."""

    def __init__(self, tally: Tally, *, to_hub: bool) -> None:
        """Count for the hub's connection what it is handed, for the others what the broker takes."""
        self._tally = tally
        self._to_hub = to_hub
        self._up: dict[int, Parcel] = {}  # by packet id: published, not yet acknowledged
        self._down: dict[int, Parcel] = {}

    @property
    def under_way(self) -> bool:
        """Whether a batch is published and not yet acknowledged."""
        return bool(self._up or self._down)

    def from_machine(self, frame: Frame) -> None:
        """Note what a kiosk or the hub sends."""
        if frame.kind == PUBLISH:
            _note(frame, self._up)
        elif frame.kind == PUBACK:
            _settle(frame, self._down)

    def from_broker(self, frame: Frame) -> None:
        """Note what the broker says."""
        if frame.kind == PUBLISH:
            parcel = _note(frame, self._down)
            if parcel and self._to_hub:
                self._tally.delivered(parcel.digest)
        elif frame.kind == PUBACK:
            taken = _settle(frame, self._up)
            if taken:
                self._tally.acknowledged(taken.digest)

    def to_machine(self, frames: Iterable[Frame]) -> None:
        """Note what is handed to the kiosk or the hub."""
        for frame in frames if self._to_hub else ():
            publish = parse_publish(frame) if frame.kind == PUBLISH else None
            parcel = parcel_of(publish) if publish else None
            if parcel:
                self._tally.add("facts_delivered", parcel.facts)


def _note(frame: Frame, unacknowledged: dict[int, Parcel]) -> Parcel | None:
    publish = parse_publish(frame)
    parcel = parcel_of(publish) if publish else None
    if publish and parcel and publish.packet_id:
        unacknowledged[publish.packet_id] = parcel
    return parcel


def _settle(frame: Frame, unacknowledged: dict[int, Parcel]) -> Parcel | None:
    """Return what was acknowledged for the first time, if its receiver took it."""
    puback = parse_puback(frame)
    parcel = unacknowledged.pop(puback.packet_id, None) if puback else None
    return parcel if puback and puback.taken else None


class Way:
    """One direction: what is read from ``source`` goes to ``sink``, as ``spoil`` has it."""

    def __init__(
        self,
        source: asyncio.StreamReader,
        sink: asyncio.StreamWriter,
        lineup: Lineup,
        *,
        spoil: Callable[[], Spoil],
        came: Callable[[Frame], None],
        left: Callable[[list[Frame]], None] = lambda _: None,
    ) -> None:
        """Tell ``came`` of each frame that was read, ``left`` of those that are written."""
        self._source = source
        self._sink = sink
        self._lineup = lineup
        self._spoil = spoil
        self._came = came
        self._left = left
        self._ended = False
        self._news = asyncio.Event()
        self._room = asyncio.Event()

    async def carry(self, ended: Callable[[], None] = lambda: None) -> None:
        """Carry until the source has ended and all has left, or the sink is gone; then end the sink.

        ``ended`` is called as soon as nothing more is read.
        """
        reading = asyncio.create_task(self._read(ended))
        try:
            with contextlib.suppress(OSError):  # the sink may go at any moment: the other way carries that on
                await self._write()
        finally:
            reading.cancel()
            self._sink.close()
        with contextlib.suppress(asyncio.CancelledError):
            await reading

    async def _read(self, ended: Callable[[], None]) -> None:
        framer = Framer()
        try:
            with contextlib.suppress(OSError):  # a reset is an end like any other
                while chunk := await self._source.read(CHUNK):
                    for frame in framer.feed(chunk):
                        self._came(frame)
                        self._lineup.put(frame, _now_s(), self._spoil())
                    self._news.set()
                    await self._wait_for_room()
        finally:
            ended()
            if rest := framer.rest():
                self._lineup.put(Frame(RAW, rest), _now_s())
            self._ended = True
            self._news.set()

    async def _wait_for_room(self) -> None:
        while self._lineup.waiting_bytes > MAX_WAITING_BYTES:
            self._room.clear()
            await self._room.wait()

    async def _write(self) -> None:
        while True:
            if frames := self._lineup.take(_now_s()):
                self._room.set()
                self._left(frames)
                self._sink.write(b"".join(frame.raw for frame in frames))
                await self._sink.drain()
                continue
            next_s = self._lineup.next_s()
            if self._ended and next_s == FOREVER:
                return
            self._news.clear()
            with contextlib.suppress(TimeoutError):  # the time of a frame has come
                await asyncio.wait_for(self._news.wait(), None if next_s == FOREVER else max(0.0, next_s - _now_s()))


def _now_s() -> float:
    return asyncio.get_running_loop().time()
