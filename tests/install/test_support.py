"""The house's own fixtures keep their word."""

import socket
import threading

import psycopg
import pytest
from waiting import wait_until


def test_a_stopped_broker_refuses_and_comes_back_on_its_port(mosquitto):
    port = mosquitto.port
    mosquitto.stop()
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection((mosquitto.host, port))
    mosquitto.start()
    assert mosquitto.port == port
    socket.create_connection((mosquitto.host, port)).close()


def test_a_broker_takes_the_configuration_it_is_given(make_mosquitto):
    broker = make_mosquitto(
        lambda port, folder: f"user root\nlistener {port} 127.0.0.1\nlog_dest file {folder}/own.log\n"
    )
    assert (broker.folder / "own.log").exists()


def test_two_brokers_do_not_meet(make_mosquitto):
    assert make_mosquitto().port != make_mosquitto().port


@pytest.mark.parametrize("turn", [1, 2])
def test_each_test_finds_an_empty_database(postgres_url, turn):
    with psycopg.connect(postgres_url.replace("+psycopg", "")) as connection:
        connection.execute("CREATE TABLE only_mine (turn integer)")
        assert connection.execute("SELECT count(*) FROM only_mine").fetchone() == (0,)


def test_a_spare_port_can_be_bound(spare_port):
    with socket.socket() as server:
        server.bind(("127.0.0.1", spare_port))


def test_waiting_returns_what_came_true():
    event = threading.Event()
    threading.Timer(0.05, event.set).start()
    assert wait_until(event.is_set, what="the event") is True


def test_waiting_gives_up_and_says_for_what():
    with pytest.raises(TimeoutError, match="waited 0 s for the moon"):
        wait_until(lambda: False, what="the moon", deadline_s=0)
