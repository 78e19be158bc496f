"""Bytes to and from a device through a file descriptor, each with a deadline: serial lines, USB printers, the network.

pyserial sets speed, parity and lock of a serial line. Reading, writing and closing are done here, because pyserial's
``flush`` and the kernel's ``close`` wait for a device that takes nothing.
"""

import errno
import os
import select
import socket
import termios
import time
from collections.abc import Callable
from typing import Final, Protocol, Self

import serial

from hardware.errors import BadSetting, Busy, HardwareError, NotAllowed, Stuck, Unplugged
from hardware.settings import Line, LpLine, NetworkLine, SerialLine, UsbLine

READ_BYTES: Final = 4096  # the kernel's buffer of a serial line holds no more
CONNECT_S: Final = 2.0  # a printer on the same network answers in milliseconds
POLL_S: Final = 0.02  # how often a serial line is asked whether it is empty: 20 bytes at 9600 baud


class Wire(Protocol):
    """An open connection to a device. Times are monotonic seconds; whatever fails, it can still be closed."""

    def read(self, timeout_s: float) -> bytes:
        """Return what has come, or comes within ``timeout_s``: at most READ_BYTES, nothing once it has passed.

        Raises: Unplugged.
        """

    def write(self, data: bytes, stall_s: float) -> None:
        """Hand ``data`` to the device; ``stall_s`` is the longest time in which it may take nothing.

        Raises: Stuck or Unplugged, whose ``sent`` is the number of bytes that had left.
        """

    def discard_input(self) -> None:
        """Forget what came and was not read."""

    def drain(self, stall_s: float) -> None:
        """Return once the device took what was written, as far as this machine can see.

        Raises: Stuck, Unplugged.
        """

    def close(self) -> None:
        """Give the device back at once; what it did not take is dropped."""


class FdWire:
    """A wire over a non-blocking file descriptor that ``release`` closes."""

    def __init__(self, fd: int, release: Callable[[], object]) -> None:
        self._fd = fd
        self._release = release

    def fileno(self) -> int:
        """Return the descriptor."""
        return self._fd

    def read(self, timeout_s: float) -> bytes:
        """Return what comes within ``timeout_s``."""
        if not self._wait(select.POLLIN, timeout_s):
            return b""
        try:
            data = os.read(self._fd, READ_BYTES)
        except BlockingIOError:
            return b""
        except OSError as error:
            raise _lost(error) from error
        if not data:
            raise Unplugged("it hung up")
        return data

    def write(self, data: bytes, stall_s: float) -> None:
        """Hand ``data`` to the kernel as fast as the device takes it."""
        sent = 0
        try:
            while sent < len(data):
                if not self._wait(select.POLLOUT, stall_s):
                    raise Stuck(f"{len(data) - sent} bytes left")
                sent += self._write_some(data[sent:])
        except HardwareError as error:
            error.sent = sent
            raise

    def discard_input(self) -> None:
        """Read until there is nothing more."""
        for _ in range(256):  # a megabyte; a device that says more than that at once is read as it comes
            if len(self.read(0)) < READ_BYTES:
                return

    def drain(self, stall_s: float) -> None:
        """What the kernel holds of a socket or a USB printer cannot be seen: nothing to wait for."""

    def close(self) -> None:
        """Close the descriptor."""
        self._release()

    def _write_some(self, data: bytes) -> int:
        try:
            return os.write(self._fd, data)
        except BlockingIOError:
            return 0
        except OSError as error:
            raise _lost(error) from error

    def _wait(self, event: int, timeout_s: float) -> bool:
        poll = select.poll()
        poll.register(self._fd, event)
        ready = poll.poll(max(0, timeout_s) * 1000)
        if ready and not ready[0][1] & event:
            raise Unplugged("it hung up")
        return bool(ready)


class SerialWire(FdWire):
    """A serial line, locked for this process."""

    def __init__(self, port: serial.Serial) -> None:
        super().__init__(port.fileno(), port.close)
        self._port = port
        self._untaken = False

    @classmethod
    def open(cls, line: SerialLine) -> Self:
        """Open and lock the line.

        Raises: Unplugged, Busy, NotAllowed, BadSetting.
        """
        try:
            port = serial.Serial(
                line.path, line.baud, line.bits, line.parity, line.stop,
                timeout=0, rtscts=line.flow == "rtscts", xonxoff=line.flow == "xonxoff", exclusive=True,
            )  # fmt: skip
        except ValueError as error:
            raise BadSetting(f"{line.path}: {error}") from error
        except (OSError, termios.error) as error:
            raise _not_opened(line.path, error) from error
        return cls(port)

    def write(self, data: bytes, stall_s: float) -> None:
        """Hand ``data`` to the kernel as fast as the device takes it."""
        self._untaken = True
        super().write(data, stall_s)

    def discard_input(self) -> None:
        """Drop what the kernel holds."""
        self._flush(termios.TCIFLUSH)

    def drain(self, stall_s: float) -> None:
        """Wait until the line is empty; it may rest ``stall_s`` at most."""
        left, give_up_at = self._left(), time.monotonic() + stall_s
        poll = select.poll()  # waits without a descriptor
        while left:
            poll.poll(POLL_S * 1000)
            now_left = self._left()
            if now_left < left:
                left, give_up_at = now_left, time.monotonic() + stall_s
            elif time.monotonic() > give_up_at:
                raise Stuck(f"{left} bytes left")
        self._untaken = False

    def close(self) -> None:
        """Drop what the device did not take, and close."""
        try:
            if self._untaken:  # the kernel would wait up to 30 s for a device that takes nothing
                self._flush(termios.TCOFLUSH)
        except Unplugged:
            pass  # what is gone needs no flush
        finally:
            super().close()

    def _left(self) -> int:
        try:
            return self._port.out_waiting
        except (OSError, termios.error) as error:
            raise _lost(error) from error

    def _flush(self, queue: int) -> None:
        try:
            termios.tcflush(self._fd, queue)
        except (OSError, termios.error) as error:
            raise _lost(error) from error


def open_wire(line: Line) -> Wire:
    """Connect to a device, within CONNECT_S.

    Raises: Unplugged, Busy, NotAllowed, BadSetting.
    """
    match line:
        case SerialLine():
            return SerialWire.open(line)
        case LpLine():
            return open_file(line.path)
        case NetworkLine():
            return _connect(line)
        case UsbLine():
            from hardware.drivers.usb_wire import UsbWire  # noqa: PLC0415 - imported on use: it takes 0.6 s

            return UsbWire.open(line)
        case _:
            raise BadSetting("keys:// is for scanners only")


def open_file(path: str, flags: int = os.O_RDWR) -> FdWire:
    """Open a device's file.

    Raises: Unplugged, Busy, NotAllowed.
    """
    try:
        fd = os.open(path, flags | os.O_NONBLOCK | os.O_NOCTTY | os.O_CLOEXEC)
    except OSError as error:
        raise _not_opened(path, error) from error
    return FdWire(fd, lambda: os.close(fd))


def _connect(line: NetworkLine) -> FdWire:
    try:
        connection = socket.create_connection((line.host, line.port), CONNECT_S)
    except OSError as error:
        raise Unplugged(f"{line.host} port {line.port}: {error}") from error
    connection.settimeout(0)
    return FdWire(connection.fileno(), connection.close)


def _not_opened(path: str, error: Exception) -> HardwareError:
    number = error.errno if isinstance(error, OSError) else None
    if number in {errno.EACCES, errno.EPERM}:
        return NotAllowed(path)
    if number in {errno.EBUSY, errno.EAGAIN}:
        return Busy(path)
    return Unplugged(f"{path}: {os.strerror(number) if number else error}")


def _lost(error: Exception) -> Unplugged:
    return Unplugged(str(error))
