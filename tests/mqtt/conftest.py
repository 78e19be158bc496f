"""Links and certificates for tests of the link."""

import os
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from broker import Broker
from mosquitto_certificates import Authority, broker_files
from mosquitto_record import QUICK, Record

from mqtt_bridge.broker_config import Keeping, acl_text, open_config, tls_config
from mqtt_bridge.link import BrokerUrl, Connected, Delivered, Received, TlsFiles
from mqtt_bridge.paho_link import PahoLink

# Started as root, Mosquitto becomes its own user, who may not read a test's folder.
KEEPING = Keeping(user="root") if os.geteuid() == 0 else Keeping()


@pytest.fixture
def keeping_user() -> str | None:
    return KEEPING.user


@pytest.fixture
def make_open_broker(make_mosquitto: Callable[..., Broker]) -> Callable[[], Broker]:
    """A function that starts one more broker with the configuration of the demonstration."""
    return lambda: make_mosquitto(lambda port, _folder: open_config(port, keeping=KEEPING))


@pytest.fixture
def open_broker(make_open_broker: Callable[[], Broker]) -> Broker:
    return make_open_broker()


@pytest.fixture(scope="session")
def authority(tmp_path_factory: pytest.TempPathFactory) -> Authority:
    return Authority.found(tmp_path_factory.mktemp("authority"))


@pytest.fixture(scope="session")
def server_files(authority: Authority) -> TlsFiles:
    return authority.issue("broker")


@pytest.fixture
def make_tls_broker(make_mosquitto: Callable[..., Broker]) -> Callable[..., Broker]:
    """A function that starts a broker with the given server certificate and the access list of the field."""

    def make(files: TlsFiles, revoked: Path | None = None) -> Broker:
        def configure(port: int, folder: Path) -> str:
            acl = folder / "acl"
            acl.write_text(acl_text(), "utf-8")
            acl.chmod(0o600)
            certificates = broker_files(files, revoked)
            return tls_config(port, host="127.0.0.1", certificates=certificates, acl=acl, keeping=KEEPING)

        broker: Broker = make_mosquitto(configure)
        return broker

    return make


@pytest.fixture
def tls_broker(make_tls_broker: Callable[..., Broker], server_files: TlsFiles) -> Broker:
    return make_tls_broker(server_files)


@pytest.fixture
def make_link() -> Iterator[Callable[..., tuple[PahoLink, Record]]]:
    """A function that starts a link and returns it with the record of its events."""
    started: list[PahoLink] = []

    def make(*brokers: BrokerUrl, client_id="k1", listens_to=(), record=None, **options):
        record = record or Record()
        link = PahoLink(
            brokers, client_id=client_id, subscriptions=listens_to, on_event=record, backoff=QUICK, **options
        )
        started.append(link)
        link.start()
        return link, record

    yield make
    for link in started:
        link.stop()


@pytest.fixture
def make_listener(make_link: Callable[..., tuple[PahoLink, Record]]) -> Callable[..., tuple[PahoLink, Record]]:
    """A function that starts a link and returns once its subscription to one topic stands: it heard itself."""

    def make(broker: BrokerUrl, *, client_id: str, listens_to: str, **options):
        link, record = make_link(broker, client_id=client_id, listens_to=(listens_to,), **options)
        record.expect(Connected)
        link.publish(listens_to.replace("#", "self"), b"can I hear myself")
        record.expect(Received, lambda it: it.payload == b"can I hear myself")
        record.expect(Delivered)
        return link, record

    return make
