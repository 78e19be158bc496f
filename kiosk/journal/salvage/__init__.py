"""The facts of an old card, brought into this kiosk and so to the hub; the card is only read."""
