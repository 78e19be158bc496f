"""Shoppers who ask a hub what is in stock, one question after the other: ``python -m bench.shoppers URL …``.

Processes of their own, so that measuring takes no time of the hub's interpreter. Each thread keeps one connection, and
reads no more of an answer than it must: on two cores, what shoppers take the hub has not. Prints how long each answer
took, in milliseconds, as a JSON list.
"""

import json
import random
import re
import socket
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Final
from urllib.parse import urlencode, urlsplit

SITES: Final = 120
SKUS: Final = 5_000
_TIMEOUT_S: Final = 30.0
_NEAR: Final = 0.5  # of the questions: one sku, the nearest sites first
_AT_SITE: Final = 0.9  # up to here: one sku at one site; the others look through a site's shelves
_SHOWN: Final = 20
_LENGTH: Final = re.compile(rb"\r\ncontent-length: (\d+)\r\n", re.IGNORECASE)


def main() -> None:
    """Ask with so many threads, for so many seconds."""
    url, threads, seconds, seed = sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), int(sys.argv[4])
    with ThreadPoolExecutor(threads) as pool:
        asking = [pool.submit(_ask, url, seconds, random.Random(seed * 100 + n)) for n in range(threads)]  # noqa: S311
        print(json.dumps([took_ms for one in asking for took_ms in one.result()]))


def sku_name(number: int) -> str:
    """Return a sku."""
    return f"S{number:06d}"


def site_name(number: int) -> str:
    """Return a site."""
    return f"site-{number:03d}"


def _ask(url: str, seconds: float, rng: random.Random) -> list[float]:
    parts = urlsplit(url)
    took_ms = []
    with socket.create_connection((parts.hostname or "", parts.port or 80), timeout=_TIMEOUT_S) as connection:
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        until = time.perf_counter() + seconds
        while time.perf_counter() < until:
            asked = f"GET {_question(rng)} HTTP/1.1\r\nHost: {parts.netloc}\r\n\r\n".encode()
            began = time.perf_counter()
            connection.sendall(asked)
            answer = _receive(connection)
            took_ms.append((time.perf_counter() - began) * 1000)
            if not answer.startswith(b"HTTP/1.1 200 ") or b'"shown"' not in answer:
                raise SystemExit(f"{asked!r}: {answer[:300]!r}")
    return took_ms


def _receive(connection: socket.socket) -> bytes:
    """Return one answer, whose end its Content-Length tells."""
    answer = b""
    while (end := answer.find(b"\r\n\r\n")) < 0:
        answer += _more(connection)
    found = _LENGTH.search(answer)
    if found is None:
        raise SystemExit(f"an answer without its length: {answer[:300]!r}")
    whole = end + 4 + int(found[1])
    while len(answer) < whole:
        answer += _more(connection)
    return answer


def _more(connection: socket.socket) -> bytes:
    received = connection.recv(65_536)
    if not received:
        raise SystemExit("the hub hung up")
    return received


def _question(rng: random.Random) -> str:
    sku, site = sku_name(rng.randrange(SKUS)), site_name(rng.randrange(SITES))
    chance = rng.random()
    asked: dict[str, str | int] = {"sku": sku, "site": site}
    if chance < _NEAR:
        near = f"{rng.uniform(47, 55):.4f},{rng.uniform(6, 15):.4f}"
        asked = {"sku": sku, "near": near, "limit": _SHOWN}
    elif chance >= _AT_SITE:
        asked = {"site": site, "after": sku, "limit": _SHOWN} if sku < sku_name(SKUS - 1) else {"site": site}
    return f"/v1/availability?{urlencode(asked)}"


if __name__ == "__main__":
    main()
