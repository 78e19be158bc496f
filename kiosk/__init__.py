"""The Pi app: till, journal, backroom and bridge of one kiosk."""
