"""The network between one MQTT 5 machine and the broker: a proxy that cuts, delays, repeats and exchanges messages.

Rules
-----
1.  A cut wire ends every connection at once, with whatever was on its way, and lets none come about until it is mended.
2.  Faults are those of :mod:`storm.wire_lineup`; without any, bytes pass as they came.
3.  Whatever the machine or the broker sends, the wire goes on. A fault of its own is raised by :meth:`Wire.close`.
"""

import asyncio
import random
import socket
import threading
from collections.abc import Callable
from typing import Final

from storm.wire_lineup import GENTLE, Lineup, Spoil
from storm.wire_pair import CHUNK, Stream, Watch, Way
from storm.wire_tally import Tally

__all__ = ["HUB", "Tally", "Wire"]

LOOPBACK: Final = "127.0.0.1"
HUB: Final = "hub"  # the name of the wire on which messages count as delivered
ANSWER_S: Final = 10.0  # for the wire's own thread; it never waits for anybody


class Wire:
    """Listens on a spare loopback port and carries to the broker at ``target_port``, in a thread of its own."""

    def __init__(self, target_port: int, *, rng: random.Random, tally: Tally, name: str) -> None:
        """Begin whole and gentle. ``rng`` is this wire's alone; the hub's wire is named ``hub``."""
        self.name = name
        self._target_port = target_port
        self._rng = rng
        self._tally = tally
        self._spoil = GENTLE
        self._is_cut = False
        self._connections: dict[asyncio.Task[None], Watch] = {}
        self._failure: BaseException | None = None
        self._listening = socket.create_server((LOOPBACK, 0), backlog=128)
        self.port: int = self._listening.getsockname()[1]
        self._loop = asyncio.new_event_loop()
        self._closing = asyncio.Event()
        self._thread = threading.Thread(target=self._run, name=f"wire-{name}", daemon=True)
        self._thread.start()

    def cut(self) -> None:
        """End every connection, and accept none until :meth:`mend`; both are so when this returns."""
        self._do(self._cut)

    def mend(self) -> None:
        """Let connections through again."""
        self._do(self._mend)

    def spoil(self, *, delay_s: tuple[float, float] = (0.0, 0.0), duplicate: float = 0.0, reorder: float = 0.0) -> None:
        """Delay, repeat and exchange PUBLISH frames in both directions until :meth:`calm`."""
        self._spoil = Spoil(delay_s, duplicate, reorder)

    def calm(self) -> None:
        """Let PUBLISH frames through as they come."""
        self._spoil = GENTLE

    def close(self) -> None:
        """End for good; raises what went wrong in the wire itself."""
        if self._thread.is_alive():
            self._do(self._cut)
            self._do(self._closing.set)
            self._thread.join(ANSWER_S)
        if self._failure is not None:
            raise RuntimeError(f"the wire {self.name} failed") from self._failure

    def _do(self, act: Callable[[], None]) -> None:
        """Have the wire's thread do something, and wait until it is done."""

        async def do() -> None:
            act()

        asyncio.run_coroutine_threadsafe(do(), self._loop).result(ANSWER_S)

    def _run(self) -> None:
        with asyncio.Runner(loop_factory=lambda: self._loop) as runner:
            runner.run(self._serve())

    async def _serve(self) -> None:
        async with await asyncio.start_server(self._accept, sock=self._listening, limit=CHUNK):
            await self._closing.wait()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self._is_cut:
            writer.transport.abort()
            return
        watch = Watch(self._tally, to_hub=self.name == HUB)
        task = asyncio.create_task(self._connect((reader, writer), watch))
        self._connections[task] = watch
        task.add_done_callback(self._forget)

    async def _connect(self, machine: Stream, watch: Watch) -> None:
        ends = [machine[1]]
        whole = False
        try:
            broker = await asyncio.open_connection(LOOPBACK, self._target_port, limit=CHUNK)
            ends.append(broker[1])
            await self._carry(machine, broker, watch)
            whole = True
        except OSError:
            return  # the broker is away: so the machine sees its connection end
        finally:
            for end in () if whole else ends:
                end.transport.abort()

    async def _carry(self, machine: Stream, broker: Stream, watch: Watch) -> None:
        up = Way(machine[0], broker[1], self._lineup(), spoil=self._present, came=watch.from_machine)
        down = Way(
            broker[0],
            machine[1],
            self._lineup(),
            spoil=self._present,
            came=watch.from_broker,
            left=watch.to_machine,
        )
        with self._tally.listening() as ended:
            async with asyncio.TaskGroup() as both:
                both.create_task(up.carry())
                both.create_task(down.carry(ended))

    def _lineup(self) -> Lineup:
        return Lineup(self._rng, self._tally.add)

    def _present(self) -> Spoil:
        return self._spoil

    def _cut(self) -> None:
        self._is_cut = True
        if self._connections:
            self._tally.add("cuts")
        if any(watch.under_way for watch in self._connections.values()):
            self._tally.add("cuts_under_way")
        for task in self._connections:
            task.cancel()

    def _mend(self) -> None:
        self._is_cut = False

    def _forget(self, task: asyncio.Task[None]) -> None:
        del self._connections[task]
        if not task.cancelled() and (failure := task.exception()):
            self._failure = failure
