"""Whether every promise was kept: answered once, the same for ever, with goods there or a recorded way out.

A promise is *broken* when it was never answered, or answered twice; when its goods are known nowhere; when what is set
aside in the end does not lie there and nobody owes it openly; when a shopper was sent away although nothing was stolen
and nothing left without rights; and when what a program was told is not in the books, except what was lost with them
(an older copy took their place: docs/operator.md tells what that loses).

An answer may change where rights were missing (docs/rights.md, "Who is hit first"): then the hub keeps the answers
before, an exception says what was done instead, and the till is told anew. Any other change is a second answer.
"""

import json
from collections import Counter, defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from storm.check_findings import Findings
from storm.check_read import Journal, reading
from storm.check_rights import World, loads
from storm.diary import entries

Diary = Sequence[dict[str, Any]]
# Promises of a life that was closed before it could tell a hub that went back what it had been told: they wait an hour.
SILENT: Final = (
    "SELECT p.id FROM promises p JOIN lives l ON l.kiosk_id = p.kiosk_id AND l.epoch = p.epoch "
    "WHERE p.state = 'pending' AND l.closed_at IS NOT NULL AND l.reported < (SELECT incarnation FROM hub_life)"
)
_SAME: Final = ("answer", "lines", "site", "code")
_GOOD: Final = {"confirmed", "elsewhere"}


class Answered(NamedTuple):
    """A promise as the hub or a till has it."""

    state: str
    answer: dict[str, Any]
    earlier: tuple[dict[str, Any], ...] = ()  # what the hub answered before, the oldest first


class Loss(NamedTuple):
    """From when to when what the hub said was lost with its books (monotonic seconds)."""

    since: float
    until: float


def check_promises(  # noqa: C901, PLR0917 - one question after the other
    journal: Journal, path: Path, diary: Diary, hub_db: Path, of_forks: set[str], findings: Findings
) -> None:
    """Find promises of one till that were not answered, or not once, or not the same everywhere.

    ``of_forks`` were asked under a number that was taken: a fork asks for nothing (docs/rights.md).
    """
    here, there, booked = _at_till(path), _at_hub(hub_db), _booked(hub_db)
    silent, owned_up = _ids(hub_db, SILENT), _ids(hub_db, _OWNED_UP)
    asked = {fact.deed: fact.epoch for fact in journal.facts if fact.type.startswith("reservation.requested.")}
    present = max((fact.epoch for fact in journal.facts), default=1)
    told = Counter(fact.deed for fact in journal.facts if fact.type.startswith("promise.told."))
    said: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for entry in diary:
        if entry["say"] == "answer":
            said[entry["promise"]].append({key: entry.get(key) for key in _SAME})
    for name in sorted(asked):
        who = f"{journal.place}: promise {name}"
        ours, theirs = here.get(name), there.get(name)
        if name in silent or name in of_forks:
            findings.note(f"{who} waits: the life that asked can say no more")
            continue
        if theirs is None or theirs.state == "pending":
            findings.rights("promises", 1, f"{who} was never answered")
            continue
        answers = [*said[name], *([_same(ours.answer)] if ours and ours.answer else []), _same(theirs.answer)]
        given = [_plain(one) for one in (*theirs.earlier, theirs.answer)]
        if not _in_turn([_plain(one) for one in answers], given) or (len(given) > 1 and name not in owned_up):
            findings.rights("promises", 1, f"{who} was answered differently: {answers}")
        if asked[name] != present:
            pass  # the card that asked is gone, and with it who would have been told
        elif ours is None or ours.state != "told":
            findings.rights("promises", 1, f"{who} was answered, and the till never heard of it")
        elif not 1 <= told[name] <= len(given):
            findings.rights("promises", 1, f"{who} was told {told[name]} times")
        if theirs.answer.get("answer") in _GOOD and name not in booked:
            findings.rights("promises", 1, f"{who} is {theirs.answer['answer']}, and nothing is booked for it")


def check_goods(world: World, shelf_db: Path, findings: Findings) -> None:
    """Find what is set aside for somebody, does not lie there, and is owed by nobody."""
    with reading(shelf_db) as db:
        display = {(site, sku): n for site, sku, n in db.execute("SELECT site, sku, amount FROM display")}
        aside = {(name, sku): n for name, sku, n in db.execute("SELECT reservation, sku, amount FROM aside")}
    for (site, sku), by_name in sorted(world.promised.items()):
        owed = world.owed.get((site, sku), 0)
        for name, amount in sorted(by_name.items()):
            lacking = max(0, amount - aside.get((name, sku), 0))
            taken = min(lacking, max(0, display.get((site, sku), 0)))
            display[site, sku] = display.get((site, sku), 0) - taken
            owed, lacking = owed - min(owed, lacking - taken), lacking - taken - min(owed, lacking - taken)
            if lacking:
                findings.rights("promises", 1, f"{site}: {lacking} of {sku} are missing of what {name} set aside")


def check_sent_away(site: str, diary: Diary, overdrawn: set[tuple[str, str]], world: World, findings: Findings) -> None:
    """Find shoppers whose goods were not there, although nothing was stolen and nothing left without rights."""
    for entry in diary:
        if entry["say"] != "not_there":
            continue
        for sku, amount in entry["lines"]:
            if (site, sku) not in overdrawn and (site, sku) not in world.unbooked:
                name = entry["reservation"]
                findings.rights("promises", 1, f"{site}: {amount} of {sku} for {name} were not there, for no reason")


def check_web(diary: Diary, losses: Sequence[Loss], hub_db: Path, findings: Findings) -> None:
    """Find what a program was told and the books do not hold, and repeated requests answered otherwise."""
    booked = _booked(hub_db)
    for entry in diary:
        if any(loss.since <= entry["at"] <= loss.until for loss in losses):
            continue
        if entry["say"] in {"held", "confirmed"} and entry["id"] not in booked:
            findings.rights("promises", 1, f"a program was told that {entry['id']} is {entry['say']}; no book has it")
        if entry["say"] == "repeated" and not entry["same"]:
            first = entry["first_at"]
            if not any(loss.since <= first <= loss.until for loss in losses):
                findings.rights("promises", 1, f"a request repeated under {entry['key']} was answered otherwise")


def losses(path: Path) -> list[Loss]:
    """Return when the hub's books went back, by the storm's own diary."""
    return [Loss(entry["since"], entry["until"]) for entry in entries(path) if entry["say"] == "went_back"]


def overdrawn(sites: Mapping[int, str], journals: Sequence[Journal]) -> set[tuple[str, str]]:
    """Return where goods left without rights: site and sku."""
    found = set()
    for number, journal in enumerate(journals):
        for fact in journal.facts:
            found |= {(sites[number], term[0]) for term, n in fact.moves if term[3] == "overdraft" and n}
    return found


def _at_till(path: Path) -> dict[str, Answered]:
    with reading(path) as db:
        return {name: Answered(state, loads(said)) for name, state, said in db.execute(_PROMISES)}


def _at_hub(hub_db: Path) -> dict[str, Answered]:
    with reading(hub_db) as db:
        rows = db.execute("SELECT id, state, answer, earlier FROM promises")
        return {
            name: Answered(state, loads(said), tuple(json.loads(before or "[]"))) for name, state, said, before in rows
        }


_PROMISES: Final = "SELECT id, state, answer FROM promises"
_OWNED_UP: Final = "SELECT subject FROM exceptions WHERE kind IN ('reservation_broken', 'promise_missed')"


def _booked(hub_db: Path) -> set[str]:
    return _ids(hub_db, "SELECT id FROM reservations")


def _ids(hub_db: Path, sql: str) -> set[str]:
    with reading(hub_db) as db:
        return {row[0] for row in db.execute(sql)}


def _same(answer: Mapping[str, Any]) -> dict[str, Any]:
    return {key: answer.get(key) for key in _SAME}


def _in_turn(heard: Sequence[object], given: Sequence[object]) -> bool:
    """Return whether all that was heard was given, in that order; an answer may be heard again, or never."""
    at = 0
    for one in heard:
        while at < len(given) and given[at] != one:
            at += 1
    return at < len(given)


def _plain(answer: Mapping[str, Any]) -> tuple[object, ...]:
    """Return an answer without what JSON may leave out."""
    lines = sorted((line["sku"], line["quantity"]["amount"]) for line in answer.get("lines") or ())
    return answer.get("answer"), tuple(lines), answer.get("site"), answer.get("code") or ""
