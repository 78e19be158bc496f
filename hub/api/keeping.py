"""What caches may keep: answers about availability, by how soon they are wrong; nothing else at all."""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from hashlib import blake2b
from typing import Final
from urllib.parse import quote

from starlette.datastructures import MutableHeaders
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from hub.core.availability import KEEPING, Heat

MAX_TAGS: Final = 100  # some 4 KiB of header; proxies refuse 8
NO_STORE: Final = "no-store"


class NothingKept:
    """Marks every answer that says nothing of caches ``no-store``: what was decided is never told from a cache."""

    def __init__(self, app: ASGIApp) -> None:
        """Stand in front of ``app``."""
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass a request on."""

        async def mark(message: Message) -> None:
            if message["type"] == "http.response.start":
                MutableHeaders(scope=message).setdefault("Cache-Control", NO_STORE)
            await send(message)

        await self._app(scope, receive, mark if scope["type"] == "http" else send)


def kept(body: bytes, *, number: int, heat: Heat, tags: Iterable[str], known: str) -> Response:
    """Return an answer that caches keep for as long as ``heat`` allows; 304 to who has it already.

    The validator is strong: the number of the newest change that is told, and a digest, for a text becomes "ask" with
    time alone. ``known`` is what the caller has: its ``If-None-Match``.
    """
    etag = f'"{number}-{blake2b(body, digest_size=8).hexdigest()}"'
    keeping = KEEPING[heat]
    named = " ".join(tags)
    headers = {
        "ETag": etag,
        "Cache-Control": f"public, max-age={keeping.max_age_s}, stale-while-revalidate={keeping.stale_s}",
        "X-Availability-Class": heat.value,
        "xkey": named,  # Varnish's name of it
        "Surrogate-Key": named,  # other caches'
    }
    if _matches(etag, known):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def tags_of(needed: Iterable[str], further: Iterable[str]) -> Sequence[str]:
    """Return the tags of an answer: those that every change of it carries, and further ones while they are few."""
    must = sorted(set(needed))
    more = sorted(set(further) - set(must))
    return [*must, *more] if len(must) + len(more) <= MAX_TAGS else must


@lru_cache(maxsize=10_000)  # the skus and sites of a region, most of the time
def tag(kind: str, name: str) -> str:
    """Return a tag such as ``sku:DR001``; a name's spaces and letters beyond ASCII are percent-encoded."""
    return f"{kind}:{quote(name, safe='/')}"


def _matches(etag: str, known: str) -> bool:
    return known.strip() == "*" or etag in {one.strip().removeprefix("W/") for one in known.split(",")}
