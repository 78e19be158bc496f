"""Shipped simulated twins, one for every driver."""
