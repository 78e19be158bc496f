"""What every rule of a till raises when it says no."""


class Refused(Exception):
    """That does not do, or cannot be done now; nothing changed. The message says why and what to do."""
