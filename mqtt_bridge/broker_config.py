"""The text of a Mosquitto configuration, for hub, setup, tests and demo. No secrets inside: keys are named by path.

A machine's certificate says who it is. Its common name is the kiosk's address, ``region/site/kiosk``, or a hub's name,
and becomes user name and client id. So ``%u`` in the access list is the middle of a kiosk's topics, and two machines
with certificates of their own can never push each other out. A common name holds at most 64 characters (X.520), an
address up to 98: :func:`common_name` refuses the longer ones, when the certificate is asked for.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Final

from msgspec import Struct

from contract.errors import Malformed
from contract.values import Address, parse_name
from mqtt_bridge import topics

LOOPBACK: Final = "127.0.0.1"
MAX_COMMON_NAME: Final = 64  # RFC 5280, ub-common-name; OpenSSL refuses more
MAX_PACKET_BYTES: Final = 1024 * 1024  # twice the largest fact; 2.1 would default to 2,000,000, 2.0 to 256 MiB
MAX_INFLIGHT: Final = 20  # what our clients use
MAX_QUEUED_MESSAGES: Final = 1000  # for a client that is away: 8 batches of each of 120 kiosks; the rest is sent again
MAX_QUEUED_BYTES: Final = 160 * 1024 * 1024  # the same: 120 kiosks that come back together send 120 MiB ahead
SESSION_DAYS: Final = 1  # a machine that never comes back leaves nothing for longer
PLUGIN_SINCE: Final = (2, 1)  # from this version acl_file is deprecated for a plugin; 3.0 removes it
ACL_PLUGIN: Final = Path("/usr/lib/mosquitto_acl_file.so")


class Certificates(Struct, frozen=True):
    """Where a broker finds what it needs for TLS. ``revoked`` is a revocation list, which must exist if named."""

    ca: Path
    cert: Path
    key: Path
    revoked: Path | None = None


class Keeping(Struct, frozen=True):
    """Who the broker runs as, and where it keeps what is retained. Neither is needed for a throw-away broker.

    Mosquitto, started as root, becomes ``user`` before it reads its files; its default is ``mosquitto``.
    """

    folder: Path | None = None
    user: str | None = None


def common_name(address: Address) -> str:
    """Return the common name of a kiosk's certificate.

    Raises: Malformed if no certificate can hold it.
    """
    name = str(address)
    if len(name) > MAX_COMMON_NAME:
        raise Malformed(f"{name!r} has {len(name)} characters; a certificate holds {MAX_COMMON_NAME}", "address")
    return name


def open_config(port: int, *, host: str = LOOPBACK, keeping: Keeping | None = None) -> str:
    """Return a configuration that lets everybody in, for a demonstration or a test on this machine."""
    return _text([*_general(keeping), f"listener {_port(port)} {_line(host)}", "allow_anonymous true"])


def tls_config(
    port: int,
    *,
    certificates: Certificates,
    acl: Path,
    host: str | None = None,
    keeping: Keeping | None = None,
    version: tuple[int, int] = (2, 0),
    acl_plugin: Path = ACL_PLUGIN,
) -> str:
    """Return a configuration that lets in who has a certificate of ours; ``acl`` holds the text of :func:`acl_text`.

    ``host`` is the address to listen on, every one if None. ``version`` is the broker's; from 2.1 on the access list is
    read by the plugin at ``acl_plugin``. Everything revoked needs a SIGHUP to be read, and ends no live connection.
    """
    files = certificates
    revoked = [f"crlfile {_line(files.revoked)}"] if files.revoked else []
    return _text(
        [
            *_general(keeping),
            *_access_list(_line(acl), version, acl_plugin),
            f"listener {_port(port)}{f' {_line(host)}' if host else ''}",
            "allow_anonymous false",
            f"cafile {_line(files.ca)}",
            f"certfile {_line(files.cert)}",
            f"keyfile {_line(files.key)}",
            *revoked,
            "tls_version tlsv1.2",  # the oldest that is spoken
            "require_certificate true",
            "use_identity_as_username true",
            "use_username_as_clientid true",
        ]
    )


def acl_text(hubs: Sequence[str] = ("hub",)) -> str:
    """Return the access list: a kiosk below its own prefix, the hubs everywhere, others nowhere.

    Hubs that run beside each other need a certificate, so a name, each.

    Raises: Malformed for a name that is none.
    """
    own = f"{topics.ROOT}/%u"
    lines = [f"pattern write {own}/{leaf}" for leaf in ("up/#", topics.ACK_DOWN, topics.STATUS)]
    lines += [f"pattern read {own}/{leaf}" for leaf in (topics.DOWN_FACTS, topics.ACK_UP)]
    for hub in hubs:
        lines += [f"user {parse_name(hub, 'hub')}", f"topic readwrite {topics.ROOT}/#"]
    return _text(lines)


def site_acl_text(region: str, site: str) -> str:
    """Return the access list of a site's own broker: a till speaks under its own name only, and hears its neighbours.

    Whoever has a certificate of ours may read what the tills of this site say, and write nothing in their names.
    Mosquitto warns that a pattern names no user: it is meant to let every till read.

    Raises: Malformed for a name that is none.
    """
    where = f"{topics.ROOT}/{parse_name(region, 'region')}/{parse_name(site, 'site')}"
    return _text([f"pattern write {topics.ROOT}/%u/{topics.LAN}/#", f"pattern read {where}/+/{topics.LAN}/#"])


def _general(keeping: Keeping | None) -> list[str]:
    keeping = keeping or Keeping()
    kept = ["persistence false"]
    if keeping.folder:  # Mosquitto joins folder and file name as they are
        kept = ["persistence true", f"persistence_location {_line(keeping.folder)}/", "autosave_interval 60"]
    return [
        *([f"user {_line(keeping.user)}"] if keeping.user else []),
        *kept,
        f"persistent_client_expiration {SESSION_DAYS}d",
        f"max_packet_size {MAX_PACKET_BYTES}",
        f"max_inflight_messages {MAX_INFLIGHT}",
        f"max_queued_messages {MAX_QUEUED_MESSAGES}",
        f"max_queued_bytes {MAX_QUEUED_BYTES}",
        "set_tcp_nodelay true",
        "log_dest stderr",
        *(f"log_type {kind}" for kind in ("error", "warning", "notice")),
    ]


def _access_list(acl: str, version: tuple[int, int], plugin: Path) -> list[str]:
    if version < PLUGIN_SINCE:
        return [f"acl_file {acl}"]
    return [f"plugin {_line(plugin)}", f"plugin_opt_acl_file {acl}"]


def _port(port: int) -> int:
    if not 1 <= port <= 65535:  # noqa: PLR2004  # what TCP has
        raise Malformed(f"{port} is not a port from 1 to 65535", "port")
    return port


def _line(value: Path | str) -> str:
    """Return a value that cannot begin a line of its own."""
    text = str(value)
    if not text or not text.isprintable():
        raise Malformed(f"{text!r} cannot stand in a broker's configuration", "value")
    return text


def _text(lines: Sequence[str]) -> str:
    return "\n".join([*lines, ""])
