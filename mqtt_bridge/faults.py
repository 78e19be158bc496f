"""Every way a connection fails, as one sentence that says what happened and what to do about it."""

import socket
import ssl
from typing import Final

from mqtt_bridge.link import BrokerUrl, Disconnected, Trouble

# Of OpenSSL's verification results, those that a wrong clock on this machine would cause.
_NOT_YET_VALID: Final = 9
_EXPIRED: Final = 10

# What the other side's TLS alerts mean for a person; parts of OpenSSL's reason names, of every TLS version.
_ALERTS: Final = {
    "CERTIFICATE_REQUIRED": "it wants a certificate and got none: give this machine its certificate",
    "HANDSHAKE_FAILURE": "it found nothing that both sides accept: give this machine its certificate",
    "CERTIFICATE_EXPIRED": "ours has expired by its clock: renew this machine's certificate",
    "CERTIFICATE_REVOKED": "ours was revoked: enrol this machine again",
    "UNKNOWN_CA": "ours is from an authority it does not know: enrol this machine with this broker's region",
    "BAD_CERTIFICATE": "ours is damaged, not yet valid or unsuitable: enrol this machine again",
}

_TAKEN_OVER: Final = 0x8E

# Reasons in a CONNACK or DISCONNECT whose name alone does not tell what to do.
_ADVICE: Final = {
    0x86: "check this machine's certificate",
    0x87: "the broker's access list does not know this machine: enrol it",
    0x8A: "this machine was banned there: ask the hub's operator",
    _TAKEN_OVER: "another client uses this client id: no two machines may share a certificate",
    0x98: "the broker's operator ended the connection",
}


def refused(broker: BrokerUrl, code: int, name: str) -> Disconnected:
    """Return what a broker's refusal to let us in means."""
    return Disconnected(f"{broker} refused the connection: {_with_advice(code, name)}", "refused")


def dismissed(broker: BrokerUrl, code: int, name: str) -> Disconnected:
    """Return what a broker's goodbye means."""
    kind: Trouble = "taken" if code == _TAKEN_OVER else "lost"
    return Disconnected(f"{broker} ended the connection: {_with_advice(code, name)}", kind)


def silent(broker: BrokerUrl, after_s: float) -> Disconnected:
    """Return that nobody answered in time."""
    reason = f"{broker} did not answer within {after_s:g} s: check the network, then that the broker runs"
    return Disconnected(reason, "unreachable")


def garbled(broker: BrokerUrl, what: str) -> Disconnected:
    """Return that the other side speaks no MQTT 5; ``what`` its bytes were to the library that read them."""
    what = what.encode("unicode_escape").decode()[:200]  # it may quote the bytes; one line must stay one line
    return Disconnected(f"{broker} sent what is not MQTT 5 ({what}): check host and port", "refused")


def closed(broker: BrokerUrl, error: OSError | None, *, greeted: bool, known: bool = False) -> Disconnected:
    """Return what the end of a connection means.

    ``greeted``: the broker had let us in on this connection; ``known``: on an earlier one, so its address is right.
    """
    if isinstance(error, ssl.SSLError) and ("ALERT" in _name(error) or not greeted):
        return unconnected(broker, error)  # TLS 1.3 brings a refusal of our certificate after the handshake
    how = f": {error}" if error and str(error) else ""
    if greeted:
        return Disconnected(
            f"the connection to {broker} was lost{how}; it is tried again", "lost", unexplained=error is None
        )
    if known:
        reason = f"{broker} hung up without an answer{how}, though it let us in before: check the network between"
        return Disconnected(reason, "unreachable")
    hint = "if it never worked, check that it is an MQTT port" + (
        "" if broker.tls else " without TLS (mqtts:// is with)"
    )
    return Disconnected(f"{broker} hung up without an answer{how}: {hint}", "refused")


def unconnected(broker: BrokerUrl, error: OSError) -> Disconnected:
    """Return why no connection came about."""
    match error:
        case ssl.SSLCertVerificationError():
            return _distrusted(broker, error)
        case ssl.SSLError():
            return _tls_failed(broker, _name(error))
        case TimeoutError():
            return Disconnected(f"{broker} did not answer in time: check the network", "unreachable")
        case socket.gaierror():
            reason = f"no address for {broker.host} ({error.strerror}): check the name and the network's DNS"
        case ConnectionResetError() if broker.tls:
            return _tls_failed(broker, "")
        case ConnectionRefusedError():
            reason = f"nothing listens at {broker}: check the port, and that the broker runs"
        case _:
            reason = f"no connection to {broker} ({error.strerror or error}): check the network"
    return Disconnected(reason, "unreachable")


def unnamed(broker: BrokerUrl, error: UnicodeError) -> Disconnected:
    """Return that the host's name is none that can be looked up."""
    return Disconnected(
        f"{broker.host} is not a name that can be looked up ({error}): check the address", "unreachable"
    )


def unreadable(what: str, cause: BaseException | None) -> Disconnected:
    """Return that a certificate file of ours cannot be used."""
    why = (cause.strerror if isinstance(cause, OSError) else None) or (str(cause) if cause else "")
    reason = f"cannot use {what}{f' ({why})' if why else ''}: enrol this machine, or name the right files"
    return Disconnected(reason, "certificate")


def _name(error: ssl.SSLError) -> str:
    return getattr(error, "reason", None) or ""  # absent when Python made the error, not OpenSSL


def _with_advice(code: int, name: str) -> str:
    advice = _ADVICE.get(code)
    return f"{name} ({advice})" if advice else name


def _distrusted(broker: BrokerUrl, error: ssl.SSLCertVerificationError) -> Disconnected:
    if error.verify_code in {_NOT_YET_VALID, _EXPIRED}:
        reason = (
            f"the certificate of {broker} does not fit this machine's clock ({error.verify_message}): "
            "set the date; if it is right, the broker's certificate must be renewed"
        )
        return Disconnected(reason, "clock")
    reason = f"the certificate of {broker} was not accepted ({error.verify_message}): check the address and our ca file"
    return Disconnected(reason, "certificate")


def _tls_failed(broker: BrokerUrl, name: str) -> Disconnected:
    """Say what OpenSSL's name for a failure means; empty where the other side just hung up."""
    kind: Trouble = "certificate"
    for part, meaning in _ALERTS.items():
        if part in name and "ALERT" in name:
            return Disconnected(f"{broker} refused the certificate: {meaning}", kind)
    if "ALERT" in name:
        return Disconnected(f"{broker} refused the TLS connection ({name}): check this machine's certificate", kind)
    what = f" ({name})" if name else ""
    return Disconnected(f"{broker} does not speak TLS as we do{what}: check that this port is for TLS", "refused")
