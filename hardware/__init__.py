"""Devices of a kiosk: what they promise (ports), what they say (formats), their drivers and their simulated twins."""
