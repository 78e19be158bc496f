"""The dialogues of a till, by what they are about; :mod:`kiosk.core.actions` lists them all."""
