"""Loopback ports for servers that cannot be told to choose their own."""

import socket

LOOPBACK = "127.0.0.1"


def find_spare_port() -> int:
    """Return a TCP port that was free a moment ago.

    Another process may take it first: whoever starts a server there tries again with another.
    """
    with socket.socket() as probe:
        probe.bind((LOOPBACK, 0))
        port: int = probe.getsockname()[1]
        return port


def answers(port: int) -> bool:
    """Say whether something accepts connections there."""
    try:
        socket.create_connection((LOOPBACK, port), timeout=1).close()
    except OSError:
        return False
    return True
