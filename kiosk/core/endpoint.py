"""Where a till of the site listens for another."""

import ipaddress
import re
from typing import Final

from msgspec import Struct

from contract.errors import Malformed

_NAME: Final = r"(?=.{1,253}:)[a-z0-9_][a-z0-9_-]{0,62}(?:\.[a-z0-9_-]{1,63})*\.?"  # whatever the resolver can be asked
_FORM: Final = re.compile(rf"(\[[0-9a-f:.]{{2,45}}\]|{_NAME}):([0-9]{{1,5}})", re.IGNORECASE)
_MAX_PORT: Final = 65535
_LOCAL_NAME: Final = "localhost"


class Endpoint(Struct, frozen=True):
    """A host, by name or address, and a port."""

    host: str
    port: int

    def __str__(self) -> str:
        """Return it as :meth:`parse` reads it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def loopback(self) -> bool:
        """Return whether only this machine can be meant."""
        try:
            return ipaddress.ip_address(self.host).is_loopback
        except ValueError:
            return self.host.lower() == _LOCAL_NAME

    @classmethod
    def parse(cls, text: str) -> "Endpoint":
        """Return the endpoint written as ``host:port``; an IPv6 address stands in brackets.

        Raises: Malformed.
        """
        match = _FORM.fullmatch(text)
        if match is None or not 1 <= int(match[2]) <= _MAX_PORT:
            raise Malformed(f"{text[:200]!r}, not host:port such as k2.local:8710", "endpoint")
        host = match[1]
        if host.startswith("["):
            try:
                host = str(ipaddress.IPv6Address(host[1:-1]))
            except ValueError as error:
                raise Malformed(f"{text[:200]!r}, not an IPv6 address", "endpoint") from error
        return cls(host, int(match[2]))
