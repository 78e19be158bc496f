"""What a killed broker leaves behind."""

import socket


def test_a_killed_broker_comes_back_on_its_port(mosquitto):
    port = mosquitto.port
    mosquitto.kill()
    assert not mosquitto.running
    mosquitto.start()
    socket.create_connection((mosquitto.host, port)).close()
