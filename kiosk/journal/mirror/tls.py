"""Certificates between tills: both sides show theirs, from the same authority as on the link, and both look.

A till is known by its certificate's common name, ``region/site/kiosk``; its address on the site's network changes, so
host names are not compared.
"""

import select
import socket
import ssl
import time
from typing import Final

from contract.errors import Malformed
from contract.values import Address, parse_address
from mqtt_bridge.link import TlsFiles
from mqtt_bridge.tls import client_context

_NAME: Final = "commonName"


def client(files: TlsFiles) -> ssl.SSLContext:
    """Return what a till connects with. Reads the files anew.

    Raises: mqtt_bridge.tls.UnusableFile.
    """
    context = client_context(files)
    context.check_hostname = False
    return context


def server(files: TlsFiles) -> ssl.SSLContext:
    """Return what a keeper listens with: nobody without a certificate of our authority gets a word.

    Raises: mqtt_bridge.tls.UnusableFile.
    """
    client_context(files)  # says which file is not right
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.verify_mode = ssl.CERT_REQUIRED
    context.load_verify_locations(files.ca)
    context.load_cert_chain(files.cert, files.key, password="")  # an encrypted key fails instead of asking
    return context


def address_of(sock: ssl.SSLSocket) -> Address:
    """Return whom the other side's certificate names.

    Raises: Malformed.
    """
    certificate = sock.getpeercert() or {}
    subject = certificate.get("subject", ())
    names = [str(pair[1]) for part in subject if isinstance(part, tuple) for pair in part if pair[0] == _NAME]
    if len(names) != 1:
        raise Malformed("a certificate without one common name", "certificate")
    return parse_address(names[0])


def greet(sock: socket.socket, context: ssl.SSLContext, within_s: float) -> ssl.SSLSocket:
    """Return the secured connection of somebody who called; the whole handshake must be done ``within_s``.

    Raises: OSError (ssl's errors and TimeoutError are such).
    """
    until_s = time.monotonic() + within_s
    secured = context.wrap_socket(sock, server_side=True, do_handshake_on_connect=False)
    secured.settimeout(0.0)
    try:
        while True:
            try:
                secured.do_handshake()
            except ssl.SSLWantReadError:
                _await(secured, until_s, reads=True)
            except ssl.SSLWantWriteError:
                _await(secured, until_s, reads=False)
            else:
                return secured
    except OSError:
        secured.close()
        raise


def _await(sock: ssl.SSLSocket, until_s: float, *, reads: bool) -> None:
    poll = select.poll()
    poll.register(sock, select.POLLIN if reads else select.POLLOUT)
    left_s = until_s - time.monotonic()
    if left_s <= 0 or not poll.poll(left_s * 1000):
        raise TimeoutError("no handshake in time")
