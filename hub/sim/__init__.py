"""Simulators: what a policy would do over a day that never happened."""
