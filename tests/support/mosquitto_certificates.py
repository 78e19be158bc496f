"""A certificate authority for tests, made with the openssl command: its dates are whatever a test wants."""

import subprocess
from dataclasses import dataclass
from pathlib import Path

from mqtt_bridge.broker_config import Certificates
from mqtt_bridge.link import TlsFiles

LONG_AGO = "20000101000000Z"
FAR_AHEAD = "20980101000000Z"
HERE = "IP:127.0.0.1,DNS:localhost"
THE_END = "20990101000000Z"

_CONFIG = """
[ca]
default_ca = here
[here]
database = index.txt
serial = serial
new_certs_dir = .
default_md = sha256
policy = any
unique_subject = no
copy_extensions = copy
default_crl_days = 3650
[any]
commonName = supplied
[req]
distinguished_name = name
[name]
"""


def _openssl(folder: Path, *args: str) -> None:
    done = subprocess.run(["openssl", *args], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"openssl {args[0]}: {done.stderr}"


@dataclass(frozen=True)
class Authority:
    """One certificate authority in a folder of its own."""

    folder: Path

    @classmethod
    def found(cls, folder: Path) -> "Authority":
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "ca.conf").write_text(_CONFIG, "utf-8")
        (folder / "index.txt").touch()
        (folder / "serial").write_text("01\n", "ascii")
        key = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", "ca.key", "-out", "ca.pem"]
        _openssl(folder, "req", "-x509", *key, "-days", "3650", "-subj", "/CN=authority of a test")
        return cls(folder)

    @property
    def ca(self) -> Path:
        return self.folder / "ca.pem"

    def issue(
        self, common_name: str, *, begins: str = LONG_AGO, ends: str = THE_END, name: str = "", host: str = HERE
    ) -> TlsFiles:
        """Return a key and a certificate for ``host``, valid between two instants such as 20000101000000Z."""
        name = name or common_name.replace("/", "_")
        key, request, cert = (str(self.folder / f"{name}.{kind}") for kind in ("key", "csr", "pem"))
        subject = "/CN=" + common_name.replace("/", r"\/")
        curve = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-keyout", key, "-out", request]
        names = ["-addext", f"subjectAltName={host}"]
        _openssl(self.folder, "req", "-config", "ca.conf", "-new", *curve, "-subj", subject, *names)
        dates = ["-startdate", begins, "-enddate", ends]
        self._sign("-batch", "-notext", *dates, "-in", request, "-out", cert)
        return TlsFiles(self.ca, Path(cert), Path(key))

    def revoke(self, files: TlsFiles) -> None:
        self._sign("-revoke", str(files.cert))

    def revoked(self) -> Path:
        """Return the list of what is revoked, made anew."""
        path = self.folder / "revoked.pem"
        self._sign("-gencrl", "-out", str(path))
        return path

    def _sign(self, *args: str) -> None:
        _openssl(self.folder, "ca", "-config", "ca.conf", "-cert", "ca.pem", "-keyfile", "ca.key", *args)


def broker_files(files: TlsFiles, revoked: Path | None = None) -> Certificates:
    """Return a broker's view of a key and certificate."""
    return Certificates(files.ca, files.cert, files.key, revoked)
