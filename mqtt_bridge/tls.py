"""TLS as the link wants it: one authority, our own certificate, the host's name checked."""

import ssl

from mqtt_bridge.link import TlsFiles


class UnusableFile(Exception):  # says what it is
    """A certificate file of ours cannot be used: the text names it, the cause says why."""


def client_context(files: TlsFiles | None) -> ssl.SSLContext:
    """Return a context that trusts our authority only and shows our certificate. Reads the files anew.

    Raises: UnusableFile.
    """
    if files is None:
        raise UnusableFile("mqtts:// without certificate files")
    try:
        for path in (files.ca, files.cert, files.key):
            path.open("rb").close()  # ssl's own error does not say which file
    except OSError as error:
        raise UnusableFile(str(error.filename)) from error
    try:
        context = ssl.create_default_context(cafile=str(files.ca))
    except ssl.SSLError as error:
        raise UnusableFile(str(files.ca)) from error
    context.sslsocket_class = _TidySocket
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    try:
        context.load_cert_chain(files.cert, files.key, password=_no_password)
    except (ssl.SSLError, ValueError) as error:
        raise UnusableFile(f"{files.cert} with {files.key}") from error
    return context


class _TidySocket(ssl.SSLSocket):
    """Closes itself when the handshake fails: paho drops such a socket open."""

    def do_handshake(self, block: bool = False) -> None:  # noqa: FBT001, FBT002  # its base's signature
        try:
            super().do_handshake(block)
        except OSError:
            self.close()
            raise


def _no_password() -> bytes:
    """Refuse: without this OpenSSL asks for an encrypted key's password at the terminal, which is the till's screen."""
    raise ValueError("the key is encrypted; it must be readable without a password")
