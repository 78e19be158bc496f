"""Scales that speak bytes: one that sends by itself, two that are asked. Written from the captures and descriptions."""

from functools import reduce
from operator import xor
from typing import Final

from hardware.ports.scale import NoWeight
from hardware.twins.scale import Plate

MG_PER_TENTH: Final = 100
MG_PER_G: Final = 1000
_MOVING, _OVERLOAD, _NEGATIVE = 0x41, 0x42, 0x44  # status bytes of the 8217


class QhwMachine:
    """Sends its weight in tenths of a gram without being asked, as the captured T-Scale QHW did."""

    def __init__(self, plate: Plate) -> None:
        self._plate = plate

    def receive(self, data: bytes) -> bytes:
        """Understand no command."""
        del data
        return b""

    def tick(self) -> bytes:
        """Return one frame."""
        if self._plate.silent:
            return b""
        reading = self._plate.reading()
        if isinstance(reading, NoWeight):
            return b"OL,GS,-------- g\r\n"
        state, kind = ("ST" if reading.stable else "US"), ("NT" if reading.net else "GS")
        tenths = round(abs(reading.weight_mg) / MG_PER_TENTH)
        sign = "-" if reading.weight_mg < 0 else " "
        return f"{state},{kind},{sign}{tenths / 10:7.1f} g\r\n".encode()


class ToledoMachine:
    """Answers W, T and Z as scales with the 8217 protocol are described to."""

    def __init__(self, plate: Plate) -> None:
        self._plate = plate

    def receive(self, data: bytes) -> bytes:
        """Obey each command."""
        return b"" if self._plate.silent else b"".join(self._obey(bytes([byte])) for byte in data)

    def tick(self) -> bytes:
        """Say nothing unasked."""
        return b""

    def _obey(self, command: bytes) -> bytes:
        if command == b"T":
            self._plate.tare()
        if command == b"Z":
            self._plate.zero()
        return self._answer() if command in {b"W", b"T", b"Z"} else b""

    def _answer(self) -> bytes:
        reading = self._plate.reading()
        if isinstance(reading, NoWeight):
            return bytes([2, ord("?"), _OVERLOAD, 13])
        if reading.weight_mg < 0:
            return bytes([2, ord("?"), _NEGATIVE, 13])
        if not reading.stable:
            return bytes([2, ord("?"), _MOVING, 13])
        kilograms, grams = divmod(round(reading.weight_mg / MG_PER_G), 1000)
        return f"\x02{kilograms:02}.{grams:03}{'N' if reading.net else ''}\r".encode()


class CasMachine:
    """Answers ENQ and DC1 as the CAS PD-II is described to."""

    def __init__(self, plate: Plate) -> None:
        self._plate = plate

    def receive(self, data: bytes) -> bytes:
        """Acknowledge each ENQ, answer each DC1."""
        answers = {0x05: b"\x06", 0x11: self._frame()}
        return b"" if self._plate.silent else b"".join(answers.get(byte, b"\x15") for byte in data)

    def tick(self) -> bytes:
        """Say nothing unasked."""
        return b""

    def _frame(self) -> bytes:
        reading = self._plate.reading()
        if isinstance(reading, NoWeight):
            body = b"SFFFFFFFkg"
        else:
            sign = "-" if reading.weight_mg < 0 else " "
            kilograms = f"{abs(reading.weight_mg) / 1_000_000:06.3f}"
            body = f"{'S' if reading.stable else 'U'}{sign}{kilograms}kg".encode()
        return b"\x01\x02" + body + bytes([reduce(xor, body)]) + b"\x03\x04"
