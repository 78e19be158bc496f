"""Set-up of a kiosk and of a developer's machine."""
