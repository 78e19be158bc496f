"""What a shopper reads when a promise is answered: plain sentences with named fields, in their language.

Rules
-----
1.  A message is the template of its answer, and after it that of its remedy, if there is one.
2.  A template names its fields in braces: ``{code}``. One that its answer does not have is refused, and so is a
    template that leaves out what the shopper cannot do without.
3.  Plain text in one line: no markup, no control characters, neither in a template nor in what is filled in.
4.  A template whose message could be longer than a message may be is refused when it is written, not when it is sent.
5.  One message, one language: where the shopper's lacks a template that the message needs, all of it is in English,
    its figures and dates too.
6.  Moments are written with their weekday as the language does, English ones day first: no country reads 3 Apr as
    another day. What a till prints itself is written alike (:data:`DAY`).
"""

import re
from collections.abc import Mapping
from typing import Final, NamedTuple

from contract.down_rights import Remedy
from contract.errors import Malformed
from contract.rights import Answer

FALLBACK: Final = "en"
DAY: Final = "yMMMEd"  # CLDR's name of a date with its weekday: "Sa., 14. März 2026"
ENGLISH_DAY: Final = "EEE d MMM yyyy"  # CLDR's own would be the American one
HOUR: Final = "HH:mm"
MAX_MESSAGE: Final = 800  # and its remedy's sentence, and a space: together what a fact holds
MAX_REMEDY: Final = 199
FIELDS: Final[Mapping[str, int]] = {  # by field, the most characters of it that are shown
    "goods": 300,  # a dozen lines; the slip and the screen list them all
    "wanted": 200,
    "site": 32,
    "code": 32,
    "ready": 40,
    "until": 40,
    "amount": 40,
}
_FIELD: Final = re.compile(r"\{([a-z]{1,16})\}")
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}")
_UNFIT: Final = re.compile(r"[<>\x00-\x1f\x7f\x85\u2028\u2029\ud800-\udfff]")


class Rule(NamedTuple):
    """What a template may name, and what it must."""

    may: frozenset[str]
    must: frozenset[str]
    longest: int = MAX_MESSAGE


def _rule(*may: str, must: tuple[str, ...] = (), longest: int = MAX_MESSAGE) -> Rule:
    return Rule(frozenset((*may, *must)), frozenset(must), longest)


RULES: Final[Mapping[str, Rule]] = {
    Answer.CONFIRMED.value: _rule("goods", "site", "until", must=("code",)),
    Answer.ELSEWHERE.value: _rule("goods", "until", must=("site", "code")),
    Answer.LATER.value: _rule("goods", "site", "until", must=("ready", "code")),
    Answer.SUBSTITUTE.value: _rule("wanted", "site", "until", must=("goods", "code")),
    Answer.SORRY.value: _rule("wanted"),
    Remedy.REFUND.value: _rule(must=("amount",), longest=MAX_REMEDY),
    Remedy.VOUCHER.value: _rule(must=("amount",), longest=MAX_REMEDY),
}
BUILT_IN: Final[Mapping[str, Mapping[str, str]]] = {
    "en": {
        "confirmed": "We have set aside for you at {site}: {goods}. Please collect by {until} with the code {code}.",
        "elsewhere": "We have set aside for you at another shop of ours, {site}: {goods}. "
        "Please collect by {until} with the code {code}.",
        "later": "It is on its way: {goods}. You can collect it at {site} from {ready} on, until {until}, "
        "with the code {code}.",
        "substitute": "We have no more of what you wanted ({wanted}). Instead we have set aside for you at {site}: "
        "{goods}. Please collect by {until} with the code {code}.",
        "sorry": "We are sorry: we cannot get what you wanted ({wanted}).",
        "refund": "You get {amount} back.",
        "voucher": "You get a voucher of {amount}.",
    },
    "de": {
        "confirmed": "Wir haben für Sie bei {site} zurückgelegt: {goods}. "
        "Bitte bis {until} mit dem Code {code} abholen.",
        "elsewhere": "Wir haben für Sie in einem anderen Laden, {site}, zurückgelegt: {goods}. "
        "Bitte bis {until} mit dem Code {code} abholen.",
        "later": "Unterwegs für Sie: {goods}. Abholbereit bei {site} ab {ready}, bis {until}, mit dem Code {code}.",
        "substitute": "Was Sie wollten ({wanted}), haben wir nicht mehr. Stattdessen haben wir für Sie bei {site} "
        "zurückgelegt: {goods}. Bitte bis {until} mit dem Code {code} abholen.",
        "sorry": "Es tut uns leid: Was Sie wollten ({wanted}), können wir nicht beschaffen.",
        "refund": "Sie bekommen {amount} zurück.",
        "voucher": "Sie bekommen einen Gutschein über {amount}.",
    },
    "fr": {
        "confirmed": "Nous avons mis de côté pour vous à {site} : {goods}. "
        "À retirer avant le {until} avec le code {code}.",
        "elsewhere": "Nous avons mis de côté pour vous dans un autre magasin, {site} : {goods}. "
        "À retirer avant le {until} avec le code {code}.",
        "later": "En route pour vous : {goods}. À retirer à {site} à partir du {ready}, jusqu'au {until}, "
        "avec le code {code}.",
        "substitute": "Nous n'avons plus ce que vous vouliez ({wanted}). À la place, nous avons mis de côté pour vous "
        "à {site} : {goods}. À retirer avant le {until} avec le code {code}.",
        "sorry": "Nous sommes désolés : nous ne pouvons pas obtenir ce que vous vouliez ({wanted}).",
        "refund": "Nous vous remboursons {amount}.",
        "voucher": "Nous vous offrons un bon de {amount}.",
    },
    "es": {
        "confirmed": "Hemos apartado para usted en {site}: {goods}. Recójalo antes del {until} con el código {code}.",
        "elsewhere": "Hemos apartado para usted en otra tienda nuestra, {site}: {goods}. "
        "Recójalo antes del {until} con el código {code}.",
        "later": "En camino para usted: {goods}. Puede recogerlo en {site} a partir del {ready}, hasta el {until}, "
        "con el código {code}.",
        "substitute": "Ya no tenemos lo que quería ({wanted}). En su lugar hemos apartado para usted en {site}: "
        "{goods}. Recójalo antes del {until} con el código {code}.",
        "sorry": "Lo sentimos: no podemos conseguir lo que quería ({wanted}).",
        "refund": "Le devolvemos {amount}.",
        "voucher": "Le damos un vale de {amount}.",
    },
}


def check_template(name: str, text: str) -> None:
    """Refuse a template that could make no good message of this name.

    Raises: Malformed, naming ``name`` or ``text``.
    """
    rule = RULES.get(name)
    if rule is None:
        raise Malformed(f"no message is called {name[:32]!r}; there are {', '.join(RULES)}", "name")
    if unfit := _UNFIT.search(text):
        raise Malformed(f"{unfit[0]!r}: a message is plain text in one line", "text")
    named = _FIELD.findall(text)
    if unknown := sorted(set(named) - rule.may):
        raise Malformed(f"{name} has no field {unknown[0]!r}; it has {', '.join(sorted(rule.may))}", "text")
    if missing := sorted(rule.must - set(named)):
        raise Malformed(f"{name} needs {{{missing[0]}}}", "text")
    if re.search(r"[{}]", rest := _FIELD.sub("", text)):
        raise Malformed("a brace that belongs to no field", "text")
    if not text.strip() or len(rest) + sum(FIELDS[one] for one in named) > rule.longest:
        raise Malformed(f"empty, or a message longer than {rule.longest} characters could come of it", "text")


def check_language(language: str) -> None:
    """Refuse what is no code of a language, such as en; raises Malformed."""
    if not _LANGUAGE.fullmatch(language):
        raise Malformed(f"{language[:16]!r} is not a code of two or three small letters, such as en", "language")


def template(language: str, name: str, own: Mapping[tuple[str, str], str]) -> tuple[str, str]:
    """Return the template of ``name`` and the language that it is in; ``own``: the operator's, by language and name."""
    for one in (language, FALLBACK):
        text = own.get((one, name)) or BUILT_IN.get(one, {}).get(name)
        if text is not None:
            return one, text
    raise Malformed(f"no message is called {name[:32]!r}", "name")


def language_of(answer: Answer, remedy: Remedy, language: str, own: Mapping[tuple[str, str], str]) -> str:
    """Return the language that the whole message can be in, which its fields are to be written in as well: rule 5."""
    spoken = all(template(language, name, own)[0] == language for name in _names(answer, remedy))
    return language if spoken else FALLBACK


def render(text: str, fields: Mapping[str, str]) -> str:
    """Return a template that was checked with its fields filled in; what is longer than its room is cut.

    Raises: Malformed if it names a field that is not given.
    """

    def fill(match: re.Match[str]) -> str:
        name = match[1]
        if name not in fields:
            raise Malformed(f"nothing is given for {{{name}}}", "fields")
        value = " ".join(_UNFIT.sub(" ", fields[name]).split())
        return value if len(value) <= FIELDS[name] else value[: FIELDS[name] - 1] + "…"

    return _FIELD.sub(fill, text)


def message(
    answer: Answer, remedy: Remedy, language: str, fields: Mapping[str, str], own: Mapping[tuple[str, str], str]
) -> str:
    """Return the whole message (rule 1), in ``language`` or all of it in English (rule 5).

    Raises: Malformed if a field is not given.
    """
    spoken = language_of(answer, remedy, language, own)
    return " ".join(render(template(spoken, name, own)[1], fields) for name in _names(answer, remedy))


def _names(answer: Answer, remedy: Remedy) -> list[str]:
    return [answer.value, *([remedy.value] if remedy is not Remedy.NONE else [])]
