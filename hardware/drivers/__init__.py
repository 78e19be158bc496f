"""Drivers of real parts."""
