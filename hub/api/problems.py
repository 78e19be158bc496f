"""Refusals: problem+json (RFC 9457) in one shape for all routes, which name the field and what is expected, in words.

``detail`` is one line for a person; ``errors`` names each field for a program.
"""

import re
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final, get_args

import msgspec
from fastapi import FastAPI, Request, Response
from fastapi.exceptions import RequestValidationError
from starlette.exceptions import HTTPException

from contract.values import MAX_AMOUNT, RegionIdField, SiteIdField, SkuField
from hub.promises.holds import Reply
from hub.store.errors import WorldFailed

JSON: Final = "application/json"
PROBLEM: Final = "application/problem+json"
MALFORMED: Final = "malformed"
_RETRY_AFTER_S: Final = "5"
_TOP: Final = "body"
_MAX_SHOWN: Final = 5  # errors of one request: whoever sends more wrong does not read more
_CODES: Final = {HTTPStatus.NOT_FOUND: "unknown", HTTPStatus.METHOD_NOT_ALLOWED: "method"}
REFUSALS: Final[dict[int | str, dict[str, Any]]] = {
    "4XX": {"description": "A problem: what, and which field.", "content": {PROBLEM: {}}}
}

# ------------------------------------------------------------------------------------- what msgspec says, in words


def _pattern(field: object) -> str:
    """Return a field's pattern as msgspec quotes it."""
    return repr(next(meta.pattern for meta in get_args(field)[1:] if meta.pattern))


_AMOUNT: Final = f"a whole number of 1 to {MAX_AMOUNT} is expected"
_NAME: Final = "a name of a-z, 0-9 and inner dashes, at most 32 long, is expected"
_PATTERNS: Final = {
    _pattern(SiteIdField): _NAME,
    _pattern(RegionIdField): _NAME,
    _pattern(SkuField): "1 to 64 printable characters without a space at either end are expected",
}
_TYPES: Final = {
    "int": "a whole number",
    "str": "text",
    "bool": "true or false",
    "float": "a number with a fraction",
    "array": "a list",
    "object": "an object",
    "null": "nothing",
    "datetime": "a moment such as 2026-03-14T17:40:00Z",
}
_EXPECTED: Final = re.compile(r"Expected `(?P<wanted>\w+)(?: \| null)?`(?:, got `(?P<got>\w+)`)?")
_BOUND: Final = re.compile(r"(?P<length>of length )?(?P<side>[<>]=) (?P<bound>\d+)$")
_MEMBER: Final = re.compile(r"Object (?P<what>missing required|contains unknown) field `(?P<name>[^`]*)`")


def in_words(what: str, field: str) -> tuple[str, str]:
    """Return a sentence of msgspec's for people, and the field that it is about, as far as that can be told."""
    if found := _MEMBER.search(what):
        named = f"{field}.{found['name']}" if field != _TOP else found["name"]
        return ("it is missing" if found["what"].startswith("missing") else "there is no such field"), named
    if what == "quantity is not positive":
        return _AMOUNT, f"{field}.quantity.amount"
    if field.endswith("quantity.amount"):
        return _AMOUNT, field
    _, quoted, shown = what.partition("matching regex ")
    if quoted:  # cut where it is long
        known = (words for pattern, words in _PATTERNS.items() if pattern.startswith(shown))
        return next(known, "text of another form is expected"), field
    return _of_type(what), field


def _of_type(what: str) -> str:
    found = _EXPECTED.match(what)
    if found is None:
        return what
    wanted, got = _TYPES.get(found["wanted"], found["wanted"]), found["got"]
    bound = _BOUND.search(what)
    if bound is not None:
        side = "at least" if bound["side"] == ">=" else "at most"
        unit = {"str": " characters", "array": " entries"}.get(found["wanted"], "") if bound["length"] else ""
        return f"{wanted} of {side} {bound['bound']}{unit} is expected"
    return f"{wanted} is expected" + (f", not {_TYPES.get(got, got)}" if got else "")


# ------------------------------------------------------------------------------------------------------- the answers


class Problem(Exception):
    """What is answered instead."""

    def __init__(self, status: int, code: str, what: str, field: str = "") -> None:
        """Keep the answer."""
        super().__init__(f"{field}: {what}" if field else what)
        self.reply = problem(status, code, what, field)


def malformed(field: str, what: str) -> Problem:
    """Return the refusal of what a request says in one of its fields."""
    return Problem(HTTPStatus.UNPROCESSABLE_ENTITY, MALFORMED, what, field)


def problem(status: int, code: str, what: str, field: str = "", *, try_again_s: int | None = None) -> Reply:
    """Return a refusal as RFC 9457 has it; ``errors`` names the field, ``retry_after_s`` when to ask the same again."""
    detail = f"{field}: {what}" if field and code == MALFORMED else what
    return _reply(status, code, detail, [(field, what)] if field else [], try_again_s)


def _reply(status: int, code: str, detail: str, errors: list[tuple[str, str]], try_again_s: int | None = None) -> Reply:
    said = {"type": "about:blank", "title": HTTPStatus(status).phrase, "status": int(status), "code": code}
    named = [{"field": field, "detail": what} for field, what in errors]
    hint = {} if try_again_s is None else {"retry_after_s": try_again_s}
    body = msgspec.json.encode({**said, "detail": detail, "errors": named, **hint}).decode()
    return Reply(status, body, try_again_s)


def response(reply: Reply, headers: Mapping[str, str] | None = None) -> Response:
    """Return an answer or a refusal, which no cache keeps."""
    is_problem = reply.status >= HTTPStatus.BAD_REQUEST
    said = {"Cache-Control": "no-store"}
    if reply.status in {HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.TOO_MANY_REQUESTS}:
        said["Retry-After"] = _RETRY_AFTER_S
    if reply.try_again_s is not None:
        said["Retry-After"] = str(reply.try_again_s)
    return Response(reply.body, reply.status, {**said, **(headers or {})}, PROBLEM if is_problem else JSON)


def answer_in_one_shape(app: FastAPI) -> None:
    """Have every refusal of ``app`` answered as a problem, those of the framework too."""
    app.add_exception_handler(Problem, _of_problem)
    app.add_exception_handler(RequestValidationError, _of_validation)
    app.add_exception_handler(HTTPException, _of_http)
    app.add_exception_handler(WorldFailed, _of_world)


def _of_problem(_request: Request, error: Exception) -> Response:
    if not isinstance(error, Problem):
        raise error
    return response(error.reply)


def _of_validation(_request: Request, error: Exception) -> Response:
    if not isinstance(error, RequestValidationError):
        raise error
    found = [(str(one["loc"][-1]), str(one["msg"])) for one in error.errors()[:_MAX_SHOWN]]
    detail = "; ".join(f"{field}: {what}" for field, what in found)
    return response(_reply(HTTPStatus.UNPROCESSABLE_ENTITY, MALFORMED, detail, found))


def _of_http(request: Request, error: Exception) -> Response:
    if not isinstance(error, HTTPException):
        raise error
    status = HTTPStatus(error.status_code)
    what = f"nothing is served here for {request.method}" if error.detail == status.phrase else error.detail
    return response(problem(status, _CODES.get(status, "refused"), what), error.headers)


def _of_world(_request: Request, error: Exception) -> Response:
    what = f"the books cannot be read: {error}; try again later"
    return response(problem(HTTPStatus.SERVICE_UNAVAILABLE, "unavailable", what))
