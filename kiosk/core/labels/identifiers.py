"""The application identifiers (AIs) of GS1: what each value looks like, and which of them go together. Pure.

Source: GS1 General Specifications, section 3; the facts of the GS1 Barcode Syntax Dictionary, release 2026-01-27
(copyright GS1 AISBL, BWIPP and Zint projects, Apache License 2.0), in fewer rows. A test holds this table to that file.
"""

import functools
import re
from collections.abc import Iterator, Mapping
from typing import Final

from msgspec import Struct

# A row: identifiers, marks, parts of the value, conditions.
#   identifiers  01, a list 240,241, a range 3100-3105
#   marks        * has a length that every reader knows: no FNC1 follows; ? may stand in the query of a link; - neither
#   parts        N digits, X and Y characters, Z base64url; N6 so many, N..15 at most so many, [X1] may be missing; and
#                behind a comma, the checks that it must pass
#   req=a,b+c    needs a, or b with c; where it stands twice, both
#   ex=a         must not stand beside a; ~ is any other identifier with the same three digits, n any digit
#   dlpkey=a,b|c leads the path of a link; a and b may follow in this order, or c
_ROWS: Final = """
00 *? N18,csum,gcppos2 dlpkey
01 *? N14,csum,gcppos2 ex=255,37 dlpkey=22,10,21|235
02 *? N14,csum,gcppos2 ex=01,03 req=37
03 * N14,csum,gcppos2 ex=01,02,37
10 ? X..20 req=01,02,03,8006,8026
11,13,15,16 *? N6,yymmd0 req=01,02,03,8006,8026
12 *? N6,yymmd0 req=8020
17 *? N6,yymmd0 req=01,02,03,255,8006,8026
20 *? N2 req=01,02,8006,8026
21 - X..20 req=01,03,8006 ex=235
22 - X..20 req=01
235 - X..28 req=01
240,241 ? X..30 req=01,02,8006,8026
242 ? N..6 req=01,02,8006,8026
243,710-717 ? X..20 req=01
250 ? X..30 req=01,8006 req=21
251 ? X..30 req=01,8006
253 ? N13,csum,gcppos1 [X..17] dlpkey
254 - X..20 req=414
255 ? N13,csum,gcppos1 [N..12] dlpkey ex=01,02,415,8006,8020,8026
30 ? N..8 req=01,02
3100-3105,3110-3115,3120-3125,3130-3135,3140-3145,3150-3155,3160-3165,3200-3205,3210-3215 *? N6 req=01,02 ex=~
3220-3225,3230-3235,3240-3245,3250-3255,3260-3265,3270-3275,3280-3285,3290-3295,3500-3505 *? N6 req=01,02 ex=~
3510-3515,3520-3525,3560-3565,3570-3575,3600-3605,3610-3615,3640-3645,3650-3655,3660-3665 *? N6 req=01,02 ex=~
3300-3305,3310-3315,3320-3325,3330-3335,3340-3345,3350-3355,3360-3365,3400-3405,3410-3415 *? N6 req=00,01 ex=~
3420-3425,3430-3435,3440-3445,3450-3455,3460-3465,3470-3475,3480-3485,3490-3495,3530-3535 *? N6 req=00,01 ex=~
3540-3545,3550-3555,3620-3625,3630-3635,3670-3675,3680-3685,3690-3695 *? N6 req=00,01 ex=~
3370-3375 *? N6 req=01 ex=~
37 ? N..8 req=00 req=02,8026
3900-3909 ? N..15 req=255,8020 ex=~,391n,394n,8111
3910-3919 ? N3,iso4217 N..15 req=8020 ex=~
3920-3929 ? N..15 req=01 req=30,31nn,32nn,35nn,36nn ex=~,393n
3930-3939 ? N3,iso4217 N..15 req=30,31nn,32nn,35nn,36nn ex=~
3940-3943 ? N4 req=255 ex=~,8111
3950-3955 ? N6 req=30,31nn,32nn,35nn,36nn ex=392n,393n,~,8005
400,90 ? X..30
401 ? X..30,gcppos1 dlpkey
402 ? N17,csum,gcppos1 dlpkey
403,4308,4319 ? X..30 req=00
410-413,416 *? N13,csum,gcppos1
414 *? N13,csum,gcppos1 dlpkey=254|7040
415 *? N13,csum,gcppos1 req=8020 dlpkey=8020
417 *? N13,csum,gcppos1 dlpkey=7040
420 ? X..20 ex=421
421 ? N3,iso3166 X..9 ex=4307
422 ? N3,iso3166 req=01,02,8006,8026 ex=426
423,425 ? N3,iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 [N3],iso3166 req=01,02 ex=426
424 ? N3,iso3166 req=01,02 ex=426
426 ? N3,iso3166 req=01,02
427 ? X..3 req=01,02 req=422
4300,4301,4310,4311,4320 ? X..35,pcenc req=00
4302,4304-4306,4312,4314-4316 ? X..70,pcenc req=00
4303 ? X..70,pcenc req=4302
4307,4317 ? X2,iso3166alpha2 req=00
4309 ? N10,latitude N10,longitude req=00
4313 ? X..70,pcenc req=4312
4318 ? X..20 req=00
4321-4323 ? N1,yesno req=00
4324,4325 ? N6,yymmd0 N4,hhmi req=00
4326 ? N6,yymmdd req=00
4330 ? N6 [X1],hyphen req=00 ex=4331
4331 ? N6 [X1],hyphen req=00 ex=4330
4332 ? N6 [X1],hyphen req=00 ex=4333
4333 ? N6 [X1],hyphen req=00 ex=4332
7001 ? N13 req=01,02,8006,8026
7002 ? X..30 req=01,02
7003 ? N6,yymmdd N4,hhmi req=01,02
7004 ? N..4 req=01+10
7005 ? X..12 req=01,02
7006 ? N6,yymmdd req=01,02
7007 ? N6,yymmdd [N6],yymmdd req=01,02
7008 ? X..3 req=01,02
7009 ? X..10 req=01,02
7010 ? X..2 req=01,02
7011 ? N6,yymmdd [N4],hhmi req=01,02
7020 ? X..20 req=01,8006 req=416
7021,7240,8012 ? X..20 req=01,8006
7022 ? X..20 req=7021
7023 ? X..30,gcppos1
7030-7039 ? N3,iso3166999 X..27 req=01,02
7040 - N1 X1 X1 X1,importeridx
7041 - X..4,packagetype req=00
7230-7239 ? X2 X..28 req=01,8004
7241 ? N2,mediatype req=8017,8018
7242 ? X..25 req=8017,8018
7250 ? N8,yyyymmdd req=8018 ex=7251
7251 ? N8,yyyymmdd N4,hhmi req=8018 ex=7250
7252 ? N1,iso5218 req=8018
7253,7254 ? X..40,pcenc req=8017,8018 ex=7256,7259
7255 ? X..10 req=8017,8018 ex=7256,7259
7256 ? X..90,pcenc req=8017,8018
7257 ? X..70,pcenc req=8018
7258 ? X3,posinseqslash req=8018+7259
7259 ? X..40,pcenc req=8018 ex=7256
8001 ? N4,nonzero N5,nonzero N3,nonzero N1,winding N1 req=01
8002 ? X..20
8003 ? N1,zero N13,csum,gcppos1 [X..16] dlpkey
8004 ? X..30,gcppos1 dlpkey=7040
8005 ? N6 req=01,02
8006 ? N14,csum,gcppos2 N4,pieceoftotal ex=01,37 dlpkey=22,10,21
8007 ? X..34,iban req=415
8008 ? N6,yymmdd N2,hh [N2],mi [N2],ss req=01,02
8009 ? X..50 req=00,01
8010 ? Y..30,gcppos1 dlpkey=8011
8011 - N..12,nozeroprefix req=8010
8013 ? X..25,csumalpha,gcppos1 dlpkey
8014 - X..25,csumalpha,gcppos1,hasnondigit req=01
8017 ? N18,csum,gcppos1 ex=8018 dlpkey=8019
8018 ? N18,csum,gcppos1 ex=8017 dlpkey=8019
8019 - N..10 req=8017,8018
8020 - X..25 req=415
8026 ? N14,csum,gcppos2 N4,pieceoftotal req=37 ex=02,8006
8030 ? Z..90 req=00,01+21,253,255,8003,8004,8006+21,8010+8011,8017,8018
8040 - N15 req=01+21
8041 - N15 req=01+21+8040
8042 - N32 req=01+21+8040
8043 - N18 [N..2] req=01+21+8040
8110 ? X..70,couponcode
8111 ? N4 req=255
8112 ? X..70,couponposoffer
8200 - X..70 req=01
91-99 ? X..90
"""

_OWN: Final = "~"
_PART: Final = re.compile(r"(\[?)([NXYZ])(\.\.)?([0-9]+)\]?((?:,[a-z0-9]+)*)")
_KEY: Final = "dlpkey"


class Part(Struct, frozen=True):
    """One component of a value: its character set, its bounds, and the checks by name."""

    charset: str
    shortest: int
    longest: int
    optional: bool
    checks: tuple[str, ...]


class Identifier(Struct, frozen=True):
    """One AI. ``needs`` are all to be met, each by one of its groups; ``paths`` is None if it leads no link."""

    ai: str
    fixed: bool
    in_query: bool
    parts: tuple[Part, ...]
    needs: tuple[tuple[tuple[str, ...], ...], ...]
    excludes: tuple[str, ...]
    paths: tuple[tuple[str, ...], ...] | None

    @property
    def shortest(self) -> int:
        """Return how many characters a value has at least."""
        return sum(part.shortest for part in self.parts if not part.optional)

    @property
    def longest(self) -> int:
        """Return how many characters a value has at most."""
        return sum(part.longest for part in self.parts)


def find(ai: str) -> Identifier | None:
    """Return the AI of exactly these digits; None if GS1 has none."""
    return _read(ai) if ai in _TABLE else None


def find_prefix(data: str, start: int) -> Identifier | None:
    """Return the AI that ``data`` has at ``start``; its first two digits say how many it has."""
    length = _LENGTHS.get(data[start : start + 2])
    return find(data[start : start + length]) if length is not None else None


def every() -> Iterator[Identifier]:
    """Return all AIs."""
    return map(_read, _TABLE)


@functools.cache
def _read(ai: str) -> Identifier:
    marks, *words = _TABLE[ai].split()
    parts = tuple(_read_part(match) for match in map(_PART.fullmatch, words) if match)
    conditions = [word.partition("=")[::2] for word in words if not _PART.fullmatch(word)]
    needs = tuple(_read_needs(value) for name, value in conditions if name == "req")
    excludes = tuple(other for name, value in conditions if name == "ex" for other in value.split(","))
    own = tuple(f"{ai[:3]}n" if other == _OWN else other for other in excludes)
    paths = [value for name, value in conditions if name == _KEY]
    led = tuple(tuple(filter(None, path.split(","))) for path in paths[0].split("|")) if paths else None
    return Identifier(ai, "*" in marks, "?" in marks, parts, needs, own, led)


def _read_part(match: re.Match[str]) -> Part:
    optional, charset, up_to, length, checks = match.groups()
    longest = int(length)
    return Part(charset, 1 if up_to else longest, longest, bool(optional), tuple(filter(None, checks.split(","))))


def _read_needs(value: str) -> tuple[tuple[str, ...], ...]:
    return tuple(tuple(group.split("+")) for group in value.split(","))


def _expand(names: str) -> Iterator[str]:
    for name in names.split(","):
        first, _, last = name.partition("-")
        for number in range(int(first), int(last or first) + 1):
            yield str(number).zfill(len(first))


_TABLE: Final[Mapping[str, str]] = {
    ai: rest for names, _, rest in (row.partition(" ") for row in _ROWS.split("\n") if row) for ai in _expand(names)
}
_LENGTHS: Final[Mapping[str, int]] = {ai[:2]: len(ai) for ai in _TABLE}
