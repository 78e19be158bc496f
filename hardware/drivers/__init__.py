"""Drivers of real devices. Chosen by ``kiosk.bootstrap`` and the self-test only."""
